//! The list: a table of edges, each where it was, the selected one kept in sight.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{Need, columns, pad, width};
use crate::app::App;
use crate::human;
use crate::theme::{Theme, edge_mark};
use crate::view::{GroupKey, View, ViewEdge, ViewNode, flow, state_word};

/// The cells between two columns.
const GAP: usize = 1;
/// The state's mark and a blank, before the first column.
const MARK: u16 = 3;

/// How an edge fills a column.
type Fill = for<'a> fn(&'a View, &'a ViewEdge) -> Cow<'a, str>;

/// A column: its name, how much it matters, how an edge fills it.
struct Column {
    name: &'static str,
    rank: u8,
    number: bool,
    /// Its width; 0 for one that takes what its texts need.
    cells: usize,
    text: Fill,
}

const fn number(name: &'static str, rank: u8, cells: usize, text: Fill) -> Column {
    Column { name, rank, number: true, cells, text }
}

const fn words(name: &'static str, rank: u8, cells: usize, text: Fill) -> Column {
    Column { name, rank, number: false, cells, text }
}

/// Names are of no use below this many cells.
const LEAST_NAME: usize = 16;

static COLUMNS: &[Column] = &[
    words("client", 0, 0, |view, edge| name(view.nodes.get(edge.client))),
    words("in", 9, 0, |view, edge| place(view.nodes.get(edge.client))),
    words("", 0, 1, |_, edge| Cow::Borrowed(if edge.directed { "→" } else { "↔" })),
    words("server", 0, 0, |view, edge| name(view.nodes.get(edge.server))),
    words("in", 8, 0, |view, edge| place(view.nodes.get(edge.server))),
    words("service", 1, 0, |_, edge| Cow::Borrowed(&edge.service)),
    number("conns", 2, 5, |_, edge| human::count(edge.connections()).into()),
    words("state", 3, 10, |_, edge| state_word(edge).into()),
    number("rate →", 4, 7, |_, edge| flow(edge, edge.rate.to_server).into()),
    number("← rate", 5, 7, |_, edge| flow(edge, edge.rate.to_client).into()),
    number("rtt", 7, 6, |_, edge| edge.rtt_us.map_or(Cow::Borrowed("–"), |rtt| human::micros(rtt).into())),
    number("age", 6, 6, |view, edge| match (edge.since, &view.host) {
        (Some(since), Some(host)) => human::age(host.at.since(since)).into(),
        _ => Cow::Borrowed("–"),
    }),
];

fn name(node: Option<&ViewNode>) -> Cow<'_, str> {
    Cow::Borrowed(node.map_or("", |node| &node.label))
}

/// Where a node stands, if that is worth telling.
fn place(node: Option<&ViewNode>) -> Cow<'_, str> {
    match node {
        Some(node)
            if !matches!(
                node.group,
                GroupKey::Internet | GroupKey::Network | GroupKey::Own | GroupKey::Host(_) | GroupKey::Top(_)
            ) =>
        {
            // The image is told in the details.
            Cow::Borrowed(node.group_label.split("  ").next().unwrap_or_default())
        }
        _ => Cow::Borrowed(""),
    }
}

pub(super) fn render(buffer: &mut Buffer, area: Rect, app: &mut App, theme: &Theme) {
    let room = area.width.saturating_sub(MARK + 1).into();
    let needs: Vec<Need> = COLUMNS.iter().map(|column| need(column, &app.view)).collect();
    let widths = columns(&needs, GAP, room);

    let rows = usize::from(area.height.saturating_sub(1));
    app.page = rows;
    app.list_offset = offset(app.list_offset, app.selected_row(), rows, app.view.edges.len());

    let mut head = String::new();
    for (column, width) in COLUMNS.iter().zip(&widths) {
        if let Some(width) = width {
            head += &pad(column.name, *width, column.number);
            head += &" ".repeat(GAP);
        }
    }
    buffer.set_stringn(area.x + MARK, area.y, head, room + 1, theme.dim);

    let selected = app.selected_row();
    let shown = app.view.edges.iter().enumerate().skip(app.list_offset).take(rows);
    for ((row, edge), y) in shown.zip(area.y + 1..) {
        let style = theme.edge(edge.state);
        let mut x = area.x + 1;
        buffer.set_string(x, y, edge_mark(edge.state), style);
        x += MARK - 1;
        for (column, width) in COLUMNS.iter().zip(&widths) {
            let Some(width) = width else { continue };
            let text = pad(&(column.text)(&app.view, edge), *width, column.number);
            let end = if column.name == "client" { Some(edge.client) } else { None }
                .or(if column.name == "server" { Some(edge.server) } else { None })
                .and_then(|place| app.view.nodes.get(place));
            let style = match end {
                Some(node) if node.matched_by_search => style.patch(theme.found),
                _ if column.name == "in" && edge.open > 0 => style.patch(theme.dim),
                _ => style,
            };
            (x, _) = buffer.set_stringn(x, y, text, *width, style);
            x += GAP as u16;
        }
        if selected == Some(row) {
            buffer.set_style(Rect { y, height: 1, ..area }, theme.selected);
        }
    }
}

fn need(column: &Column, view: &View) -> Need {
    if column.cells > 0 {
        return Need { want: column.cells, least: column.cells, rank: column.rank };
    }
    let widest = view.edges.iter().map(|edge| width(&(column.text)(view, edge))).max().unwrap_or(0);
    let want = if widest == 0 { 0 } else { widest.max(width(column.name)) };
    // Only names can be cut.
    let least = if matches!(column.name, "client" | "server") { LEAST_NAME } else { want };
    Need { want, least, rank: column.rank }
}

/// The first row in sight: moved no more than needed to keep the selected row in sight, and the rows to the end.
fn offset(before: usize, selected: Option<usize>, rows: usize, edges: usize) -> usize {
    let mut offset = before;
    if let Some(row) = selected {
        offset = offset.min(row).max((row + 1).saturating_sub(rows));
    }
    offset.min(edges.saturating_sub(rows))
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
