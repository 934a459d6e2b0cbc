//! What of the picture is where on the screen, for the mouse.

use ratatui::layout::{Position, Rect};

use super::lines::Window;
use super::place::{Place, Places};
use crate::view::Selection;

/// What was drawn of the graph in which cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spots {
    area: Rect,
    /// For each cell of the area, row by row, the number of the thing in it, from 1; 0 where there is none.
    cells: Vec<u32>,
    things: Vec<Selection>,
}

impl Spots {
    /// Of lines: for each cell of the window, the number of the one that is seen in it. `thing` tells what that stands
    /// for.
    pub(super) fn of_lines(
        window: Window,
        seen: &[Option<usize>],
        wires: usize,
        mut thing: impl FnMut(usize) -> Option<Selection>,
    ) -> Self {
        let mut things = Vec::new();
        let mut known: Vec<Option<u32>> = vec![None; wires];
        let mut number = |wire: usize| {
            *known[wire].get_or_insert_with(|| {
                let Some(thing) = thing(wire) else { return 0 };
                things.push(thing);
                things.len() as u32
            })
        };
        let cells = seen.iter().map(|wire| wire.map_or(0, &mut number)).collect();
        Self { area: window.area, cells, things }
    }

    /// Adds the nodes above the lines: each has its rows. What many nodes share is the first one's.
    pub(super) fn add_nodes(
        &mut self,
        window: Window,
        (places, at): (&Places, &[Option<Place>]),
        mut thing: impl FnMut(usize) -> Option<Selection>,
    ) {
        let docks = at.iter().flatten().map(|place| place.dock as usize + 1).max().unwrap_or(0);
        let mut taken = vec![false; docks];
        for (node, place) in at.iter().enumerate() {
            let Some(place) = place else { continue };
            if std::mem::replace(&mut taken[place.dock as usize], true) {
                continue;
            }
            let column = &places.columns[place.column];
            let rows = if place.own { places.tall } else { 1 };
            let Some(area) = on_screen(window, (column.x, place.y), (column.width, rows)) else { continue };
            let Some(thing) = thing(node) else { continue };
            self.things.push(thing);
            let number = self.things.len() as u32;
            for y in area.top()..area.bottom() {
                let row = usize::from(y - self.area.y) * usize::from(self.area.width);
                let first = row + usize::from(area.x - self.area.x);
                self.cells[first..first + usize::from(area.width)].fill(number);
            }
        }
    }

    /// How many things there are.
    #[cfg(test)]
    pub(super) fn things(&self) -> usize {
        self.things.len()
    }

    /// What is at a place of the screen.
    pub fn at(&self, place: Position) -> Option<&Selection> {
        if !self.area.contains(place) {
            return None;
        }
        let (x, y) = (usize::from(place.x - self.area.x), usize::from(place.y - self.area.y));
        let number = *self.cells.get(y * usize::from(self.area.width) + x)?;
        self.things.get((number as usize).checked_sub(1)?)
    }
}

/// The part of an area of the plane that is on the screen.
fn on_screen(window: Window, (x, y): (i32, i32), (width, height): (i32, i32)) -> Option<Rect> {
    let (left, top, right, bottom) = window.bounds();
    let (from, to) = ((x.max(left), y.max(top)), ((x + width).min(right), (y + height).min(bottom)));
    let first = (from.0 < to.0 && from.1 < to.1).then(|| window.on_screen(from.0, from.1)).flatten()?;
    let size = ((to.0 - from.0) as u16, (to.1 - from.1) as u16);
    Some(Rect::new(first.0, first.1, size.0, size.1))
}
