//! The list's state: a table of edges or a tree of groups, nodes and edges; what order its rows have, and which are in
//! sight. No terminal.
//!
//! Rows are made once a view, by places in it; only those on the screen become text. What is selected stays on its line of
//! the screen: the order around it may change with the numbers, once a tick, and not in the tick after the user moved.

mod chooser;
mod column;
mod order;
mod tree;
mod widths;

use scopetop_tracker::topology::Service;

pub use chooser::Chooser;
pub use column::{Column, ColumnError, Columns};
pub use order::{Sort, place};
use tree::Folds;
pub use tree::Heading;
pub use widths::Widths;

use crate::slots::Slots;
use crate::view::{Selection, ShownKey, View};

/// How the list shows the graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// A row an edge.
    #[default]
    Table,
    /// Groups, the nodes in them, the edges at these.
    Tree,
}

/// What a row stands for, by its place in the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// An open group: a place in [`ListState::headings`].
    Group(u32),
    /// A node.
    Node(u32),
    /// An edge.
    Edge {
        /// Its place.
        edge: u32,
        /// The node that it is told under; in the table its client.
        under: u32,
    },
}

/// The list.
#[derive(Debug, Default)]
pub struct ListState {
    /// Table or tree.
    pub shape: Shape,
    /// The columns. To be changed by [`ListState::set_columns`].
    columns: Columns,
    sort: Sort,
    /// The choice of columns, while it is open.
    pub chooser: Option<Chooser>,
    /// The first row on the screen.
    pub offset: usize,
    /// How many rows the screen holds, since it was drawn last.
    pub page: usize,
    /// The selected row, where there is one; else where it was last.
    row: usize,
    /// The node under which the selected edge is told.
    under: Option<ShownKey>,
    folds: Folds,
    rows: Vec<Row>,
    headings: Vec<Heading>,
    widths: Widths,
    ranks: Ranks,
    /// Whether rows have to be made anew.
    stale: bool,
    /// Whether the user moved since the rows were made.
    moved: bool,
}

/// Where things stood when rows were made last, so that they can stay there.
#[derive(Debug, Default)]
struct Ranks {
    /// The number of the view that the slots are of.
    view: u64,
    node_slots: Slots<ShownKey>,
    edge_slots: Slots<(u32, u32, Service)>,
    /// By slot.
    nodes: Vec<u32>,
    edges: Vec<u32>,
}

impl ListState {
    /// The columns.
    pub const fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Chooses columns.
    pub fn set_columns(&mut self, columns: Columns) {
        self.columns = columns;
    }

    /// By what rows are sorted.
    pub const fn sort(&self) -> Sort {
        self.sort
    }

    /// Sorts rows.
    pub fn set_sort(&mut self, sort: Sort) {
        (self.sort, self.stale) = (sort, true);
    }

    /// Sorts by the next column.
    pub(crate) fn sort_by_next(&mut self) {
        self.set_sort(self.sort.next(&self.columns));
    }

    /// Turns the order around.
    pub(crate) fn turn_order(&mut self) {
        self.set_sort(Sort { turned: !self.sort.turned, ..self.sort });
    }

    /// Shows the tree instead of the table, or the table instead of the tree.
    pub(crate) fn toggle_shape(&mut self) {
        self.shape = match self.shape {
            Shape::Table => Shape::Tree,
            Shape::Tree => Shape::Table,
        };
        self.stale = true;
    }

    /// Notes that there is another view: the rows are made anew when they are asked for.
    pub fn view_changed(&mut self) {
        self.stale = true;
    }

