//! A host as ticks, for tests: a web server, its database and cache in containers, a few processes of the host.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod folder;
mod shop;
pub(crate) mod small;

pub(crate) use folder::Folder;
pub(crate) use shop::{BLUE, shop, tick_of_the_shop};

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use scopetop_tracker::Tick;
use scopetop_tracker::connection::{
    Address, Counters, Direction, OwnerSource, Protocol, SequencePair, Socket, State, UnixName,
};
use scopetop_tracker::container::Container;
use scopetop_tracker::identity::{ContainerId, HostId, NetnsId, ProcessId, SocketId, Timestamp};
use scopetop_tracker::network::Network;
use scopetop_tracker::process::Process;
use scopetop_tracker::text::Text;
use scopetop_tracker::tick::{Namespace, Source, Translation};
use scopetop_tracker::topology::Topology;

const SECOND: u64 = 1_000_000_000;
/// 2026-03-01 12:04:31 UTC: the end of the last tick.
pub(crate) const NOW: Timestamp = Timestamp(1_772_366_671 * SECOND);

pub(crate) const HOST: NetnsId = NetnsId(4_026_531_840);
const WEB: NetnsId = NetnsId(4_026_532_201);
const DB: NetnsId = NetnsId(4_026_532_305);

const NGINX: u32 = 4121;
const NGINX_2: u32 = 4122;
const POSTGRES: u32 = 5120;
const REDIS: u32 = 620;
const CRON: u32 = 9921;
const AGENT: u32 = 311;
const CURL: u32 = 10_412;

fn ago(seconds: u64) -> Timestamp {
    Timestamp(NOW.0 - seconds * SECOND)
}

fn id(pid: u32) -> ProcessId {
    ProcessId { pid, started: u64::from(pid) * 10 }
}

pub(crate) fn process(
    pid: u32,
    comm: &str,
    user: (&str, u32),
    netns: NetnsId,
    container: Option<&str>,
) -> Process {
    Process {
        id: id(pid),
        started_at: Some(ago(8_040)),
        comm: comm.into(),
        cmdline: Some(vec![
            format!("/usr/sbin/{comm}").as_str().into(),
            "--config".into(),
            "/etc/main.conf".into(),
        ]),
        exe: Some(format!("/usr/sbin/{comm}").as_str().into()),
        uid: Some(user.1),
        user: Some(user.0.into()),
        netns: Some(netns),
        container: container.map(|id| ContainerId(id.into())),
    }
}

fn container(id: &str, name: &str, image: &str, netns: NetnsId) -> Container {
    Container {
        id: ContainerId(id.into()),
        runtime: Some("docker".into()),
        parent: None,
        name: Some(name.into()),
        image: Some(image.into()),
        labels: std::collections::BTreeMap::new(),
        netns: Some(netns),
    }
}

/// A socket of a process: established, from before.
pub(crate) fn socket(
    number: u64,
    pid: u32,
    netns: NetnsId,
    local: &str,
    remote: &str,
    way: Direction,
) -> Socket {
    Socket {
        id: SocketId(number),
        netns,
        protocol: Protocol::Tcp,
        local: address(local),
        remote: Some(address(remote)),
        state: State::Established,
        direction: way,
        owners: vec![id(pid)],
        owner_source: OwnerSource::Seen,
        opened_at: Some(ago(8_040)),
        closed_at: None,
        counters: None,
        sequence: None,
        peer: None,
        error: None,
    }
}

