//! Where nodes stand, and that they keep standing there.
//!
//! Coordinates are cells of a plane that has no end in any direction; the panel shows a part of it. A node that has a
//! place keeps it while it lives. It gets it back when it returns, unless the place was given away in between.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::rank::Links;
use super::text;
use crate::view::{GroupKey, NodeKind, ShownKey, View};

/// For how many ticks the place of a node that went is kept free.
const KEPT_FREE: u64 = 5;
/// After how many ticks a box shrinks by the places at its end that nobody came back to.
const SHRINKS_AFTER: u64 = 30;
/// After how many ticks a node that went is forgotten.
const FORGOTTEN_AFTER: u64 = 600;

/// The narrowest column that can still be read.
pub(super) const NARROWEST: i32 = 17;
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
}

impl Column {
    /// The first cell of the channel to the right.
    pub(super) fn channel_start(&self) -> i32 {
        self.x + self.width
    }

    /// Widens the channel for so many lines side by side, as far as the column can still be read. Returns whether it
    /// did.
    pub(super) fn widen_channel(&mut self, lines: i32) -> bool {
        let missing = lines + MARGINS - self.channel;
        let given = missing.min(self.width - NARROWEST);
        if given <= 0 {
            return false;
        }
        self.width -= given;
        self.channel += given;
        true
    }

    /// The first cell after the channel.
    pub(super) fn end(&self) -> i32 {
        self.x + self.width + self.channel
    }
}

/// A row of a box.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// Whose it is; nobody's where that is forgotten or moved elsewhere.
    pub(super) key: Option<ShownKey>,
    /// When its node went; `None` while it is there.
    pub(super) gone: Option<u64>,
}

impl Slot {
    pub(super) fn new(key: ShownKey) -> Self {
        Self { key: Some(key), gone: None }
    }

    /// Whether its node is there.
    pub(super) fn is_live(&self) -> bool {
        self.key.is_some() && self.gone.is_none()
    }

    /// Whether it may be given to another.
    fn is_free(&self, tick: u64) -> bool {
        self.key.is_none() || self.gone.is_some_and(|gone| tick.saturating_sub(gone) >= KEPT_FREE)
    }
}

/// A node without a row of its own.
#[derive(Clone, Debug)]
pub(super) struct Folded {
    pub(super) key: ShownKey,
    /// Whether it had connections when it was last seen.
    pub(super) linked: bool,
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
    /// A row each.
    pub(super) slots: Vec<Slot>,
    /// The nodes that have no row of their own.
    pub(super) crowd: Vec<Folded>,
    /// The last tick in which one of its nodes was there.
    pub(super) seen: u64,
}

impl Block {
    /// The rows that it takes up, with those kept free.
    pub(super) fn height(&self) -> i32 {
        if self.line { 1 } else { rows(self.slots.len()) + 2 }
    }

    /// The rows that it is drawn on: it ends after its last node.
    pub(super) fn drawn_height(&self) -> i32 {
        let used = self.slots.iter().rposition(Slot::is_live).map_or(0, |last| last + 1);
        match (self.line, used, self.crowd.is_empty()) {
            (true, _, false) => 1,
            (_, 0, true) => 0,
            _ => rows(used) + 2,
        }
    }

    /// The row after it.
    pub(super) fn end(&self) -> i32 {
        self.top + self.height()
    }
}

/// Where a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) column: usize,
    pub(super) block: usize,
    pub(super) y: i32,
    /// Whether the row is its own; else it is one of the box's crowd.
    pub(super) own: bool,
}

/// All places.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    pub(super) columns: Vec<Column>,
    pub(super) blocks: Vec<Block>,
    /// The size that the layout was made for.
    pub(super) size: (i32, i32),
    pub(super) tick: u64,
}

/// A number of rows as a coordinate.
pub(super) fn rows(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX / 4)
}

impl Places {
    /// Takes a new view in: who went leaves a free place, who came is placed, nobody else moves.
    pub(super) fn update(&mut self, view: &View, links: &Links, tick: u64) {
        self.tick = tick;
        let known = self.take_stock(view, links);
        let mut columns: Vec<Option<usize>> = known;
        let mut waiting: Vec<usize> = (0..view.nodes.len()).filter(|&node| columns[node].is_none()).collect();
        if waiting.is_empty() {
            return;
        }
        // Callers first, so that those they call find them placed.
        let ranks = super::rank::columns(view, links);
        waiting.sort_by_key(|&node| (ranks[node].is_none(), ranks[node], node));
        for node in waiting {
            let column = self.column_for(view, links, &mut columns, node);
            self.place(view, links, node, column);
            columns[node] = Some(column);
        }
    }

