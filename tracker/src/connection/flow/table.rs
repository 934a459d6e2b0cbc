//! The table of flows: the kernel's news in, ticks out. Pure: no clock, no I/O.

use std::net::{IpAddr, SocketAddr};

use rustc_hash::{FxHashMap, FxHashSet};

use super::addresses::{Addresses, loopback_like, reached};
use super::entry::{Far, Flow};
use super::late::Lates;
use super::outbox::Outbox;
use super::pairing::Mirror;
use super::sockets::Sockets;
use super::translated::Departed;
use super::{FlowEvent, FlowId, Patience, TakeTraffic, Traffic, UdpSocket, Way, direction};
use crate::connection::{ConnectionEvent, ConnectionEventKind, OwnerSource, Socket, State};
use crate::identity::{NetnsId, ProcessId, SocketId, Timestamp};
use crate::tick::Counts;

/// The numbers of UDP's sockets begin here: out of the way of those of the other table, and exact in every format.
const FIRST_NUMBER: u64 = 1 << 48;
/// So long it is remembered that a socket is gone, in nanoseconds: scans that began before may still show it.
const REMEMBER: u64 = 60_000_000_000;

/// The UDP sockets and flows of one host.
#[derive(Debug)]
pub struct FlowTable {
    pub(super) patience: Patience,
    /// Since when datagrams are seen.
    pub(super) watched_since: Timestamp,
    pub(super) sockets: Sockets,
    pub(super) flows: FxHashMap<FlowId, Box<Flow>>,
    pub(super) addresses: Addresses,
    pub(super) mirror: Mirror,
    /// Flows whose other end is on this host, or may be, and is not known.
    pub(super) lonely: FxHashSet<FlowId>,
    /// Whether anything came that may tell the other end of a lonely flow.
    pub(super) may_pair: bool,
    /// Flows that are new or changed in this tick.
    pub(super) dirty: Vec<FlowId>,
    /// Sockets that are listeners and are new or changed in this tick.
    pub(super) dirty_listeners: Vec<u64>,
    /// What ended in this tick.
    pub(super) ended: Vec<Socket>,
    /// Flows that ended without their other end.
    pub(super) lates: Lates,
    /// The same of this tick and the one before, wherever their other ends are.
    pub(super) departed: FxHashMap<SocketId, Departed>,
    /// How many ticks there were.
    pub(super) ticks: u64,
    /// Stand-ins that turned out to be another end, and were told.
    pub(super) forgotten: Vec<SocketId>,
    /// The sockets that are gone, and since when.
    gone: FxHashMap<u64, Timestamp>,
    /// How many scans there were, and whether one was complete.
    pub(super) scans: u32,
    pub(super) had_complete_scan: bool,
    pub(super) counts: Counts,
    pub(super) newly_named: FxHashSet<ProcessId>,
    outbox: Outbox,
    next_number: u64,
}

impl FlowTable {
    /// An empty table that is told of datagrams from `watched_since` on. With `tell_events` it keeps
    /// [`ConnectionEvent`]s for [`FlowTable::take_events`].
    pub fn new(patience: Patience, watched_since: Timestamp, tell_events: bool) -> Self {
        Self {
            patience,
            watched_since,
            sockets: Sockets::default(),
            flows: FxHashMap::default(),
            addresses: Addresses::default(),
            mirror: Mirror::default(),
            lonely: FxHashSet::default(),
            may_pair: false,
            dirty: Vec::new(),
            dirty_listeners: Vec::new(),
            ended: Vec::new(),
            lates: Lates::default(),
            departed: FxHashMap::default(),
            ticks: 0,
            forgotten: Vec::new(),
            gone: FxHashMap::default(),
            scans: 0,
            had_complete_scan: false,
            counts: Counts::default(),
            newly_named: FxHashSet::default(),
            outbox: Outbox::new(tell_events),
            next_number: FIRST_NUMBER,
        }
    }

