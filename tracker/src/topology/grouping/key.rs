//! What groups and shown nodes stand for: the same on every tick.

use std::net::IpAddr;

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

impl ShownKey {
    /// A number in the order of the keys, as far as it goes: what differs in it need not be compared further.
    pub(super) fn prefix(&self) -> u128 {
        let number = |kind: u128, number: u128| kind << 124 | number;
        let of_host = |host: HostIndex| u128::from(host.0) << 96;
        match self {
            Self::Node(NodeKey::Process(host, id)) => {
                number(0, of_host(*host) | u128::from(id.pid) << 64 | u128::from(id.started))
            }
            Self::Node(NodeKey::Container(host, _)) => number(1, of_host(*host)),
            Self::Node(NodeKey::Remote(None, IpAddr::V4(address))) => number(2, address.to_bits().into()),
            Self::Node(NodeKey::Remote(None, IpAddr::V6(address))) => {
                number(2, 1 << 96 | address.to_bits() >> 32)
            }
            Self::Node(NodeKey::Remote(Some((host, netns)), _)) => {
                number(3, of_host(*host) | u128::from(netns.0))
            }
            Self::Node(NodeKey::Unknown(host, netns)) => number(4, of_host(*host) | u128::from(netns.0)),
            Self::Group(_) => number(5, 0),
        }
    }
}

impl From<NodeKey> for ShownKey {
    fn from(key: NodeKey) -> Self {
        Self::Node(key)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::identity::{NetnsId, ProcessId};

    fn keys() -> impl Strategy<Value = ShownKey> {
        let host = || (0..3_u16).prop_map(HostIndex);
        let netns = || prop::sample::select(&[1_u32, 2, u32::MAX][..]).prop_map(NetnsId);
        let number = prop::sample::select(&[0_u64, 1, 1 << 40, u64::MAX][..]);
        let address = prop_oneof![
            any::<u32>().prop_map(|bits| IpAddr::V4(bits.into())),
            any::<u128>().prop_map(|bits| IpAddr::V6(bits.into())),
            (0..3_u128, 0..3_u128).prop_map(|(top, low)| IpAddr::V6((top << 64 | low).into())),
        ];
        let text = "[ab]{0,2}";
        prop_oneof![
            (host(), 0..3_u32, number).prop_map(|(host, pid, started)| {
                NodeKey::Process(host, ProcessId { pid: pid.wrapping_sub(1), started }).into()
            }),
            (host(), text)
                .prop_map(|(host, id)| { NodeKey::Container(host, ContainerId(id.as_str().into())).into() }),
            (prop::option::of((host(), netns())), address)
                .prop_map(|(place, address)| NodeKey::Remote(place, address).into()),
            (host(), netns()).prop_map(|(host, netns)| NodeKey::Unknown(host, netns).into()),
            (host(), text)
                .prop_map(|(host, name)| { ShownKey::Group(GroupKey::Image(host, name.as_str().into())) }),
            Just(ShownKey::Group(GroupKey::Internet)),
        ]
    }

    proptest! {
        #[test]
        fn the_prefix_is_in_the_order_of_the_keys(keys in prop::collection::vec(keys(), 0..60)) {
            let (mut sorted, mut by_prefix) = (keys.clone(), keys);
            sorted.sort();
            by_prefix.sort_by(|one, other| one.prefix().cmp(&other.prefix()).then_with(|| one.cmp(other)));
            prop_assert_eq!(by_prefix, sorted);
        }
    }
}
