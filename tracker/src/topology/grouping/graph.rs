//! The graph of what is shown.

use petgraph::stable_graph::{EdgeIndex, NodeIndex};
use petgraph::visit::{EdgeIndexable as _, EdgeRef as _, IntoEdgeReferences as _, NodeIndexable as _};
use rustc_hash::{FxHashMap, FxHashSet};

use super::super::Topology;
use super::super::connection::Listener;
use super::super::edge::{Edge, Rate, Service};
use super::super::node::{Node, NodeKey};
use super::choice::{Grouping, Protocols, Sieve};
use super::forest::{Forest, Stand};
use super::key::{GroupKey, ShownKey};
use super::sums::Sums;
use crate::filter::Subject;
use crate::identity::Timestamp;

/// What is shown of a topology.
#[derive(Debug, Default)]
pub struct Grouped<'t> {
    /// The nodes, in the order of their keys.
    pub nodes: Vec<GroupedNode>,
    /// The edges, in no order. An edge stands for the connections from all members of one node to one service of all
    /// members of another, which may be the same.
    pub edges: Vec<GroupedEdge<'t>>,
    /// Who listens, of those with a shown protocol: places in `nodes`, each with the listener.
    pub listeners: Vec<(usize, &'t Listener)>,
    /// What is kept away.
    pub kept: Kept,
    /// How many processes are shown, by themselves or in a group.
    pub processes: usize,
    /// How many containers they are in; a systemd service is not counted.
    pub containers: usize,
    /// Where in `nodes` each node of the topology is shown, by its index; [`NOWHERE`] for one that is not.
    pub node_places: Vec<u32>,
    /// Where in `edges` each edge of the topology is shown, likewise.
    pub edge_places: Vec<u32>,
}

/// A node of the topology, or a collapsed group of them.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupedNode {
    /// What it stands for.
    pub key: ShownKey,
    /// The open group that it stands in.
    pub around: GroupKey,
    /// One of its members: the one whose key comes first, so that it stays the same as long as it is there.
    pub member: NodeIndex,
    /// How many members it has.
    pub members: usize,
    /// How many connections it has an end of. Those between two of its members count once.
    pub connections: usize,
    /// How many of them are between its members.
    pub inside: usize,
    /// What flows on them: `to_server` is what it sends as a client and gets as a server.
    pub rate: Rate,
    /// How many of its connections are open.
    pub open: usize,
    /// How many of its connections began in the newest tick.
    pub new: usize,
}

/// All connections from one shown node to one service of another, as far as they are let through.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupedEdge<'t> {
    /// The client's place among the nodes.
    pub client: usize,
    /// The server's place among the nodes.
    pub server: usize,
    /// The service.
    pub service: &'t Service,
    /// What they come to.
    pub sums: Sums,
}

/// What is kept away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Nodes, by the filter or because they only have sockets of protocols that are not shown.
    pub nodes: usize,
    /// Connections, by the filter.
    pub connections: usize,
    /// Connections that the filter lets through, of protocols that are not shown, in the order of [`Protocols::ALL`].
    pub switched_off: [usize; Protocols::ALL.len()],
}

/// Groups a topology.
pub fn group<'t>(topology: &'t Topology, grouping: &Grouping, sieve: Sieve<'_>) -> Grouped<'t> {
    let now = topology.hosts().first().map_or(Timestamp(0), |host| host.at);
    let graph = topology.graph();
    let count = graph.node_bound();
    let mut kept = Kept::default();
    let mut build = Build::new(topology, grouping, count);
    // Those that have an edge or a listener of a shown protocol. Where all are shown, nobody asks.
    let mut speaks = vec![sieve.protocols.is_all(); count];
    for edge in graph.edge_references() {
        let (client, server, all) = (edge.source(), edge.target(), edge.weight());
        let protocol = all.service.protocol();
        let sums = Sums::matching(topology, all, sieve.filter, now);
        kept.connections += all.connections.len() - sums.connections;
        if !sieve.protocols.has(protocol) {
            kept.switched_off[protocol as usize] += sums.connections;
            continue;
        }
        (speaks[client.index()], speaks[server.index()]) = (true, true);
        if sums.connections > 0 {
            build.add_edge(edge.id(), [client, server], all, &sums);
        }
    }
    for listener in topology.listeners().filter(|listener| sieve.protocols.has(listener.protocol)) {
        let matches =
            sieve.filter.is_some_and(|filter| filter.matches(&Subject::of_listener(topology, listener)));
        for &node in listener.nodes.iter().filter(|node| node.index() < count) {
            speaks[node.index()] = true;
            if matches {
                build.add_node(node);
            }
        }
    }
    for node in graph.node_indices() {
        // A container is the box around its processes.
        if build.has(node) || matches!(graph.node_weight(node), Some(Node::Container(_))) {
            continue;
        }
        let holds = || sieve.filter.is_none_or(|filter| filter.matches(&Subject::of_node(topology, node)));
        if speaks[node.index()] && holds() {
            build.add_node(node);
        } else {
            kept.nodes += 1;
        }
    }
    build.finish(sieve, kept)
}

/// The place of what is not shown.
pub const NOWHERE: u32 = u32::MAX;

