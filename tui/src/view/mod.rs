//! What the screen shows: plain data, made of a topology by one pure function and read by every panel.
//!
//! Nodes are processes, remote addresses and unknown holders; a container, a namespace, the host and the world outside
//! are the groups that they stand in. Nothing here knows about cells, colours or keys.

mod build;
mod details;

use scopetop_tracker::connection::{Protocol, UnixName};
use scopetop_tracker::identity::{ContainerId, NetnsId, Timestamp};
use scopetop_tracker::text::Text;
use scopetop_tracker::tick::Counts;
use scopetop_tracker::topology::{HostIndex, NodeKey, Rate, Service};

pub use build::{ActiveFilter, build, busy_from};
pub use details::{Column, Details, Fact, Row, Table, details};
pub(crate) use details::{flow, state_word};

/// All that is shown of a moment: the graph, the list and the header read this and nothing else.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// The nodes, in the order of their keys: the same thing keeps its place from one view to the next as far as
    /// the others let it.
    pub nodes: Vec<ViewNode>,
    /// The edges, in the order of the list: by the client's name, then the server's, then the service.
    pub edges: Vec<ViewEdge>,
    /// What the filter keeps away.
    pub hidden: Hidden,
    /// How much is shown.
    pub totals: Totals,
    /// The host; `None` until its first tick.
    pub host: Option<HostFacts>,
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewNode {
    /// What it stands for: the same on every tick.
    pub key: NodeKey,
    /// What it is called: `nginx 4121`, an address, `unknown`. Safe to show.
    pub label: String,
    /// The ports that it listens on: `:80 :443`; empty where there are none.
    pub detail: String,
    /// Its kind.
    pub kind: NodeKind,
    /// The group that it stands in.
    pub group: GroupKey,
    /// What the group is called. Safe to show.
    pub group_label: String,
    /// Whether it came or went in the newest tick.
    pub state: NodeState,
    /// Whether the search text is found in it; `false` where nothing is searched.
    pub matched_by_search: bool,
    /// How many connections it has an end of, open or over in the newest tick.
    pub connections: usize,
    /// What flows on them: `to_server` is what it sends as a client and gets as a server.
    pub rate: Rate,
}

/// The kinds of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// A process.
    Process,
    /// A container that has edges of its own (its processes are not known one by one).
    Container,
    /// A remote address.
    Remote,
    /// The unknown holder of sockets.
    Unknown,
}

/// Whether a node came or went in the newest tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeState {
    /// All that is known of it began in the newest tick.
    New,
    /// It was there before and is there now.
    Steady,
    /// All that it had is over.
    Closed,
}

/// What nodes stand in: the box around them. The order is from the outside to the inside of the host.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupKey {
    /// Public addresses.
    Internet,
    /// Private addresses of other machines.
    Network,
    /// The host's own namespace.
    Host(HostIndex),
    /// Another network namespace that is no container's.
    Namespace(HostIndex, NetnsId),
    /// A container.
    Container(HostIndex, ContainerId),
}

/// All connections from one node to one service of another, as far as the filter lets them through.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewEdge {
    /// Which.
    pub key: EdgeKey,
    /// The client's place in [`View::nodes`].
    pub client: usize,
    /// The server's place in [`View::nodes`].
    pub server: usize,
    /// The service: `:443` over TCP, else with the protocol, `udp:53`.
    pub service: String,
    /// How many connections are open.
    pub open: usize,
    /// How many began in the newest tick (also those that are over already).
    pub new: usize,
    /// How many closed in the newest tick.
    pub closed: usize,
    /// How many failed in the newest tick.
    pub failed: usize,
    /// Its state: the one of its line.
    pub state: EdgeState,
    /// Whether it is known who began (of its oldest connection).
    pub directed: bool,
    /// What flows on it.
    pub rate: Rate,
    /// The smoothed round-trip time of its oldest connection, in microseconds.
    pub rtt_us: Option<u32>,
    /// When the oldest of its connections began; `None` where that was before the tracker started.
    pub since: Option<Timestamp>,
    /// Why a connection on it failed in the newest tick: a positive errno.
    pub error: Option<u32>,
    /// Whether the search text is found in it or at one of its ends.
    pub matched_by_search: bool,
}

/// What an edge stands for: the same on every tick.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EdgeKey {
    /// The client.
    pub client: NodeKey,
    /// The server.
    pub server: NodeKey,
    /// The service.
    pub service: Service,
}

/// The states of an edge: one is shown, the first of these that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EdgeState {
    /// None is open and at least one connect failed in the newest tick.
    Failed,
    /// None is open any more.
    Closed,
    /// A connection on it began in the newest tick.
    New,
    /// Much flows on it.
    Busy,
    /// Open, nothing special.
    Steady,
}

