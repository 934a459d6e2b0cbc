//! From a topology to a view.

use std::collections::BTreeMap;

use petgraph::Direction;
use petgraph::stable_graph::NodeIndex;
use petgraph::visit::{EdgeRef, IntoEdgeReferences};
use rustc_hash::{FxHashMap, FxHashSet};
use scopetop_tracker::connection::State;
use scopetop_tracker::filter::{Filter, Subject};
use scopetop_tracker::identity::{NetnsId, Timestamp};
use scopetop_tracker::network::Scope;
use scopetop_tracker::topology::{Connection, Edge, HostIndex, Node, NodeKey, Rate, Service, Topology};

use super::{
    EdgeKey, EdgeState, GroupKey, Hidden, HostFacts, NodeKind, NodeState, Totals, View, ViewEdge, ViewNode,
    service_label,
};

/// From how many bytes a second on (both ways together) an edge is busy.
const BUSY: f64 = 100_000.0;

/// How many listening ports a node's line names before it says how many more there are.
const PORTS_SHOWN: usize = 4;

/// Whether an edge with this rate is busy.
pub fn busy_from(rate: Rate) -> bool {
    rate.to_server + rate.to_client >= BUSY
}

/// A filter with the text that it was made of.
#[derive(Clone, Debug)]
pub struct ActiveFilter {
    /// The text. Safe to show.
    pub text: String,
    /// What it means.
    pub filter: Filter,
}

impl ActiveFilter {
    /// A filter with its own text; none for one that asks for nothing.
    pub fn new(filter: Filter) -> Option<Self> {
        (!filter.is_empty()).then(|| Self { text: filter.to_string(), filter })
    }
}

/// What is shown of a topology. With a filter, an edge stands for the connections that match it; a node is shown that
/// is an end of one of those, listens on a socket that matches, or matches by itself.
pub fn build(topology: &Topology, filter: Option<&Filter>) -> View {
    let host = topology.hosts().first().map(|host| HostFacts {
        name: host.id.0.clone(),
        kernel: host.kernel.clone(),
        events: host.source.events.clone(),
        scan: host.source.scan.clone(),
        sequence: host.sequence,
        at: host.at,
        duration: host.duration,
        counts: host.counts,
        lost_events: host.source.lost_events,
        reasons: host.source.reasons.clone(),
        remedy: host.source.remedy.clone(),
    });
    let now = host.as_ref().map_or(Timestamp(0), |host| host.at);
    let mut hidden = Hidden::default();

    let mut counted = Vec::new();
    for edge in topology.graph().edge_references() {
        let all = edge.weight();
        let shown = match filter {
            None => Counted::whole(topology, all),
            Some(filter) => Counted::matching(topology, all, filter, now),
        };
        hidden.connections += all.connections.len() - shown.connections;
        if shown.connections > 0 {
            counted.push((edge.source(), edge.target(), all, shown));
        }
    }

    let mut nodes = shown_nodes(topology, filter, &counted, &mut hidden);
    nodes.sort_by(|(_, one), (_, other)| one.key.cmp(&other.key));
    let places: FxHashMap<NodeIndex, usize> =
        nodes.iter().enumerate().map(|(place, (index, _))| (*index, place)).collect();
    let mut nodes: Vec<ViewNode> = nodes.into_iter().map(|(_, node)| node).collect();

    let mut edges = Vec::with_capacity(counted.len());
    for (client, server, edge, shown) in counted {
        let (Some(&client), Some(&server)) = (places.get(&client), places.get(&server)) else { continue };
        let edge = ViewEdge {
            key: EdgeKey {
                client: nodes[client].key.clone(),
                server: nodes[server].key.clone(),
                service: edge.service.clone(),
            },
            client,
            server,
            service: service_label(&edge.service),
            open: shown.open,
            new: shown.new,
            closed: shown.closed,
            failed: shown.failed,
            state: shown.state(),
            directed: shown.directed,
            rate: shown.rate,
            rtt_us: shown.rtt_us,
            since: shown.since,
            error: shown.error,
            matched_by_search: false,
        };
        for end in edge.ends() {
            nodes[end].connections += shown.connections;
            nodes[end].rate.to_server += shown.rate.to_server;
            nodes[end].rate.to_client += shown.rate.to_client;
        }
        edges.push(edge);
    }
    sort_edges(&nodes, &mut edges);
    set_node_states(&mut nodes, &edges);

    let containers: FxHashSet<&GroupKey> = nodes
        .iter()
        .map(|node| &node.group)
        .filter(|group| matches!(group, GroupKey::Container(..)))
        .collect();
    let totals = Totals {
        processes: nodes.iter().filter(|node| node.kind == NodeKind::Process).count(),
        containers: containers.len(),
        connections: edges.iter().map(ViewEdge::connections).sum(),
        listeners: topology.listeners().filter(|listener| !listener.closed).count(),
        opened: edges.iter().map(|edge| edge.new).sum(),
        closed: edges.iter().map(|edge| edge.closed).sum(),
        failed: edges.iter().map(|edge| edge.failed).sum(),
    };
    View { nodes, edges, hidden, totals, host }
}

