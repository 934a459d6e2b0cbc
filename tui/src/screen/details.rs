//! The details of what is selected: facts, then a table of what it consists of.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Widget};

use super::text::{Need, clip, columns, pad, width, wrap};
use crate::app::App;
use crate::theme::{Theme, edge_mark};
use crate::view::{Details, Fact, Table};

/// The cells between two columns.
const GAP: usize = 2;
/// The cells at the sides that are the frame's.
const FRAME: u16 = 4;
/// The lines that one fact takes at most: some command lines fill pages.
const FACT_LINES: usize = 8;

/// How many lines the panel would like to have on a screen of a width.
pub(super) fn height(app: &App, width: u16) -> u16 {
    // Looks do not count here.
    let cells = usize::from(width.saturating_sub(FRAME));
    let lines = app.details.as_ref().map_or(0, |details| lines(details, cells, &Theme::plain()).len());
    u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2)
}

pub(super) fn render(buffer: &mut Buffer, area: Rect, app: &mut App, theme: &Theme) {
    let block = Block::bordered().border_type(BorderType::Rounded).border_style(theme.border_active);
    let inner = block.inner(area);
    block.render(area, buffer);
    let title = |text: &str| format!(" {} ", clip(text, usize::from(area.width).saturating_sub(18)));
    let Some(details) = &app.details else {
        buffer.set_string(area.x + 2, area.y, title("details"), theme.strong);
        let nothing =
            if app.selection.is_none() { "nothing is selected" } else { "it is not in the picture" };
        buffer.set_stringn(inner.x + 1, inner.y, nothing, inner.width.into(), theme.dim);
        return;
    };
    if app.details_gone {
        buffer.set_string(area.x + 2, area.y, title(&format!("{}  gone", details.title)), theme.closed);
    } else {
        buffer.set_string(area.x + 2, area.y, title(&details.title), theme.strong);
    }
    let inner = Rect { x: inner.x + 1, width: area.width.saturating_sub(FRAME), ..inner };
    let lines = lines(details, inner.width.into(), theme);
    let seen = usize::from(inner.height);
    app.details_lines = (lines.len(), seen);
    app.details_offset = app.details_offset.min(lines.len().saturating_sub(seen));
    for (line, y) in lines.iter().skip(app.details_offset).zip(inner.top()..inner.bottom()) {
        buffer.set_line(inner.x, y, line, inner.width);
    }
    if app.details_gone {
        buffer.set_style(inner, theme.closed);
    }
    let below = lines.len().saturating_sub(app.details_offset + seen);
    let hidden = [(app.details_offset, "▲", "PgUp", area.y), (below, "▼", "PgDn", area.bottom() - 1)];
    for (lines, arrow, key, y) in hidden {
        if lines > 0 {
            let note = format!(" {arrow} {lines} {key} ");
            let x = area.right().saturating_sub(width(&note) as u16 + 2).max(area.x);
            buffer.set_stringn(x, y, note, area.width.into(), theme.warning);
        }
    }
}

/// All lines of the details, in so many cells.
fn lines(details: &Details, cells: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = facts(&details.facts, cells, theme);
    for part in &details.tables {
        table(&mut lines, part, cells, theme);
    }
    lines
}

fn facts(facts: &[Fact], cells: usize, theme: &Theme) -> Vec<Line<'static>> {
    let names = facts.iter().map(|fact| width(fact.name)).max().unwrap_or(0) + 2;
    let mut lines = Vec::new();
    for fact in facts {
        let mut values = wrap(&fact.value, cells.saturating_sub(names).max(1));
        if values.len() > FACT_LINES {
            values.truncate(FACT_LINES);
            if let Some(last) = values.last_mut() {
                // Longer than the line, so that it is clipped.
                *last = clip(&format!("{last}{}", " ".repeat(cells)), cells.saturating_sub(names));
            }
        }
        for (number, value) in values.into_iter().enumerate() {
            let name = if number == 0 { fact.name } else { "" };
            lines.push(Line::from(vec![
                Span::styled(pad(name, names, false), theme.dim),
                Span::styled(value, theme.text),
            ]));
        }
    }
    lines
}

fn table(lines: &mut Vec<Line<'static>>, table: &Table, cells: usize, theme: &Theme) {
    if table.rows.is_empty() {
        return;
    }
    let widest = |place: usize| {
        let texts = table.rows.iter().filter_map(|row| row.cells.get(place));
        let cells = texts.map(|cell| width(cell)).max().unwrap_or(0);
        // A column that says nothing is not shown.
        if cells == 0 { 0 } else { cells.max(width(table.columns[place].name)) }
    };
    let needs: Vec<Need> = (0..table.columns.len())
        .map(|place| {
            let want = widest(place);
            Need { want, least: want, rank: table.columns[place].rank }
        })
        .collect();
    let widths = columns(&needs, GAP, cells.saturating_sub(2));
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for ((column, width), cell) in table.columns.iter().zip(&widths).zip(cells) {
            if let Some(width) = width {
                line += &pad(cell, *width, column.number);
                line += &" ".repeat(GAP);
            }
        }
        line
    };
    let head = line(&mut table.columns.iter().map(|column| column.name));
    lines.push(Line::styled(format!("  {head}"), theme.dim));
    for row in &table.rows {
        let text = line(&mut row.cells.iter().map(String::as_str));
        lines.push(Line::styled(format!("{} {text}", edge_mark(row.state)), theme.edge(row.state)));
    }
    if table.more > 0 {
        lines.push(Line::styled(format!("  … and {} more", table.more), theme.dim));
    }
}
