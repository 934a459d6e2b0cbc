//! One graph, grouped: what is shown by each grouping, and that nothing is lost or counted twice.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::stable_graph::NodeIndex;
use proptest::collection::vec;
use proptest::prelude::*;
use scopetop_tracker::Tick;
use scopetop_tracker::connection::State;
use scopetop_tracker::container::Container;
use scopetop_tracker::filter::{Filter, Subject};
use scopetop_tracker::identity::{ContainerId, NetnsId};
use scopetop_tracker::text::Text;
use scopetop_tracker::tick::Namespace;
use scopetop_tracker::topology::grouping::{
    By, Forest, GroupKey, Grouped, Grouping, Protocols, ShownKey, Sieve, group,
};
use scopetop_tracker::topology::{Connection, HostIndex, Node, NodeKey, Topology};

use crate::script::{add_line, tick};

/// A process: its number, its name, its container and its namespace.
fn process(tick: &mut Tick, number: u32, comm: &str, container: Option<&str>, netns: Option<u32>) {
    let place = container.map(|container| format!(" in {container}")).unwrap_or_default();
    add_line(tick, &format!("process {number} {comm}{place}"));
    if let Some(process) = tick.processes.last_mut() {
        process.netns = netns.map(NetnsId);
    }
}

fn container(id: &str, image: Option<&str>, pod: Option<&str>) -> Container {
    let label = |pod: &str| (Text::from("io.kubernetes.pod.name"), Text::from(pod));
    let space = (Text::from("io.kubernetes.pod.namespace"), Text::from("shop"));
    Container {
        id: ContainerId(id.into()),
        runtime: None,
        parent: None,
        name: Some(id.into()),
        image: image.map(Text::from),
        labels: pod.map(|pod| BTreeMap::from([label(pod), space])).unwrap_or_default(),
        netns: Some(NetnsId(2)),
    }
}

/// A tick that explains who and where: two containers of an image, one of them in a pod, and one of which nothing is
/// known; the host's namespace, one with a name, one without.
fn explained(processes: &[(u32, &str, Option<&str>, Option<u32>)]) -> Tick {
    let mut tick = tick("a", 0);
    for &(number, comm, container, netns) in processes {
        process(&mut tick, number, comm, container, netns);
    }
    tick.containers = vec![
        container("x", Some("web:1"), Some("p")),
        container("y", Some("web:1"), None),
        container("z", None, None),
    ];
    let names: [&[&str]; 3] = [&["host"], &["blue"], &[]];
    for (number, names) in (0..).zip(names) {
        let names = names.iter().map(|&name| Text::from(name)).collect();
        tick.namespaces.push(Namespace { id: NetnsId(number), names, network: None });
    }
    tick
}

const PROCESSES: [(u32, &str, Option<&str>, Option<u32>); 9] = [
    (1, "nginx", Some("x"), Some(2)),
    (2, "nginx", Some("x"), Some(2)),
    (3, "nginx", Some("y"), Some(2)),
    (4, "sh", Some("z"), Some(0)),
    (5, "curl", None, Some(0)),
    (6, "curl", None, Some(0)),
    (7, "curl", None, Some(1)),
    // Gone before it was looked at: its socket tells where it was. Those of the other tell of two places.
    (8, "short", None, None),
    (9, "torn", None, None),
];

/// Everybody talks to somebody.
fn town() -> Topology {
    let mut tick = explained(&PROCESSES);
    for line in [
        "+ 1 2 10.0.0.1:1 > 10.0.0.2:80 established pids=1 dir=out seq=1/2",
        "+ 2 2 10.0.0.2:80 > 10.0.0.1:1 established pids=3 dir=in seq=2/2",
        "+ 3 2 127.0.0.1:1 > 127.0.0.1:81 established pids=1 dir=out",
        "+ 4 2 127.0.0.1:81 > 127.0.0.1:1 established pids=2 dir=in",
        "+ 5 0 10.0.0.9:5 > 10.0.0.9:82 established pids=4 dir=out",
        "+ 6 0 10.0.0.9:82 > 10.0.0.9:5 established pids=5 dir=in",
        "+ 7 0 10.0.0.9:6 > 192.0.2.1:443 established pids=5 dir=out",
        "+ 8 0 10.0.0.9:7 > 192.0.2.1:443 established pids=6 dir=out",
        "+ 9 0 10.0.0.9:8 > 10.7.7.7:53 established pids=6 dir=out proto=udp",
        "+ 10 1 127.0.0.1:9 > 127.0.0.1:1 syn_sent pids=7 dir=out",
        "+ 11 1 10.0.0.7:9 > 10.0.0.8:1 established pids=8 dir=out",
        "+ 13 0 10.0.0.9:13 > 192.0.2.1:9 established pids=9 dir=out",
        "+ 14 1 10.0.0.7:14 > 192.0.2.1:9 established pids=9 dir=out",
        "+ 12 0 0.0.0.0:82 listen pids=5",
    ] {
        add_line(&mut tick, line);
    }
    let mut topology = Topology::new();
    topology.apply(&tick);
    topology
}

