//! What is written on the lines: how many connections each stands for, and the service where there is room.

use rustc_hash::{FxHashMap, FxHashSet};

use super::bundle::Sum;
use super::lists::Lists;
use super::place::{Column, Places};
use super::route::Routes;
use super::text;
use super::tracks::{Channel, Side};
use crate::view::View;

/// What is written on a line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Label {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) text: String,
    /// The wires that it is about.
    pub(super) wires: Vec<u32>,
}

/// The piece of line at one side of a row: its channel, the side of that, and the row.
type Stub = (usize, Side, i32);

/// The stubs in the order in which wires come by them, with the wires that begin and that end at each.
struct Stubs {
    all: Vec<Stub>,
    known: FxHashMap<Stub, u32>,
    starts: Lists,
    ends: Lists,
}

impl Stubs {
    fn new(routes: &Routes) -> Self {
        let mut all: Vec<Stub> = Vec::new();
        let mut known: FxHashMap<Stub, u32> = FxHashMap::default();
        let mut number = |stub: Stub| {
            *known.entry(stub).or_insert_with(|| {
                all.push(stub);
                all.len() as u32 - 1
            })
        };
        let mut of_wire: Vec<(u32, u32, u32)> = Vec::with_capacity(routes.wires.len());
        for wire in 0..routes.wires.len() {
            if let [first, ..] = routes.hops(wire)
                && let [.., last] = routes.hops(wire)
            {
                let start = number((first.channel, first.enter.0, first.enter.1));
                let end = number((last.channel, last.leave.0, last.leave.1));
                of_wire.push((start, end, wire as u32));
            }
        }
        let starts = Lists::new(all.len(), of_wire.iter().map(|&(start, _, wire)| (start, wire)));
        let ends = Lists::new(all.len(), of_wire.iter().map(|&(_, end, wire)| (end, wire)));
        Self { all, known, starts, ends }
    }
}

/// The labels of all lines. A line without a number stands for one connection, or the number did not fit.
pub(super) fn labels(routes: &Routes, places: &Places, view: &View) -> Vec<Label> {
    let stubs = Stubs::new(routes);
    let downs: Vec<Downs> = routes.channels().iter().map(Downs::new).collect();
    let mut labels = Vec::new();
    let mut told = vec![false; routes.wires.len()];
    for at_starts in [true, false] {
        for (number, &(channel, side, y)) in stubs.all.iter().enumerate() {
            let (starts, ends) = (stubs.starts.of(number), stubs.ends.of(number));
            // What goes out and what comes in on one piece of line is told as one number.
            let mixed = !starts.is_empty() && !ends.is_empty();
            let (mine, others): (&[u32], &[u32]) = match (at_starts, mixed) {
                (true, true) => (starts, ends),
                (false, true) => continue,
                (true, false) => (starts, &[]),
                (false, false) => (ends, &[]),
            };
            let is_told = |wire: &u32| told[*wire as usize];
            let all_told = mine.iter().chain(others).all(is_told);
            if mine.is_empty() || all_told && (mixed || mine.len() == 1) {
                continue;
            }
            let column = &places.columns[channel];
            let run = downs[channel].run(column, side, y);
            // The cell of the arrow head is not free.
            let run = match (at_starts, side) {
                (_, Side::Left) if !ends.is_empty() => (run.0 + 1, run.1),
                (_, Side::Right) if !ends.is_empty() => (run.0, run.1 - 1),
                // A line that goes straight on ends in an arrow head too.
                (true, Side::Left) if run.1 == column.end() - 1 => (run.0, run.1 - 1),
                (true, Side::Right) if run.0 == column.channel_start() => (run.0 + 1, run.1),
                _ => run,
            };
            // The shortest number, and some of the line.
            if run.1 <= run.0 {
                continue;
            }
            let wires: Vec<u32> = mine.iter().chain(others).copied().collect();
            if let Some((x, text)) = fit(&wires, routes, view, (side, run)) {
                if wires.len() == 1 || mixed {
                    for &wire in &wires {
                        told[wire as usize] = true;
                    }
                }
                labels.push(Label { x, y, text, wires });
            }
        }
    }
    for (index, wire) in routes.wires.iter().enumerate().filter(|(_, wire)| wire.from == wire.to) {
        let (_, number) = number(&routes.sums[index..=index]);
        if !number.is_empty()
            && let Some(&(x, y)) = routes.path(wire).first()
            && places.columns[wire.from.0].channel > text::width(&number)
            && !stubs.known.contains_key(&(wire.from.0, Side::Left, y))
        {
            labels.push(Label { x: x + 1, y, text: number, wires: vec![index as u32] });
        }
    }
    labels
}

