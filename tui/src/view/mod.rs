//! What the screen shows: plain data, made of a topology by one pure function and read by every panel.
//!
//! Nodes are processes, remote addresses, unknown holders and collapsed groups of these; each stands in an open group:
//! a container, a namespace, the host, the world outside. Nothing here knows about cells, colours or keys.

mod around;
mod atlas;
mod build;
mod details;
mod expression;
mod label;
mod lineage;
mod maker;
mod mend;
mod splice;
mod thing;

use std::sync::Arc;

use scopetop_tracker::identity::Timestamp;
use scopetop_tracker::text::Text;
use scopetop_tracker::tick::Counts;
use scopetop_tracker::topology::grouping::{Grouping, Sieve};
use scopetop_tracker::topology::{Rate, Service};

pub use around::LeftOut;
pub(crate) use around::{around, part};
pub(crate) use build::name_ranks;
pub use build::{ActiveFilter, build, busy_from};
pub use details::{Body, Chart, Column, Details, Fact, Known, Place, Row, Section, Table, Unit, details};
pub(crate) use details::{connections_of, flow, state_word};
pub use expression::expression;
pub use label::service_label;
pub use lineage::{Lineage, Moves};
pub use maker::Maker;
pub use scopetop_tracker::topology::grouping::{GroupKey, Kept, ShownKey};
pub use thing::Thing;

/// How a topology is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// How it is grouped.
    pub grouping: &'a Grouping,
    /// What is let through.
    pub sieve: Sieve<'a>,
}

/// All that is shown of a moment: the graph, the list and the header read this and nothing else.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The nodes, in the order of their keys: the same thing keeps its place from one view to the next as far as
    /// the others let it.
    pub nodes: Vec<ViewNode>,
    /// The edges, in the order of the list: by the client's name, then the server's, then the service.
    pub edges: Vec<ViewEdge>,
    /// What the filter and the protocol switches keep away.
    pub hidden: Kept,
    /// How much is shown.
    pub totals: Totals,
    /// The host; `None` until its first tick.
    pub host: Option<HostFacts>,
    /// What was searched: what is marked as found in it.
    pub searched: String,
    /// Which view it is, and what it has of the one before.
    pub lineage: Lineage,
}

/// Equal are those that show the same, wherever they come from.
impl PartialEq for View {
    fn eq(&self, other: &Self) -> bool {
        let Self { nodes, edges, hidden, totals, host, searched: _, lineage: _ } = self;
        (nodes, edges, hidden, totals, host)
            == (&other.nodes, &other.edges, &other.hidden, &other.totals, &other.host)
    }
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewNode {
    /// What it stands for: the same on every tick.
    pub key: ShownKey,
    /// What it is called: `nginx 4121`, an address, `unknown`; of a group `web ×3`. Safe to show.
    pub label: String,
    /// The ports that it listens on: `:80 :443`; empty where there are none.
    pub detail: String,
    /// Its kind.
    pub kind: NodeKind,
    /// The open group that it stands in.
    pub group: GroupKey,
    /// What the group is called. Safe to show.
    pub group_label: Arc<str>,
    /// What the group's network namespace is called, where the group's own name does not tell. Safe to show.
    pub group_netns: Option<Arc<str>>,
    /// Whether it came or went in the newest tick.
    pub state: NodeState,
    /// Whether the search text is found in it; `false` where nothing is searched.
    pub matched_by_search: bool,
    /// How many connections it has an end of, open or over in the newest tick.
    pub connections: usize,
    /// How many of them have both ends in it.
    pub inside: usize,
    /// What flows on them: `to_server` is what it sends as a client and gets as a server.
    pub rate: Rate,
}

/// The kinds of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// A process.
    Process,
    /// A container: collapsed, or with edges of its own (its processes are not known one by one).
    Container,
    /// A remote address, or several.
    Remote,
    /// The unknown holder of sockets.
    Unknown,
    /// Another group: of containers, of all that is in a namespace, of all that is in no container.
    Group,
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

/// All connections from one node to one service of another, as far as the filter lets them through.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewEdge {
    /// The client's place in [`View::nodes`].
    pub client: usize,
    /// The server's place in [`View::nodes`].
    pub server: usize,
    /// What it is for.
    pub at: Service,
    /// What that is called: `:443` over TCP, else with the protocol, `udp:53`.
    pub service: Arc<str>,
    /// How many connections are open.
    pub open: u32,
    /// How many began in the newest tick (also those that are over already).
    pub new: u32,
    /// How many closed in the newest tick.
    pub closed: u32,
    /// How many failed in the newest tick.
    pub failed: u32,
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

/// All of them are moved at each tick, and up to this size the compiler does that in line.
const _: () = assert!(size_of::<ViewEdge>() <= 128);

/// What an edge stands for: the same on every tick.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EdgeKey {
    /// The client.
    pub client: ShownKey,
    /// The server.
    pub server: ShownKey,
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
    Node(ShownKey),
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

impl HostFacts {
    /// The short of what the user can do: what comes before the comma.
    pub fn short_remedy(&self) -> Option<&str> {
        let remedy = self.remedy.as_deref()?;
        Some(remedy.split_once(", ").map_or(remedy, |(short, _)| short))
    }
}

impl View {
    /// Marks what a search text is found in, whatever the case of its letters. An empty text is found nowhere.
    pub fn mark(&mut self, search: &str) {
        let search = search.trim().to_lowercase();
        if search.is_empty() && self.searched.is_empty() {
            return;
        }
        let found = |text: &str| is_found(text, &search);
        for node in &mut self.nodes {
            let netns = node.group_netns.as_deref().unwrap_or_default();
            let texts = [&node.label, &node.detail, &*node.group_label, netns];
            node.matched_by_search = texts.into_iter().any(found);
        }
        for edge in &mut self.edges {
            edge.matched_by_search = found(&edge.service)
                || [edge.client, edge.server]
                    .iter()
                    .any(|&end| self.nodes.get(end).is_some_and(|node| node.matched_by_search));
        }
        self.searched = search;
    }

