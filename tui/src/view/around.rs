//! The part of a view that is around one of its nodes.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

use super::{Lineage, ShownKey, View};

/// What a part of a view leaves out of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Nodes.
    pub nodes: usize,
    /// Connections.
    pub connections: usize,
}

/// A node, and all that is at most so many edges away from it, whichever way they lead. Empty where the view does not
/// have the node.
pub(crate) fn around(view: &View, center: &ShownKey, steps: usize) -> FxHashSet<ShownKey> {
    let Some(center) = view.node_place(center) else { return FxHashSet::default() };
    let mut neighbours: Vec<Vec<usize>> = vec![Vec::new(); view.nodes.len()];
    for edge in &view.edges {
        neighbours[edge.client].push(edge.server);
        neighbours[edge.server].push(edge.client);
    }
    let mut far = vec![None; view.nodes.len()];
    far[center] = Some(0);
    let mut next = VecDeque::from([(center, 0)]);
    while let Some((node, distance)) = next.pop_front() {
        if distance == steps {
            break;
        }
        for &neighbour in &neighbours[node] {
            if far[neighbour].is_none() {
                far[neighbour] = Some(distance + 1);
                next.push_back((neighbour, distance + 1));
            }
        }
    }
    let near = view.nodes.iter().zip(&far).filter(|(_, far)| far.is_some());
    near.map(|(node, _)| node.key.clone()).collect()
}

/// The part of a view that has only some of its nodes, with the edges between them, and what that leaves out. All else
/// is said as of the whole.
pub(crate) fn part(view: &View, kept: &FxHashSet<ShownKey>) -> (View, LeftOut) {
    let mut places = Vec::with_capacity(view.nodes.len());
    let mut nodes = Vec::with_capacity(kept.len().min(view.nodes.len()));
    for node in &view.nodes {
        let is_kept = kept.contains(&node.key);
        places.push(is_kept.then_some(nodes.len()));
        if is_kept {
            nodes.push(node.clone());
        }
    }
    let mut left_out = LeftOut { nodes: view.nodes.len() - nodes.len(), connections: 0 };
    let mut edges = Vec::new();
    for edge in &view.edges {
        if let (Some(client), Some(server)) = (places[edge.client], places[edge.server]) {
            let mut edge = edge.clone();
            (edge.client, edge.server) = (client, server);
            edges.push(edge);
        } else {
            left_out.connections += edge.connections();
        }
    }
    let (hidden, totals, host) = (view.hidden, view.totals, view.host.clone());
    let part = View {
        nodes,
        edges,
        hidden,
        totals,
        host,
        searched: view.searched.clone(),
        lineage: Lineage::default(),
    };
    (part, left_out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use scopetop_tracker::topology::grouping::{Grouping, Sieve};

    use super::*;
    use crate::fixture;
    use crate::view::{Look, build};

    fn view() -> View {
        let grouping = Grouping::default();
        build(&fixture::topology(), Look { grouping: &grouping, sieve: Sieve::default() })
    }

    fn key(view: &View, label: &str) -> ShownKey {
        view.nodes.iter().find(|node| node.label == label).unwrap().key.clone()
    }

    fn labels(view: &View, keys: &FxHashSet<ShownKey>) -> Vec<String> {
        let labels = view.nodes.iter().filter(|node| keys.contains(&node.key));
        labels.map(|node| node.label.clone()).collect()
    }

    #[test]
    fn goes_as_far_as_it_is_told_along_edges_either_way() {
        let view = view();
        let around = |label, steps| labels(&view, &around(&view, &key(&view, label), steps));
        assert_eq!(around("192.168.7.41", 0), ["192.168.7.41"]);
        assert_eq!(around("192.168.7.41", 1), ["redis-server 620", "192.168.7.41"]);
        assert_eq!(
            around("192.168.7.41", 2),
            ["redis-server 620", "cron-job 9921", "192.168.7.41"],
            "who calls the same one, but not whom that calls"
        );
        assert_eq!(around("192.168.7.41", 9).len(), 5);
        assert_eq!(around("postgres 5120", 2), ["nginx 4121", "postgres 5120", "203.0.113.9"]);
    }

    #[test]
    fn nothing_is_around_what_is_gone() {
        let view = view();
        let gone = key(&view, "nginx 4121");
        assert!(around(&View::default(), &gone, 2).is_empty());
    }

    #[test]
    fn a_part_has_the_edges_between_its_nodes_and_counts_the_rest() {
        let view = view();
        let kept = ["nginx 4121", "postgres 5120", "curl 10412"].map(|label| key(&view, label));
        let (part, left_out) = part(&view, &kept.into_iter().collect());
        assert_eq!(part.nodes.len(), 3);
        let label = |place: usize| part.nodes[place].label.as_str();
        let edges: Vec<_> = part.edges.iter().map(|edge| (label(edge.client), label(edge.server))).collect();
        assert_eq!(edges, [("nginx 4121", "postgres 5120")]);
        let all: usize = view.edges.iter().map(crate::view::ViewEdge::connections).sum();
        let shown: usize = part.edges.iter().map(crate::view::ViewEdge::connections).sum();
        assert_eq!(left_out, LeftOut { nodes: view.nodes.len() - 3, connections: all - shown });
        assert_eq!((part.totals, part.hidden, &part.host), (view.totals, view.hidden, &view.host));
        assert!(part.nodes.is_sorted_by(|one, other| one.key < other.key), "else no key is found in it");
    }
}
