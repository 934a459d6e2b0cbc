//! What things are called.

use std::sync::Arc;

use petgraph::stable_graph::NodeIndex;
use rustc_hash::FxHashMap;
use scopetop_tracker::connection::{Protocol, UnixName};
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
    groups: FxHashMap<GroupKey, Arc<str>>,
}

impl<'t> Labels<'t> {
    pub(super) fn new(topology: &'t Topology, by: By) -> Self {
        Self { topology, by, groups: FxHashMap::default() }
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

    /// What the box of an open group is called.
    pub(super) fn title(&mut self, group: &GroupKey, member: NodeIndex) -> Arc<str> {
        if let Some(known) = self.groups.get(group) {
            return Arc::clone(known);
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
        self.groups.insert(group.clone(), Arc::clone(&title));
        title
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
        let GroupKey::Container(host, id) = group else { return Default::default() };
        let node = self.topology.node(&NodeKey::Container(*host, id.clone()));
        match node.and_then(|node| self.topology.graph().node_weight(node)) {
            Some(Node::Container(container)) => {
                let name = container.name.as_ref().map(|name| name.as_str().to_owned());
                (name.unwrap_or_else(|| short(&id.0)), container.image.as_ref().map(ToString::to_string))
            }
            _ => (short(&id.0), None),
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
