//! From namespace to namespace: what the translators on the way make of a connection.

use rustc_hash::FxHashMap;

use super::message::{Entry, Flow};
use crate::identity::{NetnsId, SocketId};
use crate::tick::Translation;

/// More translators than this on the way of one connection are not looked for.
const MOST_HOPS: usize = 3;

/// A socket whose connection may be translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) socket: SocketId,
    /// Its namespace.
    pub(crate) netns: NetnsId,
    /// A process that may be in it.
    pub(crate) pid: Option<u32>,
    /// Its packets as it sends them.
    pub(crate) flow: Flow,
}

/// Questions, to be answered together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) questions: Vec<Question>,
    /// The namespaces that may translate for others.
    pub(crate) routers: Vec<NetnsId>,
}

/// The tables of the namespaces.
pub(crate) trait LookUp {
    /// The entries of these flows, each in whichever direction, in the table of a namespace; a process may be in it.
    fn look_up(&mut self, netns: NetnsId, pid: Option<u32>, flows: &[Flow]) -> Vec<Option<Entry>>;
}

/// How far a socket's packets have been followed.
struct Trip {
    /// The packets as they are after the translators so far.
    flow: Flow,
    /// Whether this end sent the first one; `None` while no table has it.
    from_here: Option<bool>,
    passed: Vec<NetnsId>,
    ended: bool,
    /// Whether more than one answer may be true: then none is told.
    ambiguous: bool,
}

/// What the tables say of these connections: only of those that are translated.
pub(crate) fn undo(request: &Request, tables: &mut impl LookUp) -> Vec<Translation> {
    let Request { questions, routers } = request;
    let mut trips: Vec<Trip> = (questions.iter())
        .map(|question| Trip {
            flow: question.flow,
            from_here: None,
            passed: Vec::new(),
            ended: false,
            ambiguous: false,
        })
        .collect();
    let mut homes: FxHashMap<NetnsId, Vec<usize>> = FxHashMap::default();
    for (place, question) in questions.iter().enumerate() {
        homes.entry(question.netns).or_default().push(place);
    }
    for (&netns, places) in &homes {
        let pid = places.iter().find_map(|&place| questions[place].pid);
        let flows: Vec<_> = places.iter().map(|&place| trips[place].flow).collect();
        for (&place, entry) in places.iter().zip(tables.look_up(netns, pid, &flows)) {
            let trip = &mut trips[place];
            trip.passed.push(netns);
            if let Some((flow, from_here)) = entry.and_then(|entry| entry.beyond(trip.flow)) {
                (trip.flow, trip.from_here) = (flow, Some(from_here));
            }
        }
    }
    for _ in 0..MOST_HOPS {
        if !hop(&mut trips, questions, routers, tables) {
            break;
        }
    }
    (questions.iter().zip(&trips))
        .filter(|(question, trip)| !trip.ambiguous && trip.flow != question.flow)
        .map(|(question, trip)| Translation {
            socket: question.socket,
            local: trip.flow.source,
            remote: trip.flow.destination,
            outbound: trip.from_here.unwrap_or_default(),
        })
        .collect()
}

/// Follows all trips that have not ended through the next translator. `false` if all have ended.
fn hop(trips: &mut [Trip], questions: &[Question], routers: &[NetnsId], tables: &mut impl LookUp) -> bool {
    let mut found: FxHashMap<usize, Vec<(NetnsId, Flow, bool)>> = FxHashMap::default();
    // Packets of two namespaces that look alike cannot both be what a third one's table tells of.
    let mut senders: FxHashMap<Flow, NetnsId> = FxHashMap::default();
    let mut unclear = Vec::new();
    for (trip, question) in trips.iter_mut().zip(questions) {
        trip.ended |= trip.flow.source.ip().is_loopback() || trip.flow.destination.ip().is_loopback();
        if !trip.ended && *senders.entry(trip.flow).or_insert(question.netns) != question.netns {
            unclear.push(trip.flow);
        }
    }
    for trip in trips.iter_mut().filter(|trip| unclear.contains(&trip.flow)) {
        trip.ended = true;
    }
    for &router in routers {
        let places: Vec<_> = (0..trips.len())
            .filter(|&place| !trips[place].ended && !trips[place].passed.contains(&router))
            .collect();
        if places.is_empty() {
            continue;
        }
        let flows: Vec<_> = places.iter().map(|&place| trips[place].flow).collect();
        for (&place, entry) in places.iter().zip(tables.look_up(router, None, &flows)) {
            let trip = &trips[place];
            if let Some((flow, from_here)) = entry.and_then(|entry| entry.beyond(trip.flow))
                && flow != trip.flow
            {
                found.entry(place).or_default().push((router, flow, from_here));
            }
        }
    }
    for (place, trip) in trips.iter_mut().enumerate() {
        match found.get(&place).map(Vec::as_slice) {
            Some(&[(router, flow, from_here)]) if trip.from_here.is_none_or(|known| known == from_here) => {
                (trip.flow, trip.from_here) = (flow, Some(from_here));
                trip.passed.push(router);
            }
            Some(_) => (trip.ended, trip.ambiguous) = (true, true),
            None => trip.ended = true,
        }
    }
    trips.iter().any(|trip| !trip.ended)
}

impl Entry {
    /// What packets that come in like this look like when they leave, and whether they are of the direction of the
    /// first packet. `None` where it is not their entry.
    fn beyond(&self, flow: Flow) -> Option<(Flow, bool)> {
        if self.original == flow {
            Some((self.reply.reversed(), true))
        } else if self.reply == flow {
            Some((self.original.reversed(), false))
        } else {
            None
        }
    }
}

#[cfg(test)]
#[path = "undo_tests.rs"]
mod tests;
