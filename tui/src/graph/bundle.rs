//! Which edges are drawn as one line: all between the same two rows.

use rustc_hash::FxHashMap;
use scopetop_tracker::topology::Rate;

use super::glyph::Weight;
use super::lists::Lists;
use super::place::Place;
use crate::view::{EdgeState, View, busy_from};

/// An edge that has no line.
const NONE: u32 = u32::MAX;

/// The edges of a view, put together to lines. The lines are counted in the order of their first edges.
#[derive(Debug, Default)]
pub(super) struct Bundles {
    /// The docks of each line: the client's and the server's.
    pub(super) pairs: Vec<(u32, u32)>,
    /// The line of each edge.
    of_edge: Vec<u32>,
    /// The edges of each line.
    edges: Lists,
}

impl Bundles {
    /// Puts edges together, by the places of their ends in the view and where those stand.
    pub(super) fn new(at: &[Option<Place>], ends: &[(u32, u32)]) -> Self {
        let docks: Vec<u32> = at.iter().map(|place| place.map_or(NONE, |place| place.dock)).collect();
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        let mut known: FxHashMap<(u32, u32), u32> = FxHashMap::default();
        let line = |&(client, server): &(u32, u32)| {
            let pair = (docks[client as usize], docks[server as usize]);
            if pair.0 == NONE || pair.1 == NONE {
                return NONE;
            }
            *known.entry(pair).or_insert_with(|| {
                pairs.push(pair);
                pairs.len() as u32 - 1
            })
        };
        let of_edge: Vec<u32> = ends.iter().map(line).collect();
        let told = of_edge.iter().zip(0..).filter(|(line, _)| **line != NONE);
        let edges = Lists::new(pairs.len(), told.map(|(&line, edge)| (line, edge)));
        Self { pairs, of_edge, edges }
    }

    /// The edges of a line, by their places in the view.
    pub(super) fn edges(&self, line: usize) -> impl Iterator<Item = usize> + Clone + '_ {
        self.edges.of(line).iter().map(|&edge| edge as usize)
    }

    /// The line of an edge.
    pub(super) fn line(&self, edge: usize) -> Option<usize> {
        self.of_edge.get(edge).filter(|&&line| line != NONE).map(|&line| line as usize)
    }

    /// What each line's edges are together.
    pub(super) fn sums(&self, view: &View) -> Vec<Sum> {
        let mut sums = vec![Sum::default(); self.pairs.len()];
        for (edge, &line) in view.edges.iter().zip(&self.of_edge) {
            let Some(sum) = sums.get_mut(line as usize) else { continue };
            if liveliness(edge.state) > liveliness(sum.state) {
                sum.state = edge.state;
            }
            sum.rate.to_server += edge.rate.to_server;
            sum.rate.to_client += edge.rate.to_client;
            sum.connections += edge.connections();
            // What opened and is over already is told as over.
            sum.new += edge.new.min(edge.open) as usize;
            sum.open += edge.open as usize;
            sum.busy |= edge.state == EdgeState::Busy;
            sum.failed |= edge.failed > 0;
            sum.directed |= edge.directed;
        }
        sums
    }
}

/// What is told of the edges of a line together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sum {
    /// The state of the liveliest.
    pub(super) state: EdgeState,
    rate: Rate,
    /// How many connections they stand for.
    pub(super) connections: usize,
    /// How many of these are new.
    pub(super) new: usize,
    /// How many of these are open.
    open: usize,
    busy: bool,
    /// Whether a connection failed.
    pub(super) failed: bool,
    /// Whether it is known of any who began.
    pub(super) directed: bool,
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            state: EdgeState::Closed,
            rate: Rate::default(),
            connections: 0,
            new: 0,
            open: 0,
            busy: false,
            failed: false,
            directed: false,
        }
    }
}

/// From how many bytes a second on (both ways together) a line is double.
const VERY_MUCH: f64 = 10_000_000.0;

impl Sum {
    /// The weight of the line: by what flows on its open edges.
    pub(super) fn weight(&self) -> Weight {
        match self.rate.to_server + self.rate.to_client {
            _ if self.open == 0 => Weight::Dashed,
            flow if flow >= VERY_MUCH => Weight::Double,
            _ if self.busy || busy_from(self.rate) => Weight::Heavy,
            _ => Weight::Light,
        }
    }
}

/// How much a state counts where several lines share a cell.
pub(super) fn liveliness(state: EdgeState) -> u8 {
    match state {
        EdgeState::Closed => 0,
        EdgeState::Failed => 1,
        EdgeState::Steady => 2,
        EdgeState::Busy => 3,
        EdgeState::New => 4,
    }
}
