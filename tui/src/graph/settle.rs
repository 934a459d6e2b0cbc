//! In which column those stand that came.

use super::links::Links;
use super::place::{Column, Places};
use super::rank;
use crate::view::{NodeKind, View};

/// The widths of a column and a channel whose nodes are not known yet, where there is room, and the least.
const NEW_COLUMN: [(i32, i32); 2] = [(30, 11), (22, 7)];

impl Places {
    /// The column for a node that has none: that of its group where that stands whole, else right of those that call
    /// it, left of those that it calls.
    pub(super) fn column_for(
        &mut self,
        view: &View,
        links: &Links,
        columns: &mut [Option<usize>],
        node: usize,
    ) -> usize {
        let group = &view.nodes[node].group;
        if rank::stands_whole(group) {
            let mine = || self.blocks.iter().filter(|block| block.group == *group);
            if let Some(block) = mine().find(|block| block.height() > 0).or_else(|| mine().next()) {
                return block.column;
            }
        }
        let last = self.columns.len().saturating_sub(1);
        let after = links
            .clients(node)
            .iter()
            .filter_map(|&client| columns[client as usize])
            .max()
            .map(|column| column + 1);
        let before = links.servers(node).iter().filter_map(|&server| columns[server as usize]).min();
        let is_remote = view.nodes[node].kind == NodeKind::Remote;
        let wanted = match (after, before) {
            (Some(after), None) if is_remote => after.max(last),
            (Some(after), None) => after,
            (after, Some(0)) if after.is_none() || is_remote => {
                // Out of sight nobody would see who calls: then above or below those that are called.
                if self.add_left() {
                    for column in columns.iter_mut().flatten() {
                        *column += 1;
                    }
                }
                0
            }
            (None, Some(_)) if is_remote => 0,
            (None, Some(before)) => before - 1,
            (Some(after), Some(_)) => after.min(last),
            (None, None) => {
                let own = self.blocks.iter().rev().find(|block| block.group == *group && block.height() > 0);
                match own {
                    Some(block) => block.column,
                    None if links.is_called_remote(view, node) => last,
                    None if links.clients(node).is_empty() && links.linked[node] => 0,
                    None => (0..self.columns.len()).min_by_key(|&column| self.bottom(column)).unwrap_or(0),
                }
            }
        };
        if wanted >= self.columns.len() {
            self.add_right();
        }
        wanted.min(self.columns.len() - 1)
    }

    /// A new column before the first, if the panel has room for it. Returns whether it has.
    fn add_left(&mut self) -> bool {
        let Some((width, channel)) = self.new_column() else { return false };
        let x = self.columns.first().map_or(0, |first| first.x - width - channel);
        self.columns.insert(0, Column { x, width, channel, lines: 0 });
        for block in &mut self.blocks {
            block.column += 1;
        }
        true
    }

    /// A new column after the last: where the whole picture is seen, and would not be with it, only if the last is full.
    fn add_right(&mut self) {
        let last = self.columns.len().saturating_sub(1);
        let is_full = self.bottom(last) + self.tall + 3 > self.size.1;
        let new = self.new_column();
        if new.is_none() && !is_full && self.width() <= self.size.0 {
            return;
        }
        let (width, channel) = new.unwrap_or(NEW_COLUMN[usize::from(self.size.0 < 100)]);
        let x = self.columns.last().map_or(0, Column::end);
        self.columns.push(Column { x, width, channel, lines: 0 });
    }

    /// The widths of another column, if the whole picture is still seen with it.
    fn new_column(&self) -> Option<(i32, i32)> {
        let room = self.size.0 - self.width();
        NEW_COLUMN.into_iter().find(|(width, channel)| width + channel <= room)
    }
}
