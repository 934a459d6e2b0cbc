//! A script of ticks, and a picture of a topology, both as text.
//!
//! ```text
//! tick [host=NAME] [counters=SECONDS]
//! process PID COMM [in CONTAINER]
//! + SOCKET NETNS LOCAL > REMOTE STATE [KEY=VALUE ...]     opened
//! ~ ...                                                   changed
//! - ...                                                   closed
//! + SOCKET NETNS LOCAL listen [KEY=VALUE ...]             a listener
//! ! SOCKET                                                forgotten
//! network NETNS [ADDRESS ...] [BLOCK ...]                 its own addresses, the networks that it is connected to
//! nat SOCKET LOCAL > REMOTE out|in                        how the connection reads behind address translation
//! name ADDRESS NAME                                       a remote address's name
//! = ...                                                   the picture after the tick
//! ```
//! Keys: `pids=1,2`, `dir=in|out`, `seq=SENT/RECEIVED`, `bytes=SENT/RECEIVED`, `rtt=US`, `retransmits=N`,
//! `opened=SECONDS`, `closed=SECONDS`, `error=N`, `proto=udp`. A tick ends a second after the one before, the first at 1; without `counters=` nothing
//! tells when they were read.

use std::fmt::Write as _;

use petgraph::stable_graph::NodeIndex;
use petgraph::visit::{EdgeRef as _, IntoEdgeReferences as _};
use scopetop_tracker::Tick;
use scopetop_tracker::block::Block;
use scopetop_tracker::connection::{
    Address, Counters, Direction, OwnerSource, Protocol, SequencePair, Socket, State,
};
use scopetop_tracker::container::Container;
use scopetop_tracker::identity::{ContainerId, HostId, NetnsId, ProcessId, SocketId, Timestamp};
use scopetop_tracker::network::{Network, Scope};
use scopetop_tracker::process::Process;
use scopetop_tracker::tick::{Counts, Namespace, RemoteName, Source, Translation};
use scopetop_tracker::topology::{Connection, Node, NodeKey, Rate, Service, Side, Topology};

const SECOND: f64 = 1e9;

/// An empty tick: the `sequence`th, a second long.
pub(crate) fn tick(host: &str, sequence: u64) -> Tick {
    Tick {
        host: HostId(host.into()),
        kernel: "6.1".into(),
        sequence,
        at: Timestamp((sequence + 1) * SECOND as u64),
        duration: SECOND as u64,
        opened: Vec::new(),
        changed: Vec::new(),
        closed: Vec::new(),
        forgotten: Vec::new(),
        processes: Vec::new(),
        containers: Vec::new(),
        namespaces: Vec::new(),
        translations: Vec::new(),
        remote_names: Vec::new(),
        counts: Counts::default(),
        source: Source::default(),
    }
}

pub(crate) fn pid(pid: u32) -> ProcessId {
    ProcessId { pid, started: 1 }
}

pub(crate) fn process(number: u32, comm: &str, container: Option<&str>) -> Process {
    Process {
        id: pid(number),
        started_at: None,
        comm: comm.into(),
        cmdline: None,
        exe: None,
        uid: None,
        user: None,
        netns: None,
        container: container.map(|id| ContainerId(id.into())),
    }
}

