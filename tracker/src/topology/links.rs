//! The store of connections.

use petgraph::stable_graph::EdgeIndex;

use super::connection::{Connection, ConnectionId, Side};
use super::end::{EndIndex, LinkIndex};
use super::readings::{Bytes, Reading};

/// A connection with what the topology needs to keep it up to date.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) view: Connection,
    /// The end whose socket the client's side tells of.
    pub(super) client: Option<EndIndex>,
    /// Likewise the server's. A socket connected to itself is the client's end only.
    pub(super) server: Option<EndIndex>,
    /// Where it is counted.
    pub(super) edge: EdgeIndex,
    /// Where it is in the edge's list.
    pub(super) position: u32,
    /// Whether it came with a socket, not from taking a connection apart.
    pub(super) came_with_socket: bool,
    /// The reading from which its rate counts, if there was one.
    pub(super) base: Option<Reading>,
}

impl Link {
    /// What it carried, as far as read.
    pub(super) fn bytes(&self) -> Option<Bytes> {
        let Connection { bytes_to_server, bytes_to_client, .. } = self.view;
        Some(Bytes { to_server: bytes_to_server?, to_client: bytes_to_client? })
    }

    pub(super) fn ends(&self) -> impl Iterator<Item = EndIndex> + use<> {
        self.client.into_iter().chain(self.server)
    }

    /// The side of one of its ends, and the other side.
    pub(super) fn sides(&self, end: EndIndex) -> (&Side, &Side) {
        let Connection { client, server, .. } = &self.view;
        if self.client == Some(end) { (client, server) } else { (server, client) }
    }

    pub(super) fn side_mut(&mut self, end: EndIndex) -> &mut Side {
        if self.client == Some(end) { &mut self.view.client } else { &mut self.view.server }
    }
}

/// All connections.
#[derive(Debug, Default)]
pub(super) struct Links {
    slots: Vec<Option<Link>>,
    free: Vec<LinkIndex>,
    /// By their ids, which only grow; what left stays as nothing until that is half of all.
    order: Vec<(ConnectionId, Option<LinkIndex>)>,
    left: usize,
}

impl Links {
    pub(super) fn get(&self, link: LinkIndex) -> Option<&Link> {
        self.slots.get(link.slot())?.as_ref()
    }

    pub(super) fn get_mut(&mut self, link: LinkIndex) -> Option<&mut Link> {
        self.slots.get_mut(link.slot())?.as_mut()
    }

    pub(super) fn find(&self, id: ConnectionId) -> Option<LinkIndex> {
        self.order[self.position(id)?].1
    }

    /// Where an id is in `order`. Ids only grow and those before it may have left: it is as far from the first as it
    /// would be if none had, or before that.
    fn position(&self, id: ConnectionId) -> Option<usize> {
        let (first, last) = (self.order.first()?.0, self.order.len() - 1);
        let guess = usize::try_from(id.0.checked_sub(first.0)?).unwrap_or(usize::MAX).min(last);
        if self.order[guess].0 == id {
            return Some(guess);
        }
        self.order[..guess].binary_search_by_key(&id, |&(id, _)| id).ok()
    }

    /// Makes room for so many more ends' connections; see [`Ends::reserve`](super::ends::Ends::reserve).
    pub(super) fn reserve(&mut self, ends: usize) {
        let slots = (ends / 2).saturating_sub(self.free.len());
        if slots > self.slots.len() {
            self.slots.reserve_exact(slots);
            self.order.reserve_exact(slots);
        }
    }

    /// Adds one whose id is greater than all before.
    pub(super) fn add(&mut self, link: Link) -> LinkIndex {
        let id = link.view.id;
        let index = if let Some(index) = self.free.pop() {
            self.slots[index.slot()] = Some(link);
            index
        } else {
            self.slots.push(Some(link));
            LinkIndex::of(self.slots.len() - 1)
        };
        self.order.push((id, Some(index)));
        index
    }

    pub(super) fn remove(&mut self, link: LinkIndex) -> Option<Link> {
        let removed = self.slots.get_mut(link.slot())?.take()?;
        self.take_out(removed.view.id);
        self.free.push(link);
        Some(removed)
    }

    /// All, in the order of their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Link> {
        self.order.iter().filter_map(|&(_, link)| self.get(link?))
    }

    fn take_out(&mut self, id: ConnectionId) {
        let Some(place) = self.position(id) else { return };
        self.order[place].1 = None;
        self.left += 1;
        if self.left > self.order.len() / 2 {
            self.order.retain(|(_, link)| link.is_some());
            self.left = 0;
        }
    }
}
