//! How rates and round-trip times went lately: a ring of the newest ticks for each edge and each node.
//!
//! Recorded from the view, once a tick. So what is not shown is not recorded: while the picture is held, and of what a
//! filter or another grouping keeps away, nothing is known, and nothing is made up.

mod book;
mod ring;
mod spark;

use scopetop_tracker::topology::Service;

use self::book::Book;
pub use self::ring::{LENGTH, Values};
use self::ring::{Ring, Sample, Tick};
pub use self::spark::sparkline;
use crate::view::{EdgeKey, ShownKey, View};

/// How many ticks lie between two looks for what may be forgotten.
const CLEAN_EVERY: u64 = 16;

/// How many things that are gone are remembered where little is there.
const SPARE: usize = 1024;

/// The trends of all that was shown lately.
#[derive(Debug, Default)]
pub struct Trends {
    nodes: Book<ShownKey>,
    /// By the slots of their ends, which have a ring as long as they do.
    edges: Book<(u32, u32, Service)>,
    /// The newest tick that was recorded.
    now: u64,
    /// When was looked last for what may be forgotten.
    cleaned: u64,
    /// The slots of the view's nodes, and what is known of them as the sum of their edges.
    ends: Vec<(u32, Option<u32>)>,
}

/// The trend of one thing.
#[derive(Clone, Copy, Debug)]
pub struct Trend<'t> {
    ring: &'t Ring,
    now: u64,
}

impl Trends {
    /// Records what a view shows of a tick. The same tick once more takes the place of what was recorded of it. An
    /// earlier one takes back what was recorded after it; what came before stays.
    pub fn record(&mut self, view: &View, sequence: u64) {
        let tick = Tick { sequence, skipped: self.now.checked_add(2) == Some(sequence) };
        self.now = sequence;
        self.ends.clear();
        self.nodes.slots.begin();
        for node in &view.nodes {
            self.ends.push((self.nodes.slots.slot(&node.key), None));
        }
        self.edges.slots.begin();
        for edge in &view.edges {
            let (Some(&(client, _)), Some(&(server, _))) =
                (self.ends.get(edge.client), self.ends.get(edge.server))
            else {
                continue;
            };
            for end in edge.ends() {
                let longest = &mut self.ends[end].1;
                *longest = (*longest).max(edge.rtt_us);
            }
            let slot = self.edges.slots.slot(&(client, server, edge.at.clone()));
            self.edges.write(slot, tick, Sample::new(edge.rate, edge.rtt_us));
        }
        for (node, &(slot, longest)) in view.nodes.iter().zip(&self.ends) {
            self.nodes.write(slot, tick, Sample::new(node.rate, longest));
        }
        let is_due = sequence.abs_diff(self.cleaned) >= CLEAN_EVERY;
        let is_crowded = self.edges.gone() > view.edges.len() + SPARE;
        if is_due || is_crowded {
            self.cleaned = sequence;
            // Edges and nodes by one rule: an edge's ends were shown whenever it was, so that they stay as long.
            self.edges.clean(sequence, is_crowded);
            self.nodes.clean(sequence, is_crowded);
        }
    }

    /// Forgets everything: another host, another recording, another time.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The trend of an edge; `None` where it was not shown lately.
    pub fn edge(&self, key: &EdgeKey) -> Option<Trend<'_>> {
        let (client, server) = (self.nodes.slots.find(&key.client)?, self.nodes.slots.find(&key.server)?);
        let slot = self.edges.slots.find(&(client, server, key.service.clone()))?;
        self.edges.ring(slot).map(|ring| Trend { ring, now: self.now })
    }

    /// The trend of a node; `None` where it was not shown lately.
    pub fn node(&self, key: &ShownKey) -> Option<Trend<'_>> {
        let ring = self.nodes.ring(self.nodes.slots.find(key)?)?;
        Some(Trend { ring, now: self.now })
    }
}

impl Trend<'_> {
    /// Bytes a second to the server; of a node, what it sends as a client and gets as a server. Oldest first; `None`
    /// for a tick of which nothing is known.
    pub fn to_server(&self) -> Values {
        self.ring.values(self.now, Sample::to_server)
    }

    /// Bytes a second to the client, likewise.
    pub fn to_client(&self) -> Values {
        self.ring.values(self.now, Sample::to_client)
    }

    /// Bytes a second, both ways together.
    pub fn rate(&self) -> Values {
        self.ring.values(self.now, |sample| Some(sample.to_server()? + sample.to_client()?))
    }

    /// Round-trip times in microseconds: of an edge that of its oldest connection, of a node the longest of its edges'.
    pub fn rtt_us(&self) -> Values {
        self.ring.values(self.now, Sample::rtt_us)
    }
}

#[cfg(test)]
mod tests;
