//! Ticks for the tests: a written-down run with something of everything, and generated ones.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use crate::block::Block;
use crate::connection::{
    Address, Counters, Direction, OwnerSource, Protocol, SequencePair, Socket, State, UnixName,
};
use crate::container::Container;
use crate::identity::{ContainerId, HostId, NetnsId, ProcessId, SocketId, Timestamp};
use crate::network::Network;
use crate::process::Process;
use crate::text::Text;
use crate::tick::{Counts, Namespace, RemoteName, Source, Tick, Translation};

pub(super) const HOST: &str = "web-01";
pub(super) const KERNEL: &str = "6.18.5";
/// When the written-down run begins, and the length of its ticks.
const BEGAN: u64 = 1_700_000_000_000_000_000;
const SECOND: u64 = 1_000_000_000;

/// An empty tick.
pub(super) fn tick(sequence: u64) -> Tick {
    Tick {
        source: Source {
            events: "tp_btf".into(),
            owners: "fexit".into(),
            scan: "iter".into(),
            counters_at: Some(Timestamp(BEGAN + (sequence + 1) * SECOND - 3_000_000)),
            scan_us: 1_234 + sequence,
            ..Source::default()
        },
        ..Tick::empty(
            HostId(HOST.into()),
            KERNEL.into(),
            sequence,
            Timestamp(BEGAN + (sequence + 1) * SECOND),
            SECOND,
        )
    }
}

pub(super) fn process(pid: u32, comm: &str, container: Option<&str>) -> Process {
    Process {
        id: ProcessId { pid, started: 4_200 },
        started_at: Some(Timestamp(BEGAN - 90 * SECOND)),
        comm: comm.into(),
        cmdline: Some(vec![comm.into(), "--serve".into()]),
        exe: Some(Text::from(format!("/usr/bin/{comm}").as_str())),
        uid: Some(33),
        user: Some("www-data".into()),
        netns: Some(NetnsId(4_026_531_840)),
        container: container.map(|id| ContainerId(id.into())),
    }
}

/// One end of a TCP connection of a process.
pub(super) fn socket(id: u64, pid: u32, local: &str, remote: Option<&str>, at: Timestamp) -> Socket {
    Socket {
        id: SocketId(id),
        netns: NetnsId(4_026_531_840),
        protocol: Protocol::Tcp,
        local: local.parse().unwrap(),
        remote: remote.map(|remote| remote.parse().unwrap()),
        state: if remote.is_some() { State::Established } else { State::Listen },
        direction: Direction::Outbound,
        owners: vec![ProcessId { pid, started: 4_200 }],
        owner_source: OwnerSource::Seen,
        opened_at: Some(at),
        closed_at: None,
        counters: None,
        sequence: None,
        peer: None,
        error: None,
    }
}

/// The two ends of the `number`th connection: from a process to a server of the same host.
fn connection(number: u64, at: Timestamp) -> [Socket; 2] {
    let (client, server) = (format!("10.0.0.1:{}", 20_000 + number), "10.0.0.1:443");
    let sent = u32::try_from(number).unwrap() * 1_000;
    let one = Socket {
        sequence: Some(SequencePair { sent, received: 7 + sent }),
        ..socket(100 + 2 * number, 900, &client, Some(server), at)
    };
    let other = Socket {
        sequence: Some(SequencePair { sent: 7 + sent, received: sent + 1 }),
        direction: Direction::Inbound,
        ..socket(101 + 2 * number, 700, server, Some(&client), at)
    };
    [one, other]
}

fn with_bytes(socket: &Socket, bytes: u64) -> Socket {
    let counters =
        Counters { bytes_sent: bytes, bytes_received: 3 * bytes, rtt_us: Some(180), retransmits: 1 };
    Socket { counters: Some(counters), ..socket.clone() }
}

