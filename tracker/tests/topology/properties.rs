//! What holds for every topology, whatever the ticks say.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use petgraph::visit::{EdgeRef as _, IntoEdgeReferences as _};
use proptest::collection::vec;
use proptest::prelude::*;
use scopetop_tracker::connection::{Counters, Direction, OwnerSource, Protocol, SequencePair, Socket, State};
use scopetop_tracker::identity::{NetnsId, SocketId, Timestamp};
use scopetop_tracker::topology::{Rate, Service, Topology};

use crate::changes::Snapshot;
use crate::script::{picture, pid, process, tick};

/// Everything that can be counted again from the connections and listeners is as counted.
fn check(topology: &Topology) -> Result<(), TestCaseError> {
    let graph = topology.graph();
    let mut edges = BTreeMap::new();
    let mut sockets = HashSet::new();
    let mut nodes = BTreeSet::new();
    for connection in topology.connections() {
        prop_assert_eq!(topology.connection(connection.id), Some(connection));
        let service = Service::at(connection.protocol, &connection.server.address);
        let key = (connection.client.node, connection.server.node, service);
        let (ids, counts, rate) =
            edges.entry(key).or_insert_with(|| (BTreeSet::new(), [0; 4], Rate::default()));
        ids.insert(connection.id);
        counts[0] += usize::from(!connection.state.is_over());
        counts[1] += usize::from(connection.is_new);
        counts[2] += usize::from(connection.state == State::Closed);
        counts[3] += usize::from(connection.state == State::Failed);
        rate.to_server += connection.rate.to_server;
        rate.to_client += connection.rate.to_client;
        nodes.extend([connection.client.node, connection.server.node]);
        let own: HashSet<_> =
            [&connection.client, &connection.server].into_iter().filter_map(|side| side.socket).collect();
        prop_assert!(!own.is_empty(), "a connection of no socket");
        for socket in own {
            prop_assert!(sockets.insert(socket), "{socket:?} is in two connections");
        }
    }
    for listener in topology.listeners() {
        prop_assert!(sockets.insert(listener.socket), "{:?} listens and talks", listener.socket);
        nodes.extend(&listener.nodes);
    }
    nodes.extend(nodes.clone().into_iter().filter_map(|node| topology.container_of(node)));
    prop_assert_eq!(nodes, graph.node_indices().collect::<BTreeSet<_>>());
    for node in graph.node_indices() {
        prop_assert_eq!(topology.key(node).and_then(|key| topology.node(key)), Some(node));
    }
    prop_assert_eq!(edges.len(), graph.edge_count());
    for edge in graph.edge_references() {
        let weight = edge.weight();
        let recount = edges.remove(&(edge.source(), edge.target(), weight.service.clone()));
        let ids: BTreeSet<_> = weight.connections.iter().copied().collect();
        prop_assert_eq!(ids.len(), weight.connections.len());
        let counts = [weight.open, weight.new, weight.closed, weight.failed];
        prop_assert_eq!(recount, Some((ids, counts, weight.rate)));
    }
    Ok(())
}

/// A socket of a world so small that everything collides.
fn any_socket() -> impl Strategy<Value = Socket> {
    let address = prop_oneof![
        Just("127.0.0.1:1"),
        Just("127.0.0.1:2"),
        Just("10.0.0.1:1"),
        Just("10.0.0.2:2"),
        Just("10.0.0.2:1"),
        Just("0.0.0.0:0"),
    ];
    let moment = || proptest::option::of((0_u64..4).prop_map(|seconds| Timestamp(seconds * 1_000_000_000)));
    let direction =
        prop_oneof![Just(Direction::Unknown), Just(Direction::Outbound), Just(Direction::Inbound)];
    (
        (0_u64..10, 1_u32..4, address.clone(), proptest::option::weighted(0.9, address)),
        (proptest::sample::select(&State::ALL), direction, vec(0_u32..4, 0..3), prop::bool::weighted(0.9)),
        (moment(), moment(), proptest::option::of((0_u64..1000, 0_u64..1000))),
        proptest::option::of((0_u32..3, 0_u32..3)),
        proptest::option::weighted(0.2, 0_u64..10),
    )
        .prop_map(
            |(
                (id, netns, local, remote),
                (state, direction, owners, is_tcp),
                (opened_at, closed_at, counters),
                sequence,
                peer,
            )| {
                Socket {
                    id: SocketId(id),
                    netns: NetnsId(netns),
                    protocol: if is_tcp { Protocol::Tcp } else { Protocol::Udp },
                    local: local.parse().unwrap(),
                    remote: remote.map(|remote| remote.parse().unwrap()),
                    state,
                    direction,
                    owners: owners.into_iter().map(pid).collect(),
                    owner_source: OwnerSource::Seen,
                    opened_at,
                    closed_at,
                    counters: counters.map(|(bytes_sent, bytes_received)| Counters {
                        bytes_sent,
                        bytes_received,
                        ..Counters::default()
                    }),
                    sequence: sequence.map(|(sent, received)| SequencePair { sent, received }),
                    peer: peer.map(SocketId),
                    error: None,
                }
            },
        )
}

