//! Attaches what sees UDP: the lengths of sends and receives, the addresses of sockets that are not connected, and the
//! ends of sockets.

use std::fs::File;
use std::path::Path;

use aya::Btf;
use aya::programs::{CgroupAttachMode, CgroupSock, CgroupSockAddr, ProgramError};

use super::cgroup_hierarchy;
use super::probes::{Programs, attach_typed, chosen, program, refused, with_causes};
use crate::report::{Part, Step};
use crate::text::Text;

/// What cgroup programs need beside the others' capabilities.
const NEEDS_NET_ADMIN: &str = "run it with sudo, or give the file CAP_NET_ADMIN as well";

/// A link to a cgroup leaves room for others' programs, and takes no flags; the mode is for older kernels than those that
/// tell lengths.
const ATTACH_MODE: CgroupAttachMode = CgroupAttachMode::Single;

/// Attaches all that works; whether any datagrams are seen. `lengths_attached`: whether what finds the owners of accepted sockets has the tracepoints of
/// lengths already, which then serve UDP too.
pub(crate) fn attach(
    programs: &mut Programs<'_>,
    btf: &Btf,
    lengths_attached: bool,
    steps: &mut Vec<Step>,
) -> bool {
    if !lengths_attached && let Err(error) = attach_lengths(programs, btf) {
        let why = format!("UDP is seen as far as scans show it: {}", with_causes(&error));
        steps.push(refused(Part::Udp, "sock_length", &why));
        return false;
    }
    steps.push(chosen(Part::Udp, "sock_length"));
    let unseen = "datagrams of sockets that are not connected are not seen";
    let late = "the end of a socket is noticed by the next scans";
    let Some(root) = cgroup_hierarchy::unified_mount() else {
        let reason = format!("cgroup v2 is not mounted, so {unseen}, and {late}");
        let remedy = Text::from("mount cgroup v2 (mount -t cgroup2 none DIRECTORY)");
        steps.push(Step { remedy: Some(remedy), ..refused(Part::Udp, "cgroup addresses", &reason) });
        return true;
    };
    let mut step = |way: &str, consequence: &str, result: Result<(), String>| {
        steps.push(match result {
            Ok(()) => chosen(Part::Udp, way),
            Err(why) => Step {
                remedy: Some(Text::from(NEEDS_NET_ADMIN)),
                ..refused(Part::Udp, way, &format!("{consequence}: {why}"))
            },
        });
    };
    step("cgroup addresses", unseen, attach_addresses(programs, &root));
    step("cgroup release", late, attach_release(programs, &root));
    true
}

fn attach_lengths(programs: &mut Programs<'_>, btf: &Btf) -> Result<(), ProgramError> {
    attach_typed(programs, btf, "udp_recv_length", "sock_recv_length")?;
    attach_typed(programs, btf, "udp_send_length", "sock_send_length")
}

fn attach_addresses(programs: &mut Programs<'_>, root: &Path) -> Result<(), String> {
    let root = open(root)?;
    for name in ["udp_sends4", "udp_sends6", "udp_receives4", "udp_receives6"] {
        let attach = |programs: &mut Programs<'_>| -> Result<(), ProgramError> {
            let program: &mut CgroupSockAddr = program(programs, name)?.try_into()?;
            program.load()?;
            program.attach(&root, ATTACH_MODE)?;
            Ok(())
        };
        attach(programs).map_err(|error| with_causes(&error))?;
    }
    Ok(())
}

fn attach_release(programs: &mut Programs<'_>, root: &Path) -> Result<(), String> {
    let root = open(root)?;
    let attach = |programs: &mut Programs<'_>| -> Result<(), ProgramError> {
        let program: &mut CgroupSock = program(programs, "udp_gone")?.try_into()?;
        program.load()?;
        program.attach(&root, ATTACH_MODE)?;
        Ok(())
    };
    attach(programs).map_err(|error| with_causes(&error))
}

fn open(root: &Path) -> Result<File, String> {
    File::open(root).map_err(|error| format!("{}: {error}", root.display()))
}
