//! The line that stands below the bar as long as something is missing that the user can do something about: what that
//! is, what helps, and where all of it is told.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use scopetop_tracker::text::Text;

use super::hits::Hits;
use super::text::{Piece, clip, width, write};
use crate::app::App;
use crate::input::Action;
use crate::theme::Theme;
use crate::view::HostFacts;

/// Fewer cells say nothing of a reason.
const LEAST_REASON: usize = 24;

/// What it tells; `None` where it does not stand. What can be done about it does not change while a tracker runs: the
/// line comes with the first tick, and moves nothing later.
fn told(app: &App) -> Option<(&HostFacts, &Text)> {
    let host = app.view.host.as_ref().filter(|host| host.remedy.is_some())?;
    Some((host, host.reasons.first()?))
}

/// How many lines it takes.
pub(super) fn height(app: &App) -> u16 {
    told(app).is_some().into()
}

pub(super) fn render(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme, hits: &mut Hits) {
    let Some((host, reason)) = told(app).filter(|_| !area.is_empty()) else { return };
    let mut room = usize::from(area.width).saturating_sub(4);
    let mut pieces = vec![Piece::new(" ! ", theme.warning, 0)];
    // Of a recording nothing is to be mended.
    let remedy = host.short_remedy().filter(|_| !app.time.is_recording());
    let why = format!("  {} why", app.keymap.key_of(Action::Help));
    let after = [
        remedy.map(|remedy| Piece::new(format!("  {remedy}"), theme.strong, 0)),
        Some(Piece::new(why, theme.key, 0).asking(Action::Help)),
    ];
    let mut kept = Vec::new();
    for piece in after.into_iter().flatten() {
        if width(&piece.text) + LEAST_REASON <= room {
            room -= width(&piece.text);
            kept.push(piece);
        }
    }
    pieces.push(Piece::new(clip(reason, room), theme.warning, 0));
    pieces.extend(kept);
    write(buffer, area, pieces, Vec::new(), hits);
}