/// A run of a small host: a web server and its clients, one connection opening and one closing in each tick, one end some
/// ticks before the other; something of all that a tick can tell.
pub(super) fn run(ticks: u64) -> Vec<Tick> {
    let at = |sequence: u64| Timestamp(BEGAN + sequence * SECOND + SECOND / 2);
    let mut told = Vec::new();
    for sequence in 0..ticks {
        let mut tick = tick(sequence);
        if sequence == 0 {
            tick.processes = vec![
                process(700, "nginx", Some("c0ffee")),
                process(900, "curl", None),
                process(5, "systemd", None),
            ];
            tick.containers.push(Container {
                id: ContainerId("c0ffee".into()),
                runtime: Some("docker".into()),
                parent: None,
                name: Some("web".into()),
                image: Some("nginx:1.27".into()),
                labels: [("tier".into(), "front".into())].into(),
                netns: Some(NetnsId(4_026_531_840)),
            });
            tick.namespaces.push(Namespace {
                id: NetnsId(4_026_531_840),
                names: vec!["host".into()],
                network: Some(Network {
                    addresses: vec!["10.0.0.1".parse().unwrap()],
                    local: vec![Block::parse("127.0.0.0/8").unwrap()],
                    connected: vec![Block::parse("10.0.0.0/24").unwrap()],
                }),
            });
            tick.opened.push(socket(1, 700, "0.0.0.0:443", None, at(0)));
            tick.opened.push(Socket {
                protocol: Protocol::Unix,
                peer: Some(SocketId(3)),
                ..socket(2, 5, "/run/bus", Some("@client"), at(0))
            });
        }
        tick.opened.extend(connection(sequence, at(sequence)));
        if let Some(before) = sequence.checked_sub(1) {
            let [one, other] = connection(before, at(before));
            tick.changed = vec![with_bytes(&one, 10 * sequence), with_bytes(&other, 10 * sequence)];
        }
        // The client closes after three ticks, the server two ticks later.
        if let Some(before) = sequence.checked_sub(3) {
            let [one, _] = connection(before, at(before));
            let closed =
                Socket { state: State::Closed, closed_at: Some(at(sequence)), ..with_bytes(&one, 99) };
            tick.closed.push(closed);
            tick.counts.closes += 1;
        }
        if let Some(before) = sequence.checked_sub(5) {
            let [_, other] = connection(before, at(before));
            let closed =
                Socket { state: State::Closed, closed_at: Some(at(sequence)), ..with_bytes(&other, 99) };
            tick.closed.push(Socket { error: Some(104), ..closed });
            tick.counts.closes += 1;
        }
        (tick.counts.connects, tick.counts.accepts) = (1, 1);
        if sequence == 2 {
            let address = "203.0.113.9".parse().unwrap();
            tick.opened.push(socket(50, 900, "10.0.0.1:5000", Some("172.17.0.1:80"), at(2)));
            tick.translations.push(Translation {
                socket: SocketId(50),
                local: "10.0.0.1:61000".parse().unwrap(),
                remote: "203.0.113.9:80".parse().unwrap(),
                outbound: true,
            });
            tick.remote_names.push(RemoteName { address, name: "example.org".into() });
            tick.source.reasons.push("UDP is not seen".into());
            tick.source.remedy = Some("run it with sudo".into());
            tick.source.lost_events = 3;
        }
        if sequence == 4 {
            tick.forgotten.push(SocketId(2));
        }
        told.push(tick);
    }
    told
}

fn any_text() -> impl Strategy<Value = Text> {
    ".{0,12}".prop_map(|text| Text::from(text.as_str()))
}

fn any_address() -> impl Strategy<Value = Address> {
    prop_oneof![
        4 => any::<SocketAddr>().prop_map(Address::from),
        1 => (any::<[u16; 8]>(), any::<u16>(), any::<u32>(), any::<u32>()).prop_map(|(ip, port, flow, scope)| {
            SocketAddr::V6(SocketAddrV6::new(ip.into(), port, flow, scope)).into()
        }),
        1 => any_text().prop_map(|name| UnixName::Path(name).into()),
        1 => any_text().prop_map(|name| UnixName::Abstract(name).into()),
        1 => Just(UnixName::Unnamed.into()),
    ]
}

fn any_process_id() -> impl Strategy<Value = ProcessId> {
    (0..5_u32, prop_oneof![Just(0), Just(1), any::<u64>()])
        .prop_map(|(pid, started)| ProcessId { pid, started })
}

fn moment() -> impl Strategy<Value = Timestamp> {
    prop_oneof![(0..SECOND * 9).prop_map(|past| Timestamp(BEGAN + past)), any::<u64>().prop_map(Timestamp)]
}

fn any_counters() -> impl Strategy<Value = Counters> {
    let bytes = || prop_oneof![0..9_u64, any::<u64>()];
    (bytes(), bytes(), of(any::<u32>()), any::<u32>()).prop_map(
        |(bytes_sent, bytes_received, rtt_us, retransmits)| Counters {
            bytes_sent,
            bytes_received,
            rtt_us,
            retransmits,
        },
    )
}

/// Few sockets, so that the same ones come again and again, the same or another.
fn any_socket() -> impl Strategy<Value = Socket> {
    let who =
        (0..6_u64, 1..3_u32, proptest::sample::select(vec![Protocol::Tcp, Protocol::Udp, Protocol::Unix]));
    let addresses = prop_oneof![
        3 => Just(("10.0.0.1:1".parse().unwrap(), Some("10.0.0.2:2".parse().unwrap()))),
        1 => (any_address(), of(any_address())),
    ];
    let direction =
        prop_oneof![Just(Direction::Unknown), Just(Direction::Outbound), Just(Direction::Inbound)];
    let source =
        prop_oneof![Just(OwnerSource::Unknown), Just(OwnerSource::Listener), Just(OwnerSource::Seen)];
    let life = (proptest::sample::select(&State::ALL), of(moment()), of(any_counters()), of(any::<u32>()));
    let rest = (
        direction,
        vec(any_process_id(), 0..3),
        source,
        prop_oneof![3 => Just(None), 1 => of(moment())],
        prop_oneof![3 => Just(None), 1 => of((any::<u32>(), any::<u32>()))],
        prop_oneof![3 => Just(None), 1 => of(0..6_u64)],
    );
    (who, addresses, life, rest).prop_map(
        |((id, netns, protocol), (local, remote), (state, closed_at, counters, error), rest)| {
            let (direction, owners, owner_source, opened_at, sequence, peer) = rest;
            Socket {
                id: SocketId(id),
                netns: NetnsId(netns),
                protocol,
                local,
                remote,
                state,
                direction,
                owners,
                owner_source,
                opened_at,
                closed_at,
                counters,
                sequence: sequence.map(|(sent, received)| SequencePair { sent, received }),
                peer: peer.map(SocketId),
                error,
            }
        },
    )
}

