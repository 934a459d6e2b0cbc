//! Which group each node of a topology stands in, and that group in which other.

use petgraph::Direction;
use petgraph::stable_graph::NodeIndex;
use rustc_hash::FxHashMap;

use super::super::Topology;
use super::super::node::{HostIndex, Node, NodeKey};
use super::choice::{By, Grouping};
use super::key::{GroupKey, ShownKey};
use crate::container::Container;
use crate::identity::NetnsId;
use crate::network::Scope;
use crate::process::Process;
use crate::text::Text;

/// What Kubernetes' runtimes put on each container of a pod.
const POD_NAME: &str = "io.kubernetes.pod.name";
const POD_NAMESPACE: &str = "io.kubernetes.pod.namespace";

/// The groups of a topology's nodes, each made when the first of its nodes is asked for.
#[derive(Debug)]
pub struct Forest<'t, 'g> {
    topology: &'t Topology,
    grouping: &'g Grouping,
    groups: Vec<Tree>,
    by_key: FxHashMap<GroupKey, usize>,
    /// Of containers, by their nodes: most nodes are in one, and are asked for on every tick.
    by_container: FxHashMap<NodeIndex, usize>,
    by_namespace: FxHashMap<(HostIndex, NetnsId), usize>,
    by_name: FxHashMap<(usize, &'t str), usize>,
}

/// A group in its place.
#[derive(Debug)]
struct Tree {
    key: GroupKey,
    parent: Option<usize>,
    /// The outermost collapsed one of this group and those around it.
    stands_for: Option<usize>,
}

/// Who is shown for a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stand {
    /// The node itself, in that group.
    Own(usize),
    /// That group.
    In(usize),
}

impl<'t, 'g> Forest<'t, 'g> {
    /// The groups by which a topology is shown.
    pub fn new(topology: &'t Topology, grouping: &'g Grouping) -> Self {
        Self {
            topology,
            grouping,
            groups: Vec::new(),
            by_key: FxHashMap::default(),
            by_container: FxHashMap::default(),
            by_namespace: FxHashMap::default(),
            by_name: FxHashMap::default(),
        }
    }

    /// What is shown for a node; `None` for one that the topology does not have.
    pub fn shown(&mut self, node: NodeIndex) -> Option<ShownKey> {
        Some(match self.stand(node)? {
            Stand::Own(_) => ShownKey::Node(self.topology.key(node)?.clone()),
            Stand::In(group) => ShownKey::Group(self.groups[group].key.clone()),
        })
    }

    /// The same, and the open group that it stands in.
    pub fn placed(&mut self, node: NodeIndex) -> Option<(ShownKey, GroupKey)> {
        let shown = self.shown(node)?;
        let around = match self.stand(node)? {
            Stand::Own(around) => self.key(around).clone(),
            Stand::In(group) => self.around(group),
        };
        Some((shown, around))
    }

    /// Whether a node is shown by that key.
    pub fn is_shown_as(&mut self, node: NodeIndex, key: &ShownKey) -> bool {
        match (self.stand(node), key) {
            (Some(Stand::Own(_)), ShownKey::Node(key)) => self.topology.key(node) == Some(key),
            (Some(Stand::In(group)), ShownKey::Group(key)) => self.groups[group].key == *key,
            _ => false,
        }
    }

    pub(super) fn stand(&mut self, node: NodeIndex) -> Option<Stand> {
        let home = self.home(node)?;
        Some(self.groups[home].stands_for.map_or(Stand::Own(home), Stand::In))
    }

    pub(super) fn key(&self, group: usize) -> &GroupKey {
        &self.groups[group].key
    }

    /// What a collapsed group stands in: the open one around it, else the whole of its host. The outside, which is no
    /// host's, stands by itself.
    pub(super) fn around(&self, group: usize) -> GroupKey {
        let Tree { key, parent, .. } = &self.groups[group];
        match (parent, host_of(key)) {
            (Some(parent), _) => self.groups[*parent].key.clone(),
            (None, Some(host)) => GroupKey::Top(host),
            (None, None) => key.clone(),
        }
    }

    /// The innermost group of a node.
    fn home(&mut self, node: NodeIndex) -> Option<usize> {
        let key = self.topology.key(node)?;
        let weight = self.topology.graph().node_weight(node)?;
        Some(match (key, weight) {
            (NodeKey::Process(host, _), Node::Process(process)) => {
                let container = self.topology.container_of(node);
                match self.grouping.by() {
                    By::Process => self.place(*host, container, self.netns(node, process)),
                    By::Name => {
                        let place = self.place(*host, container, self.netns(node, process));
                        self.name(place, &process.comm)
                    }
                    By::Namespace => self.namespace_of(*host, self.netns(node, process)),
                    By::Container | By::Image | By::Pod => self.container_or_host(*host, container),
                }
            }
            (NodeKey::Container(host, _), Node::Container(container)) => match self.grouping.by() {
                By::Namespace => self.namespace_of(*host, container.netns),
                _ => self.container_or_host(*host, Some(node)),
            },
            (NodeKey::Remote(Some((host, netns)), _) | NodeKey::Unknown(host, netns), _) => {
                self.namespace(*host, *netns)
            }
            (_, Node::Remote { scope: Scope::Host, .. }) => self.add(GroupKey::Own, None),
            (_, Node::Remote { scope: Scope::Private | Scope::Loopback, .. }) => {
                self.add(GroupKey::Network, None)
            }
            _ => self.add(GroupKey::Internet, None),
        })
    }

