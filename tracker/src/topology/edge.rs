//! Edges: who talks to whom about what, added up.

use std::cmp::Reverse;

use petgraph::stable_graph::{EdgeIndex, NodeIndex};
use rustc_hash::FxHashMap;

use super::connection::{Connection, ConnectionId};
use super::{Graph, changes};
use crate::connection::{Address, Protocol, State, UnixName};

/// What a connection is for: where the server is, without its address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// The server's port as the server has it; as the client sees it, where the server's socket is not known. 0 where
    /// nothing tells it.
    Port(Protocol, u16),
    /// What the server's Unix socket is bound to.
    Unix(UnixName),
}

impl Service {
    /// The service of a server that is there.
    pub fn at(protocol: Protocol, address: &Address) -> Self {
        match address {
            Address::Inet(address) => Self::Port(protocol, address.port()),
            Address::Unix(name) => Self::Unix(name.clone()),
        }
    }

    /// Its protocol.
    pub const fn protocol(&self) -> Protocol {
        match self {
            Self::Port(protocol, _) => *protocol,
            Self::Unix(_) => Protocol::Unix,
        }
    }
}

/// All connections from one node to one service of another.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// The service.
    pub service: Service,
    /// The connections on it, open or over in the newest tick. In the order in which they came until one leaves:
    /// then the last one takes its place, so that leaving costs the same on an edge of any size.
    pub connections: Vec<ConnectionId>,
    /// How many of them are open.
    pub open: usize,
    /// How many of them began in the newest tick (also those that are over already).
    pub new: usize,
    /// How many of them closed in the newest tick.
    pub closed: usize,
    /// How many of them failed in the newest tick.
    pub failed: usize,
    /// The sum of their rates, in bytes a second, to the server and to the client.
    pub rate: Rate,
}

impl Edge {
    fn new(service: Service) -> Self {
        Self {
            service,
            // Most edges have one.
            connections: Vec::with_capacity(1),
            open: 0,
            new: 0,
            closed: 0,
            failed: 0,
            rate: Rate::default(),
        }
    }

    /// Counts a connection in, as it is now.
    pub(super) fn count_in(&mut self, connection: &Connection) {
        self.new += usize::from(connection.is_new);
        match connection.state {
            State::Closed => self.closed += 1,
            State::Failed => self.failed += 1,
            _ => self.open += 1,
        }
        self.rate.to_server += connection.rate.to_server;
        self.rate.to_client += connection.rate.to_client;
    }

    /// Counts a connection out that was counted in just as it is now.
    pub(super) fn count_out(&mut self, connection: &Connection) {
        self.new -= usize::from(connection.is_new);
        match connection.state {
            State::Closed => self.closed -= 1,
            State::Failed => self.failed -= 1,
            _ => self.open -= 1,
        }
        self.rate.to_server -= connection.rate.to_server;
        self.rate.to_client -= connection.rate.to_client;
    }
}

/// Bytes a second each way, from the newest two readings of the counters.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    /// From the client to the server.
    pub to_server: f64,
    /// From the server to the client.
    pub to_client: f64,
}

impl Rate {
    /// Rates are whole multiples of 1/16 byte a second and at most 2^40: then sums of them are exact, and an edge
    /// whose connections come and go for weeks gathers no rounding errors.
    const STEPS: f64 = 16.0;
    const MOST: f64 = (1_u64 << 40) as f64;

    /// So many bytes in so many nanoseconds.
    pub(super) fn per_second(bytes: u64, nanoseconds: u64) -> f64 {
        if nanoseconds == 0 {
            return 0.0;
        }
        let rate = bytes as f64 * 1e9 / nanoseconds as f64;
        (rate.min(Self::MOST) * Self::STEPS).round() / Self::STEPS
    }

    pub(super) fn is_zero(self) -> bool {
        self == Self::default()
    }
}

/// Finds the graph's edges. An edge without connections stays until [`Edges::remove_empty`].
#[derive(Debug, Default)]
pub(super) struct Edges {
    by_key: FxHashMap<(NodeIndex, NodeIndex, Service), EdgeIndex>,
    /// Edges that may be empty; some more than once.
    empty: Vec<EdgeIndex>,
    /// Edges that this tick changed; some more than once.
    touched: Vec<EdgeIndex>,
}

impl Edges {
    /// The edge of that key; a new one if there is none.
    pub(super) fn get(
        &mut self,
        graph: &mut Graph,
        client: NodeIndex,
        server: NodeIndex,
        service: Service,
    ) -> EdgeIndex {
        *self
            .by_key
            .entry((client, server, service.clone()))
            .or_insert_with(|| graph.add_edge(client, server, Edge::new(service)))
    }

    /// Notes that an edge is other than it was before this tick.
    pub(super) fn touch(&mut self, edge: EdgeIndex) {
        self.touched.push(edge);
    }

    pub(super) fn touched(&self) -> &[EdgeIndex] {
        &self.touched
    }

    pub(super) fn forget_touched(&mut self) {
        changes::empty(&mut self.touched);
    }

    pub(super) fn note_empty(&mut self, edge: EdgeIndex) {
        self.empty.push(edge);
    }

    /// Removes the edges without connections.
    pub(super) fn remove_empty(&mut self, graph: &mut Graph) {
        // petgraph walks a node's list of edges, newest first, to the one that is removed: the newest go first.
        self.empty.sort_unstable_by_key(|&edge| Reverse(edge));
        for edge in self.empty.drain(..) {
            let Some(weight) = graph.edge_weight(edge) else { continue };
            if !weight.connections.is_empty() {
                continue;
            }
            let service = weight.service.clone();
            if let Some((client, server)) = graph.edge_endpoints(edge) {
                self.by_key.remove(&(client, server, service));
            }
            graph.remove_edge(edge);
        }
    }
}