/// For each row of a channel, its first and its last line down.
struct Downs {
    top: i32,
    rows: Vec<Option<(i32, i32)>>,
}

impl Downs {
    fn new(channel: &Channel) -> Self {
        let nets = || channel.nets.iter().filter(|net| !net.is_straight());
        let top = nets().map(|net| net.span.0).min().unwrap_or(0);
        let bottom = nets().map(|net| net.span.1).max().unwrap_or(top - 1);
        let mut downs = Self { top, rows: vec![None; usize::try_from(bottom + 1 - top).unwrap_or(0)] };
        for net in nets() {
            let (first, last) = (net.span.0 - top, net.span.1 - top);
            for row in &mut downs.rows[first as usize..=last as usize] {
                *row = Some(row.map_or((net.x, net.x), |(least, most)| (least.min(net.x), most.max(net.x))));
            }
        }
        downs
    }

    /// The cells of a row from one side of the channel after a column to the first line down, both ends included.
    fn run(&self, column: &Column, side: Side, y: i32) -> (i32, i32) {
        let row = usize::try_from(y - self.top).ok().and_then(|row| self.rows.get(row).copied().flatten());
        let (first, last) = (column.channel_start(), column.end() - 1);
        match side {
            Side::Left => (first, row.map_or(last, |(least, _)| least - 1)),
            Side::Right => (row.map_or(first, |(_, most)| most + 1), last),
        }
    }
}

/// How many connections wires stand for, as said with more and with less room: `9+3` where three of twelve are new, and
/// `12`; empty for a single old one.
fn number<'s>(sums: impl IntoIterator<Item = &'s Sum>) -> (String, String) {
    let add = |(total, new), sum: &Sum| (total + sum.connections, new + sum.new);
    let (total, new) = sums.into_iter().fold((0, 0), add);
    let short = if total > 1 { text::count(total) } else { String::new() };
    let long = match (total - new.min(total), new) {
        (_, 0) => short.clone(),
        (0, _) => format!("+{}", text::count(new)),
        (old, _) => format!("{}+{}", text::count(old), text::count(new)),
    };
    (long, short)
}

/// The fewest cells that a service is told in.
const LEAST_SERVICE: i32 = 6;

/// The longest text about wires that fits into a run of cells at one side of a channel with some of the line left to see,
/// and where: not in the middle if that is nearer to the lines down, where it would look like a part of them.
fn fit(
    mine: &[u32],
    routes: &Routes,
    view: &View,
    (side, (first, last)): (Side, (i32, i32)),
) -> Option<(i32, String)> {
    let room = last - first + 1;
    let (number, short) = number(mine.iter().map(|&wire| &routes.sums[wire as usize]));
    let mut texts: Vec<(String, i32)> = Vec::new();
    if let ([wire], LEAST_SERVICE..) = (mine, room) {
        let is_one = number.is_empty();
        match services(*wire as usize, routes, view) {
            Services::Told => {}
            Services::One(service) if is_one => texts.push((format!(" {service} "), 4)),
            Services::One(service) => texts.push((format!(" {number} {service} "), 4)),
            Services::Several(count) if is_one => texts.push((format!(" {count} services "), 4)),
            Services::Several(count) => {
                texts.push((format!(" {count} services · {number} "), 4));
                texts.push((format!(" {count} services · {short} "), 3));
            }
        }
    }
    for number in [number, short].into_iter().filter(|number| !number.is_empty()) {
        texts.push((format!(" {number} "), 2));
        texts.push((number, 1));
    }
    let (text, _) = texts.into_iter().find(|(text, line)| text::width(text) + line <= room)?;
    let beside = room - text::width(&text) + i32::from(side == Side::Right);
    Some((first + beside / 2, text))
}

/// What a wire's connections are for.
enum Services<'v> {
    /// Its server's row tells: the port is the one it listens on.
    Told,
    /// One service.
    One(&'v str),
    /// So many.
    Several(usize),
}

fn services<'v>(wire: usize, routes: &Routes, view: &'v View) -> Services<'v> {
    let edges = || routes.bundles.edges(wire).map(|edge| &view.edges[edge]);
    let Some(first) = edges().next() else { return Services::Told };
    let only = &*first.service;
    let mut others = edges().filter(|edge| *edge.service != *only).peekable();
    if others.peek().is_some() {
        let services: FxHashSet<&str> = others.map(|edge| &*edge.service).collect();
        return Services::Several(services.len() + 1);
    }
    let tells = |server: usize| {
        let detail = view.nodes.get(server).map_or("", |server| &*server.detail);
        detail.split_whitespace().any(|port| port == only)
    };
    if edges().all(|edge| tells(edge.server)) { Services::Told } else { Services::One(only) }
}
