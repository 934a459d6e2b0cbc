//! What groups and shown nodes stand for: the same on every tick.

use super::super::node::{HostIndex, NodeKey};
use crate::identity::{ContainerId, NetnsId};
use crate::text::Text;

/// What a group stands for. The order is from the outside to the inside of the host.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GroupKey {
    /// Public addresses.
    Internet,
    /// Private addresses of other machines.
    Network,
    /// This host's own addresses, at which no known socket answers.
    Own,
    /// Where collapsed groups stand that are in no other group. No group itself: it cannot be collapsed.
    Top(HostIndex),
    /// What is in nothing else: no container, no namespace but the host's.
    Host(HostIndex),
    /// A network namespace other than the host's.
    Namespace(HostIndex, NetnsId),
    /// Processes of which it is not known what namespace they were in.
    UnknownNamespace(HostIndex),
    /// The containers of a pod: its namespace in Kubernetes, where that is known, and its name.
    Pod(HostIndex, Option<Text>, Text),
    /// The containers of an image.
    Image(HostIndex, Text),
    /// A container.
    Container(HostIndex, ContainerId),
    /// The processes of one name in the same group.
    Name(Box<GroupKey>, Text),
}

/// What a shown node stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ShownKey {
    /// One node of the topology.
    Node(NodeKey),
    /// All nodes in a group that is collapsed.
    Group(GroupKey),
}

impl From<NodeKey> for ShownKey {
    fn from(key: NodeKey) -> Self {
        Self::Node(key)
    }
}
