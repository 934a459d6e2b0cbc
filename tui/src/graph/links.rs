//! Who is linked with whom: what layout needs to know of a view's edges.

use std::cell::OnceCell;

use super::lists::Lists;
use crate::view::{NodeKind, View};

/// The edges of a view by the places of their ends, and what follows of that.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// For each node, whether it has an edge to another. One that only talks to itself needs no line, and folds as
    /// soon as those without any.
    pub(super) linked: Vec<bool>,
    /// Client and server of every edge.
    ends: Vec<(u32, u32)>,
    /// Made when it is first asked for: where nobody comes, nobody asks.
    table: OnceCell<Table>,
}

/// Pairs of different nodes, each once, however many edges lead from one to the other.
#[derive(Debug)]
struct Table {
    servers: Lists,
    clients: Lists,
}

impl Links {
    pub(super) fn new(view: &View) -> Self {
        Self::of(view.nodes.len(), view.edges.iter().map(|edge| (edge.client as u32, edge.server as u32)))
    }

    /// Those between things that are counted from 0.
    pub(super) fn of(count: usize, edges: impl Iterator<Item = (u32, u32)>) -> Self {
        let mut linked = vec![false; count];
        let ends: Vec<(u32, u32)> = edges.collect();
        for &(client, server) in ends.iter().filter(|(client, server)| client != server) {
            linked[client as usize] = true;
            linked[server as usize] = true;
        }
        Self { linked, ends, table: OnceCell::new() }
    }

    fn table(&self) -> &Table {
        self.table.get_or_init(|| {
            let count = self.linked.len();
            let others = self.ends.iter().filter(|(client, server)| client != server);
            // By the server, and then by the client: the servers of each client come in their order.
            let by_server = Lists::new(count, others.map(|&(client, server)| (server, client)));
            let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(by_server.len());
            for server in 0..count {
                pairs.extend(by_server.of(server).iter().map(|&client| (client, server as u32)));
            }
            let by_client = Lists::new(count, pairs.iter().copied());
            pairs.clear();
            for client in 0..count {
                let servers = by_client.of(client).chunk_by(|one, other| one == other);
                pairs.extend(servers.map(|same| (client as u32, same[0])));
            }
            let turned = pairs.iter().map(|&(client, server)| (server, client));
            Table { clients: Lists::new(count, turned), servers: Lists::new(count, pairs.iter().copied()) }
        })
    }

    /// Client and server of every edge, in the order of the view's edges.
    pub(super) fn ends(&self) -> &[(u32, u32)] {
        &self.ends
    }

    /// The nodes that a node calls.
    pub(super) fn servers(&self, node: usize) -> &[u32] {
        self.table().servers.of(node)
    }

    /// The nodes that call a node.
    pub(super) fn clients(&self, node: usize) -> &[u32] {
        self.table().clients.of(node)
    }

    /// The nodes at the other ends of a node's edges.
    pub(super) fn others(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        self.servers(node).iter().chain(self.clients(node)).map(|&other| other as usize)
    }

    /// Client and server of all pairs of different nodes, in order, each pair once.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let of = |client| self.servers(client).iter().map(move |&server| (client, server as usize));
        (0..self.linked.len()).flat_map(of)
    }

    /// Whether a node is a remote address that is called rather than calls.
    pub(super) fn is_called_remote(&self, view: &View, node: usize) -> bool {
        view.nodes[node].kind == NodeKind::Remote && self.servers(node).len() <= self.clients(node).len()
    }
}
