//! Sockets under two names.
//!
//! Events name a socket by the kernel's address of it. A scan by the iterator does too; one by `sock_diag` or
//! `/proc` has a name of its own ([`ScanRow::has_own_name`]). Where such a scan meets events, the two are brought
//! together here by what both tell: namespace, protocol and addresses.
//!
//! - A socket known by its address keeps that name, and rows of it are renamed before they are taken in.
//! - A socket known by rows alone is renamed once an event tells its address.
//! - The beginning of a connect has no local port, so which row is its own is not known: each connect under way
//!   stands for one row of the same maker and other end, and gets its port with its outcome.

use std::net::SocketAddr;

use rustc_hash::{FxHashMap, FxHashSet};

use super::entry::{Entry, Told, Tuple};
use super::tombstones::{Tombstones, tuple_key};
use super::{ConnectionTable, End, end_state};
use crate::connection::{Protocol, Scan, ScanRow, Socket, SocketEvent, SocketEventKind, State, is_own_name};
use crate::identity::{NetnsId, SocketId, Timestamp};

/// What finds a socket by its addresses. There is none until a scan names sockets in its own way while events
/// flow.
#[derive(Debug, Default)]
pub(super) struct Twins {
    /// The live sockets, by [`key`]. Several may listen at one address; a connection that is over and whose
    /// close is late may be beside its successor.
    by_addresses: FxHashMap<u64, Vec<u64>>,
    /// The newest end at some addresses: when, and whose.
    ended: FxHashMap<u64, (Timestamp, u64)>,
    /// Which listener a row's name was found to mean: nothing but memory tells two at one address apart.
    listeners: FxHashMap<u64, (u64, SocketId)>,
    /// Of a socket that is known by rows alone: when the first scan ended that showed it.
    shown_at: FxHashMap<u64, Timestamp>,
    /// Such of them as were connects under way in the newest scan.
    connects: Vec<u64>,
    /// When the scan ended that is being taken in.
    scan_ended_at: Timestamp,
}

/// A socket's rows, and under which name it is known already.
type Connect<'a> = (Shown<'a>, Option<u64>);

/// Under what a socket is found: its addresses; the other end's alone while a connect has no port of its own.
pub(super) fn key(socket: &Socket) -> u64 {
    match socket.remote {
        Some(_) if socket.local.port() == 0 => pending_key(socket.netns, socket.protocol, socket.remote),
        remote => tuple_key(socket.netns, socket.protocol, socket.local, remote),
    }
}

fn pending_key(netns: NetnsId, protocol: Protocol, remote: Option<SocketAddr>) -> u64 {
    tuple_key(netns, protocol, ([0; 4], 0).into(), remote)
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

    fn at(&self, key: u64) -> &[u64] {
        self.by_addresses.get(&key).map_or(&[], Vec::as_slice)
    }
}

/// The rows of one name.
struct Shown<'a> {
    name: u64,
    rows: &'a [&'a ScanRow],
}

impl<'a> Shown<'a> {
    fn row(&self) -> &'a ScanRow {
        // There is one: the rows were split by their names.
        self.rows[0]
    }

    fn is_held_by_an_owner_of(&self, entry: &Entry) -> bool {
        self.rows
            .iter()
            .filter_map(|row| row.actor.as_ref())
            .any(|actor| entry.socket.owners.contains(&actor.id))
    }
}

/// Whose the rows of a name are.
#[derive(Default)]
struct Meaning {
    /// What a name means that means another socket than the one called so.
    names: FxHashMap<u64, u64>,
    /// The names whose rows are of one of several connects under way: which, nothing tells.
    hidden: FxHashSet<u64>,
    /// What is taken.
    taken: FxHashSet<u64>,
}

