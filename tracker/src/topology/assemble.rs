//! A connection is made of its ends, and counted where it belongs.

use std::net::{Ipv4Addr, SocketAddr};

use petgraph::stable_graph::NodeIndex;

use super::apply::Work;
use super::connection::{Connection, ConnectionId, Side};
use super::edge::{Rate, Service};
use super::end::{End, EndIndex, LinkIndex, is_itself, translated};
use super::links::Link;
use super::node::{Node, NodeKey, Nodes};
use super::readings::{Bytes, Reading};
use super::{Graph, Topology};
use crate::connection::{Address, Direction, OwnerSource, Protocol};
use crate::identity::ProcessId;

/// An end with what only its connection knows of it.
pub(super) struct Own {
    pub(super) index: EndIndex,
    pub(super) local: Address,
    pub(super) remote: Address,
    pub(super) owners: Vec<ProcessId>,
    pub(super) owner_source: OwnerSource,
}

/// What a connection was before a tick.
pub(super) struct Before {
    client: Option<EndIndex>,
    server: Option<EndIndex>,
    bytes: Option<Bytes>,
    base: Option<Reading>,
}

/// Two ends, or one and what it sees, in their roles.
struct Roles {
    client: Option<Own>,
    server: Option<Own>,
    is_directed: bool,
}

impl Topology {
    /// Makes a connection of one end or two: the one at `link` anew, or a new one. `came_with_socket`: whether a new
    /// one is one that was not there before.
    pub(super) fn assemble(
        &mut self,
        work: &mut Work<'_>,
        link: Option<LinkIndex>,
        came_with_socket: bool,
        own: Own,
        other: Option<Own>,
    ) {
        let Some(roles) = self.roles(own, other) else { return };
        let ends = [&roles.client, &roles.server].map(|own| own.as_ref().map(|own| own.index));
        let old = link.and_then(|link| self.links.get(link));
        let came_with_socket = old.map_or(came_with_socket, |old| old.came_with_socket);
        let id = old.map_or(ConnectionId(self.next_connection), |old| old.view.id);
        if old.is_none() {
            self.next_connection += 1;
        }
        let (was_new, was_over, old_rate) = old.map_or((false, false, Rate::default()), |old| {
            (old.view.is_new, old.view.state.is_over(), old.view.rate)
        });
        if let Some(old) = old
            && id < work.first_made
        {
            work.before.entry(id).or_insert(Before {
                client: old.client,
                server: old.server,
                bytes: old.bytes(),
                base: old.base,
            });
        }
        let is_directed = roles.is_directed;
        let [client, server] = self.sides(roles);
        let [client_end, server_end] = ends.map(|end| end.and_then(|end| self.ends.get(end)));
        // One of the two is there: it was given.
        let Some(first) = client_end.or(server_end) else { return };
        let both = || client_end.into_iter().chain(server_end);
        let main = both().find(|end| !end.is_over()).unwrap_or(first);
        let bytes =
            Bytes::of(client_end.and_then(|end| end.counters), server_end.and_then(|end| end.counters));
        let opened_at = both().filter_map(|end| end.opened_at).min();
        let is_made = id >= work.first_made;
        let is_new = if is_made { came_with_socket && work.began_in(opened_at) } else { was_new };
        let (base, rate) = if is_made {
            work.readings.first(is_new, opened_at, main.is_over(), bytes)
        } else {
            let before = work.before.get(&id).map(|before| before.turned(ends)).unwrap_or_default();
            work.readings.next(before, old_rate, opened_at, main.is_over(), bytes)
        };
        let view = Connection {
            id,
            protocol: first.protocol,
            state: main.state,
            directed: is_directed,
            opened_at,
            closed_at: both().filter_map(|end| end.closed_at).max().filter(|_| main.is_over()),
            bytes_to_server: bytes.map(|bytes| bytes.to_server),
            bytes_to_client: bytes.map(|bytes| bytes.to_client),
            rtt_us: both().find_map(|end| end.counters?.rtt_us),
            retransmits: both()
                .filter(|end| end.protocol == Protocol::Tcp)
                .filter_map(|end| Some(end.counters?.retransmits))
                .reduce(u32::saturating_add),
            error: both().find_map(|end| end.error),
            client,
            server,
            rate,
            is_new,
        };
        let newest = &mut self.hosts[usize::from(work.host.0)].newest;
        if is_new && !was_new {
            newest.new.push(id);
        }
        if !rate.is_zero() && old_rate.is_zero() {
            newest.moving.push(id);
        }
        if view.state.is_over() && !was_over {
            newest.over.push(id);
        }
        let link = self.place(link, view, ends, came_with_socket, base);
        for end in ends.into_iter().flatten() {
            if let Some(end) = self.ends.get_mut(end) {
                end.link = Some(link);
            }
        }
    }

