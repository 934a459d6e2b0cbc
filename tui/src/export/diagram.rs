//! What is shown as nodes in groups and edges between them: what the drawing formats have in common.

use std::collections::BTreeMap;

use scopetop_tracker::topology::NodeKey;

use crate::human;
use crate::output::picture::NodeId;
use crate::view::{EdgeState, GroupKey, NodeKind, NodeState, ShownKey, View, ViewEdge, ViewNode};

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

/// All connections between two nodes to one service.
#[derive(Debug)]
pub struct Edge {
    /// The client's place in [`View::nodes`], and what tells it from others.
    pub from: (usize, String),
    /// The server's.
    pub to: (usize, String),
    /// The service, and how many connections where they are several.
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
            edges: view.edges.iter().filter_map(|shown| edge(view, shown)).collect(),
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

fn edge(view: &View, shown: &ViewEdge) -> Option<Edge> {
    let end = |place: usize| Some((place, id(&view.nodes.get(place)?.key)));
    let number = shown.connections();
    let several = if number > 1 { format!(" ×{}", human::count(number)) } else { String::new() };
    Some(Edge {
        from: end(shown.client)?,
        to: end(shown.server)?,
        label: format!("{}{several}", shown.service),
        directed: shown.directed,
        state: shown.state,
    })
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
