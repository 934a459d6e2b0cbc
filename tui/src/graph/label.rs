//! What is written on the lines: how many connections each stands for, and the service where there is room.

use rustc_hash::FxHashMap;

use super::place::Places;
use super::route::{Hop, Label, Wire};
use super::text;
use super::tracks::{Net, Side};
use crate::view::View;

/// The wires that share the piece of line at one side of a row.
#[derive(Default)]
struct Stub {
    starts: Vec<usize>,
    ends: Vec<usize>,
}

/// The labels of all lines. A line without a number stands for one connection, or the number did not fit.
pub(super) fn labels(
    wires: &[Wire],
    hops: &[Vec<Hop>],
    channels: &[Vec<Net>],
    places: &Places,
    view: &View,
) -> Vec<Label> {
    let mut stubs: FxHashMap<(usize, Side, i32), Stub> = FxHashMap::default();
    let mut order: Vec<(usize, Side, i32)> = Vec::new();
    for (wire, hops) in hops.iter().enumerate() {
        let (Some(first), Some(last)) = (hops.first(), hops.last()) else { continue };
        for (hop, (side, y), start) in [(first, first.enter, true), (last, last.leave, false)] {
            let key = (hop.channel, side, y);
            let stub = stubs.entry(key).or_insert_with(|| {
                order.push(key);
                Stub::default()
            });
            if start { stub.starts.push(wire) } else { stub.ends.push(wire) }
        }
    }
    let mut labels = Vec::new();
    let mut told = vec![false; wires.len()];
    for starts in [true, false] {
        for &(channel, side, y) in &order {
            let stub = &stubs[&(channel, side, y)];
            // What goes out and what comes in on one piece of line is told as one number.
            let mixed = !stub.starts.is_empty() && !stub.ends.is_empty();
            let mine: Vec<usize> = match (starts, mixed) {
                (true, true) => stub.starts.iter().chain(&stub.ends).copied().collect(),
                (false, true) => continue,
                (true, false) => stub.starts.clone(),
                (false, false) => stub.ends.clone(),
            };
            if mine.is_empty() || mine.iter().all(|&wire| told[wire]) && (mixed || mine.len() == 1) {
                continue;
            }
            let column = &places.columns[channel];
            let run = run(&channels[channel], (column.channel_start(), column.end() - 1), side, y);
            // The cell of the arrow head is not free.
            let run = match (starts, side) {
                (_, Side::Left) if !stub.ends.is_empty() => (run.0 + 1, run.1),
                (_, Side::Right) if !stub.ends.is_empty() => (run.0, run.1 - 1),
                // A line that goes straight on ends in an arrow head too.
                (true, Side::Left) if run.1 == column.end() - 1 => (run.0, run.1 - 1),
                (true, Side::Right) if run.0 == column.channel_start() => (run.0 + 1, run.1),
                _ => run,
            };
            if let Some((x, text)) = fit(&mine, wires, view, run) {
                if mine.len() == 1 || mixed {
                    for &wire in &mine {
                        told[wire] = true;
                    }
                }
                labels.push(Label { x, y, text, wires: mine });
            }
        }
    }
    for (index, wire) in wires.iter().enumerate().filter(|(_, wire)| wire.from == wire.to) {
        let (_, number) = number(std::iter::once(wire), view);
        if !number.is_empty()
            && let Some(&(x, y)) = wire.path.first()
            && places.columns[wire.from.0].channel > text::width(&number)
            && !order.contains(&(wire.from.0, Side::Left, y))
        {
            labels.push(Label { x: x + 1, y, text: number, wires: vec![index] });
        }
    }
    labels
}

/// The cells of a row from one side of a channel to the first line down, both ends included.
fn run(nets: &[Net], (first, last): (i32, i32), side: Side, y: i32) -> (i32, i32) {
    let across = nets
        .iter()
        .filter(|net| !net.is_straight())
        .filter(|net| {
            let (top, bottom) = net.span();
            top <= y && y <= bottom
        })
        .map(|net| net.x);
    match side {
        Side::Left => (first, across.min().map_or(last, |x| x - 1)),
        Side::Right => (across.max().map_or(first, |x| x + 1), last),
    }
}

/// How many connections wires stand for, as said with more and with less room: `9+3` where three of twelve are new, and
/// `12`; empty for a single old one.
fn number<'w>(wires: impl Iterator<Item = &'w Wire>, view: &View) -> (String, String) {
    let edges = wires.flat_map(|wire| &wire.edges).map(|&edge| &view.edges[edge]);
    let (total, new) = edges.fold((0, 0), |(total, new), edge| {
        // What opened and is over already is told as over.
        (total + edge.connections(), new + edge.new.min(edge.open))
    });
    let short = if total > 1 { text::count(total) } else { String::new() };
    let long = match (total - new.min(total), new) {
        (_, 0) => short.clone(),
        (0, _) => format!("+{}", text::count(new)),
        (old, _) => format!("{}+{}", text::count(old), text::count(new)),
    };
    (long, short)
}

/// The longest text about wires that fits into a run of cells with some of the line left to see, and where.
fn fit(mine: &[usize], wires: &[Wire], view: &View, (first, last): (i32, i32)) -> Option<(i32, String)> {
    let room = last - first + 1;
    let (number, short) = number(mine.iter().map(|&wire| &wires[wire]), view);
    let mut texts: Vec<(String, i32)> = Vec::new();
    if let [wire] = mine {
        let is_one = number.is_empty();
        match services(&wires[*wire], view) {
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
    let x = first + (room - text::width(&text)) / 2;
    Some((x, text))
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

fn services<'v>(wire: &Wire, view: &'v View) -> Services<'v> {
    let edges = || wire.edges.iter().map(|&edge| &view.edges[edge]);
    let mut services: Vec<&str> = edges().map(|edge| &*edge.service).collect();
    services.sort_unstable();
    services.dedup();
    let is_told = |service: &str| {
        edges().all(|edge| {
            view.nodes
                .get(edge.server)
                .is_some_and(|server| server.detail.split_whitespace().any(|port| port == service))
        })
    };
    match services.as_slice() {
        [] => Services::Told,
        [only] if is_told(only) => Services::Told,
        [only] => Services::One(only),
        [..] => Services::Several(services.len()),
    }
}
