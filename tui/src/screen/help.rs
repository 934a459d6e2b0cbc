//! The help screen: the keys in use, and what the marks mean, in as many pages as they need.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use super::text::{clip, width, wrap};
use crate::app::App;
use crate::input::{Action, Scope};
use crate::theme::{Theme, edge_mark};
use crate::view::EdgeState;

/// The cells between two columns.
const GAP: usize = 3;

/// The cells that a sentence is told in; a command for the shell stays in one piece.
const SENTENCE: usize = 62;

/// A line: what is explained, how it looks, the explanation. A title has none.
#[derive(Clone)]
struct Line {
    what: String,
    style: Style,
    explanation: &'static str,
}

/// Lines that stand below each other, and the cells that both halves of them take.
struct Column {
    lines: Vec<Line>,
    what: usize,
    cells: usize,
}

/// The states and what they mean.
pub(super) const MARKS: [(EdgeState, &str); 5] = [
    (EdgeState::New, "began just now"),
    (EdgeState::Steady, "open"),
    (EdgeState::Busy, "open, 100k/s or more"),
    (EdgeState::Closed, "closed just now"),
    (EdgeState::Failed, "did not get through"),
];

/// How lines meet.
pub(super) const MEETINGS: [(&str, &str); 2] = [("─┼─", "lines that join"), ("─│─", "one passes behind")];

pub(super) fn render(buffer: &mut Buffer, area: Rect, app: &mut App, theme: &Theme) {
    // The frame, and a blank at either side.
    let (cells, lines) =
        (usize::from(area.width.saturating_sub(4)), usize::from(area.height.saturating_sub(2)));
    let sections = sections(app, theme);
    let of = |lines: usize| pages(columns(&sections, lines), cells);
    let fewest = of(lines.max(1)).len();
    // No more lines than as many pages need, so that columns are of about one height; but sections stay whole.
    let longest = sections.iter().map(Vec::len).max().unwrap_or(1);
    let pages =
        (longest..lines).map(of).find(|pages| pages.len() == fewest).unwrap_or_else(|| of(lines.max(1)));
    app.help_pages = pages.len();
    let page = app.help_page.min(pages.len().saturating_sub(1));

    // As large as the largest page: turning pages moves nothing.
    let wide = pages.iter().map(|page| total(page)).max().unwrap_or(0) + 4;
    let high = pages.iter().flatten().map(|column| column.lines.len()).max().unwrap_or(0) + 2;
    let (wide, high) = ((wide as u16).min(area.width), (high as u16).min(area.height));
    let panel = Rect {
        x: area.x + (area.width - wide) / 2,
        y: area.y + (area.height - high) / 2,
        width: wide,
        height: high,
    };
    Clear.render(panel, buffer);
    let mut block = Block::bordered().border_type(BorderType::Rounded).border_style(theme.border_active);
    let close = closing(app).map_or_else(String::new, |key| format!("{key} closes "));
    block = if pages.len() > 1 {
        let turn = if page + 1 < pages.len() {
            format!("{} more", app.keymap.key_of(Action::PageDown))
        } else {
            format!("{} back", app.keymap.key_of(Action::PageUp))
        };
        block.title_bottom(format!(" {} of {}  {turn}  {close}", page + 1, pages.len()))
    } else {
        block.title_bottom(format!(" {close}"))
    };
    let inner = block.inner(panel);
    block.render(panel, buffer);
    let mut x = inner.x + 1;
    for column in pages.get(page).into_iter().flatten() {
        let right = inner.right().saturating_sub(1);
        draw(buffer, Rect { x, width: right.saturating_sub(x), ..inner }, column, theme);
        x += (column.cells + GAP) as u16;
    }
}

/// The key that closes it.
fn closing(app: &App) -> Option<&str> {
    let rows = app.keymap.rows().iter().filter(|row| row.binding.scope == Scope::Help);
    let mut closing = rows.filter(|row| row.binding.keys.iter().any(|(_, action)| *action == Action::Back));
    let row = closing.next()?;
    row.footer.as_ref().map(|(key, _)| key.as_str())
}