/// What is selected: by what it stands for, never by its row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Selection {
    /// A node.
    Node(NodeKey),
    /// An edge.
    Edge(EdgeKey),
}

/// Where an arrow key points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Up.
    Up,
    /// Down.
    Down,
    /// To the left: to who calls.
    Left,
    /// To the right: to who is called.
    Right,
}

/// What the filter keeps away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Nodes that would be shown without it.
    pub nodes: usize,
    /// Connections that would be shown without it.
    pub connections: usize,
}

/// How much is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Processes.
    pub processes: usize,
    /// Containers that shown processes belong to.
    pub containers: usize,
    /// Connections, open or over in the newest tick.
    pub connections: usize,
    /// Listeners.
    pub listeners: usize,
    /// Connections that began in the newest tick.
    pub opened: usize,
    /// Connections that closed in the newest tick.
    pub closed: usize,
    /// Connects that failed in the newest tick.
    pub failed: usize,
}

/// What the header tells of the host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostFacts {
    /// Its name.
    pub name: Text,
    /// Its kernel release.
    pub kernel: Text,
    /// What tells of events: `tp_btf`, `none`, …
    pub events: Text,
    /// How what was there before was found: `iter`, `sock_diag`, …
    pub scan: Text,
    /// The number of the newest tick.
    pub sequence: u64,
    /// The end of the newest tick.
    pub at: Timestamp,
    /// Its length in nanoseconds.
    pub duration: u64,
    /// The events in it.
    pub counts: Counts,
    /// The events lost so far.
    pub lost_events: u64,
    /// What does not work, a sentence each.
    pub reasons: Vec<Text>,
    /// What the user can do about it.
    pub remedy: Option<Text>,
}

impl View {
    /// Marks what a search text is found in, whatever the case of its letters. An empty text is found nowhere.
    pub fn mark(&mut self, search: &str) {
        let search = search.trim().to_lowercase();
        let found = |text: &str| !search.is_empty() && text.to_lowercase().contains(&search);
        for node in &mut self.nodes {
            node.matched_by_search = found(&node.label) || found(&node.detail) || found(&node.group_label);
        }
        for edge in &mut self.edges {
            edge.matched_by_search = found(&edge.service)
                || [edge.client, edge.server]
                    .iter()
                    .any(|&end| self.nodes.get(end).is_some_and(|node| node.matched_by_search));
        }
    }

    /// The node of a key.
    pub fn node(&self, key: &NodeKey) -> Option<&ViewNode> {
        self.node_place(key).and_then(|place| self.nodes.get(place))
    }

    /// The place of a key in [`View::nodes`].
    pub fn node_place(&self, key: &NodeKey) -> Option<usize> {
        self.nodes.binary_search_by(|node| node.key.cmp(key)).ok()
    }

    /// The place of a key in [`View::edges`].
    pub fn edge_place(&self, key: &EdgeKey) -> Option<usize> {
        self.edges.iter().position(|edge| edge.key == *key)
    }
}

impl ViewEdge {
    /// Its ends; one of them where it leads from a node to itself.
    pub fn ends(&self) -> impl Iterator<Item = usize> + use<> {
        [Some(self.client), (self.client != self.server).then_some(self.server)].into_iter().flatten()
    }

    /// How many connections it stands for, open or over in the newest tick.
    pub fn connections(&self) -> usize {
        self.open + self.closed + self.failed
    }
}

/// How a service is written: the port alone over TCP, of a Unix socket's path the end that tells what it is.
pub fn service_label(service: &Service) -> String {
    match service {
        Service::Port(Protocol::Tcp, port) => format!(":{port}"),
        Service::Port(other, port) => format!("{other}:{port}"),
        Service::Unix(name) => unix_label(name),
    }
}

/// The most of a Unix socket's name that a label shows, in characters.
const UNIX_LABEL: usize = 24;

/// The end of a name from its last `/` on, or the one before where that leaves only a few letters; its own end is cut off
/// where it is too long.
fn unix_label(name: &UnixName) -> String {
    let whole = match name {
        UnixName::Unnamed => return String::from("unix"),
        named => named.to_string(),
    };
    let mut ends = whole.rmatch_indices('/').map(|(place, _)| &whole[place..]);
    let end = ends.find(|end| end.chars().count() > 4).unwrap_or(&whole);
    let before = match (end.len() == whole.len(), name) {
        (true, _) => "",
        (false, UnixName::Abstract(_)) => "@…",
        (false, _) => "…",
    };
    if end.chars().count() <= UNIX_LABEL {
        return format!("{before}{end}");
    }
    format!("{before}{}…", end.chars().take(UNIX_LABEL - 1).collect::<String>())
}

#[cfg(test)]
mod tests;
