//! The graph of the groups alone: one node a group, the edges between two groups added up.

use rustc_hash::FxHashMap;
use scopetop_tracker::topology::Service;

use crate::human;
use crate::view::{
    EdgeKey, EdgeState, GroupKey, NodeKind, NodeState, Selection, ShownKey, View, ViewEdge, ViewNode,
    busy_from,
};

/// A view whose nodes are the groups of another.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// The groups. A node of the other view that is a group itself, collapsed, is one of them.
    pub(super) view: View,
    /// The nodes of the other view, in order.
    keys: Vec<ShownKey>,
    /// For each of them, its group's place among the nodes of this view.
    of: Vec<usize>,
    /// For each group, its node with most connections, by its place in the other view.
    busiest: Vec<usize>,
    /// For each edge of this view, the first that it stands for, by its place in the other view.
    firsts: Vec<usize>,
}

/// What stands for a node among the groups.
fn key_of(node: &ViewNode) -> ShownKey {
    match (&node.key, &node.group) {
        // Where collapsed groups stand that are in no other is no group.
        (ShownKey::Group(_), GroupKey::Top(_)) => node.key.clone(),
        _ => ShownKey::Group(node.group.clone()),
    }
}

impl Groups {
    pub(super) fn new(view: &View) -> Self {
        let mut groups: Vec<(ShownKey, usize)> = Vec::new();
        let mut known: FxHashMap<&GroupKey, usize> = FxHashMap::default();
        let mut of: Vec<usize> = Vec::with_capacity(view.nodes.len());
        for (place, node) in view.nodes.iter().enumerate() {
            let new = groups.len();
            let group = match (&node.key, &node.group) {
                (ShownKey::Group(_), GroupKey::Top(_)) => new,
                _ => *known.entry(&node.group).or_insert(new),
            };
            if group == new {
                groups.push((key_of(node), place));
            }
            of.push(group);
        }
        // In the order of the keys, as in every view.
        let mut order: Vec<usize> = (0..groups.len()).collect();
        order.sort_by(|&a, &b| groups[a].0.cmp(&groups[b].0));
        let mut place_of = vec![0; groups.len()];
        for (place, &group) in order.iter().enumerate() {
            place_of[group] = place;
        }
        for group in &mut of {
            *group = place_of[*group];
        }
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); groups.len()];
        for (node, &group) in of.iter().enumerate() {
            members[group].push(node);
        }
        let mut nodes: Vec<ViewNode> = order
            .iter()
            .zip(&members)
            .map(|(&group, members)| group_node(view, groups[group].0.clone(), members))
            .collect();
        let (edges, firsts) = added_up(view, &of);
        for edge in &edges {
            for end in edge.ends() {
                nodes[end].connections += edge.connections();
            }
            if edge.client == edge.server {
                nodes[edge.client].inside += edge.connections();
            }
        }
        let busiest = members
            .iter()
            .map(|members| {
                members
                    .iter()
                    .copied()
                    .rev()
                    .max_by_key(|&node| view.nodes[node].connections)
                    .unwrap_or_default()
            })
            .collect();
        let keys = view.nodes.iter().map(|node| node.key.clone()).collect();
        let view = View { nodes, edges, hidden: view.hidden, totals: view.totals, ..View::default() };
        Self { view, keys, of, busiest, firsts }
    }

    /// The group of a node.
    pub(super) fn group(&self, node: &ShownKey) -> Option<&ShownKey> {
        let group = *self.of.get(self.keys.binary_search(node).ok()?)?;
        self.view.nodes.get(group).map(|group| &group.key)
    }

    /// The node with most connections of a group.
    pub(super) fn busiest(&self, group: &ShownKey) -> Option<&ShownKey> {
        self.keys.get(*self.busiest.get(self.view.node_place(group)?)?)
    }

    /// What a group means in the other view, by its place in this one: its node with most connections.
    pub(super) fn node(&self, group: usize) -> Option<Selection> {
        self.keys.get(*self.busiest.get(group)?).cloned().map(Selection::Node)
    }

    /// What an edge between groups means in the other view, by its place in this one: the first that it stands for.
    pub(super) fn edge(&self, view: &View, edge: usize) -> Option<Selection> {
        view.edge_key(view.edges.get(*self.firsts.get(edge)?)?).map(Selection::Edge)
    }

    /// What stands for a selection of the other view.
    pub(super) fn selection(&self, selection: &Selection) -> Option<Selection> {
        let group = |node: &ShownKey| self.group(node).cloned();
        Some(match selection {
            Selection::Node(key) => Selection::Node(group(key)?),
            Selection::Edge(key) => Selection::Edge(EdgeKey {
                client: group(&key.client)?,
                server: group(&key.server)?,
                service: key.service.clone(),
            }),
        })
    }
}