impl ConnectionTable {
    /// The scan with its rows under the names that the table has for their sockets.
    pub(super) fn rename(&mut self, scan: &Scan) -> Scan {
        let mut twins = self.twins.take().unwrap_or_else(|| self.find_twins());
        twins.scan_ended_at = scan.ended_at;
        let mut order: Vec<&ScanRow> = scan.rows.iter().collect();
        order.sort_by_key(|row| row.kernel_socket);
        let mut meaning = Meaning::default();
        let (mut listeners, mut connects) = (Vec::new(), Vec::new());
        for rows in order.chunk_by(|one, other| one.kernel_socket == other.kernel_socket) {
            let shown = Shown { name: rows[0].kernel_socket, rows };
            if shown.row().remote.is_none() {
                listeners.push(shown);
                continue;
            }
            let key = Tuple::of_row(shown.row()).key();
            if let Some(live) = self.live_at(&twins, key, &shown) {
                meaning.names.insert(shown.name, live);
                if is_own_name(live) && shown.row().state == State::SynSent {
                    connects.push((shown, Some(live)));
                }
            } else if let Some(ended) = self.buried_at(&twins, key, shown.row()) {
                meaning.names.insert(shown.name, ended);
            } else if shown.row().state == State::SynSent {
                connects.push((shown, None));
            }
        }
        self.name_listeners(&mut twins, listeners, &mut meaning);
        self.twins = Some(twins);
        self.name_connects(connects, &mut meaning);
        let renamed = |row: &ScanRow| {
            let name = row.kernel_socket;
            let kernel_socket = meaning.names.get(&name).copied().unwrap_or(name);
            (!meaning.hidden.contains(&name)).then(|| ScanRow { kernel_socket, ..row.clone() })
        };
        Scan { rows: scan.rows.iter().filter_map(renamed).collect(), ..*scan }
    }

