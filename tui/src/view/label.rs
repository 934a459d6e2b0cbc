//! What things are called.

use std::cell::OnceCell;
use std::sync::Arc;

use petgraph::stable_graph::NodeIndex;
use rustc_hash::FxHashMap;
use scopetop_tracker::connection::{Protocol, UnixName};
use scopetop_tracker::container::Container;
use scopetop_tracker::identity::NetnsId;
use scopetop_tracker::topology::grouping::{By, GroupKey, GroupedNode, ShownKey};
use scopetop_tracker::topology::{HostIndex, Node, NodeKey, Service, Topology};

use super::NodeKind;

/// How a service is written: the port alone over TCP, of a Unix socket's name the end that tells what it is.
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

/// What services are called: each has its name in memory once.
#[derive(Debug, Default)]
pub(super) struct ServiceLabels(FxHashMap<Service, Arc<str>>);

impl ServiceLabels {
    /// How many are remembered: more than a host has at once, and no more than those of a day.
    const MOST: usize = 8192;

    pub(super) fn new(named: impl Iterator<Item = (Service, Arc<str>)>) -> Self {
        Self(named.take(Self::MOST).collect())
    }

    /// What a service is called.
    pub(super) fn of(&mut self, service: &Service) -> Arc<str> {
        if let Some(known) = self.0.get(service) {
            return Arc::clone(known);
        }
        if self.0.len() >= Self::MOST {
            self.0.clear();
        }
        let label: Arc<str> = service_label(service).into();
        self.0.insert(service.clone(), Arc::clone(&label));
        label
    }
}

/// The names of what one view shows, each group's made once.
pub(super) struct Labels<'t> {
    topology: &'t Topology,
    by: By,
    groups: FxHashMap<GroupKey, Title>,
    /// How many containers are in each namespace: counted when that is first asked for.
    inhabitants: OnceCell<FxHashMap<(HostIndex, NetnsId), usize>>,
}

/// What an open group is called, and its network namespace where that does not tell.
type Title = (Arc<str>, Option<Arc<str>>);

impl<'t> Labels<'t> {
    pub(super) fn new(topology: &'t Topology, by: By) -> Self {
        Self { topology, by, groups: FxHashMap::default(), inhabitants: OnceCell::new() }
    }

    /// What a shown node is and is called.
    pub(super) fn node(&self, node: &GroupedNode) -> (NodeKind, String) {
        match &node.key {
            ShownKey::Node(_) => match self.topology.graph().node_weight(node.member) {
                Some(weight) => name(weight),
                None => (NodeKind::Unknown, String::from("unknown")),
            },
            ShownKey::Group(GroupKey::Internet | GroupKey::Network | GroupKey::Own) => {
                let what = if node.members == 1 { "address" } else { "addresses" };
                (NodeKind::Remote, format!("{} {what}", crate::human::count(node.members)))
            }
            ShownKey::Group(group) => {
                let mut name = self.group_name(group, node.member);
                if node.members > 1 {
                    name = format!("{name} ×{}", crate::human::count(node.members));
                }
                (kind_of(group), name)
            }
        }
    }

    /// What the box of an open group is called, and its network namespace where that does not tell.
    pub(super) fn title(&mut self, group: &GroupKey, member: NodeIndex) -> Title {
        if let Some(known) = self.groups.get(group) {
            return known.clone();
        }
        let title: Arc<str> = match group {
            GroupKey::Container(..) => match self.container(group) {
                (name, Some(image)) => format!("{name}  {image}"),
                (name, None) => name,
            },
            GroupKey::Namespace(..) if self.by == By::Namespace => {
                format!("netns {}", self.group_name(group, member))
            }
            GroupKey::Pod(..) => format!("pod {}", self.group_name(group, member)),
            _ => self.group_name(group, member),
        }
        .into();
        let title = (title, self.netns_of(group).map(Arc::from));
        self.groups.insert(group.clone(), title.clone());
        title
    }

    /// The namespace of a container that is neither the host's nor called after that container alone. Containers that
    /// share one are told by the same name.
    fn netns_of(&self, group: &GroupKey) -> Option<String> {
        let GroupKey::Container(host, _) = group else { return None };
        let container = self.container_facts(group)?;
        let netns = container.netns?;
        match self.topology.namespace_names(*host, netns) {
            // A number says nothing but that others are there too.
            [] => (self.inhabitants(*host, netns) > 1).then(|| netns.to_string()),
            [only] if container.name.as_ref() == Some(only) => None,
            names if names.iter().any(|name| name.as_str() == "host") => None,
            [first, ..] => Some(first.as_str().to_owned()),
        }
    }

