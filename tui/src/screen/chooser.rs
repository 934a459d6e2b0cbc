//! The chooser of saved filters.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use super::text::{clip, pad, width};
use crate::app::App;
use crate::input::Action;
use crate::theme::Theme;

/// What is told where there is nothing to choose from.
const NONE: &str = "none is saved: the table [filters] of the configuration names them";

pub(super) fn render(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let Some(at) = app.choosing else { return };
    let names = app.saved.iter().map(|saved| width(&saved.name)).max().unwrap_or(0).max(3);
    let mut lines = vec![(String::from("all"), "everything")];
    lines.extend(app.saved.iter().map(|saved| (saved.name.clone(), saved.text.as_str())));
    if app.saved.is_empty() {
        lines.push((String::new(), NONE));
    }
    let widest = lines.iter().map(|(_, text)| width(text)).max().unwrap_or(0);
    let wide = ((names + 2 + widest + 4) as u16).min(area.width);
    let high = ((lines.len() + 2) as u16).min(area.height);
    let panel = Rect {
        x: area.x + (area.width - wide) / 2,
        y: area.y + (area.height - high) / 2,
        width: wide,
        height: high,
    };
    Clear.render(panel, buffer);
    let take = format!(" {} takes it ", app.keymap.key_of(Action::Open));
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.border_active)
        .title(" Saved filters ")
        .title_bottom(clip(&take, usize::from(wide).saturating_sub(2)));
    let inner = block.inner(panel);
    block.render(panel, buffer);
    let first = (at + 1).saturating_sub(inner.height.into());
    let cells = usize::from(inner.width.saturating_sub(2));
    for ((place, (name, text)), y) in lines.iter().enumerate().skip(first).zip(inner.y..inner.bottom()) {
        let line =
            format!(" {} {}", pad(name, names + 1, false), pad(text, cells.saturating_sub(names + 2), false));
        let style = if place == at { theme.selected } else { theme.text };
        buffer.set_stringn(inner.x, y, format!("{line} "), inner.width.into(), style);
    }
}
