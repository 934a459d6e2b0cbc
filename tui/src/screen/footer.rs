//! The last line: the keys that matter now, and at its end where one is in the graph or the list.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::hits::{Hit, Hits};
use super::tabs::total;
use super::text::{Piece, clip, width};
use crate::app::{App, Mode};
use crate::graph::Zoom;
use crate::human;
use crate::input::{Binding, Entry, Scope};
use crate::theme::Theme;

/// A key with its word.
struct Told<'a> {
    keys: &'a str,
    entry: Entry,
    binding: &'static Binding,
}

impl Told<'_> {
    fn width(&self) -> usize {
        width(self.keys) + 1 + width(self.entry.what)
    }
}

/// `covered` says that neither the graph nor the list is on the screen.
pub(super) fn render(
    buffer: &mut Buffer,
    area: Rect,
    (app, covered): (&App, bool),
    theme: &Theme,
    hits: &mut Hits,
) {
    let cells = usize::from(area.width);
    if let Some(message) = &app.message {
        let style = if message.good { theme.good } else { theme.error };
        buffer.set_string(area.x + 1, area.y, clip(&message.text, cells.saturating_sub(2)), style);
        return;
    }
    let mut keys = keys(app, covered, theme);
    let all: usize = keys.iter().map(|key| key.width() + 2).sum();
    let position = if covered {
        Vec::new()
    } else {
        let long = position(app, true, theme);
        if total(&long) + 1 + all <= cells { long } else { position(app, false, theme) }
    };
    let room = cells.saturating_sub(total(&position) + 1);
    // A key and its word stay or go together.
    while keys.iter().map(|key| key.width() + 2).sum::<usize>() > room {
        let Some(worst) = (0..keys.len()).max_by_key(|&place| keys[place].entry.rank) else { break };
        keys.remove(worst);
    }
    let mut x = area.x + 1;
    for Told { keys, entry, binding } in keys {
        let start = x;
        (x, _) = buffer.set_stringn(x, area.y, keys, cells, theme.key);
        (x, _) = buffer.set_stringn(x + 1, area.y, entry.what, cells, theme.text);
        // An entry for several things says none of them.
        if let [(_, action), others @ ..] = binding.keys
            && others.iter().all(|(_, other)| other == action)
        {
            hits.spot(Rect { x: start, width: x - start, ..area }, Hit::Action(*action));
        }
        x += 2;
    }
    write_end(buffer, area, &position);
}

/// The keys that do something here.
fn keys<'a>(app: &'a App, covered: bool, theme: &Theme) -> Vec<Told<'a>> {
    let rows = app.keymap.rows().iter().filter(|row| row.binding.scope == app.scope());
    rows.filter_map(|row| {
        let (keys, ascii) = row.footer.as_ref()?;
        // A glyph's stand-in would say nothing.
        let keys = if theme.finish.ascii { ascii } else { keys };
        let footer = row.binding.footer.as_ref()?;
        let entry = match app.mode {
            _ if covered => footer.in_details,
            Mode::Graph => footer.in_graph,
            Mode::List => footer.in_list,
        };
        Some(Told { keys, entry: entry?, binding: row.binding })
    })
    .collect()
}

fn write_end(buffer: &mut Buffer, area: Rect, pieces: &[Piece]) {
    let mut x = area.right().saturating_sub(total(pieces) as u16);
    for piece in pieces {
        (x, _) = buffer.set_stringn(x, area.y, &piece.text, usize::from(area.right() - x), piece.style);
    }
}

/// Where one is: in the list `23/812`; in the graph the zoom, and how many nodes are beyond each side of the panel.
fn position(app: &App, in_words: bool, theme: &Theme) -> Vec<Piece> {
    let quiet = |text: String| Piece::new(text, theme.dim, 0);
    match (app.mode, app.selected_row()) {
        (Mode::List, Some(row)) => vec![quiet(format!("{}/{} ", row + 1, app.list.len()))],
        (Mode::List, None) => vec![quiet(format!("{} edges ", app.view.edges.len()))],
        // Who types or chooses does not look about.
        (Mode::Graph, _) if app.scope() != Scope::Screen => Vec::new(),
        (Mode::Graph, _) => {
            let zoom = match app.graph.zoom() {
                Zoom::Groups => "groups",
                Zoom::Nodes => "nodes",
                Zoom::Detail => "detail",
            };
            let zoom = if app.graph.overview() { format!("overview of {zoom} ") } else { format!("{zoom} ") };
            let mut pieces: Vec<Piece> = beyond(app, in_words)
                .into_iter()
                .map(|text| Piece::new(format!("{text} "), theme.warning, 0))
                .collect();
            if !pieces.is_empty() {
                pieces.push(quiet(String::from(" ")));
            }
            pieces.push(quiet(zoom));
            pieces
        }
    }
}

/// `▼ 12 below`, or shorter `▼12`, for each side of the panel beyond which there are nodes.
fn beyond(app: &App, in_words: bool) -> Vec<String> {
    let beyond = app.graph.beyond();
    let sides = [
        (beyond.left, '◀', "left"),
        (beyond.above, '▲', "above"),
        (beyond.below, '▼', "below"),
        (beyond.right, '▶', "right"),
    ];
    let some = sides.into_iter().filter(|(count, ..)| *count > 0);
    some.map(|(count, arrow, side)| {
        let count = human::count(count);
        if in_words { format!("{arrow} {count} {side}") } else { format!("{arrow}{count}") }
    })
    .collect()
}

#[cfg(test)]
mod tests;
