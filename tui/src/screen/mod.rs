//! Drawing: where the panels are. One file a panel; each reads the application and writes into its part of the screen.

mod bar;
mod chooser;
mod details;
mod footer;
mod header;
mod help;
mod hits;
mod list;
mod log;
mod missing;
mod tabs;
mod text;
mod timeline;
mod trail;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use scopetop_tracker::topology::grouping::Protocols;

use crate::app::{App, Mode, Tracking};
use crate::graph;
use crate::human;
use crate::input::Action;
use crate::theme::Theme;

pub use hits::{Hit, Hits, Panel};

/// The smallest screen that anything useful fits on.
pub const LEAST: (u16, u16) = (40, 10);
/// On a smaller screen than this the details take the place of the graph or list.
const ROOMY: (u16, u16) = (100, 30);

/// Draws the whole screen.
pub fn draw(frame: &mut Frame<'_>, app: &mut App, theme: &Theme) {
    let area = frame.area();
    render(frame.buffer_mut(), area, app, theme);
    theme.finish.apply(frame.buffer_mut());
}

/// The whole screen of that size as it is drawn now.
pub fn still(size: (u16, u16), app: &mut App, theme: &Theme) -> Buffer {
    let area = Rect::new(0, 0, size.0, size.1);
    let mut buffer = Buffer::empty(area);
    render(&mut buffer, area, app, theme);
    buffer
}

fn render(buffer: &mut Buffer, area: Rect, app: &mut App, theme: &Theme) {
    if area.is_empty() {
        return;
    }
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let sentence =
            format!("scopetop needs {}×{} cells: this is {}×{}", LEAST.0, LEAST.1, area.width, area.height);
        let sentence = text::clip(&sentence, area.width.into());
        buffer.set_string(area.x, area.y + area.height / 2, sentence, theme.text);
        return;
    }
    let (bar_height, missing_height) = (bar::height(app), missing::height(app));
    let [top, bottom] = [area.y + 1 + bar_height + missing_height, area.bottom() - 1];
    let mut hits = Hits::default();
    header::render(buffer, row(area, area.y), app, theme, &mut hits);
    bar::render(buffer, Rect { y: area.y + 1, height: bar_height, ..area }, app, theme, &mut hits);
    let missing = Rect { y: area.y + 1 + bar_height, height: missing_height, ..area };
    missing::render(buffer, missing, app, theme, &mut hits);

    let time = timeline::height(app, area.height);
    timeline::render(buffer, Rect { y: bottom - time, height: time, ..area }, app, theme, &mut hits);
    let body = Rect { y: top, height: bottom - time - top, ..area };
    let mut main = body;
    if app.details_open {
        if area.width < ROOMY.0 || area.height < ROOMY.1 {
            details::render(buffer, body, app, theme);
            hits.panel(body, Panel::Details);
            main = Rect::default();
        } else {
            // Whole, if they leave the graph a half; else the graph has more.
            let whole = details::height(app, body.width).max(5);
            let height = if whole <= body.height / 2 { whole } else { body.height * 2 / 5 };
            main.height -= height;
            let below = Rect { y: main.bottom(), height, ..body };
            details::render(buffer, below, app, theme);
            hits.panel(below, Panel::Details);
        }
    }
    if !main.is_empty() {
        render_main(buffer, main, app, theme, &mut hits);
    }
    // After the graph, which says what of it is not on the screen.
    footer::render(buffer, row(area, bottom), (app, main.is_empty()), theme, &mut hits);
    if app.help {
        help::render(buffer, body, app, theme);
    }
    if let Some(log) = &mut app.log {
        log::render(buffer, body, log, theme);
    }
    if let Some(chooser) = &app.chooser {
        chooser::render(buffer, body, chooser, theme);
    }
    app.hits = hits;
}

fn render_main(buffer: &mut Buffer, area: Rect, app: &mut App, theme: &Theme, hits: &mut Hits) {
    if let Some(sentence) = nothing_to_show(app) {
        let lines = text::wrap(&sentence, usize::from(area.width.saturating_sub(2)).clamp(1, 100));
        let top = area.y + area.height.saturating_sub(lines.len() as u16) / 2;
        for (line, y) in lines.iter().zip(top..area.bottom()) {
            let x = area.x + (area.width.saturating_sub(text::width(line) as u16)) / 2;
            buffer.set_stringn(x, y, line, area.width.into(), theme.dim);
        }
        return;
    }
    match app.mode {
        Mode::List => {
            list::render(buffer, area, app, theme);
            hits.panel(area, Panel::List);
            hits.spots(rows(area, app));
        }
        Mode::Graph => {
            let (selection, look) = (app.selection.as_ref(), (&app.trends, theme));
            hits.graph(graph::render(buffer, area, &app.view, &mut app.graph, selection, look));
            hits.panel(area, Panel::Graph);
        }
    }
}

/// What the list's rows stand for, as they were drawn below its head.
fn rows(area: Rect, app: &App) -> Vec<(Rect, Hit)> {
    let lines = (app.list.offset..app.list.len()).zip(area.y + 1..area.bottom());
    let hit = |(number, y)| Some((row(area, y), Hit::Thing(app.list.thing(&app.view, number)?)));
    lines.filter_map(hit).collect()
}

/// Why the graph or the list is empty, if it is.
fn nothing_to_show(app: &App) -> Option<String> {
    let empty = match app.mode {
        Mode::Graph => app.view.nodes.is_empty(),
        Mode::List => app.view.edges.is_empty(),
    };
    if !empty {
        return None;
    }
    let listeners = app.view.totals.listeners;
    Some(match (&app.tracking, &app.filter) {
        (Tracking::Starting, _) => String::from("attaching to the kernel and looking at what is there …"),
        (Tracking::Stopped(why), _) => format!("nothing is tracked: {why}"),
        (Tracking::Live, _) if app.focused().len() > 0 => {
            String::from("what was focused is gone, with all around it: Backspace returns")
        }
        (Tracking::Live, _) if app.view.hidden.switched_off.iter().any(|&kept| kept > 0) => {
            let [tcp, udp, unix] = Protocols::ALL.map(|protocol| app.keymap.key_of(Action::Toggle(protocol)));
            format!("nothing of the protocols that are shown: {tcp}, {udp} and {unix} show the others")
        }
        (Tracking::Live, Some(_)) => {
            format!("nothing matches the filter: {} changes it", app.keymap.key_of(Action::Filter))
        }
        (Tracking::Live, None) if app.view.nodes.is_empty() || listeners == 0 => {
            format!("{}: each appears here as it begins", graph::QUIET)
        }
        (Tracking::Live, None) => {
            let sockets = if listeners == 1 { "socket listens" } else { "sockets listen" };
            format!(
                "{}; {} {sockets}: {} shows whose",
                graph::QUIET,
                human::count(listeners),
                app.keymap.key_of(Action::ShowGraph)
            )
        }
    })
}

fn row(area: Rect, y: u16) -> Rect {
    Rect { y, height: 1, ..area }
}

#[cfg(test)]
mod tests;
