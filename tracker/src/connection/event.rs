//! What goes into the table (from the kernel) and what it tells at once (to `scopetop events`).

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::socket::{Counters, Protocol, SequencePair, State};
use super::unix::UnixRow;
use crate::identity::{NetnsId, ProcessId, SocketId, Timestamp};

/// The process that had a socket in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Who.
    pub id: ProcessId,
    /// Its command name as the kernel has it: bytes, ended by a NUL or the field's end. Not yet made safe to show.
    pub comm: [u8; 16],
    /// Its real user id.
    pub uid: u32,
    /// The kernel's id of its cgroup; 0 where unknown.
    pub cgroup: u64,
}

/// One event of one socket. Every event carries all that is known of the socket, so that one alone is enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketEvent {
    /// When.
    pub at: Timestamp,
    /// The kernel's identity of the socket: its address. Reused once the socket is gone.
    pub kernel_socket: u64,
    /// The network namespace.
    pub netns: NetnsId,
    /// The protocol.
    pub protocol: Protocol,
    /// The socket's own address; the port is 0 while a connect has none yet.
    pub local: Address,
    /// The peer's address; meaningless for a listener.
    pub remote: Address,
    /// What happened.
    pub kind: SocketEventKind,
    /// The process that had the socket in hand, if one had.
    pub actor: Option<Actor>,
    /// The counters, where they were read.
    pub counters: Option<Counters>,
    /// The sequence numbers, where they were read.
    pub sequence: Option<SequencePair>,
    /// The error pending on the socket: a positive errno.
    pub error: Option<u32>,
}

/// What happened to a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SocketEventKind {
    /// A connect began (`CLOSE` → `SYN_SENT`).
    Connecting,
    /// A connect got through (`SYN_SENT` → `ESTABLISHED`).
    Connected,
    /// A connection of a listener's is complete (`SYN_RECV` → `ESTABLISHED`). Who accepts it is not yet known.
    Arrived,
    /// A process was seen using the socket: it accepted it, receives, sends, or closed it.
    Owned,
    /// The socket began to listen.
    Listening,
    /// Another state, on the way to the end.
    Changed(State),
    /// A connect did not get through (`SYN_SENT` → `CLOSE`).
    Failed,
    /// The connection or the listener is gone (→ `CLOSE`).
    Closed,
}

/// One socket in the hands of one process, as a scan found it. A socket that several processes have is several
/// rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanRow {
    /// When this row was read: an event of the socket from before is older news, one from after is newer.
    pub at: Timestamp,
    /// The kernel's address of the socket, as in events; or a name of the scan's own, which stays the same from scan
    /// to scan ([`ScanRow::has_own_name`]).
    pub kernel_socket: u64,
    /// The network namespace.
    pub netns: NetnsId,
    /// The protocol.
    pub protocol: Protocol,
    /// The socket's own address.
    pub local: Address,
    /// The peer's address; `None` for a listener.
    pub remote: Option<Address>,
    /// The state.
    pub state: State,
    /// The process that has it open; `None` where the scan could not tell.
    pub actor: Option<Actor>,
    /// The counters, where they were read.
    pub counters: Option<Counters>,
    /// The sequence numbers, where they were read.
    pub sequence: Option<SequencePair>,
}

impl ScanRow {
    /// Whether [`ScanRow::kernel_socket`] is a name of the scan's own, not the kernel's address of the socket.
    pub const fn has_own_name(&self) -> bool {
        is_own_name(self.kernel_socket)
    }
}

/// Whether this is a scan's own name for a socket: the kernel's addresses all have the highest bit set.
pub(crate) const fn is_own_name(kernel_socket: u64) -> bool {
    kernel_socket >> 63 == 0
}

/// A whole scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// When it began.
    pub began_at: Timestamp,
    /// When its last row was read.
    pub ended_at: Timestamp,
    /// Whether it went through to its end. A scan that did not adds what it saw and removes nothing.
    pub complete: bool,
    /// The rows, in no order.
    pub rows: Vec<ScanRow>,
    /// The Unix sockets, in no order.
    #[serde(default)]
    pub unix: Vec<UnixRow>,
}

/// One line of `scopetop events`: something that a person calls an event, with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionEvent {
    /// What happened.
    pub kind: ConnectionEventKind,
    /// When.
    pub at: Timestamp,
    /// The socket.
    pub socket: SocketId,
    /// The protocol.
    pub protocol: Protocol,
    /// The network namespace.
    pub netns: NetnsId,
    /// The process: who connected, accepted, listens, or had the socket when it closed.
    pub process: Option<ProcessId>,
    /// The command name that it had then (as [`Actor::comm`]), where the kernel told: it may have another by now.
    pub comm: Option<[u8; 16]>,
    /// The socket's own address.
    pub local: Address,
    /// The peer's address; `None` for a listener.
    pub remote: Option<Address>,
    /// With a close: when the connection began, if that was seen.
    pub opened_at: Option<Timestamp>,
    /// With a close: the counters at the end.
    pub counters: Option<Counters>,
    /// With a failure or a cut: the errno.
    pub error: Option<u32>,
}

/// The kinds of [`ConnectionEvent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionEventKind {
    /// A connect got through.
    Connect,
    /// A connection was accepted.
    Accept,
    /// A connection ended (each local end of it tells its own).
    Close,
    /// A socket began to listen.
    Listen,
    /// A connect did not get through.
    Fail,
}

impl ConnectionEventKind {
    /// Its name in the interface.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Accept => "accept",
            Self::Close => "close",
            Self::Listen => "listen",
            Self::Fail => "fail",
        }
    }
}
