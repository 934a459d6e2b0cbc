//! Sockets under two names.
//!
//! Events name a socket by the kernel's address of it. A scan by the iterator does too; one by `sock_diag` or
//! `/proc` has a name of its own ([`is_own_name`]). Where such a scan meets events, the two are brought together here
//! by what both tell: namespace, protocol and addresses.
//!
//! - A socket known by its address keeps that name, and rows of it are renamed before they are taken in.
//! - A socket known by rows alone is renamed once an event tells its address.
//! - The beginning of a connect has no local port, so which row is its own is not known: each connect under way
//!   stands for one row of the same maker and other end, and gets its port with its outcome.

use std::net::{Ipv4Addr, SocketAddr};

use rustc_hash::FxHashMap;

use super::entry::{Entry, Told, Tuple};
use super::tombstones::{Tombstones, tuple_key};
use super::{ConnectionTable, End, end_state};
use crate::connection::{Address, Protocol, Socket, SocketEvent, SocketEventKind, State, is_own_name};
use crate::identity::{NetnsId, SocketId, Timestamp};

/// What finds a socket by its addresses. There is none until a scan names sockets in its own way while events
/// flow.
#[derive(Debug, Default)]
pub(super) struct Twins {
    /// The live sockets, by [`key`]. Several may listen at one address; a connection that is over and whose
    /// close is late may be beside its successor.
    by_addresses: FxHashMap<u64, Vec<u64>>,
    /// The newest end at some addresses: when, and whose.
    pub(super) ended: FxHashMap<u64, (Timestamp, u64)>,
    /// Which listener a row's name was found to mean: nothing but memory tells two at one address apart.
    pub(super) listeners: FxHashMap<u64, (u64, SocketId)>,
    /// Of a socket that is known by rows alone: when the first scan ended that showed it.
    pub(super) shown_at: FxHashMap<u64, Timestamp>,
    /// Such of them as were connects under way in the newest scan.
    pub(super) connects: Vec<u64>,
    /// When the scan ended that is being taken in.
    pub(super) scan_ended_at: Timestamp,
}

/// Under what a socket is found: its addresses; the other end's alone while a connect has no port of its own.
pub(super) fn key(socket: &Socket) -> u64 {
    match &socket.remote {
        Some(remote) if socket.local.awaits_port() => {
            pending_key(socket.netns, socket.protocol, Some(remote))
        }
        remote => tuple_key(socket.netns, socket.protocol, &socket.local, remote.as_ref()),
    }
}

pub(super) fn pending_key(netns: NetnsId, protocol: Protocol, remote: Option<&Address>) -> u64 {
    let none_yet = Address::Inet(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0));
    tuple_key(netns, protocol, &none_yet, remote)
}

impl Twins {
    pub(super) fn add(&mut self, entry: &Entry) {
        let name = entry.kernel_socket;
        self.by_addresses.entry(key(&entry.socket)).or_default().push(name);
        if is_own_name(name) {
            self.shown_at.insert(name, self.scan_ended_at);
        }
    }

    pub(super) fn remove(&mut self, key: u64, name: u64) {
        if let Some(here) = self.by_addresses.get_mut(&key) {
            here.retain(|&other| other != name);
            if here.is_empty() {
                self.by_addresses.remove(&key);
            }
        }
        self.shown_at.remove(&name);
    }

    /// Takes note of a socket's end.
    pub(super) fn end(&mut self, key: u64, at: Timestamp, name: u64) {
        let ended = self.ended.entry(key).or_insert((at, name));
        if ended.0 <= at {
            *ended = (at, name);
        }
    }

    /// Takes note that a socket's addresses became known. A row had told them before, of what was thought to be
    /// another socket: that one's name is returned, with the beginning of this one.
    pub(super) fn follow(&mut self, before: u64, entry: &Entry) -> Option<(u64, Option<Timestamp>)> {
        let now = key(&entry.socket);
        if now == before {
            return None;
        }
        let name = entry.kernel_socket;
        self.remove(before, name);
        let double = self.at(now).iter().copied().find(|&other| is_own_name(other) && other != name);
        self.add(entry);
        double.filter(|_| !entry.is_listener()).map(|double| (double, entry.born_at))
    }

    /// Forgets ends whose tombstones are gone.
    pub(super) fn prune(&mut self, tombstones: &Tombstones) {
        if self.ended.len() > 2 * tombstones.len() + 1024 {
            self.ended.retain(|_, (_, name)| tombstones.get(*name).is_some());
        }
    }

    pub(super) fn at(&self, key: u64) -> &[u64] {
        self.by_addresses.get(&key).map_or(&[], Vec::as_slice)
    }
}

impl ConnectionTable {
    /// Looks up all that is known already.
    pub(super) fn find_twins(&self) -> Box<Twins> {
        let mut twins = Box::<Twins>::default();
        for entry in self.live.values() {
            twins.add(entry);
        }
        for (name, tombstone) in self.tombstones.iter() {
            twins.end(tombstone.tuple, tombstone.at, name);
        }
        // Of one address there is one tombstone, and in a short time it may have been several sockets'.
        for entry in &self.ended {
            if let Some(at) = entry.socket.closed_at {
                twins.end(key(&entry.socket), at, entry.kernel_socket);
            }
        }
        twins
    }

