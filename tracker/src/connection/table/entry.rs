//! One socket in the table: what is known of it, how new that is, and what of it was told.

use super::ledger::Ledger;
use super::outbox::Doer;
use super::tombstones::tuple_key;
use crate::connection::{
    Actor, Address, ConnectionEventKind, Counters, Direction, OwnerSource, Protocol, ScanRow, Socket,
    SocketEvent, SocketEventKind, State,
};
use crate::identity::{NetnsId, ProcessId, SocketId, Timestamp};

/// What the last tick told of a socket.
#[derive(Debug)]
pub(super) enum Told {
    /// Nothing: it is new.
    Nothing,
    /// What is known now.
    All,
    /// This; it changed since.
    Before(Box<Socket>),
}

/// A socket of the table.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) kernel_socket: u64,
    pub(super) socket: Socket,
    pub(super) told: Told,
    /// When the event was that began its life, if that was seen. What is older is about another socket.
    pub(super) born_at: Option<Timestamp>,
    /// When a listener's handshake gave it, if that was seen.
    pub(super) arrived_at: Option<Timestamp>,
    /// How new the state is.
    pub(super) state_at: Timestamp,
    /// How new the newest news of any kind is.
    pub(super) news_at: Timestamp,
    counters_at: Timestamp,
    /// Since when the owners are known from a complete scan.
    owners_at: Timestamp,
    /// The process last seen using it, and when.
    last_user: Option<(Timestamp, ProcessId)>,
    /// The command name that it had then.
    last_comm: [u8; 16],
    /// Others seen using it before; only a socket that several processes use has any.
    earlier_users: Vec<(Timestamp, ProcessId)>,
    /// The number of the newest scan that showed it; 0 if none did.
    pub(super) scan: u32,
    /// How many complete scans in a row have not shown it since.
    pub(super) missed: u8,
    /// Whether it is or was an established connection.
    pub(super) established: bool,
    /// Whether its connect, accept or listen was counted and told.
    pub(super) opening_told: bool,
    /// Whether its close or failure was counted and told.
    end_told: bool,
}

/// The namespace, protocol and addresses that news is about.
#[derive(Clone, Copy)]
pub(super) struct Tuple<'a> {
    pub(super) netns: NetnsId,
    pub(super) protocol: Protocol,
    pub(super) local: &'a Address,
    /// None where it is a listener, or where the kernel had cleared it.
    pub(super) remote: Option<&'a Address>,
    /// Whether it is certain that this is a listener.
    listens: bool,
}

impl<'a> Tuple<'a> {
    pub(super) fn of_event(event: &'a SocketEvent) -> Self {
        let listens = event.kind == SocketEventKind::Listening;
        let remote = Some(&event.remote).filter(|remote| !listens && !remote.awaits_port());
        Self { netns: event.netns, protocol: event.protocol, local: &event.local, remote, listens }
    }

    pub(super) fn of_row(row: &'a ScanRow) -> Self {
        let (local, remote) = (&row.local, row.remote.as_ref());
        Self { netns: row.netns, protocol: row.protocol, local, remote, listens: remote.is_none() }
    }

    pub(super) fn key(&self) -> u64 {
        tuple_key(self.netns, self.protocol, self.local, self.remote)
    }
}

/// Whether two readings can be of one address: a connect has no port, and may have no address, at its beginning.
fn agree(known: &Address, read: &Address) -> bool {
    match (known, read) {
        (Address::Inet(known), Address::Inet(read)) => {
            (known.port() == read.port() || known.port() == 0 || read.port() == 0)
                && (known.ip() == read.ip() || known.ip().is_unspecified() || read.ip().is_unspecified())
        }
        _ => known == read,
    }
}

impl Entry {
    /// A socket of which so far only the tuple is known. Without a remote address it is a listener.
    pub(super) fn new(id: SocketId, kernel_socket: u64, tuple: Tuple<'_>) -> Self {
        let (state, direction) = match tuple.remote {
            Some(_) => (State::Established, Direction::Unknown),
            None => (State::Listen, Direction::Inbound),
        };
        Self {
            kernel_socket,
            socket: Socket {
                id,
                netns: tuple.netns,
                protocol: tuple.protocol,
                local: tuple.local.clone(),
                remote: tuple.remote.cloned(),
                state,
                direction,
                owners: Vec::new(),
                owner_source: OwnerSource::Unknown,
                opened_at: None,
                closed_at: None,
                counters: None,
                sequence: None,
                peer: None,
                error: None,
            },
            told: Told::Nothing,
            born_at: None,
            arrived_at: None,
            state_at: Timestamp(0),
            news_at: Timestamp(0),
            counters_at: Timestamp(0),
            owners_at: Timestamp(0),
            last_user: None,
            last_comm: [0; 16],
            earlier_users: Vec::new(),
            scan: 0,
            missed: 0,
            established: false,
            opening_told: false,
            end_told: false,
        }
    }

