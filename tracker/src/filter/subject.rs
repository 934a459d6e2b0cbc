//! What a filter is asked about: the facts of a connection, a node, a listener or an event, borrowed.

use std::net::{IpAddr, SocketAddr};

use petgraph::stable_graph::NodeIndex;

use crate::connection::{Address, Protocol, State, UnixName};
use crate::container::Container;
use crate::identity::{NetnsId, ProcessId};
use crate::network::Scope;
use crate::process::Process;
use crate::text::Text;
use crate::topology::{HostIndex, Node, NodeKey, Topology};

/// What a filter is asked about. A fact that is `None` is unknown and satisfies no comparison.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subject<'a> {
    /// The client's end and the server's; a node or a listener has only one. Where it is not known who began, the
    /// order means nothing.
    pub ends: [Option<End<'a>>; 2],
    /// What is known of the connection (of a listener: its protocol and state).
    pub connection: ConnectionFacts,
}

/// One end.
#[derive(Clone, Copy, Debug, Default)]
pub struct End<'a> {
    /// The process that holds the socket; of several the one that uses it.
    pub process: Option<&'a Process>,
    /// That process's container.
    pub container: Option<&'a Container>,
    /// All processes that hold the socket. `process` may be among them.
    pub holders: Holders<'a>,
    /// The address.
    pub ip: Option<IpAddr>,
    /// The port.
    pub port: Option<u16>,
    /// What a Unix socket is bound to; `None` where it has no name.
    pub path: Option<&'a UnixName>,
    /// The name of the address.
    pub name: Option<&'a Text>,
    /// The address and port that address translation put in their place.
    pub nat: Option<SocketAddr>,
    /// The network namespace.
    pub netns: Option<NetnsId>,
    /// The names of that namespace.
    pub netns_names: &'a [Text],
}

/// The processes that hold a socket.
#[derive(Clone, Copy, Debug)]
pub enum Holders<'a> {
    /// Known by their ids alone.
    Ids(&'a [ProcessId]),
    /// By their ids; the topology knows more of them.
    Processes(&'a Topology, HostIndex, &'a [ProcessId]),
    /// By their nodes.
    Nodes(&'a Topology, &'a [NodeIndex]),
}

impl Default for Holders<'_> {
    fn default() -> Self {
        Self::Ids(&[])
    }
}

/// What is known of a connection as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ConnectionFacts {
    /// Its protocol.
    pub protocol: Option<Protocol>,
    /// Its state.
    pub state: Option<State>,
    /// Where it leads.
    pub reach: Option<Reach>,
    /// How far away its other end is.
    pub scope: Option<Scope>,
    /// How long it has been open (or was, if it is over), in nanoseconds; `None` if it began before the start.
    pub age: Option<u64>,
    /// Payload bytes so far, both ways together.
    pub bytes: Option<u64>,
    /// Payload bytes a second, both ways together.
    pub rate: Option<f64>,
    /// The smoothed round-trip time in microseconds.
    pub rtt_us: Option<u32>,
}

/// Which of the ends is on a host that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The server's only: `dir=in`.
    Inbound,
    /// The client's only: `dir=out`.
    Outbound,
    /// Both, on one host: `dir=local`.
    Local,
    /// Both, on two hosts: out of the one and into the other, so `dir=out` and `dir=in` hold.
    Across,
}

/// A process that holds an end, with its container.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder<'a> {
    pub(super) process: Option<&'a Process>,
    pub(super) container: Option<&'a Container>,
}

impl<'a> Subject<'a> {
    /// Both ends, or the one that there is.
    pub(super) fn ends(&self) -> impl Iterator<Item = &End<'a>> {
        self.ends.iter().flatten()
    }
}

impl<'a> End<'a> {
    /// The end at this address. A port of 0 is one that is not known.
    pub fn at(address: &'a Address) -> Self {
        let path = address.unix().filter(|name| !name.is_unnamed());
        Self { ip: address.ip(), port: address.port(), path, ..Self::default() }
    }

    /// Every process that holds it and of which more than the id is known, the one that uses it first, each with its
    /// container. A container alone counts as well.
    pub(super) fn holders(&self) -> impl Iterator<Item = Holder<'a>> + use<'a> {
        let first = Holder { process: self.process, container: self.container };
        let used = self.process.map(|process| process.id);
        let holders = self.holders;
        let others = (0..holders.len()).filter_map(move |place| holders.get(place));
        std::iter::once(first)
            .chain(others.filter(move |other| other.process.map(|process| process.id) != used))
    }

    /// The pids of all processes that hold it.
    pub(super) fn pids(&self) -> impl Iterator<Item = u32> + use<'a> {
        let known = match self.holders {
            Holders::Ids(ids) | Holders::Processes(_, _, ids) => ids,
            Holders::Nodes(..) => &[],
        };
        let processes = self.holders().filter_map(|holder| holder.process);
        known.iter().map(|id| id.pid).chain(processes.map(|process| process.id.pid))
    }
}

impl<'a> Holders<'a> {
    fn len(self) -> usize {
        match self {
            Self::Ids(_) => 0,
            Self::Processes(_, _, ids) => ids.len(),
            Self::Nodes(_, nodes) => nodes.len(),
        }
    }

    fn get(self, place: usize) -> Option<Holder<'a>> {
        let (topology, node) = match self {
            Self::Ids(_) => return None,
            Self::Processes(topology, host, ids) => {
                (topology, topology.node(&NodeKey::Process(host, *ids.get(place)?))?)
            }
            Self::Nodes(topology, nodes) => (topology, *nodes.get(place)?),
        };
        let Node::Process(process) = topology.graph().node_weight(node)? else { return None };
        Some(Holder { process: Some(process), container: container_of(topology, node) })
    }
}

/// The container of a process's node.
pub(super) fn container_of(topology: &Topology, node: NodeIndex) -> Option<&Container> {
    container_at(topology, topology.container_of(node)?)
}

/// The container that a node is.
pub(super) fn container_at(topology: &Topology, node: NodeIndex) -> Option<&Container> {
    match topology.graph().node_weight(node)? {
        Node::Container(container) => Some(container),
        _ => None,
    }
}

impl Holder<'_> {
    /// The id of its container.
    pub(super) fn container_id(&self) -> Option<&Text> {
        let of_process = || self.process.and_then(|process| process.container.as_ref());
        self.container.map(|container| &container.id).or_else(of_process).map(|id| &id.0)
    }

    /// The name of its container.
    pub(super) fn container_name(&self) -> Option<&Text> {
        self.container.and_then(|container| container.name.as_ref())
    }
}
