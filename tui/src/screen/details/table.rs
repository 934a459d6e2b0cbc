//! A table: its columns as wide as their texts, the least important ones left out where there is no room.

use ratatui::text::Line;

use super::super::text::{Need, columns, pad, width};
use crate::theme::{Theme, edge_mark};
use crate::view::Table;

/// The cells between two columns.
const GAP: usize = 2;
/// The cells in front of a row, where its state's mark is.
const MARK: usize = 2;

pub(super) fn lines(lines: &mut Vec<Line<'static>>, table: &Table, cells: usize, theme: &Theme) {
    let room = cells.saturating_sub(MARK);
    let needs: Vec<Need> = (0..table.columns.len()).map(|place| need(table, place, room)).collect();
    let widths = columns(&needs, GAP, room);
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for ((column, width), cell) in table.columns.iter().zip(&widths).zip(cells) {
            if let Some(width) = width {
                line += &pad(cell, *width, column.number);
                line += &" ".repeat(GAP);
            }
        }
        line.truncate(line.trim_end().len());
        line
    };
    let head = line(&mut table.columns.iter().map(|column| column.name));
    lines.push(Line::styled(format!("  {head}"), theme.dim));
    for row in &table.rows {
        let text = line(&mut row.cells.iter().map(String::as_str));
        let (mark, style) =
            row.state.map_or((" ", theme.text), |state| (edge_mark(state), theme.edge(state)));
        lines.push(Line::styled(format!("{mark} {text}"), style));
    }
    if table.more > 0 {
        lines.push(Line::styled(format!("  … and {} more", table.more), theme.dim));
    }
}

fn need(table: &Table, place: usize, room: usize) -> Need {
    let column = &table.columns[place];
    let texts = table.rows.iter().filter_map(|row| row.cells.get(place));
    let cells = texts.map(|cell| width(cell)).max().unwrap_or(0);
    // A column that says nothing is not shown.
    let want = if cells == 0 { 0 } else { cells.max(width(column.name)) };
    Need { want, least: want.min(column.least).min(room), rank: column.rank }
}
