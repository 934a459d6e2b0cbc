//! The table of sockets: events and scans in, ticks out.

use super::{ConnectionEvent, Scan, Socket, SocketEvent};
use crate::identity::{ProcessId, SocketId, Timestamp};
use crate::tick::Counts;

/// The sockets of one host. Pure: no clock, no I/O.
#[derive(Debug, Default)]
pub struct ConnectionTable {}

/// The table's part of a [`Tick`](crate::Tick); see there for what each list means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableTick {
    /// As in the tick.
    pub opened: Vec<Socket>,
    /// As in the tick.
    pub changed: Vec<Socket>,
    /// As in the tick.
    pub closed: Vec<Socket>,
    /// As in the tick.
    pub forgotten: Vec<SocketId>,
    /// As in the tick.
    pub counts: Counts,
    /// Every process that a socket above names and did not name before.
    pub newly_named: Vec<ProcessId>,
}

impl ConnectionTable {
    /// An empty table. With `tell_events` it keeps [`ConnectionEvent`]s for [`ConnectionTable::take_events`].
    pub fn new(tell_events: bool) -> Self {
        let _ = tell_events;
        Self {}
    }

    /// Takes one event in.
    pub fn apply(&mut self, event: &SocketEvent) {
        let _ = event;
    }

    /// Takes a scan in. `events_flow`: whether events tell of what opens and closes; where they do not, what a
    /// complete scan does not show is closed. `lost`: whether events were lost since the scan before, so that what
    /// it does not show may have closed unseen.
    pub fn apply_scan(&mut self, scan: &Scan, events_flow: bool, lost: bool) {
        let _ = (scan, events_flow, lost);
    }

    /// Ends the tick at `now` and tells what changed in it.
    pub fn tick(&mut self, now: Timestamp) -> TableTick {
        let _ = now;
        TableTick::default()
    }

    /// The events since the last call, in order. An accept whose process is not yet known waits for it until
    /// `patience_until` is past its time.
    pub fn take_events(&mut self, patience_until: Timestamp) -> Vec<ConnectionEvent> {
        let _ = patience_until;
        Vec::new()
    }

    /// Whether a socket has waited for its owner since before `since`: a reason to scan.
    pub fn has_unowned(&self, since: Timestamp) -> bool {
        let _ = since;
        false
    }
}
