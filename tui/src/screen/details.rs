//! The details of what is selected: facts, then a table of what it consists of.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, BorderType, Widget};

use super::text::{Need, clip, columns, pad, width};
use crate::app::App;
use crate::theme::{Theme, edge_mark};
use crate::view::{Details, Table};

/// The cells between two columns.
const GAP: usize = 2;

/// How many lines the panel would like to have.
pub(super) fn height(app: &App) -> u16 {
    let lines = app.details.as_ref().map_or(0, |details| {
        let table = if details.table.rows.is_empty() { 0 } else { details.table.rows.len() + 1 };
        details.facts.len() + table + usize::from(details.table.more > 0)
    });
    u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2)
}

pub(super) fn render(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let block = Block::bordered().border_type(BorderType::Rounded).border_style(theme.border_active);
    let inner = block.inner(area);
    block.render(area, buffer);
    let title = |text: &str| format!(" {} ", clip(text, usize::from(area.width).saturating_sub(6)));
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
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let y = facts(buffer, inner, details, theme);
    let rest = Rect { y, height: inner.bottom().saturating_sub(y), ..inner };
    table(buffer, rest, &details.table, theme);
    if app.details_gone {
        buffer.set_style(inner, theme.closed);
    }
}

fn facts(buffer: &mut Buffer, area: Rect, details: &Details, theme: &Theme) -> u16 {
    let names = details.facts.iter().map(|fact| width(fact.name)).max().unwrap_or(0) as u16 + 2;
    let mut y = area.y;
    for fact in details.facts.iter().take(area.height.into()) {
        buffer.set_stringn(area.x, y, fact.name, names.into(), theme.dim);
        let room = usize::from(area.width.saturating_sub(names));
        buffer.set_string(area.x + names, y, clip(&fact.value, room), theme.text);
        y += 1;
    }
    y
}

fn table(buffer: &mut Buffer, area: Rect, table: &Table, theme: &Theme) {
    if area.height < 2 || table.rows.is_empty() {
        return;
    }
    let mut lines = usize::from(area.height) - 1;
    let all = table.rows.len() + table.more;
    if all > lines {
        lines -= 1;
        let more = format!("… and {} more", all - lines.min(table.rows.len()));
        buffer.set_stringn(area.x + 2, area.bottom() - 1, more, area.width.into(), theme.dim);
    }
    let widest = |place: usize| {
        let cells = table
            .rows
            .iter()
            .filter_map(|row| row.cells.get(place))
            .map(|cell| width(cell))
            .max()
            .unwrap_or(0);
        // A column that says nothing is not shown.
        if cells == 0 { 0 } else { cells.max(width(table.columns[place].name)) }
    };
    let needs: Vec<Need> = (0..table.columns.len())
        .map(|place| {
            let want = widest(place);
            Need { want, least: want, rank: table.columns[place].rank }
        })
        .collect();
    let widths = columns(&needs, GAP, usize::from(area.width).saturating_sub(2));
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
    let room = usize::from(area.width).saturating_sub(2);
    let head = line(&mut table.columns.iter().map(|column| column.name));
    buffer.set_stringn(area.x + 2, area.y, head, room, theme.dim);
    for (row, y) in table.rows.iter().take(lines).zip(area.y + 1..) {
        let style = theme.edge(row.state);
        buffer.set_string(area.x, y, edge_mark(row.state), style);
        buffer.set_stringn(area.x + 2, y, line(&mut row.cells.iter().map(String::as_str)), room, style);
    }
}
