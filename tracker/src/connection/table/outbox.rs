//! The events that are told at once, and those that wait until it is known who accepted.

use std::mem;

use rustc_hash::FxHashMap;

use super::listeners::Listeners;
use crate::connection::{ConnectionEvent, ConnectionEventKind, Socket};
use crate::identity::{ProcessId, SocketId, Timestamp};

/// The process that an event is told of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doer {
    pub(super) process: ProcessId,
    /// The name that it had then, where the kernel told.
    pub(super) comm: Option<[u8; 16]>,
}

impl Doer {
    /// One that no event named.
    pub(super) fn unnamed(process: ProcessId) -> Self {
        Self { process, comm: None }
    }
}

/// The events to be told.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// Whether anybody listens: without, nothing is kept.
    enabled: bool,
    ready: Vec<ConnectionEvent>,
    /// Where in `ready` the events of a socket are that nobody was seen using.
    unseen: FxHashMap<SocketId, Vec<usize>>,
    /// Accepts whose process is not known yet.
    waiting: FxHashMap<SocketId, Waiting>,
}

/// An accept whose process is not known yet.
#[derive(Debug)]
struct Waiting {
    /// The accept, and what happened to its socket since.
    events: Vec<ConnectionEvent>,
    /// The listeners' owner when it came: they may be gone, and forgotten, when the patience ends.
    likely: Option<ProcessId>,
}

impl Outbox {
    pub(super) fn new(enabled: bool) -> Self {
        Self { enabled, ..Self::default() }
    }

    /// Tells what happened to a socket; behind its accept, if that still waits. Where nobody was `seen` using the
    /// socket, it is told of the `likely` one.
    pub(super) fn tell(
        &mut self,
        kind: ConnectionEventKind,
        at: Timestamp,
        socket: &Socket,
        seen: Option<Doer>,
        likely: Option<ProcessId>,
    ) {
        if !self.enabled {
            return;
        }
        if let Some(waiting) = self.waiting.get_mut(&socket.id) {
            waiting.events.push(connection_event(kind, at, socket, seen));
            return;
        }
        if seen.is_none() {
            self.unseen.entry(socket.id).or_default().push(self.ready.len());
        }
        self.ready.push(connection_event(kind, at, socket, seen.or(likely.map(Doer::unnamed))));
    }

    /// Keeps an accept until its process is known.
    pub(super) fn wait_for_owner(&mut self, at: Timestamp, socket: &Socket, likely: Option<ProcessId>) {
        if self.enabled {
            let event = connection_event(ConnectionEventKind::Accept, at, socket, None);
            self.waiting.insert(socket.id, Waiting { events: vec![event], likely });
        }
    }

    /// A process was seen using the socket: what waits for that, or was not taken yet, gets its name.
    pub(super) fn owner_seen(&mut self, socket: SocketId, owner: Doer) {
        if !self.waiting.is_empty()
            && let Some(waiting) = self.waiting.remove(&socket)
        {
            self.release(waiting.events, Some(owner));
        }
        if !self.unseen.is_empty() {
            for index in self.unseen.remove(&socket).unwrap_or_default() {
                if let Some(event) = self.ready.get_mut(index) {
                    (event.process, event.comm) = (Some(owner.process), owner.comm);
                }
            }
        }
    }

    /// What there is to tell, by time. Accepts from before `patience_until` wait no longer: theirs is the
    /// listeners' owner, if that is one; or was, where they are gone.
    pub(super) fn take(&mut self, patience_until: Timestamp, listeners: &Listeners) -> Vec<ConnectionEvent> {
        let overdue = self
            .waiting
            .extract_if(|_, waiting| waiting.events.first().is_none_or(|accept| accept.at < patience_until));
        for (_, waiting) in overdue.collect::<Vec<_>>() {
            let Some(&ConnectionEvent { netns, protocol, ref local, .. }) = waiting.events.first() else {
                continue;
            };
            let owner = match waiting.likely {
                // It was found meanwhile that others listen there too.
                Some(likely) if listeners.owners(netns, protocol, local).contains(&likely) => {
                    listeners.sole_owner(netns, protocol, local)
                }
                None => listeners.sole_owner(netns, protocol, local),
                likely => likely,
            };
            self.release(waiting.events, owner.map(Doer::unnamed));
        }
        self.unseen.clear();
        let mut events = mem::take(&mut self.ready);
        // Stable, so that events of one moment stay in the order in which they came.
        events.sort_by_key(|event| event.at);
        events
    }

    fn release(&mut self, waiting: Vec<ConnectionEvent>, owner: Option<Doer>) {
        self.ready.extend(waiting.into_iter().map(|event| match owner {
            Some(Doer { process, comm }) if event.process.is_none() => {
                ConnectionEvent { process: Some(process), comm, ..event }
            }
            _ => event,
        }));
    }
}

fn connection_event(
    kind: ConnectionEventKind,
    at: Timestamp,
    socket: &Socket,
    doer: Option<Doer>,
) -> ConnectionEvent {
    let is_close = kind == ConnectionEventKind::Close;
    ConnectionEvent {
        kind,
        at,
        socket: socket.id,
        protocol: socket.protocol,
        netns: socket.netns,
        process: doer.map(|doer| doer.process),
        comm: doer.and_then(|doer| doer.comm),
        local: socket.local.clone(),
        remote: socket.remote.clone(),
        opened_at: socket.opened_at.filter(|_| is_close),
        counters: socket.counters.filter(|_| is_close),
        error: socket.error.filter(|_| is_close || kind == ConnectionEventKind::Fail),
    }
}