    /// Frees what is no longer needed and tells the columns of the nodes that have a place.
    fn take_stock(&mut self, view: &View, links: &Links) -> Vec<Option<usize>> {
        let tick = self.tick;
        let mut columns: Vec<Option<usize>> = vec![None; view.nodes.len()];
        for block in &mut self.blocks {
            let mut live = false;
            for slot in &mut block.slots {
                let Some(key) = &slot.key else { continue };
                match view.node_place(key) {
                    Some(node) if view.nodes[node].group == block.group && columns[node].is_none() => {
                        slot.gone = None;
                        columns[node] = Some(block.column);
                        live = true;
                    }
                    // It stands in another group now.
                    Some(_) => slot.key = None,
                    None => {
                        let gone = *slot.gone.get_or_insert(tick);
                        if tick.saturating_sub(gone) >= FORGOTTEN_AFTER {
                            slot.key = None;
                        }
                    }
                }
            }
            if live {
                block.seen = tick;
            }
        }
        for block in &mut self.blocks {
            let (group, column) = (&block.group, block.column);
            block.crowd.retain_mut(|folded| {
                view.node_place(&folded.key).is_some_and(|node| {
                    // One that gets its first connection gets a row of its own, if there is room.
                    let stays = view.nodes[node].group == *group
                        && columns[node].is_none()
                        && (folded.linked || !links.linked[node]);
                    if stays {
                        folded.linked = links.linked[node];
                        columns[node] = Some(column);
                    }
                    stays
                })
            });
            if !block.crowd.is_empty() {
                block.seen = tick;
            }
            while block.slots.last().is_some_and(|slot| {
                slot.key.is_none() || slot.gone.is_some_and(|gone| tick.saturating_sub(gone) >= SHRINKS_AFTER)
            }) {
                block.slots.pop();
            }
        }
        self.blocks.retain(|block| {
            !block.crowd.is_empty()
                || (!block.slots.is_empty() && tick.saturating_sub(block.seen) < SHRINKS_AFTER)
        });
        let titles: FxHashMap<&GroupKey, &Arc<str>> =
            view.nodes.iter().map(|node| (&node.group, &node.group_label)).collect();
        for block in &mut self.blocks {
            if let Some(&title) = titles.get(&block.group) {
                block.title.clone_from(title);
            }
        }
        columns
    }

    /// The column for a node that has none: right of those that call it, left of those that it calls.
    fn column_for(
        &mut self,
        view: &View,
        links: &Links,
        columns: &mut [Option<usize>],
        node: usize,
    ) -> usize {
        let last = self.columns.len().saturating_sub(1);
        let after =
            links.clients[node].iter().filter_map(|&client| columns[client]).max().map(|column| column + 1);
        let before = links.servers[node].iter().filter_map(|&server| columns[server]).min();
        let is_remote = view.nodes[node].kind == NodeKind::Remote;
        let wanted = match (after, before) {
            (Some(after), None) if is_remote => after.max(last),
            (Some(after), None) => after,
            (after, Some(0)) if after.is_none() || is_remote => {
                self.add_left();
                for column in columns.iter_mut().flatten() {
                    *column += 1;
                }
                0
            }
            (None, Some(_)) if is_remote => 0,
            (None, Some(before)) => before - 1,
            (Some(after), Some(_)) => after.min(last),
            (None, None) => {
                let own = self.blocks.iter().rev().find(|block| block.group == view.nodes[node].group);
                match own {
                    Some(block) => block.column,
                    None if links.is_called_remote(view, node) => last,
                    None if links.clients[node].is_empty() && links.linked[node] => 0,
                    None => (0..self.columns.len()).min_by_key(|&column| self.bottom(column)).unwrap_or(0),
                }
            }
        };
        if wanted >= self.columns.len() {
            self.add_right();
        }
        wanted.min(self.columns.len() - 1)
    }

    /// A new column before the first.
    fn add_left(&mut self) {
        let (width, channel) = self.new_column();
        let x = self.columns.first().map_or(0, |first| first.x - width - channel);
        self.columns.insert(0, Column { x, width, channel });
        for block in &mut self.blocks {
            block.column += 1;
        }
    }

    /// A new column after the last.
    fn add_right(&mut self) {
        let (width, channel) = self.new_column();
        let x = self.columns.last().map_or(0, Column::end);
        self.columns.push(Column { x, width, channel });
    }

    /// The widths of a column whose nodes are not known yet.
    fn new_column(&self) -> (i32, i32) {
        if self.size.0 < 100 { (22, 7) } else { (30, 11) }
    }

