//! A small host, written down: what the tests of the formats print.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::BTreeMap;
use std::sync::Arc;

use scopetop_tracker::Tick;
use scopetop_tracker::connection::{
    ConnectionEvent, ConnectionEventKind, Counters, Direction, OwnerSource, Protocol, SequencePair, Socket,
    State,
};
use scopetop_tracker::container::Container;
use scopetop_tracker::filter::Filter;
use scopetop_tracker::identity::{ContainerId, HostId, NetnsId, ProcessId, SocketId, Timestamp};
use scopetop_tracker::process::Process;
use scopetop_tracker::text::Text;
use scopetop_tracker::tick::{Namespace, Source};
use scopetop_tracker::topology::Topology;
use scopetop_tracker::topology::grouping::{Grouping, Sieve};

use crate::view::{Look, View, build};

pub(crate) const HOST: NetnsId = NetnsId(4_026_531_840);
pub(crate) const WEB: NetnsId = NetnsId(4_026_532_200);
pub(crate) const CONTAINER: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const NOW: u64 = 1_700_000_010_000_000_000;

pub(crate) const CURL: ProcessId = ProcessId { pid: 900, started: 5000 };
pub(crate) const NGINX: ProcessId = ProcessId { pid: 4121, started: 4000 };
pub(crate) const WORKER: ProcessId = ProcessId { pid: 4122, started: 4001 };
pub(crate) const EVIL: ProcessId = ProcessId { pid: 666, started: 0 };

/// Escape sequences, control and bidi characters, invalid UTF-8, and what the formats themselves give a meaning to.
pub(crate) const EVIL_NAME: &[u8] = b"\x1b]0;p\x07\"\\\xe2\x80\xae\xff&<\n";

pub(crate) fn process(id: ProcessId, comm: &[u8]) -> Process {
    Process {
        id,
        started_at: None,
        comm: Text::from_bytes(comm),
        cmdline: None,
        exe: None,
        uid: None,
        user: None,
        netns: None,
        container: None,
    }
}

fn nginx(id: ProcessId) -> Process {
    Process {
        started_at: Some(Timestamp(NOW - 3_600_000_000_000)),
        cmdline: Some(["nginx:", "worker"].map(Text::from).to_vec()),
        exe: Some(Text::from("/usr/sbin/nginx")),
        uid: Some(33),
        user: Some(Text::from("www-data")),
        netns: Some(WEB),
        container: Some(ContainerId(Text::from(CONTAINER))),
        ..process(id, b"nginx")
    }
}

pub(crate) fn socket(
    id: u64,
    local: &str,
    remote: &str,
    direction: Direction,
    owners: &[ProcessId],
) -> Socket {
    Socket {
        id: SocketId(id),
        netns: HOST,
        protocol: Protocol::Tcp,
        local: local.parse().unwrap(),
        remote: Some(remote.parse().unwrap()),
        state: State::Established,
        direction,
        owners: owners.to_vec(),
        owner_source: if owners.is_empty() { OwnerSource::Unknown } else { OwnerSource::Seen },
        opened_at: None,
        closed_at: None,
        counters: None,
        sequence: None,
        peer: None,
        error: None,
    }
}

pub(crate) fn tick(sequence: u64) -> Tick {
    Tick {
        source: Source {
            events: Text::from("tp_btf"),
            owners: Text::from("fexit"),
            scan: Text::from("iter"),
            lost_events: 3,
            scan_us: 1250,
            counters_at: None,
            reasons: vec![Text::from("no CAP_NET_ADMIN: NAT is not undone")],
            remedy: None,
        },
        ..Tick::empty(
            HostId(Text::from("web-01")),
            Text::from("6.12.0"),
            sequence,
            Timestamp(NOW - 1_000_000_000 + sequence * 1_000_000_000),
            1_000_000_000,
        )
    }
}