/// Adds a line of a script to a tick.
pub(crate) fn add_line(tick: &mut Tick, line: &str) {
    let words: Vec<_> = line.split_whitespace().collect();
    match words[..] {
        ["process", number, comm, ref rest @ ..] => {
            let container = (rest.first() == Some(&"in")).then(|| rest[1]);
            tick.processes.push(process(number.parse().unwrap(), comm, container));
            tick.containers.extend(container.map(|id| Container {
                id: ContainerId(id.into()),
                runtime: Some("podman".into()),
                parent: None,
                name: Some(id.into()),
                image: None,
                labels: std::collections::BTreeMap::new(),
                netns: None,
            }));
        }
        ["+", ref rest @ ..] => tick.opened.push(socket(rest)),
        ["~", ref rest @ ..] => tick.changed.push(socket(rest)),
        ["-", ref rest @ ..] => tick.closed.push(socket(rest)),
        ["network", netns, ref rest @ ..] => tick.namespaces.push(Namespace {
            id: NetnsId(netns.parse().unwrap()),
            names: Vec::new(),
            network: (rest != ["gone"]).then(|| Network {
                addresses: rest.iter().filter_map(|word| word.parse().ok()).collect(),
                local: Vec::new(),
                connected: rest
                    .iter()
                    .filter(|word| word.contains('/'))
                    .filter_map(|b| Block::parse(b))
                    .collect(),
            }),
        }),
        ["nat", socket, local, ">", remote, direction] => tick.translations.push(Translation {
            socket: SocketId(socket.parse().unwrap()),
            local: local.parse().unwrap(),
            remote: remote.parse().unwrap(),
            outbound: direction == "out",
        }),
        ["name", address, name] => {
            tick.remote_names.push(RemoteName { address: address.parse().unwrap(), name: name.into() });
        }
        ["!", id] => tick.forgotten.push(SocketId(id.parse().unwrap())),
        _ => panic!("not a line of a script: {line}"),
    }
}

pub(crate) fn seconds(text: &str) -> Timestamp {
    Timestamp((text.parse::<f64>().unwrap() * SECOND) as u64)
}

fn two<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> (T, T) {
    let (one, other) = text.split_once('/').unwrap();
    (one.parse().unwrap(), other.parse().unwrap())
}

fn socket(words: &[&str]) -> Socket {
    let (local, mut rest): (Address, _) = (words[2].parse().unwrap(), &words[3..]);
    let mut remote = None;
    if rest[0] == ">" {
        remote = Some(rest[1].parse().unwrap());
        rest = &rest[2..];
    }
    let mut socket = Socket {
        id: SocketId(words[0].parse().unwrap()),
        netns: NetnsId(words[1].parse().unwrap()),
        protocol: Protocol::Tcp,
        local,
        remote,
        state: State::ALL.into_iter().find(|state| state.name() == rest[0]).expect(rest[0]),
        direction: Direction::Unknown,
        owners: Vec::new(),
        owner_source: OwnerSource::Unknown,
        opened_at: None,
        closed_at: None,
        counters: None,
        sequence: None,
        peer: None,
        error: None,
    };
    for word in &rest[1..] {
        let (key, value) = word.split_once('=').expect(word);
        match key {
            "pids" => {
                socket.owners = value.split(',').map(|number| pid(number.parse().unwrap())).collect();
                socket.owner_source = OwnerSource::Seen;
            }
            "dir" if value == "in" => socket.direction = Direction::Inbound,
            "dir" if value == "out" => socket.direction = Direction::Outbound,
            "seq" => {
                let (sent, received) = two(value);
                socket.sequence = Some(SequencePair { sent, received });
            }
            "bytes" => {
                let counters = socket.counters.get_or_insert_default();
                (counters.bytes_sent, counters.bytes_received) = two(value);
            }
            "rtt" => {
                socket.counters.get_or_insert_with(Counters::default).rtt_us = Some(value.parse().unwrap());
            }
            "retransmits" => socket.counters.get_or_insert_default().retransmits = value.parse().unwrap(),
            "opened" => socket.opened_at = Some(seconds(value)),
            "closed" => socket.closed_at = Some(seconds(value)),
            "error" => socket.error = Some(value.parse().unwrap()),
            "proto" if value == "udp" => socket.protocol = Protocol::Udp,
            _ => panic!("not a key: {word}"),
        }
    }
    socket
}

