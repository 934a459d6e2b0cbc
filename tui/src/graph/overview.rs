//! The whole picture, small: boxes and lines in dots, eight to a cell, and a frame around the part that the panel shows.

use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};
use ratatui::style::{Modifier, Style};

use super::focus::Focus;
use super::lines::lit;
use super::plan::Plan;
use super::text;
use crate::theme::Theme;

/// The dots of a cell, across and down.
const DOTS: (i32, i32) = (2, 4);
/// A cell without dots.
const BLANK: u32 = 0x2800;
/// What each dot of a cell adds, row by row.
const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// A plane shrunk to a panel.
struct Scale {
    area: Rect,
    /// The first column and row of the plane.
    origin: (i32, i32),
    /// The size of the plane and what it becomes, in dots.
    plane: (i32, i32),
    dots: (i32, i32),
}

impl Scale {
    /// As large as there is room for, and no larger than the picture itself.
    fn new(area: Rect, (left, top, right, bottom): (i32, i32, i32, i32)) -> Self {
        let plane = ((right - left).max(1), (bottom - top).max(1));
        let room = (i32::from(area.width) * DOTS.0, i32::from(area.height) * DOTS.1);
        let dots = (room.0.min(plane.0 * DOTS.0), room.1.min(plane.1 * DOTS.1));
        Self { area, origin: (left, top), plane, dots }
    }

    fn x(&self, x: i32) -> i32 {
        along(x - self.origin.0, self.plane.0, self.dots.0)
    }

    fn y(&self, y: i32) -> i32 {
        along(y - self.origin.1, self.plane.1, self.dots.1)
    }

    /// The cells that the picture takes up.
    fn cells(&self) -> (i32, i32) {
        ((self.dots.0 + DOTS.0 - 1) / DOTS.0, (self.dots.1 + DOTS.1 - 1) / DOTS.1)
    }
}

/// A place on one length, on another.
fn along(place: i32, length: i32, shrunk: i32) -> i32 {
    i32::try_from(i64::from(place) * i64::from(shrunk) / i64::from(length.max(1))).unwrap_or(0)
}

/// What is seen of a cell.
#[derive(Clone, Copy, Default)]
struct Cell {
    bits: u8,
    /// How it looks, and how much that counts against what else is in it.
    look: Option<(u8, Style)>,
}

struct Dots {
    scale: Scale,
    cells: Vec<Cell>,
}

impl Dots {
    fn new(scale: Scale) -> Self {
        let size = usize::from(scale.area.width) * usize::from(scale.area.height);
        Self { scale, cells: vec![Cell::default(); size] }
    }

    /// Sets the dots of a rectangle, its first and last ones included.
    fn fill(&mut self, (left, top): (i32, i32), (right, bottom): (i32, i32), look: (u8, Style)) {
        let last = (self.scale.dots.0 - 1, self.scale.dots.1 - 1);
        for y in top.max(0)..=bottom.min(last.1) {
            for x in left.max(0)..=right.min(last.0) {
                let place =
                    (y / DOTS.1) as usize * usize::from(self.scale.area.width) + (x / DOTS.0) as usize;
                if let Some(cell) = self.cells.get_mut(place) {
                    cell.bits |= BITS[(y % DOTS.1) as usize][(x % DOTS.0) as usize];
                    if cell.look.is_none_or(|(rank, _)| look.0 >= rank) {
                        cell.look = Some(look);
                    }
                }
            }
        }
    }
}

