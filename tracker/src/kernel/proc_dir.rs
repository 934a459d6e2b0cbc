//! Reading /proc fast: plain system calls relative to an open directory, into buffers that are used again.
//!
//! A descriptor of `/proc/PID` belongs to that process and no later one with the same pid: once it is open, what
//! is read through it cannot be mixed with another process's facts.

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags, RawDir, fstat, openat, readlinkat_raw};
use rustix::io::{Errno, read};

use crate::identity::NetnsId;

/// How many bytes of directory entries are asked for at once.
pub(crate) const DIRECTORY_BUFFER: usize = 32 * 1024;

/// Opens `/proc` itself.
pub(crate) fn open_proc() -> Result<OwnedFd, Errno> {
    open_directory(rustix::fs::CWD, c"/proc")
}

/// Opens a directory.
pub(crate) fn open_directory(parent: impl AsFd, name: &CStr) -> Result<OwnedFd, Errno> {
    openat(parent, name, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// Opens the directory of a process.
pub(crate) fn open_pid(proc: &OwnedFd, pid: u32) -> Option<OwnedFd> {
    open_directory(proc, &CString::new(pid.to_string()).ok()?).ok()
}

/// Calls `each` with the name of every entry that is a number: the processes of `/proc`, the files of a process.
pub(crate) fn each_number(
    directory: impl AsFd,
    buffer: &mut Vec<u8>,
    mut each: impl FnMut(&CStr, u32),
) -> Result<(), Errno> {
    buffer.clear();
    buffer.reserve(DIRECTORY_BUFFER);
    let mut entries = RawDir::new(directory, buffer.spare_capacity_mut());
    while let Some(entry) = entries.next() {
        let entry = entry?;
        if let Some(number) = entry.file_name().to_str().ok().and_then(|name| name.parse().ok()) {
            each(entry.file_name(), number);
        }
    }
    Ok(())
}

/// Reads a file into `buffer`, which is emptied first; what is longer than `limit` is cut.
pub(crate) fn read_file(
    directory: impl AsFd,
    name: &CStr,
    buffer: &mut Vec<u8>,
    limit: usize,
) -> Result<(), Errno> {
    const STEP: usize = 4096;
    let file = openat(directory, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    buffer.clear();
    loop {
        let filled = buffer.len();
        buffer.resize(filled + STEP, 0);
        match read(&file, &mut buffer[filled..]) {
            Ok(count) => {
                buffer.truncate(filled + count);
                // These files are one record each, which the kernel gives whole: a short read is the last.
                if count < STEP || buffer.len() >= limit {
                    buffer.truncate(limit);
                    return Ok(());
                }
            }
            Err(Errno::INTR) => buffer.truncate(filled),
            Err(error) => {
                buffer.clear();
                return Err(error);
            }
        }
    }
}

/// Reads a link and hands its bytes to `then`.
pub(crate) fn read_link<T>(
    directory: impl AsFd,
    name: &CStr,
    then: impl FnOnce(&[u8]) -> T,
) -> Result<T, Errno> {
    let mut buffer = [MaybeUninit::<u8>::uninit(); 4096];
    let (link, _) = readlinkat_raw(directory, name, &mut buffer)?;
    Ok(then(link))
}

/// Reads the number in a link of the form `KIND:[NUMBER]`: `socket:[4711]`, `net:[4026531840]`.
pub(crate) fn read_numbered_link(
    directory: impl AsFd,
    name: &CStr,
    kind: &[u8],
) -> Result<Option<u64>, Errno> {
    // Only longer than the longest such link: the paths of ordinary files need not be copied whole.
    let mut buffer = [MaybeUninit::<u8>::uninit(); 64];
    let (link, _) = readlinkat_raw(directory, name, &mut buffer)?;
    Ok(numbered_link(link, kind))
}

fn numbered_link(link: &[u8], kind: &[u8]) -> Option<u64> {
    let number = link.strip_prefix(kind)?.strip_prefix(b":[")?.strip_suffix(b"]")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// The network namespace of the process whose `/proc` directory this is.
pub(crate) fn netns_of(process: impl AsFd) -> Result<Option<NetnsId>, Errno> {
    let number = read_numbered_link(process, c"ns/net", b"net")?;
    Ok(number.and_then(|number| u32::try_from(number).ok()).map(NetnsId))
}

/// An open namespace file with what tells it from any other file: the file system's device and the inode.
pub(crate) fn open_namespace(path: impl rustix::path::Arg) -> Result<(OwnedFd, u64, u64), Errno> {
    let file =
        openat(rustix::fs::CWD, path, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK, Mode::empty())?;
    let facts = fstat(&file)?;
    Ok((file, facts.st_dev, facts.st_ino))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use super::*;

    #[test]
    fn a_numbered_link_is_its_number() {
        assert_eq!(numbered_link(b"socket:[4711]", b"socket"), Some(4711));
        assert_eq!(numbered_link(b"pipe:[4711]", b"socket"), None);
        assert_eq!(numbered_link(b"socket:[47", b"socket"), None);
        assert_eq!(numbered_link(b"/tmp/socket:[1]", b"socket"), None);
    }

    #[test]
    fn every_process_is_a_number_in_proc() {
        let mut pids = Vec::new();
        each_number(open_proc().unwrap(), &mut Vec::new(), |_, pid| pids.push(pid)).unwrap();
        assert!(pids.contains(&std::process::id()), "{pids:?}");
        assert!(!pids.contains(&0));
    }

    #[test]
    fn a_long_file_is_cut_at_the_limit() {
        let proc = open_proc().unwrap();
        let mut whole = Vec::new();
        read_file(&proc, c"self/status", &mut whole, usize::MAX).unwrap();
        assert!(whole.starts_with(b"Name:") && whole.ends_with(b"\n"));
        let mut cut = vec![1; 9];
        read_file(&proc, c"self/status", &mut cut, 7).unwrap();
        assert_eq!(cut, &whole[..7]);
        assert_eq!(read_file(&proc, c"self/no such file", &mut cut, 7), Err(Errno::NOENT));
    }
}
