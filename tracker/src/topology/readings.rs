//! How fast a connection is: its bytes at two readings of its counters, and the time between.
//!
//! A scan reads the counters of all sockets, as often as its share of the CPU allows; a change of state reads those
//! of one socket in between. A rate goes from one scan to the next. What an event reads in between counts from the
//! last scan to the end of the tick, and the next scan still counts from that last one: so no rate comes of the
//! microseconds between a scan and an event.

use super::edge::Rate;
use crate::connection::Counters;
use crate::identity::Timestamp;

/// A rate is over this time at least, in nanoseconds: a connection's first bytes, microseconds after it opened, say
/// nothing about a second.
const SHORTEST: u64 = 100_000_000;

/// Bytes that a connection carried each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bytes {
    pub(super) to_server: u64,
    pub(super) to_client: u64,
}

impl Bytes {
    /// By the counters of a connection's ends: each end is read at its own moment, and whichever saw more is right.
    pub(super) fn of(client: Option<Counters>, server: Option<Counters>) -> Option<Self> {
        let client = client.map(|end| Self { to_server: end.bytes_sent, to_client: end.bytes_received });
        let server = server.map(|end| Self { to_server: end.bytes_received, to_client: end.bytes_sent });
        match (client, server) {
            (Some(client), Some(server)) => Some(Self {
                to_server: client.to_server.max(server.to_server),
                to_client: client.to_client.max(server.to_client),
            }),
            (one, other) => one.or(other),
        }
    }

    /// The same where client and server have changed places.
    pub(super) fn swapped(self) -> Self {
        Self { to_server: self.to_client, to_client: self.to_server }
    }
}

/// What a connection had carried at a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) at: Timestamp,
    pub(super) bytes: Bytes,
}

impl Reading {
    /// How much came on top of this until `now`, a second; taken over so many nanoseconds at least.
    fn rate_until(self, now: Timestamp, bytes: Bytes, at_least: u64) -> Rate {
        let time = now.since(self.at).max(at_least);
        let one_way = |now: u64, before: u64| Rate::per_second(now.saturating_sub(before), time);
        Rate {
            to_server: one_way(bytes.to_server, self.bytes.to_server),
            to_client: one_way(bytes.to_client, self.bytes.to_client),
        }
    }
}

/// When a host's counters were read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Readings {
    /// All at once, before this tick.
    pub(super) before: Option<Timestamp>,
    /// All at once, in this tick; `None` if they were not.
    pub(super) newest: Option<Timestamp>,
    /// The end of the tick.
    pub(super) tick_ended: Timestamp,
    /// Its length in nanoseconds.
    pub(super) duration: u64,
}

impl Readings {
    /// From where the rate of a connection counts that this tick tells of for the first time, and its rate. Of one
    /// that began in it (`is_new`) all its bytes count, over its own life; of one that also ended in it, over the tick.
    pub(super) fn first(
        &self,
        is_new: bool,
        opened_at: Option<Timestamp>,
        is_over: bool,
        bytes: Option<Bytes>,
    ) -> (Option<Reading>, Rate) {
        if !is_new {
            return (bytes.map(|bytes| Reading { at: self.now(None), bytes }), Rate::default());
        }
        let began_at = Timestamp(self.tick_ended.0.saturating_sub(self.duration));
        let base = Reading { at: opened_at.unwrap_or(began_at), bytes: Bytes::default() };
        bytes.map_or((Some(base), Rate::default()), |bytes| self.count(base, opened_at, is_over, bytes))
    }

    /// The same of a connection that was there before: what it had carried, from where its rate counted, and its rate.
    /// That stays what it was where nothing moved.
    pub(super) fn next(
        &self,
        (before, base): (Option<Bytes>, Option<Reading>),
        rate: Rate,
        opened_at: Option<Timestamp>,
        is_over: bool,
        bytes: Option<Bytes>,
    ) -> (Option<Reading>, Rate) {
        if bytes == before {
            return (base, rate);
        }
        match (bytes, self.base(base, before)) {
            (Some(bytes), Some(base)) => self.count(base, opened_at, is_over, bytes),
            _ => self.first(false, opened_at, is_over, bytes),
        }
    }

    fn count(
        &self,
        base: Reading,
        opened_at: Option<Timestamp>,
        is_over: bool,
        bytes: Bytes,
    ) -> (Option<Reading>, Rate) {
        if is_over {
            // Its last bytes are shown for one tick.
            return (Some(base), base.rate_until(self.tick_ended, bytes, self.duration));
        }
        let now = self.now(opened_at);
        let rate = base.rate_until(now, bytes, SHORTEST);
        (Some(if self.newest == Some(now) { Reading { at: now, bytes } } else { base }), rate)
    }

    /// When what this tick tells of a socket was read: in the scan, unless there was none or the socket is younger.
    fn now(&self, opened_at: Option<Timestamp>) -> Timestamp {
        self.newest.filter(|&newest| opened_at < Some(newest)).unwrap_or(self.tick_ended)
    }

    /// The reading from which a connection's rate counts that had carried so much before this tick, and whose rate
    /// counted from `base` then.
    fn base(&self, base: Option<Reading>, before: Option<Bytes>) -> Option<Reading> {
        match (before, self.before) {
            // At that scan it had carried as much: had it not, it would have been told of.
            (Some(bytes), Some(at)) if base.is_none_or(|base| base.at < at) => Some(Reading { at, bytes }),
            _ => base,
        }
    }
}
