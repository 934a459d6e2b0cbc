//! What the eBPF program has to be told about this kernel before it loads.

use scopetop_tracker_ebpf::{MEMBER_COUNT, Member, Offsets, SETTING_COUNT, Setting};

use super::btf::{BtfError, KernelTypes};
use super::cgroup_hierarchy::CgroupHierarchy;

/// `SOCK_BINDPORT_LOCK`: the port was bound explicitly.
const BIND_PORT_LOCK: u32 = 8;

/// The contents of the program's two globals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Globals {
    /// Where members sit.
    pub(crate) offsets: Offsets,
    /// What was decided.
    pub(crate) settings: [u32; SETTING_COUNT],
}

impl Globals {
    /// Reads the offsets from the kernel's types.
    pub(crate) fn read(types: &KernelTypes<'_>, hierarchy: &CgroupHierarchy) -> Result<Self, BtfError> {
        let mut offsets = [0; MEMBER_COUNT];
        for &member in Member::ALL {
            let (base, path) = member.path();
            offsets[member as usize] = match types.member_offset(base, path) {
                Err(BtfError::MissingMember { .. }) if member.is_optional() => 0,
                offset => offset?,
            };
        }
        let mut globals = Self { offsets, settings: [0; SETTING_COUNT] };
        let controller = hierarchy.v1_controller.as_deref().and_then(|name| {
            // In C the enumerators are made as `name ## _cgrp_id`.
            types.enumerator("cgroup_subsys_id", &format!("{name}_cgrp_id"))
        });
        globals.set(Setting::CgroupV1Controller, controller.map_or(0, |index| index + 1));
        // A fexit program's arguments are the function's, then what it returned.
        globals.set(Setting::AcceptReturnIndex, types.function_parameters("inet_csk_accept").unwrap_or(0));
        let (base, path) = Member::SkUserlocks.path();
        globals.set(Setting::BoundPort, BIND_PORT_LOCK << (types.member_bit(base, path)? % 8));
        Ok(globals)
    }

    /// Sets one setting.
    pub(crate) fn set(&mut self, setting: Setting, value: u32) {
        self.settings[setting as usize] = value;
    }
}