/// Which list of a tick a socket goes into.
#[derive(Clone, Copy, Debug)]
enum List {
    Opened,
    Changed,
    Closed,
    Forgotten,
    Explained,
}

proptest! {
    #[test]
    fn any_ticks_are_taken(
        ticks in vec(
            (0..2_usize, vec((prop_oneof![
                3 => Just(List::Opened),
                3 => Just(List::Changed),
                2 => Just(List::Closed),
                1 => Just(List::Forgotten),
                1 => Just(List::Explained),
            ], any_socket()), 0..8)),
            0..12,
        ),
    ) {
        let mut topology = Topology::new();
        let mut named = [BTreeMap::new(), BTreeMap::new()];
        for (sequence, (host, sockets)) in ticks.into_iter().enumerate() {
            let mut tick = tick(["a", "b"][host], sequence as u64);
            for (list, socket) in sockets {
                if !matches!(list, List::Forgotten | List::Explained) {
                    named[host].insert(socket.id, socket.clone());
                }
                match list {
                    List::Opened => tick.opened.push(socket),
                    List::Changed => tick.changed.push(socket),
                    List::Closed => tick.closed.push(socket),
                    List::Forgotten => tick.forgotten.push(socket.id),
                    List::Explained => {
                        let container = ["x", "y"].get(socket.netns.0 as usize);
                        tick.processes.push(process(socket.id.0 as u32 % 4, "named", container.copied()));
                    }
                }
            }
            let before = Snapshot::of(&topology);
            topology.apply(&tick);
            before.check(&topology)?;
            check(&topology)?;
        }
        for _ in 0..2 {
            for (host, named) in named.iter_mut().enumerate() {
                let mut tick = tick(["a", "b"][host], 100);
                tick.closed.extend(std::mem::take(named).into_values());
                topology.apply(&tick);
                check(&topology)?;
            }
        }
        prop_assert_eq!(picture(&topology), ["0 nodes, 0 edges"]);
    }

    #[test]
    fn where_ticks_end_makes_no_difference(
        steps in vec((0..2 * LIVES.len(), prop::bool::weighted(0.3)), 0..80),
    ) {
        let split = play(&steps, |ends_tick| ends_tick)?;
        let whole = play(&steps, |_| false)?;
        prop_assert_eq!(split, whole);
    }
}

