//! What a scan adds to the table, and what it takes away.

use super::entry::{Entry, Tuple};
use super::{ConnectionTable, End, twins};
use crate::connection::{ConnectionEventKind, Direction, Scan, ScanRow, Socket, State};
use crate::identity::{ProcessId, Timestamp};

/// How many complete scans in a row must not show a socket before it counts as gone without a word. A scan may
/// look elsewhere just when a socket is passed on; it will not twice.
const MISSES: u8 = 2;

/// What a row is about.
enum Row {
    /// The socket that the table has there.
    Known,
    /// One that it had not.
    New,
    /// One that is gone.
    Gone,
}

impl ConnectionTable {
    /// Takes a scan in. `events_flow`: whether events tell of what opens and closes; where they do not, what a
    /// complete scan does not show is closed. `lost`: whether events were lost since the scan before, so that what
    /// it does not show may have closed unseen.
    ///
    /// Without events the scans are the only clock there is: a socket opens when a row first shows it (but for the
    /// first complete scan, which shows what was there before) and closes at the end of the first complete scan that
    /// does not. With events, a close that was missed has no time.
    ///
    /// Where the rows have names of their own ([`ScanRow::has_own_name`]; all have or none has) and events flow,
    /// the two are brought together by the sockets' addresses.
    pub fn apply_scan(&mut self, scan: &Scan, events_flow: bool, lost: bool) {
        self.unix.apply_scan(scan, &mut self.next_id, &mut self.ledger);
        if events_flow && scan.rows.first().is_some_and(ScanRow::has_own_name) {
            let renamed = self.rename(scan);
            self.take_scan(&renamed, events_flow, lost);
        } else {
            self.take_scan(scan, events_flow, lost);
        }
    }

    fn take_scan(&mut self, scan: &Scan, events_flow: bool, lost: bool) {
        self.scans += 1;
        // Without events, what is new since a complete scan began since that one.
        let tells_openings = !events_flow && self.complete_scan.is_some();
        let mut order: Vec<&ScanRow> = scan.rows.iter().collect();
        order.sort_by_key(|row| (row.kernel_socket, row.at));
        let mut undecided = Vec::new();
        let mut holders = Vec::new();
        for rows in order.chunk_by(|one, other| one.kernel_socket == other.kernel_socket) {
            holders.clear();
            let mut shown = None;
            for row in rows {
                match self.take_row(row, tells_openings) {
                    Row::Gone => continue,
                    // The rows before were of the socket that was there before.
                    Row::New => holders.clear(),
                    Row::Known => {}
                }
                shown = Some(row.kernel_socket);
                holders.extend(row.actor.map(|actor| actor.id));
            }
            if let Some(kernel_socket) = shown {
                self.show(kernel_socket, &holders, scan);
                if self.live.get(&kernel_socket).is_some_and(|entry| {
                    entry.socket.direction == Direction::Unknown || (!events_flow && !entry.opening_told)
                }) {
                    undecided.push(kernel_socket);
                }
            }
        }
        // Only now are all listeners known.
        for kernel_socket in undecided {
            self.decide_direction(kernel_socket, scan.complete);
            if !events_flow {
                self.open_by_scan(kernel_socket, tells_openings);
            }
        }
        if scan.complete {
            self.remove_absent(scan, events_flow, lost);
            self.complete_scan = self.complete_scan.max(Some(scan.began_at));
        }
    }

    fn take_row(&mut self, row: &ScanRow, tells_openings: bool) -> Row {
        let tuple = Tuple::of_row(row);
        let buried = self.tombstones.get(row.kernel_socket).is_some_and(|tombstone| row.at <= tombstone.at);
        if buried || row.state.is_over() {
            self.learn_late_row(row, &tuple);
            return Row::Gone;
        }
        let mut found = Row::New;
        if let Some(entry) = self.live.get(&row.kernel_socket) {
            if entry.is(&tuple) {
                if entry.born_at.is_some_and(|born_at| row.at < born_at) {
                    return Row::Gone;
                }
                found = Row::Known;
            } else if row.at <= entry.news_at {
                return Row::Gone;
            } else {
                let last = entry.news_at;
                self.close(row.kernel_socket, &End::missed(last, row.at));
            }
        }
        if matches!(found, Row::New) {
            self.insert(row.kernel_socket, tuple);
        }
        if let Some(entry) = self.live.get_mut(&row.kernel_socket) {
            let key = self.twins.as_ref().map(|_| twins::key(&entry.socket));
            entry.learn_row(row, &mut self.ledger);
            if matches!(found, Row::New) && tells_openings {
                entry.edit(&mut self.ledger).opened_at = Some(row.at);
            }
            let double = self.twins.as_mut().zip(key).and_then(|(twins, key)| twins.follow(key, entry));
            if let Some((double, born_at)) = double {
                self.forget(double, born_at);
            }
        }
        found
    }

