//! The panel of a container's output: the newest lines at the bottom.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, BorderType, Clear, Widget};
use scopetop_tracker::act::LogStream;

use super::text::clip;
use crate::app::Log;
use crate::human;
use crate::theme::Theme;

pub(super) fn render(buffer: &mut Buffer, area: Rect, log: &mut Log, theme: &Theme) {
    Clear.render(area, buffer);
    let state = match (&log.ended, log.below) {
        (Some(why), _) => format!(" ended: {why} "),
        (None, 0) => String::from(" follows "),
        (None, below) => format!(" {} lines below: End ", human::count(below)),
    };
    let title = clip(&format!(" logs of {} ", log.name), usize::from(area.width.saturating_sub(4)));
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.border_active)
        .title(title)
        .title_bottom(clip(&state, usize::from(area.width.saturating_sub(4))));
    let inner = block.inner(area);
    block.render(area, buffer);
    log.page = usize::from(inner.height);
    let last = log.lines.len().saturating_sub(log.below);
    let first = last.saturating_sub(log.page);
    for (line, y) in log.lines.range(first..last).zip(inner.y..inner.bottom()) {
        let style = if line.stream == LogStream::Error { theme.warning } else { theme.text };
        buffer.set_stringn(inner.x, y, clip(&line.text, inner.width.into()), inner.width.into(), style);
    }
}
