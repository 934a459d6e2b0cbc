//! The Unix sockets of the table.
//!
//! They differ from TCP's: each socket points to its peer, so both ends are known exactly and together; and nothing tells
//! when one opens or closes. A connection is there from its first use or the first scan that shows it, and ends when its
//! user is told so, when its namespace's list has it no more after its process is gone (`over`), or with the first complete
//! scan that does not show it.
//!
//! What is told: connections between processes. A pair of nameless sockets (`socketpair`) whose two ends are in the same
//! hands is a process's own affair, and is told once another process has an end. The end of a connection that no process
//! has accepted yet is its listener's, as with TCP; datagrams are received by the socket that is bound to the name,
//! which stands for the other end of each socket that is connected to it.

mod link;
mod over;
mod place;
mod scan;
mod tick;

use rustc_hash::FxHashMap;

use self::link::Link;
use self::place::Place;
use super::ledger::Ledger;
use super::outbox::Doer;
use crate::connection::{ConnectionEventKind, OwnerSource, Socket, UnixKind, UnixRow};
use crate::identity::{ProcessId, SocketId, Timestamp};

/// How long it is remembered which sockets ended, in nanoseconds: longer than any record is late.
const KEEP: u64 = 60_000_000_000;

/// The Unix sockets of one host.
#[derive(Debug, Default)]
pub(super) struct UnixTable {
    /// By the first of their ends' numbers.
    links: FxHashMap<SocketId, Box<Link>>,
    /// Where in `links` the connection of a kernel's socket is.
    by_socket: FxHashMap<u64, SocketId>,
    /// By the kernel's socket.
    places: FxHashMap<u64, Place>,
    /// The listeners by [`UnixRow::name_id`].
    listeners: FxHashMap<u64, u64>,
    /// Those that ended in this tick.
    ended: Vec<Link>,
    ended_places: Vec<Place>,
    /// Up to when news of a kernel's socket with that inode number is about one that is gone.
    tombstones: FxHashMap<u64, (u64, Timestamp)>,
    scans: u32,
    /// Whether anything may have to be told.
    is_dirty: bool,
}

impl UnixTable {
    /// A process used a socket.
    pub(super) fn apply(&mut self, row: &UnixRow, ids: &mut u64, ledger: &mut Ledger) {
        let Some((number, opened)) = self.find(row, ids, ledger) else { return };
        let Some(link) = self.links.get_mut(&number) else { return };
        let Some(end) = link.end_of(row) else { return };
        let closed = link.learn(end, row);
        if let Some(actor) = &row.actor
            && link.ends[end].used_by(row.at, actor.id)
        {
            link.is_dirty = true;
            ledger.outbox.owner_seen(link.ends[end].id, Doer { process: actor.id, comm: Some(actor.comm) });
        }
        self.is_dirty = true;
        if opened {
            self.tell_opening(number, row.at, ledger);
        }
        if closed {
            self.end_closed(number, 1 - end, row.at, ledger);
        }
    }

    /// Every process that has a socket.
    pub(super) fn owners(&self) -> impl Iterator<Item = ProcessId> {
        let ends = self.links.values().flat_map(|link| &link.ends).flat_map(|end| &end.holders);
        ends.chain(self.places.values().flat_map(|place| &place.socket.owners)).copied()
    }

    /// How many sockets ended since the last tick.
    pub(super) fn ended(&self) -> usize {
        2 * self.ended.len() + self.ended_places.len()
    }

    /// The connection that a row is about; a new one where there was none. `None` where it is about none, or one that is
    /// over. With it whether it began just now: is new, and not from before the first scan.
    fn find(&mut self, row: &UnixRow, ids: &mut u64, ledger: &mut Ledger) -> Option<(SocketId, bool)> {
        if self.is_late(row) {
            return None;
        }
        if let Some(&number) = self.by_socket.get(&row.kernel_socket) {
            let link = self.links.get(&number)?;
            if link.end_of(row).is_some() {
                return Some((number, false));
            }
            if row.at < link.first_at {
                return None;
            }
            // Another socket is at its place, or it was connected anew.
            self.close(number, row.at, before(row.at), ledger);
        }
        let mut link = Link::of(row, ids)?;
        let number = link.ends[0].id;
        let peers = link.ends[1].kernel_socket;
        if !link.is_one_way {
            if let Some(&other) = self.by_socket.get(&peers) {
                if self.links.get(&other).is_some_and(|other| row.at < other.first_at) {
                    return None;
                }
                self.close(other, row.at, before(row.at), ledger);
            }
            self.by_socket.insert(peers, number);
        }
        self.by_socket.insert(row.kernel_socket, number);
        let opens = self.scans > 0;
        link.opened_at = opens.then_some(row.at);
        self.links.insert(number, Box::new(link));
        Some((number, opens))
    }

    /// Whether the row is about a socket that is known to be gone.
    fn is_late(&self, row: &UnixRow) -> bool {
        self.tombstones.get(&row.kernel_socket).is_some_and(|&(inode, at)| {
            row.at <= at
                || (inode != 0 && inode == row.inode && row.peer.as_ref().is_none_or(|peer| peer.is_closed))
        })
    }

