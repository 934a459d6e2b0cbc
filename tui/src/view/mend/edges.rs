//! The edges of a view that is mended.

use petgraph::stable_graph::EdgeIndex;
use rustc_hash::FxHashMap;
use scopetop_tracker::identity::Timestamp;
use scopetop_tracker::topology::Service;
use scopetop_tracker::topology::grouping::{NOWHERE, ShownKey, Sieve, Sums};

use super::{Mend, each_once};
use crate::view::atlas::inverse;
use crate::view::build::EdgeFacts;
use crate::view::splice::splice;
use crate::view::{Moves, ViewEdge};

/// An edge that the view did not have: its ends, its service, and the topology's edges that it stands for.
struct Came<'t> {
    ends: [u32; 2],
    service: &'t Service,
    members: Vec<u32>,
}

impl<'t> Mend<'_, 't> {
    /// Takes in which edges came, left, or have other numbers. Returns how they differ.
    pub(super) fn edges(&mut self, touched: &[EdgeIndex]) -> Option<Moves> {
        let (came, dirty) = self.edge_news(touched)?;
        let (mut gone, mut changed) = (Vec::new(), Vec::new());
        for place in dirty {
            self.atlas.edges.sweep(place);
            match self.retell(place)? {
                Told::Gone => gone.push(place),
                Told::Other => changed.push(place),
                Told::Same => {}
            }
        }
        let count = came.len();
        if came.is_empty() && gone.is_empty() {
            self.follow_nodes()?;
            return Some(Moves { stood: None, changed, came: count });
        }
        let (stood, now) = self.move_edges(came, &gone)?;
        changed = changed.into_iter().filter_map(|place| now.get(place as usize).copied()).collect();
        Some(Moves { stood: Some(stood), changed, came: count })
    }

    /// Which edges came, and the places of the others that may be other than they were.
    fn edge_news(&mut self, touched: &[EdgeIndex]) -> Option<(Vec<Came<'t>>, Vec<u32>)> {
        let graph = self.topology.graph();
        let mut came: Vec<Came<'t>> = Vec::new();
        let mut dirty = Vec::new();
        let mut of_groups: FxHashMap<([u32; 2], &Service), usize> = FxHashMap::default();
        for number in each_once(touched.iter().map(|edge| edge.index() as u32).collect()) {
            let index = EdgeIndex::new(number as usize);
            let weight = graph.edge_weight(index);
            if let Some(place) = self.atlas.edges.place(index.index()) {
                if weight.is_none() {
                    self.atlas.edges.take(index.index());
                }
                dirty.push(place);
                continue;
            }
            let Some(weight) = weight else { continue };
            let (client, server) = graph.edge_endpoints(index)?;
            let [client, server] = [client, server].map(|end| self.atlas.nodes.place(end.index()));
            let (ends, service) = ([client?, server?], &weight.service);
            // One between two nodes of the topology is the only one of its service.
            if ends.iter().any(|&end| self.is_group(end)) {
                if let Some(place) = self.known_edge(ends, service) {
                    self.atlas.edges.put(number, place);
                    dirty.push(place);
                    continue;
                }
                if let Some(known) = of_groups.get(&(ends, service)).and_then(|&known| came.get_mut(known)) {
                    known.members.push(number);
                    continue;
                }
                of_groups.insert((ends, service), came.len());
            }
            came.push(Came { ends, service, members: vec![number] });
        }
        Some((came, each_once(dirty)))
    }

    fn is_group(&self, node: u32) -> bool {
        let node = self.view.nodes.get(node as usize);
        node.is_some_and(|node| matches!(node.key, ShownKey::Group(_)))
    }

    /// The edge of the view before between these nodes.
    fn known_edge(&self, ends: [u32; 2], service: &Service) -> Option<u32> {
        let before = |end: u32| match &self.stood {
            None => Some(end),
            Some(stood) => stood.get(end as usize).copied().filter(|&before| before != NOWHERE),
        };
        let [client, server] = ends.map(before);
        let ranks = self.ranks_before.as_ref().unwrap_or(&self.atlas.ranks);
        let rank = |end: usize| ranks.get(end).copied().unwrap_or_default();
        let wanted = [rank(client? as usize), rank(server? as usize)];
        let edges = &self.view.edges;
        let order = |edge: &ViewEdge| {
            [rank(edge.client), rank(edge.server)].cmp(&wanted).then_with(|| edge.at.cmp(service))
        };
        edges.binary_search_by(order).ok().map(|place| place as u32)
    }

    /// Tells anew what the edge at a place comes to.
    fn retell(&mut self, place: u32) -> Option<Told> {
        let before = self.view.edges.get(place as usize)?.clone();
        let ends = [self.now(before.client), self.now(before.server)];
        let sums = self.sums(self.atlas.edges.at(place));
        self.count(&before, ends, true);
        let Some(sums) = sums else { return Some(Told::Gone) };
        let facts = EdgeFacts::of(self.topology, sums);
        let edge = facts.edge([before.client, before.server], &before.at, before.service.clone());
        self.count(&edge, ends, false);
        let edge = ViewEdge { matched_by_search: before.matched_by_search, ..edge };
        let told = if edge == before { Told::Same } else { Told::Other };
        *self.view.edges.get_mut(place as usize)? = edge;
        Some(told)
    }

    /// What some of the topology's edges come to; `None` where there are none.
    fn sums(&self, members: impl Iterator<Item = u32>) -> Option<Sums> {
        let mut all: Option<Sums> = None;
        // Of several errors, the one of the last edge is told.
        let mut error = None;
        for member in members {
            let edge = self.topology.graph().edge_weight(EdgeIndex::new(member as usize))?;
            // No filter asks for the time.
            let sums = Sums::of(self.topology, edge, Sieve::default(), Timestamp::default());
            error = error.max(sums.error.map(|error| (member, error)));
            match &mut all {
                Some(all) => all.merge(&sums),
                None => all = Some(sums),
            }
        }
        all.map(|all| Sums { error: error.map(|(_, error)| error), ..all })
    }

    /// Brings the ends of all edges to where they stand now.
    fn follow_nodes(&mut self) -> Option<()> {
        if self.now.is_empty() {
            return Some(());
        }
        self.view.edges.iter_mut().all(|edge| move_ends(edge, &self.now)).then_some(())
    }

    /// Puts in what came, takes out what left, and brings the others' ends to where they stand now. Returns where each
    /// edge stood, and where each that was there is now.
    fn move_edges(&mut self, came: Vec<Came<'t>>, gone: &[u32]) -> Option<(Vec<u32>, Vec<u32>)> {
        let mut edges: Vec<(ViewEdge, Vec<u32>)> = Vec::with_capacity(came.len());
        for Came { ends, service, members } in came {
            let sums = self.sums(members.iter().copied())?;
            let label = self.atlas.services.of(service);
            let ends = ends.map(|end| end as usize);
            let edge = EdgeFacts::of(self.topology, sums).edge(ends, service, label);
            self.count(&edge, ends.map(Some), false);
            edges.push((edge, members));
        }
        let ranks = &self.atlas.ranks;
        let rank = |node: usize| ranks.get(node).copied().unwrap_or_default();
        let key = |edge: &ViewEdge| [rank(edge.client), rank(edge.server)];
        let is_before = |one: &ViewEdge, other: &ViewEdge| {
            key(one).cmp(&key(other)).then_with(|| one.at.cmp(&other.at)).is_lt()
        };
        edges.sort_by(|(one, _), (other, _)| key(one).cmp(&key(other)).then_with(|| one.at.cmp(&other.at)));
        let (edges, members): (Vec<ViewEdge>, Vec<Vec<u32>>) = edges.into_iter().unzip();
        let (now, mut is_lost) = (&self.now, false);
        let stays = |edge: &mut ViewEdge| is_lost |= !now.is_empty() && !move_ends(edge, now);
        let count = self.view.edges.len();
        let stood = splice(&mut self.view.edges, gone, edges, stays, is_before);
        if is_lost {
            return None;
        }
        let now = inverse(&stood, count);
        self.atlas.edges.move_places(&stood, &now);
        let new = (0..).zip(&stood).filter(|(_, stood)| **stood == NOWHERE).map(|(place, _)| place);
        for (place, members) in new.zip(members) {
            for member in members {
                self.atlas.edges.put(member, place);
            }
        }
        Some((stood, now))
    }
}

/// Brings the ends of an edge to where they stand now. Returns whether both are still there.
fn move_ends(edge: &mut ViewEdge, now: &[u32]) -> bool {
    let [client, server] = [edge.client, edge.server].map(|end| now.get(end).copied().unwrap_or(NOWHERE));
    (edge.client, edge.server) = (client as usize, server as usize);
    client != NOWHERE && server != NOWHERE
}

/// What became of an edge.
enum Told {
    /// It is no more.
    Gone,
    /// Something other is told of it.
    Other,
    /// It is as it was.
    Same,
}