/// Draws it. `selected` is the place of the selected node in the view.
pub(super) fn draw(
    buffer: &mut Buffer,
    panel: Rect,
    plan: &Plan,
    (focus, selected): (&Focus, Option<usize>),
    theme: &Theme,
) {
    // The frame has room of its own around the whole: it hides nothing of what it frames.
    let area = panel.inner(Margin::new(1, 1));
    let mut dots = Dots::new(Scale::new(area, plan.bounds()));
    for (index, wire) in plan.routes.wires.iter().enumerate() {
        let style = lit(theme.edge(plan.routes.sums[index].state), focus.wire(index));
        for pair in plan.routes.path(wire).windows(2) {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            let first = (dots.scale.x(x0.min(x1)), dots.scale.y(y0.min(y1)));
            let last = (dots.scale.x(x0.max(x1)), dots.scale.y(y0.max(y1)));
            dots.fill(first, last, (0, style));
        }
    }
    let blocks = || plan.places.blocks.iter().filter(|block| block.drawn_height() > 0);
    for block in blocks() {
        let column = &plan.places.columns[block.column];
        let first = (dots.scale.x(column.x), dots.scale.y(block.top));
        let last = (
            dots.scale.x(column.channel_start() - 1).max(first.0),
            dots.scale.y(block.top + block.drawn_height() - 1).max(first.1),
        );
        dots.fill(first, last, (1, theme.group(&block.title)));
    }
    let width = usize::from(area.width);
    for (index, cell) in dots.cells.iter().enumerate() {
        let Some((_, style)) = cell.look else { continue };
        let at = (area.x + (index % width) as u16, area.y + (index / width) as u16);
        let shown = char::from_u32(BLANK + u32::from(cell.bits)).unwrap_or(' ');
        if let Some(screen) = buffer.cell_mut(at) {
            screen.set_char(shown).set_style(style);
        }
    }
    let scale = dots.scale;
    // Below the names: a name is read across its line.
    frame(buffer, panel, &scale, plan, theme);
    for block in blocks() {
        let column = &plan.places.columns[block.column];
        let first = scale.x(column.x) / DOTS.0;
        let room = (scale.x(column.channel_start()) / DOTS.0 - first).min(i32::from(area.width) - first);
        let title = text::cut_end(&block.title, room - 2);
        if text::width(&title) >= 3 {
            let style = theme.group(&block.title).add_modifier(Modifier::BOLD);
            let last = scale.y(block.top + block.drawn_height() - 1);
            let row = i32::midpoint(scale.y(block.top), last) / DOTS.1;
            put(buffer, area, (first + 1, row), &title, style);
        }
    }
    if let Some(place) = selected.and_then(|node| plan.at.get(node).copied().flatten()) {
        let at = (scale.x(plan.places.columns[place.column].x) / DOTS.0, scale.y(place.y) / DOTS.1);
        put(buffer, area, at, "▶", theme.selected);
    }
}

/// Frames the part of the picture that the panel shows: around its cells.
fn frame(buffer: &mut Buffer, area: Rect, scale: &Scale, plan: &Plan, theme: &Theme) {
    let Some((left, top)) = plan.pan else { return };
    let cells = scale.cells();
    // The picture begins in the panel's second column and row: the frame stands one before its first and one after its last.
    let last = ((cells.0 - 1).max(0), (cells.1 - 1).max(0));
    let first = ((scale.x(left) / DOTS.0).clamp(0, last.0), (scale.y(top) / DOTS.1).clamp(0, last.1));
    let end = (
        (scale.x(left + i32::from(area.width) - 1) / DOTS.0).clamp(first.0, last.0) + 2,
        (scale.y(top + i32::from(area.height) - 1) / DOTS.1).clamp(first.1, last.1) + 2,
    );
    let across = "─".repeat(usize::try_from(end.0 - first.0 - 1).unwrap_or(0));
    let style = theme.border_active.add_modifier(Modifier::BOLD);
    for y in first.1 + 1..end.1 {
        put(buffer, area, (first.0, y), "│", style);
        put(buffer, area, (end.0, y), "│", style);
    }
    put(buffer, area, (first.0, first.1), &format!("┌{across}┐"), style);
    put(buffer, area, (first.0, end.1), &format!("└{across}┘"), style);
}

/// Writes a text into the panel, by its own cells.
fn put(buffer: &mut Buffer, area: Rect, (x, y): (i32, i32), text: &str, style: Style) {
    let (Ok(x), Ok(y)) = (u16::try_from(x), u16::try_from(y)) else { return };
    if x < area.width && y < area.height {
        buffer.set_stringn(area.x + x, area.y + y, text, usize::from(area.width - x), style);
    }
}
