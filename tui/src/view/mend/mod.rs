//! A view is made of the one before it: what the tick in between did not touch stays as it is.
//!
//! First the nodes, since edges lead from place to place: who came, who left, who is called otherwise. Then the edges, each
//! told anew from the topology's; what they come to is counted out of their nodes as it was and in as it is. Last what
//! follows from that. What cannot be mended (a node in another group, a name that changes the order) is noticed on the
//! way, and all is made from nothing.

mod edges;
mod nodes;

use scopetop_tracker::topology::grouping::{By, Grouping, NOWHERE};
use scopetop_tracker::topology::{Changes, Listener, Topology};

use super::atlas::Atlas;
use super::build::{host, node_state, ports};
use super::label::Labels;
use super::{Lineage, Moves, View, ViewEdge};

/// A view while it is mended.
struct Mend<'m, 't> {
    view: &'m mut View,
    atlas: &'m mut Atlas,
    topology: &'t Topology,
    grouping: &'m Grouping,
    labels: Labels<'t>,
    /// Where the nodes of the view before are now; empty where none came and none left.
    now: Vec<u32>,
    /// Where the nodes stood, if any came or left.
    stood: Option<Vec<u32>>,
    /// How many nodes came.
    came: usize,
    /// The ranks of the nodes of the view before, if those are others now.
    ranks_before: Option<Vec<u32>>,
    /// Whether something other is told of a node, by its place.
    touched: Vec<bool>,
}

/// Makes the view of a topology of the view before, without filter and of all protocols. Returns how it differs; `None`
/// where it has to be made from nothing: then it is half mended.
pub(super) fn mend(
    view: &mut View,
    atlas: &mut Atlas,
    topology: &Topology,
    grouping: &Grouping,
    changes: Changes<'_>,
) -> Option<Lineage> {
    if grouping.by() == By::Namespace && !changes.nodes.is_empty() {
        // A namespace without a name is called after one who is in it, also where it is the box around others.
        return None;
    }
    let labels = Labels::new(topology, grouping.by());
    let mut mend = Mend {
        view,
        atlas,
        topology,
        grouping,
        labels,
        now: Vec::new(),
        stood: None,
        came: 0,
        ranks_before: None,
        touched: Vec::new(),
    };
    mend.nodes(changes.nodes)?;
    let edges = mend.edges(changes.edges)?;
    if changes.listeners {
        mend.listeners();
    }
    Some(mend.finish(edges))
}

impl Mend<'_, '_> {
    /// Where a node of the view before is now; `None` if it left.
    fn now(&self, place: usize) -> Option<usize> {
        if self.now.is_empty() {
            return Some(place);
        }
        self.now.get(place).map(|&now| now as usize).filter(|&now| now < self.view.nodes.len())
    }

    fn touch(&mut self, place: usize) {
        if let Some(touched) = self.touched.get_mut(place) {
            *touched = true;
        }
    }

    /// Counts what an edge comes to into its ends and the totals, or out of them.
    fn count(&mut self, edge: &ViewEdge, ends: [Option<usize>; 2], out: bool) {
        let number = |to: &mut usize, number: usize| *to = if out { *to - number } else { *to + number };
        let rate = |to: &mut f64, rate: f64| *to = if out { *to - rate } else { *to + rate };
        let totals = &mut self.view.totals;
        number(&mut totals.connections, edge.connections());
        number(&mut totals.opened, edge.new as usize);
        number(&mut totals.closed, edge.closed as usize);
        number(&mut totals.failed, edge.failed as usize);
        let is_inside = ends[0] == ends[1];
        for end in [ends[0], ends[1].filter(|_| !is_inside)].into_iter().flatten() {
            let (Some(node), Some(tally)) = (self.view.nodes.get_mut(end), self.atlas.tallies.get_mut(end))
            else {
                continue;
            };
            number(&mut node.connections, edge.connections());
            rate(&mut node.rate.to_server, edge.rate.to_server);
            rate(&mut node.rate.to_client, edge.rate.to_client);
            number(&mut tally.open, edge.open as usize);
            number(&mut tally.new, edge.new as usize);
            if is_inside {
                number(&mut node.inside, edge.connections());
            }
            self.touch(end);
        }
    }

    /// Tells anew who listens.
    fn listeners(&mut self) {
        let places = &self.atlas.nodes;
        let listeners = self.topology.listeners().flat_map(|listener| {
            let at = listener.nodes.iter().filter_map(move |node| places.place(node.index()));
            at.map(move |place| (place as usize, listener))
        });
        let mut details = ports(&listeners.collect::<Vec<_>>());
        for place in 0..self.view.nodes.len() {
            let detail = details.remove(&place).unwrap_or_default();
            if self.view.nodes[place].detail != detail {
                self.view.nodes[place].detail = detail;
                self.touch(place);
            }
        }
        let listens = |listener: &&Listener| !listener.closed;
        self.view.totals.listeners = self.topology.listeners().filter(listens).count();
    }

    fn finish(self, edges: Moves) -> Lineage {
        let Self { view, atlas, topology, stood, came, touched, .. } = self;
        let mut changed = Vec::new();
        for (place, _) in touched.iter().enumerate().filter(|(_, touched)| **touched) {
            let (Some(node), Some(&tally)) = (view.nodes.get_mut(place), atlas.tallies.get(place)) else {
                continue;
            };
            node.state = node_state(node.connections, tally, !node.detail.is_empty());
            changed.push(place as u32);
        }
        // Of what came, nothing was told before.
        let is_new =
            |place: u32| stood.as_ref().is_some_and(|stood| stood.get(place as usize) == Some(&NOWHERE));
        changed.retain(|&place| !is_new(place));
        let nodes = Moves { stood, changed, came };
        view.totals.processes = atlas.residents.processes();
        view.totals.containers = atlas.residents.containers();
        view.host = host(topology);
        Lineage { nodes, edges, ..Lineage::default() }
    }
}

/// Each once, in order.
fn each_once(mut numbers: Vec<u32>) -> Vec<u32> {
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}
