//! One end of a connection: what of its socket decides about the joining.

use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU32, NonZeroU64};

use super::node::HostIndex;
use crate::connection::{Address, Counters, Direction, Protocol, SequencePair, Socket, State};
use crate::identity::{NetnsId, SocketId, Timestamp};
use crate::tick::Translation;

/// Where an end is in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct EndIndex(Place);

/// Where a connection is in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct LinkIndex(Place);

/// A place in a store, one up: there are many, most of them may be there or not, and that costs nothing so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Place(NonZeroU32);

impl Place {
    fn of(slot: usize) -> Self {
        Self(NonZeroU32::MIN.saturating_add(slot as u32))
    }

    fn slot(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl EndIndex {
    pub(super) fn of(slot: usize) -> Self {
        Self(Place::of(slot))
    }

    pub(super) fn slot(self) -> usize {
        self.0.slot()
    }
}

impl LinkIndex {
    pub(super) fn of(slot: usize) -> Self {
        Self(Place::of(slot))
    }

    pub(super) fn slot(self) -> usize {
        self.0.slot()
    }
}

/// The number of a tuple, under which ends are found.
pub(super) type TupleNumber = NonZeroU64;

/// A socket of a connection, without its addresses and owners: those are in the connection's side only.
#[derive(Debug)]
pub(super) struct End {
    pub(super) socket: SocketId,
    pub(super) host: HostIndex,
    pub(super) netns: NetnsId,
    pub(super) protocol: Protocol,
    pub(super) state: State,
    pub(super) direction: Direction,
    /// Whether it closed before the newest tick and is kept only because its connection's other end lives.
    pub(super) is_gone: bool,
    pub(super) opened_at: Option<Timestamp>,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) counters: Option<Counters>,
    pub(super) sequence: Option<SequencePair>,
    /// The other end, where the kernel tells it.
    pub(super) peer: Option<SocketId>,
    pub(super) error: Option<u32>,
    /// What address translation makes of its connection, where that was looked up and found.
    pub(super) translation: Option<Box<Translation>>,
    /// Its connection.
    pub(super) link: Option<LinkIndex>,
    /// The number of its tuple, under which the index has it.
    pub(super) tuple: Option<TupleNumber>,
    /// The next ends of the same tuple and the same sequence numbers.
    pub(super) next_of_tuple: Option<EndIndex>,
    pub(super) next_of_sequence: Option<EndIndex>,
    /// Where among the sockets of the newest tick that told of it its own is.
    pub(super) fresh: u32,
    /// The newest round in which it was listed to be looked at.
    pub(super) listed: u32,
}

impl End {
    pub(super) fn new(host: HostIndex, socket: &Socket, state: State) -> Self {
        Self {
            socket: socket.id,
            host,
            netns: socket.netns,
            protocol: socket.protocol,
            state,
            direction: socket.direction,
            is_gone: false,
            opened_at: socket.opened_at,
            closed_at: socket.closed_at,
            counters: socket.counters,
            sequence: socket.sequence,
            peer: socket.peer,
            error: socket.error,
            translation: None,
            link: None,
            tuple: None,
            next_of_tuple: None,
            next_of_sequence: None,
            fresh: u32::MAX,
            listed: 0,
        }
    }

    /// Takes in what changed, in that state.
    pub(super) fn update(&mut self, socket: &Socket, state: State) {
        self.netns = socket.netns;
        self.protocol = socket.protocol;
        self.state = state;
        self.direction = socket.direction;
        self.opened_at = socket.opened_at;
        self.closed_at = socket.closed_at;
        self.counters = socket.counters;
        self.sequence = socket.sequence;
        self.peer = socket.peer;
        self.error = socket.error;
    }

    pub(super) fn is_over(&self) -> bool {
        self.state.is_over()
    }

    pub(super) fn place(&self) -> (HostIndex, NetnsId) {
        (self.host, self.netns)
    }

    /// Whether nothing changes with that update that [`End::may_join`] or the indexes look at.
    pub(super) fn joins_alike(&self, socket: &Socket, state: State) -> bool {
        self.netns == socket.netns
            && self.protocol == socket.protocol
            && self.is_over() == state.is_over()
            && (self.state == State::Failed) == (state == State::Failed)
            && self.opened_at == socket.opened_at
            && self.closed_at == socket.closed_at
            && self.sequence == socket.sequence
            && self.peer == socket.peer
    }

