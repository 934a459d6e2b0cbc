//! The table of sockets: events and scans in, ticks out.
//!
//! Every socket that is known has one [`entry::Entry`], found by the kernel's own address of it. That address is
//! reused, and news may come twice, late or never; so each piece of news is first placed (is it about the socket
//! that lives there, the one that ended there, or a new one?) and only then learned from.

mod entry;
mod ledger;
mod listeners;
mod outbox;
mod owners;
mod renaming;
mod scan;
mod tick;
mod tombstones;
mod twins;
mod unix;

use rustc_hash::{FxHashMap, FxHashSet};

use self::entry::{Entry, Tuple};
use self::ledger::Ledger;
use self::outbox::{Doer, Outbox};
use self::tombstones::{Tombstone, Tombstones, tuple_key};
use self::twins::Twins;
use self::unix::UnixTable;
use super::{ConnectionEvent, Socket, SocketEvent, SocketEventKind, State, UnixRow};
use crate::identity::{NetnsId, ProcessId, SocketId, Timestamp};
use crate::tick::Counts;

/// The sockets of one host. Pure: no clock, no I/O.
#[derive(Debug, Default)]
pub struct ConnectionTable {
    /// The live sockets, by the kernel's.
    live: FxHashMap<u64, Box<Entry>>,
    /// Those that ended in this tick.
    #[expect(
        clippy::vec_box,
        reason = "they come in their boxes; a long list would copy them whenever it grows"
    )]
    ended: Vec<Box<Entry>>,
    tombstones: Tombstones,
    /// The live accepted sockets that no process was seen using.
    unowned: FxHashSet<u64>,
    ledger: Ledger,
    next_id: u64,
    /// How many ticks there were.
    ticks: u64,
    /// How many scans there were.
    scans: u32,
    /// When the newest complete scan began; `None` before the first.
    complete_scan: Option<Timestamp>,
    /// Finds sockets by their addresses, where events and scans have different names for them.
    twins: Option<Box<Twins>>,
    unix: UnixTable,
    /// What turned out in this tick to be another socket, and was told.
    forgotten: Vec<SocketId>,
}

/// The table's part of a [`Tick`](crate::Tick); see there for what each list means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableTick {
    /// As in the tick.
    pub opened: Vec<Socket>,
    /// As in the tick.
    pub changed: Vec<Socket>,
    /// As in the tick.
    pub closed: Vec<Socket>,
    /// As in the tick: what a scan told of under its own name and a late event under another.
    pub forgotten: Vec<SocketId>,
    /// As in the tick.
    pub counts: Counts,
    /// Every process that a socket above names and did not name before.
    pub newly_named: Vec<ProcessId>,
}

impl TableTick {
    /// Adds what another table tells of other sockets.
    pub(crate) fn extend(&mut self, other: Self) {
        self.opened.extend(other.opened);
        self.changed.extend(other.changed);
        self.closed.extend(other.closed);
        self.forgotten.extend(other.forgotten);
        self.newly_named.extend(other.newly_named);
        self.counts.connects += other.counts.connects;
        self.counts.accepts += other.counts.accepts;
        self.counts.closes += other.counts.closes;
        self.counts.fails += other.counts.fails;
    }

    /// Takes in what turned out of sockets of this tick after it was told.
    pub(crate) fn amend(&mut self, later: Self) {
        let Self { opened, changed, closed, forgotten, counts, newly_named } = later;
        let over: FxHashSet<SocketId> =
            closed.iter().map(|socket| socket.id).chain(forgotten.iter().copied()).collect();
        // What was told in this tick only was never told, if it is forgotten now.
        let new: FxHashSet<SocketId> = self.opened.iter().map(|socket| socket.id).collect();
        let forgotten = forgotten.into_iter().filter(|id| !new.contains(id)).collect();
        let mut told: FxHashMap<SocketId, Socket> =
            changed.into_iter().map(|socket| (socket.id, socket)).collect();
        for list in [&mut self.opened, &mut self.changed] {
            list.retain(|socket| !over.contains(&socket.id));
            for socket in list {
                if let Some(later) = told.remove(&socket.id) {
                    *socket = later;
                }
            }
        }
        let changed = told.into_values().collect();
        self.extend(Self { opened, changed, closed, forgotten, counts, newly_named });
        for list in [&mut self.opened, &mut self.changed, &mut self.closed] {
            list.sort_unstable_by_key(|socket| socket.id);
        }
    }
}