    /// A row of a socket that closed meanwhile still tells whose it was.
    fn learn_late_row(&mut self, row: &ScanRow, tuple: &Tuple<'_>) {
        let Some(actor) = row.actor else { return };
        let Some(tombstone) = self.tombstones.get_mut(row.kernel_socket) else { return };
        let (tick, index) = tombstone.record;
        let Some(entry) = self.ended.get_mut(index).filter(|_| tick == self.ticks) else { return };
        let is_its = entry.is(tuple) && entry.born_at.is_none_or(|born_at| row.at >= born_at);
        if is_its && entry.seen_owner().is_none() {
            entry.held_by(&[actor.id], None, &mut self.ledger);
            tombstone.unowned = false;
        }
    }

    /// All rows of a live socket are read.
    fn show(&mut self, kernel_socket: u64, holders: &[ProcessId], scan: &Scan) {
        let Some(entry) = self.live.get_mut(&kernel_socket) else { return };
        entry.scan = self.scans;
        entry.held_by(holders, scan.complete.then_some(scan.began_at), &mut self.ledger);
        if entry.is_listener() {
            self.ledger.listeners.put(&entry.socket);
        }
        if !entry.lacks_owner() {
            self.unowned.remove(&kernel_socket);
        }
    }

    /// Who began a connection that was there before: the peer, if a listener takes connections to its address.
    fn decide_direction(&mut self, kernel_socket: u64, complete: bool) {
        let Some(entry) = self.live.get_mut(&kernel_socket) else { return };
        if entry.socket.direction != Direction::Unknown {
            return;
        }
        let Socket { netns, protocol, ref local, .. } = entry.socket;
        let direction = if self.ledger.listeners.cover(netns, protocol, local) {
            Direction::Inbound
        } else if complete {
            Direction::Outbound
        } else {
            return;
        };
        entry.edit(&mut self.ledger).direction = direction;
        if entry.lacks_owner() {
            self.unowned.insert(kernel_socket);
        }
    }

    /// Without events, a scan is all that tells of a beginning.
    fn open_by_scan(&mut self, kernel_socket: u64, tells_openings: bool) {
        let Some(entry) = self.live.get_mut(&kernel_socket) else { return };
        let kind = match entry.socket.direction {
            _ if entry.is_listener() => ConnectionEventKind::Listen,
            _ if !entry.established => return,
            Direction::Outbound => ConnectionEventKind::Connect,
            Direction::Inbound => ConnectionEventKind::Accept,
            Direction::Unknown => return,
        };
        if tells_openings {
            let at = entry.news_at;
            entry.tell_opening(kind, at, &mut self.ledger);
        } else {
            entry.opening_told = true;
        }
    }

    /// What a complete scan did not show is gone, as far as the scan can know. It does not see what no process
    /// holds: connections not yet accepted, those that closed on this side and wait for the peer, and whatever
    /// is in processes that this one may not see.
    fn remove_absent(&mut self, scan: &Scan, events_flow: bool, lost: bool) {
        let number = self.scans;
        let mut gone: Vec<u64> = Vec::new();
        for entry in self.live.values_mut().filter(|entry| entry.scan != number) {
            let is_gone =
                !events_flow || (entry.news_at < scan.began_at && (lost || was_missed_often(entry)));
            if is_gone {
                gone.push(entry.kernel_socket);
            }
        }
        // In the order in which they came, whatever the map's.
        gone.sort_by_key(|kernel_socket| self.live.get(kernel_socket).map(|entry| entry.socket.id));
        for kernel_socket in gone {
            self.close(kernel_socket, &End::not_shown(scan, events_flow));
        }
    }
}

impl End {
    /// A complete scan did not show the socket.
    fn not_shown(scan: &Scan, events_flow: bool) -> Self {
        Self {
            state: State::Closed,
            closed_at: if events_flow { None } else { Some(scan.ended_at) },
            noticed_at: scan.ended_at,
            reported: false,
            // A moment before: what happens while the scan runs is news.
            tombstone_at: Timestamp(scan.began_at.0.saturating_sub(1)),
            certain: false,
        }
    }
}

/// Counts that one more complete scan did not show a socket that scans did show and that a process must hold.
fn was_missed_often(entry: &mut Entry) -> bool {
    let is_held =
        matches!(entry.socket.state, State::Established | State::SynSent | State::CloseWait | State::Listen);
    if entry.scan != 0 && is_held {
        entry.missed = entry.missed.saturating_add(1);
    }
    entry.missed >= MISSES
}
