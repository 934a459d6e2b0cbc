//! Views one after the other, each made of the one before as far as that goes.

use scopetop_tracker::topology::Topology;

use super::{Lineage, Look, View, build};

/// Makes views and numbers them.
#[derive(Debug, Default)]
pub struct Maker {
    /// The number of the newest view.
    number: u64,
}

impl Maker {
    /// Makes a view that shows what a topology has now. It has to be the one that was made last, or an empty one.
    pub fn make(&mut self, view: &mut View, topology: &Topology, look: Look<'_>) {
        self.number += 1;
        *view = build(topology, look);
        view.lineage = Lineage { number: self.number, ..Lineage::default() };
    }
}