/// What the scan found, and a second in which one connection came and went and another failed.
pub(crate) fn ticks() -> [Tick; 2] {
    let listener = Socket {
        netns: WEB,
        remote: None,
        state: State::Listen,
        ..socket(1, "0.0.0.0:80", "0.0.0.0:0", Direction::Inbound, &[NGINX, WORKER])
    };
    let client = Socket {
        opened_at: Some(Timestamp(NOW - 90_000_000_000)),
        counters: Some(Counters {
            bytes_sent: 640,
            bytes_received: 70_000,
            rtt_us: Some(180),
            retransmits: 1,
        }),
        sequence: Some(SequencePair { sent: 100, received: 200 }),
        ..socket(2, "172.17.0.1:40000", "172.17.0.2:80", Direction::Outbound, &[CURL])
    };
    let server = Socket {
        netns: WEB,
        counters: Some(Counters {
            bytes_sent: 70_000,
            bytes_received: 640,
            rtt_us: Some(90),
            retransmits: 0,
        }),
        sequence: Some(SequencePair { sent: 200, received: 101 }),
        ..socket(3, "172.17.0.2:80", "172.17.0.1:40000", Direction::Inbound, &[WORKER])
    };
    let remote = socket(4, "10.0.0.5:50000", "203.0.113.9:443", Direction::Outbound, &[EVIL]);
    let unowned = Socket {
        state: State::CloseWait,
        ..socket(5, "[2001:db8::5]:22", "[2001:db8::9]:55555", Direction::Inbound, &[])
    };
    let undirected = socket(6, "10.0.0.5:50002", "198.51.100.7:9000", Direction::Unknown, &[EVIL]);
    let failed = Socket {
        state: State::Failed,
        opened_at: Some(Timestamp(NOW - 300_000_000)),
        closed_at: Some(Timestamp(NOW - 200_000_000)),
        error: Some(libc::ECONNREFUSED as u32),
        ..socket(7, "10.0.0.5:0", "10.0.3.7:8443", Direction::Outbound, &[CURL])
    };
    let closed = Socket {
        state: State::Closed,
        opened_at: Some(Timestamp(NOW - 500_000_000)),
        closed_at: Some(Timestamp(NOW - 400_000_000)),
        counters: Some(Counters { bytes_sent: 64, bytes_received: 0, rtt_us: None, retransmits: 0 }),
        ..socket(8, "10.0.0.5:50004", "203.0.113.9:443", Direction::Outbound, &[EVIL])
    };
    let curl = Process {
        started_at: Some(Timestamp(NOW - 100_000_000_000)),
        cmdline: Some(vec![]),
        netns: Some(HOST),
        ..process(CURL, b"curl")
    };
    let container = Container {
        id: ContainerId(Text::from(CONTAINER)),
        runtime: Some(Text::from("docker")),
        parent: None,
        name: Some(Text::from("web \"x\"")),
        image: None,
        labels: BTreeMap::from([(Text::from("app"), Text::from("shop"))]),
        netns: Some(WEB),
    };
    let first = Tick {
        opened: vec![listener, client, server, remote, unowned, undirected],
        processes: vec![nginx(NGINX), nginx(WORKER), curl, process(EVIL, EVIL_NAME)],
        containers: vec![container],
        namespaces: vec![
            Namespace { id: HOST, names: vec![Text::from("host")], network: None },
            Namespace { id: WEB, names: vec![], network: None },
        ],
        ..tick(0)
    };
    let second = Tick { closed: vec![failed, closed], ..tick(1) };
    [first, second]
}

/// The small host after both ticks.
pub(crate) fn topology() -> Topology {
    let mut topology = Topology::new();
    for tick in &ticks() {
        topology.apply(tick);
    }
    topology
}

/// The view of it by process, everything open.
pub(crate) fn view() -> View {
    let grouping = Grouping::default();
    build(&topology(), Look { grouping: &grouping, sieve: Sieve::default() })
}

/// The filter that lets everything through.
pub(crate) fn everything() -> Filter {
    Filter::all(Vec::new())
}

/// An event of a kind, of the evil process where it has one.
pub(crate) fn event(kind: ConnectionEventKind) -> ConnectionEvent {
    ConnectionEvent {
        kind,
        at: Timestamp(NOW),
        socket: SocketId(9),
        protocol: Protocol::Tcp,
        netns: HOST,
        process: Some(EVIL),
        comm: None,
        local: "10.0.0.5:50006".parse().unwrap(),
        remote: Some("203.0.113.9:443".parse().unwrap()),
        opened_at: None,
        counters: None,
        error: None,
    }
}

/// One of each kind, and a close of which nothing is known.
pub(crate) fn events() -> Vec<(ConnectionEvent, Option<Arc<Process>>)> {
    use ConnectionEventKind::{Accept, Close, Connect, Fail, Listen};
    let evil = Arc::new(process(EVIL, EVIL_NAME));
    let worker = Arc::new(nginx(WORKER));
    let accept = ConnectionEvent {
        netns: WEB,
        process: Some(WORKER),
        local: "[2001:db8::5]:80".parse().unwrap(),
        remote: Some("[2001:db8::9]:55555".parse().unwrap()),
        ..event(Accept)
    };
    let close = ConnectionEvent {
        kind: Close,
        opened_at: Some(Timestamp(NOW - 2_500_000_000)),
        counters: Some(Counters {
            bytes_sent: 70_000,
            bytes_received: 64,
            rtt_us: Some(180),
            retransmits: 2,
        }),
        error: Some(libc::ECONNRESET as u32),
        ..accept.clone()
    };
    let listen = ConnectionEvent { local: "0.0.0.0:80".parse().unwrap(), remote: None, ..event(Listen) };
    let fail = ConnectionEvent {
        local: "10.0.0.5:0".parse().unwrap(),
        error: Some(libc::ETIMEDOUT as u32),
        ..event(Fail)
    };
    vec![
        (event(Connect), Some(Arc::clone(&evil))),
        (accept, Some(Arc::clone(&worker))),
        (close, Some(worker)),
        (listen, Some(evil)),
        (fail, None),
        (ConnectionEvent { process: None, ..event(Close) }, None),
    ]
}

/// Fails where anything in the text could disturb a terminal.
pub(crate) fn assert_harmless(text: &str) {
    for character in text.chars() {
        let harmless =
            character == '\n' || !(character.is_control() || ('\u{202a}'..='\u{202e}').contains(&character));
        assert!(harmless, "{character:?} in {text:?}");
    }
}