    fn inhabitants(&self, host: HostIndex, netns: NetnsId) -> usize {
        let counts = self.inhabitants.get_or_init(|| {
            let graph = self.topology.graph();
            let mut counts = FxHashMap::default();
            for node in graph.node_indices() {
                if let (Some(NodeKey::Container(host, _)), Some(Node::Container(container))) =
                    (self.topology.key(node), graph.node_weight(node))
                    && let Some(netns) = container.netns
                {
                    *counts.entry((*host, netns)).or_default() += 1;
                }
            }
            counts
        });
        counts.get(&(host, netns)).copied().unwrap_or_default()
    }

    /// What a group is called.
    pub(super) fn group_name(&self, group: &GroupKey, member: NodeIndex) -> String {
        match group {
            GroupKey::Internet => String::from("internet"),
            GroupKey::Network => String::from("network"),
            GroupKey::Own => String::from("this host"),
            GroupKey::Top(_) => String::from(match self.by {
                By::Process | By::Name => "collapsed",
                By::Container => "containers",
                By::Image => "images",
                By::Namespace => "namespaces",
                By::Pod => "pods",
            }),
            GroupKey::Host(_) => String::from("host"),
            GroupKey::Namespace(host, netns) => {
                let name = self.namespace(*host, *netns, member);
                if self.by == By::Namespace { name } else { format!("netns {name}") }
            }
            GroupKey::UnknownNamespace(_) => String::from("unknown netns"),
            GroupKey::Pod(_, Some(namespace), name) => format!("{namespace}/{name}"),
            GroupKey::Pod(_, None, name) | GroupKey::Image(_, name) | GroupKey::Name(_, name) => {
                name.as_str().to_owned()
            }
            GroupKey::Container(..) => self.container(group).0,
        }
    }

    /// A namespace's name; of one without, its number and, where nodes are grouped by it, one who is in it.
    fn namespace(&self, host: HostIndex, netns: NetnsId, member: NodeIndex) -> String {
        match (self.topology.namespace_names(host, netns), self.topology.graph().node_weight(member)) {
            ([name], _) => name.as_str().to_owned(),
            ([name, others @ ..], _) => format!("{name} +{}", others.len()),
            ([], Some(Node::Process(process))) if self.by == By::Namespace => {
                format!("{netns} ({})", process.comm)
            }
            _ => netns.to_string(),
        }
    }

    /// A container's name and image.
    fn container(&self, group: &GroupKey) -> (String, Option<String>) {
        let GroupKey::Container(_, id) = group else { return Default::default() };
        match self.container_facts(group) {
            Some(container) => {
                let name = container.name.as_ref().map(|name| name.as_str().to_owned());
                (name.unwrap_or_else(|| short(&id.0)), container.image.as_ref().map(ToString::to_string))
            }
            None => (short(&id.0), None),
        }
    }

    fn container_facts(&self, group: &GroupKey) -> Option<&'t Container> {
        let GroupKey::Container(host, id) = group else { return None };
        let node = self.topology.node(&NodeKey::Container(*host, id.clone()))?;
        match self.topology.graph().node_weight(node) {
            Some(Node::Container(container)) => Some(container),
            _ => None,
        }
    }
}

/// The first twelve digits of a container's id are what engines print.
fn short(id: &str) -> String {
    id.chars().take(12).collect()
}

fn kind_of(group: &GroupKey) -> NodeKind {
    match group {
        GroupKey::Internet | GroupKey::Network | GroupKey::Own => NodeKind::Remote,
        GroupKey::Container(..) => NodeKind::Container,
        GroupKey::Name(..) => NodeKind::Process,
        _ => NodeKind::Group,
    }
}

/// What a node of the topology is and is called.
pub(super) fn name(node: &Node) -> (NodeKind, String) {
    match node {
        Node::Process(process) => (NodeKind::Process, format!("{} {}", process.comm, process.id.pid)),
        Node::Container(container) => (
            NodeKind::Container,
            container.name.as_ref().map_or_else(|| short(&container.id.0), |name| name.as_str().to_owned()),
        ),
        Node::Remote { address, name, .. } => {
            let address = address.to_string();
            (NodeKind::Remote, name.as_ref().map_or(address.clone(), |name| format!("{name} {address}")))
        }
        Node::Unknown { .. } => (NodeKind::Unknown, String::from("unknown")),
    }
}
