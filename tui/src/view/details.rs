//! All that is known of one thing: the panel that Enter opens.

use std::net::SocketAddr;

use petgraph::stable_graph::NodeIndex;
use scopetop_tracker::connection::{OwnerSource, State};
use scopetop_tracker::filter::Subject;
use scopetop_tracker::identity::{NetnsId, Timestamp};
use scopetop_tracker::process::Process;
use scopetop_tracker::text::Text;
use scopetop_tracker::topology::{Connection, HostIndex, Node, NodeKey, Service, Side, Topology};

use super::group_details::group_details;
use super::label::name;
use super::thing::edges_of;
use super::{EdgeKey, EdgeState, Look, Selection, ShownKey, View, ViewEdge};
use crate::human;

/// Rows that are made ready at most: more than any screen is high.
pub(super) const ROWS: usize = 200;

/// What is known of a node or an edge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    /// What it is called.
    pub title: String,
    /// Facts, the most important first.
    pub facts: Vec<Fact>,
    /// What it consists of: an edge's connections; a node's edges; a group's edges, then its members.
    pub tables: Vec<Table>,
}

/// A fact: its name and what is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its name.
    pub name: &'static str,
    /// What is known. Safe to show.
    pub value: String,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The names of its columns. Those of numbers are aligned to the right.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Vec<Row>,
    /// How many more there are.
    pub more: usize,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Whether it holds numbers.
    pub number: bool,
    /// Where there is no room for all columns, those with the highest ranks are left out.
    pub rank: u8,
}

pub(super) const fn text(name: &'static str, rank: u8) -> Column {
    Column { name, number: false, rank }
}

pub(super) const fn number(name: &'static str, rank: u8) -> Column {
    Column { name, number: true, rank }
}

/// The columns of a node's edges.
const PEER_COLUMNS: [Column; 6] = [
    text("peer", 0),
    text("service", 1),
    number("conns", 2),
    text("state", 3),
    number("rate →", 4),
    number("← rate", 5),
];

/// The columns of an edge's connections.
const CONNECTION_COLUMNS: [Column; 11] = [
    text("from", 9),
    text("client", 0),
    text("to", 10),
    text("server", 3),
    text("state", 1),
    number("age", 2),
    number("bytes →", 4),
    number("← bytes", 5),
    number("rtt", 7),
    number("retrans", 8),
    text("note", 6),
];

/// A row: one text a column, and the state that it is shown in.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The state.
    pub state: EdgeState,
    /// The texts. Safe to show.
    pub cells: Vec<String>,
}

/// What is known of the selected thing; `None` when the view does not have it. The peers and sums are those of the view, so that they agree with what is drawn;
/// everything else is the topology's.
pub fn details(topology: &Topology, view: &View, look: Look<'_>, selection: &Selection) -> Option<Details> {
    match selection {
        Selection::Node(ShownKey::Node(key)) => node_details(topology, view, key),
        Selection::Node(ShownKey::Group(key)) => group_details(topology, view, look, key),
        Selection::Edge(key) => edge_details(topology, view, look, key),
    }
}

pub(super) fn now(view: &View) -> Timestamp {
    view.host.as_ref().map_or(Timestamp(0), |host| host.at)
}