    pub(super) fn is_listener(&self) -> bool {
        self.socket.remote.is_none()
    }

    /// Whether the event tells that its connect was completed by one that came from the other side (or from itself).
    pub(super) fn is_met_by(&self, event: &SocketEvent) -> bool {
        event.kind == SocketEventKind::Arrived
            && self.socket.direction == Direction::Outbound
            && self.born_at.is_some_and(|born_at| born_at < event.at)
            && (!self.established || self.socket.opened_at == Some(event.at))
    }

    /// Whether it is a live accepted socket that no process was seen using.
    pub(super) fn lacks_owner(&self) -> bool {
        self.socket.owner_source != OwnerSource::Seen
            && self.socket.direction == Direction::Inbound
            && !self.is_listener()
    }

    /// The process seen using it, or holding it.
    pub(super) fn seen_owner(&self) -> Option<ProcessId> {
        self.socket.owners.first().copied().filter(|_| self.socket.owner_source == OwnerSource::Seen)
    }

    /// The same, with the name by which it was seen.
    fn seen_doer(&self) -> Option<Doer> {
        self.seen_owner().map(|owner| self.doer(owner))
    }

    fn doer(&self, process: ProcessId) -> Doer {
        let is_last = self.last_user.is_some_and(|(_, last)| last == process);
        Doer { process, comm: is_last.then_some(self.last_comm) }
    }

    /// Whether news of this tuple can be about it.
    pub(super) fn is(&self, tuple: &Tuple<'_>) -> bool {
        self.socket.netns == tuple.netns
            && self.socket.protocol == tuple.protocol
            && agree(&self.socket.local, tuple.local)
            && match (&self.socket.remote, tuple.remote) {
                (Some(known), Some(read)) => agree(known, read),
                (None, Some(_)) => false,
                (Some(_), None) => !tuple.listens,
                (None, None) => true,
            }
    }

    /// The socket, to be changed: what was told of it is kept, so that the tick knows whether anything differs.
    pub(super) fn edit(&mut self, ledger: &mut Ledger) -> &mut Socket {
        if matches!(self.told, Told::All) {
            self.told = Told::Before(Box::new(self.socket.clone()));
            ledger.dirty.push(self.kernel_socket);
        }
        &mut self.socket
    }

    /// Takes in what an event of this socket says, whether it lives or is over, and counts and tells what is new.
    pub(super) fn learn(&mut self, event: &SocketEvent, ledger: &mut Ledger) {
        self.news(event.at);
        self.fill_addresses(&Tuple::of_event(event), ledger);
        if let Some(actor) = event.actor {
            self.used_by(event.at, &actor, ledger);
        }
        self.read_counters(event.at, event.counters, ledger);
        if self.socket.sequence.is_none() && event.sequence.is_some() {
            self.edit(ledger).sequence = event.sequence;
        }
        if event.error.is_some() && event.error != self.socket.error {
            self.edit(ledger).error = event.error;
        }
        match event.kind {
            SocketEventKind::Connecting => {
                self.born_at = Some(event.at);
                self.began(event.at, Direction::Outbound, false, ledger);
                self.set_state(event.at, State::SynSent, ledger);
            }
            // The kernel takes a connect that met the peer's own for one that came in.
            SocketEventKind::Arrived if self.is_met_by(event) => {
                self.began(event.at, Direction::Outbound, true, ledger);
                self.set_state(event.at, State::Established, ledger);
                self.tell_opening(ConnectionEventKind::Connect, event.at, ledger);
            }
            SocketEventKind::Connected => {
                self.began(event.at, Direction::Outbound, true, ledger);
                self.set_state(event.at, State::Established, ledger);
                self.tell_opening(ConnectionEventKind::Connect, event.at, ledger);
            }
            SocketEventKind::Arrived => {
                self.born_at = Some(event.at);
                self.arrived_at = Some(event.at);
                self.began(event.at, Direction::Inbound, true, ledger);
                self.set_state(event.at, State::Established, ledger);
                self.tell_opening(ConnectionEventKind::Accept, event.at, ledger);
            }
            SocketEventKind::Listening => {
                self.born_at = Some(event.at);
                self.began(event.at, Direction::Inbound, true, ledger);
                self.set_state(event.at, State::Listen, ledger);
                self.tell_opening(ConnectionEventKind::Listen, event.at, ledger);
            }
            SocketEventKind::Changed(state) => self.set_state(event.at, state, ledger),
            // Only this end can have tried.
            SocketEventKind::Failed => self.turn(Direction::Outbound, ledger),
            // Whoever sees the end takes it from here.
            SocketEventKind::Owned | SocketEventKind::Closed => {}
        }
    }

