//! Where in a view each part of the topology is told, and what is not said in the view but needed to mend it.

use petgraph::stable_graph::NodeIndex;
use rustc_hash::{FxHashMap, FxHashSet};
use scopetop_tracker::topology::grouping::NOWHERE;
use scopetop_tracker::topology::{Node, NodeKey, Topology};

use super::View;
use super::build::Placed;
use super::label::ServiceLabels;

/// All of it, of one view.
#[derive(Debug)]
pub(super) struct Atlas {
    /// The topology's nodes, by their indices, at the view's nodes.
    pub(super) nodes: Chains,
    /// The topology's edges, likewise.
    pub(super) edges: Chains,
    /// Of each node of the view.
    pub(super) tallies: Vec<Tally>,
    /// The rank of each node of the view by its name.
    pub(super) ranks: Vec<u32>,
    pub(super) residents: Residents,
    /// The containers of which the namespace is known. One more or less in a namespace, and the boxes of others are called
    /// otherwise.
    pub(super) boxes: FxHashSet<NodeIndex>,
    pub(super) services: ServiceLabels,
}

/// How many of a node's connections are what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) open: usize,
    /// Began in the newest tick.
    pub(super) new: usize,
}

/// Things at places: each at one at most, any number at a place.
#[derive(Debug, Default)]
pub(super) struct Chains {
    things: Vec<Link>,
    /// The first thing at each place.
    heads: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    place: u32,
    /// The next thing in the chain of its place.
    next: u32,
}

impl Chains {
    /// Each thing at its place, of so many.
    pub(super) fn new(places: &[u32], count: usize) -> Self {
        let mut chains = Self { things: Vec::with_capacity(places.len()), heads: vec![NOWHERE; count] };
        for (thing, &place) in (0..).zip(places) {
            chains.things.push(Link { place: NOWHERE, next: NOWHERE });
            chains.put(thing, place);
        }
        chains
    }

    /// Where a thing is.
    pub(super) fn place(&self, thing: usize) -> Option<u32> {
        self.things.get(thing).map(|link| link.place).filter(|&place| place != NOWHERE)
    }

    /// Puts a thing that is nowhere at a place; nowhere, if there is no such place.
    pub(super) fn put(&mut self, thing: u32, place: u32) {
        let Some(head) = self.heads.get_mut(place as usize) else { return };
        if self.things.len() <= thing as usize {
            self.things.resize(thing as usize + 1, Link { place: NOWHERE, next: NOWHERE });
        }
        self.things[thing as usize] = Link { place, next: std::mem::replace(head, thing) };
    }

    /// Takes a thing away. Its place is to be swept before anything is put anywhere again.
    pub(super) fn take(&mut self, thing: usize) {
        if let Some(link) = self.things.get_mut(thing) {
            link.place = NOWHERE;
        }
    }

    /// Unties what was taken away from a place.
    pub(super) fn sweep(&mut self, place: u32) {
        let Some(head) = self.heads.get_mut(place as usize) else { return };
        let mut next = std::mem::replace(head, NOWHERE);
        let mut last: Option<u32> = None;
        while let Some(&link) = self.things.get(next as usize) {
            if link.place == place {
                match last {
                    Some(last) => self.things[last as usize].next = next,
                    None => *head = next,
                }
                last = Some(next);
            }
            next = link.next;
        }
        if let Some(last) = last {
            self.things[last as usize].next = NOWHERE;
        }
    }

    /// The things at a place.
    pub(super) fn at(&self, place: u32) -> impl Iterator<Item = u32> + '_ {
        let first = self.heads.get(place as usize).copied();
        let next = |&thing: &u32| self.things.get(thing as usize).map(|link| link.next);
        std::iter::successors(first, next).filter(|&thing| thing != NOWHERE)
    }

    /// Moves all places: `stood` tells where each was that is there now, `now` where each is that was there.
    pub(super) fn move_places(&mut self, stood: &[u32], now: &[u32]) {
        self.heads = carried(&self.heads, stood, NOWHERE);
        for link in &mut self.things {
            if let Some(&now) = now.get(link.place as usize) {
                link.place = now;
            }
        }
    }
}

/// What was at places, put where they are now; something new where there was none.
pub(super) fn carried<T: Copy>(before: &[T], stood: &[u32], new: T) -> Vec<T> {
    stood.iter().map(|&place| before.get(place as usize).copied().unwrap_or(new)).collect()
}

