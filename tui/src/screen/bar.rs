//! The lines below the header: the filter and the search text, in use or being typed, or what is missing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::hits::Hits;
use super::missing;
use super::tabs::{self, total};
use super::text::{Piece, clip, width, write};
use super::trail;
use crate::app::{App, Editor, Prompt, PromptKind, Tracking};
use crate::human;
use crate::input::Action;
use crate::theme::Theme;

/// Typing begins in this column: the names of both bars are equally long.
const INDENT: u16 = 9;
/// What a filter may look like, as long as nothing is wrong with it.
const HINT: &str = "comm=nginx and not port=443   netns=web or ip=10.0.0.0/8";

/// How many lines the bar takes: a second one for what is wrong with a filter that is being typed.
pub(super) fn height(app: &App) -> u16 {
    match &app.prompt {
        Some(Prompt { kind: PromptKind::Filter(_), .. }) => 2,
        _ => 1,
    }
}

pub(super) fn render(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme, hits: &mut Hits) {
    match &app.prompt {
        Some(Prompt { editor, kind: PromptKind::Filter(error) }) => {
            let (mark, style) = if error.is_some() { ("✗", theme.error) } else { ("✓", theme.good) };
            let room = typed(buffer, area, " filter  ", editor, 3, theme);
            buffer.set_string(area.right() - 2, area.y, mark, style);
            let below = Rect { y: area.y + 1, height: 1, ..area };
            if let Some(error) = error {
                let before = editor.text().chars().take(error.column.saturating_sub(1));
                let column = width(&before.collect::<String>()).saturating_sub(room);
                let marked = error.length.clamp(1, usize::from(area.width));
                explain(buffer, below, column as u16, marked as u16, &error.message, theme);
            } else {
                let room = usize::from(area.width - INDENT);
                let mut hint = String::from(HINT);
                for saved in &app.saved {
                    hint.push_str("   @");
                    hint.push_str(&saved.name);
                }
                buffer.set_string(area.x + INDENT, below.y, clip(&hint, room), theme.dim);
            }
        }
        Some(Prompt { editor, kind: PromptKind::Search { .. } }) => {
            let (found, style) = found(app, theme);
            let cells = width(&found) as u16 + 2;
            typed(buffer, area, " search  ", editor, cells, theme);
            buffer.set_string(area.right().saturating_sub(cells - 1), area.y, found, style);
        }
        None => looked_at(buffer, area, app, theme, hits),
    }
}

/// Draws a line that is being typed, with its cursor. Returns how many cells of it are out of sight at the left.
fn typed(buffer: &mut Buffer, area: Rect, name: &str, editor: &Editor, kept: u16, theme: &Theme) -> usize {
    buffer.set_string(area.x, area.y, name, theme.key);
    let (before, after) = editor.split();
    let room = usize::from(area.width.saturating_sub(INDENT + kept));
    // One cell is the cursor's when it stands at the end.
    let mut out_of_sight = 0;
    let mut seen = before;
    let whole = width(before);
    while whole.saturating_sub(out_of_sight) + 1 > room {
        let mut characters = seen.chars();
        let Some(first) = characters.next() else { break };
        out_of_sight += width(first.encode_utf8(&mut [0; 4]));
        seen = characters.as_str();
    }
    let (x, y) = buffer.set_stringn(area.x + INDENT, area.y, seen, room, theme.strong);
    let left = room.saturating_sub(width(seen));
    buffer.set_stringn(x, y, if after.is_empty() { " " } else { after }, left, theme.strong);
    buffer[(x, y)].set_style(theme.selected);
    out_of_sight
}

/// Carets below what is wrong, and why it is: to their right where there is room, else to their left.
fn explain(buffer: &mut Buffer, area: Rect, column: u16, marked: u16, message: &str, theme: &Theme) {
    let cells = width(message) as u16;
    let start = (area.x + INDENT + column).min(area.right() - 2);
    let end = (start + marked).min(area.right() - 1);
    if end + 1 + cells < area.right() {
        buffer.set_string(end + 1, area.y, message, theme.error);
    } else if area.x + cells + 2 < start {
        buffer.set_string(start - 1 - cells, area.y, message, theme.error);
    } else {
        // Too long for either side: the carets give way, and the column is told in words.
        let message = format!("column {}: {message}", column + 1);
        buffer.set_string(area.x + 1, area.y, clip(&message, (area.width - 2).into()), theme.error);
        return;
    }
    buffer.set_string(start, area.y, "^".repeat((end - start).into()), theme.error);
}

