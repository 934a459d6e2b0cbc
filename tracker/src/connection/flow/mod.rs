//! UDP: flows instead of connections.
//!
//! A UDP socket exchanges datagrams with one remote address (connected) or with many. Each such pair is a flow, and each
//! flow is one [`Socket`](super::Socket) in ticks: it begins with its first datagram and ends when its socket is closed or
//! when it was quiet for too long. A socket whose port was bound explicitly and that is not connected is a listener.
//!
//! The kernel tells of a flow once, and of a socket's end; it counts the rest, which is read once a tick.

mod addresses;
mod direction;
mod entry;
mod late;
mod outbox;
mod pairing;
mod scan;
mod sockets;
mod table;
mod tick;
mod translated;

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Actor;
use crate::identity::{NetnsId, Timestamp};

pub use table::FlowTable;

/// What identifies a flow: a socket and the address at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FlowId {
    /// The socket's cookie, which the kernel never uses twice.
    pub socket: u64,
    /// The remote address, as the process named it or was given it.
    pub remote: SocketAddr,
}

/// What the kernel counted of a flow, since its first datagram or since the counters were last taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Payload bytes sent.
    pub bytes_sent: u64,
    /// Payload bytes received.
    pub bytes_received: u64,
    /// How often something was sent.
    pub sends: u64,
    /// How often something was received.
    pub receives: u64,
}

/// Which way a datagram went, seen from the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The socket's process sent it.
    Sent,
    /// The socket's process received it.
    Received,
}

/// What the kernel tells of a UDP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UdpSocket {
    /// Its cookie.
    pub cookie: u64,
    /// The network namespace.
    pub netns: NetnsId,
    /// Its own address; unspecified where it takes datagrams to every address.
    pub local: SocketAddr,
    /// What it is connected to.
    pub connected: Option<SocketAddr>,
    /// Whether its port was bound explicitly, not chosen by the kernel.
    pub is_bound: bool,
}

/// The first datagram of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowEvent {
    /// When.
    pub at: Timestamp,
    /// Which socket's.
    pub socket: UdpSocket,
    /// The other end.
    pub remote: SocketAddr,
    /// Which way it went.
    pub way: Way,
    /// The process that sent or received it; `None` for the kernel itself.
    pub actor: Option<Actor>,
}

/// One UDP socket in the hands of one process, as a scan found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UdpRow {
    /// When this row was read.
    pub at: Timestamp,
    /// The socket.
    pub socket: UdpSocket,
    /// The process that has it open.
    pub actor: Option<Actor>,
}

/// The UDP sockets of a whole scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UdpScan {
    /// When it began.
    pub began_at: Timestamp,
    /// Whether it went through to its end.
    pub complete: bool,
    /// The rows, in no order.
    pub rows: Vec<UdpRow>,
}

/// How long a flow may be quiet before it is over. As long as Linux's connection tracking keeps one by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patience {
    /// While datagrams went one way only.
    pub one_way: Duration,
    /// Once they went both ways.
    pub both_ways: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { one_way: Duration::from_secs(30), both_ways: Duration::from_mins(2) }
    }
}

impl Patience {
    /// The same for every flow.
    pub const fn of(time: Duration) -> Self {
        Self { one_way: time, both_ways: time }
    }
}

/// Takes a flow's counters out of the kernel: from then on its next datagram is a first one again.
pub trait TakeTraffic: FnMut(FlowId) -> Option<Traffic> {}
impl<T: FnMut(FlowId) -> Option<Traffic>> TakeTraffic for T {}
