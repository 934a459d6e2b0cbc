//! The details of what is selected: sections under headings; on a wide screen two beside each other.

mod chart;
mod facts;
mod table;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Widget};

use super::text::{clip, width};
use crate::app::App;
use crate::theme::Theme;
use crate::view::{Body, Details, Place, Section};

/// The cells at the sides that are the frame's.
const FRAME: u16 = 4;
/// From how many cells on sections stand beside each other.
const TWO_COLUMNS: usize = 112;
/// The cells between the two.
const GUTTER: usize = 3;

/// How many lines the panel would like to have on a screen of a width.
pub(super) fn height(app: &App, width: u16) -> u16 {
    // Looks do not count here.
    let cells = usize::from(width.saturating_sub(FRAME));
    let lines = app.details.as_ref().map_or(0, |details| lines(details, cells, &Theme::plain()).len());
    u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2)
}

pub(super) fn render(buffer: &mut Buffer, area: Rect, app: &mut App, theme: &Theme) {
    let block = Block::bordered().border_type(BorderType::Rounded).border_style(theme.border_active);
    let inner = block.inner(area);
    block.render(area, buffer);
    let title = |text: &str| format!(" {} ", clip(text, usize::from(area.width).saturating_sub(18)));
    let Some(details) = &app.details else {
        buffer.set_string(area.x + 2, area.y, title("details"), theme.strong);
        let nothing =
            if app.selection.is_none() { "nothing is selected" } else { "it is not in the picture" };
        buffer.set_stringn(inner.x + 1, inner.y, nothing, inner.width.into(), theme.dim);
        return;
    };
    if app.details_gone {
        buffer.set_string(area.x + 2, area.y, title(&format!("{}  gone", details.title)), theme.closed);
    } else {
        buffer.set_string(area.x + 2, area.y, title(&details.title), theme.strong);
    }
    let inner = Rect { x: inner.x + 1, width: area.width.saturating_sub(FRAME), ..inner };
    let lines = lines(details, inner.width.into(), theme);
    let seen = usize::from(inner.height);
    app.details_lines = (lines.len(), seen);
    app.details_offset = app.details_offset.min(lines.len().saturating_sub(seen));
    for (line, y) in lines.iter().skip(app.details_offset).zip(inner.top()..inner.bottom()) {
        buffer.set_line(inner.x, y, line, inner.width);
    }
    if app.details_gone {
        buffer.set_style(inner, theme.closed);
    }
    let below = lines.len().saturating_sub(app.details_offset + seen);
    let hidden = [(app.details_offset, "▲", "PgUp", area.y), (below, "▼", "PgDn", area.bottom() - 1)];
    for (lines, arrow, key, y) in hidden {
        if lines > 0 {
            let note = format!(" {arrow} {lines} {key} ");
            let x = area.right().saturating_sub(width(&note) as u16 + 2).max(area.x);
            buffer.set_stringn(x, y, note, area.width.into(), theme.warning);
        }
    }
}

/// All lines of the details, in so many cells.
fn lines(details: &Details, cells: usize, theme: &Theme) -> Vec<Line<'static>> {
    let of = |place: Option<Place>, cells: usize| {
        let sections =
            details.sections.iter().filter(|section| place.is_none_or(|place| section.place == place));
        sections.flat_map(|section| section_lines(section, cells, theme)).collect::<Vec<_>>()
    };
    if cells < TWO_COLUMNS {
        return of(None, cells);
    }
    // Tables need more room than facts.
    let left = (cells - GUTTER) * 2 / 5;
    let [mut one, mut other] = [of(Some(Place::Left), left), of(Some(Place::Right), cells - GUTTER - left)];
    let height = one.len().max(other.len());
    one.resize(height, Line::default());
    other.resize(height, Line::default());
    let mut lines: Vec<_> = one.into_iter().zip(other).map(|(one, other)| beside(one, other, left)).collect();
    lines.extend(of(Some(Place::Whole), cells));
    lines
}

/// Two lines as one, each in its own style.
fn beside(one: Line<'static>, other: Line<'static>, left: usize) -> Line<'static> {
    let blank = Span::raw(" ".repeat((left + GUTTER).saturating_sub(one.width())));
    let own = |line: Line<'static>| {
        let style = line.style;
        line.spans.into_iter().map(move |span| Span { style: style.patch(span.style), ..span })
    };
    own(one).chain([blank]).chain(own(other)).collect()
}

fn section_lines(section: &Section, cells: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = vec![heading(section, cells, theme)];
    match &section.body {
        Body::Facts(of) => facts::lines(&mut lines, of, cells, theme),
        Body::Table(of) => table::lines(&mut lines, of, cells, theme),
        Body::Charts { charts, tick } => chart::lines(&mut lines, charts, *tick, cells, theme),
    }
    lines
}

/// The heading, what it says besides, and a rule to the end of the line.
fn heading(section: &Section, cells: usize, theme: &Theme) -> Line<'static> {
    let name = clip(section.heading, cells);
    let note = if section.note.is_empty() { String::new() } else { format!(" {}", section.note) };
    let note = clip(&note, cells.saturating_sub(width(&name)));
    let rule = cells.saturating_sub(width(&name) + width(&note));
    let rule = if rule > 1 { format!(" {}", "─".repeat(rule - 1)) } else { String::new() };
    Line::from(vec![
        Span::styled(name, theme.strong),
        Span::styled(note, theme.text),
        Span::styled(rule, theme.border),
    ])
}

#[cfg(test)]
mod tests;
