//! The graph panel: processes, containers and remote addresses in boxes, their connections as lines between them.
//!
//! Left to right is *calls → is called*. A node keeps its place while it lives ([`GraphState`] remembers it); only
//! [`GraphState::relayout`] and another width of the panel lay out afresh. Layout and drawing are plain functions of the
//! view, the memory and the panel's size.

mod draw;
mod focus;
mod fresh;
mod glyph;
mod hit;
mod label;
mod lines;
mod place;
mod rank;
mod route;
#[cfg(test)]
mod tests;
mod text;
mod tracks;
mod walk;

use std::hash::{Hash, Hasher};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rustc_hash::FxHasher;

use crate::theme::Theme;
use crate::view::{Direction, Selection, ShownKey, View};

use draw::Scene;
use focus::Focus;
use lines::Window;
use place::{Place, Places};
use rank::Links;
use route::Routes;
use walk::Paths;

/// What is said of a host on which there is not one connection.
pub const QUIET: &str = "no connections right now";

/// The memory of positions, and the layout of the newest view.
#[derive(Debug, Default)]
pub struct GraphState {
    places: Places,
    /// The places of the newest view's nodes, in its order.
    at: Vec<Option<Place>>,
    routes: Routes,
    paths: Paths,
    /// The cell of the plane in the panel's upper left corner; `None` before the first layout.
    pan: Option<(i32, i32)>,
    /// What the selection was when the panel last moved to show it: it may be scrolled away from afterwards.
    stale: bool,
    /// What was selected when the graph was drawn last, and whether the user moved the panel since: it is not moved back
    /// then.
    selected: Option<Selection>,
    panned: bool,
    seen: Option<u64>,
    sequence: Option<u64>,
    tick: u64,
}

impl GraphState {
    /// The node in a direction of another, as they stood when the graph was last laid out: up and down its column, or
    /// to the next column, there rather one that it is linked with. `None` at the end of the picture and for a node
    /// that is not in it.
    pub fn neighbour(&self, from: &ShownKey, direction: Direction) -> Option<ShownKey> {
        self.paths.neighbour(from, direction)
    }

    /// Where a node stands among the others: its column, and how far down it. `None` for one that is not in the picture.
    pub fn position(&self, key: &ShownKey) -> Option<(usize, usize)> {
        self.paths.position(key)
    }

    /// Moves the panel over the picture by cells, as far as there is anything to see. It stays there until something
    /// else is selected.
    pub fn pan_by(&mut self, columns: i32, rows: i32) {
        if let Some((x, y)) = self.pan {
            self.pan = Some((x.saturating_add(columns), y.saturating_add(rows)));
            self.panned = true;
        }
    }

    /// Forgets all positions: the next layout starts from nothing.
    pub fn relayout(&mut self) {
        self.stale = true;
        self.seen = None;
    }
}

/// Takes a view in: new nodes get a place, those that were there keep theirs. Does nothing if the view's graph is the
/// one that was laid out last.
pub fn layout(state: &mut GraphState, view: &View, area: Rect) {
    let size = (i32::from(area.width), i32::from(area.height));
    let seen = fingerprint(view, area);
    if state.seen == Some(seen) {
        return;
    }
    // Time passes by ticks; without them, by change.
    let sequence = view.host.as_ref().map(|host| host.sequence);
    if sequence.is_none() || sequence != state.sequence {
        state.tick += 1;
    }
    state.sequence = sequence;
    let links = Links::new(view);
    let known = state.places.resolve(view);
    if state.stale || fresh::is_empty(&known) || !fresh::serves(state.places.size, size) {
        state.places = fresh::layout(view, &links, size);
        state.pan = None;
        state.stale = false;
    } else if size.1 > state.places.size.1 {
        // There is room for some of those that are folded.
        state.places.size.1 = size.1;
        for block in &mut state.places.blocks {
            block.crowd.clear();
        }
    }
    state.places.update(view, &links, state.tick);
    state.at = state.places.resolve(view);
    state.routes = route::route(&mut state.places, &state.at, view);
    state.paths = Paths::new(view, &links, &state.at);
    state.seen = Some(seen);
}

/// What of the graph is where on the screen, as it was drawn last in this area. Of two things in one place the later one
/// is seen.
pub fn hits(state: &GraphState, view: &View, area: Rect) -> Vec<(Rect, Selection)> {
    let Some(pan) = state.pan else { return Vec::new() };
    hit::hits(view, Window { area, pan }, (&state.places, &state.at), &state.routes, 1)
}

