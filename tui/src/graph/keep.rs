//! That nodes keep standing where they stand: who comes is placed, who went is remembered, nobody else moves.
//!
//! A node that has a place keeps it while it lives. It gets it back when it returns, unless the place was given away in
//! between; one that came back before keeps it free for longer.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::draw::detail_of;
use super::links::Links;
use super::place::{Places, Slot, row_width, title_width};
use super::roster::Moves;
use crate::view::View;

const SECOND: u64 = 1_000_000_000;
/// For how long the place of a node that went is kept free, in nanoseconds. Twice as long each time it came back.
pub(super) const KEPT_FREE: u64 = 5 * SECOND;
/// After how long a box gives up the room at its end that nobody came back to.
const SHRINKS_AFTER: u64 = 30 * SECOND;
/// After how long a node that went is forgotten.
const FORGOTTEN_AFTER: u64 = 600 * SECOND;

/// How long ago something was.
pub(super) fn since(then: u64, now: u64) -> u64 {
    now.saturating_sub(then)
}

/// Whether a place may be given to another node.
pub(super) fn is_free(slot: &Slot, now: u64) -> bool {
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
        self.seat_those_who_stay(view, links, now);
        let waiting: Vec<usize> = (0..view.nodes.len()).filter(|&node| columns[node].is_none()).collect();
        if waiting.is_empty() {
            return;
        }
        for node in callers_first(&waiting, links) {
            let column = self.column_for(view, links, &mut columns, node);
            self.place(view, links, (node, column), now);
            columns[node] = Some(column);
        }
        for (node, column) in waiting.into_iter().filter_map(|node| Some((&view.nodes[node], columns[node]?)))
        {
            let row = row_width(&node.label, &detail_of(node));
            self.widen(column, row.max(title_width(&node.group_label)));
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
        let mut renamed: Vec<(usize, i32)> = Vec::new();
        for block in &mut self.blocks {
            let node = block.nodes().next().map(|node| &view.nodes[node]);
            if let Some(node) = node.filter(|node| !Arc::ptr_eq(&node.group_label, &block.title)) {
                if node.group_label != block.title {
                    renamed.push((block.column, title_width(&node.group_label)));
                }
                block.title = Arc::clone(&node.group_label);
            }
        }
        // What containers are called is often known only after they were first seen.
        for (column, wanted) in renamed {
            self.widen(column, wanted);
        }
        columns
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
