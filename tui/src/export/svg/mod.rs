//! A screen as an SVG picture: text in runs, each as wide as its cells whatever the font; lines and areas as shapes.
//!
//! The picture stands by itself (no font, style sheet or script), so that it is shown wherever an image is.

mod colour;
mod shape;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr as _;

use colour::{GROUND, Rgb};
use shape::Shape;

/// A cell in pixels. The fonts that pictures are shown in are about 0.6 as wide as they are high.
const WIDTH: f32 = 8.0;
const HEIGHT: f32 = 17.0;
const FONT_SIZE: f32 = 13.3;
/// Where letters stand, below the top of their cell.
const BASELINE: f32 = 12.8;
/// Between the screen and the border of the picture.
const MARGIN: f32 = 12.0;
/// How thick lines are, light and heavy.
const STROKES: [f32; 2] = [1.2, 2.6];

/// A screen as a picture with a title, which those hear who do not see it.
pub fn picture(screen: &Buffer, title: &str) -> String {
    let area = screen.area;
    let mut drawing = Drawing::default();
    for row in 0..area.height {
        let mut column = 0;
        while column < area.width {
            let cell = &screen[(area.x + column, area.y + row)];
            let cells = (cell.symbol().width() as u16).max(1);
            drawing.cell(column, row, cells, cell.symbol(), cell.style());
            column += cells;
        }
        drawing.end_run();
    }
    drawing.document(area.width, area.height, title)
}

/// A picture while it is made: what lies below comes first.
#[derive(Default)]
struct Drawing {
    grounds: String,
    texts: String,
    areas: BTreeMap<Rgb, String>,
    lines: Lines,
    run: Option<Run>,
    /// The ground that the newest cells share: where it is, how many cells.
    ground: Option<(u16, u16, u16, Rgb)>,
}

/// Text of one look in neighbouring cells.
struct Run {
    row: u16,
    column: u16,
    cells: u16,
    text: String,
    colour: Rgb,
    modifiers: Modifier,
}

impl Drawing {
    fn cell(&mut self, column: u16, row: u16, cells: u16, symbol: &str, style: Style) {
        let (colour, ground) = colour::of(style);
        self.ground(column, row, cells, ground);
        let modifiers = style.add_modifier
            & (Modifier::BOLD | Modifier::ITALIC | Modifier::UNDERLINED | Modifier::CROSSED_OUT);
        let is_blank =
            symbol.trim().is_empty() && !modifiers.intersects(Modifier::UNDERLINED | Modifier::CROSSED_OUT);
        match shape::of(symbol) {
            Some(shape) => {
                self.end_run();
                self.shape(column, row, shape, colour);
            }
            // Blanks part runs: what drifts in a font of another width starts anew at every word.
            None if is_blank => self.end_run(),
            None => self.text(column, row, cells, symbol, colour, modifiers),
        }
    }

    fn ground(&mut self, column: u16, row: u16, cells: u16, colour: Rgb) {
        if let Some((known_row, start, length, known)) = &mut self.ground
            && (*known_row, *start + *length, *known) == (row, column, colour)
        {
            *length += cells;
            return;
        }
        self.end_ground();
        self.ground = (colour != GROUND).then_some((row, column, cells, colour));
    }

