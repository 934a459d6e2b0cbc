//! Which flow, or which socket, is at the other end of a flow.
//!
//! Two flows are the two ends of one where each names the other's port, and an address that the other has. A socket that
//! takes datagrams to every address has those of its namespace; so the flow's own address follows from what the other
//! end names. What only receives, and does not ask from whom, has no flow: there the one socket that datagrams to that
//! address must reach stands in for it.

use std::net::{IpAddr, SocketAddr};

use rustc_hash::FxHashMap;

use super::addresses::{loopback_like, reached};
use super::direction::{self, Manner};
use super::entry::{Far, Flow, Receiver};
use super::sockets::{Known, Sockets};
use super::table::FlowTable;
use super::{FlowId, TakeTraffic, UdpSocket};
use crate::connection::{Direction, OwnerSource, Protocol, Socket, State};
use crate::identity::{NetnsId, Timestamp};

/// Flows by what their other end knows of them: the namespace, the own port and whom they talk to.
#[derive(Debug, Default)]
pub(super) struct Mirror {
    flows: FxHashMap<(NetnsId, u16, SocketAddr), Vec<FlowId>>,
}

fn key(flow: &Flow) -> (NetnsId, u16, SocketAddr) {
    (flow.socket.netns, flow.bound_to.port(), reached(flow.id.remote))
}

impl Mirror {
    pub(super) fn add(&mut self, flow: &Flow) {
        self.flows.entry(key(flow)).or_default().push(flow.id);
    }

    pub(super) fn remove(&mut self, flow: &Flow) {
        let key = key(flow);
        if let Some(here) = self.flows.get_mut(&key) {
            here.retain(|&id| id != flow.id);
            if here.is_empty() {
                self.flows.remove(&key);
            }
        }
    }

    pub(super) fn get(&self, netns: NetnsId, port: u16, remote: SocketAddr) -> &[FlowId] {
        self.flows.get(&(netns, port, remote)).map_or(&[], Vec::as_slice)
    }
}

/// A socket that stands in for the other end of a flow.
pub(super) struct Found {
    cookie: u64,
    /// As it is told.
    pub(super) socket: Socket,
    pub(super) manner: Manner,
}

impl FlowTable {
    /// Looks for the other ends of those flows that have none.
    pub(super) fn pair(&mut self, now: Timestamp, take: &mut impl TakeTraffic) {
        if !std::mem::take(&mut self.may_pair) {
            return;
        }
        let mut lonely: Vec<FlowId> = self.lonely.iter().copied().collect();
        lonely.sort_unstable_by_key(|id| self.flows.get(id).map(|flow| flow.socket.id));
        for &id in &lonely {
            self.find_flow(id);
        }
        // Only now is it known who has no flow.
        for id in lonely {
            self.join_late(id, now, take);
            self.find_receiver(id);
        }
    }

    /// Looks for the flow at the other end of one.
    pub(super) fn find_flow(&mut self, id: FlowId) {
        let Some(flow) = self.flows.get(&id).filter(|flow| !matches!(flow.far, Far::Flow(_))) else { return };
        let remote = reached(id.remote);
        let own = flow.socket.netns;
        let target = self.addresses.target(own, remote.ip());
        if target.is_none() && !self.addresses.is_blank(own) {
            self.lonely.remove(&id);
            return;
        }
        let netns = target.unwrap_or(own);
        let mut found = Vec::new();
        for address in self.sources(flow) {
            let mirrored = SocketAddr::new(address, flow.bound_to.port());
            let candidates = self.mirror.get(netns, remote.port(), mirrored).iter();
            found.extend(candidates.copied().filter(|&other| {
                other != id
                    && self.flows.get(&other).is_some_and(|other| self.is_mirrored(flow, other, address))
            }));
        }
        found.sort_unstable();
        found.dedup();
        if let [other] = found[..] {
            self.join(id, other);
        } else if target.is_none() {
            // What may be its other end later finds it: both then name the same address.
            self.lonely.remove(&id);
        }
    }

    /// The addresses under which the other end may know a flow.
    pub(super) fn sources(&self, flow: &Flow) -> Vec<IpAddr> {
        let local = flow.bound_to.ip();
        if !local.is_unspecified() {
            return vec![local];
        }
        let remote = reached(flow.id.remote).ip();
        let mut sources = vec![remote];
        if remote.is_loopback() {
            sources.push(loopback_like(remote));
        } else {
            let own = self.addresses.of(flow.socket.netns).iter();
            sources.extend(own.copied().filter(|address| address.is_ipv4() == remote.is_ipv4()));
        }
        sources.sort_unstable();
        sources.dedup();
        sources
    }

