//! The graph: processes, containers and remote addresses as nodes, their connections as edges.
//!
//! Built from ticks alone, one [`Topology::apply`] a tick, in time proportional to what changed. It joins the two
//! ends of a local connection into one and adds connections up into edges.

use std::net::{IpAddr, SocketAddr};

use petgraph::stable_graph::{NodeIndex, StableDiGraph};

use crate::connection::{OwnerSource, Protocol, State};
use crate::container::Container;
use crate::identity::{ContainerId, HostId, NetnsId, ProcessId, SocketId, Timestamp};
use crate::process::Process;
use crate::text::Text;
use crate::tick::{Counts, Source, Tick};

/// The petgraph that is drawn: an edge leads from the client's node to the server's.
pub type Graph = StableDiGraph<Node, Edge>;

/// A host among those whose ticks were applied, in the order of their first ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostIndex(pub u16);

/// What a node stands for: the same on every tick, also when the node left the graph in between.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeKey {
    /// A process.
    Process(HostIndex, ProcessId),
    /// A container.
    Container(HostIndex, ContainerId),
    /// An address outside, or one of this host that no socket answers for. An address that means something else
    /// in each namespace (loopback, link-local) has its namespace.
    Remote(Option<(HostIndex, NetnsId)>, IpAddr),
    /// Whoever holds the sockets of a namespace that have no known owner.
    Unknown(HostIndex, NetnsId),
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A process that holds a socket.
    Process(Process),
    /// A container that has such a process.
    Container(Container),
    /// A remote address.
    Remote {
        /// The address.
        address: IpAddr,
    },
    /// The unknown holder of sockets of a namespace.
    Unknown {
        /// The namespace.
        netns: NetnsId,
    },
}

/// What a connection is for: the server's protocol and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Service {
    /// The protocol.
    pub protocol: Protocol,
    /// The server's port as the server has it.
    pub port: u16,
}

/// All connections from one node to one service of another.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// The service.
    pub service: Service,
    /// The connections on it, open or over in the newest tick, in the order in which they came.
    pub connections: Vec<ConnectionId>,
    /// How many of them are open.
    pub open: usize,
    /// How many of them began in the newest tick (also those that are over already).
    pub new: usize,
    /// How many of them closed in the newest tick.
    pub closed: usize,
    /// How many of them failed in the newest tick.
    pub failed: usize,
    /// The sum of their rates, in bytes a second, to the server and to the client.
    pub rate: Rate,
}

/// A connection in one topology; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// Bytes a second each way, from the newest two readings of the counters.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    /// From the client to the server.
    pub to_server: f64,
    /// From the server to the client.
    pub to_client: f64,
}

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
    /// Whether it is known who began. Where it is not, `client` is the end on this host.
    pub directed: bool,
    /// The end that connected.
    pub client: Side,
    /// The end that was connected to.
    pub server: Side,
    /// When it began; `None` if before the tracker started.
    pub opened_at: Option<Timestamp>,
    /// When it ended; `None` while it lives.
    pub closed_at: Option<Timestamp>,
    /// Payload bytes from the client to the server; `None` until read.
    pub bytes_to_server: Option<u64>,
    /// Payload bytes from the server to the client; `None` until read.
    pub bytes_to_client: Option<u64>,
    /// The smoothed round-trip time in microseconds, as the client has it (else the server).
    pub rtt_us: Option<u32>,
    /// Segments retransmitted, both ways as far as known.
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
    /// The address and port as this end's own socket has them; as the other end sees them, where this end is remote.
    pub address: SocketAddr,
    /// The address and port under which the other end sees this one, where address translation made that differ.
    pub nat: Option<SocketAddr>,
    /// The network namespace of this end's socket.
    pub netns: Option<NetnsId>,
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
    /// The address and port.
    pub address: SocketAddr,
    /// The network namespace.
    pub netns: NetnsId,
    /// Whether it closed in the newest tick.
    pub closed: bool,
}

/// The graph and what explains it.
#[derive(Debug, Default)]
pub struct Topology {
    graph: Graph,
}

impl Topology {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next tick of a host in. What closed in that host's tick before leaves the graph; what closes in this
    /// one stays in it until the next.
    pub fn apply(&mut self, tick: &Tick) {
        let _ = tick;
    }

    /// The graph. Its edges are the pairs of nodes that talk, one a service.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What a node stands for.
    pub fn key(&self, _node: NodeIndex) -> Option<&NodeKey> {
        None
    }

    /// Where something is in the graph now.
    pub fn node(&self, _key: &NodeKey) -> Option<NodeIndex> {
        None
    }

    /// The container's node of a process's node.
    pub fn container_of(&self, _node: NodeIndex) -> Option<NodeIndex> {
        None
    }

    /// A connection.
    pub fn connection(&self, _id: ConnectionId) -> Option<&Connection> {
        None
    }

    /// All connections, in the order in which they came.
    pub fn connections(&self) -> impl Iterator<Item = &Connection> {
        std::iter::empty()
    }

    /// All listeners, in the order in which they came.
    pub fn listeners(&self) -> impl Iterator<Item = &Listener> {
        std::iter::empty()
    }

    /// The names of a namespace; empty where it has none.
    pub fn namespace_names(&self, _host: HostIndex, _netns: NetnsId) -> &[Text] {
        &[]
    }

    /// The hosts, each with the newest tick's moment, counts and source.
    pub fn hosts(&self) -> &[HostView] {
        &[]
    }
}

/// A host and its newest tick, without the sockets.
#[derive(Clone, Debug, PartialEq)]
pub struct HostView {
    /// Its name.
    pub id: HostId,
    /// Its kernel release.
    pub kernel: Text,
    /// The newest tick's number.
    pub sequence: u64,
    /// The newest tick's end.
    pub at: Timestamp,
    /// The newest tick's length in nanoseconds.
    pub duration: u64,
    /// How many events fell into it.
    pub counts: Counts,
    /// Where its facts come from.
    pub source: Source,
}
