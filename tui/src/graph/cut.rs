//! Who is at the end of a line that is out of sight: told where the line leaves the panel.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;

use super::focus::Focus;
use super::lines::{Light, Window, lit};
use super::place::rows;
use super::route::Routes;
use super::text;
use crate::theme::Theme;
use crate::view::{View, ViewEdge};

/// The fewest and the most cells of a name.
const SHORTEST: i32 = 8;
const LONGEST: i32 = 20;
/// The cells of the line that are still seen beside it.
const LINE: i32 = 3;
/// What a line is drawn with where it runs straight.
const STRAIGHT: [&str; 4] = ["─", "┄", "━", "═"];

/// Those at the end of the lines that leave the panel in one place.
#[derive(Default)]
struct Far {
    /// One of them.
    node: usize,
    /// How many lines.
    count: usize,
    light: Light,
}

/// Writes names on the lines that are cut at the left or right side of the window, as far as there is room.
pub(super) fn draw(
    buffer: &mut Buffer,
    window: Window,
    (routes, view): (&Routes, &View),
    focus: &Focus,
    theme: &Theme,
) {
    let (left, top, right, bottom) = window.bounds();
    let mut cut: BTreeMap<(bool, i32), Far> = BTreeMap::new();
    for (index, wire) in routes.wires.iter().enumerate().filter(|(_, wire)| wire.touches(window.bounds())) {
        let path = routes.path(wire);
        let (Some(start), Some(end)) = (path.first(), path.last()) else { continue };
        for (at_left, x) in [(true, left), (false, right - 1)] {
            let is_beyond = |x: i32| if at_left { x < left } else { x >= right };
            let far: fn(&ViewEdge) -> usize = match (is_beyond(start.0), is_beyond(end.0)) {
                (true, false) => |edge: &ViewEdge| edge.client,
                (false, true) => |edge: &ViewEdge| edge.server,
                _ => continue,
            };
            let crosses =
                |pair: &&[(i32, i32)]| pair[0].1 == pair[1].1 && is_beyond(pair[0].0) != is_beyond(pair[1].0);
            let Some(row) = path.windows(2).find(crosses).map(|pair| pair[0].1) else { continue };
            let Some(edge) = routes.bundles.edges(index).next().and_then(|edge| view.edges.get(edge)) else {
                continue;
            };
            if (top..bottom).contains(&row) && window.on_screen(x, row).is_some() {
                let told = cut.entry((at_left, row)).or_default();
                told.node = far(edge);
                told.count += 1;
                told.light = told.light.max(focus.wire(index));
            }
        }
    }
    for ((at_left, row), far) in cut {
        let Some(node) = view.nodes.get(far.node) else { continue };
        let more = if far.count > 1 { format!(" +{}", text::count(far.count - 1)) } else { String::new() };
        let is_line = |x: &i32| {
            let cell = window.on_screen(*x, row).and_then(|at| buffer.cell(at));
            cell.is_some_and(|cell| STRAIGHT.contains(&cell.symbol()))
        };
        let run = if at_left {
            (left..right).take_while(is_line).count()
        } else {
            (left..right).rev().take_while(is_line).count()
        };
        let room = rows(run) - LINE - 2 - text::width(&more);
        if room < SHORTEST {
            continue;
        }
        let name = text::cut_middle(&node.label, room.min(LONGEST));
        let told = if at_left { format!("…{name}{more} ") } else { format!(" {name}{more}…") };
        let first = if at_left { left } else { right - text::width(&told) };
        if let Some(at) = window.on_screen(first, row) {
            buffer.set_string(at.0, at.1, told, lit(theme.text, far.light));
        }
    }
}
