//! The connections of a thing: those that an end of it has, as far as they are let through.

use petgraph::stable_graph::NodeIndex;
use petgraph::visit::{EdgeRef as _, IntoEdgeReferences as _};
use rustc_hash::FxHashSet;
use scopetop_tracker::filter::Subject;
use scopetop_tracker::identity::Timestamp;
use scopetop_tracker::topology::grouping::Sieve;
use scopetop_tracker::topology::{Connection, Edge, Topology};

use super::Known;
use crate::view::thing::edges_of;
use crate::view::{EdgeKey, Look, View};

/// An edge of the topology with its ends.
pub(super) type Ends<'t> = (NodeIndex, NodeIndex, &'t Edge);

/// The edges that some nodes are an end of, each once.
pub(super) fn of_nodes<'t>(topology: &'t Topology, nodes: &FxHashSet<NodeIndex>) -> Vec<Ends<'t>> {
    let graph = topology.graph();
    let ends =
        |edge: petgraph::stable_graph::EdgeReference<'t, Edge>| (edge.source(), edge.target(), edge.weight());
    if let (Some(&node), 1) = (nodes.iter().next(), nodes.len()) {
        let outward = graph.edges(node);
        let inward = graph.edges_directed(node, petgraph::Direction::Incoming);
        // One to itself is in both.
        return outward.chain(inward.filter(|edge| edge.source() != edge.target())).map(ends).collect();
    }
    let touches = |(client, server, _): &Ends<'_>| nodes.contains(client) || nodes.contains(server);
    graph.edge_references().map(ends).filter(touches).collect()
}

/// The connections of an edge that are let through.
pub(super) fn connections<'t>(known: Known<'t>, edge: &Edge) -> impl Iterator<Item = &'t Connection> {
    let_through(known.topology, known.look, known.now(), edge)
}

/// The connections that a shown edge stands for, in no order.
pub(crate) fn connections_of<'t>(
    topology: &'t Topology,
    view: &View,
    look: Look<'_>,
    key: &EdgeKey,
) -> Vec<&'t Connection> {
    let now = view.host.as_ref().map_or(Timestamp(0), |host| host.at);
    edges_of(topology, look.grouping, key)
        .flat_map(|(.., edge)| let_through(topology, look, now, edge))
        .collect()
}

fn let_through<'t>(
    topology: &'t Topology,
    look: Look<'_>,
    now: Timestamp,
    edge: &Edge,
) -> impl Iterator<Item = &'t Connection> {
    let Sieve { filter, protocols } = look.sieve;
    let ids = if protocols.has(edge.service.protocol()) { edge.connections.as_slice() } else { &[] };
    ids.iter().filter_map(|&id| topology.connection(id)).filter(move |connection| {
        filter.is_none_or(|filter| filter.matches(&Subject::of_connection(topology, connection, now)))
    })
}
