//! Connections, their two sides, and listeners.

use std::net::SocketAddr;

use petgraph::stable_graph::NodeIndex;

use super::edge::Rate;
use super::node::HostIndex;
use crate::connection::{Address, OwnerSource, Protocol, State};
use crate::identity::{NetnsId, ProcessId, SocketId, Timestamp};

/// A connection in one topology; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// One connection, both its ends joined where both are on a known host.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// Its identity.
    pub id: ConnectionId,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its state: the client's end's, unless only the server's end is known; of an end that is over and one that
    /// is not, the one that is not.
    pub state: State,
    /// Whether it is known who began. Where it is not, `client` is the end on this host; where
    /// both are, the one whose namespace and address come first.
    pub directed: bool,
    /// The end that connected.
    pub client: Side,
    /// The end that was connected to.
    pub server: Side,
    /// When it began, at the end that tells the earlier moment; `None` if before the tracker started.
    pub opened_at: Option<Timestamp>,
    /// When its last end closed; `None` while one lives, or where no close was seen.
    pub closed_at: Option<Timestamp>,
    /// Payload bytes from the client to the server: what the client sent or what the server received, whichever is
    /// more (each end is read at its own moment); `None` until read.
    pub bytes_to_server: Option<u64>,
    /// Payload bytes from the server to the client, likewise.
    pub bytes_to_client: Option<u64>,
    /// The smoothed round-trip time in microseconds, as the client has it (else the server).
    pub rtt_us: Option<u32>,
    /// Segments retransmitted, both ways as far as known; `None` for other protocols than TCP.
    pub retransmits: Option<u32>,
    /// Why it failed or was cut off: a positive errno.
    pub error: Option<u32>,
    /// Its rates.
    pub rate: Rate,
    /// Whether it began in the newest tick.
    pub is_new: bool,
}

/// One end of a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// The node that it belongs to.
    pub node: NodeIndex,
    /// The socket, where this end is on a known host.
    pub socket: Option<(HostIndex, SocketId)>,
    /// All processes that hold the socket; the one that uses it first.
    pub owners: Vec<ProcessId>,
    /// Where the owners are known from.
    pub owner_source: OwnerSource,
    /// Where this end is, as its own socket has it; as the other end sees it, where this end's socket is not known.
    pub address: Address,
    /// The address and port under which the other end sees this one, where address translation made that differ.
    pub nat: Option<SocketAddr>,
    /// The network namespace of this end's socket.
    pub netns: Option<NetnsId>,
}

impl Side {
    /// Where the other end sees this one.
    pub(super) fn seen_as(&self) -> Address {
        self.nat.map_or_else(|| self.address.clone(), Address::Inet)
    }
}

/// A listening socket.
#[derive(Clone, Debug, PartialEq)]
pub struct Listener {
    /// The socket.
    pub socket: (HostIndex, SocketId),
    /// The nodes of all processes that hold it (the unknown one where none is known).
    pub nodes: Vec<NodeIndex>,
    /// The protocol.
    pub protocol: Protocol,
    /// Where it listens.
    pub address: Address,
    /// The network namespace.
    pub netns: NetnsId,
    /// Whether it closed in the newest tick.
    pub closed: bool,
}
