//! All that is known of a collapsed group: what it is, what it holds, what its members come to.

use petgraph::stable_graph::NodeIndex;
use rustc_hash::{FxHashMap, FxHashSet};
use scopetop_tracker::topology::grouping::{Forest, GroupKey, ShownKey, Sums};
use scopetop_tracker::topology::{Node, NodeKey, Topology};

use super::model::{Details, Facts, Place, Row, Section, Table, names, number};
use super::{Known, ROWS, charts, connections, facts, peers, touching, wanted};
use crate::human;
use crate::view::label::name;
use crate::view::{EdgeState, busy_from};

pub(super) fn details(known: Known<'_>, key: &GroupKey) -> Option<Details> {
    let topology = known.topology;
    let shown_key = ShownKey::Group(key.clone());
    let shown = known.view.node(&shown_key)?;
    let mut forest = Forest::new(topology, known.look.grouping);
    let nodes: FxHashSet<NodeIndex> =
        topology.graph().node_indices().filter(|&node| forest.is_shown_as(node, &shown_key)).collect();
    let edges = touching::of_nodes(topology, &nodes);
    let mut members: FxHashMap<NodeIndex, Sums> = nodes.iter().map(|&node| (node, Sums::default())).collect();
    for &(client, server, edge) in &edges {
        let sums = Sums::of(topology, edge, known.look.sieve, known.now());
        for end in [Some(client), (client != server).then_some(server)].into_iter().flatten() {
            if let Some(member) = members.get_mut(&end) {
                member.merge(&sums);
            }
        }
    }
    let containers = containers(topology, &members);
    let is_service = |node: &&NodeIndex| {
        facts::container_at(topology, **node).is_some_and(scopetop_tracker::container::Container::is_service)
    };
    let services = containers.iter().filter(is_service).count();
    let mut own = Facts::default();
    let more = what(topology, key, &mut own);
    own.add("holds", holds(topology, &members, containers.len() - services));
    if !matches!(key, GroupKey::Container(..)) {
        let found = containers.iter().filter_map(|&node| facts::container_at(topology, node));
        let mut lines: Vec<_> = found.map(facts::container_line).collect();
        lines.sort();
        own.add("containers", lines.join(",  "));
    }
    let inside = human::count(shown.inside);
    own.add("conns", format!("{}, {inside} of them inside", human::count(shown.connections)));
    let wanted = wanted(nodes.iter().filter_map(|&node| match topology.key(node)? {
        NodeKey::Process(host, process) => Some((*host, *process)),
        _ => None,
    }));

    let mut sections = vec![
        own.section("group", Place::Left),
        facts::listeners(topology, |node| nodes.contains(&node)),
        charts::of_node(known, known.trends.node(&shown_key), &wanted),
    ];
    sections.extend(peers::sections(known, &shown_key, &edges));
    sections.push(member_table(known, members));
    sections.extend(more);
    let all = edges.iter().flat_map(|(.., edge)| touching::connections(known, edge)).collect();
    sections.extend(connections::sections(known, all, connections::From::Nodes(&nodes)));
    Some(Details { title: shown.label.clone(), sections, wanted })
}

/// The containers that members are in.
fn containers(topology: &Topology, members: &FxHashMap<NodeIndex, Sums>) -> Vec<NodeIndex> {
    let mut containers: Vec<_> = members.keys().filter_map(|&node| topology.container_of(node)).collect();
    containers.sort_unstable();
    containers.dedup();
    containers
}

/// What the group is, beyond its name, and sections of its own.
fn what(topology: &Topology, key: &GroupKey, own: &mut Facts) -> Vec<Section> {
    let mut network = Facts::default();
    let mut sections = Vec::new();
    match key {
        GroupKey::Host(_) => own.add("host", "what is in no container and no service"),
        GroupKey::Internet => own.add("where", "public addresses"),
        GroupKey::Network => own.add("where", "private addresses of other machines"),
        GroupKey::Own => own.add("where", "this host's own addresses: no known socket answers there"),
        GroupKey::Namespace(host, netns) => facts::network(topology, *host, *netns, &mut network),
        GroupKey::UnknownNamespace(_) => {
            own.add("netns", "not known: these ended before they could be looked at");
        }
        GroupKey::Pod(_, space, name) => {
            let space = space.as_ref().map(|space| format!("   namespace {space}")).unwrap_or_default();
            own.add("pod", format!("{name}{space}"));
        }
        GroupKey::Image(_, image) => own.add("image", image.to_string()),
        GroupKey::Container(host, id) => {
            let node = topology.node(&NodeKey::Container(*host, id.clone()));
            if let Some(container) = node.and_then(|node| facts::container_at(topology, node)) {
                sections.extend(facts::container(topology, *host, container));
                if let Some(netns) = container.netns {
                    facts::network(topology, *host, netns, &mut network);
                }
            }
        }
        GroupKey::Name(around, name) => {
            own.add("name", name.to_string());
            sections.extend(what(topology, around, own));
        }
        GroupKey::Top(_) => {}
    }
    sections.push(network.section("network", Place::Left));
    sections
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
fn member_table(known: Known<'_>, members: FxHashMap<NodeIndex, Sums>) -> Section {
    let topology = known.topology;
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
    let rows = members.iter().take(ROWS).filter_map(|(node, sums)| member(known, *node, sums)).collect();
    let columns = vec![
        names("member", 0),
        names("in", 7),
        number("conns", 1),
        number("open", 2),
        number("CPU", 5),
        number("memory", 6),
        number("out →", 3),
        number("← in", 4),
    ];
    let table = Table { columns, rows, more: members.len().saturating_sub(ROWS) };
    Section::table("members", human::count(members.len()), Place::Whole, table)
}

fn member(known: Known<'_>, node: NodeIndex, sums: &Sums) -> Option<Row> {
    let topology = known.topology;
    let weight = topology.graph().node_weight(node)?;
    let place = topology.container_of(node).and_then(|node| topology.graph().node_weight(node));
    let usage = match weight {
        Node::Process(process) => known.usage.newest(process.id, known.sequence()),
        _ => None,
    };
    Some(Row {
        state: match (sums.connections, sums.open) {
            (0, _) => None,
            (_, 0) => Some(EdgeState::Closed),
            _ if busy_from(sums.rate) => Some(EdgeState::Busy),
            _ => Some(EdgeState::Steady),
        },
        cells: vec![
            name(weight).1,
            place.map(|place| name(place).1).unwrap_or_default(),
            human::count(sums.connections),
            human::count(sums.open),
            usage.and_then(|usage| usage.cpu).map(human::percent).unwrap_or_default(),
            usage.map(|usage| human::bytes(usage.memory)).unwrap_or_default(),
            human::rate(sums.rate.to_server),
            human::rate(sums.rate.to_client),
        ],
    })
}