    fn end_ground(&mut self) {
        let Some((row, column, cells, colour)) = self.ground.take() else { return };
        let (x, y) = (f32::from(column) * WIDTH, f32::from(row) * HEIGHT);
        let width = f32::from(cells) * WIDTH;
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            self.grounds,
            r#"<rect x="{x}" y="{y}" width="{width}" height="{HEIGHT}" fill="{}"/>"#,
            colour.hex()
        );
    }

    fn text(&mut self, column: u16, row: u16, cells: u16, symbol: &str, colour: Rgb, modifiers: Modifier) {
        if let Some(run) = &mut self.run
            && (run.row, run.column + run.cells, run.colour, run.modifiers)
                == (row, column, colour, modifiers)
        {
            run.cells += cells;
            run.text.push_str(symbol);
            return;
        }
        self.end_run();
        self.run = Some(Run { row, column, cells, text: symbol.to_owned(), colour, modifiers });
    }

    fn end_run(&mut self) {
        let Some(run) = self.run.take() else { return };
        let (x, y) = (f32::from(run.column) * WIDTH, f32::from(run.row) * HEIGHT + BASELINE);
        let length = f32::from(run.cells) * WIDTH;
        let _ = write!(
            self.texts,
            r#"<text x="{x}" y="{y:.1}" textLength="{length}" fill="{}""#,
            run.colour.hex()
        );
        for (modifier, attribute) in [
            (Modifier::BOLD, r#" font-weight="bold""#),
            (Modifier::ITALIC, r#" font-style="italic""#),
            (Modifier::UNDERLINED, r#" text-decoration="underline""#),
            (Modifier::CROSSED_OUT, r#" text-decoration="line-through""#),
        ] {
            if run.modifiers.contains(modifier) {
                self.texts.push_str(attribute);
            }
        }
        self.texts.push('>');
        escape(&mut self.texts, &run.text);
        self.texts.push_str("</text>\n");
    }

    fn shape(&mut self, column: u16, row: u16, shape: Shape, colour: Rgb) {
        let (left, top) = (f32::from(column) * WIDTH, f32::from(row) * HEIGHT);
        let (middle, centre) = (left + WIDTH / 2.0, top + HEIGHT / 2.0);
        let areas = self.areas.entry(colour).or_default();
        match shape {
            Shape::Lines(arms) => self.lines.arms(column, row, arms, colour),
            Shape::Bend([up, right, ..]) => {
                let (from, toward) = if up > 0 { (top, -1.0) } else { (top + HEIGHT, 1.0) };
                let to = if right > 0 { left + WIDTH } else { left };
                let bend = centre + toward * WIDTH / 2.0;
                let _ = write!(
                    self.lines.bends.entry(colour).or_default(),
                    "M{middle} {from}V{bend}Q{middle} {centre} {to} {centre}"
                );
            }
            Shape::Dashed { arms, dashes } => {
                let heavy = arms.contains(&2);
                let path = self.lines.dashes.entry((colour, heavy)).or_default();
                let dashes = f32::from(dashes);
                for number in 0..dashes as u8 {
                    // Each dash has a third of its room as a gap, half of it on each side.
                    let place = (f32::from(number) + 1.0 / 6.0) / dashes;
                    let _ = if arms[1] > 0 {
                        write!(
                            path,
                            "M{:.2} {centre}h{:.2}",
                            left + WIDTH * place,
                            WIDTH / dashes * 2.0 / 3.0
                        )
                    } else {
                        write!(
                            path,
                            "M{middle} {:.2}v{:.2}",
                            top + HEIGHT * place,
                            HEIGHT / dashes * 2.0 / 3.0
                        )
                    };
                }
            }
            Shape::Block([from_left, from_top, to_right, to_bottom]) => {
                let part = |eighths: u8, whole: f32| f32::from(eighths) / 8.0 * whole;
                let (x, y) = (left + part(from_left, WIDTH), top + part(from_top, HEIGHT));
                rectangle(areas, x, y, part(to_right - from_left, WIDTH), part(to_bottom - from_top, HEIGHT));
            }
            Shape::Quarters(quarters) => {
                for (bit, x, y) in [(1, left, top), (2, middle, top), (4, left, centre), (8, middle, centre)]
                {
                    if quarters & bit != 0 {
                        rectangle(areas, x, y, WIDTH / 2.0, HEIGHT / 2.0);
                    }
                }
            }
            Shape::Shade(quarters) => {
                // As lines across the cell: between them is what is behind.
                let step = HEIGHT / 4.0;
                for line in 0..4_u8 {
                    rectangle(
                        areas,
                        left,
                        top + f32::from(line) * step,
                        WIDTH,
                        step / 4.0 * f32::from(quarters),
                    );
                }
            }
            Shape::Dots(dots) => {
                for (bit, column, row) in [
                    (0, 0, 0),
                    (1, 0, 1),
                    (2, 0, 2),
                    (3, 1, 0),
                    (4, 1, 1),
                    (5, 1, 2),
                    (6, 0, 3),
                    (7, 1, 3_u8),
                ] {
                    if dots >> bit & 1 == 1 {
                        let x = left + WIDTH * (0.25 + 0.5 * f32::from(column as u8));
                        let y = top + HEIGHT * (0.125 + 0.25 * f32::from(row));
                        rectangle(areas, x - 1.1, y - 1.1, 2.2, 2.2);
                    }
                }
            }
            Shape::Triangle { way, small } => {
                let reach = if small { 2.4 } else { 3.6 };
                let corners = [(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)];
                let (x, y): (f32, f32) = corners[usize::from(way) % 4];
                // The tip, then the ends of the base, across the way that it points.
                let _ = write!(
                    areas,
                    "M{} {}L{} {}L{} {}Z",
                    middle + x * reach,
                    centre + y * reach,
                    middle - x * reach + y * reach,
                    centre - y * reach + x * reach,
                    middle - x * reach - y * reach,
                    centre - y * reach - x * reach
                );
            }
        }
    }

    fn document(mut self, columns: u16, rows: u16, title: &str) -> String {
        self.end_run();
        self.end_ground();
        let (width, height) =
            (f32::from(columns) * WIDTH + 2.0 * MARGIN, f32::from(rows) * HEIGHT + 2.0 * MARGIN);
        let mut text = String::new();
        let _ = writeln!(
            text,
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">"#
        );
        text.push_str("<title>");
        escape(&mut text, title);
        text.push_str("</title>\n");
        let _ = writeln!(text, r#"<rect width="{width}" height="{height}" rx="8" fill="{}"/>"#, GROUND.hex());
        let _ = writeln!(text, r#"<g transform="translate({MARGIN} {MARGIN})">"#);
        text.push_str(&self.grounds);
        for (colour, path) in &self.areas {
            if !path.is_empty() {
                let _ = writeln!(text, r#"<path fill="{}" d="{path}"/>"#, colour.hex());
            }
        }
        self.lines.write(&mut text);
        let _ = writeln!(
            text,
            r#"<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace" font-size="{FONT_SIZE}">"#
        );
        text.push_str(&self.texts);
        text.push_str("</g>\n</g>\n</svg>\n");
        text
    }
}

fn rectangle(path: &mut String, x: f32, y: f32, width: f32, height: f32) {
    let _ = write!(path, "M{x} {y}h{width}v{height}h-{width}z");
}

/// Lines, put together from the pieces that the cells have.
#[derive(Default)]
struct Lines {
    /// By look and row: pieces across, from half a cell to the one after.
    across: BTreeMap<(Rgb, u8, u16), Vec<u32>>,
    /// By look and column, downwards.
    down: BTreeMap<(Rgb, u8, u16), Vec<u32>>,
    bends: BTreeMap<Rgb, String>,
    dashes: BTreeMap<(Rgb, bool), String>,
}

impl Lines {
    fn arms(&mut self, column: u16, row: u16, [up, right, down, left]: [u8; 4], colour: Rgb) {
        let (x, y) = (u32::from(column) * 2, u32::from(row) * 2);
        for (weight, place) in [(left, x), (right, x + 1)] {
            if weight > 0 {
                self.across.entry((colour, weight, row)).or_default().push(place);
            }
        }
        for (weight, place) in [(up, y), (down, y + 1)] {
            if weight > 0 {
                self.down.entry((colour, weight, column)).or_default().push(place);
            }
        }
    }

    fn write(&self, text: &mut String) {
        let mut paths: BTreeMap<(Rgb, u8), String> = BTreeMap::new();
        for ((colour, weight, row), pieces) in &self.across {
            let y = (f32::from(*row) + 0.5) * HEIGHT;
            for (start, length) in joined(pieces) {
                let path = paths.entry((*colour, *weight)).or_default();
                let _ = write!(path, "M{} {y}h{}", start * WIDTH / 2.0, length * WIDTH / 2.0);
            }
        }
        for ((colour, weight, column), pieces) in &self.down {
            let x = (f32::from(*column) + 0.5) * WIDTH;
            for (start, length) in joined(pieces) {
                let path = paths.entry((*colour, *weight)).or_default();
                let _ = write!(path, "M{x} {}v{}", start * HEIGHT / 2.0, length * HEIGHT / 2.0);
            }
        }
        for (colour, path) in &self.bends {
            paths.entry((*colour, 1)).or_default().push_str(path);
        }
        for ((colour, weight), path) in paths {
            stroke(text, colour, weight == 2, "square", &path);
        }
        for ((colour, heavy), path) in &self.dashes {
            stroke(text, *colour, *heavy, "butt", path);
        }
    }
}

fn stroke(text: &mut String, colour: Rgb, heavy: bool, cap: &str, path: &str) {
    let width = STROKES[usize::from(heavy)];
    let _ = writeln!(
        text,
        r#"<path fill="none" stroke="{}" stroke-width="{width}" stroke-linecap="{cap}" d="{path}"/>"#,
        colour.hex()
    );
}

/// Neighbouring pieces as one: where it starts and how long it is, in pieces.
fn joined(pieces: &[u32]) -> Vec<(f32, f32)> {
    pieces.chunk_by(|one, other| one + 1 == *other).map(|run| (run[0] as f32, run.len() as f32)).collect()
}

/// Appends a text as XML has it, without the characters that XML does not know.
fn escape(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' => out.push(' '),
            '\u{fffe}' | '\u{ffff}' => {}
            _ if character.is_control() => {}
            _ => out.push(character),
        }
    }
}

#[cfg(test)]
mod tests;
