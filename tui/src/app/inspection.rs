//! The details of what is selected, also of what is there no longer: the last that was known of it stays to be read, and
//! Enter goes back to the moment at which it was last there.

use scopetop_tracker::identity::Timestamp;
use scopetop_tracker::topology::Topology;
use scopetop_tracker::topology::grouping::ShownKey;

use super::App;
use crate::view::{self, Details, EdgeState, NodeState, Selection};

/// Why the selected thing is not in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// It was there and is no longer.
    Gone,
    /// It was there at a later moment than the one that is shown.
    Later,
    /// It may well be there: the filter, or a protocol that is switched off, keeps it away.
    Hidden,
}

/// What was known of the selected thing when this was last asked.
#[derive(Debug)]
pub struct Inspection {
    /// All that was known.
    pub details: Details,
    /// At which moment.
    pub at: Timestamp,
}

impl App {
    pub(super) fn toggle_details(&mut self) {
        if self.details_open {
            self.details_open = false;
        } else {
            self.open_details();
        }
    }

    pub(super) fn open_details(&mut self) {
        if self.selection.is_none() {
            self.begin();
        }
        self.details_open = self.selection.is_some();
        self.details_are_stale = true;
    }

    /// Asks for the details anew, where somebody reads them or might miss them.
    pub(super) fn inspect_selection(&mut self, topology: &Topology) {
        self.absence = self.find_absence(topology);
        let Some(selection) = self.selection.as_ref().filter(|_| self.absence.is_none()) else { return };
        // What is over leaves with the next tick: then it is too late to ask.
        if (self.details_open || self.is_over(selection))
            && let Some(details) = view::details(self.known(topology), selection)
        {
            self.inspection = Some(Inspection { details, at: self.moment() });
        }
    }

    /// The moment at which the selected thing, which is gone, was last seen.
    pub fn last_seen(&self) -> Option<Timestamp> {
        self.last_stand().map(|stand| stand.at)
    }

    /// Whether there is a way back to the moment at which the selected thing, which is gone, was last seen.
    pub fn can_return(&self) -> bool {
        self.way_back().is_some()
    }

    /// Goes back to the moment at which the selected thing, which is gone, was last seen, and stays there. Returns
    /// whether there is a way.
    pub(super) fn return_in_time(&mut self) -> bool {
        let way = self.way_back();
        if let Some(tick) = way {
            self.time.stay_at(tick);
        }
        way.is_some()
    }

    fn way_back(&self) -> Option<u64> {
        match self.absence? {
            Absence::Gone | Absence::Later => self.time.tick_of(self.last_seen()?),
            Absence::Hidden => None,
        }
    }

    /// The end of the tick that is shown.
    pub(super) fn moment(&self) -> Timestamp {
        self.view.host.as_ref().map_or(Timestamp(0), |host| host.at)
    }

    fn find_absence(&self, topology: &Topology) -> Option<Absence> {
        let selection = self.selection.as_ref()?;
        let view = self.whole();
        let is_there = match selection {
            Selection::Node(key) => view.node_place(key).is_some(),
            Selection::Edge(key) => view.edge_place(key).is_some(),
        };
        if is_there {
            return None;
        }
        if let Selection::Node(ShownKey::Node(key)) = selection
            && topology.node(key).is_some()
        {
            return Some(Absence::Hidden);
        }
        let seen = self.last_seen();
        Some(match self.absence {
            _ if seen > Some(self.moment()) => Absence::Later,
            // It left the picture without any time going by.
            _ if seen == Some(self.moment()) => Absence::Hidden,
            Some(Absence::Hidden) => Absence::Hidden,
            _ => Absence::Gone,
        })
    }

    /// Whether all that the selected thing stands for is over.
    fn is_over(&self, selection: &Selection) -> bool {
        let view = self.whole();
        match selection {
            Selection::Node(key) => view.node(key).is_some_and(|node| node.state == NodeState::Closed),
            Selection::Edge(key) => {
                let edge = view.edge_place(key).and_then(|place| view.edges.get(place));
                edge.is_some_and(|edge| matches!(edge.state, EdgeState::Closed | EdgeState::Failed))
            }
        }
    }
}

#[cfg(test)]
mod tests;
