//! Nodes: who talks.

use std::net::IpAddr;

use petgraph::stable_graph::NodeIndex;
use rustc_hash::FxHashMap;

use super::{Graph, changes};
use crate::container::Container;
use crate::identity::{ContainerId, NetnsId, ProcessId};
use crate::network::Scope;
use crate::process::Process;
use crate::text::Text;

/// A host among those whose ticks were applied, in the order of their first ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostIndex(pub u16);

/// What a node stands for: the same on every tick, also when the node left the graph in between.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeKey {
    /// A process.
    Process(HostIndex, ProcessId),
    /// A container.
    Container(HostIndex, ContainerId),
    /// An address outside, or one of this host that no socket answers for. An address that means something else
    /// in each namespace (loopback, link-local) has its namespace.
    Remote(Option<(HostIndex, NetnsId)>, IpAddr),
    /// Whoever holds the sockets of a namespace that have no known owner.
    Unknown(HostIndex, NetnsId),
}

impl NodeKey {
    /// The far end of a socket of that namespace.
    pub(super) fn remote(host: HostIndex, netns: NetnsId, address: IpAddr) -> Self {
        let scope = is_scoped(address).then_some((host, netns));
        Self::Remote(scope, address)
    }
}

/// Whether an address means something else in each namespace.
fn is_scoped(address: IpAddr) -> bool {
    address.is_loopback()
        || match address {
            IpAddr::V4(address) => address.is_link_local(),
            IpAddr::V6(address) => address.is_unicast_link_local(),
        }
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A process that holds a socket.
    Process(Process),
    /// A container that has such a process.
    Container(Container),
    /// A remote address.
    Remote {
        /// The address.
        address: IpAddr,
        /// How far away it is, by the routes of every namespace that ticks told of.
        scope: Scope,
        /// Its name, by reverse lookup; `None` where it was not looked up or has none.
        name: Option<Text>,
    },
    /// The unknown holder of sockets of a namespace.
    Unknown {
        /// The namespace.
        netns: NetnsId,
    },
}

/// What the graph's nodes stand for and how often each is used. A node that nothing uses any more stays until
/// [`Nodes::remove_unused`], so that one that is used again in the same tick keeps its index.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    by_key: FxHashMap<NodeKey, NodeIndex>,
    /// By the node's index.
    entries: Vec<Option<Entry>>,
    /// Nodes that may be unused; some more than once.
    unused: Vec<NodeIndex>,
    /// Nodes that came, left or changed in this tick; some more than once.
    touched: Vec<NodeIndex>,
}

#[derive(Debug)]
struct Entry {
    key: NodeKey,
    /// The connection ends, listeners and (of a container) processes that are at this node.
    uses: usize,
    container: Option<NodeIndex>,
}

impl Nodes {
    pub(super) fn find(&self, key: &NodeKey) -> Option<NodeIndex> {
        self.by_key.get(key).copied()
    }

    pub(super) fn key(&self, node: NodeIndex) -> Option<&NodeKey> {
        self.entry(node).map(|entry| &entry.key)
    }

    pub(super) fn container(&self, node: NodeIndex) -> Option<NodeIndex> {
        self.entry(node)?.container
    }

    /// Adds a node that nothing uses yet.
    pub(super) fn add(&mut self, graph: &mut Graph, key: NodeKey, node: Node) -> NodeIndex {
        let index = graph.add_node(node);
        if self.entries.len() <= index.index() {
            self.entries.resize_with(index.index() + 1, || None);
        }
        self.entries[index.index()] = Some(Entry { key: key.clone(), uses: 0, container: None });
        self.by_key.insert(key, index);
        self.unused.push(index);
        self.touch(index);
        index
    }

    /// Counts one more use.
    pub(super) fn acquire(&mut self, node: NodeIndex) {
        if let Some(entry) = self.entry_mut(node) {
            entry.uses += 1;
        }
    }

    /// Counts one use less.
    pub(super) fn release(&mut self, node: NodeIndex) {
        let Some(entry) = self.entry_mut(node) else { return };
        entry.uses = entry.uses.saturating_sub(1);
        if entry.uses == 0 {
            self.unused.push(node);
        }
    }

    /// Puts a process's node into a container's node, or out of any.
    pub(super) fn set_container(&mut self, node: NodeIndex, container: Option<NodeIndex>) {
        if let Some(container) = container {
            self.acquire(container);
        }
        let Some(entry) = self.entry_mut(node) else { return };
        if let Some(before) = std::mem::replace(&mut entry.container, container) {
            self.release(before);
        }
        self.touch(node);
    }

    /// Removes the nodes that nothing uses, tells each one's key.
    pub(super) fn remove_unused(&mut self, graph: &mut Graph, mut removed: impl FnMut(NodeKey)) {
        while let Some(node) = self.unused.pop() {
            let Some(slot) = self.entries.get_mut(node.index()) else { continue };
            let Some(entry) = slot.take_if(|entry| entry.uses == 0) else { continue };
            graph.remove_node(node);
            self.touched.push(node);
            self.by_key.remove(&entry.key);
            if let Some(container) = entry.container {
                self.release(container);
            }
            removed(entry.key);
        }
    }

    /// Notes that a node is other than it was before this tick, or may stand elsewhere.
    pub(super) fn touch(&mut self, node: NodeIndex) {
        self.touched.push(node);
    }

    pub(super) fn touched(&self) -> &[NodeIndex] {
        &self.touched
    }

    pub(super) fn forget_touched(&mut self) {
        changes::empty(&mut self.touched);
    }

    fn entry(&self, node: NodeIndex) -> Option<&Entry> {
        self.entries.get(node.index())?.as_ref()
    }

    fn entry_mut(&mut self, node: NodeIndex) -> Option<&mut Entry> {
        self.entries.get_mut(node.index())?.as_mut()
    }
}
