//! The last line: the keys that matter now.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::hits::{Hit, Hits};
use super::text::{Piece, clip, width};
use crate::app::{App, Mode};
use crate::input::{Binding, Footer};
use crate::theme::Theme;

pub(super) fn render(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme, hits: &mut Hits) {
    if let Some(message) = &app.message {
        let style = if message.good { theme.good } else { theme.error };
        let text = clip(&message.text, usize::from(area.width).saturating_sub(2));
        buffer.set_string(area.x + 1, area.y, text, style);
        return;
    }
    let position = position(app, theme);
    let room = usize::from(area.width).saturating_sub(width(&position.text) + 1);
    let rows = app.keymap.rows().iter().filter(|row| row.binding.scope == app.scope());
    let mut entries: Vec<(&str, &Footer, &Binding)> = rows
        .filter_map(|row| {
            let (keys, ascii) = row.footer.as_ref()?;
            // A glyph's stand-in would say nothing.
            let keys = if theme.finish.ascii { ascii } else { keys };
            Some((keys.as_str(), row.binding.footer.as_ref()?, row.binding))
        })
        .collect();
    // A key and its word stay or go together.
    let cells = |(keys, footer, _): &(&str, &Footer, &Binding)| width(keys) + 1 + width(footer.what) + 2;
    while entries.iter().map(cells).sum::<usize>() > room {
        let Some(worst) = (0..entries.len()).max_by_key(|&place| entries[place].1.rank) else { break };
        entries.remove(worst);
    }
    let mut x = area.x + 1;
    for (keys, footer, binding) in entries {
        let start = x;
        (x, _) = buffer.set_stringn(x, area.y, keys, room, theme.key);
        (x, _) = buffer.set_stringn(x + 1, area.y, footer.what, room, theme.text);
        // An entry for several things says none of them.
        if let [(_, action), others @ ..] = binding.keys
            && others.iter().all(|(_, other)| other == action)
        {
            hits.spot(Rect { x: start, width: x - start, ..area }, Hit::Action(*action));
        }
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
