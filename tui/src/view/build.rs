//! From a topology to a view.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use scopetop_tracker::filter::Filter;
use scopetop_tracker::identity::Timestamp;
use scopetop_tracker::topology::grouping::{Grouped, GroupedEdge, GroupedNode, NOWHERE, Sums, group};
use scopetop_tracker::topology::{Listener, Rate, Service, Topology};

use super::atlas::{Tally, inverse};
use super::label::{Labels, ServiceLabels, service_label};
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
    build_placed(topology, look).0
}

/// What a view is made of that is not said in it: see [`Atlas`](super::atlas::Atlas).
pub(super) struct Placed {
    /// Where each node and each edge of the topology is shown, by their indices.
    pub(super) nodes: Vec<u32>,
    pub(super) edges: Vec<u32>,
    /// Of each node that is shown.
    pub(super) tallies: Vec<Tally>,
    pub(super) ranks: Vec<u32>,
    pub(super) services: ServiceLabels,
}

/// The same, and where in it each part of the topology is.
pub(super) fn build_placed(topology: &Topology, look: Look<'_>) -> (View, Placed) {
    let grouped = group(topology, look.grouping, look.sieve);
    let Grouped { nodes, edges, listeners, kept, processes, containers, node_places, edge_places } = grouped;
    let tallies = nodes.iter().map(|node| Tally { open: node.open, new: node.new }).collect();
    let mut labels = Labels::new(topology, look.grouping.by());
    let mut details = ports(&listeners);
    let nodes: Vec<ViewNode> = nodes
        .into_iter()
        .enumerate()
        .map(|(place, node)| view_node(node, details.remove(&place).unwrap_or_default(), &mut labels))
        .collect();
    let (services, of_edge) = Services::new(&edges);
    let drafts = edges.iter().zip(of_edge).map(|(edge, service)| Draft::of(topology, edge, service));
    let drafts: Vec<Draft> = drafts.collect();
    drop(edges);
    let ranks = name_ranks(&nodes);
    let order = in_order(&ranks, &drafts, &services);
    let edges: Vec<ViewEdge> = order.iter().map(|&place| drafts[place as usize].edge(&services)).collect();
    let places = inverse(&order, order.len());
    let to_place = |draft: &u32| places.get(*draft as usize).copied().unwrap_or(NOWHERE);
    let edge_places = edge_places.iter().map(to_place).collect();
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
        opened: opened as usize,
        closed: closed as usize,
        failed: failed as usize,
    };
    let host = host(topology);
    let view = View { nodes, edges, hidden: kept, totals, host, ..View::default() };
    let services = services.labels();
    (view, Placed { nodes: node_places, edges: edge_places, tallies, ranks, services })
}

