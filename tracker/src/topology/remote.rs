//! Remote addresses: how far away each is, and its name.

use std::net::IpAddr;

use petgraph::stable_graph::NodeIndex;

use super::Topology;
use super::node::{HostIndex, Node, NodeKey};
use crate::identity::NetnsId;
use crate::network::Scope;
use crate::tick::{Namespace, Tick};

impl Topology {
    /// The node of a remote address.
    pub(super) fn remote_node(&mut self, key: NodeKey, address: IpAddr) -> NodeIndex {
        if let Some(node) = self.nodes.find(&key) {
            return node;
        }
        let scope = self.scope(&key, address);
        let mut name = None;
        for host in &mut self.hosts {
            host.remote_names.keep(&address);
            name = name.or_else(|| host.remote_names.get(&address).cloned());
        }
        self.nodes.add(&mut self.graph, key, Node::Remote { address, scope, name })
    }

    fn scope(&self, key: &NodeKey, address: IpAddr) -> Scope {
        if let NodeKey::Remote(Some((host, netns)), _) = key {
            // It means something in that namespace only.
            let network = self.hosts.get(usize::from(host.0)).and_then(|host| host.networks.get(netns));
            return Scope::of(address, &network.into_iter());
        }
        Scope::of(address, &self.hosts.iter().flat_map(|host| host.networks.values()))
    }

    /// How far away an address is, seen from a namespace, by what is known now.
    pub fn scope_of(&self, host: HostIndex, netns: NetnsId, address: IpAddr) -> Scope {
        self.scope(&NodeKey::remote(host, netns, address), address)
    }

    /// Takes in the networks of namespaces. `true` if any is another than before.
    pub(super) fn learn_networks(&mut self, host: HostIndex, namespaces: &[Namespace]) -> bool {
        let networks = &mut self.host_mut(host).networks;
        let mut is_other = false;
        for Namespace { id, network, .. } in namespaces {
            is_other |= match network {
                Some(network) => networks.insert(*id, network.clone()).as_ref() != Some(network),
                None => networks.remove(id).is_some(),
            };
        }
        is_other
    }

    /// Looks at every remote address again.
    pub(super) fn rescope(&mut self) {
        let remotes = |node: NodeIndex| match self.graph.node_weight(node) {
            Some(&Node::Remote { address, .. }) => Some((node, address)),
            _ => None,
        };
        let remotes: Vec<_> = self.graph.node_indices().filter_map(remotes).collect();
        for (node, address) in remotes {
            let Some(new) = self.nodes.key(node).map(|key| self.scope(key, address)) else { continue };
            if let Some(Node::Remote { scope, .. }) = self.graph.node_weight_mut(node)
                && *scope != new
            {
                *scope = new;
                self.nodes.touch(node);
            }
        }
    }

    /// Takes in the names of addresses.
    pub(super) fn learn_remote_names(&mut self, host: HostIndex, tick: &Tick) {
        for told in &tick.remote_names {
            let names = &mut self.host_mut(host).remote_names;
            names.set(told.address, told.name.clone());
            let node = self.nodes.find(&NodeKey::Remote(None, told.address));
            match node.and_then(|node| Some((node, self.graph.node_weight_mut(node)?))) {
                Some((node, Node::Remote { name, .. })) => {
                    *name = Some(told.name.clone());
                    self.nodes.touch(node);
                }
                _ => self.host_mut(host).remote_names.spare(&told.address),
            }
        }
    }

    /// The node of an address left the graph.
    pub(super) fn spare_remote_name(hosts: &mut [super::host::Host], address: IpAddr) {
        for host in hosts {
            host.remote_names.spare(&address);
        }
    }
}
