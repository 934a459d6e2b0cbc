//! The panel in which something is chosen, in the middle of the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use super::text::{clip, width, wrap};
use crate::app::Chooser;
use crate::theme::Theme;

/// The widest that the panel becomes, with its frame.
const WIDEST: u16 = 76;

pub(super) fn render(buffer: &mut Buffer, area: Rect, chooser: &Chooser, theme: &Theme) {
    let room = usize::from(area.width.min(WIDEST).saturating_sub(6));
    let question = wrap(&chooser.question, room);
    let widest = question.iter().map(|line| width(line));
    let widest = widest.chain(chooser.choices.iter().map(|choice| width(&choice.label) + 3)).max();
    let wide = (widest.unwrap_or(0).min(room) as u16 + 6).min(area.width);
    let high = ((question.len() + chooser.choices.len() + 3) as u16).min(area.height);
    let panel = Rect {
        x: area.x + (area.width - wide) / 2,
        y: area.y + (area.height - high) / 2,
        width: wide,
        height: high,
    };
    Clear.render(panel, buffer);
    let block = Block::bordered().border_type(BorderType::Rounded).border_style(theme.border_active);
    let inner = block.inner(panel);
    block.render(panel, buffer);
    let inner = Rect { x: inner.x + 2, width: inner.width.saturating_sub(4), ..inner };
    let cells = usize::from(inner.width);
    let mut rows = inner.y..inner.bottom();
    for (line, y) in question.iter().zip(&mut rows) {
        buffer.set_stringn(inner.x, y, line, cells, theme.strong);
    }
    // A blank line between, where there is room for all.
    if rows.len() > chooser.choices.len() {
        rows.next();
    }
    // Where not all have room, the one that is gone to is in sight.
    let first = (chooser.at + 1).saturating_sub(rows.len());
    for ((place, choice), y) in chooser.choices.iter().enumerate().skip(first).zip(rows) {
        buffer.set_stringn(inner.x, y, choice.key.encode_utf8(&mut [0; 4]), cells, theme.key);
        let label = clip(&choice.label, cells.saturating_sub(3));
        let style = if place == chooser.at { theme.selected } else { theme.text };
        buffer.set_stringn(inner.x + 3, y, label, cells.saturating_sub(3), style);
    }
}
