//! The details of what is selected: sections under headings; on a wide screen two beside each other.

mod chart;
mod facts;
mod table;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Widget};

use super::header::time_of_day;
use super::text::{clip, width};
use crate::app::{Absence, App};
use crate::input::Action;
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
    let lines =
        app.inspection.as_ref().map_or(0, |known| lines(&known.details, cells, &Theme::plain()).len());
    u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2)
}

pub(super) fn render(buffer: &mut Buffer, area: Rect, app: &mut App, theme: &Theme) {
    let block = Block::bordered().border_type(BorderType::Rounded).border_style(theme.border_active);
    let inner = block.inner(area);
    block.render(area, buffer);
    let gone = app.absence.map(|absence| fate(app, absence));
    let style = if gone.is_some() { theme.closed } else { theme.strong };
    let gone = gone.map_or_else(String::new, |fate| format!("  {fate}"));
    let name = app.inspection.as_ref().map(|known| known.details.title.as_str());
    let name = name.or(app.selected_label()).unwrap_or("details");
    // The fate of what is gone says more than the end of its name.
    let room = usize::from(area.width).saturating_sub(18);
    let title = format!("{}{gone}", clip(name, room.saturating_sub(width(&gone))));
    buffer.set_string(area.x + 2, area.y, format!(" {} ", clip(&title, room)), style);
    if let Some(note) = way_back(app) {
        let note = format!(" {} ", clip(&note, room));
        buffer.set_string(area.x + 2, area.bottom() - 1, note, theme.warning);
    }
    let Some(known) = &app.inspection else {
        app.details_lines = (0, 0);
        let nothing = match (app.selection.is_none(), app.absence) {
            (true, _) => "nothing is selected",
            (_, Some(Absence::Hidden)) => "the filter, or a protocol that is switched off, keeps it away",
            _ => "its details were not open while it was there",
        };
        buffer.set_stringn(inner.x + 1, inner.y, nothing, inner.width.into(), theme.dim);
        return;
    };
    let details = &known.details;
    let inner = Rect { x: inner.x + 1, width: area.width.saturating_sub(FRAME), ..inner };
    let lines = lines(details, inner.width.into(), theme);
    let seen = usize::from(inner.height);
    app.details_lines = (lines.len(), seen);
    app.details_offset = app.details_offset.min(lines.len().saturating_sub(seen));
    for (line, y) in lines.iter().skip(app.details_offset).zip(inner.top()..inner.bottom()) {
        buffer.set_line(inner.x, y, line, inner.width);
    }
    if app.absence.is_some() {
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

/// Why the selected thing is not in the picture, with the moment at which it was.
fn fate(app: &App, absence: Absence) -> String {
    let seen = app.last_seen().map(|at| time_of_day(app, at));
    match (absence, seen) {
        (Absence::Gone, Some(seen)) => format!("gone, last there at {seen}"),
        (Absence::Gone, None) => String::from("gone"),
        (Absence::Later, seen) => format!("not yet there, but at {}", seen.unwrap_or_default()),
        (Absence::Hidden, _) => String::from("not shown"),
    }
}

/// What the lower border of the panel says of something that is gone: how old the facts are, where they are older than it
/// got, and how to come back to it.
fn way_back(app: &App) -> Option<String> {
    let seen = app.absence.and(app.last_seen());
    let read = app.inspection.as_ref().map(|known| known.at);
    let old = read.filter(|read| seen.is_some_and(|seen| seen != *read));
    let old = old.map(|read| format!("this is of {}", time_of_day(app, read)));
    let back = app.can_return().then(|| format!("{} goes back to it", app.keymap.key_of(Action::Open)));
    let notes: Vec<String> = old.into_iter().chain(back).collect();
    (!notes.is_empty()).then(|| notes.join("; "))
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