    /// Takes a flow's first datagram in.
    pub fn apply(&mut self, event: &FlowEvent) {
        if self.gone.contains_key(&event.socket.cookie) {
            return;
        }
        // Before the first scan nothing tells what is old.
        let is_old = !self.had_complete_scan;
        self.meet(&event.socket, event.at, is_old);
        if let Some(actor) = &event.actor {
            let known = self.sockets.get_mut(event.socket.cookie);
            if known.is_some_and(|known| known.used_by(actor, event.at)) {
                self.share_owners(event.socket.cookie);
            }
        }
        let id = FlowId { socket: event.socket.cookie, remote: event.remote };
        if let Some(flow) = self.flows.get_mut(&id) {
            let is_first = flow.first_seen.is_none();
            flow.begins_anew(event);
            self.set_owners(id);
            if is_first {
                self.begin(id, event);
            }
        } else if let Some(older) = self.taken_over_by(&event.socket, event.remote) {
            self.move_flow(older, &event.socket, event.remote);
            if let Some(flow) = self.flows.get_mut(&id) {
                flow.begins_anew(event);
            }
            self.set_owners(id);
        } else {
            self.insert(&event.socket, event.remote, event.at);
            if let Some(flow) = self.flows.get_mut(&id) {
                flow.used_by(event.actor.as_ref());
            }
            self.set_owners(id);
            self.begin(id, event);
        }
    }

    /// Takes in which way a flow's first datagram went that was seen.
    fn begin(&mut self, id: FlowId, event: &FlowEvent) {
        let is_old = self.sockets.get(id.socket).is_none_or(|known| known.is_old);
        let all_seen_since = self.watched_since.0.saturating_add(self.patience.both_ways.as_nanos() as u64);
        let Some(flow) = self.flows.get_mut(&id) else { return };
        // Whoever was connected before is not beginning now.
        let was_there = is_old && flow.is_connected && flow.is_told;
        flow.first_seen = Some(event.way);
        flow.first = Some(event.way).filter(|_| !is_old || event.at.0 >= all_seen_since);
        if !was_there {
            flow.socket.opened_at = Some(event.at);
        }
        if matches!(flow.far, Far::Unknown) {
            flow.socket.direction = direction::alone(flow);
        }
        self.note(id);
        self.find_flow(id);
        if was_there {
            return;
        }
        let kind = match event.way {
            Way::Sent => ConnectionEventKind::Connect,
            Way::Received => ConnectionEventKind::Accept,
        };
        match event.way {
            Way::Sent => self.counts.connects += 1,
            Way::Received => self.counts.accepts += 1,
        }
        if let Some(flow) = self.flows.get(&id) {
            self.outbox.tell(kind, event.at, flow);
        }
    }

    /// Takes in that a socket was closed for good: its flows end with it.
    pub fn apply_gone(&mut self, cookie: u64, at: Timestamp, mut take: impl TakeTraffic) {
        self.gone.insert(cookie, at);
        self.remove_socket(cookie, Some(at), at, &mut take);
    }

    /// Takes in a reading of a flow's counters.
    pub fn count(&mut self, id: FlowId, traffic: Traffic, at: Timestamp) {
        if let Some(flow) = self.flows.get_mut(&id)
            && flow.read(traffic, at)
        {
            self.note(id);
        }
    }

    /// Brings together what belongs together, and ends the flows that were quiet for too long. To be called before a
    /// tick ends, when the counters are read.
    pub fn settle(&mut self, now: Timestamp, mut take: impl TakeTraffic) {
        self.pair(now, &mut take);
        self.stand_in_for_late();
        let Patience { one_way, both_ways } = self.patience;
        let mut idle: Vec<(SocketId, FlowId)> = self
            .flows
            .values()
            .filter(|flow| {
                let patience = if flow.is_answered() { both_ways } else { one_way };
                now.since(flow.active_at) >= patience.as_nanos() as u64
            })
            .map(|flow| (flow.socket.id, flow.id))
            .collect();
        idle.sort_unstable();
        for (_, id) in idle {
            // It may have ended with its other end.
            let Some(flow) = self.flows.get_mut(&id) else { continue };
            if flow.take_in(take(id), now) {
                // It was not idle after all; what comes next is told as new.
                self.note(id);
            } else {
                self.end(id, Some(now), now, &mut take);
            }
        }
    }

    /// A socket of each namespace whose addresses are wanted and not known.
    pub fn strangers(&self) -> Vec<Socket> {
        let mut found: FxHashMap<NetnsId, Socket> = FxHashMap::default();
        let blank = |netns| self.addresses.is_blank(netns);
        for flow in self.dirty.iter().filter_map(|id| self.flows.get(id)) {
            if blank(flow.socket.netns) {
                found.entry(flow.socket.netns).or_insert_with(|| flow.socket.clone());
            }
        }
        for known in self.dirty_listeners.iter().filter_map(|&cookie| self.sockets.get(cookie)) {
            if let Some(number) = known.listener.filter(|_| blank(known.facts.netns)) {
                found.entry(known.facts.netns).or_insert_with(|| super::tick::listener(known, number));
            }
        }
        found.into_values().collect()
    }