    /// Takes in what a row of this socket says, but for its owners: those are known only when all rows are read.
    pub(super) fn learn_row(&mut self, row: &ScanRow, ledger: &mut Ledger) {
        self.news(row.at);
        self.fill_addresses(&Tuple::of_row(row), ledger);
        self.read_counters(row.at, row.counters, ledger);
        if self.socket.sequence.is_none() && row.sequence.is_some() {
            self.edit(ledger).sequence = row.sequence;
        }
        self.set_state(row.at, row.state, ledger);
    }

    fn news(&mut self, at: Timestamp) {
        self.news_at = self.news_at.max(at);
        self.missed = 0;
    }

    /// Fills in what of the addresses was not known before.
    fn fill_addresses(&mut self, tuple: &Tuple<'_>, ledger: &mut Ledger) {
        let (Some(known_local), Some(read_local)) = (self.socket.local.inet(), tuple.local.inet()) else {
            // A name is there from the beginning.
            return;
        };
        let mut local = known_local;
        if local.port() == 0 {
            local.set_port(read_local.port());
        }
        if let (Some(known), Some(read)) = (&self.socket.remote, tuple.remote) {
            if local.ip().is_unspecified() && !read_local.ip().is_unspecified() {
                local.set_ip(read_local.ip());
            }
            if known.awaits_port() && !read.awaits_port() {
                self.edit(ledger).remote = Some(read.clone());
            }
        }
        if local != known_local {
            self.edit(ledger).local = local.into();
        }
    }

    fn read_counters(&mut self, at: Timestamp, counters: Option<Counters>, ledger: &mut Ledger) {
        if counters.is_some() && at >= self.counters_at {
            self.counters_at = at;
            if counters != self.socket.counters {
                self.edit(ledger).counters = counters;
            }
        }
    }

    fn began(&mut self, at: Timestamp, direction: Direction, certain: bool, ledger: &mut Ledger) {
        self.turn(direction, ledger);
        // The beginning of a connect stands for its success until that is known.
        if self.socket.opened_at != Some(at) && (certain || self.socket.opened_at.is_none()) {
            self.edit(ledger).opened_at = Some(at);
        }
    }

    fn turn(&mut self, direction: Direction, ledger: &mut Ledger) {
        if self.socket.direction != direction {
            let socket = self.edit(ledger);
            socket.direction = direction;
            if socket.owner_source == OwnerSource::Listener {
                // Only a guess had it accepted.
                socket.owner_source = OwnerSource::Unknown;
                socket.owners.clear();
            }
        }
    }

    /// If its beginning was not seen: a listener at its own address tells that it was accepted.
    pub(super) fn turn_by_listeners(&mut self, ledger: &mut Ledger) {
        let Socket { direction, netns, protocol, ref local, .. } = self.socket;
        if direction == Direction::Unknown && ledger.listeners.cover(netns, protocol, local) {
            self.edit(ledger).direction = Direction::Inbound;
        }
    }

    fn set_state(&mut self, at: Timestamp, state: State, ledger: &mut Ledger) {
        self.established |= !matches!(state, State::SynSent | State::SynRecv | State::Listen);
        if at < self.state_at || self.socket.state.is_over() {
            return;
        }
        self.state_at = at;
        if self.socket.state != state {
            self.edit(ledger).state = state;
        }
    }

    /// Counts and tells how it began, once.
    pub(super) fn tell_opening(&mut self, kind: ConnectionEventKind, at: Timestamp, ledger: &mut Ledger) {
        if self.opening_told {
            return;
        }
        self.opening_told = true;
        match kind {
            ConnectionEventKind::Connect => ledger.counts.connects += 1,
            ConnectionEventKind::Accept => ledger.counts.accepts += 1,
            _ => {}
        }
        let owner = self.seen_doer();
        let likely = self.listeners_owner(ledger);
        if kind == ConnectionEventKind::Accept && owner.is_none() && !self.socket.state.is_over() {
            ledger.outbox.wait_for_owner(at, &self.socket, likely);
        } else {
            ledger.outbox.tell(kind, at, &self.socket, owner, likely);
        }
    }

