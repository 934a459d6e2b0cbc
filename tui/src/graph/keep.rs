//! That nodes keep standing where they stand: who comes is placed, who went is remembered, nobody else moves.
//!
//! A node that has a place keeps it while it lives. It gets it back when it returns, unless the place was given away in
//! between; one that came back before keeps it free for longer.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::links::Links;
use super::place::{Block, Column, Folded, Places, SCREENS, Slot};
use super::roster::Moves;
use crate::view::{NodeKind, ShownKey, View};

const SECOND: u64 = 1_000_000_000;
/// For how long the place of a node that went is kept free, in nanoseconds. Twice as long each time it came back.
const KEPT_FREE: u64 = 5 * SECOND;
/// After how long a box gives up the room at its end that nobody came back to.
const SHRINKS_AFTER: u64 = 30 * SECOND;
/// After how long a node that went is forgotten.
const FORGOTTEN_AFTER: u64 = 600 * SECOND;

/// How long ago something was.
fn since(then: u64, now: u64) -> u64 {
    now.saturating_sub(then)
}

/// Whether a place may be given to another node.
fn is_free(slot: &Slot, now: u64) -> bool {
    let kept = KEPT_FREE.saturating_mul(1 << slot.returns.min(16));
    slot.key.is_none() || slot.gone.is_some_and(|gone| since(gone, now) >= kept.min(FORGOTTEN_AFTER))
}

/// Nodes in an order in which those that they call find them placed; those without lines last.
fn callers_first(nodes: &[usize], links: &Links) -> Vec<usize> {
    let index: FxHashMap<u32, u32> =
        nodes.iter().zip(0..).map(|(&node, index)| (node as u32, index)).collect();
    let among = nodes.iter().zip(0..).flat_map(|(&node, caller)| {
        links.servers(node).iter().filter_map(|server| index.get(server)).map(move |&server| (caller, server))
    });
    let ranks = super::rank::longest(&Links::of(nodes.len(), among));
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by_key(|&index| (!links.linked[nodes[index]], ranks[index]));
    order.into_iter().map(|index| nodes[index]).collect()
}

impl Slot {
    /// The place of its node in a new view, also of one that comes back.
    fn now(&self, view: &View, moves: &Moves) -> Option<usize> {
        match self.node {
            Some(before) => moves.now(before),
            None => self.key.as_ref().and_then(|key| moves.came(key, view)),
        }
    }
}

impl Block {
    /// Gives a place to a node: one of the slots, or a new one after them.
    fn give(&mut self, slot: usize, (node, key): (usize, &ShownKey)) {
        let given = Slot::new(key.clone(), node);
        match self.slots.get_mut(slot) {
            Some(place) => *place = given,
            None => self.slots.push(given),
        }
        self.held = self.held.max(slot + 1);
    }
}

impl Places {
    /// Whether any node of a new view stands in them, or stood and is remembered.
    pub(super) fn remember(&self, view: &View, moves: &Moves) -> bool {
        self.blocks.iter().any(|block| {
            let slots = block.slots.iter().filter_map(|slot| slot.now(view, moves));
            let folded = block.folded().filter_map(|node| moves.now(node));
            slots.chain(folded).any(|node| view.nodes[node].group == block.group)
        })
    }

    /// Takes a new view in: who went leaves a free place, who came is placed, nobody else moves. `moves` is how the view
    /// differs from the one before, `now` is in nanoseconds from any beginning.
    pub(super) fn update(&mut self, view: &View, links: &Links, moves: &Moves, now: u64) {
        let mut columns = self.take_stock(view, links, moves, now);
        let waiting: Vec<usize> = (0..view.nodes.len()).filter(|&node| columns[node].is_none()).collect();
        if waiting.is_empty() {
            return;
        }
        for node in callers_first(&waiting, links) {
            let column = self.column_for(view, links, &mut columns, node);
            self.place(view, links, (node, column), now);
            columns[node] = Some(column);
        }
    }

