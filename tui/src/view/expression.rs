//! A selection in the words of the filter language.
//!
//! The filter asks for connections of either end, so an expression holds for every connection of the selected thing, and
//! perhaps for some more: what no key can tell apart.

use petgraph::stable_graph::NodeIndex;
use scopetop_tracker::connection::{Protocol, UnixName};
use scopetop_tracker::filter::quoted;
use scopetop_tracker::identity::{ContainerId, NetnsId};
use scopetop_tracker::text::Text;
use scopetop_tracker::topology::grouping::{By, Forest, GroupKey, Grouping, ShownKey};
use scopetop_tracker::topology::{HostIndex, Node, NodeKey, Service, Topology};

use super::{EdgeKey, Selection};

/// How many processes are told by their pids.
const PIDS: usize = 200;
/// A container's id by hash has so many digits; engines print the first twelve.
const HASH: usize = 64;
const SHORT: usize = 12;

/// A filter that lets the connections of a selection through; `None` where no key can tell of it.
pub fn expression(topology: &Topology, grouping: &Grouping, selection: &Selection) -> Option<String> {
    let about = About { topology, grouping };
    match selection {
        Selection::Node(key) => about.shown(key),
        Selection::Edge(key) => about.edge(key),
    }
}

struct About<'a> {
    topology: &'a Topology,
    grouping: &'a Grouping,
}

impl About<'_> {
    fn edge(&self, key: &EdgeKey) -> Option<String> {
        let (client, server) = (self.shown(&key.client)?, self.shown(&key.server)?);
        let server = (server != client).then_some(server);
        let service = match &key.service {
            // Nothing tells the port.
            Service::Port(protocol, 0) => format!("proto={protocol}"),
            Service::Port(Protocol::Tcp, port) => format!("port={port}"),
            Service::Port(protocol, port) => format!("proto={protocol} and port={port}"),
            Service::Unix(UnixName::Unnamed) => String::from("proto=unix"),
            Service::Unix(name) => format!("path={}", quoted(&name.to_string())),
        };
        let parts: Vec<String> = [Some(client), server, Some(service)].into_iter().flatten().collect();
        Some(parts.join(" and "))
    }

    fn shown(&self, key: &ShownKey) -> Option<String> {
        match key {
            ShownKey::Node(key) => Some(self.node(key)),
            ShownKey::Group(group) => self.group(group, key),
        }
    }

    fn node(&self, key: &NodeKey) -> String {
        match key {
            NodeKey::Process(_, process) => format!("pid={}", process.pid),
            NodeKey::Container(host, id) => self.container(*host, id),
            NodeKey::Remote(None, address) => format!("ip={address}"),
            NodeKey::Remote(Some((host, netns)), address) => {
                format!("ip={address} and {}", self.namespace(*host, *netns))
            }
            NodeKey::Unknown(host, netns) => self.namespace(*host, *netns),
        }
    }

    fn group(&self, group: &GroupKey, shown: &ShownKey) -> Option<String> {
        Some(match group {
            GroupKey::Internet => String::from("scope=internet"),
            GroupKey::Network => String::from("scope=private,loopback"),
            GroupKey::Own => String::from("scope=host"),
            GroupKey::Top(_) => return None,
            // The host is what is in its namespace, or what is in no container.
            GroupKey::Host(_) if matches!(self.grouping.by(), By::Process | By::Name | By::Namespace) => {
                String::from("netns=host")
            }
            GroupKey::Host(_) => String::from("container=none"),
            GroupKey::Namespace(host, netns) => self.namespace(*host, *netns),
            GroupKey::UnknownNamespace(_) => return self.pids(shown),
            GroupKey::Pod(_, None, name) => format!("pod={}", quoted(name)),
            GroupKey::Pod(_, Some(namespace), name) => {
                let label = format!("label.io.kubernetes.pod.namespace={}", quoted(namespace));
                format!("pod={} and {label}", quoted(name))
            }
            GroupKey::Image(_, image) => format!("image={}", quoted(image)),
            GroupKey::Container(host, id) => self.container(*host, id),
            GroupKey::Name(place, comm) => {
                let comm = format!("comm={}", quoted(comm));
                // Where the place has no words of its own, the name alone has to do.
                match place.as_ref() {
                    GroupKey::UnknownNamespace(_) => comm,
                    place => {
                        self.group(place, shown).map_or(comm.clone(), |place| format!("{comm} and {place}"))
                    }
                }
            }
        })
    }

    /// A container by its name, else by its id.
    fn container(&self, host: HostIndex, id: &ContainerId) -> String {
        let node = self.topology.node(&NodeKey::Container(host, id.clone()));
        let name = match node.and_then(|node| self.topology.graph().node_weight(node)) {
            Some(Node::Container(container)) => container.name.as_ref(),
            _ => None,
        };
        // That name asks for something else.
        let name = name.map(Text::as_str).filter(|name| !name.is_empty() && *name != "none");
        let is_hash = id.0.len() == HASH && id.0.bytes().all(|byte| byte.is_ascii_hexdigit());
        let short = if is_hash { &id.0[..SHORT] } else { id.0.as_str() };
        format!("container={}", quoted(name.unwrap_or(short)))
    }

    /// A network namespace by its first name, else by its number.
    fn namespace(&self, host: HostIndex, netns: NetnsId) -> String {
        let names = self.topology.namespace_names(host, netns);
        names.first().map_or_else(|| format!("netns={netns}"), |name| format!("netns={}", quoted(name)))
    }

    /// The processes that are shown as one thing.
    fn pids(&self, shown: &ShownKey) -> Option<String> {
        let mut forest = Forest::new(self.topology, self.grouping);
        let pid = |node: NodeIndex| match self.topology.key(node)? {
            NodeKey::Process(_, process) => Some(process.pid.to_string()),
            _ => None,
        };
        let members = self.topology.graph().node_indices().filter(|&node| forest.is_shown_as(node, shown));
        let pids: Vec<String> = members.filter_map(pid).take(PIDS + 1).collect();
        (!pids.is_empty() && pids.len() <= PIDS).then(|| format!("pid={}", pids.join(",")))
    }
}

#[cfg(test)]
mod tests;
