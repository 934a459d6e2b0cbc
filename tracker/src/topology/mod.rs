//! The graph: processes, containers and remote addresses as nodes, their connections as edges.
//!
//! Built from ticks alone, one [`Topology::apply`] a tick, in time proportional to what changed. It joins the two
//! ends of a local connection into one and adds connections up into edges.
//!
//! A tick goes through these steps: what the host's tick before left to be undone ([`apply`]), each socket into
//! the store of ends ([`ends`]), which ends belong together ([`matching`], [`join`]), each connection that this
//! concerns anew from its ends ([`assemble`]), and last the edges and nodes that nothing uses any more.

mod apply;
mod assemble;
mod changes;
mod connection;
mod edge;
mod end;
mod ends;
mod facts;
pub mod grouping;
mod host;
mod join;
mod links;
mod matching;
mod node;
mod readings;
mod remote;
mod translation;

use std::collections::BTreeMap;

use petgraph::stable_graph::{NodeIndex, StableDiGraph};

pub use changes::{Changes, Revision};
pub use connection::{Connection, ConnectionId, Listener, Side};
pub use edge::{Edge, Rate, Service};
pub use host::HostView;
pub use node::{HostIndex, Node, NodeKey};

use self::changes::Journal;
use self::edge::Edges;
use self::ends::Ends;
use self::host::Host;
use self::links::Links;
use self::node::Nodes;
use crate::identity::{NetnsId, ProcessId, SocketId};
use crate::network::Network;
use crate::process::Process;
use crate::text::Text;

/// The petgraph that is drawn: an edge leads from the client's node to the server's.
pub type Graph = StableDiGraph<Node, Edge>;

/// The graph and what explains it.
#[derive(Debug, Default)]
pub struct Topology {
    graph: Graph,
    nodes: Nodes,
    edges: Edges,
    ends: Ends,
    links: Links,
    listeners: BTreeMap<(HostIndex, SocketId), Listener>,
    hosts: Vec<Host>,
    /// Of the same hosts in the same order.
    views: Vec<HostView>,
    next_connection: u64,
    journal: Journal,
}

impl Topology {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The graph. Its edges are the pairs of nodes that talk, one a service.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What a node stands for.
    pub fn key(&self, node: NodeIndex) -> Option<&NodeKey> {
        self.nodes.key(node)
    }

    /// Where something is in the graph now.
    pub fn node(&self, key: &NodeKey) -> Option<NodeIndex> {
        self.nodes.find(key)
    }

    /// The container's node of a process's node.
    pub fn container_of(&self, node: NodeIndex) -> Option<NodeIndex> {
        self.nodes.container(node)
    }

    /// What is known of a process, also of one that has no node because it only shares another's socket.
    pub fn process(&self, host: HostIndex, process: ProcessId) -> Option<&Process> {
        self.hosts.get(usize::from(host.0))?.processes.get(&process)
    }

    /// A connection.
    pub fn connection(&self, id: ConnectionId) -> Option<&Connection> {
        Some(&self.links.get(self.links.find(id)?)?.view)
    }

    /// All connections, in the order in which they came.
    pub fn connections(&self) -> impl Iterator<Item = &Connection> {
        self.links.iter().map(|link| &link.view)
    }

    /// All listeners, in the order in which they came, host by host.
    pub fn listeners(&self) -> impl Iterator<Item = &Listener> {
        self.listeners.values()
    }

    /// The names of a namespace; empty where it has none.
    pub fn namespace_names(&self, host: HostIndex, netns: NetnsId) -> &[Text] {
        let names = self.hosts.get(usize::from(host.0)).and_then(|host| host.namespaces.get(&netns));
        names.map_or(&[], Vec::as_slice)
    }

    /// The addresses and routes of a namespace; `None` where they are not known.
    pub fn network(&self, host: HostIndex, netns: NetnsId) -> Option<&Network> {
        self.hosts.get(usize::from(host.0))?.networks.get(&netns)
    }

    /// The hosts, each with the newest tick's moment, counts and source.
    pub fn hosts(&self) -> &[HostView] {
        &self.views
    }
}