    /// Says which addresses a namespace has; `None` where that is not known.
    pub fn set_addresses(&mut self, netns: NetnsId, addresses: Option<&[IpAddr]>) {
        if self.addresses.set(netns, addresses) {
            let unpaired = self.flows.values().filter(|flow| matches!(flow.far, Far::Unknown));
            self.lonely.extend(unpaired.map(|flow| flow.id));
            self.may_pair = true;
        }
    }

    /// Whether there are any flows, whose counters are to be read.
    pub fn has_flows(&self) -> bool {
        !self.flows.is_empty()
    }

    /// The events since the last call, in order.
    pub fn take_events(&mut self) -> Vec<ConnectionEvent> {
        self.outbox.take()
    }

    /// Every process that owns a live socket.
    pub fn owners(&self) -> FxHashSet<ProcessId> {
        self.sockets.iter().flat_map(|known| known.owners.iter().copied()).collect()
    }

    /// How many sockets ended since the last tick, each of which waits for the next.
    pub fn ended(&self) -> usize {
        self.ended.len()
    }

    pub(super) fn is_gone(&self, cookie: u64) -> bool {
        self.gone.contains_key(&cookie)
    }

    pub(super) fn forget_gone(&mut self, now: Timestamp) {
        self.gone.retain(|_, at| now.since(*at) < REMEMBER);
    }

    pub(super) fn number(&mut self) -> SocketId {
        let number = SocketId(self.next_number);
        self.next_number += 1;
        number
    }

    /// Takes in what the kernel tells of a socket.
    pub(super) fn meet(&mut self, facts: &UdpSocket, at: Timestamp, is_old: bool) {
        let (known, is_news) = self.sockets.meet(facts, at, is_old);
        if !is_news {
            return;
        }
        self.may_pair = true;
        match (known.is_listener(), known.listener) {
            (true, Some(_)) => self.note_listener(facts.cookie),
            (true, None) => {
                let number = self.number();
                if let Some(known) = self.sockets.get_mut(facts.cookie) {
                    known.listener = Some(number);
                }
                self.note_listener(facts.cookie);
            }
            // It was connected since.
            (false, Some(_)) => self.end_listener(facts.cookie, None),
            (false, None) => {}
        }
    }

    /// A new flow; of its addresses what is known without its other end.
    pub(super) fn insert(&mut self, socket: &UdpSocket, remote: SocketAddr, at: Timestamp) {
        let number = self.number();
        let mut flow = Box::new(Flow::new(number, socket, remote, at));
        flow.socket.remote = Some(reached(remote).into());
        flow.socket.local = self.own_address(&flow).into();
        let id = flow.id;
        self.mirror.add(&flow);
        self.flows.insert(id, flow);
        if let Some(known) = self.sockets.get_mut(id.socket) {
            known.remotes.insert(remote);
        }
        self.lonely.insert(id);
        self.may_pair = true;
        self.note(id);
    }