    /// Where a process runs: in its container, else its namespace.
    fn place(&mut self, host: HostIndex, container: Option<NodeIndex>, netns: Option<NetnsId>) -> usize {
        match (container, netns) {
            (Some(_), _) => self.container_or_host(host, container),
            (None, netns) => self.namespace_of(host, netns),
        }
    }

    fn container_or_host(&mut self, host: HostIndex, container: Option<NodeIndex>) -> usize {
        let Some(container) = container else { return self.add(GroupKey::Host(host), None) };
        if let Some(&known) = self.by_container.get(&container) {
            return known;
        }
        let facts = self.topology.graph().node_weight(container);
        let Some(Node::Container(facts)) = facts else { return self.add(GroupKey::Host(host), None) };
        let around = match self.grouping.by() {
            By::Image => facts.image.clone().map(|image| GroupKey::Image(host, image)),
            By::Pod => pod(host, facts),
            _ => None,
        };
        let parent = around.map(|around| self.add(around, None));
        let group = self.add(GroupKey::Container(host, facts.id.clone()), parent);
        self.by_container.insert(container, group);
        group
    }

    /// The namespace of a process; of one that ended before it could be looked at, the one that all its sockets are in.
    fn netns(&self, node: NodeIndex, process: &Process) -> Option<NetnsId> {
        process.netns.or_else(|| {
            let graph = self.topology.graph();
            let edges = graph.edges(node).chain(graph.edges_directed(node, Direction::Incoming));
            let mut sides = edges
                .flat_map(|edge| &edge.weight().connections)
                .filter_map(|&id| self.topology.connection(id))
                .flat_map(|connection| [&connection.client, &connection.server])
                .filter(|side| side.node == node)
                .filter_map(|side| side.netns);
            let first = sides.next()?;
            sides.all(|netns| netns == first).then_some(first)
        })
    }

    fn namespace_of(&mut self, host: HostIndex, netns: Option<NetnsId>) -> usize {
        match netns {
            Some(netns) => self.namespace(host, netns),
            None => self.add(GroupKey::UnknownNamespace(host), None),
        }
    }

    fn namespace(&mut self, host: HostIndex, netns: NetnsId) -> usize {
        if let Some(&known) = self.by_namespace.get(&(host, netns)) {
            return known;
        }
        let names = self.topology.namespace_names(host, netns);
        let is_host = names.iter().any(|name| name.as_str() == "host");
        // Where the host is what is in no container, that is no place for what is in its namespace and perhaps in one.
        let is_host = is_host && matches!(self.grouping.by(), By::Process | By::Name | By::Namespace);
        let key = if is_host { GroupKey::Host(host) } else { GroupKey::Namespace(host, netns) };
        let group = self.add(key, None);
        self.by_namespace.insert((host, netns), group);
        group
    }

    fn name(&mut self, place: usize, comm: &'t Text) -> usize {
        if let Some(&known) = self.by_name.get(&(place, comm.as_str())) {
            return known;
        }
        let key = GroupKey::Name(Box::new(self.groups[place].key.clone()), comm.clone());
        let group = self.add(key, Some(place));
        self.by_name.insert((place, comm.as_str()), group);
        group
    }

    fn add(&mut self, key: GroupKey, parent: Option<usize>) -> usize {
        if let Some(&known) = self.by_key.get(&key) {
            return known;
        }
        let group = self.groups.len();
        let around = parent.and_then(|parent| self.groups[parent].stands_for);
        let stands_for = around.or_else(|| (!self.grouping.is_open(&key)).then_some(group));
        self.by_key.insert(key.clone(), group);
        self.groups.push(Tree { key, parent, stands_for });
        group
    }
}

fn pod(host: HostIndex, container: &Container) -> Option<GroupKey> {
    let label = |name: &str| container.labels.get(&Text::from(name)).cloned();
    Some(GroupKey::Pod(host, label(POD_NAMESPACE), label(POD_NAME)?))
}

/// The host of a group; `None` for the outside.
fn host_of(group: &GroupKey) -> Option<HostIndex> {
    match group {
        GroupKey::Internet | GroupKey::Network | GroupKey::Own => None,
        GroupKey::Top(host)
        | GroupKey::Host(host)
        | GroupKey::Namespace(host, _)
        | GroupKey::UnknownNamespace(host)
        | GroupKey::Pod(host, ..)
        | GroupKey::Image(host, _)
        | GroupKey::Container(host, _) => Some(*host),
        GroupKey::Name(place, _) => host_of(place),
    }
}