/// What a piece of news is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The socket that lives at the kernel's address.
    Live,
    /// A socket that was not known, the first there or the one after a close.
    New,
    /// A socket that was not known; the one that was there ended unseen, at this time at the latest.
    Replaces(Timestamp),
    /// The newest socket that ended there.
    Ended,
    /// A socket that came and went before the one that lives there now.
    Earlier,
}

/// How a socket ended.
struct End {
    state: State,
    closed_at: Option<Timestamp>,
    /// When that was noticed.
    noticed_at: Timestamp,
    /// Whether an event told so.
    reported: bool,
    /// Up to when all news is about this socket or an earlier one.
    tombstone_at: Timestamp,
    /// Whether it is certain.
    certain: bool,
}

impl ConnectionTable {
    /// An empty table. With `tell_events` it keeps [`ConnectionEvent`]s for [`ConnectionTable::take_events`].
    pub fn new(tell_events: bool) -> Self {
        Self { ledger: Ledger { outbox: Outbox::new(tell_events), ..Ledger::default() }, ..Self::default() }
    }

    /// Takes one event in.
    pub fn apply(&mut self, event: &SocketEvent) {
        let tuple = Tuple::of_event(event);
        let end = end_state(event.kind);
        match self.place(event, &tuple) {
            Place::Ended => {
                // Its end may have been taken for granted too early, and a row have shown it since.
                return match end.and_then(|_| self.twin(event, &tuple)) {
                    Some(twin) => self.learn_live(twin, event, end),
                    None => self.learn_late(event.kernel_socket, event, &tuple),
                };
            }
            Place::Earlier => {
                // Only its end is worth telling: without one it would be open for ever.
                if let Some(state) = end {
                    if let Some(twin) = self.twin(event, &tuple) {
                        return self.learn_live(twin, event, end);
                    }
                    let mut entry = self.create(event.kernel_socket, tuple);
                    entry.learn(event, &mut self.ledger);
                    self.bury(entry, &End::told(event.at, state));
                }
                return;
            }
            Place::Live => {}
            Place::Replaces(last) => {
                self.close(event.kernel_socket, &End::missed(last, event.at));
                if !self.adopt(event, &tuple) {
                    self.insert(event.kernel_socket, tuple);
                }
            }
            Place::New if self.adopt(event, &tuple) => {}
            Place::New => {
                if let Some(twin) = self.ended_twin(event, &tuple) {
                    return self.learn_late(twin, event, &tuple);
                }
                // Nothing but its listener has no peer, and a process that lets go of an unknown one is no news.
                if tuple.remote.is_none() && event.kind == SocketEventKind::Owned {
                    return;
                }
                self.insert(event.kernel_socket, tuple);
            }
        }
        self.learn_live(event.kernel_socket, event, end);
    }

    /// Takes in that a process used a Unix socket.
    pub fn apply_unix(&mut self, used: &UnixRow) {
        self.unix.apply(used, &mut self.next_id, &mut self.ledger);
    }

    /// The Unix sockets that may be over without anybody having told so, since their processes or their other ends are gone:
    /// each by its network namespace and the number of its file.
    pub fn doubtful_unix(&self, is_gone: impl FnMut(ProcessId) -> bool) -> Vec<(NetnsId, u64)> {
        self.unix.doubtful(is_gone)
    }

    /// Takes in that the Unix sockets with these files are over, since then at the latest.
    pub fn end_unix(&mut self, over: &FxHashSet<u64>, at: Timestamp) {
        self.unix.end(over, at, &mut self.ledger);
    }

