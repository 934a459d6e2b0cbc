//! One layout and what belongs to it: where the nodes stand, how the lines run, and the part that is on the screen.

use std::cell::OnceCell;

use ratatui::layout::Rect;

use super::fresh;
use super::links::Links;
use super::place::{Place, Places};
use super::roster::Moves;
use super::route::{self, Bounds, Routes};
use super::walk::Paths;
use crate::view::{Direction, ShownKey, View};

/// The memory of positions, and the layout of the newest view.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) places: Places,
    /// The places of the newest view's nodes, in its order.
    pub(super) at: Vec<Option<Place>>,
    pub(super) routes: Routes,
    /// The nodes of the newest view.
    keys: Vec<ShownKey>,
    pub(super) links: Links,
    /// How the arrow keys go, made when the first of them is pressed.
    paths: OnceCell<Paths>,
    /// The first column and row of the picture and those after its last.
    bounds: Bounds,
    /// The cell of the plane in the panel's upper left corner; `None` before the first layout.
    pub(super) pan: Option<(i32, i32)>,
    /// The first column of the picture when a part of it was last chosen.
    first: i32,
    /// Whether the next layout starts from nothing.
    pub(super) stale: bool,
    /// What was laid out last.
    pub(super) seen: Option<u64>,
}

impl Plan {
    /// Lays a view out: who was there stays where they were, as far as the panel has the width that they were laid out
    /// for. `tall` is how many rows a node has.
    pub(super) fn take(&mut self, view: &View, size: (i32, i32), tall: i32, now: u64) {
        let links = Links::new(view);
        let mut moves = Moves::take(&mut self.keys, view);
        // Nobody moves where nobody is who stood anywhere: that is another picture. Where nobody is at all there is none, and
        // who comes back finds its place.
        let is_other =
            self.places.columns.is_empty() || !view.nodes.is_empty() && !self.places.remember(view, &moves);
        if self.stale || is_other || !fresh::serves(self.places.size, size) {
            self.places = fresh::layout(view, &links, size, tall);
            moves = Moves::default();
            self.pan = None;
            self.stale = false;
        } else if size.1 > self.places.size.1 {
            // There is room for some of those that are folded.
            self.places.size.1 = size.1;
            for block in &mut self.places.blocks {
                block.crowd.clear();
            }
        }
        self.places.update(view, &links, &moves, now);
        let (at, docks) = self.places.resolve(view.nodes.len());
        self.routes.update(&mut self.places, (&at, docks), &links, view);
        self.at = at;
        self.links = links;
        self.paths = OnceCell::new();
        self.bounds = self.extent();
    }

    /// Routes all lines as if none had been before. Returns the routes that there were.
    #[cfg(test)]
    pub(super) fn route_anew(&mut self, view: &View) -> Routes {
        let links = Links::new(view);
        let (at, docks) = self.places.resolve(view.nodes.len());
        let routes = std::mem::take(&mut self.routes);
        self.routes.update(&mut self.places, (&at, docks), &links, view);
        (self.at, self.links) = (at, links);
        self.bounds = self.extent();
        routes
    }

    /// The node in a direction of another.
    pub(super) fn neighbour(&self, from: &ShownKey, direction: Direction) -> Option<ShownKey> {
        self.paths().neighbour(from, direction)
    }

    /// Where a node stands among the others: its column, and how far down it.
    pub(super) fn position(&self, key: &ShownKey) -> Option<(usize, usize)> {
        self.paths().position(key)
    }

    fn paths(&self) -> &Paths {
        self.paths.get_or_init(|| Paths::new(&self.keys, &self.links, &self.at))
    }

    /// The first column and row of the picture and those after its last, as laid out last.
    pub(super) fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The first column and row of the picture and those after its last.
    fn extent(&self) -> Bounds {
        let boxes = self.places.blocks.iter().filter(|block| block.drawn_height() > 0).map(|block| {
            let column = &self.places.columns[block.column];
            (column.x, block.top, column.channel_start(), block.top + block.drawn_height())
        });
        boxes.chain(self.routes.bounds()).reduce(route::join).unwrap_or_default()
    }

    /// The part of the plane to show: the one shown before, moved only as far as it must for the whole picture to be seen
    /// if it fits, and for the nodes in `shown` to be seen, the first above all. Who looked at the first column, and at
    /// nothing else, looks at the one that comes before it.
    pub(super) fn pan_to(&mut self, area: Rect, shown: &[usize], is_free: bool) -> (i32, i32) {
        let (width, height) = (i32::from(area.width), i32::from(area.height));
        let (left, top, right, bottom) = self.bounds;
        let (mut x, mut y) = self.pan.unwrap_or((left - (width - (right - left)).max(0) / 2, top));
        if is_free && x <= std::mem::replace(&mut self.first, left) {
            x = x.min(left);
        }
        x = keep(x, width, left, right);
        y = keep(y, height, top.min(0), bottom);
        for place in shown.iter().rev().filter_map(|&node| self.at.get(node).copied().flatten()) {
            let column = &self.places.columns[place.column];
            x = reveal(x, width, column.x, column.channel_start());
            // The border of the box too, and clear of what is written at the panel's sides.
            let margin = i32::from(height > 4);
            y = reveal(
                y,
                height,
                (place.y - margin).max(top.min(0)),
                (place.y + self.places.tall + margin).min(bottom),
            );
        }
        self.pan = Some((x, y));
        (x, y)
    }
}

/// Moves a window that shows `length` cells from `start` on, so that it shows as much of a picture as it can.
fn keep(start: i32, length: i32, first: i32, end: i32) -> i32 {
    if end - first <= length { start.clamp(end - length, first) } else { start.clamp(first, end - length) }
}

/// Moves it so that it shows a range, its beginning above all.
fn reveal(start: i32, length: i32, first: i32, end: i32) -> i32 {
    start.max(end - length).min(first)
}