    /// Whether `other`, which knows `flow` under that address, is what `flow` talks to.
    fn is_mirrored(&self, flow: &Flow, other: &Flow, address: IpAddr) -> bool {
        let seen = reached(flow.id.remote).ip();
        let (own, others) = (flow.socket.netns, other.socket.netns);
        if matches!(other.far, Far::Flow(_)) || !Sockets::covers(other.bound_to.ip(), seen) {
            return false;
        }
        match (self.addresses.target(own, seen), self.addresses.target(others, address)) {
            (Some(there), Some(here)) => there == others && here == own,
            // Where the namespace's addresses are not known: both name the same address, so it is their own.
            _ => own == others && self.addresses.is_blank(own) && seen == address,
        }
    }

    /// Makes two flows that name each other the ends of one.
    fn join(&mut self, one: FlowId, other: FlowId) {
        self.tie(one, other, None);
        for (id, far) in [(one, other), (other, one)] {
            if let Some(flow) = self.flows.get_mut(&id) {
                flow.socket.local = SocketAddr::new(reached(far.remote).ip(), flow.bound_to.port()).into();
            }
        }
    }

    /// Makes two flows the ends of one. Where nothing else tells who is the client: whether it is the first of them.
    pub(super) fn tie(&mut self, one: FlowId, other: FlowId, is_client: Option<bool>) {
        self.replace_receiver(one, other);
        self.replace_receiver(other, one);
        let manner = |id: FlowId| self.flows.get(&id).map(|flow| Manner::of(flow));
        let (Some(of_one), Some(of_other)) = (manner(one), manner(other)) else { return };
        let directions = match (direction::with(of_one, of_other), is_client) {
            (Direction::Unknown, Some(true)) => [Direction::Outbound, Direction::Inbound],
            (Direction::Unknown, Some(false)) => [Direction::Inbound, Direction::Outbound],
            (known, _) => [known, direction::with(of_other, of_one)],
        };
        for ((id, far), direction) in [(one, other), (other, one)].into_iter().zip(directions) {
            self.lonely.remove(&id);
            self.note(id);
            if let Some(flow) = self.flows.get_mut(&id) {
                flow.far = Far::Flow(far);
                flow.socket.direction = direction;
            }
        }
    }

    /// Lets the socket that must receive a flow's datagrams stand in for its other end.
    fn find_receiver(&mut self, id: FlowId) {
        let Some(flow) = self.flows.get(&id).filter(|flow| !matches!(flow.far, Far::Flow(_))) else { return };
        let remote = reached(id.remote);
        let before = match &flow.far {
            Far::Receiver(receiver) => Some(receiver.cookie),
            _ => None,
        };
        let known = self.receiving(id.socket, flow.socket.netns, self.own_address(flow), remote);
        if known.map(|known| known.facts.cookie) == before {
            return;
        }
        let (own, own_address) = (Manner::of(flow), self.own_address(flow));
        self.drop_receiver(id);
        if let Some(flow) = self.flows.get_mut(&id) {
            flow.socket.local = own_address.into();
        }
        let Some(socket) = self.flows.get(&id).map(|flow| flow.socket.clone()) else { return };
        let Some(found) = self.receiver_of(id.socket, &socket, remote, own) else { return };
        if let Some(known) = self.sockets.get_mut(found.cookie) {
            known.stands_in += 1;
        }
        if let Some(flow) = self.flows.get_mut(&id) {
            let Found { cookie, socket, manner } = found;
            flow.far = Far::Receiver(Box::new(Receiver { cookie, socket, is_told: false, is_dirty: true }));
            flow.socket.direction = direction::with(own, manner);
        }
        self.note(id);
    }

    /// The socket that receives what one at that address of its namespace sends; not that one itself.
    fn receiving(&self, own: u64, netns: NetnsId, from: SocketAddr, to: SocketAddr) -> Option<&Known> {
        let target = self.addresses.target(netns, to.ip())?;
        let is_itself = target == netns && from.port() == to.port() && Sockets::covers(from.ip(), to.ip());
        let known = self.sockets.receiver(target, from, to).filter(|_| !is_itself)?;
        (known.facts.cookie != own).then_some(known)
    }

