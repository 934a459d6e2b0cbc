//! Puts lines together cell by cell: every wire adds its arms to the cells that it runs through, then each cell becomes a
//! character.

use ratatui::buffer::Buffer;

use super::bundle::{Sum, liveliness};
use super::glyph::{Arms, UNICODE, Weight};
use super::lines::{Light, Window, lit};
use super::route::Wire;
use crate::theme::Theme;
use crate::view::EdgeState;

/// A window's cells that lines run through.
pub(super) struct Canvas {
    window: Window,
    width: usize,
    height: usize,
    /// What runs along the rows, row by row.
    along: Plane,
    /// What runs across them, column by column.
    across: Plane,
    /// Row by row, how heavy the lines to the cells before and after are that join what runs across. What else runs along
    /// the row passes behind it: a junction always means a junction.
    joins: Vec<(u8, u8)>,
    /// What stands at the ends of lines, row by row.
    tips: Vec<Option<char>>,
}

/// What runs in one direction. Cells of one run lie side by side, so that many of them are set at once.
struct Plane {
    /// How heavy the line is to the cell before, and to the cell after.
    before: Vec<u8>,
    after: Vec<u8>,
    /// How bright and how lively it is: see [`tone`]; 0 where nothing runs.
    tones: Vec<u8>,
    /// The number of the last wire, from 1.
    wires: Vec<u32>,
}

/// What a wire looks like.
#[derive(Clone, Copy)]
struct Look {
    weight: u8,
    tone: u8,
    /// Its number, from 1.
    wire: u32,
}

/// The states from the least lively to the liveliest.
const STATES: [EdgeState; 5] =
    [EdgeState::Closed, EdgeState::Failed, EdgeState::Steady, EdgeState::Busy, EdgeState::New];
const LIGHTS: [Light; 3] = [Light::Dim, Light::Normal, Light::Bright];
const WEIGHTS: [Weight; 5] = [Weight::None, Weight::Dashed, Weight::Light, Weight::Heavy, Weight::Double];

/// What is seen of a wire where several share a cell: the brightest, of these the liveliest. Never 0.
fn tone(light: Light, state: EdgeState) -> u8 {
    light as u8 * STATES.len() as u8 + liveliness(state) + 1
}

/// What a tone stands for.
fn look_of(tone: u8) -> (Light, EdgeState) {
    let tone = usize::from(tone - 1);
    (LIGHTS[tone / STATES.len()], STATES[tone % STATES.len()])
}

impl Plane {
    fn new(size: usize) -> Self {
        Self { before: vec![0; size], after: vec![0; size], tones: vec![0; size], wires: vec![0; size] }
    }

    /// Adds a line from the first to the last of some cells; `cut` is whether it comes from before the first and whether
    /// it goes on after the last.
    fn run(&mut self, (first, last): (usize, usize), cut: (bool, bool), look: Look) {
        let raise = |cells: &mut [u8], value: u8| cells.iter_mut().for_each(|cell| *cell = value.max(*cell));
        raise(&mut self.before[first + usize::from(!cut.0)..=last], look.weight);
        raise(&mut self.after[first..last + usize::from(cut.1)], look.weight);
        raise(&mut self.tones[first..=last], look.tone);
        self.wires[first..=last].fill(look.wire);
    }

    /// Adds an arm of one cell.
    fn end(&mut self, cell: usize, to_before: bool, look: Look) {
        let arm = if to_before { &mut self.before[cell] } else { &mut self.after[cell] };
        *arm = look.weight.max(*arm);
        self.tones[cell] = look.tone.max(self.tones[cell]);
        self.wires[cell] = look.wire;
    }
}

/// The part of a range that is inside of the first so many, and whether it is cut there at either end.
fn clip((first, last): (i32, i32), end: i32) -> Option<((usize, usize), (bool, bool))> {
    let (from, to) = (first.max(0), last.min(end - 1));
    (from <= to).then_some(((from as usize, to as usize), (from > first, to < last)))
}

impl Canvas {
    pub(super) fn new(window: Window) -> Self {
        let (width, height) = (usize::from(window.area.width), usize::from(window.area.height));
        let size = width * height;
        Self {
            window,
            width,
            height,
            along: Plane::new(size),
            across: Plane::new(size),
            joins: vec![(0, 0); size],
            tips: vec![None; size],
        }
    }

    /// The window's column and row of a cell of the plane.
    fn cell(&self, (x, y): (i32, i32)) -> Option<(usize, usize)> {
        let at = (usize::try_from(x - self.window.pan.0).ok()?, usize::try_from(y - self.window.pan.1).ok()?);
        (at.0 < self.width && at.1 < self.height).then_some(at)
    }

