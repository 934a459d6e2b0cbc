//! In which row those stand that came: in the box of their group, as long as it has room where it stands.
//!
//! A box never moves for them. Where processes of one name come and go, the next takes the row of the one before, and a
//! few rows are enough for all. Where the box cannot grow, who comes waits without a row; who stays gets one, in a second
//! box if need be. There is never a third.

use super::keep::{KEPT_FREE, is_free, since};
use super::links::Links;
use super::place::{Block, Folded, Name, Places, SCREENS, Slot};
use crate::view::{NodeKind, NodeState, View};

/// Who lives no longer than this comes and goes.
const BRIEF: u64 = KEPT_FREE;
/// How many of one name have rows of their own in a column and group while they come and go.
const FEW: usize = 4;
/// The rows that a box leaves free for the one above it to grow.
pub(super) const GROWTH: i32 = 3;
/// For how many boxes room is looked for in vain before the others wait for the next view.
const PATIENCE: usize = 16;

/// One that is to have a row.
#[derive(Clone, Copy)]
struct Newcomer {
    node: usize,
    column: usize,
    /// The row that its box must end before.
    limit: i32,
    now: u64,
}

impl Slot {
    /// Whether its node came and went, or came just now.
    fn is_brief(&self, now: u64) -> bool {
        match self.gone {
            Some(gone) => self.returns == 0 && since(self.came, gone) < BRIEF && since(gone, now) < BRIEF,
            None => self.is_live() && since(self.came, now) < BRIEF,
        }
    }

    /// Whether a process of a name follows another here, which came, went and will not be back.
    fn is_left_to(&self, name: Name) -> bool {
        let brief = |gone| self.returns == 0 && since(self.came, gone) < BRIEF;
        self.name == Some(name) && self.gone.is_some_and(brief)
    }
}

impl Block {
    /// Gives a place to a node: one of the slots, or a new one after them.
    fn give(&mut self, slot: usize, given: Slot) {
        match self.slots.get_mut(slot) {
            Some(place) => *place = given,
            None => self.slots.push(given),
        }
        self.held = self.held.max(slot + 1);
    }
}

impl Places {
    /// Gives rows to those that waited for one and are still there, as far as there is room now.
    pub(super) fn seat_those_who_stay(&mut self, view: &View, links: &Links, now: u64) {
        let mut patience = PATIENCE;
        let (count, turn) = (self.blocks.len(), self.turn);
        for block in (0..count).map(|index| (turn + index) % count) {
            if patience == 0 {
                self.turn = block;
                return;
            }
            let waits = |folded: &Folded| folded.linked && since(folded.since, now) >= BRIEF;
            while !self.blocks[block].line
                && let Some(first) = self.blocks[block].crowd.iter().position(waits)
            {
                let node = self.blocks[block].crowd[first].node;
                let column = self.blocks[block].column;
                let mine = Newcomer { node, column, limit: self.limit(view, links, node), now };
                let frames = self.frames(view, mine);
                if !self.seat(view, mine, &frames) && !self.continue_box(view, mine, &frames) {
                    patience -= 1;
                    break;
                }
                self.blocks[block].crowd.remove(first);
            }
        }
    }

    /// Gives a node a place in a box of its group, else joins it to a crowd.
    pub(super) fn place(&mut self, view: &View, links: &Links, (node, column): (usize, usize), now: u64) {
        let limit = self.limit(view, links, node);
        let mine = Newcomer { node, column, limit, now };
        let frames = self.frames(view, mine);
        // Of processes that are new some come and go: these take turns in a few rows.
        let is_new = view.nodes[node].state != NodeState::Steady;
        let name = Name::of(&view.nodes[node]).filter(|_| is_new);
        if name.is_some_and(|name| self.succeed(view, mine, name, &frames)) {
            return;
        }
        let are_many = name.is_some_and(|name| self.come_and_go(name, &frames, now) >= FEW);
        // Nor do they make the picture higher than the panel.
        let seen = Newcomer { limit: if is_new { limit.min(self.size.1) } else { limit }, ..mine };
        if !are_many && self.seat(view, seen, &frames) {
            return;
        }
        let folded = Folded { node, linked: links.linked[node], since: now };
        if let Some(&first) = frames.first() {
            if is_new || !self.continue_box(view, mine, &frames) {
                self.blocks[first].crowd.push(folded);
            }
            return;
        }
        if self.come_back(view, mine) || self.add_box(view, mine) {
            return;
        }
        let group = &view.nodes[node].group;
        let shown = |block: &Block| block.group == *group && block.height() > 0;
        let beside = |block: &Block| shown(block) && block.column == column;
        let crowd = self.blocks.iter().position(beside).or_else(|| self.blocks.iter().position(shown));
        if let Some(block) = crowd {
            self.blocks[block].crowd.push(folded);
            return;
        }
        let top = self.room(column, 1, limit);
        let line = Block { line: true, crowd: vec![folded], ..self.new_block(view, node, (column, top)) };
        self.blocks.push(line);
        self.forget_within(self.blocks.len() - 1);
    }

    /// The boxes of a node's group in its column.
    fn frames(&self, view: &View, mine: Newcomer) -> Vec<usize> {
        let group = &view.nodes[mine.node].group;
        let is_own = |block: &Block| {
            block.column == mine.column && !block.line && block.height() > 0 && block.group == *group
        };
        (0..self.blocks.len()).filter(|&block| is_own(&self.blocks[block])).collect()
    }

