//! The last line: the keys that matter now.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{Piece, clip, width};
use crate::app::{App, Mode};
use crate::input::{Footer, bindings};
use crate::theme::Theme;

pub(super) fn render(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    if let Some(message) = &app.message {
        let style = if message.good { theme.good } else { theme.error };
        let text = clip(&message.text, usize::from(area.width).saturating_sub(2));
        buffer.set_string(area.x + 1, area.y, text, style);
        return;
    }
    let position = position(app, theme);
    let room = usize::from(area.width).saturating_sub(width(&position.text) + 1);
    let mut entries: Vec<&Footer> = bindings()
        .filter(|binding| binding.scope == app.scope())
        .filter_map(|binding| binding.footer.as_ref())
        .collect();
    // A key and its word stay or go together.
    let cells = |footer: &Footer| width(footer.keys) + 1 + width(footer.what) + 2;
    while entries.iter().map(|footer| cells(footer)).sum::<usize>() > room {
        let Some(worst) = (0..entries.len()).max_by_key(|&place| entries[place].rank) else { break };
        entries.remove(worst);
    }
    let mut x = area.x + 1;
    for footer in entries {
        (x, _) = buffer.set_stringn(x, area.y, footer.keys, room, theme.key);
        (x, _) = buffer.set_stringn(x + 1, area.y, footer.what, room, theme.text);
        x += 2;
    }
    let x = area.right() - width(&position.text) as u16;
    buffer.set_string(x, area.y, &position.text, position.style);
}

/// Where the list stands: `23/812`.
fn position(app: &App, theme: &Theme) -> Piece {
    let text = match (app.mode, app.selected_row()) {
        (Mode::List, Some(row)) => format!("{}/{} ", row + 1, app.view.edges.len()),
        (Mode::List, None) => format!("{} edges ", app.view.edges.len()),
        (Mode::Graph, _) => String::new(),
    };
    Piece::new(text, theme.dim, 0)
}
