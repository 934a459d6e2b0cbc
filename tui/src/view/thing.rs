//! What a selection means whatever the grouping: one node or edge of the topology, which each grouping shows somewhere.

use std::cmp::Reverse;

use petgraph::stable_graph::NodeIndex;
use petgraph::visit::{EdgeRef as _, IntoEdgeReferences as _};
use scopetop_tracker::topology::grouping::{Forest, GroupKey, Grouping, ShownKey};
use scopetop_tracker::topology::{Edge, NodeKey, Service, Topology};

use super::{EdgeKey, Selection};

/// A node or an edge of the topology.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A node.
    Node(NodeKey),
    /// An edge: its client, its server and the service.
    Edge(NodeKey, NodeKey, Service),
}

impl Thing {
    /// What stands for a selection: of a group the member with most open connections, of an added-up edge its largest part.
    pub fn of(topology: &Topology, grouping: &Grouping, selection: &Selection) -> Option<Self> {
        match selection {
            Selection::Node(ShownKey::Node(key)) => Some(Self::Node(key.clone())),
            Selection::Node(ShownKey::Group(group)) => busiest(topology, grouping, group).map(Self::Node),
            Selection::Edge(key) => largest(topology, grouping, key),
        }
    }

    /// What a grouping shows for it; `None` where it is gone.
    pub fn shown(&self, topology: &Topology, grouping: &Grouping) -> Option<Selection> {
        let mut forest = Forest::new(topology, grouping);
        let mut shown = |key: &NodeKey| forest.shown(topology.node(key)?);
        Some(match self {
            Self::Node(key) => Selection::Node(shown(key)?),
            Self::Edge(client, server, service) => Selection::Edge(EdgeKey {
                client: shown(client)?,
                server: shown(server)?,
                service: service.clone(),
            }),
        })
    }
}

fn busiest(topology: &Topology, grouping: &Grouping, group: &GroupKey) -> Option<NodeKey> {
    let key = ShownKey::Group(group.clone());
    let mut forest = Forest::new(topology, grouping);
    let graph = topology.graph();
    let members = graph.node_indices().filter(|&node| forest.is_shown_as(node, &key));
    // Of what is still open: whatever ended leaves with the next tick.
    let open = |node| {
        let both = graph.edges(node).chain(graph.edges_directed(node, petgraph::Direction::Incoming));
        both.map(|edge| edge.weight().open).sum::<usize>()
    };
    let busiest = members.filter_map(|node| Some((open(node), Reverse(topology.key(node)?)))).max();
    busiest.map(|(_, Reverse(key))| key.clone())
}

fn largest(topology: &Topology, grouping: &Grouping, key: &EdgeKey) -> Option<Thing> {
    if let (ShownKey::Node(client), ShownKey::Node(server)) = (&key.client, &key.server) {
        return Some(Thing::Edge(client.clone(), server.clone(), key.service.clone()));
    }
    let ends = |(client, server, edge): (_, _, &Edge)| {
        Some((edge.open, Reverse((topology.key(client)?, topology.key(server)?))))
    };
    let (_, Reverse((client, server))) = edges_of(topology, grouping, key).filter_map(ends).max()?;
    Some(Thing::Edge(client.clone(), server.clone(), key.service.clone()))
}

/// The edges of a topology that are added up in a shown one.
pub(super) fn edges_of<'t>(
    topology: &'t Topology,
    grouping: &'t Grouping,
    key: &'t EdgeKey,
) -> impl Iterator<Item = (NodeIndex, NodeIndex, &'t Edge)> {
    let mut forest = Forest::new(topology, grouping);
    topology
        .graph()
        .edge_references()
        .filter(move |edge| {
            edge.weight().service == key.service
                && forest.is_shown_as(edge.source(), &key.client)
                && forest.is_shown_as(edge.target(), &key.server)
        })
        .map(|edge| (edge.source(), edge.target(), edge.weight()))
}
