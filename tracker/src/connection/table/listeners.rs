//! Who listens where: it tells the direction of what a scan finds and is the last resort for an accepted socket's
//! owner.

use std::mem;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::connection::{Address, Protocol, Socket};
use crate::identity::{NetnsId, ProcessId, SocketId};

/// A port of one namespace.
pub(super) type Port = (NetnsId, Protocol, Option<u16>);

/// The port that a socket is at.
pub(super) fn port_of(socket: &Socket) -> Port {
    (socket.netns, socket.protocol, socket.local.port())
}

#[derive(Debug)]
struct Listener {
    id: SocketId,
    address: Address,
    owners: Vec<ProcessId>,
    /// It closed in this tick; what it accepted before is still its own.
    gone: bool,
}

/// How well a listener fits a local address; the kernel takes the best.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It listens at every address of both families.
    BothFamilies,
    /// It listens at every address of the family.
    Family,
    /// It listens at the address.
    Exact,
}

impl Listener {
    fn fit(&self, address: &Address) -> Option<Fit> {
        let (Some(own), Some(address)) = (self.address.ip(), address.ip()) else {
            return (self.address == *address).then_some(Fit::Exact);
        };
        if own == address {
            Some(Fit::Exact)
        } else if !own.is_unspecified() {
            None
        } else if own.is_ipv4() == address.is_ipv4() {
            Some(Fit::Family)
        } else {
            // An IPv6 listener takes IPv4 connections too, unless it was told not to, which is not known here.
            own.is_ipv6().then_some(Fit::BothFamilies)
        }
    }
}

/// The listeners, by port.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    by_port: FxHashMap<Port, Vec<Listener>>,
    /// Where the owners to be found changed since the last tick.
    changed: FxHashSet<Port>,
    /// Where listeners closed in this tick.
    left: Vec<Port>,
}

impl Listeners {
    /// Takes a listener in, or its new owners.
    pub(super) fn put(&mut self, socket: &Socket) {
        let port = port_of(socket);
        let here = self.by_port.entry(port).or_default();
        if let Some(listener) = here.iter_mut().find(|listener| listener.id == socket.id) {
            if listener.owners == socket.owners {
                return;
            }
            listener.owners.clone_from(&socket.owners);
        } else {
            here.push(Listener {
                id: socket.id,
                address: socket.local.clone(),
                owners: socket.owners.clone(),
                gone: false,
            });
        }
        self.changed.insert(port);
    }

    /// Takes note that a listener closed. It answers for what it accepted until the tick ends.
    pub(super) fn close(&mut self, socket: &Socket) {
        let port = port_of(socket);
        let here = self.by_port.get_mut(&port).into_iter().flatten();
        for listener in here.filter(|listener| listener.id == socket.id) {
            listener.gone = true;
            self.left.push(port);
        }
    }

    /// The ports where the owners to be found changed since the last call.
    pub(super) fn take_changed(&mut self) -> FxHashSet<Port> {
        mem::take(&mut self.changed)
    }

    /// Ends the tick: what closed in it is forgotten.
    pub(super) fn sweep(&mut self) {
        for port in self.left.drain(..) {
            if let Some(here) = self.by_port.get_mut(&port) {
                here.retain(|listener| !listener.gone);
                if here.is_empty() {
                    self.by_port.remove(&port);
                }
            }
        }
    }

    /// Whether a listener takes connections to `local`.
    pub(super) fn cover(&self, netns: NetnsId, protocol: Protocol, local: &Address) -> bool {
        self.covering(netns, protocol, local).next().is_some()
    }

    /// The owners of all listeners that take connections to `local`, in their order and each once.
    pub(super) fn owners(&self, netns: NetnsId, protocol: Protocol, local: &Address) -> Vec<ProcessId> {
        let mut owners: Vec<ProcessId> = self
            .covering(netns, protocol, local)
            .flat_map(|listener| listener.owners.iter().copied())
            .collect();
        owners.sort_unstable();
        owners.dedup();
        owners
    }

    /// The one process that owns all listeners that take connections to `local`.
    pub(super) fn sole_owner(
        &self,
        netns: NetnsId,
        protocol: Protocol,
        local: &Address,
    ) -> Option<ProcessId> {
        let mut sole = None;
        for listener in self.covering(netns, protocol, local) {
            for &owner in &listener.owners {
                if *sole.get_or_insert(owner) != owner {
                    return None;
                }
            }
        }
        sole
    }

    fn covering<'a>(
        &'a self,
        netns: NetnsId,
        protocol: Protocol,
        local: &'a Address,
    ) -> impl Iterator<Item = &'a Listener> {
        let here = self.by_port.get(&(netns, protocol, local.port())).map_or(&[][..], Vec::as_slice);
        let best = here.iter().filter_map(|listener| listener.fit(local)).max();
        here.iter().filter(move |listener| best.is_some() && listener.fit(local) == best)
    }
}