/// Every section of the table, in the order in which the table has them, and the marks.
fn sections(app: &App, theme: &Theme) -> Vec<Vec<Line>> {
    let mut sections: Vec<(&str, Vec<Line>)> = missing(app, theme).into_iter().collect();
    // The choice of columns tells its own keys, and so does the help, in the last line.
    let told_below = [Scope::Columns, Scope::Help];
    for row in app.keymap.rows().iter().filter(|row| !told_below.contains(&row.binding.scope)) {
        let line = Line { what: row.shown.clone(), style: theme.key, explanation: row.binding.what };
        match sections.iter_mut().find(|(section, _)| *section == row.binding.section) {
            Some((_, lines)) => lines.push(line),
            None => sections.push((row.binding.section, vec![line])),
        }
    }
    let marks = MARKS.map(|(state, explanation)| Line {
        what: edge_mark(state).repeat(3),
        style: theme.edge(state),
        explanation,
    });
    let meetings = MEETINGS.map(|(what, explanation)| Line {
        what: what.to_owned(),
        style: theme.edge(EdgeState::Steady),
        explanation,
    });
    sections.push(("Connections", marks.into_iter().chain(meetings).collect()));
    let titled = |(title, lines): (&str, Vec<Line>)| {
        let title = Line { what: title.to_owned(), style: theme.strong, explanation: "" };
        [title].into_iter().chain(lines).collect()
    };
    sections.into_iter().map(titled).collect()
}

/// What the picture lacks, all of it, and what would help.
fn missing(app: &App, theme: &Theme) -> Option<(&'static str, Vec<Line>)> {
    let host = app.view.host.as_ref().filter(|host| !host.reasons.is_empty())?;
    // Of a recording nothing is to be mended.
    let remedy = host.remedy.as_ref().filter(|_| !app.time.is_recording());
    let sentences = host.reasons.iter().map(|reason| (reason, theme.text));
    let lines = sentences.chain(remedy.map(|remedy| (remedy, theme.strong))).flat_map(|(sentence, style)| {
        let wrapped = wrap(sentence, SENTENCE - 2).into_iter().enumerate();
        wrapped.map(move |(number, line)| {
            let mark = if number == 0 { "· " } else { "  " };
            Line { what: format!("{mark}{}", line.trim_end()), style, explanation: "" }
        })
    });
    Some(("What is missing", lines.collect()))
}

/// Sections below each other in columns of so many lines. A section stays whole where a column can hold it.
fn columns(sections: &[Vec<Line>], most: usize) -> Vec<Column> {
    let mut columns: Vec<Vec<Line>> = vec![Vec::new()];
    for section in sections {
        let used = columns.last().map_or(0, Vec::len);
        let blank = usize::from(used > 0);
        if used + blank + section.len() > most && (section.len() <= most || used + blank + 2 > most) {
            columns.push(Vec::new());
        } else if blank > 0
            && let Some(column) = columns.last_mut()
        {
            column.push(Line { what: String::new(), style: Style::new(), explanation: "" });
        }
        for line in section {
            if columns.last().is_some_and(|column| column.len() == most) {
                columns.push(Vec::new());
            }
            if let Some(column) = columns.last_mut() {
                column.push(line.clone());
            }
        }
    }
    columns.into_iter().map(measured).collect()
}

fn measured(lines: Vec<Line>) -> Column {
    let entries = || lines.iter().filter(|line| !line.explanation.is_empty());
    let what = entries().map(|line| width(&line.what)).max().unwrap_or(0) + 2;
    let titles = lines.iter().map(|line| width(&line.what)).max().unwrap_or(0);
    let cells = titles.max(what + entries().map(|line| width(line.explanation)).max().unwrap_or(0));
    Column { lines, what, cells }
}

/// Columns beside each other on pages of so many cells, at least one on each.
fn pages(columns: Vec<Column>, cells: usize) -> Vec<Vec<Column>> {
    let mut pages: Vec<Vec<Column>> = Vec::new();
    for column in columns {
        match pages.last_mut() {
            Some(page) if total(page) + GAP + column.cells <= cells => page.push(column),
            _ => pages.push(vec![column]),
        }
    }
    pages
}

/// The cells of columns beside each other.
fn total(page: &[Column]) -> usize {
    page.iter().map(|column| column.cells).sum::<usize>() + GAP * page.len().saturating_sub(1)
}

fn draw(buffer: &mut Buffer, area: Rect, column: &Column, theme: &Theme) {
    let cells = usize::from(area.width);
    for (line, y) in column.lines.iter().zip(area.y..area.bottom()) {
        buffer.set_string(area.x, y, clip(&line.what, cells), line.style);
        let explanation = clip(line.explanation, cells.saturating_sub(column.what));
        if !explanation.is_empty() {
            buffer.set_string(area.x + column.what as u16, y, explanation, theme.text);
        }
    }
}