    /// Takes in an event of the live socket that is known by that name.
    fn learn_live(&mut self, kernel_socket: u64, event: &SocketEvent, end: Option<State>) {
        let Some(entry) = self.live.get_mut(&kernel_socket) else { return };
        let lacked_owner = entry.lacks_owner();
        let key = self.twins.as_ref().map(|_| twins::key(&entry.socket));
        entry.learn(event, &mut self.ledger);
        let double = self.twins.as_mut().zip(key).and_then(|(twins, key)| twins.follow(key, entry));
        if let Some(state) = end {
            self.close(kernel_socket, &End::told(event.at, state));
            if let Some((double, born_at)) = double {
                self.forget(double, born_at);
            }
            return;
        }
        entry.turn_by_listeners(&mut self.ledger);
        if entry.is_listener() {
            self.ledger.listeners.put(&entry.socket);
        }
        match (lacked_owner, entry.lacks_owner()) {
            (false, true) => _ = self.unowned.insert(kernel_socket),
            (true, false) => _ = self.unowned.remove(&kernel_socket),
            _ => {}
        }
        if let Some((double, born_at)) = double {
            self.forget(double, born_at);
        }
    }

    /// The events since the last call, in order. An accept whose process is not yet known waits for it until
    /// `patience_until` is past its time.
    pub fn take_events(&mut self, patience_until: Timestamp) -> Vec<ConnectionEvent> {
        self.ledger.outbox.take(patience_until, &self.ledger.listeners)
    }

    /// Whether a socket has waited for its owner since before `since`: a reason to scan. One that a complete scan
    /// since its arrival did not show is not accepted yet, and no reason for another.
    pub fn has_unowned(&self, since: Timestamp) -> bool {
        let scanned = self.complete_scan.unwrap_or_default();
        self.unowned.iter().filter_map(|kernel_socket| self.live.get(kernel_socket)).any(|entry| {
            entry.arrived_at.is_some_and(|arrived_at| arrived_at < since && arrived_at >= scanned)
        })
    }

    /// Finds out what an event is about.
    fn place(&self, event: &SocketEvent, tuple: &Tuple<'_>) -> Place {
        let live = self.live.get(&event.kernel_socket);
        let ends = end_state(event.kind).is_some();
        let same = live.is_some_and(|entry| entry.is(tuple));
        if let Some(tombstone) = self.tombstones.get(event.kernel_socket) {
            if event.at <= tombstone.at {
                return Place::Ended;
            }
            // A second end is no news. A process that takes a reset socket out of its listener's queue, or lets go
            // of it, is seen after the close; it does not bring the socket back.
            let may_follow_the_end = ends || (event.kind == SocketEventKind::Owned && tombstone.certain);
            if may_follow_the_end && !same && tombstone.tuple == tuple.key() {
                return Place::Ended;
            }
        }
        let Some(entry) = live else { return Place::New };
        if entry.born_at.is_some_and(|born_at| event.at < born_at) {
            return Place::Earlier;
        }
        let opens = matches!(
            event.kind,
            SocketEventKind::Connecting | SocketEventKind::Arrived | SocketEventKind::Listening
        );
        if opens {
            return match entry.born_at {
                Some(born_at) if same && event.at == born_at => Place::Live,
                // Both ends connected at once, or the socket did to itself.
                Some(_) if same && entry.is_met_by(event) => Place::Live,
                None if same && event.at <= entry.news_at => Place::Live,
                None if event.at <= entry.news_at => Place::Earlier,
                // All before the beginning is the other one's.
                _ => Place::Replaces(Timestamp(event.at.0.saturating_sub(1))),
            };
        }
        if same {
            if ends && event.at < entry.state_at { Place::Earlier } else { Place::Live }
        } else if event.at > entry.news_at {
            Place::Replaces(entry.news_at)
        } else {
            Place::Earlier
        }
    }