/// The graph while it is made.
struct Build<'t, 'g> {
    topology: &'t Topology,
    forest: Forest<'t, 'g>,
    nodes: Vec<GroupedNode>,
    edges: Vec<GroupedEdge<'t>>,
    /// Where a node of the topology is shown, by its index.
    place: Vec<u32>,
    /// Where an edge of the topology is shown, by its index.
    edge_place: Vec<u32>,
    /// Where a group is shown.
    groups: FxHashMap<usize, u32>,
    /// The edges of groups. One between two nodes of the topology is the only one of its service already.
    of_groups: FxHashMap<(u32, u32, &'t Service), usize>,
    processes: usize,
    containers: FxHashSet<NodeIndex>,
}

impl<'t, 'g> Build<'t, 'g> {
    fn new(topology: &'t Topology, grouping: &'g Grouping, count: usize) -> Self {
        Self {
            topology,
            forest: Forest::new(topology, grouping),
            nodes: Vec::new(),
            // Memory that nothing is written to costs nothing.
            edges: Vec::with_capacity(topology.graph().edge_count()),
            place: vec![NOWHERE; count],
            edge_place: vec![NOWHERE; topology.graph().edge_bound()],
            groups: FxHashMap::default(),
            of_groups: FxHashMap::default(),
            processes: 0,
            containers: FxHashSet::default(),
        }
    }

    /// Whether a node is shown already.
    fn has(&self, node: NodeIndex) -> bool {
        self.place.get(node.index()).is_some_and(|&place| place != NOWHERE)
    }

    /// Where a node is shown; it is from now on.
    fn add_node(&mut self, node: NodeIndex) -> Option<u32> {
        let known = self.place.get(node.index()).copied()?;
        if known != NOWHERE {
            return Some(known);
        }
        let (stand, key) = (self.forest.stand(node)?, self.topology.key(node)?);
        if matches!(key, NodeKey::Process(..)) {
            self.processes += 1;
            self.containers.extend(self.topology.container_of(node).filter(|&node| self.is_container(node)));
        }
        let new = self.nodes.len() as u32;
        let (key, around, place) = match stand {
            Stand::Own(around) => (ShownKey::Node(key.clone()), self.forest.key(around).clone(), new),
            Stand::In(group) => {
                let place = *self.groups.entry(group).or_insert(new);
                self.place[node.index()] = place;
                if let Some(known) = self.nodes.get_mut(place as usize) {
                    known.members += 1;
                    if self.topology.key(known.member).is_none_or(|first| key < first) {
                        known.member = node;
                    }
                    return Some(place);
                }
                (ShownKey::Group(self.forest.key(group).clone()), self.forest.around(group), place)
            }
        };
        self.place[node.index()] = place;
        self.nodes.push(GroupedNode {
            key,
            around,
            member: node,
            members: 1,
            inside: 0,
            connections: 0,
            rate: Rate::default(),
            open: 0,
            new: 0,
        });
        Some(place)
    }

    /// Whether it is one beside the host, as a service is not.
    fn is_container(&self, node: NodeIndex) -> bool {
        let weight = self.topology.graph().node_weight(node);
        matches!(weight, Some(Node::Container(container)) if !container.is_service())
    }

    fn add_edge(&mut self, index: EdgeIndex, ends: [NodeIndex; 2], edge: &'t Edge, sums: &Sums) {
        let [client, server] = ends;
        let (Some(client), Some(server)) = (self.add_node(client), self.add_node(server)) else { return };
        let is_inside = client == server;
        let mut is_of_group = false;
        for end in [Some(client), (!is_inside).then_some(server)].into_iter().flatten() {
            let node = &mut self.nodes[end as usize];
            node.connections += sums.connections;
            node.open += sums.open;
            node.new += sums.new;
            node.rate.to_server += sums.rate.to_server;
            node.rate.to_client += sums.rate.to_client;
            node.inside += if is_inside { sums.connections } else { 0 };
            is_of_group |= matches!(node.key, ShownKey::Group(_));
        }
        let service = &edge.service;
        if is_of_group {
            if self.of_groups.is_empty() {
                self.of_groups.reserve(self.topology.graph().edge_count());
            }
            let place = *self.of_groups.entry((client, server, service)).or_insert(self.edges.len());
            self.edge_place[index.index()] = place as u32;
            if let Some(known) = self.edges.get_mut(place) {
                known.sums.merge(sums);
                return;
            }
        }
        self.edge_place[index.index()] = self.edges.len() as u32;
        let (client, server) = (client as usize, server as usize);
        self.edges.push(GroupedEdge { client, server, service, sums: *sums });
    }

    /// Puts the nodes in the order of their keys, and tells who of them listens.
    fn finish(self, sieve: Sieve<'_>, kept: Kept) -> Grouped<'t> {
        let Self { topology, nodes, mut edges, place, edge_place, processes, containers, .. } = self;
        let prefixes = nodes.iter().map(|node| node.key.prefix());
        let mut order: Vec<(u128, usize)> = prefixes.zip(0..).collect();
        order.sort_unstable_by(|one, other| {
            one.0.cmp(&other.0).then_with(|| nodes[one.1].key.cmp(&nodes[other.1].key))
        });
        let mut now = vec![0; order.len()];
        for (place, &(_, before)) in order.iter().enumerate() {
            now[before] = place;
        }
        for edge in &mut edges {
            (edge.client, edge.server) = (now[edge.client], now[edge.server]);
        }
        let mut nodes: Vec<Option<GroupedNode>> = nodes.into_iter().map(Some).collect();
        let nodes = order.iter().filter_map(|&(_, before)| nodes[before].take()).collect();
        let now_at = |place: &u32| now.get(*place as usize).map_or(NOWHERE, |&now| now as u32);
        let node_places: Vec<u32> = place.iter().map(now_at).collect();
        let place = |node: &NodeIndex| {
            let place = node_places.get(node.index()).copied().filter(|&place| place != NOWHERE)?;
            Some(place as usize)
        };
        let listeners = topology
            .listeners()
            .filter(|listener| sieve.protocols.has(listener.protocol))
            .flat_map(|listener| listener.nodes.iter().filter_map(place).map(move |place| (place, listener)))
            .collect();
        let containers = containers.len();
        Grouped { nodes, edges, listeners, kept, processes, containers, node_places, edge_places: edge_place }
    }
}
