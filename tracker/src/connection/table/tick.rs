//! The end of a tick: what changed in it.

use std::mem;

use rustc_hash::FxHashSet;

use super::entry::{Entry, Told};
use super::listeners::port_of;
use super::{ConnectionTable, TableTick};
use crate::connection::Socket;
use crate::identity::{ProcessId, Timestamp};

impl ConnectionTable {
    /// Ends the tick at `now` and tells what changed in it. Its cost is that of the changes; only where a
    /// listener's owners changed, the sockets without an owner of their own are looked through.
    pub fn tick(&mut self, now: Timestamp) -> TableTick {
        self.follow_listeners();
        let mut tick = TableTick {
            counts: mem::take(&mut self.ledger.counts),
            forgotten: mem::take(&mut self.forgotten),
            ..TableTick::default()
        };
        let mut named = Named::default();
        // What takes an owner from its listener below is new or changed already, so nothing is added meanwhile.
        let mut dirty = mem::take(&mut self.ledger.dirty);
        for kernel_socket in dirty.drain(..) {
            let Some(entry) = self.live.get_mut(&kernel_socket) else { continue };
            // A socket that stands there twice was told at the first time.
            if matches!(entry.told, Told::All) {
                continue;
            }
            if entry.lacks_owner() {
                entry.take_listeners_owners(&mut self.ledger);
            }
            match mem::replace(&mut entry.told, Told::All) {
                Told::Before(before) if *before == entry.socket => {}
                Told::Before(before) => {
                    named.note(&entry.socket, &before.owners);
                    tick.changed.push(entry.socket.clone());
                }
                Told::Nothing | Told::All => {
                    named.note(&entry.socket, &[]);
                    tick.opened.push(entry.socket.clone());
                }
            }
        }
        self.ledger.dirty = dirty;
        tick.closed.reserve_exact(self.ended.len());
        for mut entry in mem::take(&mut self.ended) {
            // The first scan may have shown its listener only after its end.
            entry.turn_by_listeners(&mut self.ledger);
            if entry.lacks_owner() {
                entry.take_listeners_owners(&mut self.ledger);
            }
            let Entry { socket, told, .. } = *entry;
            match &told {
                Told::Nothing => named.note(&socket, &[]),
                Told::Before(before) => named.note(&socket, &before.owners),
                Told::All => {}
            }
            tick.closed.push(socket);
        }
        self.unix.tick(now, &mut self.next_id, &mut tick, &mut named);
        self.ledger.dirty.clear();
        tick.newly_named = named.processes;
        for sockets in [&mut tick.opened, &mut tick.changed, &mut tick.closed] {
            sockets.sort_unstable_by_key(|socket| socket.id);
        }
        self.ledger.listeners.sweep();
        self.tombstones.prune(now);
        if let Some(twins) = &mut self.twins {
            twins.prune(&self.tombstones);
        }
        self.ticks += 1;
        tick
    }

    /// Where listeners or their owners changed, the sockets that have no better owners follow.
    fn follow_listeners(&mut self) {
        let ports = self.ledger.listeners.take_changed();
        if ports.is_empty() {
            return;
        }
        for kernel_socket in &self.unowned {
            if let Some(entry) =
                self.live.get_mut(kernel_socket).filter(|entry| ports.contains(&port_of(&entry.socket)))
            {
                entry.take_listeners_owners(&mut self.ledger);
            }
        }
    }
}

/// The processes that a tick's sockets name and did not name before, each once.
#[derive(Default)]
pub(super) struct Named {
    processes: Vec<ProcessId>,
    known: FxHashSet<ProcessId>,
}

impl Named {
    pub(super) fn note(&mut self, socket: &Socket, before: &[ProcessId]) {
        for owner in socket.owners.iter().filter(|owner| !before.contains(owner)) {
            if self.known.insert(*owner) {
                self.processes.push(*owner);
            }
        }
    }
}