fn node_details(topology: &Topology, view: &View, key: &NodeKey) -> Option<Details> {
    let shown_key = ShownKey::Node(key.clone());
    let shown = view.node(&shown_key)?;
    let mut facts = Vec::new();
    let mut fact = |name, value: String| {
        if !value.is_empty() {
            facts.push(Fact { name, value });
        }
    };
    let node =
        topology.node(key).and_then(|index| topology.graph().node_weight(index).map(|node| (index, node)));
    match (key, node.map(|(_, node)| node)) {
        (NodeKey::Process(host, _), Some(Node::Process(process))) => {
            fact("process", process_line(process, now(view)));
            fact("command", command_line(process));
            fact("program", process.exe.as_ref().map(ToString::to_string).unwrap_or_default());
            fact("netns", process.netns.map(|netns| namespace(topology, *host, netns)).unwrap_or_default());
        }
        (NodeKey::Unknown(host, netns), _) => {
            fact("netns", namespace(topology, *host, *netns));
            fact("process", String::from("not known: no process was seen holding these sockets"));
        }
        (NodeKey::Remote(scope, _), _) => {
            fact("where", shown.group_label.to_string());
            fact("netns", scope.map(|(host, netns)| namespace(topology, host, netns)).unwrap_or_default());
        }
        _ => {}
    }
    fact("container", node.and_then(|(index, _)| container_line(topology, index)).unwrap_or_default());
    if let Some((index, _)) = node {
        fact("listens", listens(topology, |node| node == index));
    }
    Some(Details { title: shown.label.clone(), facts, tables: vec![peers(view, &shown_key)] })
}

/// The addresses that some nodes listen on.
pub(super) fn listens(topology: &Topology, is_one: impl Fn(NodeIndex) -> bool) -> String {
    let mut addresses: Vec<String> = topology
        .listeners()
        .filter(|listener| listener.nodes.iter().any(|&node| is_one(node)))
        .map(|listener| {
            let over = if listener.closed { " (closed)" } else { "" };
            format!("{} {}{over}", listener.protocol, listener.address)
        })
        .collect();
    addresses.sort();
    addresses.dedup();
    addresses.join("  ")
}

fn user(process: &Process) -> String {
    match (&process.user, process.uid) {
        (Some(user), Some(uid)) => format!("{user} ({uid})"),
        (Some(user), None) => user.to_string(),
        (None, Some(uid)) => format!("uid {uid}"),
        (None, None) => String::from("unknown user"),
    }
}

fn process_line(process: &Process, now: Timestamp) -> String {
    let user = user(process);
    let age = process.started_at.map(|start| format!("   started {} ago", human::age(now.since(start))));
    format!("pid {}   user {user}{}", process.id.pid, age.unwrap_or_default())
}

fn command_line(process: &Process) -> String {
    match process.cmdline.as_deref() {
        None => String::new(),
        Some([]) => String::from("none: a kernel thread"),
        Some(words) => words.iter().map(Text::as_str).collect::<Vec<_>>().join(" "),
    }
}

pub(super) fn namespace(topology: &Topology, host: HostIndex, netns: NetnsId) -> String {
    let names: Vec<&str> = topology.namespace_names(host, netns).iter().map(Text::as_str).collect();
    if names.is_empty() { netns.to_string() } else { format!("{} ({netns})", names.join(", ")) }
}

pub(super) fn peers(view: &View, key: &ShownKey) -> Table {
    let mut rows = Vec::new();
    let mut more = 0;
    let Some(place) = view.node_place(key) else { return Table::default() };
    for edge in view.edges.iter().filter(|edge| edge.ends().any(|end| end == place)) {
        if rows.len() == ROWS {
            more += 1;
            continue;
        }
        let outward = edge.client == place;
        let Some(peer) = view.nodes.get(if outward { edge.server } else { edge.client }) else { continue };
        let way = match (edge.directed, outward) {
            (true, true) => "→",
            (true, false) => "←",
            (false, _) => "↔",
        };
        rows.push(Row {
            state: edge.state,
            cells: vec![
                match (edge.client == edge.server, key) {
                    (true, ShownKey::Group(_)) => String::from("↺ inside"),
                    (true, ShownKey::Node(_)) => String::from("↺ itself"),
                    _ => format!("{way} {}", peer.label),
                },
                edge.service.to_string(),
                human::count(edge.connections()),
                state_word(edge),
                flow(edge, edge.rate.to_server),
                flow(edge, edge.rate.to_client),
            ],
        });
    }
    Table { columns: PEER_COLUMNS.to_vec(), rows, more }
}

