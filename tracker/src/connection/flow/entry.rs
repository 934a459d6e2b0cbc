//! One flow.

use std::net::SocketAddr;

use super::{FlowEvent, FlowId, Traffic, UdpSocket, Way};
use crate::connection::{Actor, Counters, Direction, OwnerSource, Protocol, Socket, State};
use crate::identity::{ProcessId, SocketId, Timestamp};

/// A flow.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "two are facts of the kernel's, three note what is to be told"
)]
pub(super) struct Flow {
    pub(super) id: FlowId,
    /// As it is told.
    pub(super) socket: Socket,
    /// The socket's own address as the kernel has it.
    pub(super) bound_to: SocketAddr,
    /// Whether the socket's port was bound explicitly.
    pub(super) is_bound: bool,
    /// Whether the socket is connected.
    pub(super) is_connected: bool,
    /// Which way the first datagram went, if that was surely the first.
    pub(super) first: Option<Way>,
    /// Which way the first datagram went that was seen.
    pub(super) first_seen: Option<Way>,
    /// The process that was seen using it.
    pub(super) user: Option<ProcessId>,
    /// The command name that it had then.
    pub(super) user_comm: Option<[u8; 16]>,
    /// What was counted before the kernel's counters began anew.
    base: Traffic,
    /// The newest reading of the kernel's counters.
    last: Traffic,
    /// When it was last known to move.
    pub(super) active_at: Timestamp,
    /// The other end, where that is another socket of this host.
    pub(super) far: Far,
    /// Whether it was in a tick.
    pub(super) is_told: bool,
    /// Whether it is among those that changed in this tick.
    pub(super) is_dirty: bool,
    /// Whether it has owners now that it had not in the tick before.
    pub(super) has_new_owners: bool,
}

/// What is known of the other end of a flow.
#[derive(Debug, Default)]
pub(super) enum Far {
    /// Nothing but its address.
    #[default]
    Unknown,
    /// It is this flow.
    Flow(FlowId),
    /// A socket that was not seen sending or receiving, but that such datagrams must reach.
    Receiver(Box<Receiver>),
}

/// An end that stands for a socket that was not seen receiving.
#[derive(Debug)]
pub(super) struct Receiver {
    /// The socket's cookie.
    pub(super) cookie: u64,
    /// As it is told.
    pub(super) socket: Socket,
    /// Whether it was in a tick.
    pub(super) is_told: bool,
    /// Whether it changed since.
    pub(super) is_dirty: bool,
}

impl Flow {
    pub(super) fn new(number: SocketId, of: &UdpSocket, remote: SocketAddr, at: Timestamp) -> Self {
        Self {
            id: FlowId { socket: of.cookie, remote },
            socket: Socket {
                id: number,
                netns: of.netns,
                protocol: Protocol::Udp,
                local: of.local.into(),
                remote: Some(remote.into()),
                state: State::Established,
                direction: Direction::Unknown,
                owners: Vec::new(),
                owner_source: OwnerSource::Unknown,
                opened_at: None,
                closed_at: None,
                counters: None,
                sequence: None,
                peer: None,
                error: None,
            },
            bound_to: of.local,
            is_bound: of.is_bound,
            is_connected: of.connected.is_some(),
            first: None,
            first_seen: None,
            user: None,
            user_comm: None,
            base: Traffic::default(),
            last: Traffic::default(),
            active_at: at,
            far: Far::Unknown,
            is_told: false,
            is_dirty: false,
            has_new_owners: false,
        }
    }

    /// The kernel tells of it as of a new one, though it is known: its counters began anew.
    pub(super) fn begins_anew(&mut self, event: &FlowEvent) {
        self.restart();
        self.active_at = self.active_at.max(event.at);
        self.used_by(event.actor.as_ref());
    }

    /// A process was seen using it.
    pub(super) fn used_by(&mut self, actor: Option<&Actor>) {
        if let Some(actor) = actor {
            (self.user, self.user_comm) = (Some(actor.id), Some(actor.comm));
        }
    }

    /// Moves to another socket, which has taken the exchange over.
    pub(super) fn moves_to(&mut self, socket: &UdpSocket) {
        self.restart();
        self.id.socket = socket.cookie;
        self.bound_to = socket.local;
        self.is_bound = socket.is_bound;
        self.is_connected = socket.connected.is_some();
    }

    fn restart(&mut self) {
        self.base = sum(self.base, self.last);
        self.last = Traffic::default();
    }

    /// Takes a reading of the kernel's counters in; whether anything moved.
    pub(super) fn read(&mut self, traffic: Traffic, at: Timestamp) -> bool {
        if traffic == self.last && self.socket.counters.is_some() {
            return false;
        }
        if traffic.sends < self.last.sends || traffic.receives < self.last.receives {
            self.restart();
        }
        let moved = traffic != self.last;
        self.last = traffic;
        if moved {
            self.active_at = self.active_at.max(at);
        }
        let total = sum(self.base, self.last);
        self.socket.counters = Some(Counters {
            bytes_sent: total.bytes_sent,
            bytes_received: total.bytes_received,
            rtt_us: None,
            retransmits: 0,
        });
        true
    }

    /// Takes the last counters in; the kernel has them no longer. Whether anything had moved since they were read.
    pub(super) fn take_in(&mut self, traffic: Option<Traffic>, at: Timestamp) -> bool {
        let last = self.last;
        let moved = traffic.is_some_and(|traffic| traffic != last && self.read(traffic, at));
        self.restart();
        moved
    }

    /// Whether datagrams went both ways.
    pub(super) fn is_answered(&self) -> bool {
        let total = sum(self.base, self.last);
        total.sends > 0 && total.receives > 0
    }
}

fn sum(one: Traffic, other: Traffic) -> Traffic {
    Traffic {
        bytes_sent: one.bytes_sent.saturating_add(other.bytes_sent),
        bytes_received: one.bytes_received.saturating_add(other.bytes_received),
        sends: one.sends.saturating_add(other.sends),
        receives: one.receives.saturating_add(other.receives),
    }
}
