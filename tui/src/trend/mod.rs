//! How rates and round-trip times went lately: a ring of the newest ticks for each edge and each node.
//!
//! Recorded from the view, once a tick. So what is not shown is not recorded: while the picture is held, and of what a
//! filter or another grouping keeps away, nothing is known, and nothing is made up.

mod book;
mod ring;
mod spark;

use scopetop_tracker::topology::Service;

use self::book::Book;
use self::ring::{Known, Ring, Sample, Tick};
pub use self::ring::{LENGTH, Values};
pub use self::spark::sparkline;
use crate::view::{EdgeKey, Lineage, ShownKey, View};

/// In how many ticks all is looked through for what may be forgotten, a part in each.
const PARTS: usize = 16;

/// How many things that are gone are remembered where little is there.
const SPARE: usize = 1024;

/// The trends of all that was shown lately.
#[derive(Debug, Default)]
pub struct Trends {
    nodes: Book<ShownKey>,
    /// By the slots of their ends, which have a ring as long as they do.
    edges: Book<(u32, u32, Service)>,
    /// The ticks that were recorded.
    recorded: Known,
    /// The number of the view that was recorded last.
    view: u64,
    /// Of the view's nodes: what is known of them as the longest of their edges.
    longest: Vec<Option<u32>>,
    sweep: Sweep,
}

/// How far all was looked through for what may be forgotten.
#[derive(Debug, Default)]
struct Sweep {
    /// How many parts were.
    parts: usize,
    /// The first slot of an edge that is not in them.
    next: usize,
    /// The tick at which the first was.
    began: u64,
}

/// The trend of one thing.
#[derive(Clone, Copy, Debug)]
pub struct Trend<'t> {
    ring: &'t Ring,
    recorded: Known,
}

impl Trends {
    /// Records what a view shows of a tick. The same tick once more takes the place of what was recorded of it. An
    /// earlier one takes back what was recorded after it; what came before stays.
    pub fn record(&mut self, view: &View, sequence: u64) {
        let last = self.recorded.last();
        let tick = Tick { sequence, skipped: last.checked_add(2) == Some(sequence) };
        let is_earlier = sequence < last;
        if is_earlier {
            self.sweep = Sweep::default();
        }
        let lineage = Some(&view.lineage).filter(|lineage| !is_earlier && lineage.follows(self.view));
        self.follow(view, lineage);
        self.longest.clear();
        self.longest.resize(view.nodes.len(), None);
        for edge in &view.edges {
            for end in edge.ends() {
                if let Some(longest) = self.longest.get_mut(end) {
                    *longest = (*longest).max(edge.rtt_us);
                }
            }
        }
        let edge = |place: usize| view.edges.get(place).map(|edge| Sample::new(edge.rate, edge.rtt_us));
        self.edges.write(self.recorded, tick, lineage.map(|lineage| &lineage.edges), edge);
        let longest = &self.longest;
        let node = |place: usize| Some(Sample::new(view.nodes.get(place)?.rate, *longest.get(place)?));
        self.nodes.write(self.recorded, tick, lineage.map(|lineage| &lineage.nodes), node);
        self.recorded.note(tick);
        if self.edges.gone() > view.edges.len() + SPARE {
            self.forget_all_gone();
        } else {
            self.sweep();
        }
    }

    /// Finds the rings of what a view shows.
    fn follow(&mut self, view: &View, lineage: Option<&Lineage>) {
        self.view = view.lineage.number;
        let moves = lineage.map(|lineage| &lineage.nodes);
        self.nodes.slots.follow(moves, view.nodes.len(), |place| view.nodes[place].key.clone());
        let ends = self.nodes.slots.of_this_tick();
        let slot = |end: usize| ends.get(end).copied().unwrap_or(u32::MAX);
        let moves = lineage.map(|lineage| &lineage.edges);
        self.edges.slots.follow(moves, view.edges.len(), |place| {
            let edge = &view.edges[place];
            (slot(edge.client), slot(edge.server), edge.at.clone())
        });
    }

    /// Forgets a part of what nothing is known of any more.
    fn sweep(&mut self) {
        if self.sweep.parts == 0 {
            self.sweep.began = self.recorded.last();
        }
        let (recorded, began) = (self.recorded, self.sweep.began);
        let rest = self.edges.slots.room().saturating_sub(self.sweep.next);
        let end = self.sweep.next + rest.div_ceil(PARTS - self.sweep.parts);
        self.edges.clean(self.sweep.next..end, recorded, began, |[now, _]| now != 0);
        self.sweep.parts += 1;
        self.sweep.next = end;
        if self.sweep.parts == PARTS {
            // Edges are found by the slots of their ends, which must not become another's before. Of what nothing was known
            // when this began, no edge is left by now.
            let nodes = 0..self.nodes.slots.room();
            self.nodes.clean(nodes, recorded, began, |known| known != [0, 0]);
            self.sweep = Sweep::default();
        }
    }

    /// Forgets all that is not of this tick.
    fn forget_all_gone(&mut self) {
        let (recorded, now) = (self.recorded, self.recorded.last());
        let (edges, nodes) = (0..self.edges.slots.room(), 0..self.nodes.slots.room());
        self.edges.clean(edges, recorded, now, |[now, _]| now & 1 == 1);
        self.nodes.clean(nodes, recorded, now, |[now, _]| now & 1 == 1);
        self.sweep = Sweep::default();
    }

    /// Forgets everything: another host, another recording, another time.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The trend of an edge; `None` where it was not shown lately.
    pub fn edge(&self, key: &EdgeKey) -> Option<Trend<'_>> {
        let (client, server) = (self.nodes.slots.find(&key.client)?, self.nodes.slots.find(&key.server)?);
        let slot = self.edges.slots.find(&(client, server, key.service.clone()))?;
        self.edges.ring(slot).map(|ring| Trend { ring, recorded: self.recorded })
    }

    /// The trend of a node; `None` where it was not shown lately.
    pub fn node(&self, key: &ShownKey) -> Option<Trend<'_>> {
        let ring = self.nodes.ring(self.nodes.slots.find(key)?)?;
        Some(Trend { ring, recorded: self.recorded })
    }
}

impl Trend<'_> {
    /// Bytes a second to the server; of a node, what it sends as a client and gets as a server. Oldest first; `None`
    /// for a tick of which nothing is known.
    pub fn to_server(&self) -> Values {
        self.ring.values(self.recorded, Sample::to_server)
    }

    /// Bytes a second to the client, likewise.
    pub fn to_client(&self) -> Values {
        self.ring.values(self.recorded, Sample::to_client)
    }

    /// Bytes a second, both ways together.
    pub fn rate(&self) -> Values {
        self.ring.values(self.recorded, |sample| Some(sample.to_server()? + sample.to_client()?))
    }

    /// Round-trip times in microseconds: of an edge that of its oldest connection, of a node the longest of its edges'.
    pub fn rtt_us(&self) -> Values {
        self.ring.values(self.recorded, Sample::rtt_us)
    }
}

#[cfg(test)]
mod tests;