    /// Gives a socket that so far only rows told of the name that an event has for it. `false` if there is none.
    pub(super) fn adopt(&mut self, event: &SocketEvent, tuple: &Tuple<'_>) -> bool {
        let Some(name) = self.twin(event, tuple) else {
            self.replace_twin(event, tuple);
            return false;
        };
        let is_connecting = event.kind == SocketEventKind::Connecting;
        let (Some(twins), Some(mut entry)) = (self.twins.as_mut(), self.live.remove(&name)) else {
            return false;
        };
        let listener = (event.kernel_socket, entry.socket.id);
        if entry.is_listener() {
            twins.listeners.insert(name, listener);
        }
        twins.remove(key(&entry.socket), name);
        entry.kernel_socket = event.kernel_socket;
        if is_connecting && tuple.local.awaits_port() {
            // Which of its rows was this connect's is a guess: no port is told by it, and nothing is older news for it.
            if let Address::Inet(local) = &mut entry.edit(&mut self.ledger).local {
                local.set_port(0);
            }
            (entry.state_at, entry.news_at) = (event.at, event.at);
        }
        twins.add(&entry);
        if !matches!(entry.told, Told::All) {
            self.ledger.dirty.push(event.kernel_socket);
        }
        if self.unowned.remove(&name) {
            self.unowned.insert(event.kernel_socket);
        }
        self.live.insert(event.kernel_socket, entry);
        true
    }

    /// The socket that so far only rows told of, and that an event is about.
    pub(super) fn twin(&self, event: &SocketEvent, tuple: &Tuple<'_>) -> Option<u64> {
        let twins = self.twins.as_ref()?;
        let is_connecting = event.kind == SocketEventKind::Connecting && tuple.local.awaits_port();
        let opens = opens(event);
        let ends = end_state(event.kind).is_some();
        let may_be = |entry: &Entry| {
            let shown_at = twins.shown_at.get(&entry.kernel_socket).copied().unwrap_or_default();
            entry.is(tuple)
                && (!opens || event.at <= shown_at)
                && (!ends || event.at >= entry.state_at)
                && (!is_connecting || entry.socket.state == State::SynSent)
        };
        let is_owners =
            |entry: &Entry| event.actor.as_ref().is_some_and(|actor| entry.socket.owners.contains(&actor.id));
        let candidates = |names: &[u64]| {
            let entries =
                names.iter().filter(|&&name| is_own_name(name)).filter_map(|name| self.live.get(name));
            let best = entries
                .filter(|entry| may_be(entry))
                .min_by_key(|entry| (!is_owners(entry), entry.socket.id));
            best.map(|entry| entry.kernel_socket)
        };
        // Rows have the port already.
        candidates(if is_connecting { &twins.connects } else { twins.at(tuple.key()) })
    }

    /// A connection begins at the addresses of one that only rows told of: that one is over.
    fn replace_twin(&mut self, event: &SocketEvent, tuple: &Tuple<'_>) {
        let Some(twins) = self.twins.as_ref().filter(|_| opens(event) && tuple.remote.is_some()) else {
            return;
        };
        let over = twins.at(tuple.key()).iter().copied().find(|&name| is_own_name(name));
        if let Some(over) = over {
            self.forget(over, Some(event.at));
        }
    }

    /// The socket that only rows told of, that is over, and that a late event is about.
    pub(super) fn ended_twin(&self, event: &SocketEvent, tuple: &Tuple<'_>) -> Option<u64> {
        let &(_, name) = self.twins.as_ref()?.ended.get(&tuple.key())?;
        let tombstone = self.tombstones.get(name).filter(|_| is_own_name(name))?;
        let follows =
            end_state(event.kind).is_some() || (event.kind == SocketEventKind::Owned && tombstone.certain);
        (event.at <= tombstone.at || follows).then_some(name)
    }

    /// Takes out a socket that only rows told of: it turned out to be the one that events tell of, born at
    /// `born_at`, or to have been there before that one.
    pub(super) fn forget(&mut self, name: u64, born_at: Option<Timestamp>) {
        let Some(twins) = &mut self.twins else { return };
        let Some(entry) = self.live.get(&name) else { return };
        let shown_at = twins.shown_at.get(&name).copied();
        if let Some(born_at) = born_at.filter(|_| shown_at < born_at) {
            let last = entry.news_at;
            return self.close(name, &End::missed(last, born_at));
        }
        twins.remove(key(&entry.socket), name);
        if !matches!(entry.told, Told::Nothing) {
            self.forgotten.push(entry.socket.id);
        }
        self.unowned.remove(&name);
        self.live.remove(&name);
    }
}

fn opens(event: &SocketEvent) -> bool {
    matches!(event.kind, SocketEventKind::Connecting | SocketEventKind::Arrived | SocketEventKind::Listening)
}