pub(super) fn host(topology: &Topology) -> Option<HostFacts> {
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

/// The state of a node by its connections: new when all of them are, and closed when all of them are over; one that listens
/// is neither.
pub(super) fn node_state(connections: usize, tally: Tally, listens: bool) -> NodeState {
    if connections == 0 || listens {
        NodeState::Steady
    } else if tally.open == 0 {
        NodeState::Closed
    } else if tally.new >= connections {
        NodeState::New
    } else {
        NodeState::Steady
    }
}

pub(super) fn view_node(node: GroupedNode, detail: String, labels: &mut Labels<'_>) -> ViewNode {
    let (kind, label) = labels.node(&node);
    let tally = Tally { open: node.open, new: node.new };
    let state = node_state(node.connections, tally, !detail.is_empty());
    let (group_label, group_netns) = labels.title(&node.around, node.member);
    ViewNode {
        group_label,
        group_netns,
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

/// An edge before it has its place: all that is told of it, side by side in memory, since it is asked for in another order
/// than it was told in.
struct Draft {
    client: u32,
    server: u32,
    /// A place in [`Services`].
    service: u32,
    facts: EdgeFacts,
}

/// What is told of an edge beside what it stands for.
pub(super) struct EdgeFacts {
    rtt_us: Option<u32>,
    since: Option<Timestamp>,
    directed: bool,
    sums: Sums,
}

impl Draft {
    fn of(topology: &Topology, edge: &GroupedEdge<'_>, service: u32) -> Self {
        let facts = EdgeFacts::of(topology, edge.sums);
        Self { client: edge.client as u32, server: edge.server as u32, service, facts }
    }

    fn edge(&self, services: &Services<'_>) -> ViewEdge {
        let service = &services.all[self.service as usize];
        let ends = [self.client, self.server].map(|end| end as usize);
        self.facts.edge(ends, service.service, Arc::clone(&service.label))
    }
}

impl EdgeFacts {
    pub(super) fn of(topology: &Topology, sums: Sums) -> Self {
        let oldest = sums.oldest.and_then(|id| topology.connection(id));
        Self {
            rtt_us: oldest.and_then(|connection| connection.rtt_us),
            since: oldest.and_then(|connection| connection.opened_at),
            directed: oldest.is_some_and(|connection| connection.directed),
            sums,
        }
    }

    /// The edge between two nodes, by their places.
    pub(super) fn edge(&self, [client, server]: [usize; 2], at: &Service, label: Arc<str>) -> ViewEdge {
        let sums = &self.sums;
        ViewEdge {
            client,
            server,
            at: at.clone(),
            service: label,
            open: sums.open as u32,
            new: sums.new as u32,
            closed: sums.closed as u32,
            failed: sums.failed as u32,
            state: state(sums),
            directed: self.directed,
            rate: sums.rate,
            rtt_us: self.rtt_us,
            since: self.since,
            error: sums.error,
            matched_by_search: false,
        }
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
pub(super) fn ports(listeners: &[(usize, &Listener)]) -> FxHashMap<usize, String> {
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
struct Services<'t> {
    all: Vec<Named<'t>>,
}

/// A service and what it is called.
struct Named<'t> {
    service: &'t Service,
    label: Arc<str>,
    /// Its place in their order.
    rank: u32,
}

impl<'t> Services<'t> {
    /// With the place of each edge's. There are few: each edge's is looked up once, and the rest is done by number.
    fn new(edges: &[GroupedEdge<'t>]) -> (Self, Vec<u32>) {
        let mut places: FxHashMap<&Service, u32> = FxHashMap::default();
        let mut all: Vec<Named<'t>> = Vec::new();
        let of_edge = edges.iter().map(|edge| {
            *places.entry(edge.service).or_insert_with(|| {
                let label = service_label(edge.service).into();
                all.push(Named { service: edge.service, label, rank: 0 });
                all.len() as u32 - 1
            })
        });
        let of_edge = of_edge.collect();
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_unstable_by_key(|&place| all[place].service);
        for (rank, place) in (0..).zip(order) {
            all[place].rank = rank;
        }
        (Self { all }, of_edge)
    }

    fn labels(&self) -> ServiceLabels {
        ServiceLabels::new(self.all.iter().map(|named| (named.service.clone(), Arc::clone(&named.label))))
    }
}

/// The edges' places in an order that depends on what they stand for alone, so that a row stays where it is while numbers
/// change: names first, as people look for them, then pids and addresses as numbers.
fn in_order(names: &[u32], edges: &[Draft], services: &Services<'_>) -> Vec<u32> {
    let key = |edge: &Draft| {
        let [client, server] = [edge.client, edge.server].map(|end| names[end as usize]);
        [services.all[edge.service as usize].rank, server, client]
    };
    // Side by side in memory: they are asked for in no order.
    let keys: Vec<[u32; 3]> = edges.iter().map(key).collect();
    // What matters least comes first, since each leaves as it was what is equal.
    let order =
        counted((0..edges.len() as u32).collect(), services.all.len(), |&edge| keys[edge as usize][0]);
    let order = counted(order, names.len(), |&edge| keys[edge as usize][1]);
    counted(order, names.len(), |&edge| keys[edge as usize][2])
}

/// The rank of each node by its name: processes and groups before addresses, as people look for them.
pub(crate) fn name_ranks(nodes: &[ViewNode]) -> Vec<u32> {
    // Many processes have one name, which is compared once.
    let mut words: FxHashMap<(u8, &str), u32> = FxHashMap::default();
    let of_node = nodes.iter().map(|node| {
        let next = words.len() as u32;
        *words.entry((class(node.kind), word(node))).or_insert(next)
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

/// What a node is put in order by; where that is the same, its key decides.
pub(super) fn name_order(node: &ViewNode) -> (u8, String) {
    (class(node.kind), word(node).to_lowercase())
}

fn class(kind: NodeKind) -> u8 {
    match kind {
        NodeKind::Process | NodeKind::Container | NodeKind::Group => 0,
        NodeKind::Unknown => 1,
        NodeKind::Remote => 2,
    }
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
