//! How numbers went: areas of dots, beside each other, each with what it was at most.

use ratatui::text::{Line, Span};

use super::super::text::{clip, pad, width};
use crate::human;
use crate::theme::Theme;
use crate::view::Chart;

/// The lines of an area.
const ROWS: usize = 3;
/// The dots in a cell, one above the other.
const DOTS: usize = 4;
/// The cells that a chart needs at least.
const LEAST: usize = 17;
/// The cells between two charts.
const GAP: usize = 2;

/// The bits of a Braille cell from the bottom up: the left column of dots, and the right one.
const LEFT: [u32; DOTS] = [0x40, 0x04, 0x02, 0x01];
const RIGHT: [u32; DOTS] = [0x80, 0x20, 0x10, 0x08];

pub(super) fn lines(
    lines: &mut Vec<Line<'static>>,
    charts: &[Chart],
    tick: u64,
    cells: usize,
    theme: &Theme,
) {
    let abreast = charts.len().min(((cells + GAP) / (LEAST + GAP)).max(1)).max(1);
    let own = ((cells + GAP) / abreast).saturating_sub(GAP);
    for charts in charts.chunks(abreast) {
        let blocks: Vec<[Vec<Span<'static>>; ROWS + 1]> =
            charts.iter().map(|chart| block(chart, tick, own, theme)).collect();
        for row in 0..=ROWS {
            let mut spans = Vec::new();
            for (place, block) in blocks.iter().enumerate() {
                if place > 0 {
                    spans.push(Span::raw(" ".repeat(GAP)));
                }
                spans.extend(block[row].iter().cloned());
            }
            lines.push(Line::from(spans));
        }
    }
}

/// A chart in so many cells: what it is now, and the area with the most at its top.
fn block(chart: &Chart, tick: u64, cells: usize, theme: &Theme) -> [Vec<Span<'static>>; ROWS + 1] {
    let known = || chart.values.iter().flatten().copied();
    let told =
        |number: Option<f32>| number.map_or_else(|| String::from("–"), |number| chart.unit.told(number));
    let most =
        known().fold(None, |most: Option<f32>, value| Some(most.map_or(value, |most| most.max(value))));
    let least =
        known().fold(None, |least: Option<f32>, value| Some(least.map_or(value, |least| least.min(value))));
    // What is being read of this tick is not there yet: the newest that is.
    let newest = chart.values.iter().rev().take(2).find_map(|value| *value);

    let labels = most.map_or_else(Default::default, |most| [told(Some(most)), String::from("0")]);
    let side = labels.iter().map(|label| width(label)).max().unwrap_or(0) + 1;
    let area = cells.saturating_sub(side).min(chart.values.len().div_ceil(2));
    let shown = &chart.values[chart.values.len().saturating_sub(2 * area)..];
    let heights = heights(shown, most.unwrap_or(0.0));

    let now = told(newest);
    let name = clip(chart.name, cells);
    let now = clip(&format!(" {now}"), cells - width(&name));
    // How far back it goes, and the least, where there is room.
    let ticks = human::tick(tick.saturating_mul(shown.len() as u64));
    let rest = cells - width(&name) - width(&now);
    let whole = least.map(|least| format!("  min {}  {ticks}", told(Some(least))));
    let span = whole.into_iter().chain([format!("  {ticks}")]).find(|span| width(span) <= rest);
    let span = span.unwrap_or_default();
    let title = vec![
        Span::styled(name, theme.dim),
        Span::styled(now, theme.strong),
        Span::styled(pad(&span, rest, false), theme.dim),
    ];
    let row = |row: usize| {
        let label = match row {
            0 => labels[0].as_str(),
            row if row + 1 == ROWS => labels[1].as_str(),
            _ => "",
        };
        let dots: String = heights.chunks(2).map(|pair| braille(pair, row)).collect();
        let rest = cells.saturating_sub(width(&dots));
        vec![
            Span::styled(dots, theme.text),
            Span::styled(pad(&clip(&format!(" {label}"), rest), rest, false), theme.dim),
        ]
    };
    [title, row(0), row(1), row(2)]
}

/// How many dots high each value is: anything above zero at least two, zero one, what is not known none.
fn heights(values: &[Option<f32>], most: f32) -> Vec<usize> {
    let full = ROWS * DOTS;
    let height = |value: &Option<f32>| match *value {
        None => 0,
        Some(value) if value > 0.0 && most > 0.0 => {
            ((value / most * full as f32).ceil() as usize).clamp(2, full)
        }
        Some(_) => 1,
    };
    // An even number, so that the newest one is in the right half of the last cell.
    let odd = (values.len() % 2 == 1).then_some(0);
    odd.into_iter().chain(values.iter().map(height)).collect()
}

/// The cell of a row (from the top) with two columns of dots that are so high.
fn braille(pair: &[usize], row: usize) -> char {
    let below = (ROWS - 1 - row) * DOTS;
    let bits = |height: Option<&usize>, dots: &[u32; DOTS]| {
        let own = height.map_or(0, |height| height.saturating_sub(below).min(DOTS));
        dots[..own].iter().sum::<u32>()
    };
    let bits = bits(pair.first(), &LEFT) + bits(pair.get(1), &RIGHT);
    if bits == 0 { ' ' } else { char::from_u32(0x2800 + bits).unwrap_or(' ') }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(values: &[Option<f32>], most: f32) -> Vec<String> {
        let heights = heights(values, most);
        (0..ROWS).map(|row| heights.chunks(2).map(|pair| braille(pair, row)).collect()).collect()
    }

    #[test]
    fn the_most_is_as_high_as_the_chart_and_nothing_is_a_line() {
        let values = [0.0, 0.0, 1.0, 50.0, 100.0, 25.0].map(Some);
        assert_eq!(rows(&values, 100.0), ["  ⡇", " ⢠⡇", "⣀⣼⣷"]);
        assert_eq!(rows(&[Some(0.0); 4], 0.0), ["  ", "  ", "⣀⣀"]);
    }

    #[test]
    fn what_is_not_known_is_blank_and_the_newest_is_at_the_right() {
        assert_eq!(rows(&[None, Some(4.0), None], 4.0), ["⡇", "⡇", "⡇"].map(|row| format!(" {row}")));
        assert_eq!(rows(&[Some(1.0)], 1.0), ["⢸", "⢸", "⢸"]);
    }
}
