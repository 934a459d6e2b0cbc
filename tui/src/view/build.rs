//! From a topology to a view.

use rustc_hash::{FxHashMap, FxHashSet};
use scopetop_tracker::filter::Filter;
use scopetop_tracker::identity::Timestamp;
use scopetop_tracker::topology::grouping::{Grouped, GroupedEdge, GroupedNode, Sums, group};
use scopetop_tracker::topology::{Listener, Rate, Service, Topology};

use super::label::{Labels, service_label};
use super::{EdgeState, HostFacts, Look, NodeKind, NodeState, Totals, View, ViewEdge, ViewNode};

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
    // In the order in which they are told, what is looked up lies side by side in memory.
    let oldest: Vec<Oldest> = edges.iter().map(|edge| Oldest::of(topology, edge)).collect();
    let edges: Vec<ViewEdge> =
        in_order(&nodes, &edges).map(|place| view_edge(&edges[place], &oldest[place], &mut labels)).collect();
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

/// What is told of an edge's oldest connection.
struct Oldest {
    directed: bool,
    rtt_us: Option<u32>,
    since: Option<Timestamp>,
}

impl Oldest {
    fn of(topology: &Topology, edge: &GroupedEdge<'_>) -> Self {
        let oldest = edge.sums.oldest.and_then(|id| topology.connection(id));
        Self {
            directed: oldest.is_some_and(|connection| connection.directed),
            rtt_us: oldest.and_then(|connection| connection.rtt_us),
            since: oldest.and_then(|connection| connection.opened_at),
        }
    }
}

fn view_edge<'t>(edge: &GroupedEdge<'t>, oldest: &Oldest, labels: &mut Labels<'t>) -> ViewEdge {
    let sums = &edge.sums;
    ViewEdge {
        client: edge.client,
        server: edge.server,
        at: edge.service.clone(),
        service: labels.service(edge.service),
        open: sums.open,
        new: sums.new,
        closed: sums.closed,
        failed: sums.failed,
        state: state(sums),
        directed: oldest.directed,
        rate: sums.rate,
        rtt_us: oldest.rtt_us,
        since: oldest.since,
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

/// The edges' places in an order that depends on what they stand for alone, so that a row stays where it is while numbers
/// change: names first, as people look for them, then pids and addresses as numbers.
fn in_order(nodes: &[ViewNode], edges: &[GroupedEdge<'_>]) -> impl Iterator<Item = usize> + use<> {
    let nodes = name_ranks(nodes);
    // There are few services.
    let services: FxHashSet<&Service> = edges.iter().map(|edge| edge.service).collect();
    let mut services: Vec<&Service> = services.into_iter().collect();
    services.sort_unstable();
    let services: FxHashMap<&Service, u32> = services.into_iter().zip(0..).collect();
    let key = |edge: &GroupedEdge<'_>| {
        (nodes[edge.client], nodes[edge.server], services.get(edge.service).copied())
    };
    let mut order: Vec<_> = edges.iter().enumerate().map(|(place, edge)| (key(edge), place)).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, place)| place)
}

/// The rank of each node by its name: processes and groups before addresses, as people look for them.
pub(crate) fn name_ranks(nodes: &[ViewNode]) -> Vec<u32> {
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
    ranks(nodes.len(), |&place| (kind(&nodes[place]), word(&nodes[place]), place))
}

/// The position of each of so many places when they are put in the order of a key.
fn ranks<K: Ord>(count: usize, key: impl FnMut(&usize) -> K) -> Vec<u32> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_cached_key(key);
    let mut ranks = vec![0; count];
    for (rank, place) in (0..).zip(order) {
        ranks[place] = rank;
    }
    ranks
}