    /// How many of a name have rows and came just now, or have left them just now.
    fn come_and_go(&self, name: Name, frames: &[usize], now: u64) -> usize {
        let slots = frames.iter().flat_map(|&block| &self.blocks[block].slots);
        slots.filter(|slot| slot.name == Some(name) && slot.is_brief(now)).count()
    }

    /// The row of one of the same name that came and went.
    fn succeed(&mut self, view: &View, mine: Newcomer, name: Name, frames: &[usize]) -> bool {
        for &block in frames {
            let block = &mut self.blocks[block];
            if let Some(slot) = block.slots[..block.held].iter().position(|slot| slot.is_left_to(name)) {
                block.give(slot, Slot::new(view, mine.node, mine.now));
                return true;
            }
        }
        false
    }

    /// A free row of the boxes, or one more.
    fn seat(&mut self, view: &View, mine: Newcomer, frames: &[usize]) -> bool {
        let given = || Slot::new(view, mine.node, mine.now);
        for &block in frames {
            let block = &mut self.blocks[block];
            // Nobody's first, then that of the one that went longest ago.
            let free = (0..block.held).filter(|&slot| is_free(&block.slots[slot], mine.now));
            if let Some(slot) = free.min_by_key(|&slot| (block.slots[slot].gone, slot)) {
                block.give(slot, given());
                return true;
            }
        }
        for &block in frames {
            // Behind those that are remembered and may come back.
            let grown = &mut self.blocks[block];
            let slot = (grown.held..grown.slots.len()).find(|&slot| is_free(&grown.slots[slot], mine.now));
            let (end, tall) = (grown.remembered_end(), grown.tall);
            if let Some(slot) = slot {
                grown.give(slot, given());
                return true;
            }
            let blocked = self.blocks.iter().enumerate().any(|(other, place)| {
                other != block
                    && place.column == mine.column
                    && place.height() > 0
                    && place.top >= end - 1
                    && place.top <= end + tall
            });
            if !blocked && end - 1 + tall < mine.limit {
                let grown = &mut self.blocks[block];
                grown.give(grown.slots.len(), given());
                self.forget_within(block);
                return true;
            }
        }
        false
    }

    /// A box that is only remembered comes back for its group.
    fn come_back(&mut self, view: &View, mine: Newcomer) -> bool {
        let group = &view.nodes[mine.node].group;
        for ghost in &mut self.blocks {
            if ghost.column == mine.column && ghost.height() == 0 && ghost.group == *group {
                let free = (0..ghost.slots.len()).find(|&slot| is_free(&ghost.slots[slot], mine.now));
                if let Some(slot) = free.filter(|&slot| ghost.top + ghost.frame(slot + 1) <= mine.limit) {
                    ghost.give(slot, Slot::new(view, mine.node, mine.now));
                    return true;
                }
            }
        }
        false
    }

    /// A second box where the first has no room, if it is seen there.
    fn continue_box(&mut self, view: &View, mine: Newcomer, frames: &[usize]) -> bool {
        let seen = Newcomer { limit: mine.limit.min(self.size.1), ..mine };
        let added = frames.len() < 2 && self.add_box(view, seen);
        if added && let Some(block) = self.blocks.last_mut() {
            block.continued = true;
        }
        added
    }

    /// A new box for one node, if there is room. Those of its group that are folded to one line in the same column fold
    /// into it.
    fn add_box(&mut self, view: &View, mine: Newcomer) -> bool {
        let height = self.tall + 2;
        let top = self.room(mine.column, height, mine.limit);
        if top + height > mine.limit {
            return false;
        }
        let slots = vec![Slot::new(view, mine.node, mine.now)];
        let mut block = Block { slots, held: 1, ..self.new_block(view, mine.node, (mine.column, top)) };
        for line in &mut self.blocks {
            if line.line && line.column == mine.column && line.group == block.group {
                block.crowd.append(&mut line.crowd);
            }
        }
        self.blocks.push(block);
        self.forget_within(self.blocks.len() - 1);
        true
    }

    fn new_block(&self, view: &View, node: usize, (column, top): (usize, i32)) -> Block {
        Block {
            group: view.nodes[node].group.clone(),
            title: view.nodes[node].group_label.clone(),
            column,
            top,
            line: false,
            continued: false,
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

    /// A row in a column with free rows from it on, and one between it and its neighbours: in sight if there are any, and
    /// rather where nobody is remembered. Of several gaps the highest, some rows below the box above it, so that both
    /// can grow.
    fn room(&self, column: usize, height: i32, limit: i32) -> i32 {
        let panel = self.size.1.min(limit);
        let mut after = 0;
        for (end, remembered) in [(panel, true), (panel, false), (limit, true), (limit, false)] {
            let mut taken: Vec<(i32, i32)> = self
                .blocks
                .iter()
                .filter(|block| block.column == column && (remembered || block.height() > 0))
                .map(|block| (block.top, if remembered { block.remembered_end() } else { block.end() }))
                .collect();
            taken.sort_unstable();
            let mut gaps: Vec<(i32, i32)> = Vec::with_capacity(taken.len() + 1);
            let mut first = 0;
            for (top, bottom) in taken {
                gaps.push((first, top - 1));
                first = first.max(bottom + 1);
            }
            gaps.push((first, end.max(first)));
            after = first;
            let highest = gaps
                .into_iter()
                .map(|(first, next)| (next.min(end) - first, first))
                .filter(|&(rows, _)| rows >= height)
                .max_by_key(|&(rows, first)| (rows, -first));
            if let Some((rows, first)) = highest {
                let above = if first > 0 { GROWTH.min((rows - height) / 2) } else { 0 };
                return first + above;
            }
        }
        after
    }
}