    /// Adds a wire. `passes`: the cells where it goes straight through a line down that is its own bundle's.
    pub(super) fn trace(
        &mut self,
        number: usize,
        (wire, path, passes): (&Wire, &[(i32, i32)], impl Iterator<Item = (i32, i32)>),
        sum: &Sum,
        light: Light,
    ) {
        let (Some(&start), Some(&end)) = (path.first(), path.last()) else { return };
        let look = Look {
            weight: sum.weight() as u8,
            tone: tone(light, sum.state),
            wire: u32::try_from(number + 1).unwrap_or(u32::MAX),
        };
        for (index, pair) in path.windows(2).enumerate() {
            let (from, to) = (pair[0], pair[1]);
            self.segment(from, to, look);
            // A turn joins the line down on the side where it comes from or goes to.
            if index > 0 && (path[index - 1].0 == from.0) != (from.0 == to.0) {
                let beside = if from.1 == to.1 { to } else { path[index - 1] };
                self.join(from, (beside.0 < from.0, beside.0 > from.0), look.weight);
            }
        }
        for cell in passes {
            self.join(cell, (true, true), look.weight);
        }
        if let Some((x, y)) = self.cell(start) {
            self.along.end(y * self.width + x, wire.leaves_right, look);
        }
        // The mark of a failure is where nothing else is: at the server, else at the client.
        let at_end = sum.state == EdgeState::Failed && !wire.shares_end;
        let tip = match (at_end, sum.directed, wire.arrives_left) {
            (true, _, _) => Some(UNICODE.failed),
            (false, true, true) => Some(UNICODE.to_right),
            (false, true, false) => Some(UNICODE.to_left),
            (false, false, _) => None,
        };
        if let Some((x, y)) = self.cell(end) {
            let cell = y * self.width + x;
            self.along.end(cell, wire.arrives_left, look);
            self.tips[cell] = tip.or(self.tips[cell]);
        }
        if sum.failed
            && !at_end
            && let Some((x, y)) = self.cell(start)
        {
            self.tips[y * self.width + x] = Some(UNICODE.failed);
        }
    }

    /// Joins a wire to what runs across a cell, from before or after it.
    fn join(&mut self, cell: (i32, i32), (before, after): (bool, bool), weight: u8) {
        let Some((x, y)) = self.cell(cell) else { return };
        let joins = &mut self.joins[y * self.width + x];
        joins.0 = joins.0.max(weight * u8::from(before));
        joins.1 = joins.1.max(weight * u8::from(after));
    }

    /// Adds a straight piece of a wire.
    fn segment(&mut self, from: (i32, i32), to: (i32, i32), look: Look) {
        let pan = self.window.pan;
        let (left, right) = (from.0.min(to.0) - pan.0, from.0.max(to.0) - pan.0);
        let (top, bottom) = (from.1.min(to.1) - pan.1, from.1.max(to.1) - pan.1);
        let area = self.window.area;
        let columns = clip((left, right), area.width.into());
        let rows = clip((top, bottom), area.height.into());
        let (Some((columns, cut_columns)), Some((rows, cut_rows))) = (columns, rows) else { return };
        if top == bottom {
            let row = rows.0 * self.width;
            self.along.run((row + columns.0, row + columns.1), cut_columns, look);
        } else {
            let column = columns.0 * self.height;
            self.across.run((column + rows.0, column + rows.1), cut_rows, look);
        }
    }

    /// Draws it. Returns for each cell, row by row, the number of the wire that is seen in it: the last one.
    pub(super) fn paint(self, buffer: &mut Buffer, theme: &Theme) -> Vec<Option<usize>> {
        let area = self.window.area;
        let styles: Vec<_> = (1..=tone(Light::Bright, EdgeState::New))
            .map(|tone| {
                let (light, state) = look_of(tone);
                lit(theme.edge(state), light)
            })
            .collect();
        let mut seen = vec![None; self.width * self.height];
        for y in 0..self.height {
            for x in 0..self.width {
                let (along, across) = (y * self.width + x, x * self.height + y);
                let (mut tone, mut wire) = (self.across.tones[across], self.across.wires[across]);
                if tone.max(self.along.tones[along]) == 0 {
                    continue;
                }
                let weight = |weight: u8| WEIGHTS[usize::from(weight)];
                let mut arms = Arms {
                    north: weight(self.across.before[across]),
                    east: weight(self.along.after[along]),
                    south: weight(self.across.after[across]),
                    west: weight(self.along.before[along]),
                };
                let (tip, joins) = (self.tips[along], self.joins[along]);
                // Of a line that passes behind another nothing is seen.
                if tip.is_some() || joins != (0, 0) || !arms.is_both() {
                    tone = tone.max(self.along.tones[along]);
                    wire = wire.max(self.along.wires[along]);
                }
                if arms.is_both() {
                    (arms.west, arms.east) = (weight(joins.0), weight(joins.1));
                }
                let glyph = tip.unwrap_or_else(|| UNICODE.line(arms));
                if let Some(cell) = buffer.cell_mut((area.x + x as u16, area.y + y as u16)) {
                    cell.set_char(glyph).set_style(styles[usize::from(tone - 1)]);
                }
                seen[along] = (wire as usize).checked_sub(1);
            }
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_tells_the_light_and_the_state() {
        let mut tones = Vec::new();
        for light in LIGHTS {
            for state in STATES {
                assert_eq!(look_of(tone(light, state)), (light, state));
                tones.push(tone(light, state));
            }
        }
        assert!(tones.is_sorted() && tones[0] > 0, "the brighter counts more, then the livelier");
        for (number, weight) in WEIGHTS.into_iter().enumerate() {
            assert_eq!(weight as usize, number);
        }
    }
}