    /// What stands in for the other end of a flow whose own socket is told like that.
    pub(super) fn receiver_of(
        &mut self,
        cookie: u64,
        flow: &Socket,
        remote: SocketAddr,
        own: Manner,
    ) -> Option<Found> {
        let known = self.receiving(cookie, flow.netns, flow.local.inet()?, remote)?;
        let manner = Manner { is_bound: known.facts.is_bound, first: None };
        let (cookie, netns, owners) = (known.facts.cookie, known.facts.netns, known.owners.clone());
        let socket = Socket {
            id: self.number(),
            netns,
            protocol: Protocol::Udp,
            local: remote.into(),
            remote: Some(flow.local.clone()),
            state: State::Established,
            direction: direction::with(manner, own),
            owner_source: if owners.is_empty() { OwnerSource::Unknown } else { OwnerSource::Listener },
            owners,
            opened_at: flow.opened_at,
            closed_at: None,
            counters: None,
            sequence: None,
            peer: None,
            error: None,
        };
        Some(Found { cookie, socket, manner })
    }

    /// What stood in for the other end of a flow turned out to be that one, which goes on under its number.
    fn replace_receiver(&mut self, id: FlowId, real: FlowId) {
        let number = self.flows.get(&id).and_then(|flow| match &flow.far {
            Far::Receiver(receiver) if receiver.is_told => Some(receiver.socket.id),
            _ => None,
        });
        if let Some(number) = number
            && let Some(real) = self.flows.get_mut(&real).filter(|real| !real.is_told)
        {
            (real.socket.id, real.is_told, real.has_new_owners) = (number, true, true);
            if let Some(Flow { far: Far::Receiver(receiver), .. }) =
                self.flows.get_mut(&id).map(|flow| &mut **flow)
            {
                receiver.is_told = false;
            }
        }
        self.drop_receiver(id);
    }

    /// A stand-in is none any more.
    fn drop_receiver(&mut self, id: FlowId) {
        let Some(flow) = self.flows.get_mut(&id) else { return };
        if !matches!(flow.far, Far::Receiver(_)) {
            return;
        }
        flow.socket.direction = direction::alone(flow);
        if let Far::Receiver(receiver) = std::mem::take(&mut flow.far) {
            if receiver.is_told {
                self.forgotten.push(receiver.socket.id);
            }
            if let Some(known) = self.sockets.get_mut(receiver.cookie) {
                known.stands_in = known.stands_in.saturating_sub(1);
            }
            self.note(id);
        }
    }

    /// The owners of a socket changed that stands in for other ends.
    pub(super) fn refresh_receivers(&mut self, cookie: u64) {
        let Some(known) = self.sockets.get(cookie) else { return };
        let mut changed = Vec::new();
        for flow in self.flows.values_mut() {
            if let Far::Receiver(receiver) = &mut flow.far
                && receiver.cookie == cookie
                && receiver.socket.owners != known.owners
            {
                receiver.socket.owners.clone_from(&known.owners);
                receiver.socket.owner_source = OwnerSource::Listener;
                receiver.is_dirty = true;
                self.newly_named.extend(known.owners.iter().copied());
                changed.push(flow.id);
            }
        }
        for id in changed {
            self.note(id);
        }
    }

    /// The flow that one of a connected socket goes on with: another socket of the same port, which is not connected,
    /// had it, and from now on the kernel gives its datagrams to this one.
    pub(super) fn taken_over_by(&self, socket: &UdpSocket, remote: SocketAddr) -> Option<FlowId> {
        socket.connected?;
        let local = socket.local.ip();
        let here = self.mirror.get(socket.netns, socket.local.port(), reached(remote));
        here.iter().copied().find(|id| {
            self.flows.get(id).is_some_and(|flow| {
                let its = flow.bound_to.ip();
                !flow.is_connected && (its == local || its.is_unspecified() || local.is_unspecified())
            })
        })
    }

    /// Gives a flow to that socket.
    pub(super) fn move_flow(&mut self, from: FlowId, socket: &UdpSocket, remote: SocketAddr) {
        let Some(mut flow) = self.flows.remove(&from) else { return };
        let was_lonely = self.lonely.remove(&from);
        self.mirror.remove(&flow);
        if let Some(known) = self.sockets.get_mut(from.socket) {
            known.remotes.remove(&from.remote);
        }
        flow.moves_to(socket);
        flow.id.remote = remote;
        flow.is_dirty = false;
        let to = flow.id;
        if let Far::Flow(other) = flow.far
            && let Some(other) = self.flows.get_mut(&other)
        {
            other.far = Far::Flow(to);
        }
        self.mirror.add(&flow);
        self.flows.insert(to, flow);
        if let Some(known) = self.sockets.get_mut(to.socket) {
            known.remotes.insert(to.remote);
        }
        if was_lonely {
            self.lonely.insert(to);
        }
        self.note(to);
    }
}
