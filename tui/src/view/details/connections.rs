//! Connections one by one, each protocol's in its own words.

use std::net::SocketAddr;

use petgraph::stable_graph::NodeIndex;
use rustc_hash::FxHashSet;
use scopetop_tracker::connection::{Address, OwnerSource, Protocol, State, UnixName};
use scopetop_tracker::identity::Timestamp;
use scopetop_tracker::topology::{Connection, Node, Side, Topology};

use super::model::{Column, Place, Row, Section, Table, names, number, text};
use super::{Known, ROWS};
use crate::human;
use crate::view::label::name;
use crate::view::{EdgeState, busy_from};

/// From where connections are looked at.
#[derive(Clone, Copy, Debug)]
pub(super) enum From<'a> {
    /// From a node, or from the nodes of a group: what they are.
    Nodes(&'a FxHashSet<NodeIndex>),
    /// From above, an edge of groups or of single nodes: whether the members are to be named.
    Edge {
        /// Those of the client.
        client: bool,
        /// Those of the server.
        server: bool,
    },
}

const NODE_COLUMNS: [Column; 11] = [
    names("whose", 9),
    names("peer", 0),
    text("here", 10),
    text("there", 4),
    text("state", 1),
    number("age", 2),
    number("sent", 3),
    number("received", 5),
    number("rtt", 7),
    number("retrans", 8),
    names("note", 6),
];

const EDGE_COLUMNS: [Column; 11] = [
    names("from", 9),
    text("client", 0),
    names("to", 10),
    text("server", 3),
    text("state", 1),
    number("age", 2),
    number("bytes →", 4),
    number("← bytes", 5),
    number("rtt", 7),
    number("retrans", 8),
    names("note", 6),
];

/// The connections in a section for each protocol: first what failed, for that is what one looks for; then what is open,
/// the oldest first; then what closed.
pub(super) fn sections(known: Known<'_>, mut connections: Vec<&Connection>, from: From<'_>) -> Vec<Section> {
    connections.sort_by_key(|connection| {
        let kind = match connection.state {
            State::Failed => 0,
            State::Closed => 2,
            _ => 1,
        };
        // Of two that were there before the first tick nobody knows which is older.
        (kind, connection.opened_at, connection.id)
    });
    let of = |protocol, heading| {
        let own: Vec<&&Connection> =
            connections.iter().filter(|connection| connection.protocol == protocol).collect();
        let rows = own.iter().take(ROWS).map(|connection| row(known, connection, from)).collect();
        let columns = match from {
            From::Nodes(_) => NODE_COLUMNS.to_vec(),
            From::Edge { .. } => EDGE_COLUMNS.to_vec(),
        };
        let more = own.len().saturating_sub(ROWS);
        Section::table(heading, counted(&own), Place::Whole, Table { columns, rows, more })
    };
    vec![
        of(Protocol::Tcp, "TCP connections"),
        of(Protocol::Udp, "UDP exchanges"),
        of(Protocol::Unix, "Unix sockets"),
    ]
}

/// `8 open, 1 closed`.
fn counted(connections: &[&&Connection]) -> String {
    let count = |is: &dyn Fn(State) -> bool| connections.iter().filter(|one| is(one.state)).count();
    let counts = [
        (count(&|state| !state.is_over()), "open"),
        (count(&|state| state == State::Closed), "closed"),
        (count(&|state| state == State::Failed), "failed"),
    ];
    let told = counts.into_iter().filter(|(number, _)| *number > 0);
    told.map(|(number, what)| format!("{} {what}", human::count(number))).collect::<Vec<_>>().join(", ")
}