    /// The row after the last box of a column.
    pub(super) fn bottom(&self, column: usize) -> i32 {
        self.blocks.iter().filter(|block| block.column == column).map(Block::end).max().unwrap_or(0)
    }

    /// Gives a node a row in a box of its group, else joins it to a crowd.
    fn place(&mut self, view: &View, links: &Links, node: usize, column: usize) {
        let tick = self.tick;
        let key = &view.nodes[node].key;
        let limit = self.limit(view, links, node);
        let mine: Vec<usize> = (0..self.blocks.len())
            .filter(|&block| {
                self.blocks[block].column == column && self.blocks[block].group == view.nodes[node].group
            })
            .collect();
        let frames: Vec<usize> = mine.iter().copied().filter(|&block| !self.blocks[block].line).collect();
        for &block in &frames {
            if let Some(slot) = self.blocks[block].slots.iter_mut().find(|slot| slot.is_free(tick)) {
                *slot = Slot::new(key.clone());
                self.blocks[block].seen = tick;
                return;
            }
        }
        for &block in &frames {
            let end = self.blocks[block].end();
            let blocked = self.blocks.iter().enumerate().any(|(other, place)| {
                other != block && place.column == column && place.top >= end - 1 && place.top < end + 2
            });
            if !blocked && end < limit {
                self.blocks[block].slots.push(Slot::new(key.clone()));
                self.blocks[block].seen = tick;
                return;
            }
        }
        let top = self.room(column, 3);
        if top + 3 <= limit {
            self.blocks.push(Block {
                group: view.nodes[node].group.clone(),
                title: view.nodes[node].group_label.clone(),
                column,
                top,
                line: false,
                slots: vec![Slot::new(key.clone())],
                crowd: Vec::new(),
                seen: tick,
            });
            return;
        }
        let crowd = mine
            .first()
            .copied()
            .or_else(|| self.blocks.iter().position(|block| block.group == view.nodes[node].group));
        if let Some(block) = crowd {
            self.blocks[block].crowd.push(Folded { key: key.clone(), linked: links.linked[node] });
            self.blocks[block].seen = tick;
            return;
        }
        let top = self.room(column, 1);
        self.blocks.push(Block {
            group: view.nodes[node].group.clone(),
            title: view.nodes[node].group_label.clone(),
            column,
            top,
            line: true,
            slots: Vec::new(),
            crowd: vec![Folded { key: key.clone(), linked: links.linked[node] }],
            seen: tick,
        });
    }

    /// The row that a node's box must end before: without connections it must not make the picture higher than the
    /// panel, and a remote not much; the others may make it [`SCREENS`] panels high.
    fn limit(&self, view: &View, links: &Links, node: usize) -> i32 {
        let height = self.size.1.max(3);
        if !links.linked[node] || view.nodes[node].kind == NodeKind::Remote {
            height
        } else {
            height.saturating_mul(SCREENS).max(24)
        }
    }

    /// A row in a column with free rows from it on, and one between it and its neighbours.
    fn room(&self, column: usize, height: i32) -> i32 {
        let mut taken: Vec<(i32, i32)> = self
            .blocks
            .iter()
            .filter(|block| block.column == column)
            .map(|block| (block.top, block.end()))
            .collect();
        taken.sort_unstable();
        let mut top = 0;
        for (start, end) in taken {
            if top + height < start {
                break;
            }
            top = top.max(end + 1);
        }
        top
    }

    /// Where each of the view's nodes stands.
    pub(super) fn resolve(&self, view: &View) -> Vec<Option<Place>> {
        let mut places = vec![None; view.nodes.len()];
        for (index, block) in self.blocks.iter().enumerate() {
            for (row, slot) in block.slots.iter().enumerate().filter(|(_, slot)| slot.is_live()) {
                if let Some(node) = slot.key.as_ref().and_then(|key| view.node_place(key)) {
                    let y = block.top + 1 + rows(row);
                    places[node] = Some(Place { column: block.column, block: index, y, own: true });
                }
            }
            let y = block.top + block.drawn_height() - 1;
            for node in block.crowd.iter().filter_map(|folded| view.node_place(&folded.key)) {
                places[node] = Some(Place { column: block.column, block: index, y, own: false });
            }
        }
        places
    }
}

/// How many panels high the picture may grow before groups fold.
pub(super) const SCREENS: i32 = 2;

/// The width of a node's row in a box, borders included.
pub(super) fn row_width(label: &str, detail: &str) -> i32 {
    let detail = if detail.is_empty() { 0 } else { text::width(detail) + 2 };
    text::width(label) + detail + 4
}
