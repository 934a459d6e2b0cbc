//! Draws the lines: every wire adds its arms to the cells that it runs through, then each cell becomes a character.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use scopetop_tracker::topology::Rate;

use super::focus::Focus;
use super::glyph::{Arms, UNICODE, Weight};
use super::route::{Routes, Wire};
use crate::theme::{Theme, dimmed};
use crate::view::{EdgeState, View, busy_from};

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

    /// The same, counted in the window's cells row by row.
    fn index(&self, x: i32, y: i32) -> Option<usize> {
        let (x, y) = (x - self.pan.0, y - self.pan.1);
        let inside =
            (0..i32::from(self.area.width)).contains(&x) && (0..i32::from(self.area.height)).contains(&y);
        inside.then(|| y as usize * usize::from(self.area.width) + x as usize)
    }

    /// Its first column and row and those after its last.
    pub(super) fn bounds(&self) -> (i32, i32, i32, i32) {
        let (left, top) = self.pan;
        (left, top, left + i32::from(self.area.width), top + i32::from(self.area.height))
    }
}

/// A cell that lines run through.
#[derive(Clone, Copy, Default)]
struct Cell {
    arms: Arms,
    turns: bool,
    tip: Option<char>,
    /// What is seen of the wires: the liveliest.
    look: Option<EdgeState>,
    light: Light,
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

/// What a wire looks like: what is the liveliest of its edges.
pub(super) fn state(wire: &Wire, view: &View) -> EdgeState {
    wire.edges
        .iter()
        .map(|&edge| view.edges[edge].state)
        .max_by_key(|&state| liveliness(state))
        .unwrap_or(EdgeState::Steady)
}

fn liveliness(state: EdgeState) -> u8 {
    match state {
        EdgeState::Closed => 0,
        EdgeState::Failed => 1,
        EdgeState::Steady => 2,
        EdgeState::Busy => 3,
        EdgeState::New => 4,
    }
}

/// From how many bytes a second on (both ways together) a line is double.
const VERY_MUCH: f64 = 10_000_000.0;

/// The weight of a wire's line: by what flows on its open edges together.
pub(super) fn weight(wire: &Wire, view: &View) -> Weight {
    let edges = || wire.edges.iter().map(|&edge| &view.edges[edge]);
    if edges().all(|edge| edge.open == 0) {
        return Weight::Dashed;
    }
    let flow: Rate = edges().fold(Rate::default(), |sum, edge| Rate {
        to_server: sum.to_server + edge.rate.to_server,
        to_client: sum.to_client + edge.rate.to_client,
    });
    let is_busy = busy_from(flow) || edges().any(|edge| edge.state == EdgeState::Busy);
    match flow.to_server + flow.to_client {
        flow if flow >= VERY_MUCH => Weight::Double,
        _ if is_busy => Weight::Heavy,
        _ => Weight::Light,
    }
}

/// The style of a line that is more or less bright.
pub(super) fn lit(style: Style, light: Light) -> Style {
    match light {
        Light::Dim => dimmed(style),
        Light::Normal => style,
        Light::Bright => style.add_modifier(Modifier::BOLD),
    }
}

/// Draws all lines and what is written on them.
pub(super) fn draw(
    buffer: &mut Buffer,
    window: Window,
    view: &View,
    routes: &Routes,
    focus: &Focus,
    theme: &Theme,
) {
    let size = usize::from(window.area.width) * usize::from(window.area.height);
    let mut cells = vec![Cell::default(); size];
    for wire in &routes.wires {
        trace(&mut cells, window, view, wire, focus.wire(wire, view));
    }
    for (index, cell) in cells.iter().enumerate() {
        let Some(state) = cell.look else { continue };
        let width = usize::from(window.area.width);
        let at = (window.area.x + (index % width) as u16, window.area.y + (index / width) as u16);
        let glyph = cell.tip.unwrap_or_else(|| UNICODE.line(cell.arms, cell.turns));
        if let Some(screen) = buffer.cell_mut(at) {
            screen.set_char(glyph).set_style(lit(theme.edge(state), cell.light));
        }
    }
    for label in &routes.labels {
        let light =
            label.wires.iter().map(|&wire| focus.wire(&routes.wires[wire], view)).max().unwrap_or_default();
        let wires = label.wires.iter().map(|&wire| state(&routes.wires[wire], view));
        let style =
            wires.max_by_key(|&state| liveliness(state)).map_or(theme.text, |state| theme.edge(state));
        // Digits and names of services: a cell each.
        for (x, character) in (label.x..).zip(label.text.chars()) {
            if let Some(screen) = window.on_screen(x, label.y).and_then(|at| buffer.cell_mut(at)) {
                screen.set_char(character).set_style(lit(style, light));
            }
        }
    }
}

/// Marks the rows that are linked with themselves, on the borders of their boxes.
pub(super) fn draw_loops(
    buffer: &mut Buffer,
    window: Window,
    view: &View,
    routes: &Routes,
    focus: &Focus,
    theme: &Theme,
) {
    for wire in routes.wires.iter().filter(|wire| wire.from == wire.to) {
        let at = wire.path.first().and_then(|&(x, y)| window.on_screen(x, y));
        if let Some(cell) = at.and_then(|at| buffer.cell_mut(at)) {
            cell.set_char(UNICODE.to_self)
                .set_style(lit(theme.edge(state(wire, view)), focus.wire(wire, view)));
        }
    }
}

/// Adds a wire to the cells.
fn trace(cells: &mut [Cell], window: Window, view: &View, wire: &Wire, light: Light) {
    let (left, top, right, bottom) = window.bounds();
    let state = state(wire, view);
    let weight = weight(wire, view);
    let mut touch = |x: i32, y: i32, arms: Arms, turns: bool, tip: Option<char>| {
        let Some(cell) = window.index(x, y).and_then(|index| cells.get_mut(index)) else { return };
        cell.arms.join(arms);
        cell.turns |= turns;
        cell.tip = tip.or(cell.tip);
        if light > cell.light
            || cell.look.is_none_or(|look| liveliness(state) > liveliness(look) && light == cell.light)
        {
            cell.look = Some(state);
        }
        cell.light = cell.light.max(light);
    };
    let side = |to_right: bool| {
        if to_right {
            Arms { east: weight, ..Arms::default() }
        } else {
            Arms { west: weight, ..Arms::default() }
        }
    };
    let (Some(&start), Some(&end)) = (wire.path.first(), wire.path.last()) else { return };
    if wire.from == wire.to {
        return;
    }
    for (index, pair) in wire.path.windows(2).enumerate() {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let turns = index > 0 && {
            let (before, _) = wire.path[index - 1];
            (before == x0) != (x0 == x1)
        };
        if turns {
            touch(x0, y0, Arms::default(), true, None);
        }
        if y0 == y1 {
            let (first, last) = (x0.min(x1), x0.max(x1));
            for x in first.max(left)..=last.min(right - 1) {
                let arms = Arms {
                    west: if x > first { weight } else { Weight::None },
                    east: if x < last { weight } else { Weight::None },
                    ..Arms::default()
                };
                touch(x, y0, arms, false, None);
            }
        } else {
            let (first, last) = (y0.min(y1), y0.max(y1));
            for y in first.max(top)..=last.min(bottom - 1) {
                let arms = Arms {
                    north: if y > first { weight } else { Weight::None },
                    south: if y < last { weight } else { Weight::None },
                    ..Arms::default()
                };
                touch(x0, y, arms, false, None);
            }
        }
    }
    touch(start.0, start.1, side(!wire.leaves_right), false, None);
    // The mark of a failure is where nothing else is: at the server, else at the client.
    let failed = wire.edges.iter().any(|&edge| view.edges[edge].failed > 0);
    let at_end = state == EdgeState::Failed && !wire.shares_end;
    let directed = wire.edges.iter().any(|&edge| view.edges[edge].directed);
    let tip = match (at_end, directed, wire.arrives_left) {
        (true, _, _) => Some(UNICODE.failed),
        (false, true, true) => Some(UNICODE.to_right),
        (false, true, false) => Some(UNICODE.to_left),
        (false, false, _) => None,
    };
    touch(end.0, end.1, side(!wire.arrives_left), false, tip);
    if failed && !at_end {
        touch(start.0, start.1, Arms::default(), false, Some(UNICODE.failed));
    }
}
