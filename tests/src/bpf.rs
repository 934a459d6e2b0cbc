//! The kernel's list of BPF objects, to see whether a program left any behind.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::fd::{FromRawFd as _, OwnedFd};

/// One object that lives in the kernel. Numbers are not reused soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// A loaded program.
    Program(u32),
    /// A map.
    Map(u32),
    /// An attachment.
    Link(u32),
}

/// `BPF_PROG_GET_NEXT_ID`
const PROG_GET_NEXT_ID: libc::c_long = 11;
/// `BPF_PROG_GET_FD_BY_ID`
const PROG_GET_FD_BY_ID: libc::c_long = 13;
/// `BPF_MAP_GET_FD_BY_ID`
const MAP_GET_FD_BY_ID: libc::c_long = 14;
/// `BPF_LINK_GET_FD_BY_ID`
const LINK_GET_FD_BY_ID: libc::c_long = 30;

/// The members of `union bpf_attr` for the commands above.
#[repr(C)]
struct IdAttribute {
    id: u32,
    next_id: u32,
    open_flags: u32,
}

#[allow(unsafe_code, reason = "no safe wrapper exists for bpf(2)")]
fn bpf(command: libc::c_long, id: u32) -> io::Result<libc::c_long> {
    let mut attribute = IdAttribute { id, next_id: 0, open_flags: 0 };
    // SAFETY: the commands used read and write these three members only, within the size that is passed.
    let result =
        unsafe { libc::syscall(libc::SYS_bpf, command, &raw mut attribute, size_of::<IdAttribute>()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Whether this process may use BPF at all.
pub fn available() -> io::Result<()> {
    match bpf(PROG_GET_NEXT_ID, 0) {
        // No program is loaded on the whole host: the list is empty, not refused.
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(()),
        other => other.map(drop),
    }
}

impl Object {
    /// Whether it still lives.
    pub fn exists(self) -> io::Result<bool> {
        let (command, id) = match self {
            Self::Program(id) => (PROG_GET_FD_BY_ID, id),
            Self::Map(id) => (MAP_GET_FD_BY_ID, id),
            Self::Link(id) => (LINK_GET_FD_BY_ID, id),
        };
        match bpf(command, id) {
            Ok(fd) => {
                #[allow(unsafe_code, reason = "the system call gives a bare number")]
                // SAFETY: the kernel just made this descriptor for us; nobody else has it.
                drop(unsafe { OwnedFd::from_raw_fd(fd as i32) });
                Ok(true)
            }
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The objects that a process holds by its descriptors.
pub fn held_by(pid: u32) -> io::Result<BTreeSet<Object>> {
    let mut held = BTreeSet::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fdinfo"))? {
        // A descriptor may be closed while the directory is read.
        let Ok(text) = entry.and_then(|entry| fs::read_to_string(entry.path())) else { continue };
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let Ok(id) = value.trim().parse() else { continue };
            match key {
                "prog_id" => held.insert(Object::Program(id)),
                "map_id" => held.insert(Object::Map(id)),
                "link_id" => held.insert(Object::Link(id)),
                _ => false,
            };
        }
    }
    Ok(held)
}