/// What an edge's connections come to, as far as they are shown.
#[derive(Default)]
struct Counted {
    connections: usize,
    open: usize,
    new: usize,
    closed: usize,
    failed: usize,
    rate: Rate,
    directed: bool,
    rtt_us: Option<u32>,
    since: Option<Timestamp>,
    error: Option<u32>,
}

impl Counted {
    /// All of them: by the edge's own sums, so that the work does not grow with the connections.
    fn whole(topology: &Topology, edge: &Edge) -> Self {
        let connection = |id| topology.connection(id);
        let oldest = edge.connections.first().copied().and_then(connection);
        let failed = (edge.failed > 0)
            .then(|| edge.connections.iter().rev().copied().filter_map(connection))
            .and_then(|mut newest_first| newest_first.find(|connection| connection.state == State::Failed));
        Self {
            connections: edge.connections.len(),
            open: edge.open,
            new: edge.new,
            closed: edge.closed,
            failed: edge.failed,
            rate: edge.rate,
            directed: oldest.is_some_and(|connection| connection.directed),
            rtt_us: oldest.and_then(|connection| connection.rtt_us),
            since: oldest.and_then(|connection| connection.opened_at),
            error: failed.and_then(|connection| connection.error),
        }
    }

    fn matching(topology: &Topology, edge: &Edge, filter: &Filter, now: Timestamp) -> Self {
        let mut counted = Self::default();
        for connection in edge.connections.iter().filter_map(|id| topology.connection(*id)) {
            if filter.matches(&Subject::of_connection(topology, connection, now)) {
                counted.add(connection);
            }
        }
        counted
    }

    fn add(&mut self, connection: &Connection) {
        if self.connections == 0 {
            self.directed = connection.directed;
            self.rtt_us = connection.rtt_us;
            self.since = connection.opened_at;
        }
        self.connections += 1;
        match connection.state {
            State::Closed => self.closed += 1,
            State::Failed => {
                self.failed += 1;
                self.error = connection.error;
            }
            _ => self.open += 1,
        }
        self.new += usize::from(connection.is_new);
        self.rate.to_server += connection.rate.to_server;
        self.rate.to_client += connection.rate.to_client;
    }

    fn state(&self) -> EdgeState {
        if self.open == 0 && self.failed > 0 {
            EdgeState::Failed
        } else if self.open == 0 {
            EdgeState::Closed
        } else if self.new > 0 {
            EdgeState::New
        } else if busy_from(self.rate) {
            EdgeState::Busy
        } else {
            EdgeState::Steady
        }
    }
}

fn shown_nodes<T>(
    topology: &Topology,
    filter: Option<&Filter>,
    edges: &[(NodeIndex, NodeIndex, &Edge, T)],
    hidden: &mut Hidden,
) -> Vec<(NodeIndex, ViewNode)> {
    let ends: FxHashSet<NodeIndex> =
        edges.iter().flat_map(|(client, server, ..)| [*client, *server]).collect();
    let mut ports: FxHashMap<NodeIndex, BTreeMap<Service, String>> = FxHashMap::default();
    let mut listening = FxHashSet::default();
    for listener in topology.listeners() {
        if filter.is_some_and(|filter| filter.matches(&Subject::of_listener(topology, listener))) {
            listening.extend(listener.nodes.iter().copied());
        }
        let service = Service::at(listener.protocol, &listener.address);
        for node in &listener.nodes {
            ports.entry(*node).or_default().entry(service.clone()).or_insert_with(|| service_label(&service));
        }
    }
    let mut nodes = Vec::new();
    for index in topology.graph().node_indices() {
        let (Some(node), Some(key)) = (topology.graph().node_weight(index), topology.key(index)) else {
            continue;
        };
        let is_end = ends.contains(&index);
        // A container is the box around its processes.
        if matches!(node, Node::Container(_)) && !is_end {
            continue;
        }
        let holds = |filter: &Filter| filter.matches(&Subject::of_node(topology, index));
        if !is_end && !listening.contains(&index) && filter.is_some_and(|filter| !holds(filter)) {
            hidden.nodes += 1;
            continue;
        }
        let (kind, label) = name(node);
        let (group, group_label) = group(topology, index, key, node);
        nodes.push((
            index,
            ViewNode {
                key: key.clone(),
                label,
                detail: ports.get(&index).map(port_list).unwrap_or_default(),
                kind,
                group,
                group_label,
                state: NodeState::Steady,
                matched_by_search: false,
                connections: 0,
                rate: Rate::default(),
            },
        ));
    }
    nodes
}

fn port_list(ports: &BTreeMap<Service, String>) -> String {
    let mut list: Vec<String> = ports.values().take(PORTS_SHOWN).cloned().collect();
    if ports.len() > PORTS_SHOWN {
        list.push(format!("+{}", ports.len() - PORTS_SHOWN));
    }
    list.join(" ")
}