    /// Who is the client and who the server.
    fn roles(&self, own: Own, other: Option<Own>) -> Option<Roles> {
        let end = self.ends.get(own.index)?;
        let Some(other) = other else {
            let is_directed = end.direction != Direction::Unknown;
            return Some(match end.direction {
                Direction::Inbound if !is_itself(&own.local, &own.remote) => {
                    Roles { client: None, server: Some(own), is_directed }
                }
                _ => Roles { client: Some(own), server: None, is_directed },
            });
        };
        let others = self.ends.get(other.index)?;
        let known = end.is_client_of(others);
        let is_client = known.unwrap_or_else(|| {
            let order = |end: &End, own: &Own| (end.host, end.netns, own.local.clone(), end.socket);
            order(end, &own) < order(others, &other)
        });
        let (client, server) = if is_client { (own, other) } else { (other, own) };
        Some(Roles { client: Some(client), server: Some(server), is_directed: known.is_some() })
    }

    /// The two sides, the client's first.
    fn sides(&mut self, roles: Roles) -> [Side; 2] {
        match (roles.client, roles.server) {
            (Some(client), Some(server)) => {
                let (client_sees, server_sees) = (client.remote.clone(), server.remote.clone());
                [self.own_side(client, Some(&server_sees)), self.own_side(server, Some(&client_sees))]
            }
            (Some(own), None) if is_itself(&own.local, &own.remote) => {
                let side = self.own_side(own, None);
                [side.clone(), side]
            }
            (Some(own), None) => {
                let (own, far) = self.one_sided(own);
                [own, far]
            }
            (None, Some(own)) => {
                let (own, far) = self.one_sided(own);
                [far, own]
            }
            // Not reached: one of the two was given.
            (None, None) => [unknown_side(), unknown_side()],
        }
    }

    /// The side of an end, which the other end sees under that address.
    fn own_side(&mut self, own: Own, seen_as: Option<&Address>) -> Side {
        let Some((host, netns, socket)) =
            self.ends.get(own.index).map(|end| (end.host, end.netns, end.socket))
        else {
            return unknown_side();
        };
        Side {
            node: self.owner_node(host, netns, own.owners.first().copied()),
            socket: Some((host, socket)),
            owners: own.owners,
            owner_source: own.owner_source,
            nat: seen_as.and_then(|seen_as| translated(&own.local, seen_as)),
            address: own.local,
            netns: Some(netns),
        }
    }

    /// The side of an end that is alone, and the side that only it knows of.
    fn one_sided(&mut self, own: Own) -> (Side, Side) {
        let (seen_as, far_address) = self.beyond(own.index).unzip();
        let far = self.far_side(&own, far_address);
        (self.own_side(own, seen_as.as_ref()), far)
    }

    /// The side that only this end knows of; it may be elsewhere than this end sees it.
    fn far_side(&mut self, own: &Own, address: Option<Address>) -> Side {
        let address = address.unwrap_or_else(|| own.remote.clone());
        let nat = translated(&address, &own.remote);
        let mut side = Side { address, nat, ..unknown_side() };
        if let Some((host, netns)) = self.ends.get(own.index).map(End::place) {
            side.node = match side.address.ip() {
                Some(address) => self.remote_node(NodeKey::remote(host, netns, address), address),
                // The other end of a Unix socket is on this host, in whosever hands.
                None => self.owner_node(host, netns, None),
            };
        }
        side
    }

