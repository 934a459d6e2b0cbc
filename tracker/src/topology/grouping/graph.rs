//! The graph of what is shown.

use petgraph::stable_graph::NodeIndex;
use petgraph::visit::{EdgeRef as _, IntoEdgeReferences as _};
use rustc_hash::{FxHashMap, FxHashSet};

use super::super::Topology;
use super::super::connection::Listener;
use super::super::edge::{Edge, Rate, Service};
use super::super::node::Node;
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
    /// How many containers they are in.
    pub containers: usize,
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
    /// How many of its connections are between its members: each counts once in `sums`.
    pub inside: usize,
    /// What its connections come to; `to_server` of the rate is what it sends as a client and gets as a server. What
    /// is told of the oldest is of no use here.
    pub connections: usize,
    /// What flows on them.
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
    /// Connections of protocols that are not shown, in the order of [`Protocols::ALL`].
    pub switched_off: [usize; Protocols::ALL.len()],
}

/// Groups a topology.
pub fn group<'t>(topology: &'t Topology, grouping: &Grouping, sieve: Sieve<'_>) -> Grouped<'t> {
    let now = topology.hosts().first().map_or(Timestamp(0), |host| host.at);
    let mut kept = Kept::default();
    let edges = passing(topology, sieve, now, &mut kept);
    let nodes = shown_nodes(topology, sieve, &edges, &mut kept);

    let mut forest = Forest::new(topology, grouping);
    let mut build = Build::default();
    build.place.resize(topology.graph().node_indices().map(|node| node.index() + 1).max().unwrap_or(0), NONE);
    let mut containers = FxHashSet::default();
    let mut processes = 0;
    for node in nodes {
        if matches!(topology.graph().node_weight(node), Some(Node::Process(_))) {
            processes += 1;
            containers.extend(topology.container_of(node));
        }
        build.add_node(topology, &mut forest, node);
    }
    build.sort_nodes();
    for (client, server, edge, sums) in edges {
        build.add_edge(client, server, edge, &sums);
    }
    let place = |node: &NodeIndex| build.place.get(node.index()).copied().filter(|&place| place != NONE);
    let listeners = topology
        .listeners()
        .filter(|listener| sieve.protocols.has(listener.protocol))
        .flat_map(|listener| {
            listener.nodes.iter().filter_map(place).map(move |place| (place as usize, listener))
        })
        .collect();
    Grouped {
        nodes: build.nodes,
        edges: build.edges,
        listeners,
        kept,
        processes,
        containers: containers.len(),
    }
}

type Passing<'t> = (NodeIndex, NodeIndex, &'t Edge, Sums);

/// The edges with what is let through of them.
fn passing<'t>(
    topology: &'t Topology,
    sieve: Sieve<'_>,
    now: Timestamp,
    kept: &mut Kept,
) -> Vec<Passing<'t>> {
    let mut passing = Vec::with_capacity(topology.graph().edge_count());
    for edge in topology.graph().edge_references() {
        let all = edge.weight();
        let sums = Sums::of(topology, all, sieve, now);
        let missing = all.connections.len() - sums.connections;
        if sieve.protocols.has(all.service.protocol()) {
            kept.connections += missing;
        } else {
            kept.switched_off[all.service.protocol() as usize] += missing;
        }
        if sums.connections > 0 {
            passing.push((edge.source(), edge.target(), all, sums));
        }
    }
    passing
}