fn row(known: Known<'_>, connection: &Connection, from: From<'_>) -> Row {
    let topology = known.topology;
    let ends = match from {
        From::Edge { client, server } => [
            if client { member(topology, &connection.client) } else { String::new() },
            address(&connection.client),
            if server { member(topology, &connection.server) } else { String::new() },
            address(&connection.server),
        ],
        From::Nodes(nodes) => {
            let outward = nodes.contains(&connection.client.node);
            let inside = outward && nodes.contains(&connection.server.node);
            let (own, other) = if outward {
                (&connection.client, &connection.server)
            } else {
                (&connection.server, &connection.client)
            };
            let way = match (connection.directed, outward) {
                _ if inside => '↺',
                (true, true) => '→',
                (true, false) => '←',
                (false, _) => '↔',
            };
            let whose = if nodes.len() > 1 { member(topology, own) } else { String::new() };
            let peer = topology.graph().node_weight(other.node).map(|node| name(node).1).unwrap_or_default();
            [whose, format!("{way} {peer}"), address(own), address(other)]
        }
    };
    let turned = matches!(from, From::Nodes(nodes) if !nodes.contains(&connection.client.node));
    let (first, second) = (connection.bytes_to_server, connection.bytes_to_client);
    let (first, second) = if turned { (second, first) } else { (first, second) };
    let unix = connection.protocol == Protocol::Unix;
    let tcp = connection.protocol == Protocol::Tcp;
    // What is not known is a dash; what the protocol does not have is nothing.
    let told = |has: bool, value: Option<String>| match value {
        Some(value) => value,
        None if has => String::from("–"),
        None => String::new(),
    };
    let mut cells = Vec::from(ends);
    cells.extend([
        state_in_words(connection),
        told(true, age(connection, known.now())),
        told(!unix, first.map(human::bytes)),
        told(!unix, second.map(human::bytes)),
        told(tcp, connection.rtt_us.map(human::micros)),
        told(tcp, connection.retransmits.map(|segments| segments.to_string())),
        note(connection),
    ]);
    Row { state: Some(edge_state(connection)), cells }
}

/// How long a connection is open, or was.
fn age(connection: &Connection, now: Timestamp) -> Option<String> {
    let end = connection.closed_at.unwrap_or(now);
    connection.opened_at.map(|began| human::age(end.since(began)))
}

fn edge_state(connection: &Connection) -> EdgeState {
    match connection.state {
        State::Failed => EdgeState::Failed,
        State::Closed => EdgeState::Closed,
        _ if connection.is_new => EdgeState::New,
        _ if busy_from(connection.rate) => EdgeState::Busy,
        _ => EdgeState::Steady,
    }
}

/// A connection's state in its protocol's words, with the reason if it failed or was cut off.
fn state_in_words(connection: &Connection) -> String {
    let state = match (connection.protocol, connection.state) {
        (Protocol::Udp, State::Established) => "exchanging",
        (Protocol::Udp, State::Closed) => "over",
        (Protocol::Unix, State::Established) => "connected",
        (_, state) => state.name(),
    };
    match connection.error.filter(|_| connection.state.is_over()) {
        Some(error) => format!("{state}: {}", human::errno(error)),
        None => state.to_owned(),
    }
}

/// Of a group, which member; an address says itself who it is.
fn member(topology: &Topology, side: &Side) -> String {
    match topology.graph().node_weight(side.node) {
        Some(Node::Remote { .. }) | None => String::new(),
        Some(node) => name(node).1,
    }
}

fn address(side: &Side) -> String {
    match &side.address {
        Address::Unix(UnixName::Unnamed) => String::new(),
        address => address.to_string(),
    }
}

/// What a person must know besides the addresses: address translation, and owners that are not certain.
fn note(connection: &Connection) -> String {
    let via = |nat: Option<SocketAddr>, side: &str| nat.map(|nat| format!("{side} via {nat}"));
    let unsure = |side: &Side| {
        (side.owner_source == OwnerSource::Listener).then(|| String::from("owner: whoever listens"))
    };
    let notes =
        [via(connection.server.nat, "to"), via(connection.client.nat, "from"), unsure(&connection.server)];
    notes.into_iter().flatten().collect::<Vec<_>>().join("  ")
}

/// How many segments were retransmitted on some connections; `None` where none of them tells.
pub(super) fn retransmits(connections: &[&Connection]) -> Option<u64> {
    let segments = connections.iter().filter_map(|connection| connection.retransmits);
    segments.map(u64::from).reduce(|one, other| one + other)
}
