//! Flows behind address translation: their ends do not name each other. Conntrack tells what becomes of their datagrams,
//! and is asked once a tick has told of them.

use rustc_hash::FxHashMap;

use super::direction::{self, Manner};
use super::entry::{Far, Flow};
use super::late::{Key, began_at, is_soon, key};
use super::sockets::Sockets;
use super::table::FlowTable;
use super::{FlowId, TakeTraffic, addresses::reached};
use crate::connection::{Socket, TableTick};
use crate::identity::{NetnsId, SocketId, Timestamp};
use crate::tick::Translation;

/// More than come and go in two ticks are not kept.
const MANY: usize = 20_000;

/// A flow that ended alone in this tick or the one before: conntrack may still be asked for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Departed {
    netns: NetnsId,
    /// Where it is among those that wait for their other ends.
    key: Key,
    manner: Manner,
    at: Timestamp,
    /// The tick that told of its end.
    tick: u64,
}

impl FlowTable {
    /// Takes in what address translation makes of flows that were told of: two that do not name each other can be the ends
    /// of one, and then end together. Returns what turns out by that, to be told in the same tick; what is told of ends that
    /// were gone long before is added to the translations.
    pub fn translate(
        &mut self,
        translations: &mut Vec<Translation>,
        now: Timestamp,
        mut take: impl TakeTraffic,
    ) -> TableTick {
        if translations.is_empty() {
            return TableTick::default();
        }
        let told: FxHashMap<SocketId, Translation> =
            translations.iter().map(|translation| (translation.socket, *translation)).collect();
        let mut departed: Vec<(SocketId, Departed)> =
            told.keys().filter_map(|&number| Some((number, *self.departed.get(&number)?))).collect();
        departed.sort_unstable_by_key(|&(number, _)| number);
        let live = self.flows.values().filter(|flow| told.contains_key(&flow.socket.id));
        let mut live: Vec<(SocketId, FlowId)> = live.map(|flow| (flow.socket.id, flow.id)).collect();
        live.sort_unstable();
        for (number, id) in &live {
            if let Some(translation) = told.get(number) {
                self.translate_flow(*id, translation);
            }
        }
        for (number, departed) in departed {
            if let Some(translation) = told.get(&number)
                && let Some(other) = self.beyond(departed.netns, translation)
            {
                self.departed.remove(&number);
                self.lates.take_if(departed.key, |late| late.socket.id == number);
                self.end_after(other, departed.manner, departed.at, now, &mut take);
            }
        }
        for (number, id) in live {
            let is_alone = self.flows.get(&id).is_some_and(|flow| matches!(flow.far, Far::Unknown));
            if let Some(translation) = told.get(&number).filter(|_| is_alone) {
                self.join_late_beyond(id, translation, translations, now, &mut take);
            }
        }
        self.tell()
    }

    /// Keeps a flow that ended alone.
    pub(super) fn remember_departed(&mut self, flow: &Flow, at: Timestamp) {
        if self.departed.len() < MANY {
            let (netns, key, manner) = (flow.socket.netns, key(flow), Manner::of(flow));
            let departed = Departed { netns, key, manner, at, tick: self.ticks };
            self.departed.insert(flow.socket.id, departed);
        }
    }

    pub(super) fn forget_departed(&mut self) {
        self.departed.retain(|_, departed| departed.tick + 1 >= self.ticks);
    }

    /// The one flow that sees these addresses.
    fn beyond(&self, netns: NetnsId, translation: &Translation) -> Option<FlowId> {
        let remote = reached(translation.remote);
        let there = self.addresses.target(netns, remote.ip())?;
        let mut found = self.mirror.get(there, remote.port(), translation.local).iter().filter(|id| {
            self.flows.get(id).is_some_and(|other| {
                !matches!(other.far, Far::Flow(_)) && Sockets::covers(other.bound_to.ip(), remote.ip())
            })
        });
        let other = found.next()?;
        found.next().is_none().then_some(*other)
    }

    /// Makes a flow and the one that it is beyond translation the ends of one.
    fn translate_flow(&mut self, id: FlowId, translation: &Translation) {
        let Some(flow) = self.flows.get(&id).filter(|flow| !matches!(flow.far, Far::Flow(_))) else { return };
        let Some(other) = self.beyond(flow.socket.netns, translation).filter(|&other| other != id) else {
            return;
        };
        self.tie(id, other, Some(translation.outbound));
    }

    /// Ends a flow whose other end is over.
    fn end_after(
        &mut self,
        id: FlowId,
        other: Manner,
        ended_at: Timestamp,
        now: Timestamp,
        take: &mut impl TakeTraffic,
    ) {
        let Some(flow) = self.flows.get_mut(&id) else { return };
        flow.socket.direction = direction::with(Manner::of(flow), other);
        let (closed_at, number, key) = (Some(began_at(flow).max(ended_at)), flow.socket.id, key(flow));
        self.end(id, closed_at, now, take);
        // It did not end alone.
        self.departed.remove(&number);
        self.lates.take_if(key, |late| late.socket.id == number);
    }

    /// Ends a flow whose other end was over before it began, as that of what waits to be received may be, and tells both.
    fn join_late_beyond(
        &mut self,
        id: FlowId,
        translation: &Translation,
        translations: &mut Vec<Translation>,
        now: Timestamp,
        take: &mut impl TakeTraffic,
    ) {
        let Some(flow) = self.flows.get(&id) else { return };
        let remote = reached(translation.remote);
        let Some(there) = self.addresses.target(flow.socket.netns, remote.ip()) else { return };
        let key = (there, remote.port(), translation.local);
        let (began_at, patience) = (began_at(flow), self.patience.one_way);
        let (own, seen, manner) = (flow.socket.local.inet(), flow.id.remote, Manner::of(flow));
        let Some(late) = self.lates.take_if(key, |late| is_soon(began_at, late, patience)) else { return };
        let was_just_told = late.place.0 + 1 == self.ticks;
        let number = if was_just_told { late.socket.id } else { self.number() };
        if let Some(own) = own {
            translations.push(Translation { socket: number, local: seen, remote: own, outbound: true });
        }
        if !was_just_told {
            // Gone from every picture since.
            let direction = direction::with(late.manner, manner);
            self.bury(Socket { id: number, counters: None, direction, ..late.socket }, false, Some(late.at));
        }
        self.end_after(id, late.manner, late.at, now, take);
    }
}
