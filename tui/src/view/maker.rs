//! Views one after the other, each made of the one before as far as that goes.

use scopetop_tracker::topology::grouping::Grouping;
use scopetop_tracker::topology::{Revision, Topology};

use super::atlas::Atlas;
use super::build::build_placed;
use super::mend::mend;
use super::{Lineage, Look, View};

/// Makes views and numbers them.
#[derive(Debug, Default)]
pub struct Maker {
    /// The number of the newest view.
    number: u64,
    /// What is known of it, if the next one can be made of it.
    kept: Option<Kept>,
}

#[derive(Debug)]
struct Kept {
    /// What it shows. (All of it: what a filter keeps away may be let through by time alone.)
    revision: Revision,
    /// How that is grouped.
    grouping: Grouping,
    atlas: Atlas,
}

impl Maker {
    /// Makes a view that shows what a topology has now: of the one that was made last, where that is handed in and only a
    /// tick passed; else from nothing. Both come to the same.
    pub fn make(&mut self, view: &mut View, topology: &Topology, look: Look<'_>) {
        let before = self.number;
        self.number += 1;
        let kept = self.kept.take().filter(|_| view.lineage.number == before && is_whole(look));
        if let Some(mut kept) = kept.filter(|kept| kept.grouping == *look.grouping)
            && let Some(changes) = topology.changes_since(&kept.revision)
            && let Some(lineage) = mend(view, &mut kept.atlas, topology, look.grouping, changes)
        {
            view.lineage = Lineage { number: self.number, before, ..lineage };
            kept.revision = topology.revision().clone();
            self.kept = Some(kept);
            return;
        }
        // Its memory goes first.
        *view = View::default();
        let (made, placed) = build_placed(topology, look);
        *view = made;
        view.lineage.number = self.number;
        self.kept = is_whole(look).then(|| Kept {
            revision: topology.revision().clone(),
            grouping: look.grouping.clone(),
            atlas: Atlas::new(topology, view, placed),
        });
    }
}

/// Whether all connections are let through.
fn is_whole(look: Look<'_>) -> bool {
    look.sieve.filter.is_none() && look.sieve.protocols.is_all()
}