    /// Ends its life, counts and tells that. `reported`: an event told of the end of a connection; else it counts
    /// only if it is known to have been one. `noticed_at` stands for the time of an end that was missed.
    pub(super) fn end(
        &mut self,
        state: State,
        closed_at: Option<Timestamp>,
        noticed_at: Timestamp,
        reported: bool,
        ledger: &mut Ledger,
    ) {
        let socket = self.edit(ledger);
        socket.state = state;
        socket.closed_at = closed_at;
        if self.end_told || self.is_listener() {
            return;
        }
        let kind = match state {
            State::Failed => ConnectionEventKind::Fail,
            _ if reported || self.established => ConnectionEventKind::Close,
            // A connect whose end was missed: nobody knows whether it got through.
            _ => return,
        };
        self.end_told = true;
        match kind {
            ConnectionEventKind::Fail => ledger.counts.fails += 1,
            _ => ledger.counts.closes += 1,
        }
        let likely = self.listeners_owner(ledger);
        ledger.outbox.tell(kind, closed_at.unwrap_or(noticed_at), &self.socket, self.seen_doer(), likely);
    }

    fn listeners_owner(&self, ledger: &Ledger) -> Option<ProcessId> {
        let Socket { netns, protocol, ref local, .. } = self.socket;
        if self.lacks_owner() { ledger.listeners.sole_owner(netns, protocol, local) } else { None }
    }

    /// A process was seen using it.
    fn used_by(&mut self, at: Timestamp, actor: &Actor, ledger: &mut Ledger) {
        let user = actor.id;
        let seen = self.socket.owner_source == OwnerSource::Seen;
        let known = seen && self.socket.owners.contains(&user);
        if seen && !known && at < self.owners_at {
            // A complete scan found since that the process has it no longer.
            return;
        }
        match self.last_user {
            Some((last_at, last)) if at < last_at => {
                if last != user
                    && !self.earlier_users.iter().any(|&(known_at, id)| id == user && known_at >= at)
                {
                    self.earlier_users.retain(|&(_, id)| id != user);
                    self.earlier_users.push((at, user));
                }
            }
            Some((last_at, last)) => {
                if last != user {
                    self.earlier_users.retain(|&(_, id)| id != user);
                    self.earlier_users.push((last_at, last));
                }
                self.last_user = Some((at, user));
                self.last_comm = actor.comm;
            }
            None => {
                self.last_user = Some((at, user));
                self.last_comm = actor.comm;
            }
        }
        if known && self.socket.owners.len() == 1 {
            return;
        }
        let mut owners = if seen { self.socket.owners.clone() } else { Vec::with_capacity(1) };
        if !known {
            owners.push(user);
        }
        self.set_owners(owners, ledger);
    }

    /// A scan found these processes holding it. A complete one's word is final, but for those that were seen using
    /// the socket since it began.
    pub(super) fn held_by(
        &mut self,
        holders: &[ProcessId],
        complete_since: Option<Timestamp>,
        ledger: &mut Ledger,
    ) {
        if holders.is_empty() {
            return;
        }
        let mut owners = holders.to_vec();
        if let Some(began_at) = complete_since {
            self.owners_at = self.owners_at.max(began_at);
            self.earlier_users.retain(|&(at, _)| at >= began_at);
            let last = self.last_user.filter(|&(at, _)| at >= began_at);
            owners.extend(self.earlier_users.iter().copied().chain(last).map(|(_, id)| id));
        } else if self.socket.owner_source == OwnerSource::Seen {
            owners.extend_from_slice(&self.socket.owners);
        }
        self.set_owners(owners, ledger);
    }

    /// Sets the owners that were seen: the last user first, the others in their order, so that the same owners are
    /// always told alike.
    fn set_owners(&mut self, mut owners: Vec<ProcessId>, ledger: &mut Ledger) {
        let last_user = self.last_user.map(|(_, id)| id);
        owners.sort_unstable_by_key(|&owner| (Some(owner) != last_user, owner));
        owners.dedup();
        let was_seen = self.socket.owner_source == OwnerSource::Seen;
        if was_seen && owners == self.socket.owners {
            return;
        }
        let first = owners.first().copied();
        let socket = self.edit(ledger);
        socket.owners = owners;
        socket.owner_source = OwnerSource::Seen;
        if let Some(first) = first.filter(|_| !was_seen) {
            ledger.outbox.owner_seen(self.socket.id, self.doer(first));
        }
    }

    /// Nobody was seen using it: its owners are the listeners', until somebody is.
    pub(super) fn take_listeners_owners(&mut self, ledger: &mut Ledger) {
        let Socket { netns, protocol, ref local, .. } = self.socket;
        let owners = ledger.listeners.owners(netns, protocol, local);
        // A listener that is gone stays the best that is known.
        if !owners.is_empty() && owners != self.socket.owners {
            let socket = self.edit(ledger);
            socket.owners = owners;
            socket.owner_source = OwnerSource::Listener;
        }
    }
}
