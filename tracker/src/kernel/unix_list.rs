//! Which Unix sockets a network namespace has: `/proc/PID/net/unix`.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;

use rustc_hash::FxHashSet;
use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use super::proc_dir::{netns_of, open_pid, open_proc};
use crate::identity::NetnsId;

/// The namespaces, as their processes see them.
#[derive(Debug)]
pub(crate) struct UnixLists {
    proc: Result<OwnedFd, Errno>,
    buffer: Vec<u8>,
}

impl UnixLists {
    pub(crate) fn open() -> Self {
        Self { proc: open_proc(), buffer: Vec::new() }
    }

    /// The numbers of the files of a namespace's Unix sockets, seen by the first of these processes that is in it; `None`
    /// where none is.
    pub(crate) fn inodes(
        &mut self,
        netns: NetnsId,
        pids: impl Iterator<Item = u32>,
    ) -> Option<FxHashSet<u64>> {
        let proc = self.proc.as_ref().ok()?;
        let buffer = &mut self.buffer;
        pids.into_iter().find_map(|pid| {
            // Once it is open it is this process's, and a process sees the namespace that it is in at each reading.
            let process = open_pid(proc, pid)?;
            let mut inodes = FxHashSet::default();
            // While the list is read others leave it, and what stands behind them may be passed over: not twice.
            for _ in 0..2 {
                let list =
                    openat(&process, c"net/unix", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
                buffer.clear();
                File::from(list).read_to_end(buffer).ok()?;
                inodes.extend(parse(buffer));
            }
            (netns_of(&process).ok()? == Some(netns)).then_some(inodes)
        })
    }
}

/// Whether no process has this pid.
pub(crate) fn is_gone(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) == Err(Errno::SRCH))
}

/// The numbers in the list. (The library for /proc reads it as text; names are any bytes.)
fn parse(list: &[u8]) -> impl Iterator<Item = u64> + '_ {
    list.split(|&byte| byte == b'\n').skip(1).filter_map(|line| {
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        std::str::from_utf8(words.nth(6)?).ok()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn names_are_any_bytes_and_need_not_be_there() {
        let list = b"Num       RefCount Protocol Flags    Type St Inode Path\n\
            0000000000000000: 00000002 00000000 00010000 0001 01  4711 /run/a b\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 12\n\
            0000000000000000: 00000003 00000000 00000000 0001 03     13 @\xff\xfe 99\n\
            0000000000000000: 00000003 00000000 00000000 0001 03\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 many\n";
        assert_eq!(parse(list).collect::<Vec<_>>(), [4711, 12, 13]);
        assert_eq!(parse(b"").count(), 0);
    }

    #[test]
    fn a_socket_is_listed_as_long_as_it_is_open() {
        let inode = |socket: &UnixStream| rustix::fs::fstat(socket.as_fd()).unwrap().st_ino;
        let own = std::process::id();
        let proc = open_proc().unwrap();
        let process = open_pid(&proc, own).unwrap();
        let netns = netns_of(&process).unwrap().unwrap();
        let mut lists = UnixLists::open();
        let (one, other) = UnixStream::pair().unwrap();
        let [first, second] = [inode(&one), inode(&other)];
        // No process has the largest number, and the first that is there is asked.
        let pids = || [i32::MAX as u32, own].into_iter();
        let all = lists.inodes(netns, pids()).unwrap();
        assert!(all.contains(&first) && all.contains(&second));
        drop(one);
        let all = lists.inodes(netns, pids()).unwrap();
        assert!(!all.contains(&first) && all.contains(&second));
        assert_eq!(lists.inodes(NetnsId(1), pids()), None, "nobody is in that namespace");
        assert!(is_gone(i32::MAX as u32) && !is_gone(own));
    }
}
