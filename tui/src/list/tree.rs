//! The tree: groups, the nodes in them, the edges at these.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Row;
use crate::view::{GroupKey, ShownKey, View, ViewEdge};

/// The row of an open group.
#[derive(Clone, Debug, PartialEq)]
pub struct Heading {
    /// What it is called. Safe to show.
    pub label: Arc<str>,
    /// Its network namespace, where its name does not tell. Safe to show.
    pub netns: Option<Arc<str>>,
    /// How many nodes stand in it.
    pub nodes: usize,
}

/// The nodes whose edges are not shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Folds(FxHashSet<ShownKey>);

impl Folds {
    pub(super) fn has(&self, node: &ShownKey) -> bool {
        !self.0.is_empty() && self.0.contains(node)
    }

    pub(super) fn set(&mut self, node: &ShownKey, folded: bool) {
        if folded {
            self.0.insert(node.clone());
        } else {
            self.0.remove(node);
        }
    }
}

/// The rows: groups in the order of their keys, addresses after all that is on the host, as in the table; nodes and edges in an
/// order that is given.
pub(super) fn rows(
    view: &View,
    nodes_in_order: &[u32],
    edges_in_order: &[u32],
    folds: &Folds,
) -> (Vec<Row>, Vec<Heading>) {
    let edges_of = Buckets::new(
        view.nodes.len(),
        edges_in_order.iter().flat_map(|&edge| {
            let ends = view.edges.get(edge as usize).into_iter().flat_map(ViewEdge::ends);
            ends.map(move |end| (end, edge))
        }),
    );
    let mut groups: FxHashMap<&GroupKey, usize> = FxHashMap::default();
    for node in &view.nodes {
        let next = groups.len();
        groups.entry(&node.group).or_insert(next);
    }
    let nodes_of = Buckets::new(
        groups.len(),
        nodes_in_order.iter().filter_map(|&node| {
            let group = &view.nodes.get(node as usize)?.group;
            Some((*groups.get(group)?, node))
        }),
    );
    let is_outside = |key: &GroupKey| matches!(key, GroupKey::Internet | GroupKey::Network | GroupKey::Own);
    let mut keys: Vec<(bool, &GroupKey, usize)> =
        groups.into_iter().map(|(key, group)| (is_outside(key), key, group)).collect();
    keys.sort_unstable();

    let mut rows = Vec::with_capacity(keys.len() + view.nodes.len() + edges_of.len());
    let mut headings = Vec::with_capacity(keys.len());
    for (_, _, group) in keys {
        let nodes = nodes_of.get(group);
        let Some(first) = nodes.first().and_then(|&node| view.nodes.get(node as usize)) else { continue };
        rows.push(Row::Group(headings.len() as u32));
        headings.push(Heading {
            label: Arc::clone(&first.group_label),
            netns: first.group_netns.clone(),
            nodes: nodes.len(),
        });
        for &node in nodes {
            rows.push(Row::Node(node));
            let is_folded = view.nodes.get(node as usize).is_none_or(|shown| folds.has(&shown.key));
            if !is_folded {
                let edges = edges_of.get(node as usize).iter();
                rows.extend(edges.map(|&edge| Row::Edge { edge, under: node }));
            }
        }
    }
    (rows, headings)
}

/// Items by the bucket that they are in, in the order in which they came.
struct Buckets {
    items: Vec<u32>,
    /// Where each bucket begins; one more for the end.
    starts: Vec<usize>,
}

impl Buckets {
    fn new(buckets: usize, items: impl Iterator<Item = (usize, u32)> + Clone) -> Self {
        let mut starts = vec![0; buckets + 1];
        for (bucket, _) in items.clone() {
            starts[bucket + 1] += 1;
        }
        for bucket in 0..buckets {
            starts[bucket + 1] += starts[bucket];
        }
        let mut next = starts.clone();
        let mut sorted = vec![0; starts[buckets]];
        for (bucket, item) in items {
            sorted[next[bucket]] = item;
            next[bucket] += 1;
        }
        Self { items: sorted, starts }
    }

    fn get(&self, bucket: usize) -> &[u32] {
        match self.starts.get(bucket..=bucket + 1) {
            Some(&[start, end]) => &self.items[start..end],
            _ => &[],
        }
    }

    fn len(&self) -> usize {
        self.items.len()
    }
}
