//! Flows that ended before their other end was seen. A process that sends one datagram and is gone has closed its socket
//! before the receiver has looked; what the receiver then does belongs to the flow that ended.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::addresses::{fit, reached};
use super::direction::{self, Manner};
use super::entry::{Far, Flow};
use super::table::FlowTable;
use super::{FlowId, TakeTraffic};
use crate::connection::Socket;
use crate::identity::{NetnsId, SocketId, Timestamp};

/// More than wait to be received: each may be the last of a process of its own. Beyond that the receiver's end has an
/// address instead of a process.
const MANY: usize = 20_000;

/// What the other end of a flow knows of it: its namespace, its port, and whom it talked to.
pub(super) type Key = (NetnsId, u16, SocketAddr);

pub(super) fn key(flow: &Flow) -> Key {
    (flow.socket.netns, flow.bound_to.port(), reached(flow.id.remote))
}

/// A flow that ended alone.
#[derive(Clone, Debug)]
pub(super) struct Late {
    /// The socket's cookie.
    cookie: u64,
    /// The socket's own address, as the kernel had it.
    bound_to: SocketAddr,
    pub(super) manner: Manner,
    /// As it was told.
    pub(super) socket: Socket,
    pub(super) at: Timestamp,
    /// The tick that tells of it, and its place among what ended in that tick.
    pub(super) place: (u64, usize),
    /// What stood in for its other end, and the place of that.
    stand_in: Option<(SocketId, usize)>,
}

/// Those that ended not long ago, by what their other end knows of them.
#[derive(Debug, Default)]
pub(super) struct Lates {
    by_key: FxHashMap<Key, Late>,
    /// Those that ended in this tick.
    fresh: Vec<Key>,
}

impl Lates {
    /// What ended with that key, if this is so of it.
    pub(super) fn take_if(&mut self, key: Key, is_it: impl FnOnce(&Late) -> bool) -> Option<Late> {
        if self.by_key.get(&key).is_some_and(is_it) { self.by_key.remove(&key) } else { None }
    }

    /// Forgets what ended too long ago: a datagram may wait in its receiver's queue as long as a flow may be quiet.
    pub(super) fn prune(&mut self, now: Timestamp, patience: Duration) {
        self.by_key.retain(|_, late| is_soon(now, late, patience));
    }
}

impl FlowTable {
    /// Keeps a flow that ended alone, and was just buried; `stand_in` was before it.
    pub(super) fn remember_late(&mut self, flow: &Flow, at: Timestamp, stand_in: Option<(SocketId, usize)>) {
        let remote = reached(flow.id.remote);
        if self.addresses.target(flow.socket.netns, remote.ip()).is_none() {
            return;
        }
        let key = key(flow);
        let late = Late {
            cookie: flow.id.socket,
            bound_to: flow.bound_to,
            manner: Manner::of(flow),
            socket: flow.socket.clone(),
            at,
            place: (self.ticks, self.ended.len().saturating_sub(1)),
            stand_in,
        };
        if self.lates.by_key.len() >= MANY {
            return;
        }
        if late.stand_in.is_none() {
            self.lates.fresh.push(key);
        }
        self.lates.by_key.insert(key, late);
    }

    /// Tells who must have received what came and went in this tick.
    pub(super) fn stand_in_for_late(&mut self) {
        for key in std::mem::take(&mut self.lates.fresh) {
            let Some(late) = self.lates.by_key.get(&key).filter(|late| late.stand_in.is_none()) else {
                continue;
            };
            let (late, place) = (late.clone(), self.ended.len());
            let Some(receiver) = self.receiver_of(late.cookie, &late.socket, key.2, late.manner) else {
                continue;
            };
            if let Some(told) = self.ended.get_mut(late.place.1).filter(|_| late.place.0 == self.ticks) {
                told.direction = direction::with(late.manner, receiver.manner);
            }
            if let Some(late) = self.lates.by_key.get_mut(&key) {
                late.stand_in = Some((receiver.socket.id, place));
            }
            self.bury(receiver.socket, false, late.socket.closed_at);
        }
    }

    /// Ends a flow whose other end has ended already, and tells the two as ends of one.
    pub(super) fn join_late(&mut self, id: FlowId, now: Timestamp, take: &mut impl TakeTraffic) {
        let Some((key, address)) = self.find_late(id) else { return };
        let Some(late) = self.lates.by_key.remove(&key) else { return };
        let Some(flow) = self.flows.get_mut(&id) else { return };
        let own = Manner::of(flow);
        let closed_at = Some(began_at(flow).max(late.at));
        flow.socket.direction = direction::with(own, late.manner);
        flow.socket.local = SocketAddr::new(address, flow.bound_to.port()).into();
        // By the other end's beginning: it is not of a later flow with the same addresses.
        flow.socket.opened_at = late.socket.opened_at.min(flow.socket.opened_at);
        let other = Socket {
            direction: direction::with(late.manner, own),
            local: SocketAddr::new(reached(id.remote).ip(), late.bound_to.port()).into(),
            ..late.socket
        };
        let is_same_tick = late.place.0 == self.ticks;
        // The exchange was told as a whole before, with what stood in for this end.
        let was_told = !is_same_tick && late.stand_in.is_some() && !flow.is_told;
        if was_told {
            // Its end alone remains.
        } else if is_same_tick {
            if let Some(told) = self.ended.get_mut(late.place.1) {
                let (state, closed_at) = (told.state, told.closed_at);
                *told = Socket { state, closed_at, ..other };
            }
        } else {
            // Told before, and gone from every picture.
            let number = self.number();
            self.bury(Socket { id: number, counters: None, ..other }, false, Some(late.at));
        }
        self.end(id, closed_at, now, take);
        if was_told {
            self.ended.pop();
        }
        if let Some((number, place)) = late.stand_in.filter(|_| is_same_tick)
            && let Some(own) = self.ended.pop()
            && let Some(stand_in) = self.ended.get_mut(place)
        {
            *stand_in = Socket { id: number, ..own };
        }
    }

    /// Where the flow that ended is kept that is the other end of this one, and the address under which it knew it.
    fn find_late(&self, id: FlowId) -> Option<(Key, IpAddr)> {
        let flow = self.flows.get(&id).filter(|flow| matches!(flow.far, Far::Unknown))?;
        let remote = reached(id.remote);
        let netns = self.addresses.target(flow.socket.netns, remote.ip())?;
        self.sources(flow).into_iter().find_map(|address| {
            let key = (netns, remote.port(), SocketAddr::new(address, flow.bound_to.port()));
            let late = self.lates.by_key.get(&key)?;
            let reaches = fit(late.bound_to.ip(), remote.ip()).is_some()
                && self.addresses.target(netns, address) == Some(flow.socket.netns);
            // A flow that began long after the other's end is another one.
            (reaches && is_soon(began_at(flow), late, self.patience.one_way)).then_some((key, address))
        })
    }
}

/// Whether that is soon enough after the end.
pub(super) fn is_soon(at: Timestamp, late: &Late, patience: Duration) -> bool {
    u128::from(at.since(late.at)) < patience.as_nanos()
}

/// When a flow's first datagram was seen; not when its counters were read, which may be a long tick later.
pub(super) fn began_at(flow: &Flow) -> Timestamp {
    flow.socket.opened_at.unwrap_or(flow.active_at)
}
