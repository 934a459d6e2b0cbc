//! What the eBPF program has to be told about this kernel before it loads.

use scopetop_tracker_ebpf::{MEMBER_COUNT, Member, Offsets, SETTING_COUNT, Setting};

use super::btf::{BtfError, KernelTypes};
use super::cgroup_hierarchy::CgroupHierarchy;

/// `SOCK_BINDPORT_LOCK`: the port was bound explicitly.
const BIND_PORT_LOCK: u32 = 8;

/// The member of `struct pt_regs` with the number of the system call.
const CALL_NUMBER: &str = if cfg!(target_arch = "aarch64") { "syscallno" } else { "orig_ax" };

/// The system calls by which one looks at the files that others have open.
const LOOKING_CALLS: [(Setting, libc::c_long); 4] = [
    (Setting::ReadCall, libc::SYS_read),
    #[cfg(target_arch = "x86_64")]
    (Setting::ReadlinkCall, libc::SYS_readlink),
    #[cfg(not(target_arch = "x86_64"))]
    (Setting::ReadlinkCall, libc::SYS_readlinkat),
    (Setting::ReadlinkatCall, libc::SYS_readlinkat),
    (Setting::GetdentsCall, libc::SYS_getdents64),
];

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
        // Without the helper (before Linux 5.15) nobody can tell: then whoever lets go of a file had it.
        if types.function_parameters("bpf_task_pt_regs").is_some() {
            globals.set(Setting::CallNumber, types.member_offset("pt_regs", CALL_NUMBER).unwrap_or(0));
        }
        for (setting, number) in LOOKING_CALLS {
            globals.set(setting, number as u32);
        }
        Ok(globals)
    }

    /// Sets one setting.
    pub(crate) fn set(&mut self, setting: Setting, value: u32) {
        self.settings[setting as usize] = value;
    }
}
