//! All that is known of a collapsed group: what it is, what it holds, what its members come to.

use petgraph::stable_graph::NodeIndex;
use petgraph::visit::{EdgeRef as _, IntoEdgeReferences as _};
use rustc_hash::FxHashMap;
use scopetop_tracker::topology::grouping::{Forest, GroupKey, ShownKey, Sums};
use scopetop_tracker::topology::{Node, NodeKey, Topology};

use super::details::{
    Column, ROWS, Row, Table, container_line, listens, namespace, now, number, peers, text,
};
use super::label::name;
use super::{Details, EdgeState, Fact, Look, View};
use crate::human;

/// The columns of a group's members.
const MEMBER_COLUMNS: [Column; 6] = [
    text("member", 0),
    text("in", 5),
    number("conns", 1),
    number("open", 2),
    number("out →", 3),
    number("← in", 4),
];

pub(super) fn group_details(
    topology: &Topology,
    view: &View,
    look: Look<'_>,
    key: &GroupKey,
) -> Option<Details> {
    let shown_key = ShownKey::Group(key.clone());
    let shown = view.node(&shown_key)?;
    let graph = topology.graph();
    let mut forest = Forest::new(topology, look.grouping);
    let mut members: FxHashMap<NodeIndex, Sums> = graph
        .node_indices()
        .filter(|&node| forest.is_shown_as(node, &shown_key))
        .map(|node| (node, Sums::default()))
        .collect();
    for edge in graph.edge_references() {
        let ends = [Some(edge.source()), (edge.source() != edge.target()).then_some(edge.target())];
        if ends.iter().flatten().any(|end| members.contains_key(end)) {
            let sums = Sums::of(topology, edge.weight(), look.sieve, now(view));
            for end in ends.into_iter().flatten() {
                if let Some(member) = members.get_mut(&end) {
                    member.merge(&sums);
                }
            }
        }
    }
    let mut facts = Vec::new();
    let mut fact = |name, value: String| {
        if !value.is_empty() {
            facts.push(Fact { name, value });
        }
    };
    let containers = containers(topology, &members);
    let is_service = |node: &&NodeIndex| matches!(topology.graph().node_weight(**node), Some(Node::Container(facts)) if facts.is_service());
    let services = containers.iter().filter(is_service).count();
    what(topology, key, &mut fact);
    fact("holds", holds(topology, &members, containers.len() - services));
    if !matches!(key, GroupKey::Container(..)) {
        let mut lines: Vec<_> =
            containers.iter().filter_map(|&node| container_line(topology, node)).collect();
        lines.sort();
        fact("container", lines.join(",  "));
    }
    let inside = human::count(shown.inside);
    fact("conns", format!("{}, {inside} of them inside", human::count(shown.connections)));
    fact("listens", listens(topology, |node| members.contains_key(&node)));
    let tables = vec![peers(view, &shown_key), table(topology, members)];
    Some(Details { title: shown.label.clone(), facts, tables })
}

/// The containers that members are in.
fn containers(topology: &Topology, members: &FxHashMap<NodeIndex, Sums>) -> Vec<NodeIndex> {
    let mut containers: Vec<_> = members.keys().filter_map(|&node| topology.container_of(node)).collect();
    containers.sort_unstable();
    containers.dedup();
    containers
}

/// What the group is, beyond its name.
fn what(topology: &Topology, key: &GroupKey, fact: &mut impl FnMut(&'static str, String)) {
    match key {
        GroupKey::Host(_) => fact("host", String::from("what is in no container and no service")),
        GroupKey::Internet => fact("where", String::from("public addresses")),
        GroupKey::Network => fact("where", String::from("private addresses of other machines")),
        GroupKey::Own => {
            fact("where", String::from("this host's own addresses: no known socket answers there"));
        }
        GroupKey::Namespace(host, netns) => fact("netns", namespace(topology, *host, *netns)),
        GroupKey::UnknownNamespace(_) => {
            fact("netns", String::from("not known: these ended before they could be looked at"));
        }
        GroupKey::Pod(_, space, name) => {
            let space = space.as_ref().map(|space| format!("   namespace {space}")).unwrap_or_default();
            fact("pod", format!("{name}{space}"));
        }
        GroupKey::Image(_, image) => fact("image", image.to_string()),
        GroupKey::Container(host, id) => {
            let node = topology.node(&NodeKey::Container(*host, id.clone()));
            let Some((index, Node::Container(facts))) =
                node.and_then(|node| Some((node, topology.graph().node_weight(node)?)))
            else {
                return;
            };
            fact("container", container_line(topology, index).unwrap_or_default());
            fact("netns", facts.netns.map(|netns| namespace(topology, *host, netns)).unwrap_or_default());
            let labels = facts.labels.iter().map(|(name, value)| format!("{name}={value}"));
            fact("labels", labels.collect::<Vec<_>>().join("  "));
        }
        GroupKey::Name(around, name) => {
            fact("name", name.to_string());
            what(topology, around, fact);
        }
        GroupKey::Top(_) => {}
    }
}

/// `3 processes in 2 containers, 4 addresses`.
fn holds(topology: &Topology, members: &FxHashMap<NodeIndex, Sums>, containers: usize) -> String {
    let (mut processes, mut addresses) = (0, 0);
    for member in members.keys() {
        match topology.graph().node_weight(*member) {
            Some(Node::Process(_)) => processes += 1,
            Some(Node::Remote { .. }) => addresses += 1,
            _ => {}
        }
    }
    let counted = |number: usize, one: &str, many: &str| {
        format!("{} {}", human::count(number), if number == 1 { one } else { many })
    };
    let mut words = Vec::new();
    if processes > 0 {
        let inside = counted(containers, "container", "containers");
        let inside = if containers > 1 { format!(" in {inside}") } else { String::new() };
        words.push(counted(processes, "process", "processes") + &inside);
    }
    if addresses > 0 {
        words.push(counted(addresses, "address", "addresses"));
    }
    words.join(", ")
}

/// The members, those with most connections first.
fn table(topology: &Topology, members: FxHashMap<NodeIndex, Sums>) -> Table {
    let mut members: Vec<(NodeIndex, Sums)> = members
        .into_iter()
        // A container is not beside its processes.
        .filter(|(node, sums)| {
            sums.connections > 0 || !matches!(topology.graph().node_weight(*node), Some(Node::Container(_)))
        })
        .collect();
    members.sort_unstable_by(|(one, one_sums), (other, other_sums)| {
        let by_size = other_sums.connections.cmp(&one_sums.connections);
        by_size.then_with(|| topology.key(*one).cmp(&topology.key(*other)))
    });
    let more = members.len().saturating_sub(ROWS);
    let row = |(node, sums): &(NodeIndex, Sums)| {
        let weight = topology.graph().node_weight(*node)?;
        let place = topology.container_of(*node).and_then(|node| topology.graph().node_weight(node));
        Some(Row {
            state: match (sums.connections, sums.open) {
                (0, _) => EdgeState::Steady,
                (_, 0) => EdgeState::Closed,
                _ if super::busy_from(sums.rate) => EdgeState::Busy,
                _ => EdgeState::Steady,
            },
            cells: vec![
                name(weight).1,
                place.map(|place| name(place).1).unwrap_or_default(),
                human::count(sums.connections),
                human::count(sums.open),
                human::rate(sums.rate.to_server),
                human::rate(sums.rate.to_client),
            ],
        })
    };
    let rows = members.iter().take(ROWS).filter_map(row).collect();
    Table { columns: MEMBER_COLUMNS.to_vec(), rows, more }
}
