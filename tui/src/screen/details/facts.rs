//! Facts: names, and values that are wrapped, so that they can be read and copied whole.

use ratatui::text::{Line, Span};

use super::super::text::{clip, pad, width, wrap};
use crate::theme::Theme;
use crate::view::Fact;

/// The lines that one fact takes at most: some command lines fill pages.
const LINES: usize = 8;
/// The cells between the names and the values.
const GAP: usize = 2;

pub(super) fn lines(lines: &mut Vec<Line<'static>>, facts: &[Fact], cells: usize, theme: &Theme) {
    // Long names, as labels have, are wrapped as well.
    let names = facts.iter().map(|fact| width(&fact.name)).max().unwrap_or(0).min(cells / 2);
    let indent = if names == 0 { 0 } else { names + GAP };
    let room = cells.saturating_sub(indent).max(1);
    for fact in facts {
        let mut values = wrap(&fact.value, room);
        if values.len() > LINES {
            values.truncate(LINES);
            if let Some(last) = values.last_mut() {
                // Longer than the line, so that it is clipped.
                *last = clip(&format!("{last}{}", " ".repeat(cells)), room);
            }
        }
        let names_of_it = wrap(&fact.name, names.max(1));
        for number in 0..values.len().max(names_of_it.len()) {
            let part = |parts: &[String]| parts.get(number).cloned().unwrap_or_default();
            lines.push(Line::from(vec![
                Span::styled(pad(&part(&names_of_it), indent, false), theme.dim),
                Span::styled(part(&values), theme.text),
            ]));
        }
    }
}
