//! The rows of a scan under the names that the table has for their sockets.

use rustc_hash::{FxHashMap, FxHashSet};

use super::ConnectionTable;
use super::entry::{Entry, Tuple};
use super::twins::{Twins, pending_key};
use crate::connection::{Scan, ScanRow, State, is_own_name};

/// A socket's rows, and under which name it is known already.
type Connect<'a> = (Shown<'a>, Option<u64>);

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
        Scan { rows: scan.rows.iter().filter_map(renamed).collect(), unix: Vec::new(), ..*scan }
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
}

/// Under what the connect that this row tells of is found while it has no port.
fn pending(row: &ScanRow) -> u64 {
    pending_key(row.netns, row.protocol, row.remote.as_ref())
}