/// What a node is, on one line.
fn node(topology: &Topology, index: NodeIndex) -> String {
    let name = match &topology.graph()[index] {
        Node::Process(process) if process.comm.is_empty() => format!("pid {}", process.id.pid),
        Node::Process(process) => process.comm.to_string(),
        Node::Container(container) => {
            format!("container {}", container.name.as_deref().unwrap_or(&container.id.0))
        }
        Node::Remote { address, scope, name } => {
            let mut text = address.to_string();
            if let Some(NodeKey::Remote(Some((_, netns)), _)) = topology.key(index) {
                let _ = write!(text, " of {netns}");
            }
            if let Some(name) = name {
                let _ = write!(text, " called {name}");
            }
            // Only what the address alone does not say.
            if *scope != Scope::of(*address, &[].into_iter()) {
                let _ = write!(text, " ({})", scope.name());
            }
            text
        }
        Node::Unknown { netns } => format!("unknown of {netns}"),
    };
    match topology.container_of(index) {
        Some(container) => format!("{name} in {}", node(topology, container)),
        None => name,
    }
}

fn side(side: &Side) -> String {
    let mut text = side.address.to_string();
    if let Some(nat) = side.nat {
        let _ = write!(text, " (seen as {nat})");
    }
    if let Some((_, socket)) = side.socket {
        let _ = write!(text, " [{}]", socket.0);
    }
    text
}

fn connection(connection: &Connection) -> String {
    let arrow = if connection.directed { "->" } else { "--" };
    let mut text = format!(
        "  #{} {}: {} {arrow} {}",
        connection.id.0,
        connection.state,
        side(&connection.client),
        side(&connection.server)
    );
    if connection.is_new {
        text.push_str(", new");
    }
    if let (Some(to_server), Some(to_client)) = (connection.bytes_to_server, connection.bytes_to_client) {
        let _ = write!(text, ", bytes {to_server}/{to_client}");
    }
    if connection.rate != Rate::default() {
        let _ = write!(text, ", rate {}/{}", connection.rate.to_server, connection.rate.to_client);
    }
    if let Some(rtt) = connection.rtt_us {
        let _ = write!(text, ", rtt {rtt}");
    }
    if let Some(retransmits) = connection.retransmits.filter(|&number| number > 0) {
        let _ = write!(text, ", retransmits {retransmits}");
    }
    for (name, at) in [("opened", connection.opened_at), ("closed", connection.closed_at)] {
        if let Some(at) = at {
            let _ = write!(text, ", {name} {}", at.0 as f64 / SECOND);
        }
    }
    if let Some(error) = connection.error {
        let _ = write!(text, ", error {error}");
    }
    text
}

/// The whole topology: edges with their connections, nodes that no edge shows, listeners.
pub(crate) fn picture(topology: &Topology) -> Vec<String> {
    let graph = topology.graph();
    let mut lines = Vec::new();
    let mut edges: Vec<_> = graph.edge_references().collect();
    edges.sort_by_key(|edge| edge.weight().connections.iter().min().copied());
    for edge in edges {
        let (client, server) = (node(topology, edge.source()), node(topology, edge.target()));
        let weight = edge.weight();
        let service = match &weight.service {
            Service::Port(protocol, port) => format!("{protocol}/{port}"),
            Service::Unix(name) => format!("unix/{name}"),
        };
        let mut line = format!("{client} -> {server} {service}:");
        for (name, number) in
            [("open", weight.open), ("new", weight.new), ("closed", weight.closed), ("failed", weight.failed)]
        {
            if number > 0 {
                let _ = write!(line, " {number} {name}");
            }
        }
        if weight.rate != Rate::default() {
            let _ = write!(line, ", rate {}/{}", weight.rate.to_server, weight.rate.to_client);
        }
        lines.push(line);
        let mut ids = weight.connections.clone();
        ids.sort();
        lines.extend(ids.iter().map(|&id| connection(topology.connection(id).unwrap())));
    }
    for listener in topology.listeners() {
        let nodes: Vec<_> = listener.nodes.iter().map(|&index| node(topology, index)).collect();
        let closed = if listener.closed { ", closed" } else { "" };
        let (nodes, protocol) = (nodes.join(" and "), listener.protocol);
        lines.push(format!("{nodes} listens {protocol} {} of {}{closed}", listener.address, listener.netns));
    }
    lines.push(format!("{} nodes, {} edges", graph.node_count(), graph.edge_count()));
    lines
}
