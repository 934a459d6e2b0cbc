//! The help screen: the table of keys, and what the marks mean.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use super::text::width;
use crate::input::bindings;
use crate::theme::{Theme, edge_mark};
use crate::view::EdgeState;

/// A line: what is explained, how it looks, the explanation. A title has none.
struct Line {
    what: String,
    style: Style,
    explanation: &'static str,
}

/// The states and what they mean.
const MARKS: [(EdgeState, &str); 5] = [
    (EdgeState::New, "began just now"),
    (EdgeState::Steady, "open"),
    (EdgeState::Busy, "open, 100k/s or more"),
    (EdgeState::Closed, "closed just now"),
    (EdgeState::Failed, "did not get through"),
];

pub(super) fn render(buffer: &mut Buffer, area: Rect, theme: &Theme) {
    let keys = |section: &'static str| {
        let bindings = bindings().filter(move |binding| binding.section == section);
        let lines = bindings.map(|binding| Line {
            what: binding.shown.to_owned(),
            style: theme.key,
            explanation: binding.what,
        });
        [Line { what: section.to_owned(), style: theme.strong, explanation: "" }].into_iter().chain(lines)
    };
    let left: Vec<Line> = keys("Keys").collect();
    let mut right: Vec<Line> = keys("Views").chain(keys("While typing")).collect();
    right.push(Line { what: String::from("Connections"), style: theme.strong, explanation: "" });
    right.extend(MARKS.map(|(state, explanation)| Line {
        what: edge_mark(state).repeat(3),
        style: theme.edge(state),
        explanation,
    }));

    let (left_what, left_cells) = widths(&left);
    let (right_what, right_cells) = widths(&right);
    let wanted = (left_cells + right_cells + 3 + 4) as u16;
    let height = (left.len().max(right.len()) + 2) as u16;
    let (wide, high) = (wanted.min(area.width), height.min(area.height));
    let panel = Rect {
        x: area.x + (area.width - wide) / 2,
        y: area.y + (area.height - high) / 2,
        width: wide,
        height: high,
    };
    Clear.render(panel, buffer);
    let block = Block::bordered().border_type(BorderType::Rounded).border_style(theme.border_active);
    let inner = block.inner(panel);
    block.render(panel, buffer);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    column(buffer, inner, &left, left_what, theme);
    // Where both columns do not fit beside each other, the keys are what a person looks for.
    let x = left_cells as u16 + 3;
    if inner.width >= x + right_cells as u16 {
        let beside = Rect { x: inner.x + x, width: inner.width - x, ..inner };
        column(buffer, beside, &right, right_what, theme);
    }
}

fn widths(lines: &[Line]) -> (usize, usize) {
    let entries = || lines.iter().filter(|line| !line.explanation.is_empty());
    let what = entries().map(|line| width(&line.what)).max().unwrap_or(0) + 2;
    (what, what + entries().map(|line| width(line.explanation)).max().unwrap_or(0))
}

fn column(buffer: &mut Buffer, area: Rect, lines: &[Line], what: usize, theme: &Theme) {
    for (line, y) in lines.iter().zip(area.y..area.bottom()) {
        buffer.set_stringn(area.x, y, &line.what, area.width.into(), line.style);
        let room = usize::from(area.width).saturating_sub(what);
        buffer.set_stringn(area.x + what as u16, y, line.explanation, room, theme.text);
    }
}
