//! What of a topology is printed: the part that the filter lets through.

use std::fmt;

use petgraph::stable_graph::NodeIndex;
use rustc_hash::FxHashSet;
use scopetop_tracker::filter::{Filter, Subject};
use scopetop_tracker::topology::{Connection, HostView, Listener, Node, NodeKey, Topology};

/// One picture, ready to print in any format.
#[derive(Debug)]
pub struct Picture<'a> {
    /// Where it is from.
    pub topology: &'a Topology,
    /// The nodes, in the graph's order.
    pub nodes: Vec<NodeIndex>,
    /// The connections, in the order in which they came.
    pub connections: Vec<&'a Connection>,
    /// The listeners, in the order in which they came.
    pub listeners: Vec<&'a Listener>,
}

impl<'a> Picture<'a> {
    /// The connections and listeners that match, their nodes, the nodes that match by themselves, and the containers
    /// of all these.
    pub fn new(topology: &'a Topology, filter: &Filter) -> Self {
        let now = topology.hosts().first().map(|host| host.at).unwrap_or_default();
        let connections: Vec<_> = topology
            .connections()
            .filter(|connection| filter.matches(&Subject::of_connection(topology, connection, now)))
            .collect();
        let listeners: Vec<_> = topology
            .listeners()
            .filter(|listener| filter.matches(&Subject::of_listener(topology, listener)))
            .collect();
        let mut shown: FxHashSet<NodeIndex> = FxHashSet::default();
        shown.extend(
            connections.iter().flat_map(|connection| [connection.client.node, connection.server.node]),
        );
        shown.extend(listeners.iter().flat_map(|listener| &listener.nodes));
        shown.extend(
            topology.graph().node_indices().filter(|&node| filter.matches(&Subject::of_node(topology, node))),
        );
        let containers: Vec<_> = shown.iter().filter_map(|&node| topology.container_of(node)).collect();
        shown.extend(containers);
        let nodes = topology.graph().node_indices().filter(|node| shown.contains(node)).collect();
        Self { topology, nodes, connections, listeners }
    }

    /// The host that the picture is of; `None` before the first tick.
    pub fn host(&self) -> Option<&'a HostView> {
        self.topology.hosts().first()
    }

    /// A node.
    pub fn node(&self, node: NodeIndex) -> Option<&'a Node> {
        self.topology.graph().node_weight(node)
    }

    /// What the interface calls a node; `None` for the unknown holder of sockets, which is nobody.
    pub fn id(&self, node: NodeIndex) -> Option<NodeId<'a>> {
        match self.topology.key(node)? {
            NodeKey::Unknown(..) => None,
            key => Some(NodeId(key)),
        }
    }
}

/// What the interface calls a node: `process:PID@STARTED`, `container:ID`, `remote:ADDRESS` or, for an address that
/// means something else in each network namespace, `remote:ADDRESS@NETNS`. `STARTED` is in hundredths of a second since boot.
#[derive(Clone, Copy, Debug)]
pub struct NodeId<'a>(pub &'a NodeKey);

impl fmt::Display for NodeId<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            NodeKey::Process(_, id) => write!(formatter, "process:{}@{}", id.pid, id.started),
            NodeKey::Container(_, id) => write!(formatter, "container:{}", id.0),
            NodeKey::Remote(None, address) => write!(formatter, "remote:{address}"),
            NodeKey::Remote(Some((_, netns)), address) => write!(formatter, "remote:{address}@{netns}"),
            NodeKey::Unknown(_, netns) => write!(formatter, "unknown:{netns}"),
        }
    }
}
