//! The events of flows, told at once.

use std::mem;

use super::entry::Flow;
use crate::connection::{ConnectionEvent, ConnectionEventKind};
use crate::identity::Timestamp;

/// The events to be told.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// Whether anybody listens: without, nothing is kept.
    is_enabled: bool,
    ready: Vec<ConnectionEvent>,
}

impl Outbox {
    pub(super) fn new(is_enabled: bool) -> Self {
        Self { is_enabled, ready: Vec::new() }
    }

    pub(super) fn tell(&mut self, kind: ConnectionEventKind, at: Timestamp, flow: &Flow) {
        if !self.is_enabled {
            return;
        }
        let socket = &flow.socket;
        let is_close = kind == ConnectionEventKind::Close;
        self.ready.push(ConnectionEvent {
            kind,
            at,
            socket: socket.id,
            protocol: socket.protocol,
            netns: socket.netns,
            process: flow.user.or(socket.owners.first().copied()),
            comm: flow.user_comm,
            local: socket.local.clone(),
            remote: socket.remote.clone(),
            opened_at: socket.opened_at.filter(|_| is_close),
            counters: socket.counters.filter(|_| is_close),
            error: None,
        });
    }

    /// What there is to tell, by time.
    pub(super) fn take(&mut self) -> Vec<ConnectionEvent> {
        let mut events = mem::take(&mut self.ready);
        events.sort_by_key(|event| event.at);
        events
    }
}