/// An edge's state in a word or two: with what began, closed and failed in the newest tick where some are open.
pub(crate) fn state_word(edge: &ViewEdge) -> String {
    let mut word = match edge.state {
        EdgeState::Failed => return edge.error.map_or_else(|| String::from("failed"), human::errno),
        EdgeState::Closed => return String::from("closed"),
        _ if super::busy_from(edge.rate) => String::from("busy"),
        _ => String::from("open"),
    };
    for (sign, number) in [('+', edge.new), ('−', edge.closed), ('✗', edge.failed)] {
        if number > 0 {
            word.push(' ');
            word.push(sign);
            word += &human::count(number);
        }
    }
    word
}

/// What flows on an edge one way; a dot where nothing does.
pub(crate) fn flow(edge: &ViewEdge, bytes_per_second: f64) -> String {
    if edge.open == 0 || bytes_per_second < 0.5 { String::from("·") } else { human::rate(bytes_per_second) }
}

/// The connections that a shown edge stands for, in no order.
pub(crate) fn connections_of<'t>(
    topology: &'t Topology,
    view: &View,
    look: Look<'_>,
    key: &EdgeKey,
) -> Vec<&'t Connection> {
    let now = now(view);
    let matches = |connection: &&Connection| {
        let filter = look.sieve.filter;
        filter.is_none_or(|filter| filter.matches(&Subject::of_connection(topology, connection, now)))
    };
    edges_of(topology, look.grouping, key)
        .flat_map(|(.., edge)| &edge.connections)
        .filter_map(|&id| topology.connection(id))
        .filter(matches)
        .collect()
}

fn edge_details(topology: &Topology, view: &View, look: Look<'_>, key: &EdgeKey) -> Option<Details> {
    let shown = view.edges.get(view.edge_place(key)?)?;
    let (client, server) = (view.nodes.get(shown.client)?, view.nodes.get(shown.server)?);
    let now = now(view);
    let mut connections = connections_of(topology, view, look, key);
    connections.sort_unstable_by_key(|connection| connection.id);
    let retransmits = connections.iter().filter_map(|connection| connection.retransmits);
    let retransmits = retransmits.map(u64::from).reduce(|one, other| one + other);
    let more = connections.len().saturating_sub(ROWS);
    let rows = connections.iter().take(ROWS).map(|connection| connection_row(topology, key, connection, now));
    let rows = rows.collect();
    let mut counts = vec![format!("{} open", human::count(shown.open))];
    for (number, what) in [(shown.new, "new"), (shown.closed, "closed"), (shown.failed, "failed")] {
        if number > 0 {
            counts.push(format!("{} {what}", human::count(number)));
        }
    }
    let mut sums = vec![counts.join(", ")];
    sums.extend(shown.since.map(|since| format!("oldest {}", human::age(now.since(since)))));
    sums.push(format!("→ {}  ← {}", human::rate(shown.rate.to_server), human::rate(shown.rate.to_client)));
    sums.extend(shown.rtt_us.map(|rtt| format!("rtt {}", human::micros(rtt))));
    sums.extend(retransmits.map(|segments| format!("retrans {}", human::bytes(segments))));
    let way = if shown.directed { "→" } else { "↔" };
    let end = |name, label: &str, key| Fact { name, value: end_line(topology, label, key) };
    let mut facts = vec![
        Fact { name: key.service.protocol().name(), value: sums.join("  ") },
        end("from", &client.label, &key.client),
        end("to", &server.label, &key.server),
    ];
    if let Service::Unix(name) = &key.service {
        // The label is only the end of it.
        facts.push(Fact { name: "socket", value: name.to_string() });
    }
    Some(Details {
        title: format!("{} {way} {} {}", client.label, server.label, shown.service),
        facts,
        tables: vec![Table { columns: CONNECTION_COLUMNS.to_vec(), rows, more }],
    })
}

