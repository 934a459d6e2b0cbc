//! The last line: the keys that matter now.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{Piece, clip, width};
use crate::app::{App, Mode};
use crate::input::Footer;
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
    let rows = app.keymap.rows().iter().filter(|row| row.binding.scope == app.scope());
    let mut entries: Vec<(&str, &Footer)> = rows
        .filter_map(|row| {
            let (keys, ascii) = row.footer.as_ref()?;
            // A glyph's stand-in would say nothing.
            let keys = if theme.finish.ascii { ascii } else { keys };
            Some((keys.as_str(), row.binding.footer.as_ref()?))
        })
        .collect();
    // A key and its word stay or go together.
    let cells = |(keys, footer): &(&str, &Footer)| width(keys) + 1 + width(footer.what) + 2;
    while entries.iter().map(cells).sum::<usize>() > room {
        let Some(worst) = (0..entries.len()).max_by_key(|&place| entries[place].1.rank) else { break };
        entries.remove(worst);
    }
    let mut x = area.x + 1;
    for (keys, footer) in entries {
        (x, _) = buffer.set_stringn(x, area.y, keys, room, theme.key);
        (x, _) = buffer.set_stringn(x + 1, area.y, footer.what, room, theme.text);
        x += 2;
    }
    let x = area.right() - width(&position.text) as u16;
    buffer.set_string(x, area.y, &position.text, position.style);
}

/// Where the list stands: `23/812`.
fn position(app: &App, theme: &Theme) -> Piece {
    let text = match (app.mode, app.selected_row()) {
        (Mode::List, Some(row)) => format!("{}/{} ", row + 1, app.list.len()),
        (Mode::List, None) => format!("{} edges ", app.view.edges.len()),
        (Mode::Graph, _) => String::new(),
    };
    Piece::new(text, theme.dim, 0)
}
