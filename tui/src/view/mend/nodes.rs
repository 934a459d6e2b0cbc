//! The nodes of a view that is mended.

use petgraph::stable_graph::NodeIndex;
use scopetop_tracker::topology::grouping::{Forest, GroupKey, GroupedNode, NOWHERE, ShownKey};
use scopetop_tracker::topology::{Node, Rate};

use super::{Mend, each_once};
use crate::view::ViewNode;
use crate::view::atlas::{Tally, carried, inverse, is_box};
use crate::view::build::{name_order, name_ranks, view_node};
use crate::view::splice::splice;

/// A node of the topology that came, by what it is shown as, and in which open group.
struct Came {
    key: ShownKey,
    around: GroupKey,
    node: NodeIndex,
}

impl Mend<'_, '_> {
    /// Takes in which nodes came, left, or are called otherwise.
    pub(super) fn nodes(&mut self, touched: &[NodeIndex]) -> Option<()> {
        let (came, dirty) = self.news(touched)?;
        let mut renamed = Vec::new();
        let mut gone = Vec::new();
        for place in each_once(dirty) {
            self.atlas.nodes.sweep(place);
            if self.atlas.nodes.at(place).next().is_none() {
                gone.push(place);
            } else if self.rename(place as usize)? {
                renamed.push(place as usize);
            }
        }
        if !came.is_empty() || !gone.is_empty() {
            self.move_nodes(came, &gone)?;
        }
        self.touched = vec![false; self.view.nodes.len()];
        for place in renamed.into_iter().filter_map(|place| self.now(place)).collect::<Vec<_>>() {
            self.touch(place);
        }
        Some(())
    }

    /// Who came, and the places of the others that may be other than they were.
    fn news(&mut self, touched: &[NodeIndex]) -> Option<(Vec<Came>, Vec<u32>)> {
        let mut forest = Forest::new(self.topology, self.grouping);
        let (mut came, mut dirty) = (Vec::new(), Vec::new());
        for number in each_once(touched.iter().map(|node| node.index() as u32).collect()) {
            let node = NodeIndex::new(number as usize);
            let place = self.atlas.nodes.place(node.index());
            let weight = self.topology.graph().node_weight(node);
            if weight.is_some_and(is_box) != self.atlas.boxes.contains(&node) {
                return None;
            }
            match (weight, place) {
                // A container is the box around its processes.
                (Some(Node::Container(_)) | None, None) => {}
                (Some(Node::Container(_)), Some(_)) => return None,
                (None, Some(place)) => {
                    self.atlas.nodes.take(node.index());
                    self.atlas.residents.leave(node);
                    dirty.push(place);
                }
                (Some(_), Some(place)) => {
                    let shown = self.view.nodes.get(place as usize)?;
                    let (key, around) = forest.placed(node)?;
                    if (&key, &around) != (&shown.key, &shown.group) {
                        return None;
                    }
                    self.atlas.residents.enter(self.topology, node);
                    dirty.push(place);
                }
                (Some(_), None) => {
                    let (key, around) = forest.placed(node)?;
                    self.atlas.residents.enter(self.topology, node);
                    match self.view.node_place(&key) {
                        Some(place) => {
                            self.atlas.nodes.put(number, place as u32);
                            dirty.push(place as u32);
                        }
                        None => came.push(Came { key, around, node }),
                    }
                }
            }
        }
        Some((came, dirty))
    }

    /// Calls a node what it is called now. Returns whether that is something other; `None` where that puts it elsewhere
    /// in the order of names.
    fn rename(&mut self, place: usize) -> Option<bool> {
        let members = self.atlas.nodes.at(place as u32).map(|node| NodeIndex::new(node as usize));
        let (member, members) = first_of(self.topology, members)?;
        let node = self.view.nodes.get_mut(place)?;
        let grouped = grouped(node.key.clone(), node.group.clone(), (member, members));
        let (kind, label) = self.labels.node(&grouped);
        if (kind, &label) == (node.kind, &node.label) {
            return Some(false);
        }
        let before = name_order(node);
        (node.kind, node.label) = (kind, label);
        (name_order(node) == before).then_some(true)
    }

    /// Puts in who came, takes out who left.
    fn move_nodes(&mut self, mut came: Vec<Came>, gone: &[u32]) -> Option<()> {
        came.sort_by(|one, other| one.key.cmp(&other.key));
        let mut nodes: Vec<ViewNode> = Vec::new();
        let mut members: Vec<&[Came]> = Vec::new();
        for same in came.chunk_by(|one, other| one.key == other.key) {
            let all = first_of(self.topology, same.iter().map(|came| came.node))?;
            let node = grouped(same[0].key.clone(), same[0].around.clone(), all);
            nodes.push(view_node(node, String::new(), &mut self.labels));
            members.push(same);
        }
        self.came = nodes.len();
        let count = self.view.nodes.len();
        let stood = splice(&mut self.view.nodes, gone, nodes, |_| {}, |new, old| new.key < old.key);
        let now = inverse(&stood, count);
        let atlas = &mut *self.atlas;
        atlas.nodes.move_places(&stood, &now);
        let new = (0..).zip(&stood).filter(|(_, stood)| **stood == NOWHERE).map(|(place, _)| place);
        for (place, came) in new.zip(members) {
            for came in came {
                atlas.nodes.put(came.node.index() as u32, place);
            }
        }
        atlas.tallies = carried(&atlas.tallies, &stood, Tally::default());
        let ranks = name_ranks(&self.view.nodes);
        self.ranks_before = Some(std::mem::replace(&mut atlas.ranks, ranks));
        (self.stood, self.now) = (Some(stood), now);
        Some(())
    }
}

/// The member of a node that speaks for all, and how many there are.
fn first_of(
    topology: &scopetop_tracker::topology::Topology,
    members: impl Iterator<Item = NodeIndex>,
) -> Option<(NodeIndex, usize)> {
    let mut count = 0;
    let first = members.inspect(|_| count += 1).min_by_key(|&node| topology.key(node))?;
    Some((first, count))
}

/// A node with these members, that has no connections yet.
fn grouped(key: ShownKey, around: GroupKey, (member, members): (NodeIndex, usize)) -> GroupedNode {
    GroupedNode {
        key,
        around,
        member,
        members,
        connections: 0,
        inside: 0,
        rate: Rate::default(),
        open: 0,
        new: 0,
    }
}
