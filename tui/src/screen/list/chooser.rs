//! The choice of columns.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use crate::app::App;
use crate::list::Column;
use crate::theme::Theme;

/// The cells of a column's name.
const NAME: usize = 12;
/// The cells of the frame, the mark, the name, what it tells and a blank.
const WIDTH: u16 = 49;

pub(super) fn render(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let Some(chooser) = app.list.chooser else { return };
    let columns = app.list.columns().all();
    let height = (columns.len() as u16 + 2).min(area.height);
    let width = WIDTH.min(area.width);
    let panel =
        Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    Clear.render(panel, buffer);
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.border_active)
        .title(" columns ")
        .title_bottom(" ␣ on, off  ←→ move  r as at first  ⏎ done ");
    let inner = block.inner(panel);
    block.render(panel, buffer);
    let rows = usize::from(inner.height);
    let first = (chooser.place + 1).saturating_sub(rows);
    for ((place, (column, on)), y) in columns.iter().enumerate().skip(first).zip(inner.y..inner.bottom()) {
        let style = if *on { theme.text } else { theme.dim };
        let text =
            format!(" [{}] {:NAME$} {}", if *on { 'x' } else { ' ' }, column.name(), Column::what(*column));
        let line = Rect { y, height: 1, ..inner };
        buffer.set_stringn(line.x, y, text, line.width.into(), style);
        if place == chooser.place {
            buffer.set_style(line, theme.selected);
        }
    }
}