    /// Whether nothing speaks against these two being ends of one connection, given that their addresses agree.
    pub(super) fn may_join(&self, other: &Self) -> bool {
        if self.state == State::Failed || other.state == State::Failed {
            return false;
        }
        match (self.sequence, other.sequence) {
            (Some(own), Some(others)) => are_of_one(own, others),
            _ => !self.ended_before(other) && !other.ended_before(self),
        }
    }

    /// Whether this end was over before the other opened: then it is of an older connection with the same tuple.
    fn ended_before(&self, other: &Self) -> bool {
        self.is_over()
            && match (self.closed_at, other.opened_at) {
                (Some(closed), Some(opened)) => closed <= opened,
                (Some(_), None) => false,
                // Its end was not seen; only another whose end is as new can be its peer.
                (None, _) => !other.is_over(),
            }
    }

    /// Whether this end is the client of the connection that it and `other` are the ends of; `None` where nothing
    /// tells.
    pub(super) fn is_client_of(&self, other: &Self) -> Option<bool> {
        if let (Some(own), Some(others)) = (self.sequence, other.sequence) {
            if own.is_active_end_of(others) {
                return Some(true);
            }
            if others.is_active_end_of(own) {
                return Some(false);
            }
        }
        match (self.direction, other.direction) {
            (Direction::Outbound, Direction::Inbound | Direction::Unknown)
            | (Direction::Unknown, Direction::Inbound) => Some(true),
            (Direction::Inbound, Direction::Outbound | Direction::Unknown)
            | (Direction::Unknown, Direction::Outbound) => Some(false),
            (Direction::Outbound, Direction::Outbound)
            | (Direction::Inbound, Direction::Inbound)
            | (Direction::Unknown, Direction::Unknown) => None,
        }
    }
}

/// Whether two ends with these numbers are of one connection: one connected and one accepted, or both connected at
/// once.
fn are_of_one(one: SequencePair, other: SequencePair) -> bool {
    one.is_active_end_of(other)
        || other.is_active_end_of(one)
        || (one.received == other.sent.wrapping_add(1) && other.received == one.sent.wrapping_add(1))
}

/// A socket's own address and the one that it talks to, by what tells addresses apart: a flow label or an
/// interface's index does not, and differs between the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tuple {
    pub(super) local: (IpAddr, u16),
    pub(super) remote: (IpAddr, u16),
}

impl Tuple {
    /// `None` for Unix sockets, which no names tell apart.
    pub(super) fn new(local: &Address, remote: &Address) -> Option<Self> {
        let (local, remote) = (local.inet()?, remote.inet()?);
        Some(Self { local: (local.ip(), local.port()), remote: (remote.ip(), remote.port()) })
    }

    pub(super) fn reversed(self) -> Self {
        Self { local: self.remote, remote: self.local }
    }

    /// The same for both ends.
    pub(super) fn canonical(self) -> Self {
        self.min(self.reversed())
    }

    /// Whether it is a socket connected to itself.
    pub(super) fn is_own_reverse(self) -> bool {
        self.local == self.remote
    }

    pub(super) fn is_loopback(self) -> bool {
        self.local.0.is_loopback() || self.remote.0.is_loopback()
    }

    /// Whether both ports are there: a connect that has none yet looks like every other one.
    pub(super) fn is_complete(self) -> bool {
        self.local.1 != 0 && self.remote.1 != 0
    }
}

/// Whether a socket at `local` that talks to `remote` talks to itself.
pub(super) fn is_itself(local: &Address, remote: &Address) -> bool {
    Tuple::new(local, remote).is_some_and(Tuple::is_own_reverse)
}

/// The address under which a socket at `local` is seen, where that is another one: told apart by more than a flow
/// label or an interface's index.
pub(super) fn translated(local: &Address, seen_as: &Address) -> Option<SocketAddr> {
    Tuple::new(local, seen_as).filter(|tuple| !tuple.is_own_reverse()).and(seen_as.inet())
}
