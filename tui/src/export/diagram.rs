//! What is shown as nodes in groups and edges between them: what the drawing formats have in common.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use scopetop_tracker::topology::NodeKey;

use crate::human;
use crate::output::picture::NodeId;
use crate::view::{EdgeState, GroupKey, NodeKind, NodeState, ShownKey, View, ViewEdge, ViewNode};

/// How many services between the same two nodes are named: more lines beside each other than that nobody reads.
const SERVICES: usize = 3;

/// A view, ready to be written as text that another program draws.
#[derive(Debug)]
pub struct Diagram<'v> {
    /// The host and the moment; `None` before the first tick.
    pub title: Option<String>,
    /// The open groups, those of the host first, the world outside last; each with its nodes.
    pub groups: Vec<Group<'v>>,
    /// The edges, in the order of the list.
    pub edges: Vec<Edge>,
}

/// An open group.
#[derive(Debug)]
pub struct Group<'v> {
    /// What tells it from others.
    pub id: String,
    /// What it is called.
    pub label: &'v str,
    /// What stands in it.
    pub nodes: Vec<Node<'v>>,
}

/// A node.
#[derive(Debug)]
pub struct Node<'v> {
    /// What tells it from others: the name that the JSON format gives it; of a group the kind and its name.
    pub id: String,
    /// Its place in [`View::nodes`].
    pub place: usize,
    /// What it is called.
    pub label: &'v str,
    /// What it listens on; may be empty.
    pub detail: &'v str,
    /// Its kind.
    pub kind: NodeKind,
    /// Whether all that it had is over.
    pub closed: bool,
}

/// All connections between two nodes to one service; where there are many services, to several of one look.
#[derive(Debug)]
pub struct Edge {
    /// The client's place in [`View::nodes`], and what tells it from others.
    pub from: (usize, String),
    /// The server's.
    pub to: (usize, String),
    /// The service, and how many connections where they are several; of many services the first and how many more.
    pub label: String,
    /// Whether it is known who began.
    pub directed: bool,
    /// Its state.
    pub state: EdgeState,
}

impl<'v> Diagram<'v> {
    /// What a view shows.
    pub fn of(view: &'v View) -> Self {
        let mut groups: BTreeMap<(bool, &GroupKey), Group<'v>> = BTreeMap::new();
        for (place, shown) in view.nodes.iter().enumerate() {
            let outside = matches!(shown.group, GroupKey::Internet | GroupKey::Network | GroupKey::Own);
            let group = groups.entry((outside, &shown.group)).or_insert_with(|| Group {
                id: group_id(&shown.group),
                label: &shown.group_label,
                nodes: Vec::new(),
            });
            group.nodes.push(node(place, shown));
        }
        Self {
            title: view.host.as_ref().map(|host| format!("{}  {}", host.name, host.at.to_rfc3339())),
            groups: groups.into_values().collect(),
            edges: bundles(view).iter().flat_map(|bundle| drawn(view, bundle)).collect(),
        }
    }
}

fn node(place: usize, shown: &ViewNode) -> Node<'_> {
    Node {
        id: id(&shown.key),
        place,
        label: &shown.label,
        detail: &shown.detail,
        kind: shown.kind,
        closed: shown.state == NodeState::Closed,
    }
}

/// The edges that lead from one node to another and look alike, in the order of their first ones.
fn bundles(view: &View) -> Vec<Vec<&ViewEdge>> {
    let mut places: FxHashMap<_, usize> = FxHashMap::default();
    let mut bundles: Vec<Vec<&ViewEdge>> = Vec::new();
    for edge in &view.edges {
        // What failed or closed is not to be lost among what is open.
        let is_open = !matches!(edge.state, EdgeState::Failed | EdgeState::Closed);
        let is_failed = edge.state == EdgeState::Failed;
        let place = *places
            .entry((edge.client, edge.server, edge.directed, is_open, is_failed))
            .or_insert_with(|| {
                bundles.push(Vec::new());
                bundles.len() - 1
            });
        bundles[place].push(edge);
    }
    bundles
}