    /// The address of a flow's own end, as far as it follows from the other's: from loopback to loopback, and to one of
    /// the namespace's own addresses from the same.
    pub(super) fn own_address(&self, flow: &Flow) -> SocketAddr {
        let (bound_to, remote) = (flow.bound_to, reached(flow.id.remote).ip());
        let address = if !bound_to.ip().is_unspecified() {
            bound_to.ip()
        } else if remote.is_loopback() {
            loopback_like(remote)
        } else if self.addresses.of(flow.socket.netns).contains(&remote) {
            remote
        } else if remote.is_ipv4() {
            IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED)
        } else {
            bound_to.ip()
        };
        SocketAddr::new(address, bound_to.port())
    }

    /// Takes note that a flow changed.
    pub(super) fn note(&mut self, id: FlowId) {
        if let Some(flow) = self.flows.get_mut(&id).filter(|flow| !flow.is_dirty) {
            flow.is_dirty = true;
            self.dirty.push(id);
        }
    }

    pub(super) fn note_listener(&mut self, cookie: u64) {
        if let Some(known) = self.sockets.get_mut(cookie).filter(|known| !known.is_dirty) {
            known.is_dirty = true;
            self.dirty_listeners.push(cookie);
        }
    }

    /// Gives all that a socket has its owners.
    pub(super) fn share_owners(&mut self, cookie: u64) {
        let Some(known) = self.sockets.get(cookie) else { return };
        let remotes: Vec<SocketAddr> = known.remotes.iter().copied().collect();
        let (is_listener, stands_in) = (known.is_listener(), known.stands_in > 0);
        if is_listener {
            self.note_listener(cookie);
        }
        for remote in remotes {
            self.set_owners(FlowId { socket: cookie, remote });
        }
        // Whether a receiver is clear depends on whose the sockets at its port are.
        self.may_pair = true;
        if stands_in {
            self.refresh_receivers(cookie);
        }
    }

    /// Gives a flow its socket's owners: the one that was seen using it first.
    pub(super) fn set_owners(&mut self, id: FlowId) {
        let Some(known) = self.sockets.get(id.socket) else { return };
        let Some(flow) = self.flows.get_mut(&id) else { return };
        let mut owners = known.owners.clone();
        owners.sort_unstable_by_key(|&owner| (Some(owner) != flow.user, owner));
        if owners == flow.socket.owners {
            return;
        }
        flow.has_new_owners |= owners.iter().any(|owner| !flow.socket.owners.contains(owner));
        flow.socket.owner_source = if owners.is_empty() { OwnerSource::Unknown } else { OwnerSource::Seen };
        flow.socket.owners = owners;
        self.note(id);
    }

    /// Takes a socket and all its flows out. `closed_at` is `None` where its end was not seen.
    pub(super) fn remove_socket(
        &mut self,
        cookie: u64,
        closed_at: Option<Timestamp>,
        noticed_at: Timestamp,
        take: &mut impl TakeTraffic,
    ) {
        let Some(known) = self.sockets.get(cookie) else { return };
        let mut flows: Vec<(SocketId, FlowId)> = known
            .remotes
            .iter()
            .filter_map(|&remote| self.flows.get(&FlowId { socket: cookie, remote }))
            .map(|flow| (flow.socket.id, flow.id))
            .collect();
        if known.stands_in > 0 {
            let stood_in_for = self
                .flows
                .values()
                .filter(|flow| matches!(&flow.far, Far::Receiver(receiver) if receiver.cookie == cookie));
            flows.extend(stood_in_for.map(|flow| (flow.socket.id, flow.id)));
        }
        flows.sort_unstable();
        for (_, id) in flows {
            self.end(id, closed_at, noticed_at, take);
        }
        self.end_listener(cookie, closed_at);
        self.sockets.remove(cookie);
        self.may_pair = true;
    }

    /// Ends a flow, and its other end with it: what one end sends from now on is a new one.
    pub(super) fn end(
        &mut self,
        id: FlowId,
        closed_at: Option<Timestamp>,
        noticed_at: Timestamp,
        take: &mut impl TakeTraffic,
    ) {
        let mut next = Some(id);
        while let Some(id) = next.take() {
            let Some(mut flow) = self.flows.remove(&id) else { continue };
            flow.take_in(take(id), noticed_at);
            self.mirror.remove(&flow);
            self.lonely.remove(&id);
            if let Some(known) = self.sockets.get_mut(id.socket) {
                known.remotes.remove(&id.remote);
                known.quiet = known.facts.connected.filter(|&connected| connected == id.remote);
            }
            let mut stand_in = None;
            let was_alone = !matches!(flow.far, Far::Flow(_));
            match std::mem::take(&mut flow.far) {
                Far::Flow(other) => next = Some(other),
                Far::Receiver(receiver) => {
                    if let Some(known) = self.sockets.get_mut(receiver.cookie) {
                        known.stands_in = known.stands_in.saturating_sub(1);
                    }
                    stand_in = Some((receiver.socket.id, self.ended.len()));
                    self.bury(receiver.socket, receiver.is_told, closed_at);
                }
                Far::Unknown => {}
            }
            self.counts.closes += 1;
            flow.socket.state = State::Closed;
            flow.socket.closed_at = closed_at;
            self.outbox.tell(ConnectionEventKind::Close, closed_at.unwrap_or(noticed_at), &flow);
            let is_named = flow.is_told && !flow.has_new_owners;
            self.bury(flow.socket.clone(), is_named, closed_at);
            if was_alone {
                self.remember_departed(&flow, noticed_at);
                self.remember_late(&flow, noticed_at, stand_in);
            }
        }
    }

    fn end_listener(&mut self, cookie: u64, closed_at: Option<Timestamp>) {
        let Some(known) = self.sockets.get_mut(cookie) else { return };
        let Some(number) = known.listener.take() else { return };
        let socket = super::tick::listener(known, number);
        let is_told = std::mem::take(&mut known.is_told);
        self.bury(socket, is_told, closed_at);
    }

    /// Keeps what ended for the tick.
    pub(super) fn bury(&mut self, socket: Socket, owners_are_named: bool, closed_at: Option<Timestamp>) {
        if !owners_are_named {
            self.newly_named.extend(socket.owners.iter().copied());
        }
        self.ended.push(Socket { state: State::Closed, closed_at, ..socket });
    }
}
