//! Which line runs where in a channel: the order from left to right in which the fewest lines cross.

use super::place::{Column, MARGINS, rows};

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
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Net {
    /// The first and the last row of the line down.
    pub(super) span: (i32, i32),
    /// The cell column of the line down.
    pub(super) x: i32,
}

impl Net {
    /// Whether it is one row, without a line down.
    pub(super) fn is_straight(&self) -> bool {
        self.span.0 == self.span.1
    }
}

/// The nets of a channel.
#[derive(Clone, Debug, Default)]
pub(super) struct Channel {
    pub(super) nets: Vec<Net>,
    /// The branches, each with its net.
    pins: Vec<(u32, Pin)>,
    /// The nets that have a line down, and how far to the right each of these runs, counted in lines.
    order: Vec<usize>,
    levels: Vec<i32>,
}

/// Beyond so many lines in a channel their order is a plain sort: no screen shows them apart anyway.
const ORDERED_PAIRWISE: usize = 40;
/// More lines than this are never side by side: those beyond share.
const SIDE_BY_SIDE: usize = 64;

impl Channel {
    /// Adds a net. Returns its number.
    pub(super) fn add(&mut self) -> u32 {
        self.nets.push(Net { span: (i32::MAX, i32::MIN), x: 0 });
        self.nets.len() as u32 - 1
    }

    /// Adds a branch to a net.
    pub(super) fn pin(&mut self, net: u32, pin: Pin) {
        let span = &mut self.nets[net as usize].span;
        *span = (span.0.min(pin.1), span.1.max(pin.1));
        self.pins.push((net, pin));
    }

    /// Finds the order of the nets, and tells how many cell columns there have to be for no two to be joined.
    pub(super) fn arrange(&mut self) -> i32 {
        let nets = &self.nets;
        let mut order: Vec<usize> = (0..nets.len()).filter(|&net| !nets[net].is_straight()).collect();
        if order.is_empty() {
            return 0;
        }
        self.levels = if order.len() <= ORDERED_PAIRWISE {
            self.pins.sort_unstable();
            self.pins.dedup();
            // Twice the middle row: whole numbers sort without surprises.
            order.sort_unstable_by_key(|&net| (nets[net].span.0 + nets[net].span.1, nets[net].span, net));
            let branches: Vec<Branches<'_>> =
                order.iter().map(|&net| Branches::of(net, nets[net].span, &self.pins)).collect();
            let gains = Gains::new(&branches);
            let places = uncross(&gains);
            order = places.iter().map(|&place| order[place]).collect();
            stack(&branches, &gains, &places)
        } else {
            order.sort_unstable_by_key(|&net| (nets[net].span, net));
            pack(nets, &order)
        };
        self.order = order;
        self.levels.iter().max().map_or(1, |last| last + 1)
    }

    /// Gives every net its cell column.
    pub(super) fn spread(&mut self, column: &Column, needed: i32) {
        let start = column.channel_start();
        // With room to spare, a piece of line is seen on both sides; always one cell and the arrow head.
        let airy = needed * 2 - 1 <= column.channel - 5;
        let (first, last) =
            if airy { (2, column.channel - 4) } else { (1, (column.channel - MARGINS).max(1)) };
        let room = last - first + 1;
        for (&net, &level) in self.order.iter().zip(&self.levels) {
            let offset = if needed * 2 - 1 <= room {
                (room - (needed * 2 - 1)) / 2 + level * 2
            } else if needed <= room {
                (room - needed) / 2 + level
            } else {
                level * room / needed
            };
            self.nets[net].x = start + first + offset;
        }
    }
}

/// The branches of a net, by their rows in order.
struct Branches<'p> {
    span: (i32, i32),
    left: &'p [(u32, Pin)],
    right: &'p [(u32, Pin)],
}

impl<'p> Branches<'p> {
    /// Those of a net among all, which are in order.
    fn of(net: usize, span: (i32, i32), pins: &'p [(u32, Pin)]) -> Self {
        let net = net as u32;
        let first = pins.partition_point(|pin| pin.0 < net);
        let end = pins.partition_point(|pin| pin.0 <= net);
        let mine = &pins[first..end];
        let (left, right) = mine.split_at(mine.partition_point(|pin| pin.1.0 == Side::Left));
        Self { span, left, right }
    }
}

/// What it costs to have one net left of another: crossings, and worse, lines that would look joined.
fn cost(left: &Branches<'_>, right: &Branches<'_>) -> i64 {
    let has = |pins: &[(u32, Pin)], y: i32| pins.binary_search_by_key(&y, |pin| pin.1.1).is_ok();
    let touch = |(first, last): (i32, i32), pins: &[(u32, Pin)], y: i32| {
        if y < first || y > last || has(pins, y) {
            0
        } else if y == first || y == last {
            4
        } else {
            1
        }
    };
    let from_left: i64 = right.left.iter().map(|pin| touch(left.span, left.left, pin.1.1)).sum();
    let from_right: i64 = left.right.iter().map(|pin| touch(right.span, right.right, pin.1.1)).sum();
    let along: i64 = left.right.iter().filter(|pin| has(right.left, pin.1.1)).map(|_| 8).sum();
    from_left + from_right + along
}

/// For each two nets, how much more it costs to have the first left of the second than right of it.
struct Gains {
    size: usize,
    of: Vec<i64>,
}

impl Gains {
    fn new(nets: &[Branches<'_>]) -> Self {
        let size = nets.len();
        let mut of = vec![0; size * size];
        for a in 0..size {
            for b in 0..a {
                let difference = cost(&nets[a], &nets[b]) - cost(&nets[b], &nets[a]);
                of[a * size + b] = difference;
                of[b * size + a] = -difference;
            }
        }
        Self { size, of }
    }

    fn of(&self, one: usize, other: usize) -> i64 {
        self.of[one * self.size + other]
    }
}

/// Swaps neighbours while that makes fewer lines cross.
fn uncross(gains: &Gains) -> Vec<usize> {
    let mut places: Vec<usize> = (0..gains.size).collect();
    for _ in 0..gains.size {
        let mut changed = false;
        // A net moves over several others at once where that pays.
        for from in 0..gains.size {
            let net = places[from];
            let mut best = (0, from);
            let mut sum = 0;
            for to in (0..from).rev() {
                sum += gains.of(net, places[to]);
                best = best.min((sum, to));
            }
            sum = 0;
            for (to, &other) in places.iter().enumerate().skip(from + 1) {
                sum -= gains.of(net, other);
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
    places
}

/// The levels of nets whose order counts: those that do not meet may share one, those that meet keep their order.
fn stack(nets: &[Branches<'_>], gains: &Gains, places: &[usize]) -> Vec<i32> {
    let mut levels = vec![0; places.len()];
    for place in 0..places.len() {
        let net = places[place];
        let (first, last) = nets[net].span;
        levels[place] = (0..place)
            .filter(|&before| {
                let other = places[before];
                let (other_first, other_last) = nets[other].span;
                (first <= other_last && other_first <= last) || gains.of(net, other) != 0
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
            let (first, last) = nets[net].span;
            let level = match ends.iter().position(|&end| end < first) {
                Some(level) => level,
                None if ends.len() < SIDE_BY_SIDE => {
                    ends.push(i32::MIN);
                    ends.len() - 1
                }
                None => net % SIDE_BY_SIDE,
            };
            ends[level] = ends[level].max(last);
            rows(level)
        })
        .collect()
}
