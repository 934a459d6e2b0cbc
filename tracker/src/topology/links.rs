//! The store of connections.

use std::collections::BTreeMap;

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
    by_id: BTreeMap<ConnectionId, LinkIndex>,
}

impl Links {
    pub(super) fn get(&self, link: LinkIndex) -> Option<&Link> {
        self.slots.get(link.0 as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, link: LinkIndex) -> Option<&mut Link> {
        self.slots.get_mut(link.0 as usize)?.as_mut()
    }

    pub(super) fn find(&self, id: ConnectionId) -> Option<LinkIndex> {
        self.by_id.get(&id).copied()
    }

    pub(super) fn add(&mut self, link: Link) -> LinkIndex {
        let id = link.view.id;
        let index = if let Some(index) = self.free.pop() {
            self.slots[index.0 as usize] = Some(link);
            index
        } else {
            self.slots.push(Some(link));
            LinkIndex(self.slots.len() as u32 - 1)
        };
        self.by_id.insert(id, index);
        index
    }

    pub(super) fn remove(&mut self, link: LinkIndex) -> Option<Link> {
        let removed = self.slots.get_mut(link.0 as usize)?.take()?;
        self.by_id.remove(&removed.view.id);
        self.free.push(link);
        Some(removed)
    }

    /// All, in the order of their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Link> {
        self.by_id.values().filter_map(|&link| self.get(link))
    }
}