fn listener(number: u64, pids: &[u32], netns: NetnsId, local: &str) -> Socket {
    let mut socket = socket(number, 0, netns, local, local, Direction::Inbound);
    socket.remote = None;
    socket.state = State::Listen;
    socket.owners = pids.iter().map(|&pid| id(pid)).collect();
    socket
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn counted(mut socket: Socket, sent: u64, received: u64, rtt_us: u32) -> Socket {
    socket.counters =
        Some(Counters { bytes_sent: sent, bytes_received: received, rtt_us: Some(rtt_us), retransmits: 0 });
    socket
}

/// The two ends of one connection: the sequence numbers say that they are.
fn joined(mut client: Socket, mut server: Socket) -> [Socket; 2] {
    let number = client.id.0 as u32 * 1_000;
    client.sequence = Some(SequencePair { sent: number, received: number + 500 });
    server.sequence = Some(SequencePair { sent: number + 500, received: number + 1 });
    [client, server]
}

fn new(mut socket: Socket) -> Socket {
    socket.opened_at = Some(Timestamp(NOW.0 - SECOND / 2));
    socket
}

fn over(mut socket: Socket, state: State, error: Option<u32>) -> Socket {
    socket.state = state;
    socket.closed_at = Some(Timestamp(NOW.0 - SECOND / 5));
    socket.error = error;
    socket
}

fn to_database(number: u64, port: u16) -> [Socket; 2] {
    let (client, server) = (format!("10.0.2.4:{port}"), "10.0.2.9:5432");
    joined(
        socket(number, NGINX, WEB, &client, server, Direction::Outbound),
        socket(number + 1, POSTGRES, DB, server, &client, Direction::Inbound),
    )
}

fn tick(sequence: u64) -> Tick {
    Tick {
        source: Source {
            events: "tp_btf".into(),
            owners: "fexit".into(),
            scan: "iter".into(),
            lost_events: 0,
            scan_us: 31_000,
            counters_at: None,
            reasons: Vec::new(),
            remedy: None,
        },
        ..Tick::empty(HostId("web-01".into()), "6.18.5-amd64".into(), sequence, NOW, SECOND)
    }
}

/// What was there before, then a second in which something of every kind happened.
pub(crate) fn ticks() -> [Tick; 2] {
    let mut before = tick(0);
    before.at = ago(1);
    before.processes = vec![
        process(NGINX, "nginx", ("www-data", 33), WEB, Some("4f1c09a7d2b3")),
        process(NGINX_2, "nginx", ("www-data", 33), WEB, Some("4f1c09a7d2b3")),
        process(POSTGRES, "postgres", ("postgres", 70), DB, Some("9b22e1aa0c4d")),
        process(REDIS, "redis-server", ("redis", 999), HOST, None),
        process(CRON, "cron-job", ("root", 0), HOST, None),
        process(AGENT, "agent", ("root", 0), HOST, None),
    ];
    before.containers = vec![
        container("4f1c09a7d2b3", "web", "nginx:1.27", WEB),
        container("9b22e1aa0c4d", "db", "postgres:16", DB),
    ];
    before.namespaces = vec![
        Namespace { id: HOST, names: vec!["host".into()], network: None },
        Namespace { id: WEB, names: Vec::new(), network: None },
        Namespace { id: DB, names: Vec::new(), network: None },
    ];
    before.opened = vec![
        listener(1, &[NGINX, NGINX_2], WEB, "0.0.0.0:443"),
        listener(2, &[NGINX, NGINX_2], WEB, "0.0.0.0:80"),
        listener(3, &[POSTGRES], DB, "0.0.0.0:5432"),
        listener(4, &[REDIS], HOST, "127.0.0.1:6379"),
        socket(10, NGINX, WEB, "10.0.2.4:443", "203.0.113.9:51200", Direction::Inbound),
        socket(11, NGINX, WEB, "10.0.2.4:443", "203.0.113.9:51201", Direction::Inbound),
        socket(12, NGINX_2, WEB, "10.0.2.4:443", "198.51.100.23:40022", Direction::Inbound),
        counted(
            socket(13, AGENT, HOST, "192.168.7.5:38211", "192.168.7.40:8125", Direction::Outbound),
            0,
            0,
            1_240,
        ),
        socket(
            14,
            CRON,
            HOST,
            "192.168.7.5:38300",
            "[2001:db8:85a3::8a2e:370:7334]:443",
            Direction::Outbound,
        ),
        socket(15, CRON, HOST, "192.168.7.5:38301", "192.0.2.77:25", Direction::Unknown),
    ];
    for number in 0..4 {
        let [client, server] = to_database(100 + 10 * number, 51_880 + number as u16);
        before
            .opened
            .extend([counted(client, 220_000_000, 9_000, 180), counted(server, 9_000, 220_000_000, 190)]);
    }
    // Much flows here.
    before.opened.push(counted(
        socket(16, REDIS, HOST, "192.168.7.5:6379", "192.168.7.41:50000", Direction::Inbound),
        5_000_000,
        1_000,
        412,
    ));
    before.opened.extend(joined(
        socket(60, CRON, HOST, "127.0.0.1:40100", "127.0.0.1:6379", Direction::Outbound),
        socket(61, REDIS, HOST, "127.0.0.1:6379", "127.0.0.1:40100", Direction::Inbound),
    ));

    let mut now = tick(1);
    now.processes = vec![process(CURL, "curl", ("ana", 1000), HOST, None)];
    let [client, server] = to_database(100, 51_880);
    now.changed =
        vec![counted(client, 221_200_000, 349_000, 180), counted(server, 349_000, 221_200_000, 190)];
    now.changed.push(counted(
        socket(13, AGENT, HOST, "192.168.7.5:38211", "192.168.7.40:8125", Direction::Outbound),
        9_100,
        0,
        1_240,
    ));
    now.changed.push(counted(
        socket(16, REDIS, HOST, "192.168.7.5:6379", "192.168.7.41:50000", Direction::Inbound),
        7_000_000,
        10_000,
        430,
    ));
    now.opened = to_database(200, 51_900).map(new).into();
    now.opened.push(new(socket(
        70,
        CURL,
        HOST,
        "192.168.7.5:38400",
        "203.0.113.80:443",
        Direction::Outbound,
    )));
    now.closed = vec![
        over(
            socket(12, NGINX_2, WEB, "10.0.2.4:443", "198.51.100.23:40022", Direction::Inbound),
            State::Closed,
            None,
        ),
        over(
            new(socket(71, AGENT, HOST, "192.168.7.5:38401", "10.0.3.7:8443", Direction::Outbound)),
            State::Failed,
            Some(111),
        ),
    ];
    [before, now]
}

/// Instead of the second of [`ticks`], one that has what those have not: UDP, Unix sockets, address translation,
/// retransmitted segments, a reset, a network, a container inside another with labels.
pub(crate) fn everything() -> Tick {
    let mut now = tick(1);
    let to = |number, port: u16, remote: &str| {
        socket(number, AGENT, HOST, &format!("192.168.7.5:{port}"), remote, Direction::Outbound)
    };
    let mut slow = counted(to(80, 38_500, "10.0.3.8:443"), 5_000, 70, 31_400);
    slow.counters = slow.counters.map(|counters| Counters { retransmits: 12, ..counters });
    let mut question = counted(to(83, 38_503, "10.0.3.53:53"), 120, 480, 0);
    question.protocol = Protocol::Udp;
    question.counters = question.counters.map(|counters| Counters { rtt_us: None, ..counters });
    let path = "/run/redis/redis.sock";
    let unix = |number, pid, local: &str, remote: &str, way, peer| {
        let mut socket = socket(number, pid, HOST, "0.0.0.0:0", "0.0.0.0:0", way);
        socket.protocol = Protocol::Unix;
        let name = |text: &str| match text {
            "" => Address::Unix(UnixName::Unnamed),
            path => address(path),
        };
        (socket.local, socket.remote) = (name(local), Some(name(remote)));
        socket.peer = Some(SocketId(peer));
        socket
    };
    let mut listens = listener(84, &[REDIS], HOST, "0.0.0.0:0");
    (listens.protocol, listens.local) = (Protocol::Unix, address(path));
    now.opened = vec![
        slow,
        question,
        listens,
        unix(85, AGENT, "", path, Direction::Outbound, 86),
        unix(86, REDIS, path, "", Direction::Inbound, 85),
    ];
    now.closed = vec![
        over(new(to(81, 38_501, "10.0.3.7:8443")), State::Failed, Some(111)),
        over(new(to(82, 38_502, "10.0.3.9:443")), State::Closed, Some(104)),
    ];
    now.translations = vec![Translation {
        socket: SocketId(80),
        local: "192.168.7.5:39000".parse().unwrap(),
        remote: "10.0.3.8:443".parse().unwrap(),
        outbound: true,
    }];
    let block = |text: &str| scopetop_tracker::block::Block::parse(text).unwrap();
    now.namespaces = vec![Namespace {
        id: HOST,
        names: vec!["host".into()],
        network: Some(Network {
            addresses: ["127.0.0.1", "192.168.7.5"].map(|address| address.parse().unwrap()).to_vec(),
            local: vec![block("127.0.0.0/8")],
            connected: vec![block("192.168.7.0/24")],
        }),
    }];
    let mut inner = container("9b22e1aa0c4d", "db", "postgres:16", DB);
    inner.parent = Some(ContainerId("4f1c09a7d2b3".into()));
    inner.labels = [
        ("com.example.description", "The shop's database, of which there is one for all of its countries"),
        ("io.kubernetes.pod.namespace", "shop"),
        ("tier", ""),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .into();
    now.containers = vec![inner];
    now
}

/// The host after both [`ticks`].
pub(crate) fn topology() -> Topology {
    after(&ticks())
}

/// The host after some ticks.
pub(crate) fn after(ticks: &[Tick]) -> Topology {
    let mut topology = Topology::new();
    for tick in ticks {
        topology.apply(tick);
    }
    topology
}

/// The tick after [`ticks`], in which nothing happened.
pub(crate) fn quiet(seconds: u64) -> Tick {
    Tick { at: Timestamp(NOW.0 + seconds * SECOND), sequence: 1 + seconds, ..tick(0) }
}

/// A tick with many processes, each with connections to many peers.
pub(crate) fn crowd(processes: u32, connections_each: u32) -> Tick {
    let mut crowd = tick(0);
    crowd.namespaces = vec![Namespace { id: HOST, names: vec!["host".into()], network: None }];
    for number in 0..processes {
        let pid = 1_000 + number;
        crowd.processes.push(process(pid, "worker", ("root", 0), HOST, None));
        for peer in 0..connections_each {
            let remote = IpAddr::V4(Ipv4Addr::from_bits(0xc612_0000 + peer % 1_000));
            let key = u64::from(number * connections_each + peer);
            let local = format!("192.168.7.5:{}", 1_024 + peer);
            crowd.opened.push(socket(
                key,
                pid,
                HOST,
                &local,
                &SocketAddr::new(remote, 443).to_string(),
                Direction::Outbound,
            ));
        }
    }
    crowd
}

/// A process that tries to paint the screen.
pub(crate) fn hostile() -> Tick {
    let mut tick = tick(0);
    let mut process = process(666, "evil", ("root", 0), HOST, None);
    process.comm = Text::from_bytes(b"\x1b[31mred\xff");
    tick.processes = vec![process];
    tick.opened = vec![socket(1, 666, HOST, "192.168.7.5:38401", "192.0.2.1:80", Direction::Outbound)];
    tick
}