    /// Looks up all that is known already.
    fn find_twins(&self) -> Box<Twins> {
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

    /// The live socket of that connection: of several the one with the newest news, and sooner one that events
    /// name than one that rows alone do.
    fn live_at(&self, twins: &Twins, key: u64, shown: &Shown<'_>) -> Option<u64> {
        let tuple = Tuple::of_row(shown.row());
        let entries = twins.at(key).iter().filter_map(|name| self.live.get(name));
        entries
            .filter(|entry| entry.is(&tuple))
            .max_by_key(|entry| (!is_own_name(entry.kernel_socket), entry.news_at, entry.socket.id))
            .map(|entry| entry.kernel_socket)
    }

    /// The socket at the addresses that ended after the row was read.
    fn buried_at(&self, twins: &Twins, key: u64, row: &ScanRow) -> Option<u64> {
        let &(at, name) = twins.ended.get(&key)?;
        let tombstone = self.tombstones.get(name)?;
        let at = if tombstone.tuple == key { tombstone.at } else { at.min(tombstone.at) };
        (row.at <= at).then_some(name)
    }

    /// Finds out which listeners are meant: first by memory, then by who holds them.
    fn name_listeners(&self, twins: &mut Twins, shown: Vec<Shown<'_>>, meaning: &mut Meaning) {
        let mut left = Vec::new();
        for shown in shown {
            let tuple = Tuple::of_row(shown.row());
            let known = twins.listeners.get(&shown.name).copied().filter(|&(name, id)| {
                let lives =
                    self.live.get(&name).is_some_and(|entry| entry.socket.id == id && entry.is(&tuple));
                let tombstone = self.tombstones.get(name).filter(|tombstone| tombstone.id == id);
                lives || tombstone.is_some_and(|tombstone| shown.row().at <= tombstone.at)
            });
            if let Some((name, _)) = known {
                meaning.names.insert(shown.name, name);
                meaning.taken.insert(name);
            } else if self.live.get(&shown.name).is_none_or(|entry| !entry.is(&tuple)) {
                left.push((tuple.key(), shown));
            }
        }
        for by_owner in [true, false] {
            left.retain(|(key, shown)| {
                let free = twins.at(*key).iter().filter_map(|name| self.live.get(name)).find(|entry| {
                    !is_own_name(entry.kernel_socket)
                        && !meaning.taken.contains(&entry.kernel_socket)
                        && entry.is(&Tuple::of_row(shown.row()))
                        && (!by_owner || shown.is_held_by_an_owner_of(entry))
                });
                let Some(entry) = free else { return true };
                let name = entry.kernel_socket;
                meaning.names.insert(shown.name, name);
                meaning.taken.insert(name);
                twins.listeners.insert(shown.name, (name, entry.socket.id));
                false
            });
        }
        for (key, shown) in left {
            if let Some(ended) = self.buried_at(twins, key, shown.row()) {
                meaning.names.insert(shown.name, ended);
            }
        }
        // What no row names any more, none will.
        twins.listeners.retain(|name, _| meaning.names.contains_key(name));
    }

    /// Finds out which of these connects events told already, when they had no port: by who makes them, then by the
    /// other end alone.
    fn name_connects(&mut self, mut connects: Vec<Connect<'_>>, meaning: &mut Meaning) {
        let Some(twins) = self.twins.as_ref() else { return };
        // What is new first: what the table has already is sooner a connect of which no event told.
        connects.sort_by_key(|(_, known)| known.is_some());
        let mut hidden = Vec::new();
        for by_owner in [true, false] {
            connects.retain(|&(ref shown, known)| {
                let row = shown.row();
                let known_since = known.and_then(|known| twins.shown_at.get(&known)).copied();
                let mut entries = twins.at(pending(row)).iter().filter_map(|name| self.live.get(name));
                let connect = entries.find(|entry| {
                    !meaning.taken.contains(&entry.kernel_socket)
                        && entry.is(&Tuple::of_row(row))
                        && known_since.is_none_or(|since| entry.born_at <= Some(since))
                        && (!by_owner || shown.is_held_by_an_owner_of(entry))
                });
                let Some(entry) = connect else { return true };
                let name = entry.kernel_socket;
                meaning.taken.insert(name);
                meaning.hidden.insert(shown.name);
                hidden.push((name, known));
                false
            });
        }
        let mut left = Vec::new();
        for (shown, known) in connects {
            // One that failed without a word of its port.
            if known.is_none()
                && let Some(ended) = self.buried_at(twins, pending(shown.row()), shown.row())
            {
                meaning.names.insert(shown.name, ended);
            } else {
                left.push(known.unwrap_or(shown.name));
            }
        }
        if let Some(twins) = &mut self.twins {
            twins.connects = left;
        }
        // The scan is counted when its rows are taken in.
        let number = self.scans + 1;
        for (name, double) in hidden {
            let Some(entry) = self.live.get_mut(&name) else { continue };
            entry.scan = number;
            entry.missed = 0;
            let born_at = entry.born_at;
            if let Some(double) = double {
                self.forget(double, born_at);
            }
        }
    }

    /// Gives a socket that so far only rows told of the name that an event has for it. `false` if there is none.
    pub(super) fn adopt(&mut self, event: &SocketEvent, tuple: &Tuple) -> bool {
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
        if is_connecting && tuple.local.port() == 0 {
            // Which of its rows was this connect's is a guess: no port is told by it, and nothing is older news for it.
            entry.edit(&mut self.ledger).local.set_port(0);
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
    pub(super) fn twin(&self, event: &SocketEvent, tuple: &Tuple) -> Option<u64> {
        let twins = self.twins.as_ref()?;
        let is_connecting = event.kind == SocketEventKind::Connecting && tuple.local.port() == 0;
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
    fn replace_twin(&mut self, event: &SocketEvent, tuple: &Tuple) {
        let Some(twins) = self.twins.as_ref().filter(|_| opens(event) && tuple.remote.is_some()) else {
            return;
        };
        let over = twins.at(tuple.key()).iter().copied().find(|&name| is_own_name(name));
        if let Some(over) = over {
            self.forget(over, Some(event.at));
        }
    }

    /// The socket that only rows told of, that is over, and that a late event is about.
    pub(super) fn ended_twin(&self, event: &SocketEvent, tuple: &Tuple) -> Option<u64> {
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

/// Under what the connect that this row tells of is found while it has no port.
fn pending(row: &ScanRow) -> u64 {
    pending_key(row.netns, row.protocol, row.remote)
}