    /// Gives those that returned their places, frees what is no longer needed, and tells the columns of the nodes that
    /// have a place.
    fn take_stock(&mut self, view: &View, links: &Links, moves: &Moves, now: u64) -> Vec<Option<usize>> {
        let mut columns: Vec<Option<usize>> = vec![None; view.nodes.len()];
        for block in &mut self.blocks {
            for slot in &mut block.slots {
                if slot.key.is_none() {
                    continue;
                }
                let there = slot.now(view, moves);
                match there {
                    Some(node) if view.nodes[node].group == block.group && columns[node].is_none() => {
                        slot.returns += u32::from(slot.gone.take().is_some());
                        slot.node = there;
                        columns[node] = Some(block.column);
                    }
                    // It stands in another group now.
                    Some(_) => *slot = Slot::empty(),
                    None => {
                        slot.node = None;
                        let gone = *slot.gone.get_or_insert(now);
                        if since(gone, now) >= FORGOTTEN_AFTER {
                            *slot = Slot::empty();
                        }
                    }
                }
            }
        }
        for block in &mut self.blocks {
            let (group, column) = (&block.group, block.column);
            block.crowd.retain_mut(|folded| {
                moves.now(folded.node).is_some_and(|node| {
                    // One that gets its first connection gets a row of its own, if there is room.
                    let stays = view.nodes[node].group == *group
                        && columns[node].is_none()
                        && (folded.linked || !links.linked[node]);
                    if stays {
                        folded.node = node;
                        folded.linked = links.linked[node];
                        columns[node] = Some(column);
                    }
                    stays
                })
            });
            while block.slots.last().is_some_and(|slot| slot.key.is_none()) {
                block.slots.pop();
            }
            let takes_room = |slot: &Slot| {
                slot.key.is_some() && slot.gone.is_none_or(|gone| since(gone, now) < SHRINKS_AFTER)
            };
            block.held = block.slots.iter().rposition(takes_room).map_or(0, |last| last + 1);
        }
        self.blocks.retain(|block| !block.crowd.is_empty() || !block.slots.is_empty());
        for block in &mut self.blocks {
            let node = block.nodes().next().map(|node| &view.nodes[node]);
            if let Some(node) = node.filter(|node| !Arc::ptr_eq(&node.group_label, &block.title)) {
                block.title = Arc::clone(&node.group_label);
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
                let group = &view.nodes[node].group;
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

    /// Gives a node a place in a box of its group, else joins it to a crowd.
    fn place(&mut self, view: &View, links: &Links, (node, column): (usize, usize), now: u64) {
        let mine = (node, &view.nodes[node].key);
        let group = &view.nodes[node].group;
        let limit = self.limit(view, links, node);
        let own: Vec<usize> = (0..self.blocks.len())
            .filter(|&block| {
                let block = &self.blocks[block];
                block.column == column && block.group == *group && block.height() > 0
            })
            .collect();
        let frames: Vec<usize> = own.iter().copied().filter(|&block| !self.blocks[block].line).collect();
        for &block in &frames {
            let block = &mut self.blocks[block];
            // Nobody's first, then that of the one that went longest ago.
            let free = (0..block.held).filter(|&slot| is_free(&block.slots[slot], now));
            if let Some(slot) = free.min_by_key(|&slot| (block.slots[slot].gone, slot)) {
                block.give(slot, mine);
                return;
            }
        }
        for &block in &frames {
            let end = self.blocks[block].remembered_end();
            let tall = self.blocks[block].tall;
            let blocked = self.blocks.iter().enumerate().any(|(other, place)| {
                other != block
                    && place.column == column
                    && place.height() > 0
                    && place.top >= end - 1
                    && place.top <= end + tall
            });
            let grown = &mut self.blocks[block];
            // Behind those that are remembered and may come back.
            let slot = (grown.held..grown.slots.len()).find(|&slot| is_free(&grown.slots[slot], now));
            if let Some(slot) = slot {
                grown.give(slot, mine);
                return;
            }
            if !blocked && end - 1 + tall < limit {
                grown.give(grown.slots.len(), mine);
                self.forget_within(block);
                return;
            }
        }
        // A box that is only remembered comes back for its group.
        for ghost in &mut self.blocks {
            if ghost.column == column && ghost.group == *group && ghost.height() == 0 {
                let free = (0..ghost.slots.len()).find(|&slot| is_free(&ghost.slots[slot], now));
                if let Some(slot) = free.filter(|&slot| ghost.top + ghost.frame(slot + 1) <= limit) {
                    ghost.give(slot, mine);
                    return;
                }
            }
        }
        let height = self.tall + 2;
        let top = self.room(column, height, limit);
        if top + height <= limit {
            self.add_box(view, node, (column, top));
            return;
        }
        let folded = Folded { node, linked: links.linked[node] };
        let shown = |block: &Block| block.group == *group && block.height() > 0;
        let crowd = own.first().copied().or_else(|| self.blocks.iter().position(shown));
        if let Some(block) = crowd {
            self.blocks[block].crowd.push(folded);
            return;
        }
        let top = self.room(column, 1, limit);
        self.blocks.push(Block {
            line: true,
            crowd: vec![folded],
            ..self.new_block(view, node, (column, top))
        });
        self.forget_within(self.blocks.len() - 1);
    }

    /// A new box for one node.
    fn add_box(&mut self, view: &View, node: usize, at: (usize, i32)) {
        let slots = vec![Slot::new(view.nodes[node].key.clone(), node)];
        self.blocks.push(Block { slots, held: 1, ..self.new_block(view, node, at) });
        self.forget_within(self.blocks.len() - 1);
    }

    fn new_block(&self, view: &View, node: usize, (column, top): (usize, i32)) -> Block {
        Block {
            group: view.nodes[node].group.clone(),
            title: view.nodes[node].group_label.clone(),
            column,
            top,
            line: false,
            tall: self.tall,
            slots: Vec::new(),
            held: 0,
            crowd: Vec::new(),
        }
    }

    /// Forgets the places that are only remembered where a box stands now, and the row around it: nobody can come back
    /// to them.
    fn forget_within(&mut self, block: usize) {
        let (column, top, end) =
            (self.blocks[block].column, self.blocks[block].top, self.blocks[block].end());
        for (index, other) in self.blocks.iter_mut().enumerate() {
            let apart =
                index == block || other.column != column || other.top >= end || other.remembered_end() <= top;
            if apart {
                continue;
            }
            let room = usize::try_from((top - other.top - 3) / other.tall).unwrap_or(0);
            other.slots.truncate(room.max(other.held));
        }
        // Those of which nothing is left go with the next view: places in the list must not change now.
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

    /// A row in a column with free rows from it on, and one between it and its neighbours: rather where nobody is
    /// remembered.
    fn room(&self, column: usize, height: i32, limit: i32) -> i32 {
        let with = |remembered: bool| {
            let mut taken: Vec<(i32, i32)> = self
                .blocks
                .iter()
                .filter(|block| block.column == column && (remembered || block.height() > 0))
                .map(|block| (block.top, if remembered { block.remembered_end() } else { block.end() }))
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
        };
        let undisturbed = with(true);
        if undisturbed + height <= limit { undisturbed } else { with(false) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_called_comes_after_all_its_callers() {
        // 9 calls 4 and 6, 4 calls 6, 7 and 2 call each other, 2 calls 1; 3 and 5 call nobody who is asked about.
        let edges = [(9, 4), (9, 6), (4, 6), (7, 2), (2, 7), (2, 1), (3, 3), (5, 8)];
        let links = Links::of(10, edges.into_iter());
        assert_eq!(callers_first(&[1, 2, 3, 4, 5, 6, 7, 9], &links), [2, 5, 9, 1, 4, 7, 6, 3]);
    }
}
