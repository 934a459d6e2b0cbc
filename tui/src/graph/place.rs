//! Where nodes stand: the columns, the boxes in them and the rows of the boxes.
//!
//! Coordinates are cells of a plane that has no end in any direction; the panel shows a part of it.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::FxHasher;

use super::route::Dock;
use super::text;
use crate::view::{GroupKey, NodeKind, ShownKey, View, ViewNode};

/// The narrowest column that can still be read.
pub(super) const NARROWEST: i32 = 17;
/// Room for a name of 15 characters, a process's number and a port.
pub(super) const ROOMY: i32 = 34;
/// The widest column and channel.
pub(super) const WIDEST: (i32, i32) = (46, 24);
/// Channels in which a number, and one with a service, have room on a line.
pub(super) const ROOM_FOR_NUMBERS: i32 = 10;
pub(super) const ROOM_FOR_SERVICES: i32 = 16;
/// What a column has at least, however much else wants its cells.
pub(super) const LEAST: i32 = NARROWEST - 2;
/// The cells of a channel that no line down runs in: beside the boxes, and for the arrow head.
pub(super) const MARGINS: i32 = 3;

/// A column of boxes and the channel to its right, in which lines run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    /// Its first cell.
    pub(super) x: i32,
    /// Its width in cells.
    pub(super) width: i32,
    /// The width of the channel to its right.
    pub(super) channel: i32,
    /// The most lines that ran side by side in it.
    pub(super) lines: i32,
}

impl Column {
    /// The first cell of the channel to the right.
    pub(super) fn channel_start(&self) -> i32 {
        self.x + self.width
    }

    /// Widens the column for longer names, at the cost of a channel that is wider than its lines and what is written on
    /// them need.
    fn widen(&mut self, wanted: i32) {
        for (widest, narrowest) in [(ROOMY, ROOM_FOR_NUMBERS), (WIDEST.0, ROOM_FOR_SERVICES)] {
            let spare = self.channel - (self.lines + MARGINS).max(narrowest);
            let given = (wanted.min(widest) - self.width).min(spare).max(0);
            self.width += given;
            self.channel -= given;
        }
    }

    /// Widens the channel for so many lines side by side, as far as the column can still be read. Returns whether it
    /// did.
    pub(super) fn widen_channel(&mut self, lines: i32) -> bool {
        self.lines = self.lines.max(lines);
        let missing = lines + MARGINS - self.channel;
        let given = missing.min(self.width - NARROWEST);
        if given <= 0 {
            return false;
        }
        self.width -= given;
        self.channel += given;
        true
    }

    /// The cells that the lines in its channel need; none where there are none.
    fn beside(&self) -> i32 {
        if self.lines > 0 { self.lines + MARGINS } else { 0 }
    }

    /// The first cell after the channel.
    pub(super) fn end(&self) -> i32 {
        self.x + self.width + self.channel
    }
}

/// A node's place in a box, and who had it.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// Whose it is; nobody's where that is forgotten or moved elsewhere.
    pub(super) key: Option<ShownKey>,
    /// The place of its node in the newest view; `None` while it is gone.
    pub(super) node: Option<usize>,
    /// When its node went; `None` while it is there.
    pub(super) gone: Option<u64>,
    /// How often its node came back.
    pub(super) returns: u32,
    /// When it was given to its node; 0 where all were laid out at once.
    pub(super) came: u64,
    /// What its node was called then, as far as others may be called the same.
    pub(super) name: Option<Name>,
}

/// A hash of what processes are called that run the same program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name(u64);

impl Name {
    /// Of a process; `None` of what there is only one of.
    pub(super) fn of(node: &ViewNode) -> Option<Self> {
        let (name, _) = node.label.rsplit_once(' ').filter(|_| node.kind == NodeKind::Process)?;
        let mut hasher = FxHasher::default();
        name.hash(&mut hasher);
        Some(Self(hasher.finish()))
    }
}

impl Slot {
    /// Of a node that is at this place in the newest view, from some time on.
    pub(super) fn new(view: &View, node: usize, came: u64) -> Self {
        let shown = &view.nodes[node];
        let key = Some(shown.key.clone());
        Self { key, node: Some(node), gone: None, returns: 0, came, name: Name::of(shown) }
    }

    /// Nobody's.
    pub(super) fn empty() -> Self {
        Self { key: None, node: None, gone: None, returns: 0, came: 0, name: None }
    }

    /// Whether its node is there.
    pub(super) fn is_live(&self) -> bool {
        self.node.is_some()
    }
}

/// A node without a row of its own.
#[derive(Clone, Debug)]
pub(super) struct Folded {
    /// The place of the node in the newest view.
    pub(super) node: usize,
    /// Whether it had connections when it was last seen.
    pub(super) linked: bool,
    /// Since when it has no row; 0 where all were laid out at once.
    pub(super) since: u64,
}

/// A box, or a group folded to one line.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) group: GroupKey,
    pub(super) title: Arc<str>,
    pub(super) column: usize,
    /// Its first row: the upper border, or the line itself.
    pub(super) top: i32,
    /// Whether it is one line without a border, its nodes all in `crowd`.
    pub(super) line: bool,
    /// Whether it stands for those that the box of its group in the same column has no room for.
    pub(super) continued: bool,
    /// How many rows a node has.
    pub(super) tall: i32,
    /// A place each, from the top.
    pub(super) slots: Vec<Slot>,
    /// How many of the slots take up room. Those after them are only remembered: another box may stand there.
    pub(super) held: usize,
    /// The nodes that have no row of their own.
    pub(super) crowd: Vec<Folded>,
}

