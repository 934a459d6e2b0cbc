//! Who has which socket open: one walk over the open files of all processes.

use rustc_hash::{FxHashMap, FxHashSet};
use rustix::io::Errno;

use super::processes;
use crate::connection::Actor;
use crate::identity::ProcessId;
use crate::kernel::proc_dir::{each_number, open_directory, open_proc, read_file, read_numbered_link};
use crate::process::stat::{Stat, parse_stat, parse_uid};
use crate::text::Text;

/// The owners of sockets.
#[derive(Clone, Debug, Default)]
pub struct FdWalk {
    /// By the socket's inode number: every process that has it open, each once.
    pub owners: FxHashMap<u64, Vec<Actor>>,
    /// How many processes (threads of the kernel left out) did not let their open files be listed.
    pub unreadable: usize,
}

impl FdWalk {
    /// Walks all processes and notes who has the `wanted` inodes open. A process that ends meanwhile is left out.
    ///
    /// # Errors
    /// `/proc` itself cannot be read.
    pub fn of(wanted: &FxHashSet<u64>) -> Result<Self, Errno> {
        let proc = open_proc()?;
        let mut walk = Self::default();
        let (mut processes, mut files, mut text) = (Vec::new(), Vec::new(), Vec::new());
        let mut held = Vec::new();
        each_number(&proc, &mut processes, |name, pid| {
            let Ok(process) = open_directory(&proc, name) else { return };
            let mut stat = || -> Option<Stat> {
                read_file(&process, c"stat", &mut text, usize::MAX).ok()?;
                parse_stat(&text)
            };
            held.clear();
            let listed = open_directory(&process, c"fd").and_then(|directory| {
                each_number(&directory, &mut files, |file, _| {
                    if let Ok(Some(inode)) = read_numbered_link(&directory, file, b"socket")
                        && wanted.contains(&inode)
                    {
                        held.push(inode);
                    }
                })
            });
            if matches!(listed, Err(Errno::ACCESS | Errno::PERM)) {
                // A thread of the kernel has no open files: nothing is missing with it.
                walk.unreadable += usize::from(stat().is_some_and(|stat| !stat.kernel_thread));
            }
            if held.is_empty() {
                return;
            }
            let Some(stat) = stat() else { return };
            if read_file(&process, c"status", &mut text, usize::MAX).is_err() {
                return;
            }
            let Some(uid) = parse_uid(&text) else { return };
            let id = ProcessId { pid, started: stat.started };
            let actor = Actor { id, comm: stat.comm, uid, cgroup: 0 };
            // A process may have one socket open under several numbers.
            held.sort_unstable();
            held.dedup();
            for &inode in &held {
                walk.owners.entry(inode).or_default().push(actor);
            }
        })?;
        Ok(walk)
    }

    /// What could not be seen, as a sentence.
    pub fn reason(&self) -> Option<Text> {
        let reason = format!("sockets of {} are shown as unknown: not readable", processes(self.unreadable));
        (self.unreadable > 0).then(|| Text::from(reason.as_str()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use std::net::TcpListener;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn a_socket_open_twice_has_its_process_once_and_the_unwanted_are_left_out() {
        let wanted = TcpListener::bind("127.0.0.1:0").unwrap();
        let _again = wanted.try_clone().unwrap();
        let unwanted = TcpListener::bind("127.0.0.1:0").unwrap();
        let inode = |socket: &TcpListener| {
            std::fs::metadata(format!("/proc/self/fd/{}", socket.as_raw_fd())).unwrap().ino()
        };
        let walk = FdWalk::of(&FxHashSet::from_iter([inode(&wanted)])).unwrap();
        assert!(!walk.owners.contains_key(&inode(&unwanted)));
        let mine: Vec<_> =
            walk.owners[&inode(&wanted)].iter().filter(|actor| actor.id.pid == std::process::id()).collect();
        assert_eq!(mine.len(), 1);
        let comm = std::fs::read("/proc/self/comm").unwrap();
        assert_eq!(mine[0].comm, crate::process::stat::comm_field(comm.trim_ascii_end()));
        assert_eq!(mine[0].uid, rustix::process::getuid().as_raw());
        assert!(mine[0].id.started > 0);
    }

    #[test]
    fn what_was_not_readable_is_said() {
        assert_eq!(FdWalk::default().reason(), None);
        let walk = FdWalk { unreadable: 3, ..FdWalk::default() };
        assert!(walk.reason().unwrap().starts_with("sockets of 3 processes"));
    }
}
