//! From a topology to a view.

use std::sync::Arc;

use rustc_hash::FxHashMap;
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
    let services = Services::new(&edges);
    let order = in_order(&nodes, &edges, &services).into_iter().map(|place| place as usize);
    let edges: Vec<ViewEdge> =
        order.map(|place| view_edge(&edges[place], &oldest[place], services.label(place))).collect();
    let (mut connections, mut opened, mut closed, mut failed) = (0, 0, 0, 0);
    for edge in &edges {
        connections += edge.connections();
        opened += edge.new;
        closed += edge.closed;
        failed += edge.failed;
    }
    let shown = |listener: &&Listener| !listener.closed && look.sieve.protocols.has(listener.protocol);
    let totals = Totals {
        processes,
        containers,
        connections,
        listeners: topology.listeners().filter(shown).count(),
        opened,
        closed,
        failed,
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

fn view_edge(edge: &GroupedEdge<'_>, oldest: &Oldest, service: Arc<str>) -> ViewEdge {
    let sums = &edge.sums;
    ViewEdge {
        client: edge.client,
        server: edge.server,
        at: edge.service.clone(),
        service,
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

/// The services of some edges.
struct Services {
    /// Of each edge, a place in `labels`.
    of_edge: Vec<u32>,
    /// What each service is called.
    labels: Vec<Arc<str>>,
    /// The rank of each service.
    ranks: Vec<u32>,
}

impl Services {
    /// There are few: each edge's is looked up once, and the rest is done by number.
    fn new(edges: &[GroupedEdge<'_>]) -> Self {
        let mut places: FxHashMap<&Service, u32> = FxHashMap::default();
        let of_edge = edges.iter().map(|edge| {
            let next = places.len() as u32;
            *places.entry(edge.service).or_insert(next)
        });
        let of_edge = of_edge.collect();
        let mut services: Vec<(&Service, u32)> = places.into_iter().collect();
        services.sort_unstable();
        let mut labels: Vec<Arc<str>> = vec![Arc::from(""); services.len()];
        let mut ranks = vec![0; services.len()];
        for (rank, (service, place)) in (0..).zip(services) {
            labels[place as usize] = service_label(service).into();
            ranks[place as usize] = rank;
        }
        Self { of_edge, labels, ranks }
    }

    fn label(&self, edge: usize) -> Arc<str> {
        Arc::clone(&self.labels[self.of_edge[edge] as usize])
    }
}

/// The edges' places in an order that depends on what they stand for alone, so that a row stays where it is while numbers
/// change: names first, as people look for them, then pids and addresses as numbers.
fn in_order(nodes: &[ViewNode], edges: &[GroupedEdge<'_>], services: &Services) -> Vec<u32> {
    let names = name_ranks(nodes);
    // Side by side in memory: they are asked for in no order.
    let ends: Vec<(u32, u32)> = edges.iter().map(|edge| (names[edge.client], names[edge.server])).collect();
    // What matters least comes first, since each leaves as it was what is equal.
    let by_service = |&edge: &u32| services.ranks[services.of_edge[edge as usize] as usize];
    let order = counted((0..edges.len() as u32).collect(), services.ranks.len(), by_service);
    let order = counted(order, nodes.len(), |&edge| ends[edge as usize].1);
    counted(order, nodes.len(), |&edge| ends[edge as usize].0)
}

/// The rank of each node by its name: processes and groups before addresses, as people look for them.
pub(crate) fn name_ranks(nodes: &[ViewNode]) -> Vec<u32> {
    let kind = |node: &ViewNode| match node.kind {
        NodeKind::Process | NodeKind::Container | NodeKind::Group => 0,
        NodeKind::Unknown => 1,
        NodeKind::Remote => 2,
    };
    // Many processes have one name, which is compared once.
    let mut words: FxHashMap<(u8, &str), u32> = FxHashMap::default();
    let of_node = nodes.iter().map(|node| {
        let next = words.len() as u32;
        *words.entry((kind(node), word(node))).or_insert(next)
    });
    let of_node: Vec<u32> = of_node.collect();
    let mut words: Vec<((u8, String), u32)> =
        words.into_iter().map(|((kind, word), number)| ((kind, word.to_lowercase()), number)).collect();
    words.sort_unstable();
    let mut ranks = vec![0; words.len()];
    for (rank, same) in (0..).zip(words.chunk_by(|one, other| one.0 == other.0)) {
        for (_, word) in same {
            ranks[*word as usize] = rank;
        }
    }
    let order = counted((0..nodes.len() as u32).collect(), words.len(), |&node| {
        ranks[of_node[node as usize] as usize]
    });
    let mut ranks = vec![0; nodes.len()];
    for (rank, node) in (0..).zip(order) {
        ranks[node as usize] = rank;
    }
    ranks
}

/// The word by which a node is put in order: its name without a number.
fn word(node: &ViewNode) -> &str {
    match node.kind {
        // An address is put in order as a number, by its key.
        NodeKind::Remote => "",
        _ => node.label.rsplit_once(' ').map_or(node.label.as_str(), |(name, _)| name),
    }
}

/// Items in the order of small numbers, each less than `numbers`; equal ones stay as they were. In time proportional to both.
fn counted(items: Vec<u32>, numbers: usize, number: impl Fn(&u32) -> u32) -> Vec<u32> {
    if numbers <= 1 {
        return items;
    }
    // Where the items of each number begin.
    let mut next = vec![0_u32; numbers + 1];
    for item in &items {
        next[number(item) as usize + 1] += 1;
    }
    for number in 0..numbers {
        next[number + 1] += next[number];
    }
    let mut sorted = vec![0; items.len()];
    for item in items {
        let place = &mut next[number(&item) as usize];
        sorted[*place as usize] = item;
        *place += 1;
    }
    sorted
}