fn any_process() -> impl Strategy<Value = Process> {
    let texts = || of(any_text());
    (
        any_process_id(),
        of(moment()),
        any_text(),
        of(vec(any_text(), 0..3)),
        texts(),
        of(any::<u32>()),
        texts(),
        of(0..9_u32),
        texts(),
    )
        .prop_map(|(id, started_at, comm, cmdline, exe, uid, user, netns, container)| Process {
            id,
            started_at,
            comm,
            cmdline,
            exe,
            uid,
            user,
            netns: netns.map(NetnsId),
            container: container.map(ContainerId),
        })
}

fn any_container() -> impl Strategy<Value = Container> {
    let texts = || of(any_text());
    (
        any_text(),
        texts(),
        texts(),
        texts(),
        texts(),
        proptest::collection::btree_map(any_text(), any_text(), 0..3),
        of(0..9_u32),
    )
        .prop_map(|(id, runtime, parent, name, image, labels, netns)| Container {
            id: ContainerId(id),
            runtime,
            parent: parent.map(ContainerId),
            name,
            image,
            labels,
            netns: netns.map(NetnsId),
        })
}

fn any_namespace() -> impl Strategy<Value = Namespace> {
    let block =
        || (any::<IpAddr>(), 0..32_u8).prop_filter_map("no block", |(ip, prefix)| Block::new(ip, prefix));
    let network = (vec(any::<IpAddr>(), 0..3), vec(block(), 0..2), vec(block(), 0..2))
        .prop_map(|(addresses, local, connected)| Network { addresses, local, connected });
    (0..9_u32, vec(any_text(), 0..3), of(network)).prop_map(|(id, names, network)| Namespace {
        id: NetnsId(id),
        names,
        network,
    })
}

fn any_source() -> impl Strategy<Value = Source> {
    let texts = prop_oneof![
        Just(("tp_btf".into(), "fexit".into(), "iter".into(), Vec::new(), None)),
        (any_text(), any_text(), any_text(), vec(any_text(), 0..3), of(any_text())),
    ];
    (texts, any::<u64>(), any::<u64>(), of(moment())).prop_map(
        |((events, owners, scan, reasons, remedy), lost_events, scan_us, counters_at)| Source {
            events,
            owners,
            scan,
            lost_events,
            scan_us,
            counters_at,
            reasons,
            remedy,
        },
    )
}

fn any_tick() -> impl Strategy<Value = Tick> {
    let sockets = || vec(any_socket(), 0..4);
    let translation = (0..6_u64, any::<SocketAddr>(), any::<SocketAddr>(), any::<bool>()).prop_map(
        |(socket, local, remote, outbound)| Translation { socket: SocketId(socket), local, remote, outbound },
    );
    let name = (any::<IpAddr>(), any_text()).prop_map(|(address, name)| RemoteName { address, name });
    let counts = any::<[u32; 4]>().prop_map(|counts| {
        let [connects, accepts, closes, fails] = counts.map(u64::from);
        Counts { connects, accepts, closes, fails }
    });
    (
        (any::<u64>(), moment(), any::<u64>()),
        (sockets(), sockets(), sockets(), vec((0..6_u64).prop_map(SocketId), 0..2)),
        (vec(any_process(), 0..3), vec(any_container(), 0..2), vec(any_namespace(), 0..2)),
        (vec(translation, 0..2), vec(name, 0..2), counts, any_source()),
    )
        .prop_map(
            |((sequence, at, duration), sockets, facts, (translations, remote_names, counts, source))| {
                let (opened, changed, closed, forgotten) = sockets;
                let (processes, containers, namespaces) = facts;
                Tick {
                    host: HostId(HOST.into()),
                    kernel: KERNEL.into(),
                    sequence,
                    at,
                    duration,
                    opened,
                    changed,
                    closed,
                    forgotten,
                    processes,
                    containers,
                    namespaces,
                    translations,
                    remote_names,
                    counts,
                    source,
                }
            },
        )
}

/// Ticks that may say anything, however little sense it makes; enough of them for keys.
pub(super) fn any_ticks() -> impl Strategy<Value = Vec<Tick>> {
    vec(any_tick(), 1..30)
}
