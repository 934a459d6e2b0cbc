//! What the newest tick changed in the graph: whoever made something of the graph as it was before need not make all of it
//! anew.

use std::sync::Arc;

use petgraph::stable_graph::{EdgeIndex, NodeIndex};

use super::Topology;

/// A topology as it was after one of its ticks.
#[derive(Clone, Debug, Default)]
pub struct Revision {
    /// Which topology: no other one has this.
    topology: Arc<()>,
    /// How many ticks it had taken in.
    ticks: u64,
}

impl PartialEq for Revision {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.topology, &other.topology) && self.ticks == other.ticks
    }
}

/// How a topology differs from what it was a tick ago. An index that left the graph in that tick is of nothing else yet.
#[derive(Clone, Copy, Debug)]
pub struct Changes<'t> {
    /// The edges that came, left, or have other connections or other numbers; in no order, some more than once.
    pub edges: &'t [EdgeIndex],
    /// The nodes that came, left, are called otherwise or may stand in another group; likewise.
    pub nodes: &'t [NodeIndex],
    /// Whether listeners came, left or changed.
    pub listeners: bool,
}

/// What is noted of the newest tick beside edges and nodes.
#[derive(Debug, Default)]
pub(super) struct Journal {
    revision: Revision,
    pub(super) listeners: bool,
    /// Whether facts changed that any number of nodes stand on: a container's, a namespace's names.
    pub(super) facts: bool,
}

impl Topology {
    /// What it is now.
    pub fn revision(&self) -> &Revision {
        &self.journal.revision
    }

    /// What changed since it was so; `None` where that is not known: it is another topology, that was longer ago than a
    /// tick, or too much changed.
    pub fn changes_since(&self, before: &Revision) -> Option<Changes<'_>> {
        let Journal { revision, listeners, facts } = &self.journal;
        if !Arc::ptr_eq(&revision.topology, &before.topology) {
            return None;
        }
        match revision.ticks.checked_sub(before.ticks)? {
            0 => Some(Changes { edges: &[], nodes: &[], listeners: false }),
            1 if !facts => Some(Changes {
                edges: self.edges.touched(),
                nodes: self.nodes.touched(),
                listeners: *listeners,
            }),
            _ => None,
        }
    }

    /// A tick begins: what is noted from now on is of this one.
    pub(super) fn begin_changes(&mut self) {
        let journal = &mut self.journal;
        journal.revision.ticks += 1;
        (journal.listeners, journal.facts) = (false, false);
        self.edges.forget_touched();
        self.nodes.forget_touched();
    }
}

/// Empties a list that is filled again every tick; one that was very long once does not keep its memory.
pub(super) fn empty<T>(list: &mut Vec<T>) {
    let room = 2 * list.len();
    list.clear();
    list.shrink_to(room);
}