fn group_name(key: &GroupKey) -> String {
    match key {
        GroupKey::Internet => "internet".into(),
        GroupKey::Network => "network".into(),
        GroupKey::Own => "own".into(),
        GroupKey::Top(_) => "top".into(),
        GroupKey::Host(_) => "host".into(),
        GroupKey::Namespace(_, netns) => format!("netns {netns}"),
        GroupKey::UnknownNamespace(_) => "netns ?".into(),
        GroupKey::Pod(_, space, name) => format!("pod {}/{name}", space.as_ref().map_or("", Text::as_str)),
        GroupKey::Image(_, image) => format!("image {image}"),
        GroupKey::Container(_, id) => format!("container {}", id.0),
        GroupKey::Name(place, name) => format!("{name} of {}", group_name(place)),
    }
}

fn shown_name(topology: &Topology, key: &ShownKey) -> String {
    match key {
        ShownKey::Group(group) => format!("[{}]", group_name(group)),
        ShownKey::Node(key) => match topology.node(key).and_then(|node| topology.graph().node_weight(node)) {
            Some(Node::Process(process)) => format!("{} {}", process.comm, process.id.pid),
            Some(Node::Remote { address, .. }) => address.to_string(),
            _ => format!("{key:?}"),
        },
    }
}

/// Every node as `around: name ×members`, every edge as `client → server port ×connections`.
fn told(topology: &Topology, grouping: &Grouping) -> Vec<String> {
    let grouped = group(topology, grouping, Sieve::default());
    let name = |place: usize| shown_name(topology, &grouped.nodes[place].key);
    let nodes = grouped
        .nodes
        .iter()
        .enumerate()
        .map(|(place, node)| format!("{}: {} ×{}", group_name(&node.around), name(place), node.members));
    let edges = grouped
        .edges
        .iter()
        .map(|edge| format!("{} → {} ×{}", name(edge.client), name(edge.server), edge.sums.connections));
    let mut edges: Vec<String> = edges.collect();
    edges.sort();
    nodes.chain(edges).collect()
}

#[test]
fn by_process_each_stands_in_its_container_else_its_namespace() {
    assert_eq!(
        told(&town(), &Grouping::new(By::Process)),
        [
            "container x: nginx 1 ×1",
            "container x: nginx 2 ×1",
            "container y: nginx 3 ×1",
            "container z: sh 4 ×1",
            "host: curl 5 ×1",
            "host: curl 6 ×1",
            "netns 1: curl 7 ×1",
            "netns 1: short 8 ×1",
            "netns ?: torn 9 ×1",
            "network: 10.0.0.8 ×1",
            "network: 10.7.7.7 ×1",
            "internet: 192.0.2.1 ×1",
            "netns 1: 127.0.0.1 ×1",
            "curl 5 → 192.0.2.1 ×1",
            "curl 6 → 10.7.7.7 ×1",
            "curl 6 → 192.0.2.1 ×1",
            "curl 7 → 127.0.0.1 ×1",
            "nginx 1 → nginx 2 ×1",
            "nginx 1 → nginx 3 ×1",
            "sh 4 → curl 5 ×1",
            "short 8 → 10.0.0.8 ×1",
            "torn 9 → 192.0.2.1 ×2",
        ]
    );
}

