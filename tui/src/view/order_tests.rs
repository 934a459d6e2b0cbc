//! In what order the edges of a view are.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use proptest::prelude::*;
use scopetop_tracker::topology::grouping::By;

use super::*;
use crate::fixture;

/// The rank of each node by its name, as it is meant: every name compared with every other.
fn meant(nodes: &[ViewNode]) -> Vec<usize> {
    let key = |place: usize| {
        let node = &nodes[place];
        let kind = match node.kind {
            NodeKind::Process | NodeKind::Container | NodeKind::Group => 0,
            NodeKind::Unknown => 1,
            NodeKind::Remote => 2,
        };
        let word = match node.kind {
            NodeKind::Remote => String::new(),
            _ => node.label.rsplit_once(' ').map_or(&*node.label, |(name, _)| name).to_lowercase(),
        };
        (kind, word, place)
    };
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by_key(|&place| key(place));
    (0..nodes.len()).map(|node| order.iter().position(|&place| place == node).unwrap()).collect()
}

#[test]
fn edges_are_in_the_order_of_their_names() {
    for by in By::ALL {
        for topology in [fixture::topology(), fixture::shop(), fixture::after(&[fixture::crowd(40, 30)])] {
            let grouping = Grouping::new(by);
            let view = build(&topology, Look { grouping: &grouping, sieve: Sieve::default() });
            let ranks = meant(&view.nodes);
            let keys: Vec<_> =
                view.edges.iter().map(|edge| (ranks[edge.client], ranks[edge.server], &edge.at)).collect();
            assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "{by:?}: {keys:?}");
            assert!(view.edges.iter().all(|edge| *edge.service == *service_label(&edge.at)));
        }
    }
}

proptest! {
    #[test]
    fn names_rank_as_meant(
        names in prop::collection::vec(
            ("[aAbB]{1,2}( [0-9]{1,2})?",
             prop::sample::select(&[NodeKind::Process, NodeKind::Remote, NodeKind::Unknown, NodeKind::Group][..])),
            0..40,
        )
    ) {
        let topology = fixture::topology();
        let grouping = Grouping::default();
        let view = build(&topology, Look { grouping: &grouping, sieve: Sieve::default() });
        let nodes = names.into_iter().map(|(label, kind)| ViewNode { label, kind, ..view.nodes[0].clone() });
        let nodes: Vec<ViewNode> = nodes.collect();
        let ranks: Vec<usize> = name_ranks(&nodes).into_iter().map(|rank| rank as usize).collect();
        prop_assert_eq!(ranks, meant(&nodes));
    }
}