/// A connection: the two ends' namespaces and tuples, whether they tell their sequence numbers, whether they close.
struct Life {
    netns: [u32; 2],
    client: [&'static str; 2],
    server: [&'static str; 2],
    tells_sequence: bool,
    closes: bool,
}

const LIVES: [Life; 7] = {
    const fn life(
        netns: [u32; 2],
        client: [&'static str; 2],
        server: [&'static str; 2],
        tells_sequence: bool,
        closes: bool,
    ) -> Life {
        Life { netns, client, server, tells_sequence, closes }
    }
    let (a, b) = ("10.0.0.1:1000", "10.0.0.2:80");
    let (near, far) = ("127.0.0.1:1000", "127.0.0.1:80");
    [
        life([1, 1], [near, far], [far, near], false, true),
        life([2, 2], [near, far], [far, near], true, true),
        // One answer, without numbers.
        life([1, 2], ["10.0.1.1:1", "10.0.1.2:80"], ["10.0.1.2:80", "10.0.1.1:1"], false, true),
        // Translated: only the numbers tell.
        life([1, 3], ["10.0.2.1:1", "10.0.2.2:80"], ["172.17.0.2:8080", "172.17.0.1:5"], true, true),
        // Three with equal addresses, of which one tells.
        life([4, 5], [a, b], [b, a], true, false),
        life([6, 7], [a, b], [b, a], false, false),
        life([8, 9], [a, b], [b, a], false, false),
    ]
};

/// Lives these lives: each step takes one socket one step on. The picture at the end, without connection ids.
fn play(steps: &[(usize, bool)], ends_tick: impl Fn(bool) -> bool) -> Result<Vec<String>, TestCaseError> {
    let mut topology = Topology::new();
    let mut ages = [0_u32; 2 * LIVES.len()];
    let mut known = HashSet::new();
    let mut pending = BTreeMap::new();
    let mut sequence = 0;
    let mut finish = |pending: &mut BTreeMap<SocketId, Socket>| {
        let mut tick = tick("here", sequence);
        sequence += 1;
        for (id, socket) in std::mem::take(pending) {
            let is_known = !known.insert(id);
            match socket.state {
                State::Closed => tick.closed.push(socket),
                _ if is_known => tick.changed.push(socket),
                _ => tick.opened.push(socket),
            }
        }
        topology.apply(&tick);
        check(&topology)
    };
    for (number, &(end, is_last)) in steps.iter().enumerate() {
        let life = &LIVES[end / 2];
        // An end closes when both ends have told all.
        let is_ready = ages[end] < 3 || (ages[end] == 3 && life.closes && ages[end ^ 1] >= 2);
        if is_ready {
            ages[end] += 1;
            let socket = living(end, ages[end], number as u64);
            pending.insert(socket.id, socket);
        }
        if ends_tick(is_last) {
            finish(&mut pending)?;
        }
    }
    for _ in 0..3 {
        finish(&mut pending)?;
    }
    let mut lines = picture(&topology);
    for line in &mut lines {
        if let Some(rest) = line.strip_prefix("  #") {
            *line = rest.split_once(' ').unwrap().1.to_owned();
        }
    }
    lines.sort();
    Ok(lines)
}

/// One end of one of the lives at an age: it opens, tells its numbers, gets another owner, closes.
fn living(end: usize, age: u32, moment: u64) -> Socket {
    let life = &LIVES[end / 2];
    let is_client = end.is_multiple_of(2);
    let tuple = if is_client { life.client } else { life.server };
    let number = end as u32 / 2 * 1000;
    let sent_received = if is_client { (number, number + 501) } else { (number + 501, number + 1) };
    Socket {
        id: SocketId(end as u64),
        netns: NetnsId(life.netns[end % 2]),
        protocol: Protocol::Tcp,
        local: tuple[0].parse().unwrap(),
        remote: Some(tuple[1].parse().unwrap()),
        state: if age == 4 { State::Closed } else { State::Established },
        direction: if is_client { Direction::Outbound } else { Direction::Inbound },
        owners: vec![pid(if age < 3 { 1 } else { 2 + end as u32 })],
        owner_source: OwnerSource::Seen,
        opened_at: None,
        closed_at: (age == 4).then_some(Timestamp(moment)),
        counters: (age > 1).then_some(Counters { bytes_sent: 10, bytes_received: 20, ..Counters::default() }),
        sequence: (age > 1 && life.tells_sequence)
            .then_some(SequencePair { sent: sent_received.0, received: sent_received.1 }),
        peer: None,
        error: None,
    }
}

#[test]
fn a_thousand_connections_to_one_server_are_one_edge() {
    let socket = |id: u64, is_client: bool| {
        let mut socket = living(usize::from(!is_client), 1, 0);
        let client = format!("10.0.0.1:{}", 1000 + id).parse().unwrap();
        let server = "10.0.0.1:80".parse().unwrap();
        (socket.local, socket.remote) =
            if is_client { (client, Some(server)) } else { (server, Some(client)) };
        socket.id = SocketId(2 * id + u64::from(is_client));
        socket.owners = vec![pid(if is_client { 1 } else { 2 })];
        socket
    };
    let mut topology = Topology::new();
    let mut first = tick("here", 0);
    first.opened = (0..1000).flat_map(|id| [socket(id, true), socket(id, false)]).collect();
    topology.apply(&first);
    check(&topology).unwrap();
    let weights: Vec<_> = topology.graph().edge_weights().collect();
    assert_eq!(weights.len(), 1);
    assert_eq!((weights[0].open, weights[0].connections.len()), (1000, 1000));

    // They close one by one, from the middle on.
    for id in (500..1000).chain(0..500) {
        let mut next = tick("here", id + 1);
        next.closed = [socket(id, true), socket(id, false)]
            .map(|socket| Socket { state: State::Closed, ..socket })
            .to_vec();
        topology.apply(&next);
        let left = topology.graph().edge_weights().next().unwrap().connections.len();
        assert_eq!(left as u64, if id >= 500 { 1500 - id } else { 500 - id });
    }
    check(&topology).unwrap();
    topology.apply(&tick("here", 2000));
    assert_eq!(picture(&topology), ["0 nodes, 0 edges"]);
}