/// What is told of a group's members together.
fn group_node(view: &View, key: ShownKey, members: &[usize]) -> ViewNode {
    let mut nodes = members.iter().map(|&node| &view.nodes[node]);
    let first = &view.nodes[members[0]];
    if let ([_], true) = (members, key == first.key) {
        return ViewNode { connections: 0, inside: 0, ..first.clone() };
    }
    let all = |state| members.iter().all(|&node| view.nodes[node].state == state);
    let kind = if members.iter().all(|&node| view.nodes[node].kind == NodeKind::Remote) {
        NodeKind::Remote
    } else {
        NodeKind::Group
    };
    let mut rate = first.rate;
    for node in nodes.clone().skip(1) {
        rate.to_server += node.rate.to_server;
        rate.to_client += node.rate.to_client;
    }
    let only = members.len() == 1;
    ViewNode {
        key,
        label: if only { first.label.clone() } else { members_label(view, members) },
        detail: if only {
            first.detail.clone()
        } else if rate.to_server + rate.to_client > 0.0 {
            human::rate(rate.to_server + rate.to_client)
        } else {
            String::new()
        },
        kind,
        group: first.group.clone(),
        group_label: first.group_label.clone(),
        group_netns: first.group_netns.clone(),
        state: if all(NodeState::New) {
            NodeState::New
        } else if all(NodeState::Closed) {
            NodeState::Closed
        } else {
            NodeState::Steady
        },
        matched_by_search: nodes.any(|node| node.matched_by_search),
        connections: 0,
        inside: 0,
        rate,
    }
}

/// `12 processes`, `3 addresses`, `4 nodes` where they are of several kinds.
fn members_label(view: &View, members: &[usize]) -> String {
    let all = |kind| members.iter().all(|&node| view.nodes[node].kind == kind);
    let what = match () {
        () if all(NodeKind::Process) => "processes",
        () if all(NodeKind::Remote) => "addresses",
        () if all(NodeKind::Container) => "containers",
        () => "nodes",
    };
    format!("{} {what}", human::count(members.len()))
}

/// The edges between groups: one for each service between two of them, with the first edge that it stands for.
fn added_up(view: &View, of: &[usize]) -> (Vec<ViewEdge>, Vec<usize>) {
    let mut edges: Vec<ViewEdge> = Vec::new();
    let mut firsts = Vec::new();
    let mut known: FxHashMap<(usize, usize, &Service), usize> = FxHashMap::default();
    for (first, edge) in view.edges.iter().enumerate() {
        let (client, server) = (of[edge.client], of[edge.server]);
        let place = *known.entry((client, server, &edge.at)).or_insert(edges.len());
        if let Some(sum) = edges.get_mut(place) {
            sum.open += edge.open;
            sum.new += edge.new;
            sum.closed += edge.closed;
            sum.failed += edge.failed;
            sum.directed |= edge.directed;
            sum.rate.to_server += edge.rate.to_server;
            sum.rate.to_client += edge.rate.to_client;
            sum.matched_by_search |= edge.matched_by_search;
        } else {
            edges.push(ViewEdge { client, server, ..edge.clone() });
            firsts.push(first);
        }
    }
    for edge in &mut edges {
        edge.state = match (edge.open, edge.failed, edge.new) {
            (0, 1.., _) => EdgeState::Failed,
            (0, ..) => EdgeState::Closed,
            (_, _, 1..) => EdgeState::New,
            _ if busy_from(edge.rate) => EdgeState::Busy,
            _ => EdgeState::Steady,
        };
    }
    (edges, firsts)
}