/// A few edges stay by themselves. Of many one is drawn, as on the screen: those with most connections are named.
fn drawn(view: &View, bundle: &[&ViewEdge]) -> Vec<Edge> {
    if bundle.len() <= SERVICES {
        return bundle.iter().filter_map(|shown| edge(view, shown, label(shown))).collect();
    }
    let mut largest = bundle.to_vec();
    largest.sort_by_key(|shown| Reverse(shown.connections()));
    let named: Vec<String> = largest.iter().take(SERVICES).map(|shown| label(shown)).collect();
    let label = format!("{}, +{} more", named.join(", "), human::count(bundle.len() - SERVICES));
    let busiest = bundle.iter().find(|shown| shown.state == EdgeState::Busy).or(bundle.first());
    busiest.and_then(|shown| edge(view, shown, label)).into_iter().collect()
}

fn edge(view: &View, shown: &ViewEdge, label: String) -> Option<Edge> {
    let end = |place: usize| Some((place, id(&view.nodes.get(place)?.key)));
    Some(Edge {
        from: end(shown.client)?,
        to: end(shown.server)?,
        label,
        directed: shown.directed,
        state: shown.state,
    })
}

/// The service, and how many connections where they are several.
fn label(shown: &ViewEdge) -> String {
    let number = shown.connections();
    let several = if number > 1 { format!(" ×{}", human::count(number)) } else { String::new() };
    format!("{}{several}", shown.service)
}

fn id(key: &ShownKey) -> String {
    match key {
        ShownKey::Node(key) => NodeId(key).to_string(),
        ShownKey::Group(group) => group_id(group),
    }
}

fn group_id(group: &GroupKey) -> String {
    match group {
        GroupKey::Internet => String::from("internet"),
        GroupKey::Network => String::from("network"),
        GroupKey::Own => String::from("own"),
        GroupKey::Top(_) => String::from("top"),
        GroupKey::Host(_) => String::from("host"),
        GroupKey::Namespace(_, netns) => format!("netns:{netns}"),
        GroupKey::UnknownNamespace(_) => String::from("netns:unknown"),
        GroupKey::Pod(_, namespace, name) => match namespace {
            Some(namespace) => format!("pod:{namespace}/{name}"),
            None => format!("pod:{name}"),
        },
        GroupKey::Image(_, name) => format!("image:{name}"),
        GroupKey::Container(host, id) => NodeId(&NodeKey::Container(*host, id.clone())).to_string(),
        GroupKey::Name(around, name) => format!("{}/{name}", group_id(around)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::fixture::view;

    /// The edges of a view between two nodes, to services of their own, with so many connections each.
    fn edges(states: &[(EdgeState, u32)]) -> Vec<(String, EdgeState)> {
        let mut view = view();
        let model = view.edges.remove(0);
        let edge = |(&(state, open), port): (&(EdgeState, u32), u16)| ViewEdge {
            service: format!(":{port}").into(),
            state,
            open,
            new: 0,
            closed: 0,
            failed: 0,
            ..model.clone()
        };
        view.edges = states.iter().zip(1..).map(edge).collect();
        Diagram::of(&view).edges.into_iter().map(|edge| (edge.label, edge.state)).collect()
    }

    #[test]
    fn a_few_services_are_edges_of_their_own_and_many_are_one() {
        use EdgeState::{Busy, Closed, Failed, Steady};
        let told = |label: &str, state| (label.to_owned(), state);
        assert_eq!(
            edges(&[(Steady, 1), (Steady, 2), (Busy, 1)]),
            [told(":1", Steady), told(":2 ×2", Steady), told(":3", Busy)]
        );
        assert_eq!(
            edges(&[(Steady, 1), (Failed, 1), (Steady, 9), (Busy, 1), (Closed, 1), (Steady, 4), (Steady, 1)]),
            [told(":3 ×9, :6 ×4, :1, +2 more", Busy), told(":2", Failed), told(":5", Closed)]
        );
    }
}
