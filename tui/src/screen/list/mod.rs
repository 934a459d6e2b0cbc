//! The list: a table of edges, or a tree of groups, nodes and edges. Only the rows in sight become text.

mod cells;
mod chooser;
mod fit;
mod tree;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::pad;
use crate::app::App;
use crate::list::{Column, Row, Shape};
use crate::theme::{Theme, edge_mark};
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
    let cells = Cells::new(&app.view, &app.trends);
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
            _ => tree::row(buffer, line, app, &cells, row, theme, &places),
        }
        if selected == Some(number) {
            buffer.set_style(line, theme.selected);
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
        Column::ClientIn | Column::ServerIn if edge.open > 0 => style.patch(theme.dim),
        _ => style,
    }
}

/// Writes a text into its column.
fn write(buffer: &mut Buffer, line: Rect, place: &Place, text: &str, style: Style) {
    let text = pad(text, place.width, place.column.is_number());
    buffer.set_stringn(line.x + MARK + place.x, line.y, text, place.width, style);
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
mod tests {
    use super::offset;

    #[test]
    fn scrolls_no_more_than_needed() {
        assert_eq!(offset(0, Some(3), 10, 100), 0);
        assert_eq!(offset(0, Some(10), 10, 100), 1);
        assert_eq!(offset(50, Some(55), 10, 100), 50);
        assert_eq!(offset(50, Some(20), 10, 100), 20);
        assert_eq!(offset(95, None, 10, 100), 90);
        assert_eq!(offset(5, Some(2), 10, 3), 0);
        assert_eq!(offset(5, Some(2), 0, 3), 3);
    }
}
