//! The ways of the lines: out of a row, through the channels between the columns, through free rows where a column
//! is in between, into a row. Never through a box.

use rustc_hash::FxHashMap;

use super::place::{Place, Places};
use super::tracks::{self, Net, Pin, Side};
use crate::view::View;

/// A row that lines end at: its column and its cell row.
pub(super) type Dock = (usize, i32);

/// All edges between two rows, drawn as one line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wire {
    /// The edges, by their places in the view.
    pub(super) edges: Vec<usize>,
    /// The client's row.
    pub(super) from: Dock,
    /// The server's row.
    pub(super) to: Dock,
    /// The cells where it begins, turns and ends; the first and the last touch the boxes. One cell for a row that
    /// is linked with itself.
    pub(super) path: Vec<(i32, i32)>,
    /// Whether it begins at the right side of its client's box.
    pub(super) leaves_right: bool,
    /// Whether other wires end where it does.
    pub(super) shares_end: bool,
    /// Whether it ends at the left side of its server's box.
    pub(super) arrives_left: bool,
}

/// What is written on a line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Label {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) text: String,
    /// The wires that it is about.
    pub(super) wires: Vec<usize>,
}

/// All lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Routes {
    pub(super) wires: Vec<Wire>,
    pub(super) labels: Vec<Label>,
}

/// The row that the lines of a bundle share: the end of the wire that more wires end at, and whether that is the
/// client's.
pub(super) type Hub = (Dock, bool);

/// A wire's way through one channel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hop {
    pub(super) channel: usize,
    pub(super) net: usize,
    pub(super) enter: Pin,
    pub(super) leave: Pin,
}

/// The ways as far as they do not depend on the widths of columns and channels.
struct Draft {
    wires: Vec<Wire>,
    hops: Vec<Vec<Hop>>,
    channels: Vec<Vec<Net>>,
}

/// Finds the way of every edge. Where more lines have come to run side by side than a channel has cells for, the column
/// before it gives some of its own: the boxes keep their places, and no two lines look joined that are not.
pub(super) fn route(places: &mut Places, at: &[Option<Place>], view: &View) -> Routes {
    let Draft { mut wires, hops, mut channels } = draft(places, at, view);
    for (nets, column) in channels.iter_mut().zip(&mut places.columns) {
        let needed = tracks::assign(nets, column);
        if column.widen_channel(needed) {
            tracks::assign(nets, column);
        }
    }
    for (wire, hops) in wires.iter_mut().zip(&hops) {
        wire.path = path(wire, hops, places, &channels);
    }
    let labels = super::label::labels(&wires, &hops, &channels, places, view);
    Routes { wires, labels }
}

/// How many lines run side by side in each channel.
pub(super) fn tracks(places: &Places, at: &[Option<Place>], view: &View) -> Vec<i32> {
    let mut channels = draft(places, at, view).channels;
    channels.iter_mut().zip(&places.columns).map(|(nets, column)| tracks::assign(nets, column)).collect()
}

fn draft(places: &Places, at: &[Option<Place>], view: &View) -> Draft {
    let mut wires = bundle(at, view);
    let hubs = hubs(&mut wires);
    let mut lanes = Lanes::new(places);
    let mut channels: Vec<Vec<Net>> = vec![Vec::new(); places.columns.len()];
    let mut known: FxHashMap<(usize, Hub), usize> = FxHashMap::default();
    let mut hops: Vec<Vec<Hop>> = Vec::with_capacity(wires.len());
    for (wire, &hub) in wires.iter_mut().zip(&hubs) {
        let mut mine = Vec::new();
        if wire.from != wire.to {
            for (channel, enter, leave) in lanes.way(wire, hub) {
                let net = *known.entry((channel, hub)).or_insert_with(|| {
                    channels[channel].push(Net::default());
                    channels[channel].len() - 1
                });
                channels[channel][net].pin(enter);
                channels[channel][net].pin(leave);
                mine.push(Hop { channel, net, enter, leave });
            }
        }
        hops.push(mine);
    }
    Draft { wires, hops, channels }
}

/// One wire for each pair of rows that edges lead between.
fn bundle(at: &[Option<Place>], view: &View) -> Vec<Wire> {
    let mut wires: Vec<Wire> = Vec::new();
    let mut known: FxHashMap<(Dock, Dock), usize> = FxHashMap::default();
    for (index, edge) in view.edges.iter().enumerate() {
        let dock = |node: usize| at.get(node).copied().flatten().map(|place| (place.column, place.y));
        let (Some(from), Some(to)) = (dock(edge.client), dock(edge.server)) else { continue };
        let wire = *known.entry((from, to)).or_insert_with(|| {
            wires.push(Wire {
                edges: Vec::new(),
                from,
                to,
                path: Vec::new(),
                // To the left: out on the left, in on the right. In one column: both on the right.
                leaves_right: to.0 >= from.0,
                arrives_left: to.0 > from.0,
                shares_end: false,
            });
            wires.len() - 1
        });
        wires[wire].edges.push(index);
    }
    wires
}

