//! What connections come to.

use super::super::Topology;
use super::super::connection::{Connection, ConnectionId};
use super::super::edge::{Edge, Rate};
use super::choice::Sieve;
use crate::connection::State;
use crate::filter::{Filter, Subject};
use crate::identity::Timestamp;

/// What some connections come to, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// How many there are, open or over in the newest tick.
    pub connections: usize,
    /// How many are open.
    pub open: usize,
    /// How many began in the newest tick (also those that are over already).
    pub new: usize,
    /// How many closed in the newest tick.
    pub closed: usize,
    /// How many failed in the newest tick.
    pub failed: usize,
    /// What flows on them, in bytes a second.
    pub rate: Rate,
    /// The one that came first: it speaks for all where they differ.
    pub oldest: Option<ConnectionId>,
    /// Why one failed in the newest tick: a positive errno.
    pub error: Option<u32>,
}

impl Sums {
    /// What those of an edge come to that are let through.
    pub fn of(topology: &Topology, edge: &Edge, sieve: Sieve<'_>, now: Timestamp) -> Self {
        let is_shown = sieve.protocols.has(edge.service.protocol());
        if is_shown { Self::matching(topology, edge, sieve.filter, now) } else { Self::default() }
    }

    /// What those of an edge come to that match a filter, whatever its protocol.
    pub(super) fn matching(
        topology: &Topology,
        edge: &Edge,
        filter: Option<&Filter>,
        now: Timestamp,
    ) -> Self {
        match filter {
            None => Self::whole(topology, edge),
            Some(filter) => {
                let mut sums = Self::default();
                for connection in edge.connections.iter().filter_map(|&id| topology.connection(id)) {
                    if filter.matches(&Subject::of_connection(topology, connection, now)) {
                        sums.add(connection);
                    }
                }
                sums
            }
        }
    }

    /// All of an edge: by its own sums, so that the work does not grow with the connections.
    fn whole(topology: &Topology, edge: &Edge) -> Self {
        let failed = (edge.failed > 0)
            .then(|| edge.connections.iter().rev().filter_map(|&id| topology.connection(id)))
            .and_then(|mut newest_first| newest_first.find(|connection| connection.state == State::Failed));
        Self {
            connections: edge.connections.len(),
            open: edge.open,
            new: edge.new,
            closed: edge.closed,
            failed: edge.failed,
            rate: edge.rate,
            // The first in the list, as long as none left.
            oldest: edge.connections.first().copied(),
            error: failed.and_then(|connection| connection.error),
        }
    }

    /// Adds a connection.
    fn add(&mut self, connection: &Connection) {
        let (mut closed, mut failed) = (0, 0);
        match connection.state {
            State::Closed => closed = 1,
            State::Failed => failed = 1,
            _ => {}
        }
        self.merge(&Self {
            connections: 1,
            open: 1 - closed - failed,
            new: usize::from(connection.is_new),
            closed,
            failed,
            rate: connection.rate,
            oldest: Some(connection.id),
            error: connection.error.filter(|_| failed > 0),
        });
    }

    /// Adds others.
    pub fn merge(&mut self, other: &Self) {
        self.oldest = match (self.oldest, other.oldest) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self.connections += other.connections;
        self.open += other.open;
        self.new += other.new;
        self.closed += other.closed;
        self.failed += other.failed;
        self.rate.to_server += other.rate.to_server;
        self.rate.to_client += other.rate.to_client;
        self.error = other.error.or(self.error);
    }
}