impl Block {
    /// The nodes that are there, by their places in the newest view, with their slots.
    pub(super) fn live(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.slots.iter().enumerate().filter_map(|(slot, place)| Some((slot, place.node?)))
    }

    /// All its nodes that are there, by their places in the newest view.
    pub(super) fn nodes(&self) -> impl Iterator<Item = usize> + '_ {
        self.live().map(|(_, node)| node).chain(self.folded())
    }

    /// The nodes that have no row of their own, by their places in the newest view.
    pub(super) fn folded(&self) -> impl Iterator<Item = usize> + '_ {
        self.crowd.iter().map(|folded| folded.node)
    }

    /// The rows that it takes up, with those kept free; 0 where it is only remembered.
    pub(super) fn height(&self) -> i32 {
        match (self.line, self.held, self.crowd.is_empty()) {
            (true, _, false) => 1,
            (true, ..) | (_, 0, true) => 0,
            _ => self.frame(self.held),
        }
    }

    /// The rows that it is drawn on: it ends after its last node.
    pub(super) fn drawn_height(&self) -> i32 {
        let used = self.slots.iter().rposition(Slot::is_live).map_or(0, |last| last + 1);
        match (self.line, used, self.crowd.is_empty()) {
            (true, _, false) => 1,
            (true, ..) | (_, 0, true) => 0,
            _ => self.frame(used),
        }
    }

    /// The rows of a box with so many slots.
    pub(super) fn frame(&self, slots: usize) -> i32 {
        rows(slots) * self.tall + 2
    }

    /// The row after what it takes up.
    pub(super) fn end(&self) -> i32 {
        self.top + self.height()
    }

    /// The row after all that is remembered of it.
    pub(super) fn remembered_end(&self) -> i32 {
        if self.slots.is_empty() { self.end() } else { self.top + self.frame(self.slots.len()) }
    }

    /// The first row of a slot.
    pub(super) fn row(&self, slot: usize) -> i32 {
        self.top + 1 + rows(slot) * self.tall
    }
}

/// Where a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) column: usize,
    pub(super) block: usize,
    /// The row that lines lead to: the first of its own.
    pub(super) y: i32,
    /// Whether the row is its own; else it is one of the box's crowd.
    pub(super) own: bool,
    /// The number of the row among those that lines can end at.
    pub(super) dock: u32,
}

/// All places.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    pub(super) columns: Vec<Column>,
    pub(super) blocks: Vec<Block>,
    /// The size that the layout was made for.
    pub(super) size: (i32, i32),
    /// How many rows a node has.
    pub(super) tall: i32,
    /// The box whose folded nodes are looked at first in the next view.
    pub(super) turn: usize,
}

/// A number of rows as a coordinate.
pub(super) fn rows(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX / 4)
}

impl Places {
    /// The cells from the first column to the end of the last.
    pub(super) fn width(&self) -> i32 {
        match (self.columns.first(), self.columns.last()) {
            (Some(first), Some(last)) => last.channel_start() - first.x,
            _ => 0,
        }
    }

    /// Makes the channels wide enough for so many lines side by side in each. Lines beside the last column stay in sight.
    pub(super) fn make_room(&mut self, lines: &[i32]) {
        for (column, &lines) in self.columns.iter_mut().zip(lines) {
            column.widen_channel(lines);
        }
        let width = self.width();
        if let Some(last) = self.columns.last_mut().filter(|_| width <= self.size.0) {
            let excess = width + last.beside() - self.size.0;
            last.width -= excess.clamp(0, (last.width - LEAST).max(0));
        }
    }

    /// Widens a column for longer names, as far as no other has to move.
    pub(super) fn widen(&mut self, column: usize, wanted: i32) {
        let spare = self.size.0 - self.width() - self.columns.last().map_or(0, Column::beside);
        if column + 1 < self.columns.len() {
            self.columns[column].widen(wanted);
        } else if let Some(last) = self.columns.last_mut() {
            last.width += (wanted.min(WIDEST.0) - last.width).min(spare).max(0);
        }
    }

    /// The row after the last box of a column.
    pub(super) fn bottom(&self, column: usize) -> i32 {
        self.blocks.iter().filter(|block| block.column == column).map(Block::end).max().unwrap_or(0)
    }

    /// Where each of so many nodes of the newest view stands, and the rows that lines can end at.
    pub(super) fn resolve(&self, nodes: usize) -> (Vec<Option<Place>>, Vec<Dock>) {
        let mut places = vec![None; nodes];
        let mut docks: Vec<Dock> = Vec::new();
        for (index, block) in self.blocks.iter().enumerate() {
            let column = block.column;
            for (slot, node) in block.live() {
                let y = block.row(slot);
                places[node] = Some(Place { column, block: index, y, own: true, dock: docks.len() as u32 });
                docks.push((column, y));
            }
            if !block.crowd.is_empty() {
                let y = block.top + block.drawn_height() - 1;
                let place = Place { column, block: index, y, own: false, dock: docks.len() as u32 };
                for folded in &block.crowd {
                    places[folded.node] = Some(place);
                }
                docks.push((column, y));
            }
        }
        (places, docks)
    }
}

/// How many panels high the picture may grow before groups fold.
pub(super) const SCREENS: i32 = 2;

/// The width of a box with a title.
pub(super) fn title_width(title: &str) -> i32 {
    text::width(title) + 5
}

/// The width of a node's row in a box, borders included.
pub(super) fn row_width(label: &str, detail: &str) -> i32 {
    let detail = if detail.is_empty() { 0 } else { text::width(detail) + 2 };
    text::width(label) + detail + 4
}
