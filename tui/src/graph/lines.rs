//! Draws the lines that are in sight.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::bundle::liveliness;
use super::canvas::Canvas;
use super::focus::Focus;
use super::glyph::UNICODE;
use super::route::{Bounds, Routes, Wire};
use crate::theme::{Theme, dimmed};

/// The part of the plane that is on the screen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) area: Rect,
    /// The cell of the plane in the upper left corner.
    pub(super) pan: (i32, i32),
}

impl Window {
    /// Where a cell of the plane is on the screen.
    pub(super) fn on_screen(&self, x: i32, y: i32) -> Option<(u16, u16)> {
        let (x, y) = (x - self.pan.0, y - self.pan.1);
        let inside =
            (0..i32::from(self.area.width)).contains(&x) && (0..i32::from(self.area.height)).contains(&y);
        inside.then(|| (self.area.x + x as u16, self.area.y + y as u16))
    }

    /// Whether a row of the plane is on the screen.
    fn has_row(&self, y: i32) -> bool {
        (0..i32::from(self.area.height)).contains(&(y - self.pan.1))
    }

    /// Its first column and row and those after its last.
    pub(super) fn bounds(&self) -> Bounds {
        let (left, top) = self.pan;
        (left, top, left + i32::from(self.area.width), top + i32::from(self.area.height))
    }
}

/// How bright a wire is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Light {
    /// Something else is looked at.
    #[default]
    Dim,
    /// As usual.
    Normal,
    /// Selected.
    Bright,
}

/// The style of a line that is more or less bright.
pub(super) fn lit(style: Style, light: Light) -> Style {
    match light {
        Light::Dim => dimmed(style),
        Light::Normal => style,
        Light::Bright => style.add_modifier(Modifier::BOLD),
    }
}

/// Draws all lines and what is written on them. Returns for each cell of the window, row by row, which wire is seen in it.
pub(super) fn draw(
    buffer: &mut Buffer,
    window: Window,
    routes: &Routes,
    focus: &Focus,
    theme: &Theme,
) -> Vec<Option<usize>> {
    let mut canvas = Canvas::new(window);
    let in_sight = |wire: &(usize, &Wire)| wire.1.touches(window.bounds()) && wire.1.from != wire.1.to;
    for (index, wire) in routes.wires.iter().enumerate().filter(in_sight) {
        let way = (wire, routes.path(wire), routes.passes(index));
        canvas.trace(index, way, &routes.sums[index], focus.wire(index));
    }
    let seen = canvas.paint(buffer, theme);
    for label in routes.labels.iter().filter(|label| window.has_row(label.y)) {
        let wires = || label.wires.iter().map(|&wire| wire as usize);
        let light = wires().map(|wire| focus.wire(wire)).max().unwrap_or_default();
        let liveliest = wires().map(|wire| routes.sums[wire].state).max_by_key(|&state| liveliness(state));
        let style = liveliest.map_or(theme.text, |state| theme.edge(state));
        // Digits and names of services: a cell each.
        for (x, character) in (label.x..).zip(label.text.chars()) {
            if let Some(screen) = window.on_screen(x, label.y).and_then(|at| buffer.cell_mut(at)) {
                screen.set_char(character).set_style(lit(style, light));
            }
        }
    }
    seen
}

/// Marks the rows that are linked with themselves, on the borders of their boxes.
pub(super) fn draw_loops(buffer: &mut Buffer, window: Window, routes: &Routes, focus: &Focus, theme: &Theme) {
    for (index, wire) in routes.wires.iter().enumerate().filter(|(_, wire)| wire.from == wire.to) {
        let at = routes.path(wire).first().and_then(|&(x, y)| window.on_screen(x, y));
        if let Some(cell) = at.and_then(|at| buffer.cell_mut(at)) {
            let style = theme.edge(routes.sums[index].state);
            cell.set_char(UNICODE.to_self).set_style(lit(style, focus.wire(index)));
        }
    }
}
