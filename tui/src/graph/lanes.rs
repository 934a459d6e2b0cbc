//! The free rows of the columns, through which lines go from channel to channel.

use super::place::Places;
use super::tracks::{Pin, Side};

/// How far above and below all boxes lanes may run.
const OUTSIDE: i32 = 64;
/// How many rows beside the nearest are looked at.
const BESIDE: i32 = 4;
/// How much less a row costs that lines of the same bundle run through, and how much more one that others do.
const SAVED: i32 = 3;
const CROWDED: i32 = 12;
/// A row that no line runs through.
const FREE: u32 = u32::MAX;

/// The free rows of each column, first and last each, from top to bottom, and the first row after all boxes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Gaps {
    columns: Vec<Vec<(i32, i32)>>,
    bottom: i32,
}

impl Gaps {
    pub(super) fn new(places: &Places) -> Self {
        let mut boxes: Vec<Vec<(i32, i32)>> = vec![Vec::new(); places.columns.len()];
        for block in places.blocks.iter().filter(|block| block.height() > 0) {
            boxes[block.column].push((block.top, block.end()));
        }
        let bottom = boxes.iter().flatten().map(|&(_, end)| end).max().unwrap_or(0);
        let columns = boxes
            .into_iter()
            .map(|mut boxes| {
                boxes.sort_unstable();
                let mut gaps = Vec::new();
                let mut next = -OUTSIDE;
                for (top, end) in boxes {
                    if next < top {
                        gaps.push((next, top - 1));
                    }
                    next = next.max(end);
                }
                gaps.push((next, bottom + OUTSIDE));
                gaps
            })
            .collect();
        Self { columns, bottom }
    }

    /// How many columns there are.
    pub(super) fn columns(&self) -> usize {
        self.columns.len()
    }
}

/// The gaps, and whose lines run through them already.
pub(super) struct Lanes<'g> {
    gaps: &'g Gaps,
    /// The hub that each row of each column was taken by first, a column after the other.
    taken: Vec<u32>,
    rows: usize,
}

/// The best row found so far.
#[derive(Clone, Copy)]
struct Best {
    cost: i32,
    /// Of two rows that cost the same, that of the upper gap is taken.
    gap: usize,
    y: i32,
}

impl<'g> Lanes<'g> {
    pub(super) fn new(gaps: &'g Gaps) -> Self {
        let rows = usize::try_from(gaps.bottom + 2 * OUTSIDE + 1).unwrap_or(0);
        Self { gaps, taken: vec![FREE; rows * gaps.columns.len()], rows }
    }

    /// A line's way between two rows, channel by channel: where it comes in and where it goes out. `hub` is the number of
    /// the row that it shares with the lines of its bundle.
    pub(super) fn way(
        &mut self,
        (from, mut y): (usize, i32),
        (to, target): (usize, i32),
        hub: u32,
        mut step: impl FnMut(usize, Pin, Pin),
    ) {
        if from == to {
            return step(from, (Side::Left, y), (Side::Left, target));
        }
        if from < to {
            for channel in from..to {
                let next = if channel + 1 == to { target } else { self.lane(channel + 1, y, target, hub) };
                step(channel, (Side::Left, y), (Side::Right, next));
                y = next;
            }
        } else {
            for channel in (to..from).rev() {
                let next = if channel == to { target } else { self.lane(channel, y, target, hub) };
                step(channel, (Side::Right, y), (Side::Left, next));
                y = next;
            }
        }
    }

    /// The free row of a column through which to go from one row to another: the one with the shortest way, rather one
    /// that no other lines run through.
    fn lane(&mut self, column: usize, from: i32, to: i32, hub: u32) -> i32 {
        let gaps = &self.gaps.columns[column];
        let (low, high) = (from.min(to), from.max(to));
        // No row of a gap costs less than this.
        let least = |(first, last): (i32, i32)| {
            high - low + 2 * (low - last).max(0) + 2 * (first - high).max(0) - SAVED
        };
        let mut best: Option<Best> = None;
        let start = gaps.partition_point(|&(_, last)| last < low);
        for (gap, &rows) in gaps.iter().enumerate().skip(start) {
            if best.is_some_and(|best| best.cost <= least(rows)) {
                break;
            }
            self.look(column, (gap, rows), (from, to), hub, &mut best);
        }
        for (gap, &rows) in gaps.iter().enumerate().take(start).rev() {
            if best.is_some_and(|best| best.cost < least(rows)) {
                break;
            }
            self.look(column, (gap, rows), (from, to), hub, &mut best);
        }
        let y = best.map_or(from, |best| best.y);
        if let Some(row) = self.row(column, y).and_then(|row| self.taken.get_mut(row))
            && *row == FREE
        {
            *row = hub;
        }
        y
    }

    fn row(&self, column: usize, y: i32) -> Option<usize> {
        usize::try_from(y + OUTSIDE).ok().filter(|&row| row < self.rows).map(|row| column * self.rows + row)
    }

    /// Looks for a better row in a gap: the nearest to either end of the way, or one beside it if other lines run there.
    fn look(
        &self,
        column: usize,
        (gap, (first, last)): (usize, (i32, i32)),
        (from, to): (i32, i32),
        hub: u32,
        best: &mut Option<Best>,
    ) {
        for wish in [from, to] {
            let near = wish.clamp(first, last);
            'near: for step in 0..BESIDE {
                for y in [near - step, near + step] {
                    if y < first || y > last {
                        continue;
                    }
                    let taken = self.row(column, y).map_or(FREE, |row| self.taken[row]);
                    let shared = match taken {
                        FREE => 0,
                        other if other == hub => -SAVED,
                        _ => CROWDED,
                    };
                    let outside = if y < 0 { 8 - 2 * y } else { i32::from(y >= self.gaps.bottom) };
                    let cost = (y - from).abs() + (y - to).abs() + shared + outside;
                    if best.is_none_or(|best| (cost, gap) < (best.cost, best.gap)) {
                        *best = Some(Best { cost, gap, y });
                    }
                    if shared <= 0 {
                        break 'near;
                    }
                }
            }
        }
    }
}