    /// Takes a connection out of the table: at this time at the latest both ends were closed. `late`: up to when all
    /// news of its sockets is about it.
    fn close(&mut self, number: SocketId, at: Timestamp, late: Timestamp, ledger: &mut Ledger) {
        let Some(mut link) = self.links.remove(&number) else { return };
        for end in &link.ends {
            if self.by_socket.get(&end.kernel_socket) == Some(&number) {
                self.by_socket.remove(&end.kernel_socket);
                self.tombstones.insert(end.kernel_socket, (end.inode, late));
            }
        }
        for end in 0..2 {
            if link.ends[end].closed_at.is_none() {
                link.ends[end].closed_at = Some(at);
                self.tell_close(&link, end, at, ledger);
            }
        }
        self.ended.push(*link);
        self.is_dirty = true;
    }

    /// Whose an end is, as far as is known.
    fn owners_of(&self, link: &Link, end: usize) -> (Vec<ProcessId>, OwnerSource) {
        if link.is_one_way && end == 1 {
            let place = self.places.get(&link.ends[end].kernel_socket);
            let mut owners = place.map(|place| place.socket.owners.clone()).unwrap_or_default();
            // Where it is gone already, those that had it are still the best that is known.
            if owners.is_empty()
                && let Some(told) = &link.told
            {
                owners.clone_from(&told[end].owners);
            }
            return (owners, OwnerSource::Seen);
        }
        let seen = link.seen_owners(end);
        if !seen.is_empty() {
            return (seen, OwnerSource::Seen);
        }
        if let Some(listener) = self.listener(link.ends[end].name_id) {
            return (listener.socket.owners.clone(), OwnerSource::Listener);
        }
        (Vec::new(), OwnerSource::Unknown)
    }

    fn listener(&self, name_id: u64) -> Option<&Place> {
        self.places.get(self.listeners.get(&name_id)?)
    }

    /// One end as the rest of the program sees it.
    fn socket(&self, link: &Link, end: usize) -> Socket {
        let (owners, source) = self.owners_of(link, end);
        link.socket(end, owners, source)
    }

    /// Finds out which of two named ends was accepted: the one with the name of a listener.
    fn decide_server(&mut self, number: SocketId) {
        let Some(link) = self.links.get(&number).filter(|link| link.server.is_none()) else { return };
        let of_listener = link.ends.each_ref().map(|end| self.listeners.contains_key(&end.name_id));
        let server = match of_listener {
            [true, false] => 0,
            [false, true] => 1,
            _ => return,
        };
        if let Some(link) = self.links.get_mut(&number) {
            link.server = Some(server);
            link.is_dirty = true;
        }
    }

    /// Counts and tells that a connection began.
    fn tell_opening(&mut self, number: SocketId, at: Timestamp, ledger: &mut Ledger) {
        self.decide_server(number);
        let Some(link) = self.links.get(&number) else { return };
        let Some(server) = link.server else { return };
        let accepts = link.kind != UnixKind::Datagram;
        let client = self.socket(link, 1 - server);
        let owner = client.owners.first().copied();
        ledger.counts.connects += 1;
        ledger.outbox.tell(ConnectionEventKind::Connect, at, &client, owner.map(Doer::unnamed), None);
        if accepts {
            let socket = self.socket(link, server);
            ledger.counts.accepts += 1;
            if socket.owner_source == OwnerSource::Seen {
                let owner = socket.owners.first().copied();
                ledger.outbox.tell(ConnectionEventKind::Accept, at, &socket, owner.map(Doer::unnamed), None);
            } else {
                ledger.outbox.wait_for_owner(at, &socket, sole(&socket.owners));
            }
        }
    }

    /// An end closed, as the other one was told. A datagram socket whose receiver is gone is connected to nobody.
    fn end_closed(&mut self, number: SocketId, end: usize, at: Timestamp, ledger: &mut Ledger) {
        let Some(link) = self.links.get(&number) else { return };
        if link.is_one_way {
            self.close(number, at, at, ledger);
        } else {
            self.tell_close(link, end, at, ledger);
        }
    }

    /// Counts and tells that an end closed. Where it is not known who began, nothing was told of the beginning either.
    fn tell_close(&self, link: &Link, end: usize, at: Timestamp, ledger: &mut Ledger) {
        if link.server.is_none() || (link.is_one_way && end == 1) {
            return;
        }
        let socket = self.socket(link, end);
        let is_seen = socket.owner_source == OwnerSource::Seen;
        let seen = socket.owners.first().copied().filter(|_| is_seen).map(Doer::unnamed);
        ledger.counts.closes += 1;
        ledger.outbox.tell(ConnectionEventKind::Close, at, &socket, seen, sole(&socket.owners));
    }
}

/// The moment before.
fn before(at: Timestamp) -> Timestamp {
    Timestamp(at.0.saturating_sub(1))
}

/// The only one.
fn sole(owners: &[ProcessId]) -> Option<ProcessId> {
    match owners {
        [owner] => Some(*owner),
        _ => None,
    }
}