#[test]
fn by_name_the_same_in_the_same_place_are_one() {
    assert_eq!(
        told(&town(), &Grouping::new(By::Name)),
        [
            "network: 10.0.0.8 ×1",
            "network: 10.7.7.7 ×1",
            "internet: 192.0.2.1 ×1",
            "netns 1: 127.0.0.1 ×1",
            "host: [curl of host] ×2",
            "netns 1: [curl of netns 1] ×1",
            "netns 1: [short of netns 1] ×1",
            "netns ?: [torn of netns ?] ×1",
            "container x: [nginx of container x] ×2",
            "container y: [nginx of container y] ×1",
            "container z: [sh of container z] ×1",
            "[curl of host] → 10.7.7.7 ×1",
            "[curl of host] → 192.0.2.1 ×2",
            "[curl of netns 1] → 127.0.0.1 ×1",
            "[nginx of container x] → [nginx of container x] ×1",
            "[nginx of container x] → [nginx of container y] ×1",
            "[sh of container z] → [curl of host] ×1",
            "[short of netns 1] → 10.0.0.8 ×1",
            "[torn of netns ?] → 192.0.2.1 ×2",
        ]
    );
}

#[test]
fn by_container_the_host_is_what_is_in_none() {
    assert_eq!(
        told(&town(), &Grouping::new(By::Container)),
        [
            "network: 10.0.0.8 ×1",
            "network: 10.7.7.7 ×1",
            "internet: 192.0.2.1 ×1",
            "netns 1: 127.0.0.1 ×1",
            "top: [host] ×5",
            "top: [container x] ×2",
            "top: [container y] ×1",
            "top: [container z] ×1",
            "[container x] → [container x] ×1",
            "[container x] → [container y] ×1",
            "[container z] → [host] ×1",
            "[host] → 10.0.0.8 ×1",
            "[host] → 10.7.7.7 ×1",
            "[host] → 127.0.0.1 ×1",
            "[host] → 192.0.2.1 ×2",
            "[host] → 192.0.2.1 ×2",
        ]
    );
}

#[test]
fn by_image_an_open_one_shows_its_containers_and_these_their_processes() {
    let (town, host) = (town(), HostIndex::default());
    let mut grouping = Grouping::new(By::Image);
    let nodes = |grouping: &Grouping| {
        let told = told(&town, grouping);
        told.into_iter().filter(|line| !line.contains("net") && !line.contains('→')).collect::<Vec<_>>()
    };
    assert_eq!(nodes(&grouping), ["top: [host] ×5", "top: [image web:1] ×3", "top: [container z] ×1"]);
    grouping.set_open(&GroupKey::Image(host, "web:1".into()), true);
    assert_eq!(
        nodes(&grouping),
        [
            "top: [host] ×5",
            "image web:1: [container x] ×2",
            "image web:1: [container y] ×1",
            "top: [container z] ×1"
        ]
    );
    grouping.set_open(&GroupKey::Container(host, ContainerId("x".into())), true);
    assert_eq!(
        nodes(&grouping),
        [
            "container x: nginx 1 ×1",
            "container x: nginx 2 ×1",
            "top: [host] ×5",
            "image web:1: [container y] ×1",
            "top: [container z] ×1"
        ]
    );
    // What is open in a collapsed group is not shown, and is open again with it.
    grouping.set_open(&GroupKey::Image(host, "web:1".into()), false);
    assert_eq!(nodes(&grouping)[1], "top: [image web:1] ×3");
}

#[test]
fn by_namespace_and_by_pod() {
    let nodes = |by| {
        let told = told(&town(), &Grouping::new(by));
        told.into_iter().filter(|line| line.starts_with("top")).collect::<Vec<_>>()
    };
    assert_eq!(
        nodes(By::Namespace),
        ["top: [host] ×3", "top: [netns 1] ×3", "top: [netns 2] ×3", "top: [netns ?] ×1"]
    );
    assert_eq!(
        nodes(By::Pod),
        ["top: [host] ×5", "top: [pod shop/p] ×2", "top: [container y] ×1", "top: [container z] ×1"]
    );
}

#[test]
fn all_can_be_opened_collapsed_and_left_as_they_were() {
    let town = town();
    let mut grouping = Grouping::new(By::Container);
    let count = |grouping: &Grouping| group(&town, grouping, Sieve::default()).nodes.len();
    let at_first = count(&grouping);
    grouping.turn_all();
    assert_eq!(count(&grouping), 13);
    grouping.turn_all();
    assert_eq!(count(&grouping), 7, "the host, three containers, a namespace, the network, the internet");
    grouping.turn_all();
    assert_eq!(count(&grouping), at_first);
}

