//! What a scan tells of Unix sockets.

use super::place::Place;
use super::{UnixTable, before};
use crate::connection::table::ledger::Ledger;
use crate::connection::table::outbox::Doer;
use crate::connection::{Address, ConnectionEventKind, Scan, UnixKind, UnixName, UnixRow};
use crate::identity::{ProcessId, SocketId, Timestamp};

impl UnixTable {
    /// Takes a scan in.
    pub(in crate::connection::table) fn apply_scan(
        &mut self,
        scan: &Scan,
        ids: &mut u64,
        ledger: &mut Ledger,
    ) {
        let mut order: Vec<&UnixRow> = scan.unix.iter().collect();
        order.sort_by_key(|row| (row.kernel_socket, row.at));
        // Whoever listens first: they tell who began.
        for is_place in [true, false] {
            for rows in order.chunk_by(|one, other| one.kernel_socket == other.kernel_socket) {
                // The newest: meanwhile another socket may have come to its place.
                let Some(row) = rows.last() else { continue };
                if Place::is_told_by(row) != is_place {
                    continue;
                }
                let is_same = |other: &&&UnixRow| other.inode == row.inode;
                let actors = rows.iter().filter(is_same).filter_map(|row| row.actor.as_ref());
                let mut holders: Vec<ProcessId> = actors.map(|actor| actor.id).collect();
                holders.sort_unstable();
                holders.dedup();
                if is_place {
                    self.take_place(row, holders, ids, ledger);
                } else {
                    self.take_row(row, holders, scan.began_at, ids, ledger);
                }
            }
        }
        self.scans += 1;
        if scan.complete {
            self.remove_absent(scan, ledger);
        }
        self.is_dirty = true;
    }

    /// The number of the scan that is being taken in.
    fn scan_number(&self) -> u32 {
        self.scans + 1
    }

    fn take_place(&mut self, row: &UnixRow, holders: Vec<ProcessId>, ids: &mut u64, ledger: &mut Ledger) {
        if self.is_late(row) {
            return;
        }
        if let Some(&number) = self.by_socket.get(&row.kernel_socket)
            && self.links.get(&number).is_some_and(|link| row.at >= link.news_at)
        {
            self.close(number, row.at, before(row.at), ledger);
        }
        if self.places.get(&row.kernel_socket).is_some_and(|place| !place.is(row)) {
            self.close_place(row.kernel_socket, row.at, before(row.at));
        }
        let is_live = self.scans > 0;
        let scan = self.scan_number();
        let mut is_new = false;
        let place = self.places.entry(row.kernel_socket).or_insert_with(|| {
            is_new = true;
            *ids += 1;
            Place::of(row, SocketId(*ids - 1), is_live.then_some(row.at))
        });
        place.scan = scan;
        place.news_at = place.news_at.max(row.at);
        let changed = place.held_by(holders);
        let name_id = place.name_id;
        if row.kind != UnixKind::Datagram {
            self.listeners.insert(name_id, row.kernel_socket);
            if is_new && is_live {
                let owner = place.socket.owners.first().copied();
                ledger.outbox.tell(
                    ConnectionEventKind::Listen,
                    row.at,
                    &place.socket,
                    owner.map(Doer::unnamed),
                    None,
                );
            }
        }
        if changed {
            // Those that are waiting for a better owner follow.
            let of_place = |link: &&mut Box<super::Link>| {
                link.ends.iter().any(|end| {
                    end.holders.is_empty()
                        && (end.name_id == name_id || end.kernel_socket == row.kernel_socket)
                })
            };
            self.links.values_mut().filter(of_place).for_each(|link| link.is_dirty = true);
        }
    }

    fn take_row(
        &mut self,
        row: &UnixRow,
        holders: Vec<ProcessId>,
        began_at: Timestamp,
        ids: &mut u64,
        ledger: &mut Ledger,
    ) {
        let Some((number, opened)) = self.find(row, ids, ledger) else { return };
        let scan = self.scan_number();
        let place_name = self.name_of(row);
        let Some(link) = self.links.get_mut(&number) else { return };
        let Some(end) = link.end_of(row) else { return };
        if link.ends[end].closed_at.is_some_and(|closed_at| row.at <= closed_at) {
            return;
        }
        let closed = link.learn(end, row);
        if let Some(name) = place_name
            && link.ends[1 - end].name != name
        {
            link.ends[1 - end].name = name;
            link.is_dirty = true;
        }
        link.scan = scan;
        let first = holders.first().copied();
        if link.ends[end].held_by(holders, scan, began_at) {
            link.is_dirty = true;
            if let Some(first) = first {
                ledger.outbox.owner_seen(link.ends[end].id, Doer::unnamed(first));
            }
        }
        if opened {
            self.tell_opening(number, row.at, ledger);
        } else {
            self.decide_server(number);
        }
        if closed {
            self.end_closed(number, 1 - end, row.at, ledger);
        }
    }

    /// The name of a row's peer, where the row does not tell it and the peer was not accepted yet.
    fn name_of(&self, row: &UnixRow) -> Option<UnixName> {
        let peer = row.peer.as_ref().filter(|peer| peer.name.is_none() && peer.name_id != 0)?;
        let place = self.listener(peer.name_id).or_else(|| self.places.get(&peer.kernel_socket))?;
        match &place.socket.local {
            Address::Unix(name) => Some(name.clone()),
            Address::Inet(_) => None,
        }
    }

    /// What a complete scan did not show is gone: each end that any process has is shown, and shows the other.
    fn remove_absent(&mut self, scan: &Scan, ledger: &mut Ledger) {
        let number = self.scans;
        let mut gone = Vec::new();
        for (&id, link) in &mut self.links {
            if link.scan == number {
                for end in 0..if link.is_one_way { 1 } else { 2 } {
                    link.is_dirty |= link.ends[end].may_be_nobodys(number);
                }
            } else if link.news_at < scan.began_at {
                gone.push(id);
            }
        }
        // In the order in which they came, whatever the map's.
        gone.sort_unstable();
        for id in gone {
            self.close(id, scan.ended_at, before(scan.began_at), ledger);
        }
        let places = self.places.iter();
        let is_gone = |place: &Place| place.scan != number && place.news_at < scan.began_at;
        let gone: Vec<u64> =
            places.filter(|(_, place)| is_gone(place)).map(|(&kernel_socket, _)| kernel_socket).collect();
        for kernel_socket in gone {
            self.close_place(kernel_socket, scan.ended_at, before(scan.began_at));
        }
    }

    pub(super) fn close_place(&mut self, kernel_socket: u64, at: Timestamp, late: Timestamp) {
        let Some(mut place) = self.places.remove(&kernel_socket) else { return };
        if self.listeners.get(&place.name_id) == Some(&kernel_socket) {
            self.listeners.remove(&place.name_id);
        }
        place.socket.closed_at = Some(at);
        self.tombstones.insert(kernel_socket, (place.inode, late));
        self.ended_places.push(place);
    }
}