    /// Brings the rows up to date with the view. To be called before anything is asked of them.
    pub fn prepare(&mut self, view: &View, selection: Option<&Selection>) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        let line = self.row.checked_sub(self.offset).filter(|&line| line < self.page);
        let is_restless = self.sort.column.is_restless();
        let moved = std::mem::take(&mut self.moved);
        self.arrange(view, moved && is_restless);
        self.widths = Widths::of(view);
        self.row = self.row.min(self.rows.len().saturating_sub(1));
        let Some(row) = self.find(view, selection) else { return };
        self.row = row;
        let Some(line) = line else { return };
        self.hold_line(row, line);
        if self.offset + line == row || !is_restless {
            return;
        }
        // It cannot keep its line where its number puts it: too near to the beginning or the end.
        match self.shape {
            Shape::Table => {
                let row = self.rows.remove(self.row);
                self.row = (self.offset + line).min(self.rows.len());
                self.rows.insert(self.row, row);
            }
            Shape::Tree => {
                self.arrange(view, true);
                if let Some(row) = self.find(view, selection) {
                    self.row = row;
                    self.hold_line(row, line);
                }
            }
        }
        if is_restless {
            self.ranks.note_rows(&self.rows);
        }
    }

    /// Scrolls so that a row is on a line of the screen, as far as there are rows.
    fn hold_line(&mut self, row: usize, line: usize) {
        self.offset = row.saturating_sub(line).min(self.rows.len().saturating_sub(self.page));
    }

    /// Makes the rows; where they stood, if `held`.
    fn arrange(&mut self, view: &View, held: bool) {
        let mut edges = order::edges(view, self.sort);
        let mut nodes = match self.shape {
            Shape::Table => Vec::new(),
            Shape::Tree => order::nodes(view, self.sort),
        };
        if self.sort.column.is_restless() {
            self.ranks.note_things(view);
            if held {
                self.ranks.put_back(&mut nodes, &mut edges);
            }
        }
        (self.rows, self.headings) = match self.shape {
            Shape::Table => (table(view, &edges), Vec::new()),
            Shape::Tree => tree::rows(view, &nodes, &edges, &self.folds),
        };
        if self.sort.column.is_restless() {
            self.ranks.note_rows(&self.rows);
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows from one on.
    pub fn rows_from(&self, row: usize) -> &[Row] {
        self.rows.get(row..).unwrap_or_default()
    }

    /// The rows of open groups.
    pub fn headings(&self) -> &[Heading] {
        &self.headings
    }

    /// How wide names are.
    pub const fn widths(&self) -> &Widths {
        &self.widths
    }

    /// The selected row, where there is one; else where it was last.
    pub fn last_row(&self) -> usize {
        self.row
    }

    /// What a row stands for; `None` for a group, which cannot be selected.
    pub fn thing(&self, view: &View, row: usize) -> Option<Selection> {
        match *self.rows.get(row)? {
            Row::Group(_) => None,
            Row::Node(node) => Some(Selection::Node(view.nodes.get(node as usize)?.key.clone())),
            Row::Edge { edge, .. } => view.edge_key(view.edges.get(edge as usize)?).map(Selection::Edge),
        }
    }

    /// The row of what is selected.
    pub fn find(&self, view: &View, selection: Option<&Selection>) -> Option<usize> {
        let selection = selection?;
        let under = self.under.as_ref().and_then(|key| view.node_place(key));
        // Most often it is where it was.
        let is_here =
            self.is_under(self.row, under) && self.thing(view, self.row).as_ref() == Some(selection);
        if is_here {
            return Some(self.row);
        }
        let mut found = match selection {
            Selection::Node(key) => {
                let place = view.node_place(key)?;
                return self.rows.iter().position(|row| *row == Row::Node(place as u32));
            }
            Selection::Edge(key) => {
                let place = view.edge_place(key)? as u32;
                let rows = self.rows.iter().enumerate();
                rows.filter(move |(_, row)| matches!(row, Row::Edge { edge, .. } if *edge == place))
            }
        };
        let (first, _) = found.next()?;
        if self.shape == Shape::Table || self.is_under(first, under) {
            return Some(first);
        }
        Some(found.map(|(row, _)| row).find(|&row| self.is_under(row, under)).unwrap_or(first))
    }

    /// Whether a row is told under a node; so is any in the table, and where no node is known.
    fn is_under(&self, row: usize, node: Option<usize>) -> bool {
        match (self.shape, self.rows.get(row), node) {
            (Shape::Tree, Some(Row::Edge { under, .. }), Some(node)) => *under as usize == node,
            _ => true,
        }
    }

    /// Notes that the user selected a row, or stays where it is in another way.
    pub(crate) fn moved_to(&mut self, view: &View, row: usize) {
        self.row = row;
        self.moved = true;
        if let Some(Row::Edge { under, .. }) = self.rows.get(row) {
            self.under = view.nodes.get(*under as usize).map(|node| node.key.clone());
        }
    }

    /// Notes under which node the selected edge is to be told.
    pub(crate) fn tell_under(&mut self, node: &ShownKey) {
        self.under = Some(node.clone());
    }

    /// Notes the row of what is selected, if it has one.
    pub(crate) fn note_row(&mut self, view: &View, selection: Option<&Selection>) {
        if let Some(row) = self.find(view, selection) {
            self.row = row;
        }
    }

    /// The row nearest to a row that can be selected, in one direction first.
    pub(crate) fn selectable(&self, row: usize, down: bool) -> Option<usize> {
        let row = row.min(self.rows.len().checked_sub(1)?);
        let can = |row: &usize| !matches!(self.rows[*row], Row::Group(_));
        let mut below = row..self.rows.len();
        let mut above = (0..=row).rev();
        if down {
            below.find(can).or_else(|| above.find(can))
        } else {
            above.find(can).or_else(|| below.find(can))
        }
    }

    /// Whether a node's edges are not shown.
    pub fn is_folded(&self, node: &ShownKey) -> bool {
        self.folds.has(node)
    }

    /// Shows a node's edges, or not. Returns whether that changes anything.
    pub(crate) fn fold(&mut self, node: &ShownKey, folded: bool) -> bool {
        let changes = self.shape == Shape::Tree && self.folds.has(node) != folded;
        if changes {
            self.folds.set(node, folded);
            self.stale = true;
        }
        changes
    }

    /// The row of a node in the tree.
    pub(crate) fn row_of_node(&self, node: usize) -> Option<usize> {
        self.rows.iter().position(|row| *row == Row::Node(node as u32))
    }

    /// A row, by its number.
    pub fn row(&self, row: usize) -> Option<Row> {
        self.rows.get(row).copied()
    }
}

fn table(view: &View, edges: &[u32]) -> Vec<Row> {
    let row = |&edge: &u32| {
        let under = view.edges.get(edge as usize)?.client as u32;
        Some(Row::Edge { edge, under })
    };
    edges.iter().filter_map(row).collect()
}

impl Ranks {
    /// Finds the slots of a view's things.
    fn note_things(&mut self, view: &View) {
        let before = std::mem::replace(&mut self.view, view.lineage.number);
        if before != 0 && before == self.view {
            return;
        }
        let lineage = Some(&view.lineage).filter(|lineage| lineage.follows(before));
        let moves = lineage.map(|lineage| &lineage.nodes);
        self.node_slots.follow(moves, view.nodes.len(), |place| view.nodes[place].key.clone());
        let nodes = self.node_slots.of_this_tick();
        let moves = lineage.map(|lineage| &lineage.edges);
        self.edge_slots.follow(moves, view.edges.len(), |place| {
            let edge = &view.edges[place];
            let [client, server] =
                [edge.client, edge.server].map(|end| nodes.get(end).copied().unwrap_or(u32::MAX));
            (client, server, edge.at.clone())
        });
        forget(&mut self.edge_slots);
        forget(&mut self.node_slots);
    }

    /// Where each thing stands in these rows.
    fn note_rows(&mut self, rows: &[Row]) {
        let (nodes, edges) = (self.node_slots.of_this_tick(), self.edge_slots.of_this_tick());
        for (rank, row) in (0..).zip(rows) {
            let (ranks, slot) = match row {
                Row::Group(_) => continue,
                Row::Node(node) => (&mut self.nodes, nodes.get(*node as usize)),
                Row::Edge { edge, .. } => (&mut self.edges, edges.get(*edge as usize)),
            };
            let Some(&slot) = slot else { continue };
            if ranks.len() <= slot as usize {
                ranks.resize(slot as usize + 1, u32::MAX);
            }
            ranks[slot as usize] = rank;
        }
    }

    /// Puts things where they stood; those that stood nowhere come last.
    fn put_back(&self, nodes: &mut [u32], edges: &mut [u32]) {
        let rank = |slots: &[u32], ranks: &[u32], place: u32| {
            let slot = slots.get(place as usize)?;
            ranks.get(*slot as usize).copied()
        };
        let (node_slots, edge_slots) = (self.node_slots.of_this_tick(), self.edge_slots.of_this_tick());
        nodes.sort_by_key(|&node| rank(node_slots, &self.nodes, node).unwrap_or(u32::MAX));
        edges.sort_by_key(|&edge| rank(edge_slots, &self.edges, edge).unwrap_or(u32::MAX));
    }
}

/// Forgets what is gone once that is as much as what is there.
fn forget<K: Clone + Eq + std::hash::Hash>(slots: &mut Slots<K>) {
    let here = slots.of_this_tick();
    if slots.len() > 2 * here.len() + 1024 {
        let here: rustc_hash::FxHashSet<u32> = here.iter().copied().collect();
        slots.retain(0..slots.room(), |slot| here.contains(&slot));
    }
}

#[cfg(test)]
mod tests;