/// Where each of so many things is now, by where it stood.
pub(super) fn inverse(stood: &[u32], count: usize) -> Vec<u32> {
    let mut now = vec![NOWHERE; count];
    for (place, &before) in (0..).zip(stood) {
        if let Some(now) = now.get_mut(before as usize) {
            *now = place;
        }
    }
    now
}

/// The processes that are shown, by themselves or in a group, and the containers that they are in.
#[derive(Debug, Default)]
pub(super) struct Residents {
    /// Each with its container.
    processes: FxHashMap<NodeIndex, Option<NodeIndex>>,
    /// Each with how many are in it. A systemd service is none.
    containers: FxHashMap<NodeIndex, usize>,
}

impl Residents {
    /// Counts a node that is shown, if it is a process; anew, if it was counted.
    pub(super) fn enter(&mut self, topology: &Topology, node: NodeIndex) {
        self.leave(node);
        if !matches!(topology.key(node), Some(NodeKey::Process(..))) {
            return;
        }
        let is_container = |node: &NodeIndex| {
            let weight = topology.graph().node_weight(*node);
            matches!(weight, Some(Node::Container(container)) if !container.is_service())
        };
        let container = topology.container_of(node).filter(is_container);
        if let Some(container) = container {
            *self.containers.entry(container).or_default() += 1;
        }
        self.processes.insert(node, container);
    }

    /// Counts a node out that is not shown any more.
    pub(super) fn leave(&mut self, node: NodeIndex) {
        let Some(Some(container)) = self.processes.remove(&node) else { return };
        if let Some(residents) = self.containers.get_mut(&container) {
            *residents -= 1;
            if *residents == 0 {
                self.containers.remove(&container);
            }
        }
    }

    pub(super) fn processes(&self) -> usize {
        self.processes.len()
    }

    pub(super) fn containers(&self) -> usize {
        self.containers.len()
    }
}

impl Atlas {
    /// Of a view that was just built.
    pub(super) fn new(topology: &Topology, view: &View, placed: Placed) -> Self {
        let Placed { nodes, edges, tallies, ranks, services } = placed;
        let mut residents = Residents::default();
        for (node, _) in (0..).zip(&nodes).filter(|(_, place)| **place != NOWHERE) {
            residents.enter(topology, NodeIndex::new(node));
        }
        let graph = topology.graph();
        let boxes =
            graph.node_indices().filter(|&node| graph.node_weight(node).is_some_and(is_box)).collect();
        let nodes = Chains::new(&nodes, view.nodes.len());
        let edges = Chains::new(&edges, view.edges.len());
        Self { nodes, edges, tallies, ranks, residents, boxes, services }
    }
}

/// Whether a node is a container of which the namespace is known.
pub(super) fn is_box(node: &Node) -> bool {
    matches!(node, Node::Container(container) if container.netns.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(chains: &Chains, place: u32) -> Vec<u32> {
        let mut things: Vec<u32> = chains.at(place).collect();
        things.sort_unstable();
        things
    }

    #[test]
    fn things_are_where_they_were_put_until_they_are_taken() {
        let mut chains = Chains::new(&[1, NOWHERE, 0, 1, 1], 2);
        assert_eq!((at(&chains, 0), at(&chains, 1)), (vec![2], vec![0, 3, 4]));
        for thing in [4, 0] {
            chains.take(thing);
        }
        chains.sweep(1);
        assert_eq!((at(&chains, 1), chains.place(0), chains.place(3)), (vec![3], None, Some(1)));
        chains.put(9, 0);
        chains.take(2);
        chains.sweep(0);
        assert_eq!((at(&chains, 0), chains.place(7)), (vec![9], None));
        chains.take(9);
        chains.sweep(0);
        assert!(at(&chains, 0).is_empty());
        chains.put(2, 8);
        assert_eq!(chains.place(2), None, "there is no such place");
    }

    #[test]
    fn places_move_with_what_is_at_them() {
        let mut chains = Chains::new(&[0, 2, 2, 1], 3);
        let stood = [2, NOWHERE, 0];
        chains.take(3);
        chains.sweep(1);
        chains.move_places(&stood, &inverse(&stood, 3));
        assert_eq!((at(&chains, 0), at(&chains, 1), at(&chains, 2)), (vec![1, 2], vec![], vec![0]));
        assert_eq!((chains.place(0), chains.place(3)), (Some(2), None));
    }
}