/// What a node is and is called.
pub(super) fn name(node: &Node) -> (NodeKind, String) {
    match node {
        Node::Process(process) => (NodeKind::Process, format!("{} {}", process.comm, process.id.pid)),
        Node::Container(container) => {
            (NodeKind::Container, container.name.as_ref().unwrap_or(&container.id.0).as_str().to_owned())
        }
        Node::Remote { address, name, .. } => {
            let address = address.to_string();
            (NodeKind::Remote, name.as_ref().map_or(address.clone(), |name| format!("{name} {address}")))
        }
        Node::Unknown { .. } => (NodeKind::Unknown, String::from("unknown")),
    }
}

fn group(topology: &Topology, index: NodeIndex, key: &NodeKey, node: &Node) -> (GroupKey, String) {
    let container =
        if matches!(node, Node::Container(_)) { Some(index) } else { topology.container_of(index) };
    if let Some(container) = container
        && let (Some(Node::Container(facts)), Some(NodeKey::Container(host, id))) =
            (topology.graph().node_weight(container), topology.key(container))
    {
        let name = match &facts.name {
            Some(name) => name.as_str().to_owned(),
            // The first twelve digits are what engines print.
            None => facts.id.0.chars().take(12).collect(),
        };
        let label = facts.image.as_ref().map_or(name.clone(), |image| format!("{name}  {image}"));
        return (GroupKey::Container(*host, id.clone()), label);
    }
    match (key, node) {
        (NodeKey::Process(host, _), Node::Process(process)) => match process.netns {
            Some(netns) => namespace_group(topology, *host, netns),
            None => (GroupKey::Host(*host), String::from("host")),
        },
        (NodeKey::Unknown(host, netns) | NodeKey::Remote(Some((host, netns)), _), _) => {
            namespace_group(topology, *host, *netns)
        }
        (_, Node::Remote { scope: Scope::Host, .. }) => {
            (GroupKey::Host(HostIndex::default()), String::from("host"))
        }
        (_, Node::Remote { scope: Scope::Private | Scope::Loopback, .. }) => {
            (GroupKey::Network, String::from("network"))
        }
        _ => (GroupKey::Internet, String::from("internet")),
    }
}

fn namespace_group(topology: &Topology, host: HostIndex, netns: NetnsId) -> (GroupKey, String) {
    let names = topology.namespace_names(host, netns);
    if names.iter().any(|name| name.as_str() == "host") {
        (GroupKey::Host(host), String::from("host"))
    } else {
        let label = names.first().map_or_else(|| format!("netns {netns}"), |name| format!("netns {name}"));
        (GroupKey::Namespace(host, netns), label)
    }
}

/// Puts the edges in an order that depends on what they stand for alone, so that a row stays where it is while numbers
/// change: names first, as people look for them, then pids and addresses as numbers.
fn sort_edges(nodes: &[ViewNode], edges: &mut [ViewEdge]) {
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    let kind = |node: &ViewNode| match node.kind {
        NodeKind::Process | NodeKind::Container => 0,
        NodeKind::Unknown => 1,
        NodeKind::Remote => 2,
    };
    let word = |node: &ViewNode| match node.kind {
        // An address is put in order as a number, by its key.
        NodeKind::Remote => String::new(),
        _ => node.label.rsplit_once(' ').map_or(node.label.as_str(), |(name, _)| name).to_lowercase(),
    };
    order.sort_by_cached_key(|&place| (kind(&nodes[place]), word(&nodes[place]), place));
    let mut rank = vec![0; nodes.len()];
    for (position, place) in order.into_iter().enumerate() {
        rank[place] = position;
    }
    edges.sort_by(|one, other| {
        let key = |edge: &ViewEdge| (rank[edge.client], rank[edge.server]);
        key(one).cmp(&key(other)).then_with(|| one.key.service.cmp(&other.key.service))
    });
}

/// A node is new when all its connections are, and closed when all of them are over; one that listens is neither.
fn set_node_states(nodes: &mut [ViewNode], edges: &[ViewEdge]) {
    let mut sums = vec![(0_usize, 0_usize); nodes.len()];
    for edge in edges {
        for end in edge.ends() {
            sums[end].0 += edge.new;
            sums[end].1 += edge.open;
        }
    }
    for (node, (new, open)) in nodes.iter_mut().zip(sums) {
        if node.connections == 0 || !node.detail.is_empty() {
            continue;
        }
        node.state = if open == 0 {
            NodeState::Closed
        } else if new >= node.connections {
            NodeState::New
        } else {
            NodeState::Steady
        };
    }
}

/// The edge of a topology that a key stands for.
pub(super) fn find_edge<'a>(topology: &'a Topology, key: &EdgeKey) -> Option<&'a Edge> {
    let (client, server) = (topology.node(&key.client)?, topology.node(&key.server)?);
    topology
        .graph()
        .edges_directed(client, Direction::Outgoing)
        .find(|edge| edge.target() == server && edge.weight().service == key.service)
        .map(|edge| edge.weight())
}