/// How the graph is looked at, and where the user is in it: the views, the way to what is selected, what is kept away,
/// the protocols. What needs no looking at gives way.
fn looked_at(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme, hits: &mut Hits) {
    let cells = usize::from(area.width);
    let searching = searching(app, theme);
    let least = total(&tabs::views(app, 0, theme));
    let switched_off = total(&tabs::protocols(app, 0, theme));
    // The way gets a half of what there is beside them, and what nothing else takes.
    let free = cells.saturating_sub(least + switched_off);
    let way = total(&trail::short(app, free / 2, theme));
    let in_use = in_use(app, free.saturating_sub(way), theme);
    let others = total(&in_use) + total(&searching) + switched_off + 1;
    // The filter, and which match it is.
    let needed = in_use.iter().chain(&searching).filter(|piece| piece.rank == 0);
    let needed: usize = needed.map(|piece| width(&piece.text)).sum();
    let whole = trail::whole(app, theme);
    let beside = cells.saturating_sub(others + total(&whole));
    let views = tabs::views(app, beside, theme);
    // The name of the view need not be told twice.
    let fits = views.len() > 1 && total(&views) + total(&whole) + others <= cells;
    let (mut left, mut trail) = if fits && !whole.is_empty() {
        (views, whole)
    } else {
        let room = cells.saturating_sub(others + least).max((free / 2).min(free.saturating_sub(needed)));
        let trail = trail::short(app, room, theme);
        (tabs::views(app, cells.saturating_sub(others + total(&trail)), theme), trail)
    };
    if !trail.is_empty() && !in_use.is_empty() {
        trail.push(Piece::new(" ", theme.dim, 0));
    }
    left.extend(trail);
    left.extend(in_use);
    let taken = total(&left) + total(&searching);
    let mut right = searching;
    right.extend(tabs::protocols(app, cells.saturating_sub(taken), theme));
    write(buffer, area, left, right, hits);
}

fn in_use(app: &App, cells: usize, theme: &Theme) -> Vec<Piece> {
    if let Tracking::Stopped(why) = &app.tracking {
        let why = clip(why, cells.saturating_sub(4));
        return vec![Piece::new(" ✗ ", theme.error, 0), Piece::new(why, theme.error, 0)];
    }
    if let Some(filter) = &app.filter {
        let hidden = app.view.hidden;
        let mut pieces = vec![
            Piece::new(" filter  ", theme.key, 1),
            Piece::new(clip(&filter.text, cells.saturating_sub(4)), theme.strong, 0).asking(Action::Filter),
            Piece::new("  ✓", theme.good, 0),
        ];
        pieces.extend(hides(hidden.connections, hidden.nodes, theme));
        return pieces;
    }
    // What can be mended has a line of its own.
    let host = app.view.host.as_ref().filter(|_| missing::height(app) == 0);
    let Some([reason, others @ ..]) = host.map(|host| host.reasons.as_slice()) else { return Vec::new() };
    let more = if others.is_empty() {
        String::new()
    } else {
        format!("  (+{}: {} tells)", others.len(), app.keymap.key_of(Action::Help))
    };
    // Half a sentence says more than none.
    let room = cells.saturating_sub(width(&more) + 4);
    vec![
        Piece::new(" ! ", theme.warning, 0),
        Piece::new(clip(reason, room), theme.warning, 0),
        Piece::new(more, theme.dim, 0).asking(Action::Help),
    ]
}

/// How much is kept away; nothing where nothing is.
pub(super) fn hides(connections: usize, nodes: usize, theme: &Theme) -> Option<Piece> {
    let things: Vec<_> = [(connections, "conn"), (nodes, "node")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| {
            format!("{} {what}{}", human::count(number), if number == 1 { "" } else { "s" })
        })
        .collect();
    (!things.is_empty()).then(|| Piece::new(format!("  hides {}", things.join(", ")), theme.dim, 2))
}

fn searching(app: &App, theme: &Theme) -> Vec<Piece> {
    if app.search.is_empty() {
        return Vec::new();
    }
    let (found, style) = found(app, theme);
    vec![
        Piece::new("  search", theme.key, 5),
        Piece::new(format!("  {}", app.search), theme.strong, 4).asking(Action::Search),
        Piece::new(format!("  {found} "), style, 0),
    ]
}

fn found(app: &App, theme: &Theme) -> (String, Style) {
    if app.search.is_empty() {
        return (String::new(), theme.dim);
    }
    match app.match_position() {
        (_, 0) => (String::from("not found"), theme.warning),
        (0, matches) => {
            let before = app.matches_before_gone().filter(|before| *before > 0);
            let found =
                before.map_or_else(|| format!("{matches} found"), |n| format!("after {n} of {matches}"));
            (found, theme.good)
        }
        (position, matches) => (format!("{position} of {matches}"), theme.good),
    }
}
