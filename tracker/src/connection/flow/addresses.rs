//! Which addresses mean which network namespace.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rustc_hash::FxHashMap;

use crate::identity::NetnsId;

/// The addresses of namespaces, as far as they are known.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    by_netns: FxHashMap<NetnsId, Vec<IpAddr>>,
    /// Who has an address.
    holders: FxHashMap<IpAddr, Vec<NetnsId>>,
}

impl Addresses {
    /// Sets the addresses of a namespace; whether that is news.
    pub(super) fn set(&mut self, netns: NetnsId, addresses: Option<&[IpAddr]>) -> bool {
        if self.by_netns.get(&netns).map(Vec::as_slice) == addresses {
            return false;
        }
        let before = match addresses {
            Some(addresses) => self.by_netns.insert(netns, addresses.to_vec()),
            None => self.by_netns.remove(&netns),
        };
        for address in before.into_iter().flatten() {
            if let Some(holders) = self.holders.get_mut(&address) {
                holders.retain(|&holder| holder != netns);
            }
        }
        for &address in addresses.unwrap_or_default() {
            self.holders.entry(address).or_default().push(netns);
        }
        self.holders.retain(|_, holders| !holders.is_empty());
        true
    }

    /// The addresses of a namespace.
    pub(super) fn of(&self, netns: NetnsId) -> &[IpAddr] {
        self.by_netns.get(&netns).map_or(&[], Vec::as_slice)
    }

    /// The namespace that a datagram from `from` to `to` arrives in; `None` where it leaves the host, or may.
    pub(super) fn target(&self, from: NetnsId, to: IpAddr) -> Option<NetnsId> {
        if to.is_loopback() || self.of(from).contains(&to) {
            return Some(from);
        }
        if to.is_multicast() || is_link_local(to) {
            return None;
        }
        match self.holders.get(&to).map(Vec::as_slice) {
            Some(&[only]) => Some(only),
            _ => None,
        }
    }

    /// Whether nothing is known of a namespace.
    pub(super) fn is_blank(&self, netns: NetnsId) -> bool {
        !self.by_netns.contains_key(&netns)
    }
}

/// Every link has its own of these.
fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// The loopback address of the same family.
pub(super) fn loopback_like(address: IpAddr) -> IpAddr {
    if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() }
}

/// Where a datagram to that address goes: to nowhere in particular means to the host itself.
pub(super) fn reached(remote: SocketAddr) -> SocketAddr {
    if remote.ip().is_unspecified() {
        SocketAddr::new(loopback_like(remote.ip()), remote.port())
    } else {
        remote
    }
}

/// How well a socket's own address fits one that a datagram goes to; the kernel takes the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// It takes datagrams to every address of both families, as far as is known.
    BothFamilies,
    /// It takes those to every address of the family.
    Family,
    /// It takes those to the address.
    Exact,
}

pub(super) fn fit(local: IpAddr, to: IpAddr) -> Option<Fit> {
    if local == to {
        Some(Fit::Exact)
    } else if !local.is_unspecified() {
        None
    } else if local.is_ipv4() == to.is_ipv4() {
        Some(Fit::Family)
    } else {
        local.is_ipv6().then_some(Fit::BothFamilies)
    }
}
