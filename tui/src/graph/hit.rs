//! What of the picture is where on the screen, for the mouse.

use ratatui::layout::Rect;

use super::lines::Window;
use super::place::{Place, Places};
use super::route::Routes;
use crate::view::{Selection, View};

/// Every line and every row in sight, with what it stands for; what is told later lies above what is told before.
pub(super) fn hits(
    view: &View,
    window: Window,
    (places, at): (&Places, &[Option<Place>]),
    routes: &Routes,
    tall: i32,
) -> Vec<(Rect, Selection)> {
    let mut hits = Vec::new();
    for wire in &routes.wires {
        // Of several edges in one line the first: the keys lead to the others.
        let key = || wire.edges.first().and_then(|&edge| view.edge_key(view.edges.get(edge)?));
        let ends = wire.path.iter().zip(wire.path.iter().skip(1));
        let alone = wire.path.first().filter(|_| wire.path.len() == 1).map(|cell| (cell, cell));
        let seen = ends.chain(alone).filter_map(|(from, to)| {
            let (left, right) = (from.0.min(to.0), from.0.max(to.0));
            let (top, bottom) = (from.1.min(to.1), from.1.max(to.1));
            on_screen(window, (left, top), (right - left + 1, bottom - top + 1))
        });
        let seen: Vec<Rect> = seen.collect();
        if let Some(key) = (!seen.is_empty()).then(key).flatten() {
            hits.extend(seen.into_iter().map(|area| (area, Selection::Edge(key.clone()))));
        }
    }
    // What many nodes share is the first one's.
    for (node, place) in view.nodes.iter().zip(at).rev() {
        let Some(place) = place else { continue };
        let column = &places.columns[place.column];
        let rows = if place.own { tall } else { 1 };
        if let Some(area) = on_screen(window, (column.x, place.y), (column.width, rows)) {
            hits.push((area, Selection::Node(node.key.clone())));
        }
    }
    hits
}

/// The part of an area of the plane that is on the screen.
fn on_screen(window: Window, (x, y): (i32, i32), (width, height): (i32, i32)) -> Option<Rect> {
    let (left, top, right, bottom) = window.bounds();
    let (from, to) = ((x.max(left), y.max(top)), ((x + width).min(right), (y + height).min(bottom)));
    let first = (from.0 < to.0 && from.1 < to.1).then(|| window.on_screen(from.0, from.1)).flatten()?;
    let size = ((to.0 - from.0) as u16, (to.1 - from.1) as u16);
    Some(Rect::new(first.0, first.1, size.0, size.1))
}
