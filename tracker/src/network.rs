//! What a network namespace has of the network: its own addresses and its neighbourhood; and how far away an address
//! is.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::block::Block;

/// The addresses and the neighbourhood of a network namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Its own addresses on all its links, loopback among them; sorted.
    pub addresses: Vec<IpAddr>,
    /// Blocks of which every address is its own (local routes) beside those; sorted.
    pub local: Vec<Block>,
    /// The networks that it is directly connected to: blocks that it has a route to with no gateway on the way; sorted.
    pub connected: Vec<Block>,
}

impl Network {
    /// Whether an address is its own.
    pub fn owns(&self, address: IpAddr) -> bool {
        self.addresses.binary_search(&address).is_ok()
            || self.local.iter().any(|block| block.contains(address))
    }

    /// Whether an address is in a network that it is directly connected to.
    pub fn neighbours(&self, address: IpAddr) -> bool {
        self.connected.iter().any(|block| block.contains(address))
    }
}

/// How far away an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Loopback.
    Loopback,
    /// An address of this host's own, in whatever namespace of it.
    Host,
    /// A private network: one that the host is directly connected to, or an address that the internet does not route.
    Private,
    /// All else.
    Internet,
}

impl Scope {
    /// Every scope, the nearest first.
    pub const ALL: [Self; 4] = [Self::Loopback, Self::Host, Self::Private, Self::Internet];

    /// Its name in the interface.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Host => "host",
            Self::Private => "private",
            Self::Internet => "internet",
        }
    }

    /// How far away an address is from a host whose namespaces have these networks.
    pub fn of<'a>(address: IpAddr, networks: &(impl Iterator<Item = &'a Network> + Clone)) -> Self {
        if address.is_loopback() {
            Self::Loopback
        } else if networks.clone().any(|network| network.owns(address)) {
            Self::Host
        } else if is_private(address) || networks.clone().any(|network| network.neighbours(address)) {
            Self::Private
        } else {
            Self::Internet
        }
    }
}

/// Whether the internet does not route an address: RFC 1918, RFC 6598 (between a provider and its customers), RFC 4193
/// (ULA), link-local, multicast, broadcast, and none at all.
fn is_private(address: IpAddr) -> bool {
    if address.is_multicast() || address.is_unspecified() {
        return true;
    }
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            address.is_private()
                || address.is_link_local()
                || address.is_broadcast()
                || (first == 100 && second & 0xc0 == 64)
        }
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use super::*;

    fn blocks(blocks: &[&str]) -> Vec<Block> {
        blocks.iter().map(|block| Block::parse(block).unwrap()).collect()
    }

    #[test]
    fn an_address_is_as_far_as_the_nearest_namespace_says() {
        let host = Network {
            addresses: ["127.0.0.1", "198.51.100.7", "2001:db8::7"].map(|a| a.parse().unwrap()).to_vec(),
            local: blocks(&["127.0.0.0/8", "192.0.2.0/28"]),
            connected: blocks(&["198.51.100.0/24", "2001:db8::/64"]),
        };
        let inner = Network { addresses: vec!["10.0.0.5".parse().unwrap()], ..Network::default() };
        for (address, scope) in [
            ("127.0.0.1", Scope::Loopback),
            ("127.9.9.9", Scope::Loopback),
            ("::1", Scope::Loopback),
            ("198.51.100.7", Scope::Host),
            ("2001:db8::7", Scope::Host),
            ("10.0.0.5", Scope::Host),
            ("192.0.2.15", Scope::Host),
            ("192.0.2.16", Scope::Internet),
            ("10.0.0.6", Scope::Private),
            ("172.31.255.255", Scope::Private),
            ("172.32.0.0", Scope::Internet),
            ("192.168.0.1", Scope::Private),
            ("169.254.1.1", Scope::Private),
            ("100.64.0.1", Scope::Private),
            ("100.127.255.255", Scope::Private),
            ("100.128.0.0", Scope::Internet),
            ("224.0.0.251", Scope::Private),
            ("255.255.255.255", Scope::Private),
            ("198.51.100.8", Scope::Private),
            ("198.51.101.8", Scope::Internet),
            ("203.0.113.9", Scope::Internet),
            ("2001:db8::8", Scope::Private),
            ("2001:db8:0:1::8", Scope::Internet),
            ("fd00::1", Scope::Private),
            ("fe80::1", Scope::Private),
            ("ff02::fb", Scope::Private),
            ("2606:4700::1111", Scope::Internet),
        ] {
            assert_eq!(Scope::of(address.parse().unwrap(), &[&host, &inner].into_iter()), scope, "{address}");
        }
        let nothing = &[].into_iter();
        assert_eq!(Scope::of("198.51.100.7".parse().unwrap(), nothing), Scope::Internet);
    }
}