#[test]
fn a_protocol_that_is_off_takes_along_who_speaks_nothing_else() {
    let town = town();
    let mut protocols = Protocols::default();
    protocols.toggle(Protocols::ALL[0]);
    let grouped = group(&town, &Grouping::default(), Sieve { filter: None, protocols });
    let names: Vec<String> = grouped.nodes.iter().map(|node| shown_name(&town, &node.key)).collect();
    assert_eq!(names, ["curl 6", "10.7.7.7"]);
    assert_eq!((grouped.edges.len(), grouped.listeners.len()), (1, 0));
    assert_eq!(grouped.kept.switched_off, [9, 0, 0]);
    assert_eq!((grouped.kept.nodes, grouped.kept.connections), (11, 0));
}

const CONTAINERS: [Option<&str>; 4] = [None, Some("x"), Some("y"), Some("z")];

fn any_line() -> impl Strategy<Value = String> {
    let address = proptest::sample::select(
        &["127.0.0.1:1", "127.0.0.1:2", "10.0.0.1:1", "10.0.0.2:2", "192.0.2.1:3"][..],
    );
    let state = proptest::sample::select(&["established", "close_wait", "failed", "closed", "listen"][..]);
    (0..12_u32, 0..3_u32, address.clone(), address, state, vec(0..7_u32, 0..3), 0..3_usize, any::<bool>())
        .prop_map(|(id, netns, local, remote, state, pids, protocol, outward)| {
            let sign = if matches!(state, "failed" | "closed") { '-' } else { '+' };
            let far = if state == "listen" { String::new() } else { format!(" > {remote}") };
            let protocol = ["", " proto=udp", " proto=udp"][protocol];
            let way = if outward { "out" } else { "in" };
            let pids: Vec<String> = pids.iter().map(ToString::to_string).collect();
            let pids = if pids.is_empty() { String::new() } else { format!(" pids={}", pids.join(",")) };
            format!("{sign} {id} {netns} {local}{far} {state}{pids} dir={way} bytes={id}/7{protocol}")
        })
}

/// A change of a grouping: all groups, or one of those that are shown or stand around.
#[derive(Clone, Copy, Debug)]
enum Turn {
    All,
    One(prop::sample::Index, bool),
}

fn turn(topology: &Topology, grouping: &mut Grouping, turn: Turn) {
    match turn {
        Turn::All => grouping.turn_all(),
        Turn::One(index, open) => {
            let grouped = group(topology, grouping, Sieve::default());
            let groups: Vec<GroupKey> = grouped
                .nodes
                .into_iter()
                .flat_map(|node| match node.key {
                    ShownKey::Group(group) => [Some(group), Some(node.around)],
                    ShownKey::Node(_) => [None, Some(node.around)],
                })
                .flatten()
                .collect();
            if !groups.is_empty() {
                grouping.set_open(index.get(&groups), open);
            }
        }
    }
}

type Counts = (usize, usize, usize, usize, usize, (f64, f64));

fn add(counts: &mut Counts, connection: &Connection) {
    counts.0 += 1;
    counts.1 += usize::from(!connection.state.is_over());
    counts.2 += usize::from(connection.is_new);
    counts.3 += usize::from(connection.state == State::Closed);
    counts.4 += usize::from(connection.state == State::Failed);
    counts.5.0 += connection.rate.to_server;
    counts.5.1 += connection.rate.to_client;
}

