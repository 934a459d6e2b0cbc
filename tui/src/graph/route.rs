//! The ways of the lines: out of a row, through the channels between the columns, through free rows where a column
//! is in between, into a row. Never through a box.

use rustc_hash::FxHashMap;

use super::bundle::{Bundles, Sum};
use super::label::{self, Label};
use super::lanes::{Gaps, Lanes};
use super::links::Links;
use super::place::{Column, Place, Places};
use super::tracks::{Channel, Pin, Side};
use crate::view::View;

/// A row that lines end at: its column and its cell row.
pub(super) type Dock = (usize, i32);

/// All edges between two rows, drawn as one line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wire {
    /// The client's row.
    pub(super) from: Dock,
    /// The server's row.
    pub(super) to: Dock,
    /// Whether it begins at the right side of its client's box.
    pub(super) leaves_right: bool,
    /// Whether it ends at the left side of its server's box.
    pub(super) arrives_left: bool,
    /// Whether other wires end where it does.
    pub(super) shares_end: bool,
    /// Where its first corner is among all corners, and where that of the next wire is.
    corners: (u32, u32),
    /// Its first column and row, and those after its last.
    bounds: Bounds,
}

impl Wire {
    /// Whether it is in sight of a part of the plane.
    pub(super) fn touches(&self, (left, top, right, bottom): Bounds) -> bool {
        let (first_x, first_y, end_x, end_y) = self.bounds;
        first_x < right && end_x > left && first_y < bottom && end_y > top
    }
}

/// The first column and row of a part of the plane, and those after its last.
pub(super) type Bounds = (i32, i32, i32, i32);

/// The part that two parts are in.
pub(super) fn join(one: Bounds, other: Bounds) -> Bounds {
    (one.0.min(other.0), one.1.min(other.1), one.2.max(other.2), one.3.max(other.3))
}

/// A wire's way through one channel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hop {
    pub(super) channel: usize,
    pub(super) net: u32,
    pub(super) enter: Pin,
    pub(super) leave: Pin,
}

/// All lines. What does not depend on how much flows is kept as long as the same rows are linked.
#[derive(Debug, Default)]
pub(super) struct Routes {
    pub(super) wires: Vec<Wire>,
    /// Which edges each wire stands for.
    pub(super) bundles: Bundles,
    /// What these are together.
    pub(super) sums: Vec<Sum>,
    pub(super) labels: Vec<Label>,
    /// The cells where the wires begin, turn and end, wire by wire.
    corners: Vec<(i32, i32)>,
    draft: Draft,
    /// What the ways were found among: where the boxes stood.
    gaps: Gaps,
    columns: Vec<Column>,
}

/// The ways as far as they do not depend on the widths of columns and channels.
#[derive(Debug, Default)]
struct Draft {
    docks: Vec<Dock>,
    /// The hops of all wires, and where those of each begin; behind the last, where they end.
    hops: Vec<Hop>,
    starts: Vec<u32>,
    channels: Vec<Channel>,
}

impl Routes {
    /// Finds the way of every edge. Where more lines have come to run side by side than a channel has cells for, the
    /// column before it gives some of its own: the boxes keep their places, and no two lines look joined that are not.
    pub(super) fn update(
        &mut self,
        places: &mut Places,
        (at, docks): (&[Option<Place>], Vec<Dock>),
        links: &Links,
        view: &View,
    ) {
        let bundles = Bundles::new(at, links.ends());
        let gaps = Gaps::new(places);
        let is_same = bundles.pairs == self.bundles.pairs
            && docks == self.draft.docks
            && gaps == self.gaps
            && places.columns == self.columns;
        if !is_same {
            self.draft = Draft::new(docks, &bundles, &gaps);
            let needed: Vec<i32> = self.draft.channels.iter_mut().map(Channel::arrange).collect();
            places.make_room(&needed);
            for (index, channel) in self.draft.channels.iter_mut().enumerate() {
                channel.spread(&places.columns[index], needed[index]);
            }
            self.wires = self.draft.wires(&bundles);
            self.run(places);
            self.columns.clone_from(&places.columns);
            self.gaps = gaps;
        }
        self.sums = bundles.sums(view);
        self.bundles = bundles;
        self.labels = label::labels(self, places, view);
    }

    /// The cells where a wire begins, turns and ends; the first and the last touch the boxes. One cell for a row that is
    /// linked with itself.
    pub(super) fn path(&self, wire: &Wire) -> &[(i32, i32)] {
        &self.corners[wire.corners.0 as usize..wire.corners.1 as usize]
    }

    /// The ways of a wire through the channels.
    pub(super) fn hops(&self, wire: usize) -> &[Hop] {
        self.draft.hops(wire)
    }

