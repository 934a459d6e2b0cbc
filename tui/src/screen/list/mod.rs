//! The list: a table of edges, or a tree of groups, nodes and edges. Only the rows in sight become text.

mod cells;
mod chooser;
mod fit;
mod tree;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::{clip, pad, width};
use crate::app::App;
use crate::graph::{cut_name, cut_ports};
use crate::list::{Column, Row, Shape};
use crate::theme::{Theme, dimmed, edge_mark};
use crate::view::ViewEdge;
use cells::Cells;
use fit::Place;

/// The cells between two columns.
const GAP: usize = 1;
/// The state's mark and a blank, before the first column.
const MARK: u16 = 3;

pub(super) fn render(buffer: &mut Buffer, area: Rect, app: &mut App, theme: &Theme) {
    app.list.prepare(&app.view, app.selection.as_ref());
    let rows = usize::from(area.height.saturating_sub(1));
    app.list.page = rows;
    let selected = app.selected_row();
    app.list.offset = offset(app.list.offset, selected, rows, app.list.len());

    let room = area.width.saturating_sub(MARK + 1).into();
    let places = match app.list.shape {
        Shape::Table => fit::table(app.list.columns(), app.list.widths(), room),
        Shape::Tree => fit::tree(app.list.columns(), app.list.widths(), room),
    };
    let app = &*app;
    head(buffer, area, app, theme, &places);
    // Where nothing is found, there is nothing to lead the eye to.
    let search = app.search.trim().to_lowercase();
    let search = if !search.is_empty() && app.view.has_match() { search.as_str() } else { "" };
    let cells = Cells::new(&app.view, &app.trends, search);
    for (place, y) in (area.y + 1..area.bottom()).enumerate() {
        let number = app.list.offset + place;
        let Some(row) = app.list.row(number) else { break };
        let line = Rect { y, height: 1, ..area };
        match (app.list.shape, row) {
            (Shape::Table, Row::Edge { edge, .. }) => {
                if let Some(edge) = app.view.edges.get(edge as usize) {
                    edge_row(buffer, line, &cells, edge, theme, &places);
                }
            }
            _ => tree::row(buffer, line, (app, row), &cells, theme, &places),
        }
        if selected == Some(number) {
            // One bar, whatever the cells looked like.
            buffer.set_style(line, Style::reset().patch(theme.selected));
        } else if cells.is_dim(row, app.list.headings()) {
            for x in line.left()..line.right() {
                let cell = &mut buffer[(x, y)];
                cell.set_style(dimmed(cell.style()));
            }
        }
    }
    if app.list.chooser.is_some() {
        chooser::render(buffer, area, app, theme);
    }
}

/// The names of the columns; the one that rows are sorted by has a mark.
fn head(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme, places: &[Place]) {
    let sort = app.list.sort();
    for place in places {
        let mut name = match (app.list.shape, place.column) {
            (Shape::Tree, Column::Client) => String::from("who"),
            (_, Column::Server) => format!("  {}", place.column.heading()),
            (_, column) => column.heading().to_owned(),
        };
        let is_sorted = sort.column == place.column;
        if is_sorted {
            name.push(if sort.ascends() { '▲' } else { '▼' });
        }
        let style = if is_sorted { theme.strong } else { theme.dim };
        let text = pad(&name, place.width, place.column.is_number());
        buffer.set_stringn(area.x + MARK + place.x, area.y, text, place.width, style);
    }
}

fn edge_row(
    buffer: &mut Buffer,
    line: Rect,
    cells: &Cells<'_>,
    edge: &ViewEdge,
    theme: &Theme,
    places: &[Place],
) {
    let style = theme.edge(edge.state);
    buffer.set_string(line.x + 1, line.y, edge_mark(edge.state), style);
    for place in places {
        let style = cell_style(cells, edge, place.column, style, theme);
        let text = cells.edge(edge, place.column, place.width);
        write(buffer, line, place, &text, style);
    }
}

/// The look of a cell of an edge's row.
fn cell_style(cells: &Cells<'_>, edge: &ViewEdge, column: Column, style: Style, theme: &Theme) -> Style {
    match column {
        Column::Client if cells.is_found(edge.client) => style.patch(theme.found),
        Column::Server if cells.is_found(edge.server) => style.patch(theme.found),
        Column::Service if cells.is_service_found(edge) => style.patch(theme.found),
        Column::ClientIn | Column::ServerIn if edge.open > 0 => style.patch(theme.dim),
        _ => style,
    }
}

/// Writes a text into its column. What stays blank has no look.
fn write(buffer: &mut Buffer, line: Rect, place: &Place, text: &str, style: Style) {
    let text = match place.column {
        Column::Client | Column::Server => cut_name(text, place.width),
        Column::Service => cut_ports(text, place.width),
        _ => clip(text, place.width),
    };
    let before = if place.column.is_number() { place.width - width(&text) } else { 0 };
    let x = line.x + MARK + place.x + before as u16;
    buffer.set_stringn(x, line.y, text, place.width - before, style);
}

/// The first row in sight: moved no more than needed to keep the selected row in sight, and the rows to the end.
fn offset(before: usize, selected: Option<usize>, rows: usize, count: usize) -> usize {
    let mut offset = before;
    if let Some(row) = selected {
        offset = offset.min(row).max((row + 1).saturating_sub(rows));
    }
    offset.min(count.saturating_sub(rows))
}

#[cfg(test)]
mod tests;
