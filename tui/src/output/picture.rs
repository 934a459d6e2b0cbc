//! What of a topology is printed: the part that the filter lets through.

use std::fmt;

use petgraph::stable_graph::NodeIndex;
use petgraph::visit::{EdgeRef as _, IntoEdgeReferences as _};
use rustc_hash::{FxHashMap, FxHashSet};
use scopetop_tracker::filter::{Filter, Subject};
use scopetop_tracker::topology::grouping::{Forest, ShownKey, Sieve};
use scopetop_tracker::topology::{Connection, HostView, Listener, Node, NodeKey, Topology};

use crate::view::{Look, View};

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
        let nodes = topology
            .graph()
            .node_indices()
            .filter(|&node| filter.matches(&Subject::of_node(topology, node)))
            .collect();
        Self::of(topology, nodes, connections, listeners)
    }

    /// What a view shows: the connections of its edges and who listens among its nodes, as far as they are let through,
    /// and the nodes that these belong to. The view is of this topology, by that look.
    pub fn shown(topology: &'a Topology, view: &View, look: Look<'_>) -> Self {
        let now = topology.hosts().first().map(|host| host.at).unwrap_or_default();
        let graph = topology.graph();
        let Sieve { filter, protocols } = look.sieve;
        let holds = |subject: &dyn Fn(&Filter) -> bool| filter.is_none_or(subject);
        let mut forest = Forest::new(topology, look.grouping);
        let places: FxHashMap<NodeIndex, usize> = graph
            .node_indices()
            .filter_map(|node| Some((node, view.node_place(&forest.shown(node)?)?)))
            .collect();
        let edges: FxHashSet<_> =
            view.edges.iter().map(|edge| (edge.client, edge.server, &edge.at)).collect();
        let is_shown = |client, server, service| match (places.get(&client), places.get(&server)) {
            (Some(&client), Some(&server)) => edges.contains(&(client, server, service)),
            _ => false,
        };
        let mut connections: Vec<_> = graph
            .edge_references()
            .filter(|edge| is_shown(edge.source(), edge.target(), &edge.weight().service))
            .flat_map(|edge| &edge.weight().connections)
            .filter_map(|&id| topology.connection(id))
            .filter(|connection| {
                holds(&|filter| filter.matches(&Subject::of_connection(topology, connection, now)))
            })
            .collect();
        connections.sort_unstable_by_key(|connection| connection.id);
        let listeners: Vec<_> = topology
            .listeners()
            .filter(|listener| {
                protocols.has(listener.protocol)
                    && listener.nodes.iter().any(|node| places.contains_key(node))
                    && holds(&|filter| filter.matches(&Subject::of_listener(topology, listener)))
            })
            .collect();
        // One that stands by itself is there because it is shown; of a group, who has a part in what is shown and who
        // matches by itself.
        let by_itself = |node: NodeIndex| match topology.key(node) {
            Some(key) if view.node_place(&ShownKey::Node(key.clone())).is_some() => true,
            Some(_) => {
                places.contains_key(&node)
                    && protocols.is_all()
                    && holds(&|filter| filter.matches(&Subject::of_node(topology, node)))
            }
            None => false,
        };
        let nodes = graph.node_indices().filter(|&node| by_itself(node)).collect();
        Self::of(topology, nodes, connections, listeners)
    }

    /// The nodes, those of the connections and listeners, and the containers of all these.
    fn of(
        topology: &'a Topology,
        mut shown: FxHashSet<NodeIndex>,
        connections: Vec<&'a Connection>,
        listeners: Vec<&'a Listener>,
    ) -> Self {
        shown.extend(
            connections.iter().flat_map(|connection| [connection.client.node, connection.server.node]),
        );
        shown.extend(listeners.iter().flat_map(|listener| &listener.nodes));
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use scopetop_tracker::connection::Protocol;
    use scopetop_tracker::topology::grouping::{By, Grouping, Protocols};

    use super::*;
    use crate::output::fixture::{everything, topology};
    use crate::view::build;

    fn told(picture: &Picture<'_>) -> (Vec<String>, Vec<u64>, usize) {
        let ids = picture.nodes.iter().filter_map(|&node| picture.id(node));
        let connections = picture.connections.iter().map(|connection| connection.id.0);
        (ids.map(|id| id.to_string()).collect(), connections.collect(), picture.listeners.len())
    }

    #[test]
    fn a_view_of_everything_is_everything_however_it_is_grouped() {
        let topology = topology();
        let whole = told(&Picture::new(&topology, &everything()));
        assert_eq!((whole.1.len(), whole.2), (6, 1));
        for by in By::ALL {
            let grouping = Grouping::new(by);
            let look = Look { grouping: &grouping, sieve: Sieve::default() };
            assert_eq!(told(&Picture::shown(&topology, &build(&topology, look), look)), whole, "{by:?}");
        }
    }

    #[test]
    fn of_a_filtered_view_it_is_what_the_filter_lets_through() {
        let topology = topology();
        let filter = Filter::parse("port=8443").unwrap();
        for by in [By::Process, By::Container] {
            let grouping = Grouping::new(by);
            let look =
                Look { grouping: &grouping, sieve: Sieve { filter: Some(&filter), ..Sieve::default() } };
            let shown = told(&Picture::shown(&topology, &build(&topology, look), look));
            assert_eq!(shown, told(&Picture::new(&topology, &filter)), "{by:?}");
        }
    }

    #[test]
    fn what_a_view_leaves_out_is_left_out() {
        let topology = topology();
        let grouping = Grouping::default();
        let mut protocols = Protocols::default();
        protocols.toggle(Protocol::Tcp);
        let look = Look { grouping: &grouping, sieve: Sieve { filter: None, protocols } };
        let view = build(&topology, look);
        assert_eq!(told(&Picture::shown(&topology, &view, look)), (vec![], vec![], 0));
        // As a focus does: one edge and its ends.
        let look = Look { grouping: &grouping, sieve: Sieve::default() };
        let mut view = build(&topology, look);
        view.edges.retain(|edge| &*edge.service == ":8443");
        let ends: Vec<_> = view.edges.iter().flat_map(|edge| [edge.client, edge.server]).collect();
        let keys: Vec<_> = ends.iter().map(|&end| view.nodes[end].key.clone()).collect();
        view.nodes.retain(|node| keys.contains(&node.key));
        let place = |key| view.nodes.iter().position(|node| node.key == key).unwrap();
        let (client, server) = (place(keys[0].clone()), place(keys[1].clone()));
        (view.edges[0].client, view.edges[0].server) = (client, server);
        let (nodes, connections, _) = told(&Picture::shown(&topology, &view, look));
        assert_eq!(nodes, ["process:900@5000", "remote:10.0.3.7"]);
        assert_eq!(connections.len(), 1);
    }
}
