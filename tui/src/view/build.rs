//! From a topology to a view.

use rustc_hash::FxHashMap;
use scopetop_tracker::filter::Filter;
use scopetop_tracker::topology::grouping::{Grouped, GroupedEdge, GroupedNode, Sums, group};
use scopetop_tracker::topology::{Listener, Rate, Service, Topology};

use super::label::{Labels, service_label};
use super::{EdgeKey, EdgeState, HostFacts, Look, NodeKind, NodeState, Totals, View, ViewEdge, ViewNode};

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
pub fn build(topology: &Topology, look: Look<'_>) -> View {
    let Grouped { nodes, edges, listeners, kept, processes, containers } =
        group(topology, look.grouping, look.sieve);
    let mut labels = Labels::new(topology, look.grouping.by());
    let mut details = ports(&listeners);
    let nodes: Vec<ViewNode> = nodes
        .into_iter()
        .enumerate()
        .map(|(place, node)| view_node(node, details.remove(&place).unwrap_or_default(), &mut labels))
        .collect();
    let edges: Vec<ViewEdge> = in_order(&nodes, &edges)
        .into_iter()
        .map(|place| view_edge(topology, &edges[place], &nodes, &mut labels))
        .collect();
    let shown = |listener: &&Listener| !listener.closed && look.sieve.protocols.has(listener.protocol);
    let totals = Totals {
        processes,
        containers,
        connections: edges.iter().map(ViewEdge::connections).sum(),
        listeners: topology.listeners().filter(shown).count(),
        opened: edges.iter().map(|edge| edge.new).sum(),
        closed: edges.iter().map(|edge| edge.closed).sum(),
        failed: edges.iter().map(|edge| edge.failed).sum(),
    };
    View { nodes, edges, hidden: kept, totals, host: host(topology) }
}

fn host(topology: &Topology) -> Option<HostFacts> {
    topology.hosts().first().map(|host| HostFacts {
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
    })
}

fn view_node(node: GroupedNode, detail: String, labels: &mut Labels<'_>) -> ViewNode {
    let (kind, label) = labels.node(&node);
    // New when all its connections are, and closed when all of them are over; one that listens is neither.
    let state = if node.connections == 0 || !detail.is_empty() {
        NodeState::Steady
    } else if node.open == 0 {
        NodeState::Closed
    } else if node.new >= node.connections {
        NodeState::New
    } else {
        NodeState::Steady
    };
    ViewNode {
        group_label: labels.title(&node.around, node.member),
        key: node.key,
        label,
        detail,
        kind,
        group: node.around,
        state,
        matched_by_search: false,
        connections: node.connections,
        inside: node.inside,
        rate: node.rate,
    }
}

fn view_edge<'t>(
    topology: &Topology,
    edge: &GroupedEdge<'t>,
    nodes: &[ViewNode],
    labels: &mut Labels<'t>,
) -> ViewEdge {
    let sums = &edge.sums;
    let oldest = sums.oldest.and_then(|id| topology.connection(id));
    ViewEdge {
        key: EdgeKey {
            client: nodes[edge.client].key.clone(),
            server: nodes[edge.server].key.clone(),
            service: edge.service.clone(),
        },
        client: edge.client,
        server: edge.server,
        service: labels.service(edge.service),
        open: sums.open,
        new: sums.new,
        closed: sums.closed,
        failed: sums.failed,
        state: state(sums),
        directed: oldest.is_some_and(|connection| connection.directed),
        rate: sums.rate,
        rtt_us: oldest.and_then(|connection| connection.rtt_us),
        since: oldest.and_then(|connection| connection.opened_at),
        error: sums.error,
        matched_by_search: false,
    }
}

fn state(sums: &Sums) -> EdgeState {
    if sums.open == 0 && sums.failed > 0 {
        EdgeState::Failed
    } else if sums.open == 0 {
        EdgeState::Closed
    } else if sums.new > 0 {
        EdgeState::New
    } else if busy_from(sums.rate) {
        EdgeState::Busy
    } else {
        EdgeState::Steady
    }
}

/// What each node listens on, by its place.
fn ports(listeners: &[(usize, &Listener)]) -> FxHashMap<usize, String> {
    let mut ports: Vec<(usize, Service)> = listeners
        .iter()
        .map(|(place, listener)| (*place, Service::at(listener.protocol, &listener.address)))
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
        .chunk_by(|one, other| one.0 == other.0)
        .map(|mine| {
            let mut list: Vec<String> =
                mine.iter().take(PORTS_SHOWN).map(|(_, service)| service_label(service)).collect();
            if mine.len() > PORTS_SHOWN {
                list.push(format!("+{}", mine.len() - PORTS_SHOWN));
            }
            (mine[0].0, list.join(" "))
        })
        .collect()
}

/// The edges' places in an order that depends on what they stand for alone, so that a row stays where it is while
/// numbers change: names first, as people look for them, then pids and addresses as numbers.
fn in_order(nodes: &[ViewNode], edges: &[GroupedEdge<'_>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    let kind = |node: &ViewNode| match node.kind {
        NodeKind::Process | NodeKind::Container | NodeKind::Group => 0,
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
    let mut places: Vec<usize> = (0..edges.len()).collect();
    places.sort_by_cached_key(|&place| {
        let edge = &edges[place];
        (rank[edge.client], rank[edge.server], edge.service)
    });
    places
}
