//! How the graph is grouped: the views, each with its open groups and its places, and a selection that goes along.

use scopetop_tracker::connection::Protocol;
use scopetop_tracker::topology::Topology;
use scopetop_tracker::topology::grouping::{By, Grouping, Protocols, Sieve};

use super::App;
use crate::graph::GraphState;
use crate::view::{ActiveFilter, Look, Selection, ShownKey, Thing};

/// The views that are not shown, as they were left.
#[derive(Debug)]
pub(super) struct Asleep([(Grouping, GraphState); By::ALL.len()]);

impl Default for Asleep {
    fn default() -> Self {
        Self(By::ALL.map(|by| (Grouping::new(by), GraphState::default())))
    }
}

/// What is looked at.
pub(super) fn look<'a>(
    grouping: &'a Grouping,
    filter: Option<&'a ActiveFilter>,
    protocols: Protocols,
) -> Look<'a> {
    Look { grouping, sieve: Sieve { filter: filter.map(|active| &active.filter), protocols } }
}

impl App {
    /// What is looked at.
    pub fn look(&self) -> Look<'_> {
        look(&self.grouping, self.filter.as_ref(), self.protocols)
    }

    /// Shows the graph grouped by something else, as that was left.
    pub fn show_by(&mut self, by: By) {
        if by == self.grouping.by() {
            return;
        }
        self.regroup();
        let Asleep(views) = &mut self.asleep;
        let (grouping, graph) = std::mem::take(&mut views[by as usize]);
        let left = std::mem::replace(&mut self.grouping, grouping);
        let place = left.by() as usize;
        views[place].0 = left;
        let graph = std::mem::replace(self.graph_of_all(), graph);
        let Asleep(views) = &mut self.asleep;
        views[place].1 = graph;
        self.forget_parts();
    }

    /// Opens the group that is selected. Returns whether one is.
    pub(super) fn open_group(&mut self) -> bool {
        let Some(Selection::Node(ShownKey::Group(group))) = self.selection.clone() else { return false };
        if self.grouping.is_open(&group) {
            return false;
        }
        self.regroup();
        self.grouping.set_open(&group, true);
        true
    }

    /// Collapses the group that the selected node stands in.
    pub(super) fn collapse(&mut self) {
        let Some(group) = self.group_around() else { return };
        if self.grouping.is_open(&group) {
            self.regroup();
            self.grouping.set_open(&group, false);
        }
    }

    /// All groups open, all collapsed, or as they are at first, in turn.
    pub(super) fn turn_all(&mut self) {
        self.regroup();
        self.grouping.turn_all();
        self.graph_of_all().relayout();
        self.forget_parts();
    }

    /// Shows a protocol, or not any more.
    pub(super) fn toggle(&mut self, protocol: Protocol) {
        self.protocols.toggle(protocol);
        self.view_is_stale = true;
    }

    /// Notes that the grouping is about to change: the selection has to follow. While the picture is held, this takes
    /// a new one of now.
    fn regroup(&mut self) {
        if self.regrouped_from.is_none() {
            self.regrouped_from = Some(self.grouping.clone());
        }
        self.view_is_stale = true;
    }

    /// Selects what the selected thing is shown as now.
    pub(super) fn follow(&mut self, topology: &Topology) {
        let Some(before) = self.regrouped_from.take() else { return };
        let Some(selection) = &self.selection else { return };
        // A group that was selected only because what is meant is in it does not change what is meant.
        let meant = self.meant.take().or_else(|| Thing::of(topology, &before, selection));
        let Some(thing) = meant else { return };
        if let Some(shown) = thing.shown(topology, &self.grouping) {
            self.anchor = None;
            self.set_selection(Some(shown));
            self.meant = Some(thing);
        }
    }
}

#[cfg(test)]
mod tests;
