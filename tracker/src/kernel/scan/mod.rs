//! What was there before, where eBPF does not tell: the kernel's lists of sockets, and who has each one open.

mod diag_message;
pub mod fd_walk;
pub(crate) mod iterator;
pub(crate) mod namespaces;
pub mod procfs;
mod scanner;
pub mod sock_diag;

use std::hash::{Hash, Hasher};
use std::net::SocketAddr;

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use rustix::io::Errno;

use crate::connection::{Counters, Protocol, Scan, ScanRow, State};
use crate::identity::{NetnsId, Timestamp};
use crate::kernel::clock::Clock;
use crate::text::Text;
use fd_walk::FdWalk;

pub use super::netlink::NetlinkError;
pub use diag_message::DiagError;
pub(crate) use scanner::Scanner;

/// Where network namespaces have their names.
pub use crate::namespace::DIRECTORY as NETNS_DIRECTORY;

/// A scan, and what it could not see.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it saw.
    pub scan: Scan,
    /// What it did not see and why: one sentence each, for [`Source::reasons`](crate::tick::Source::reasons).
    pub reasons: Vec<Text>,
}

/// Why a way to scan does not work at all.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// `/proc` could not be read.
    #[error("/proc cannot be read: {0}")]
    Proc(Errno),
    /// The iterator does not run to its end.
    #[error("iter/task_file: {0}")]
    Iterator(std::io::Error),
    /// The kernel does not hand out its sockets.
    #[error("sock_diag: {0}")]
    Diag(#[from] DiagError),
    /// Not one table of `/proc/PID/net` could be read.
    #[error("/proc/PID/net/tcp cannot be read: {0}")]
    Tables(String),
    /// The thread that enters the namespaces could not start, or ended early.
    #[error("the scanning thread: {0}")]
    Thread(String),
}

/// A socket as the kernel's list tells it, before its owners are known.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FoundSocket {
    netns: NetnsId,
    kernel_socket: u64,
    /// 0 for a socket without a file: closed by its process but not yet over, or not yet accepted.
    inode: u64,
    local: SocketAddr,
    remote: Option<SocketAddr>,
    state: State,
    counters: Option<Counters>,
}

/// An identity made of what identifies a socket. Never a kernel address: those have the highest bit set.
fn stable_identity(parts: impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    parts.hash(&mut hasher);
    hasher.finish() & (u64::MAX >> 1)
}

/// Whether a row is one to tell: not `TIME_WAIT`, not closed, not a handshake without a whole socket. Such a
/// handshake is told as `SYN_RECV` and has no file; one with a file was accepted early (TCP Fast Open).
fn is_whole(state: State, inode: u64) -> bool {
    match state {
        State::TimeWait | State::Closed | State::Failed => false,
        State::SynRecv => inode != 0,
        _ => true,
    }
}

/// Finds the owners of the sockets and makes the scan of both.
fn with_owners(
    clock: Clock,
    began_at: Timestamp,
    sockets: Vec<FoundSocket>,
    complete: bool,
    mut reasons: Vec<Text>,
) -> Result<Found, ScanError> {
    let inodes: FxHashSet<u64> =
        sockets.iter().map(|socket| socket.inode).filter(|&inode| inode != 0).collect();
    let walk = FdWalk::of(&inodes).map_err(ScanError::Proc)?;
    if let Some(reason) = walk.reason() {
        reasons.push(reason);
    }
    let rows = rows(sockets, &walk.owners, began_at);
    Ok(Found { scan: Scan { began_at, ended_at: clock.now(), complete, rows, unix: Vec::new() }, reasons })
}

/// One row for each socket and owner; for a socket without a known owner one row as well.
///
/// Every row is as old as the scan's beginning: nothing tells when the kernel came to each, and to take a row for
/// older than it is can only let an event win that would have won anyway.
fn rows(
    sockets: Vec<FoundSocket>,
    owners: &FxHashMap<u64, Vec<crate::connection::Actor>>,
    at: Timestamp,
) -> Vec<ScanRow> {
    let mut rows = Vec::with_capacity(sockets.len());
    for socket in sockets {
        let row = ScanRow {
            at,
            kernel_socket: socket.kernel_socket,
            netns: socket.netns,
            protocol: Protocol::Tcp,
            local: socket.local.into(),
            remote: socket.remote.map(Into::into),
            state: socket.state,
            actor: None,
            counters: socket.counters,
            sequence: None,
        };
        match owners.get(&socket.inode).map(Vec::as_slice) {
            None | Some([]) => rows.push(row),
            Some(actors) => {
                rows.extend(actors.iter().map(|&actor| ScanRow { actor: Some(actor), ..row.clone() }));
            }
        }
    }
    rows
}

/// A number of processes in words.
fn processes(count: usize) -> String {
    format!("{count} process{}", if count == 1 { "" } else { "es" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::Actor;
    use crate::identity::ProcessId;

    #[test]
    fn a_socket_of_two_processes_is_two_rows_and_one_of_none_is_one() {
        let socket = |inode| FoundSocket {
            netns: NetnsId(1),
            kernel_socket: inode,
            inode,
            local: SocketAddr::from(([127, 0, 0, 1], 80)),
            remote: None,
            state: State::Listen,
            counters: None,
        };
        let actor = |pid| Actor { id: ProcessId { pid, started: 1 }, comm: [0; 16], uid: 0, cgroup: 0 };
        let owners = FxHashMap::from_iter([(7, vec![actor(1), actor(2)])]);
        let rows = rows(vec![socket(7), socket(8)], &owners, Timestamp(5));
        let told: Vec<_> = rows.iter().map(|row| (row.kernel_socket, row.actor.map(|a| a.id.pid))).collect();
        assert_eq!(told, [(7, Some(1)), (7, Some(2)), (8, None)]);
        assert!(rows.iter().all(|row| row.at == Timestamp(5)));
    }

    #[test]
    fn only_whole_sockets_are_told() {
        assert!(is_whole(State::Established, 0));
        assert!(is_whole(State::SynRecv, 9));
        assert!(!is_whole(State::SynRecv, 0));
        assert!(!is_whole(State::TimeWait, 0));
        assert!(!is_whole(State::Closed, 9));
    }
}
