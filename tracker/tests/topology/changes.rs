//! What a topology does not say to have changed is as it was.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::stable_graph::{EdgeIndex, NodeIndex};
use petgraph::visit::{EdgeRef as _, IntoEdgeReferences as _};
use proptest::prelude::*;
use scopetop_tracker::topology::{Connection, Edge, Listener, Node, NodeKey, Revision, Topology};

use crate::script::{add_line, tick};

/// An edge with its ends and connections.
type Told = (NodeIndex, NodeIndex, Edge, Vec<Connection>);

/// All that can be made of a topology's graph.
pub(crate) struct Snapshot {
    revision: Revision,
    nodes: BTreeMap<NodeIndex, (NodeKey, Node, Option<NodeIndex>)>,
    edges: BTreeMap<EdgeIndex, Told>,
    listeners: Vec<Listener>,
}

impl Snapshot {
    pub(crate) fn of(topology: &Topology) -> Self {
        let graph = topology.graph();
        let node = |node| {
            let (key, container) = (topology.key(node).unwrap().clone(), topology.container_of(node));
            (node, (key, graph[node].clone(), container))
        };
        let edges = graph.edge_references().map(|edge| {
            let connections =
                edge.weight().connections.iter().map(|&id| topology.connection(id).unwrap().clone());
            (edge.id(), (edge.source(), edge.target(), edge.weight().clone(), connections.collect()))
        });
        Self {
            revision: topology.revision().clone(),
            nodes: graph.node_indices().map(node).collect(),
            edges: edges.collect(),
            listeners: topology.listeners().cloned().collect(),
        }
    }

    /// That this one and what the topology says to have changed since then make what it is now.
    pub(crate) fn check(&self, topology: &Topology) -> Result<(), TestCaseError> {
        let Some(changes) = topology.changes_since(&self.revision) else { return Ok(()) };
        let now = Self::of(topology);
        for edge in self.edges.keys().chain(now.edges.keys()) {
            if !changes.edges.contains(edge) {
                prop_assert_eq!(self.edges.get(edge), now.edges.get(edge));
            }
        }
        for node in self.nodes.keys().chain(now.nodes.keys()) {
            if !changes.nodes.contains(node) {
                prop_assert_eq!(self.nodes.get(node), now.nodes.get(node));
            }
        }
        if !changes.listeners {
            prop_assert_eq!(&self.listeners, &now.listeners);
        }
        Ok(())
    }
}

#[test]
fn only_the_last_tick_is_told_of() {
    let mut topology = Topology::new();
    topology.apply(&tick("a", 0));
    let nothing = topology.revision().clone();
    let mut first = tick("a", 1);
    add_line(&mut first, "+ 1 1 10.0.0.1:1000 > 10.0.0.2:80 established pids=1");
    topology.apply(&first);
    let changes = topology.changes_since(&nothing).unwrap();
    let nodes: BTreeSet<NodeIndex> = changes.nodes.iter().copied().collect();
    let edges: BTreeSet<EdgeIndex> = changes.edges.iter().copied().collect();
    assert_eq!((nodes.len(), edges.len(), changes.listeners), (2, 1, false));
    let before = topology.revision().clone();
    let changes = topology.changes_since(&before).unwrap();
    assert_eq!((changes.nodes.len(), changes.edges.len()), (0, 0), "no tick passed");
    topology.apply(&tick("a", 1));
    let changes = topology.changes_since(&before).unwrap();
    assert_eq!(
        (changes.nodes.len(), changes.edges.len(), changes.listeners),
        (0, 1, false),
        "it is new no more"
    );
    assert!(topology.changes_since(&nothing).is_none(), "two ticks ago");
    assert!(topology.changes_since(Topology::new().revision()).is_none(), "another topology");
    assert!(before != *topology.revision() && *topology.revision() == topology.revision().clone());
}

#[test]
fn facts_that_many_nodes_stand_on_are_not_told_one_by_one() {
    let mut topology = Topology::new();
    let mut first = tick("a", 0);
    add_line(&mut first, "process 1 web in x");
    add_line(&mut first, "+ 1 1 10.0.0.1:1000 > 10.0.0.2:80 established pids=1");
    topology.apply(&first);
    let before = topology.revision().clone();
    let mut other = tick("a", 1);
    add_line(&mut other, "process 1 web in x");
    other.containers[0].image = Some("other:2".into());
    topology.apply(&other);
    assert!(topology.changes_since(&before).is_none());
    let before = topology.revision().clone();
    topology.apply(&tick("a", 2));
    assert!(topology.changes_since(&before).is_some());
    let mut named = tick("a", 3);
    add_line(&mut named, "network 1 10.0.0.1");
    named.namespaces[0].names = vec!["blue".into()];
    let before = topology.revision().clone();
    topology.apply(&named);
    assert!(topology.changes_since(&before).is_none());
}
