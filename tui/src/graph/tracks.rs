//! Which line runs where in a channel: the order from left to right in which the fewest lines cross.

use super::place::{Column, MARGINS};

/// A side of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Side {
    /// At the column before it.
    Left,
    /// At the column after it.
    Right,
}

/// Where a line comes into a channel or goes out of it: the side and the row.
pub(super) type Pin = (Side, i32);

/// The lines of one hub in one channel: a line down the channel, with branches to both sides.
#[derive(Clone, Debug, Default)]
pub(super) struct Net {
    /// The branches; in order and each once when the nets have been assigned.
    pins: Vec<Pin>,
    /// The first and the last row of the line down.
    span: Option<(i32, i32)>,
    /// The cell column of the line down.
    pub(super) x: i32,
}

/// Beyond so many lines in a channel their order is a plain sort: no screen shows them apart anyway.
const ORDERED_PAIRWISE: usize = 40;
/// More lines than this are never side by side: those beyond share.
const SIDE_BY_SIDE: usize = 64;

impl Net {
    /// Adds a branch.
    pub(super) fn pin(&mut self, pin: Pin) {
        self.pins.push(pin);
        let (first, last) = self.span.unwrap_or((pin.1, pin.1));
        self.span = Some((first.min(pin.1), last.max(pin.1)));
    }

    /// The first and the last row of the line down.
    pub(super) fn span(&self) -> (i32, i32) {
        self.span.unwrap_or_default()
    }

    /// Whether it is one row, without a line down.
    pub(super) fn is_straight(&self) -> bool {
        let (first, last) = self.span();
        first == last
    }

    fn has(&self, pin: Pin) -> bool {
        self.pins.binary_search(&pin).is_ok()
    }

    fn on(&self, side: Side) -> impl Iterator<Item = i32> + '_ {
        self.pins.iter().filter(move |pin| pin.0 == side).map(|pin| pin.1)
    }
}

/// What it costs to have one net left of another: crossings, and worse, lines that would look joined.
fn cost(left: &Net, right: &Net) -> i64 {
    let touch = |net: &Net, pin: Pin| {
        let (first, last) = net.span();
        if pin.1 < first || pin.1 > last || net.has(pin) {
            0
        } else if pin.1 == first || pin.1 == last {
            4
        } else {
            1
        }
    };
    let from_left: i64 = right.on(Side::Left).map(|y| touch(left, (Side::Left, y))).sum();
    let from_right: i64 = left.on(Side::Right).map(|y| touch(right, (Side::Right, y))).sum();
    let along: i64 = left.on(Side::Right).filter(|&y| right.has((Side::Left, y))).map(|_| 8).sum();
    from_left + from_right + along
}

/// Gives every net its cell column, and tells how many cell columns there had to be for no two to be joined.
pub(super) fn assign(nets: &mut [Net], column: &Column) -> i32 {
    for net in nets.iter_mut() {
        net.pins.sort_unstable();
        net.pins.dedup();
    }
    let mut order: Vec<usize> = (0..nets.len()).filter(|&net| !nets[net].is_straight()).collect();
    if order.is_empty() {
        return 0;
    }
    let levels = if order.len() <= ORDERED_PAIRWISE {
        // Twice the middle row: whole numbers sort without surprises.
        let middle = |net: &Net| net.span().0 + net.span().1;
        order.sort_by_key(|&net| (middle(&nets[net]), nets[net].span(), net));
        uncross(nets, &mut order);
        stack(nets, &order)
    } else {
        order.sort_by_key(|&net| (nets[net].span(), net));
        pack(nets, &order)
    };
    let needed = levels.iter().max().map_or(1, |last| last + 1);
    let start = column.channel_start();
    // With room to spare, a piece of line is seen on both sides; always one cell and the arrow head.
    let airy = needed * 2 - 1 <= column.channel - 5;
    let (first, last) = if airy { (2, column.channel - 4) } else { (1, (column.channel - MARGINS).max(1)) };
    let room = last - first + 1;
    for (place, &net) in order.iter().enumerate() {
        let level = levels[place];
        let offset = if needed * 2 - 1 <= room {
            (room - (needed * 2 - 1)) / 2 + level * 2
        } else if needed <= room {
            (room - needed) / 2 + level
        } else {
            level * room / needed
        };
        nets[net].x = start + first + offset;
    }
    needed
}

/// The levels of nets whose order counts: those that do not meet may share one, those that meet keep their order.
fn stack(nets: &[Net], order: &[usize]) -> Vec<i32> {
    let mut levels = vec![0; order.len()];
    for place in 0..order.len() {
        let net = &nets[order[place]];
        let (first, last) = net.span();
        levels[place] = (0..place)
            .filter(|&before| {
                let other = &nets[order[before]];
                let (other_first, other_last) = other.span();
                (first <= other_last && other_first <= last) || cost(net, other) != cost(other, net)
            })
            .map(|before| levels[before] + 1)
            .max()
            .unwrap_or(0);
    }
    levels
}

/// The levels of nets in the order of their first rows: each takes the first that is free again.
fn pack(nets: &[Net], order: &[usize]) -> Vec<i32> {
    let mut ends: Vec<i32> = Vec::new();
    order
        .iter()
        .map(|&net| {
            let (first, last) = nets[net].span();
            let level = match ends.iter().position(|&end| end < first) {
                Some(level) => level,
                None if ends.len() < SIDE_BY_SIDE => {
                    ends.push(i32::MIN);
                    ends.len() - 1
                }
                None => net % SIDE_BY_SIDE,
            };
            ends[level] = ends[level].max(last);
            super::place::rows(level)
        })
        .collect()
}

/// Swaps neighbours while that makes fewer lines cross.
fn uncross(nets: &[Net], order: &mut [usize]) {
    let size = order.len();
    let mut gain = vec![0_i64; size * size];
    let base = order.to_vec();
    for a in 0..size {
        for b in 0..a {
            let difference = cost(&nets[base[a]], &nets[base[b]]) - cost(&nets[base[b]], &nets[base[a]]);
            gain[a * size + b] = difference;
            gain[b * size + a] = -difference;
        }
    }
    let mut places: Vec<usize> = (0..size).collect();
    for _ in 0..size {
        let mut changed = false;
        // A net moves over several others at once where that pays.
        for from in 0..size {
            let net = places[from];
            let mut best = (0, from);
            let mut sum = 0;
            for to in (0..from).rev() {
                sum += gain[net * size + places[to]];
                best = best.min((sum, to));
            }
            sum = 0;
            for to in from + 1..size {
                sum -= gain[net * size + places[to]];
                if sum < best.0 {
                    best = (sum, to);
                }
            }
            if best.0 < 0 {
                places.remove(from);
                places.insert(best.1, net);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    for (place, &net) in places.iter().enumerate() {
        order[place] = base[net];
    }
}