/// The nodes that are shown: the ends of those edges, those that listen on a socket that is let through, and those
/// that match the filter by themselves and have a socket of a shown protocol.
fn shown_nodes(
    topology: &Topology,
    sieve: Sieve<'_>,
    edges: &[Passing<'_>],
    kept: &mut Kept,
) -> Vec<NodeIndex> {
    let graph = topology.graph();
    let count = graph.node_indices().map(|node| node.index() + 1).max().unwrap_or(0);
    let mut is_end = vec![false; count];
    for (client, server, ..) in edges {
        is_end[client.index()] = true;
        is_end[server.index()] = true;
    }
    let mut listens = vec![false; count];
    let mut is_there = vec![sieve.protocols.is_all(); count];
    if !sieve.protocols.is_all() {
        for edge in
            graph.edge_references().filter(|edge| sieve.protocols.has(edge.weight().service.protocol()))
        {
            is_there[edge.source().index()] = true;
            is_there[edge.target().index()] = true;
        }
    }
    for listener in topology.listeners().filter(|listener| sieve.protocols.has(listener.protocol)) {
        let matches =
            sieve.filter.is_some_and(|filter| filter.matches(&Subject::of_listener(topology, listener)));
        for node in &listener.nodes {
            if let (Some(listens), Some(is_there)) =
                (listens.get_mut(node.index()), is_there.get_mut(node.index()))
            {
                *listens |= matches;
                *is_there = true;
            }
        }
    }
    let mut shown = Vec::with_capacity(graph.node_count());
    for node in graph.node_indices() {
        let index = node.index();
        // A container is the box around its processes.
        if matches!(graph.node_weight(node), Some(Node::Container(_))) && !is_end[index] {
            continue;
        }
        let holds = || sieve.filter.is_none_or(|filter| filter.matches(&Subject::of_node(topology, node)));
        if is_end[index] || listens[index] || is_there[index] && holds() {
            shown.push(node);
        } else {
            kept.nodes += 1;
        }
    }
    shown
}

/// No place.
const NONE: u32 = u32::MAX;

/// The graph while it is made.
#[derive(Default)]
struct Build<'t> {
    nodes: Vec<GroupedNode>,
    edges: Vec<GroupedEdge<'t>>,
    /// Where a node of the topology is shown, by its index.
    place: Vec<u32>,
    /// Where a group is shown.
    groups: FxHashMap<usize, u32>,
    /// The edges of groups. One between two nodes of the topology is the only one of its service already.
    of_groups: FxHashMap<(usize, usize, &'t Service), usize>,
}

impl<'t> Build<'t> {
    fn add_node(&mut self, topology: &Topology, forest: &mut Forest<'_>, node: NodeIndex) {
        let (Some(stand), Some(key)) = (forest.stand(node), topology.key(node)) else { return };
        let new = self.nodes.len() as u32;
        let (key, around, place) = match stand {
            Stand::Own(around) => (ShownKey::Node(key.clone()), forest.key(around).clone(), new),
            Stand::In(group) => {
                let place = *self.groups.entry(group).or_insert(new);
                if let Some(known) = self.nodes.get_mut(place as usize) {
                    known.members += 1;
                    if topology.key(known.member).is_none_or(|first| key < first) {
                        known.member = node;
                    }
                    self.place[node.index()] = place;
                    return;
                }
                (ShownKey::Group(forest.key(group).clone()), forest.around(group), place)
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
    }

    /// Puts the nodes in the order of their keys.
    fn sort_nodes(&mut self) {
        let mut order: Vec<u32> = (0..self.nodes.len() as u32).collect();
        order.sort_unstable_by(|&a, &b| self.nodes[a as usize].key.cmp(&self.nodes[b as usize].key));
        let mut now = vec![NONE; order.len()];
        for (place, &before) in order.iter().enumerate() {
            now[before as usize] = place as u32;
        }
        for place in self.place.iter_mut().filter(|place| **place != NONE) {
            *place = now[*place as usize];
        }
        let mut nodes: Vec<Option<GroupedNode>> =
            std::mem::take(&mut self.nodes).into_iter().map(Some).collect();
        self.nodes = order.iter().filter_map(|&before| nodes[before as usize].take()).collect();
    }

    fn add_edge(&mut self, client: NodeIndex, server: NodeIndex, edge: &'t Edge, sums: &Sums) {
        let (client, server) = (self.place[client.index()], self.place[server.index()]);
        if client == NONE || server == NONE {
            return;
        }
        let (client, server) = (client as usize, server as usize);
        for end in [Some(client), (client != server).then_some(server)].into_iter().flatten() {
            let node = &mut self.nodes[end];
            node.connections += sums.connections;
            node.open += sums.open;
            node.new += sums.new;
            node.rate.to_server += sums.rate.to_server;
            node.rate.to_client += sums.rate.to_client;
            node.inside += if client == server { sums.connections } else { 0 };
        }
        let service = &edge.service;
        let is_group = |end: usize| matches!(self.nodes[end].key, ShownKey::Group(_));
        if is_group(client) || is_group(server) {
            let place = *self.of_groups.entry((client, server, service)).or_insert(self.edges.len());
            if let Some(known) = self.edges.get_mut(place) {
                known.sums.merge(sums);
                return;
            }
        }
        self.edges.push(GroupedEdge { client, server, service, sums: *sums });
    }
}
