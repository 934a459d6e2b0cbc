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
    for wire in wires.iter().enumerate().filter(|(_, wire)| wire.from == wire.to) {
        let (index, wire) = wire;
        let total = total(&[index], std::slice::from_ref(wire), view, true);
        if total > 1
            && let Some(&(x, y)) = wire.path.first()
            && places.columns[wire.from.0].channel > 4
            && !order.contains(&(wire.from.0, Side::Left, y))
        {
            labels.push(Label { x: x + 1, y, text: text::count(total), wires: vec![index] });
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

/// How many connections wires stand for. `alone`: the slice holds the one wire itself.
fn total(mine: &[usize], wires: &[Wire], view: &View, alone: bool) -> usize {
    mine.iter()
        .flat_map(|&wire| &wires[if alone { 0 } else { wire }].edges)
        .map(|&edge| view.edges[edge].connections())
        .sum()
}

/// The longest text about wires that fits into a run of cells with some of the line left to see, and where.
fn fit(mine: &[usize], wires: &[Wire], view: &View, (first, last): (i32, i32)) -> Option<(i32, String)> {
    let room = last - first + 1;
    let total = total(mine, wires, view, false);
    let number = if total > 1 { text::count(total) } else { String::new() };
    let mut texts: Vec<(String, i32)> = Vec::new();
    if let [wire] = mine {
        let service = service(&wires[*wire], view);
        match (number.is_empty(), service.is_empty()) {
            (false, false) => texts.push((format!(" {number} {service} "), 4)),
            (true, false) => texts.push((format!(" {service} "), 4)),
            (_, true) => {}
        }
    }
    if !number.is_empty() {
        texts.push((format!(" {number} "), 2));
        texts.push((number, 1));
    }
    let (text, _) = texts.into_iter().find(|(text, line)| text::width(text) + line <= room)?;
    let x = first + (room - text::width(&text)) / 2;
    Some((x, text))
}

/// The services of a wire that its server does not tell by itself.
fn service(wire: &Wire, view: &View) -> String {
    let mut services: Vec<&str> =
        wire.edges
            .iter()
            .map(|&edge| &view.edges[edge])
            .filter(|edge| {
                let told = view.nodes.get(edge.server).is_some_and(|server| {
                    server.detail.split_whitespace().any(|port| *port == *edge.service)
                });
                !told
            })
            .map(|edge| &*edge.service)
            .collect();
    services.sort_unstable();
    services.dedup();
    match services.as_slice() {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first, rest @ ..] => format!("{first} +{}", rest.len()),
    }
}
