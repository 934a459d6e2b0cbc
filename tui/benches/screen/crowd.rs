//! A host with as many nodes and connections as one asks for, as ticks.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use scopetop_tracker::Tick;
use scopetop_tracker::connection::{Counters, Direction, OwnerSource, Protocol, Socket, State};
use scopetop_tracker::container::Container;
use scopetop_tracker::identity::{ContainerId, HostId, NetnsId, ProcessId, SocketId, Timestamp};
use scopetop_tracker::process::Process;
use scopetop_tracker::tick::{Namespace, Source};
use scopetop_tracker::topology::Topology;

const SECOND: u64 = 1_000_000_000;
const START: u64 = 1_772_366_671 * SECOND;
const HOST: NetnsId = NetnsId(4_026_531_840);
/// How many processes run in one container.
const IN_CONTAINER: u32 = 40;
/// How many services the remotes have.
const SERVICES: u32 = 13;
/// In each tick so many connections open, as many close, and ten times as many carry something.
const CHURN: u32 = 200;

/// The names of programs.
const NAMES: [&str; 8] = ["nginx", "postgres", "redis-server", "envoy", "java", "node", "haproxy", "sidekiq"];

/// The ticks of a host.
pub(crate) struct Crowd {
    processes: u32,
    remotes: u32,
    /// The next connection to open, the next one to close.
    next: u32,
    oldest: u32,
}

/// A host with so many processes, addresses that they talk to, and connections.
pub(crate) fn world(processes: u32, remotes: u32, connections: u32) -> (Crowd, Topology) {
    let mut crowd = Crowd { processes, remotes, next: connections, oldest: 0 };
    let mut first = tick(0);
    first.namespaces = vec![Namespace { id: HOST, names: vec!["host".into()], network: None }];
    first.containers = (0..processes.div_ceil(IN_CONTAINER)).map(container).collect();
    first.processes = (0..processes).map(process).collect();
    first.opened = (0..connections).map(|number| crowd.socket(number, 0)).collect();
    let mut topology = Topology::new();
    topology.apply(&first);
    topology.apply(&crowd.tick(1));
    (crowd, topology)
}

impl Crowd {
    /// A second in which connections open, carry something and close.
    pub(crate) fn tick(&mut self, sequence: u64) -> Tick {
        let mut tick = tick(sequence);
        tick.opened = (self.next..self.next + CHURN).map(|number| self.socket(number, sequence)).collect();
        tick.closed =
            (self.oldest..self.oldest + CHURN).map(|number| self.socket(number, sequence)).collect();
        for socket in &mut tick.closed {
            socket.state = State::Closed;
            socket.closed_at = Some(tick.at);
        }
        for socket in &mut tick.opened {
            socket.opened_at = Some(tick.at);
        }
        (self.next, self.oldest) = (self.next + CHURN, self.oldest + CHURN);
        let step = ((self.next - self.oldest) / (10 * CHURN)).max(1) as usize;
        let first = self.oldest + sequence as u32 % step as u32;
        let moving = (first..self.next - CHURN).step_by(step);
        tick.changed = moving.map(|number| self.socket(number, sequence)).collect();
        tick
    }

    fn socket(&self, number: u32, sequence: u64) -> Socket {
        let process = number % self.processes;
        let remote = Ipv4Addr::from_bits(0xc612_0000 + number.wrapping_mul(7) % self.remotes);
        let service = 8_000 + (number / self.processes) as u16 % SERVICES as u16;
        let port = 1_024 + (number % 60_000) as u16;
        let local = SocketAddr::new(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number / 60_000)), port);
        Socket {
            id: SocketId(number.into()),
            netns: HOST,
            protocol: Protocol::Tcp,
            local: local.into(),
            remote: Some(SocketAddr::new(IpAddr::V4(remote), service).into()),
            state: State::Established,
            direction: Direction::Outbound,
            owners: vec![id(process)],
            owner_source: OwnerSource::Seen,
            opened_at: None,
            closed_at: None,
            counters: Some(Counters {
                bytes_sent: sequence * 1_000 * u64::from(number % 500),
                bytes_received: sequence * 20_000,
                rtt_us: Some(100 + number % 900),
                retransmits: 0,
            }),
            sequence: None,
            peer: None,
            error: None,
        }
    }
}

fn id(number: u32) -> ProcessId {
    ProcessId { pid: 1_000 + number, started: number.into() }
}

fn process(number: u32) -> Process {
    let name = NAMES[number as usize % NAMES.len()];
    Process {
        id: id(number),
        started_at: None,
        comm: name.into(),
        cmdline: None,
        exe: None,
        uid: Some(0),
        user: None,
        netns: Some(HOST),
        container: Some(ContainerId(container_id(number / IN_CONTAINER).as_str().into())),
    }
}

fn container_id(number: u32) -> String {
    format!("{number:064x}")
}

fn container(number: u32) -> Container {
    Container {
        id: ContainerId(container_id(number).as_str().into()),
        runtime: Some("docker".into()),
        parent: None,
        name: Some(format!("service-{number}").as_str().into()),
        image: Some("registry.example/service:1".into()),
        labels: BTreeMap::new(),
        netns: Some(HOST),
    }
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
        ..Tick::empty(
            HostId("crowd".into()),
            "6.18".into(),
            sequence,
            Timestamp(START + sequence * SECOND),
            SECOND,
        )
    }
}