/// A hash of all that layout depends on.
fn fingerprint(view: &View, area: Rect) -> u64 {
    let mut hasher = FxHasher::default();
    (area.width, area.height, view.nodes.len()).hash(&mut hasher);
    view.host.as_ref().map(|host| host.sequence).hash(&mut hasher);
    for node in &view.nodes {
        (&node.key, &node.label, &node.detail, &node.group_label, node.connections).hash(&mut hasher);
    }
    for edge in &view.edges {
        (edge.client, edge.server, &edge.service, edge.connections()).hash(&mut hasher);
    }
    hasher.finish()
}

/// Draws the graph, moved so that the selected node can be seen. Lays it out first where that is still to do.
pub fn render(
    buffer: &mut Buffer,
    area: Rect,
    view: &View,
    state: &mut GraphState,
    selection: Option<&Selection>,
    theme: &Theme,
) {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    layout(state, view, area);
    if view.nodes.is_empty() {
        draw::nothing(buffer, area, view, theme);
        return;
    }
    let selected = match selection {
        Some(Selection::Node(key)) => view.node_place(key),
        _ => None,
    };
    if selection != state.selected.as_ref() {
        state.selected = selection.cloned();
        state.panned = false;
    }
    let shown: Vec<usize> = match selection {
        _ if state.panned => Vec::new(),
        Some(Selection::Edge(key)) => view
            .edge_place(key)
            .map(|edge| vec![view.edges[edge].client, view.edges[edge].server])
            .unwrap_or_default(),
        _ => selected.into_iter().collect(),
    };
    let pan = pan(state, area, &shown);
    state.pan = Some(pan);
    let window = Window { area, pan };
    let focus = Focus::new(view, selection);
    lines::draw(buffer, window, view, &state.routes, &focus, theme);
    let scene = Scene { window, view, places: &state.places, at: &state.at, focus: &focus, selected, theme };
    scene.boxes(buffer);
    lines::draw_loops(buffer, window, view, &state.routes, &focus, theme);
    if view.edges.is_empty() {
        scene.quiet(buffer);
    }
    scene.edges_of_window(buffer);
}

/// The part of the plane to show: the one shown before, moved only as far as it must for the whole picture to be seen
/// if it fits, and for the nodes in `shown` to be seen, the first above all.
fn pan(state: &GraphState, area: Rect, shown: &[usize]) -> (i32, i32) {
    let (width, height) = (i32::from(area.width), i32::from(area.height));
    let used: Vec<_> = state.places.blocks.iter().filter(|block| block.drawn_height() > 0).collect();
    let columns = || used.iter().map(|block| &state.places.columns[block.column]);
    let corners = || state.routes.wires.iter().flat_map(|wire| &wire.path);
    let left = columns().map(|column| column.x).chain(corners().map(|corner| corner.0)).min().unwrap_or(0);
    let right = columns()
        .map(place::Column::channel_start)
        .chain(corners().map(|corner| corner.0 + 1))
        .max()
        .unwrap_or(0);
    let top = used.iter().map(|block| block.top).chain(corners().map(|corner| corner.1)).min().unwrap_or(0);
    let bottom = used
        .iter()
        .map(|block| block.top + block.drawn_height())
        .chain(corners().map(|corner| corner.1 + 1))
        .max()
        .unwrap_or(0);
    let (mut x, mut y) = state.pan.unwrap_or((left - (width - (right - left)).max(0) / 2, top));
    x = keep(x, width, left, right);
    y = keep(y, height, top.min(0), bottom);
    for place in shown.iter().rev().filter_map(|&node| state.at.get(node).copied().flatten()) {
        let column = &state.places.columns[place.column];
        x = reveal(x, width, column.x, column.channel_start());
        // The border of the box too, and clear of what is written at the panel's sides.
        let margin = i32::from(height > 4);
        y = reveal(y, height, (place.y - margin).max(top.min(0)), (place.y + 1 + margin).min(bottom));
    }
    (x, y)
}

/// Moves a window that shows `length` cells from `start` on, so that it shows as much of a picture as it can.
fn keep(start: i32, length: i32, first: i32, end: i32) -> i32 {
    if end - first <= length { start.clamp(end - length, first) } else { start.clamp(first, end - length) }
}

/// Moves it so that it shows a range, its beginning above all.
fn reveal(start: i32, length: i32, first: i32, end: i32) -> i32 {
    start.max(end - length).min(first)
}
