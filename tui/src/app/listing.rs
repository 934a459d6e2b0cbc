//! The selection in the list.

use super::{App, Mode};
use crate::input::Action;
use crate::list::{Row, Shape};
use crate::view::{Direction, Selection};

impl App {
    /// Notes the list's row of the selected thing: when that is gone, moving goes on from there.
    pub(super) fn remember_row(&mut self) {
        if self.mode == Mode::List {
            self.list.prepare(&self.view, self.selection.as_ref());
            self.list.note_row(&self.view, self.selection.as_ref());
        }
    }

    /// The list's row of the selected thing.
    pub fn selected_row(&self) -> Option<usize> {
        self.list.find(&self.view, self.selection.as_ref())
    }

    /// Shows the list; where it is shown, its other shape.
    pub(super) fn show_list(&mut self) {
        if self.mode == Mode::List {
            self.list.toggle_shape();
        }
        self.mode = Mode::List;
        // The table's cursor is an edge: a node's first one stands for it.
        if let (Shape::Table, Some(Selection::Node(_))) = (self.list.shape, &self.selection) {
            self.step_edge(true);
        }
        self.remember_row();
    }

    /// What keys of the list ask for.
    pub(super) fn arrange_list(&mut self, action: Action) {
        if self.mode != Mode::List {
            return;
        }
        match action {
            Action::SortByNext => self.list.sort_by_next(),
            Action::TurnOrder => self.list.turn_order(),
            Action::ChooseColumns => self.list.toggle_chooser(),
            Action::ToggleColumn => self.list.toggle_column(),
            Action::ResetColumns => self.list.reset_columns(),
            _ => {}
        }
        self.remember_row();
    }

    pub(super) fn step_list(&mut self, direction: Direction) {
        match direction {
            _ if self.list.chooser.is_some() => self.list.step_chooser(direction),
            Direction::Up => self.step_rows(-1),
            Direction::Down => self.step_rows(1),
            Direction::Left => self.tree_left(),
            Direction::Right => self.tree_right(),
        }
    }

    /// So many rows down.
    pub(super) fn step_rows(&mut self, rows: isize) {
        let row = match self.selected_row() {
            Some(row) => row.saturating_add_signed(rows),
            None => self.list.last_row(),
        };
        self.select_row(row, rows >= 0);
    }

    /// Selects a row; where it is none that can be selected, the next one, in one direction first.
    pub(super) fn select_row(&mut self, row: usize, down: bool) {
        self.list.prepare(&self.view, self.selection.as_ref());
        let Some(row) = self.list.selectable(row, down) else { return };
        if let Some(selection) = self.list.thing(&self.view, row) {
            self.list.moved_to(&self.view, row);
            self.anchor = None;
            self.select(selection);
        }
    }

    /// A page keeps one row of the page before in sight.
    pub(super) fn page_rows(&self) -> isize {
        isize::try_from(self.list.page.saturating_sub(1).max(1)).unwrap_or(isize::MAX)
    }

    /// To the left in the tree: from an edge to the node that it is told under; a node's edges are folded.
    fn tree_left(&mut self) {
        let row = self.selected_row().and_then(|row| self.list.row(row));
        match (self.list.shape, row) {
            (Shape::Tree, Some(Row::Edge { under, .. })) => self.select_node_row(under as usize),
            (Shape::Tree, Some(Row::Node(node))) => self.fold(node as usize, true),
            _ => {}
        }
    }

    /// To the right in the tree: a node's edges are unfolded; from there to the first of them, from an edge to the node at
    /// its other end.
    fn tree_right(&mut self) {
        let Some(row) = self.selected_row() else { return };
        match (self.list.shape, self.list.row(row)) {
            (Shape::Tree, Some(Row::Node(node))) => {
                let is_folded =
                    self.view.nodes.get(node as usize).is_some_and(|node| self.list.is_folded(&node.key));
                if is_folded {
                    self.fold(node as usize, false);
                } else if let Some(Row::Edge { .. }) = self.list.row(row + 1) {
                    self.select_row(row + 1, true);
                }
            }
            (Shape::Tree, Some(Row::Edge { edge, under })) => {
                let edge = self.view.edges.get(edge as usize);
                let other =
                    edge.map(|edge| if edge.client == under as usize { edge.server } else { edge.client });
                if let Some(other) = other {
                    self.select_node_row(other);
                }
            }
            _ => {}
        }
    }

    fn select_node_row(&mut self, node: usize) {
        if let Some(row) = self.list.row_of_node(node) {
            self.select_row(row, true);
        }
    }

    fn fold(&mut self, node: usize, folded: bool) {
        let Some(key) = self.view.nodes.get(node).map(|node| node.key.clone()) else { return };
        if self.list.fold(&key, folded) {
            self.remember_row();
        }
    }

    /// Whether the search text is found in what a row stands for.
    pub(super) fn is_match(&self, row: Row) -> bool {
        match row {
            Row::Group(_) => false,
            Row::Node(node) => self.view.nodes.get(node as usize).is_some_and(|node| node.matched_by_search),
            Row::Edge { edge, .. } => {
                self.view.edges.get(edge as usize).is_some_and(|edge| edge.matched_by_search)
            }
        }
    }
}

#[cfg(test)]
mod tests;