    /// Puts a connection where it belongs: at its nodes, on its edge, into the store.
    fn place(
        &mut self,
        link: Option<LinkIndex>,
        view: Connection,
        [client, server]: [Option<EndIndex>; 2],
        came_with_socket: bool,
        base: Option<Reading>,
    ) -> LinkIndex {
        self.nodes.acquire(view.client.node);
        self.nodes.acquire(view.server.node);
        let service = Service::at(view.protocol, &view.server.address);
        let edge = self.edges.get(&mut self.graph, view.client.node, view.server.node, service);
        let old = link.and_then(|link| self.links.get(link));
        let stays = old.is_some_and(|old| old.edge == edge);
        let netns = |view: &Connection| [view.client.netns, view.server.netns];
        let stands = stays && old.is_some_and(|old| netns(&old.view) == netns(&view));
        if let Some(link) = link {
            let left = self.links.get(link).map(|old| [old.view.client.node, old.view.server.node]);
            self.leave(link, stays);
            if let Some(left) = left.filter(|_| !stays) {
                touch_unplaced(&self.graph, &mut self.nodes, left);
            }
        }
        self.edges.touch(edge);
        if !stands {
            touch_unplaced(&self.graph, &mut self.nodes, [view.client.node, view.server.node]);
        }
        let mut position = 0;
        if let Some(weight) = self.graph.edge_weight_mut(edge) {
            weight.count_in(&view);
            if !stays {
                position = weight.connections.len() as u32;
                weight.connections.push(view.id);
            }
        }
        if let Some(link) = link
            && let Some(old) = self.links.get_mut(link)
        {
            if stays {
                position = old.position;
            }
            *old = Link { view, client, server, edge, position, came_with_socket, base };
            return link;
        }
        self.links.add(Link { view, client, server, edge, position, came_with_socket, base })
    }

    /// Takes a connection off its nodes and out of its edge's counts, and off the edge unless it stays.
    fn leave(&mut self, link: LinkIndex, stays: bool) {
        let Some(link) = self.links.get(link) else { return };
        let (edge, position) = (link.edge, link.position);
        self.nodes.release(link.view.client.node);
        self.nodes.release(link.view.server.node);
        let Some(weight) = self.graph.edge_weight_mut(edge) else { return };
        weight.count_out(&link.view);
        if stays {
            return;
        }
        self.edges.touch(edge);
        weight.connections.swap_remove(position as usize);
        if weight.connections.is_empty() {
            self.edges.note_empty(edge);
        } else if let Some(&moved) = weight.connections.get(position as usize)
            && let Some(moved) = self.links.find(moved)
            && let Some(moved) = self.links.get_mut(moved)
        {
            moved.position = position;
        }
    }

    /// Removes a connection, not its ends.
    pub(super) fn dissolve(&mut self, link: LinkIndex) -> Option<Link> {
        self.leave(link, false);
        let removed = self.links.remove(link)?;
        let ends = [removed.view.client.node, removed.view.server.node];
        touch_unplaced(&self.graph, &mut self.nodes, ends);
        Some(removed)
    }
}

/// Notes that these nodes' connections are others now: a process of which it is not known what namespace it was in stands
/// in theirs.
fn touch_unplaced(graph: &Graph, nodes: &mut Nodes, ends: [NodeIndex; 2]) {
    for node in ends {
        if let Some(Node::Process(process)) = graph.node_weight(node)
            && process.netns.is_none()
        {
            nodes.touch(node);
        }
    }
}

/// A side of which nothing is known yet.
fn unknown_side() -> Side {
    Side {
        node: NodeIndex::end(),
        socket: None,
        owners: Vec::new(),
        owner_source: OwnerSource::Unknown,
        address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)).into(),
        nat: None,
        netns: None,
    }
}

impl Before {
    /// What it had carried and from when its rate counted, as of a connection that has these ends now.
    fn turned(&self, [client, server]: [Option<EndIndex>; 2]) -> (Option<Bytes>, Option<Reading>) {
        let is_same = |was: Option<EndIndex>, is: Option<EndIndex>| was.is_some() && was == is;
        if is_same(self.client, server) || is_same(self.server, client) {
            // It turned out who began, and it was the other one.
            let base = self.base.map(|base| Reading { bytes: base.bytes.swapped(), ..base });
            return (self.bytes.map(Bytes::swapped), base);
        }
        (self.bytes, self.base)
    }
}
