//! The rows of the tree.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::cells::Cells;
use super::fit::Place;
use super::{MARK, write};
use crate::app::App;
use crate::list::{Column, Row, place as place_of};
use crate::theme::{Theme, edge_mark};
use crate::view::ViewEdge;

pub(super) fn row(
    buffer: &mut Buffer,
    line: Rect,
    (app, row): (&App, Row),
    cells: &Cells<'_>,
    theme: &Theme,
    places: &[Place],
) {
    match row {
        Row::Group(group) => {
            let Some(heading) = app.list.headings().get(group as usize) else { return };
            let mut style = theme.group(&heading.label).patch(theme.strong);
            if cells.is_heading_found(heading) {
                style = style.patch(theme.found);
            }
            let x = line.x + 1;
            let room = usize::from(line.width.saturating_sub(2));
            let (x, _) = buffer.set_stringn(x, line.y, &*heading.label, room, style);
            let room = usize::from(line.right().saturating_sub(x));
            let netns = heading.netns.as_ref().map(|netns| format!("  netns {netns}")).unwrap_or_default();
            let nodes = if heading.nodes == 1 { "node" } else { "nodes" };
            buffer.set_stringn(x, line.y, format!("{netns}  {} {nodes}", heading.nodes), room, theme.dim);
        }
        Row::Node(node) => {
            let Some(node) = app.view.nodes.get(node as usize) else { return };
            let mut style = theme.node(node.state);
            for place in places.iter().filter(|place| place.column != Column::Client) {
                write(buffer, line, place, &cells.node(node, place.column, place.width), style);
            }
            let fold = match (app.list.is_folded(&node.key), node.connections) {
                (_, 0) => ' ',
                (true, _) => '▸',
                (false, _) => '▾',
            };
            if node.matched_by_search {
                style = style.patch(theme.found);
            }
            name(buffer, line, places, &format!("{fold} {}", node.label), style);
        }
        Row::Edge { edge, under } => {
            let Some(edge) = app.view.edges.get(edge as usize) else { return };
            let style = theme.edge(edge.state);
            for place in places.iter().filter(|place| place.column != Column::Client) {
                let style = match place.column {
                    Column::Service if cells.is_service_found(edge) => style.patch(theme.found),
                    _ => style,
                };
                write(buffer, line, place, &cells.edge(edge, place.column, place.width), style);
            }
            let (arrow, peer) = peer(edge, under as usize);
            let peer = app.view.nodes.get(peer);
            let is_found = peer.is_some_and(|peer| peer.matched_by_search);
            let mut text = format!("    {} {arrow} ", edge_mark(edge.state));
            match (arrow, peer) {
                ('↺', _) => text.push_str("itself"),
                (_, Some(peer)) => {
                    text.push_str(&peer.label);
                    let place = place_of(peer);
                    if !place.is_empty() {
                        text.push_str("  in ");
                        text.push_str(place);
                    }
                }
                (_, None) => {}
            }
            name(buffer, line, places, &text, if is_found { style.patch(theme.found) } else { style });
        }
    }
}

/// Which way an edge leads from one of its ends, and to whom.
fn peer(edge: &ViewEdge, under: usize) -> (char, usize) {
    match (edge.client == under, edge.server == under) {
        (true, true) => ('↺', under),
        (true, false) if edge.directed => ('→', edge.server),
        (true, false) => ('↔', edge.server),
        (false, _) if edge.directed => ('←', edge.client),
        (false, _) => ('↔', edge.client),
    }
}

/// Writes what a row is called into the first column, which begins at the line's own beginning.
fn name(buffer: &mut Buffer, line: Rect, places: &[Place], text: &str, style: ratatui::style::Style) {
    let Some(who) = places.iter().find(|place| place.column == Column::Client) else { return };
    let width = who.width + usize::from(MARK) - 1;
    let text = super::super::text::clip(text, width);
    buffer.set_stringn(line.x + 1, line.y, text, width, style);
}
