//! Choosing columns.

use super::{Columns, ListState};
use crate::view::Direction;

/// The choice of columns: where the cursor is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chooser {
    /// The place of the column that the keys go to.
    pub place: usize,
}

impl ListState {
    /// Opens the choice of columns, or closes it.
    pub(crate) fn toggle_chooser(&mut self) {
        self.chooser = if self.chooser.is_some() { None } else { Some(Chooser::default()) };
    }

    /// Up and down move the cursor, left and right the column under it.
    pub(crate) fn step_chooser(&mut self, direction: Direction) {
        let Some(chooser) = &mut self.chooser else { return };
        let last = self.columns.all().len().saturating_sub(1);
        chooser.place = match direction {
            Direction::Up => chooser.place.saturating_sub(1),
            Direction::Down => (chooser.place + 1).min(last),
            Direction::Left => self.columns.shift(chooser.place, false),
            Direction::Right => self.columns.shift(chooser.place, true),
        };
    }

    /// Switches the column under the cursor on or off.
    pub(crate) fn toggle_column(&mut self) {
        if let Some(chooser) = self.chooser {
            self.columns.toggle(chooser.place);
        }
    }

    /// The columns as they are at first.
    pub(crate) fn reset_columns(&mut self) {
        self.columns = Columns::default();
    }
}