    /// Whether a search text is found in anything.
    pub fn has_match(&self) -> bool {
        self.nodes.iter().any(|node| node.matched_by_search)
            || self.edges.iter().any(|edge| edge.matched_by_search)
    }

    /// The node of a key.
    pub fn node(&self, key: &ShownKey) -> Option<&ViewNode> {
        self.node_place(key).and_then(|place| self.nodes.get(place))
    }

    /// The place of a key in [`View::nodes`].
    pub fn node_place(&self, key: &ShownKey) -> Option<usize> {
        self.nodes.binary_search_by(|node| node.key.cmp(key)).ok()
    }

    /// The place of a key in [`View::edges`]. That is found at once in a view of a [`Maker`].
    pub fn edge_place(&self, key: &EdgeKey) -> Option<usize> {
        let (client, server) = (self.node_place(&key.client)?, self.node_place(&key.server)?);
        if self.lineage.number == 0 {
            let is_it =
                |edge: &ViewEdge| (edge.client, edge.server, &edge.at) == (client, server, &key.service);
            return self.edges.iter().position(is_it);
        }
        // One that a maker made is in order.
        let order = |place: usize| (self.nodes.get(place).map(build::name_order), place);
        let wanted = [order(client), order(server)];
        let compare = |edge: &ViewEdge| {
            let by_ends = order(edge.client).cmp(&wanted[0]).then_with(|| order(edge.server).cmp(&wanted[1]));
            by_ends.then_with(|| edge.at.cmp(&key.service))
        };
        self.edges.binary_search_by(compare).ok()
    }

    /// What an edge stands for: its place may be another in the next view.
    pub fn edge_key(&self, edge: &ViewEdge) -> Option<EdgeKey> {
        let key = |place: usize| self.nodes.get(place).map(|node| node.key.clone());
        Some(EdgeKey { client: key(edge.client)?, server: key(edge.server)?, service: edge.at.clone() })
    }
}

/// Whether a search text, which is in small letters, is found in a text.
pub(crate) fn is_found(text: &str, search: &str) -> bool {
    !search.is_empty() && text.to_lowercase().contains(search)
}

impl ViewEdge {
    /// Its ends; one of them where it leads from a node to itself.
    pub fn ends(&self) -> impl Iterator<Item = usize> + Clone + use<> {
        [Some(self.client), (self.client != self.server).then_some(self.server)].into_iter().flatten()
    }

    /// How many connections it stands for, open or over in the newest tick.
    pub fn connections(&self) -> usize {
        (self.open + self.closed + self.failed) as usize
    }
}

#[cfg(test)]
mod group_tests;
#[cfg(test)]
mod maker_tests;
#[cfg(test)]
mod order_tests;
#[cfg(test)]
mod tests;