    /// Takes in what comes of a socket after its end: its record is still here until the tick, its events until
    /// they are taken.
    fn learn_late(&mut self, kernel_socket: u64, event: &SocketEvent, tuple: &Tuple<'_>) {
        let Some(tombstone) = self.tombstones.get_mut(kernel_socket) else { return };
        let tombstone_at = tombstone.at;
        if tombstone.tuple == tuple.key() && end_state(event.kind).is_some() {
            tombstone.at = tombstone.at.max(event.at);
            tombstone.certain = true;
        }
        let (tick, index) = tombstone.record;
        let record = self.ended.get_mut(index).filter(|_| tick == self.ticks);
        let Some(entry) = record else {
            if let Some(actor) = event.actor.filter(|_| tombstone.tuple == tuple.key()) {
                let owner = Doer { process: actor.id, comm: Some(actor.comm) };
                self.ledger.outbox.owner_seen(tombstone.id, owner);
            }
            return;
        };
        if !entry.is(tuple) || entry.born_at.is_some_and(|born_at| event.at < born_at) {
            return;
        }
        entry.learn(event, &mut self.ledger);
        if let Some(state) = end_state(event.kind).filter(|_| entry.socket.closed_at.is_none()) {
            entry.end(state, Some(event.at), event.at, true, &mut self.ledger);
        }
        // What was known of it when its end was noticed may have been less than its whole tuple.
        if event.at <= tombstone_at {
            tombstone.tuple = entry_key(entry);
            if let Some(twins) = &mut self.twins {
                twins.end(tombstone.tuple, tombstone.at, kernel_socket);
            }
        }
        tombstone.unowned = entry.lacks_owner();
        if entry.is_listener() {
            self.ledger.listeners.put(&entry.socket);
        }
    }

    /// A new socket, not yet in the table.
    fn create(&mut self, kernel_socket: u64, tuple: Tuple<'_>) -> Box<Entry> {
        let id = SocketId(self.next_id);
        self.next_id += 1;
        Box::new(Entry::new(id, kernel_socket, tuple))
    }

    /// A new socket in the table.
    fn insert(&mut self, kernel_socket: u64, tuple: Tuple<'_>) {
        let entry = self.create(kernel_socket, tuple);
        self.ledger.dirty.push(kernel_socket);
        if let Some(twins) = &mut self.twins {
            twins.add(&entry);
        }
        self.live.insert(kernel_socket, entry);
    }

    /// Takes a live socket out of the table.
    fn close(&mut self, kernel_socket: u64, end: &End) {
        if let Some(entry) = self.live.remove(&kernel_socket) {
            self.unowned.remove(&kernel_socket);
            if let Some(twins) = &mut self.twins {
                twins.remove(twins::key(&entry.socket), kernel_socket);
            }
            if entry.is_listener() {
                self.ledger.listeners.close(&entry.socket);
            }
            self.bury(entry, end);
        }
    }

    /// Keeps the record of a socket until the tick, and a tombstone for longer.
    fn bury(&mut self, mut entry: Box<Entry>, end: &End) {
        entry.turn_by_listeners(&mut self.ledger);
        entry.end(end.state, end.closed_at, end.noticed_at, end.reported, &mut self.ledger);
        let tombstone = Tombstone {
            at: end.tombstone_at,
            id: entry.socket.id,
            tuple: entry_key(&entry),
            certain: end.certain,
            unowned: entry.lacks_owner(),
            record: (self.ticks, self.ended.len()),
        };
        if let Some(twins) = &mut self.twins {
            twins.end(twins::key(&entry.socket), tombstone.at, entry.kernel_socket);
        }
        self.tombstones.insert(entry.kernel_socket, tombstone);
        self.ended.push(entry);
    }
}

impl End {
    /// An event told it.
    fn told(at: Timestamp, state: State) -> Self {
        Self { state, closed_at: Some(at), noticed_at: at, reported: true, tombstone_at: at, certain: true }
    }

    /// Another socket is at its place; it was there at `last` at the latest.
    fn missed(last: Timestamp, noticed_at: Timestamp) -> Self {
        let state = State::Closed;
        Self { state, closed_at: None, noticed_at, reported: false, tombstone_at: last, certain: true }
    }
}

fn entry_key(entry: &Entry) -> u64 {
    let Socket { netns, protocol, local, remote, .. } = &entry.socket;
    tuple_key(*netns, *protocol, local, remote.as_ref())
}

/// How a socket is over after such an event.
fn end_state(kind: SocketEventKind) -> Option<State> {
    match kind {
        SocketEventKind::Closed => Some(State::Closed),
        SocketEventKind::Failed => Some(State::Failed),
        SocketEventKind::Changed(state) if state.is_over() => Some(state),
        _ => None,
    }
}