/// One end of an edge in a line: who it is, whose, where it runs, and what it is.
fn end_line(topology: &Topology, label: &str, key: &ShownKey) -> String {
    let mut words = vec![label.to_owned()];
    let ShownKey::Node(key) = key else { return label.to_owned() };
    let index = topology.node(key);
    match (key, index.and_then(|index| topology.graph().node_weight(index))) {
        (NodeKey::Process(host, _), Some(Node::Process(process))) => {
            words.push(user(process));
            words.extend(process.netns.map(|netns| format!("netns {}", namespace(topology, *host, netns))));
            let container = index.and_then(|index| container_line(topology, index));
            words.extend(container.map(|container| format!("container {container}")));
            words.push(command_line(process));
        }
        (NodeKey::Unknown(host, netns) | NodeKey::Remote(Some((host, netns)), _), _) => {
            words.push(format!("netns {}", namespace(topology, *host, *netns)));
        }
        _ => {}
    }
    words.retain(|word| !word.is_empty());
    words.join("   ")
}

/// A container, or that of a process: its name and image, and what its engine calls it.
pub(super) fn container_line(topology: &Topology, index: NodeIndex) -> Option<String> {
    let container = topology.container_of(index).unwrap_or(index);
    let Some(Node::Container(container)) = topology.graph().node_weight(container) else { return None };
    // Twelve characters tell a container; a service's id is a path.
    let shown = if container.is_service() { usize::MAX } else { 12 };
    let id: String = container.id.0.chars().take(shown).collect();
    let engine = container.runtime.as_ref().map_or(id.clone(), |runtime| format!("({runtime} {id})"));
    let facts = [container.name.as_ref(), container.image.as_ref()].into_iter().flatten();
    Some(facts.map(ToString::to_string).chain([engine]).collect::<Vec<_>>().join("  "))
}

fn connection_row(topology: &Topology, edge: &EdgeKey, connection: &Connection, now: Timestamp) -> Row {
    let end = connection.closed_at.unwrap_or(now);
    // Of a group, which member.
    let member = |key: &ShownKey, side: &Side| match (key, topology.graph().node_weight(side.node)) {
        (ShownKey::Group(_), Some(node)) if !matches!(node, Node::Remote { .. }) => name(node).1,
        _ => String::new(),
    };
    let unread = || String::from("–");
    let state = match (connection.state, connection.error) {
        (State::Failed | State::Closed, Some(error)) => human::errno(error),
        (state, _) => state.to_string(),
    };
    Row {
        state: match connection.state {
            State::Failed => EdgeState::Failed,
            State::Closed => EdgeState::Closed,
            _ if connection.is_new => EdgeState::New,
            _ if super::busy_from(connection.rate) => EdgeState::Busy,
            _ => EdgeState::Steady,
        },
        cells: vec![
            member(&edge.client, &connection.client),
            connection.client.address.to_string(),
            member(&edge.server, &connection.server),
            connection.server.address.to_string(),
            state,
            connection.opened_at.map_or_else(unread, |began| human::age(end.since(began))),
            connection.bytes_to_server.map_or_else(unread, human::bytes),
            connection.bytes_to_client.map_or_else(unread, human::bytes),
            connection.rtt_us.map_or_else(unread, human::micros),
            connection.retransmits.map_or_else(unread, |segments| segments.to_string()),
            via(connection),
        ],
    }
}

/// What a person must know besides the addresses: address translation, and owners that are not certain.
fn via(connection: &Connection) -> String {
    let translated = |nat: Option<SocketAddr>, whose: &str| nat.map(|nat| format!("NAT {whose} {nat}"));
    let unsure = |side: &Side| {
        (side.owner_source == OwnerSource::Listener).then(|| String::from("owner: whoever listens"))
    };
    [
        translated(connection.server.nat, "to"),
        translated(connection.client.nat, "from"),
        unsure(&connection.server),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join("  ")
}