/// The hub of every wire. Also finds the wires that share their end.
fn hubs(wires: &mut [Wire]) -> Vec<Hub> {
    let mut out: FxHashMap<Dock, usize> = FxHashMap::default();
    let mut into: FxHashMap<Dock, usize> = FxHashMap::default();
    for wire in wires.iter() {
        *out.entry(wire.from).or_default() += 1;
        *into.entry(wire.to).or_default() += 1;
    }
    for wire in wires.iter_mut() {
        wire.shares_end = into[&wire.to] > 1;
    }
    wires
        .iter()
        .map(|wire| if out[&wire.from] > into[&wire.to] { (wire.from, true) } else { (wire.to, false) })
        .collect()
}

/// The free rows of the columns, and which of them lines run through already.
struct Lanes {
    /// For each column its gaps, first and last row each, from top to bottom.
    gaps: Vec<Vec<(i32, i32)>>,
    taken: FxHashMap<(usize, i32), Hub>,
    /// The first row after all boxes.
    bottom: i32,
}

/// How far above and below all boxes lanes may run.
const OUTSIDE: i32 = 64;

impl Lanes {
    fn new(places: &Places) -> Self {
        let mut boxes: Vec<Vec<(i32, i32)>> = vec![Vec::new(); places.columns.len()];
        for block in places.blocks.iter().filter(|block| block.height() > 0) {
            boxes[block.column].push((block.top, block.end()));
        }
        let bottom = boxes.iter().flatten().map(|&(_, end)| end).max().unwrap_or(0);
        let gaps = boxes
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
        Self { gaps, taken: FxHashMap::default(), bottom }
    }

    /// A wire's way, channel by channel: where it comes in and where it goes out.
    fn way(&mut self, wire: &Wire, hub: Hub) -> Vec<(usize, Pin, Pin)> {
        let ((from, mut y), (to, target)) = (wire.from, wire.to);
        if from == to {
            return vec![(from, (Side::Left, y), (Side::Left, target))];
        }
        let mut way = Vec::new();
        if from < to {
            for channel in from..to {
                let next = if channel + 1 == to { target } else { self.lane(channel + 1, y, target, hub) };
                way.push((channel, (Side::Left, y), (Side::Right, next)));
                y = next;
            }
        } else {
            for channel in (to..from).rev() {
                let next = if channel == to { target } else { self.lane(channel, y, target, hub) };
                way.push((channel, (Side::Right, y), (Side::Left, next)));
                y = next;
            }
        }
        way
    }

    /// The free row of a column through which to go from one row to another.
    fn lane(&mut self, column: usize, from: i32, to: i32, hub: Hub) -> i32 {
        let mut best: Option<(i32, i32)> = None;
        for &(first, last) in &self.gaps[column] {
            for wish in [from, to] {
                let near = wish.clamp(first, last);
                let least = (near - from).abs() + (near - to).abs() - 3;
                if best.is_some_and(|(cost, _)| cost <= least) {
                    continue;
                }
                // The nearest row, or one beside it if other lines run there.
                'near: for step in 0..4 {
                    for y in [near - step, near + step] {
                        if y < first || y > last {
                            continue;
                        }
                        let shared = match self.taken.get(&(column, y)) {
                            Some(other) if *other == hub => -3,
                            Some(_) => 12,
                            None => 0,
                        };
                        let outside = if y < 0 { 8 - 2 * y } else { i32::from(y >= self.bottom) };
                        let cost = (y - from).abs() + (y - to).abs() + shared + outside;
                        if best.is_none_or(|(least, _)| cost < least) {
                            best = Some((cost, y));
                        }
                        if shared <= 0 {
                            break 'near;
                        }
                    }
                }
            }
        }
        let y = best.map_or(from, |(_, y)| y);
        self.taken.entry((column, y)).or_insert(hub);
        y
    }
}

/// The cells where a wire begins, turns and ends.
fn path(wire: &Wire, hops: &[Hop], places: &Places, channels: &[Vec<Net>]) -> Vec<(i32, i32)> {
    if hops.is_empty() {
        // On the border: always to be seen, whatever runs in the channel.
        let x = places.columns[wire.from.0].channel_start() - 1;
        return vec![(x, wire.from.1)];
    }
    let mut path: Vec<(i32, i32)> = Vec::with_capacity(hops.len() * 4);
    for hop in hops {
        let column = &places.columns[hop.channel];
        let edge = |side| match side {
            Side::Left => column.channel_start(),
            Side::Right => column.end() - 1,
        };
        path.push((edge(hop.enter.0), hop.enter.1));
        let net = &channels[hop.channel][hop.net];
        if hop.enter.1 != hop.leave.1 {
            path.push((net.x, hop.enter.1));
            path.push((net.x, hop.leave.1));
        }
        path.push((edge(hop.leave.0), hop.leave.1));
    }
    path.dedup();
    path
}
