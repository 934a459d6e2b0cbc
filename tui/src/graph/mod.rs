//! The graph panel. Placeholder: the drawing is written beside this.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use scopetop_tracker::topology::NodeKey;

use crate::theme::Theme;
use crate::view::{Direction, Selection, View};

/// The memory of positions.
#[derive(Debug, Default)]
pub struct GraphState {}

impl GraphState {
    /// The node in a direction of another.
    pub fn neighbour(&self, from: &NodeKey, direction: Direction) -> Option<NodeKey> {
        let _ = (from, direction);
        None
    }

    /// Forgets all positions.
    pub fn relayout(&mut self) {}
}

/// Draws the graph.
pub fn render(
    buffer: &mut Buffer,
    area: Rect,
    view: &View,
    state: &mut GraphState,
    selection: Option<&Selection>,
    theme: &Theme,
) {
    let _ = (buffer, area, view, state, selection, theme);
}