/// What is shown, counted again from the connections one by one.
fn check(topology: &Topology, grouping: &Grouping, sieve: Sieve<'_>) -> Result<(), TestCaseError> {
    let Grouped { nodes, edges, kept, processes, .. } = group(topology, grouping, sieve);
    let mut forest = Forest::new(topology, grouping);
    let now = topology.hosts().first().map(|host| host.at).unwrap_or_default();
    let mut expected: BTreeMap<_, Counts> = BTreeMap::new();
    let mut of_node: BTreeMap<ShownKey, (usize, usize)> = BTreeMap::new();
    let (mut filtered, mut switched_off) = (0, [0; 3]);
    for connection in topology.connections() {
        let subject = Subject::of_connection(topology, connection, now);
        if sieve.filter.is_some_and(|filter| !filter.matches(&subject)) {
            filtered += 1;
            continue;
        }
        if !sieve.protocols.has(connection.protocol) {
            switched_off[connection.protocol as usize] += 1;
            continue;
        }
        let ends = [&connection.client, &connection.server].map(|side| forest.shown(side.node));
        let [Some(client), Some(server)] = ends else { panic!("{connection:?} is at no node") };
        let inside = client == server;
        of_node.entry(client.clone()).or_default().0 += 1;
        of_node.entry(client.clone()).or_default().1 += usize::from(inside);
        of_node.entry(server.clone()).or_default().0 += usize::from(!inside);
        add(
            expected.entry((client, server, format!("{:?}", service(topology, connection)))).or_default(),
            connection,
        );
    }
    prop_assert_eq!((kept.connections, kept.switched_off), (filtered, switched_off));
    let mut shown = BTreeMap::new();
    for edge in &edges {
        let key = |place: usize| nodes[place].key.clone();
        let sums = &edge.sums;
        let rate = (sums.rate.to_server, sums.rate.to_client);
        let counts = (sums.connections, sums.open, sums.new, sums.closed, sums.failed, rate);
        let key = (key(edge.client), key(edge.server), format!("{:?}", edge.service));
        prop_assert!(shown.insert(key, counts).is_none(), "two edges of one key");
    }
    prop_assert_eq!(shown, expected);

    prop_assert!(nodes.windows(2).all(|pair| pair[0].key < pair[1].key), "in order, each once");
    let graph = topology.graph();
    let members: usize = nodes.iter().map(|node| node.members).sum();
    let is_container = |node: &NodeIndex| matches!(graph.node_weight(*node), Some(Node::Container(_)));
    let bare = graph.node_indices().filter(is_container).count();
    prop_assert!(members + kept.nodes <= graph.node_count());
    prop_assert!(members + kept.nodes + bare >= graph.node_count());
    let mut known = BTreeSet::new();
    for node in &nodes {
        let counted = of_node.get(&node.key).copied().unwrap_or_default();
        prop_assert_eq!((node.connections, node.inside), counted);
        prop_assert!(forest.is_shown_as(node.member, &node.key), "its member is shown by it");
        prop_assert!(
            grouping.is_open(&node.around)
                || matches!(node.around, GroupKey::Internet | GroupKey::Network | GroupKey::Own)
        );
        if let ShownKey::Group(group) = &node.key {
            prop_assert!(!grouping.is_open(group));
        }
        known.insert(node.member);
    }
    prop_assert_eq!(known.len(), nodes.len());
    let all =
        graph.node_indices().filter(|&node| matches!(topology.key(node), Some(NodeKey::Process(..)))).count();
    prop_assert!(
        processes <= all && (sieve.filter.is_some() || !sieve.protocols.is_all() || processes == all)
    );
    Ok(())
}

fn service(topology: &Topology, connection: &Connection) -> scopetop_tracker::topology::Service {
    let graph = topology.graph();
    let edges = graph.edges_connecting(connection.client.node, connection.server.node);
    let mut edges = edges.map(|edge| edge.weight());
    edges.find(|edge| edge.connections.contains(&connection.id)).unwrap().service.clone()
}

proptest! {
    #[test]
    fn every_connection_is_on_one_edge_whatever_is_open(
        processes in vec((0..7_u32, prop::bool::ANY, 0..4_usize, proptest::option::of(0..3_u32)), 0..7),
        lines in vec(any_line(), 0..24),
        by in proptest::sample::select(&By::ALL),
        turns in vec(prop_oneof![
            1 => Just(Turn::All),
            4 => (any::<prop::sample::Index>(), any::<bool>()).prop_map(|(index, open)| Turn::One(index, open)),
        ], 0..8),
        off in vec(0..3_usize, 0..3),
        filter in proptest::option::of(proptest::sample::select(&["port=2", "comm=b", "not state=failed"][..])),
    ) {
        let names = processes.iter().map(|&(number, name, container, netns)| {
            (number, if name { "a" } else { "b" }, CONTAINERS[container], netns)
        });
        let mut tick = explained(&names.collect::<Vec<_>>());
        for line in &lines {
            add_line(&mut tick, line);
        }
        let mut topology = Topology::new();
        topology.apply(&tick);
        let filter = filter.map(|text| Filter::parse(text).unwrap());
        let mut protocols = Protocols::default();
        for place in off {
            protocols.toggle(Protocols::ALL[place]);
        }
        let sieve = Sieve { filter: filter.as_ref(), protocols };
        let mut grouping = Grouping::new(by);
        check(&topology, &grouping, sieve)?;
        for change in turns {
            turn(&topology, &mut grouping, change);
            check(&topology, &grouping, sieve)?;
        }
    }
}
