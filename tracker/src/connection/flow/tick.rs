//! The end of a tick: what changed in it.

use std::mem;

use super::entry::Far;
use super::sockets::Known;
use super::table::FlowTable;
use crate::connection::{Direction, OwnerSource, Protocol, Socket, State, TableTick};
use crate::identity::{SocketId, Timestamp};

impl FlowTable {
    /// Ends the tick at `now` and tells what changed in it. [`FlowTable::settle`] comes before.
    pub fn tick(&mut self, now: Timestamp) -> TableTick {
        let tick = self.tell();
        self.forget_gone(now);
        self.lates.prune(now, self.patience.one_way);
        self.forget_departed();
        self.ticks += 1;
        tick
    }

    /// Tells what changed since it told last.
    pub(super) fn tell(&mut self) -> TableTick {
        let mut tick = TableTick {
            closed: mem::take(&mut self.ended),
            forgotten: mem::take(&mut self.forgotten),
            counts: mem::take(&mut self.counts),
            ..TableTick::default()
        };
        for cookie in mem::take(&mut self.dirty_listeners) {
            self.tell_listener(cookie, &mut tick);
        }
        for id in mem::take(&mut self.dirty) {
            let Some(flow) = self.flows.get_mut(&id) else { continue };
            flow.is_dirty = false;
            let is_told = mem::replace(&mut flow.is_told, true);
            if mem::take(&mut flow.has_new_owners) || !is_told {
                self.newly_named.extend(flow.socket.owners.iter().copied());
            }
            if is_told { &mut tick.changed } else { &mut tick.opened }.push(flow.socket.clone());
            if let Far::Receiver(receiver) = &mut flow.far
                && mem::take(&mut receiver.is_dirty)
            {
                let is_told = mem::replace(&mut receiver.is_told, true);
                if !is_told {
                    self.newly_named.extend(receiver.socket.owners.iter().copied());
                }
                if is_told { &mut tick.changed } else { &mut tick.opened }.push(receiver.socket.clone());
            }
        }
        for sockets in [&mut tick.opened, &mut tick.changed, &mut tick.closed] {
            sockets.sort_unstable_by_key(|socket| socket.id);
        }
        tick.newly_named = mem::take(&mut self.newly_named).into_iter().collect();
        tick.newly_named.sort_unstable();
        tick
    }

    fn tell_listener(&mut self, cookie: u64, tick: &mut TableTick) {
        let Some(known) = self.sockets.get_mut(cookie) else { return };
        known.is_dirty = false;
        let Some(number) = known.listener else { return };
        let socket = listener(known, number);
        let is_told = mem::replace(&mut known.is_told, true);
        self.newly_named.extend(socket.owners.iter().copied());
        if is_told { &mut tick.changed } else { &mut tick.opened }.push(socket);
    }
}

/// A socket as a listener.
pub(super) fn listener(known: &Known, number: SocketId) -> Socket {
    Socket {
        id: number,
        netns: known.facts.netns,
        protocol: Protocol::Udp,
        local: known.facts.local.into(),
        remote: None,
        state: State::Listen,
        direction: Direction::Inbound,
        owners: known.owners.clone(),
        owner_source: if known.owners.is_empty() { OwnerSource::Unknown } else { OwnerSource::Seen },
        opened_at: None,
        closed_at: None,
        counters: None,
        sequence: None,
        peer: None,
        error: None,
    }
}
