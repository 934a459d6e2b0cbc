//! What is where on the screen, for the mouse: filled while drawing.

use ratatui::layout::{Position, Rect};

use crate::app::Step;
use crate::graph::Spots;
use crate::input::Action;
use crate::view::Selection;

/// The parts of the screen that the wheel scrolls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    /// The graph.
    Graph,
    /// The list.
    List,
    /// The details.
    Details,
    /// The line of time.
    Timeline,
}

/// What a click is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hit {
    /// A node or an edge.
    Thing(Selection),
    /// What a key asks for.
    Action(Action),
    /// A step of the way to what is selected.
    Step(Step),
    /// A tick, by its number; beyond the newest one, that.
    Tick(u64),
}

/// What was drawn where.
#[derive(Clone, Debug, Default)]
pub struct Hits {
    panels: Vec<(Rect, Panel)>,
    spots: Vec<(Rect, Hit)>,
    graph: Spots,
}

impl Hits {
    /// Notes where a panel is.
    pub fn panel(&mut self, area: Rect, panel: Panel) {
        self.panels.push((area, panel));
    }

    /// Notes where something is: above all that was there before.
    pub fn spot(&mut self, area: Rect, hit: Hit) {
        self.spots.push((area, hit));
    }

    /// Notes several.
    pub fn spots(&mut self, spots: impl IntoIterator<Item = (Rect, Hit)>) {
        self.spots.extend(spots);
    }

    /// Notes what of the graph is where: it lies below all others.
    pub fn graph(&mut self, spots: Spots) {
        self.graph = spots;
    }

    /// What is at a place.
    pub fn at(&self, place: Position) -> Option<Hit> {
        let spot = self.spots.iter().rev().find(|(area, _)| area.contains(place)).map(|(_, hit)| hit.clone());
        spot.or_else(|| self.graph.at(place).cloned().map(Hit::Thing))
    }

    /// In which panel a place is.
    pub fn panel_at(&self, place: Position) -> Option<Panel> {
        self.panels.iter().rev().find(|(area, _)| area.contains(place)).map(|(_, panel)| *panel)
    }
}