    /// The cells where a wire goes straight through the line down of its own net.
    pub(super) fn passes(&self, wire: usize) -> impl Iterator<Item = (i32, i32)> + '_ {
        let straight = self.hops(wire).iter().filter(|hop| hop.enter.1 == hop.leave.1);
        let net = |hop: &Hop| (&self.draft.channels[hop.channel].nets[hop.net as usize], hop.enter.1);
        straight.map(net).filter(|(net, _)| !net.is_straight()).map(|(net, y)| (net.x, y))
    }

    /// The nets of all channels.
    pub(super) fn channels(&self) -> &[Channel] {
        &self.draft.channels
    }

    /// The part of the plane that all wires are in.
    pub(super) fn bounds(&self) -> Option<Bounds> {
        self.wires.iter().map(|wire| wire.bounds).reduce(join)
    }

    /// Runs the wires through the cells.
    fn run(&mut self, places: &Places) {
        self.corners.clear();
        for (index, wire) in self.wires.iter_mut().enumerate() {
            let first = self.corners.len();
            let mut add = |cell: (i32, i32)| {
                if self.corners.len() == first || self.corners.last() != Some(&cell) {
                    self.corners.push(cell);
                }
            };
            let hops = self.draft.hops(index);
            if hops.is_empty() {
                // On the border: always to be seen, whatever runs in the channel.
                add((places.columns[wire.from.0].channel_start() - 1, wire.from.1));
            }
            for hop in hops {
                let column = &places.columns[hop.channel];
                let edge = |side| match side {
                    Side::Left => column.channel_start(),
                    Side::Right => column.end() - 1,
                };
                add((edge(hop.enter.0), hop.enter.1));
                if hop.enter.1 != hop.leave.1 {
                    let x = self.draft.channels[hop.channel].nets[hop.net as usize].x;
                    add((x, hop.enter.1));
                    add((x, hop.leave.1));
                }
                add((edge(hop.leave.0), hop.leave.1));
            }
            wire.corners = (first as u32, self.corners.len() as u32);
            let cells = self.corners[first..].iter().map(|&(x, y)| (x, y, x + 1, y + 1));
            wire.bounds = cells.reduce(join).unwrap_or_default();
        }
    }
}

/// How many lines run side by side in each channel.
pub(super) fn tracks(places: &Places, links: &Links) -> Vec<i32> {
    let (at, docks) = places.resolve(links.linked.len());
    let mut draft = Draft::new(docks, &Bundles::new(&at, links.ends()), &Gaps::new(places));
    draft.channels.iter_mut().map(Channel::arrange).collect()
}

impl Draft {
    fn new(docks: Vec<Dock>, bundles: &Bundles, gaps: &Gaps) -> Self {
        let hubs = hubs(&bundles.pairs, docks.len());
        let mut lanes = Lanes::new(gaps);
        let mut channels = vec![Channel::default(); gaps.columns()];
        let mut known: FxHashMap<(usize, u32), u32> = FxHashMap::default();
        let mut hops: Vec<Hop> = Vec::with_capacity(bundles.pairs.len() * 2);
        let mut starts = vec![0];
        for (&(from, to), &hub) in bundles.pairs.iter().zip(&hubs) {
            if from != to {
                lanes.way(docks[from as usize], docks[to as usize], hub, |channel, enter, leave| {
                    let nets = &mut channels[channel];
                    let net = *known.entry((channel, hub)).or_insert_with(|| nets.add());
                    nets.pin(net, enter);
                    nets.pin(net, leave);
                    hops.push(Hop { channel, net, enter, leave });
                });
            }
            starts.push(hops.len() as u32);
        }
        Self { docks, hops, starts, channels }
    }

    fn hops(&self, wire: usize) -> &[Hop] {
        &self.hops[self.starts[wire] as usize..self.starts[wire + 1] as usize]
    }

    /// The wires, without their corners.
    fn wires(&self, bundles: &Bundles) -> Vec<Wire> {
        let mut ends = vec![0_u32; self.docks.len()];
        for &(_, to) in &bundles.pairs {
            ends[to as usize] += 1;
        }
        let wire = |&(from, to): &(u32, u32)| {
            let shares_end = ends[to as usize] > 1;
            let (from, to) = (self.docks[from as usize], self.docks[to as usize]);
            Wire {
                from,
                to,
                // To the left: out on the left, in on the right. In one column: both on the right.
                leaves_right: to.0 >= from.0,
                arrives_left: to.0 > from.0,
                shares_end,
                corners: (0, 0),
                bounds: (0, 0, 0, 0),
            }
        };
        bundles.pairs.iter().map(wire).collect()
    }
}

/// The row that the lines of each wire's bundle share: the end of the wire that more wires end at. A number each: whose
/// row it is, and whether it is the client's.
fn hubs(pairs: &[(u32, u32)], docks: usize) -> Vec<u32> {
    let (mut out, mut into) = (vec![0_u32; docks], vec![0_u32; docks]);
    for &(from, to) in pairs {
        out[from as usize] += 1;
        into[to as usize] += 1;
    }
    let hub = |&(from, to): &(u32, u32)| {
        if out[from as usize] > into[to as usize] { from * 2 + 1 } else { to * 2 }
    };
    pairs.iter().map(hub).collect()
}
