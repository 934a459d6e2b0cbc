//! The first line: where, from what, how much, and whether anything was lost.

use jiff::Timestamp as Moment;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use scopetop_tracker::identity::Timestamp;

use super::hits::Hits;
use super::text::{Piece, write};
use crate::app::{App, Standing, Tracking};
use crate::human;
use crate::input::{Action, Travel};
use crate::theme::Theme;

pub(super) fn render(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme, hits: &mut Hits) {
    write(buffer, area, left(app, theme), right(app, theme), hits);
}

fn left(app: &App, theme: &Theme) -> Vec<Piece> {
    let mut pieces = vec![Piece::new(" scopetop", theme.name, 2)];
    if let Some(host) = &app.view.host {
        pieces.push(Piece::new(format!("  {}", host.name), theme.strong, 2));
        pieces.push(Piece::new(format!(" · {}", short_release(&host.kernel)), theme.dim, 10));
        pieces.push(Piece::new(format!(" · {}+{}", host.events, host.scan), theme.dim, 7));
        pieces.push(Piece::new(
            format!(" · tick {}", human::tick(app.tick.unwrap_or(host.duration))),
            theme.dim,
            11,
        ));
    }
    let (status, style) = match (&app.tracking, app.time.standing()) {
        (_, Standing::Past(behind)) => (format!("▌▌ −{}", human::clock(behind)), theme.warning),
        (Tracking::Stopped(_), _) => (String::from("✗ STOPPED"), theme.error),
        (_, Standing::Plays(speed)) => (format!("▶ REPLAY {speed}"), theme.good),
        (_, Standing::Stands(speed)) => (format!("▌▌ REPLAY {speed}"), theme.warning),
        (_, Standing::End) => (String::from("■ REPLAY END"), theme.warning),
        (Tracking::Starting, _) => (String::from("◌ STARTING"), theme.warning),
        (Tracking::Live, _) => (String::from("● LIVE"), theme.good),
    };
    pieces.push(Piece::new(format!("  {status}"), style, 0).asking(Action::Travel(Travel::Pause)));
    pieces
}

fn right(app: &App, theme: &Theme) -> Vec<Piece> {
    let Some(host) = &app.view.host else { return Vec::new() };
    let totals = &app.view.totals;
    let mut pieces = vec![
        Piece::new(format!("  proc {}", human::count(totals.processes)), theme.text, 5),
        Piece::new(format!("  ctr {}", human::count(totals.containers)), theme.text, 8),
        Piece::new(format!("  conn {}", human::count(totals.connections)), theme.text, 3),
        Piece::new(
            format!(
                "  +{} −{}",
                human::per_second(totals.opened, host.duration),
                human::per_second(totals.closed, host.duration)
            ),
            theme.text,
            4,
        ),
    ];
    if totals.failed > 0 {
        pieces.push(Piece::new(format!("  ✗{}", human::count(totals.failed)), theme.failed, 1));
    }
    pieces.push(if host.lost_events > 0 {
        Piece::new(format!("  lost {}", human::bytes(host.lost_events)), theme.error, 0)
    } else {
        Piece::new("  lost 0", theme.dim, 9)
    });
    pieces.push(Piece::new(format!("  {} ", time_of_day(app, host.at)), theme.text, 1));
    pieces
}

/// `6.18` of `6.18.5-amd64`: the rest is for a bug report.
fn short_release(release: &str) -> &str {
    let end = release.match_indices(['.', '-']).nth(1).map_or(release.len(), |(place, _)| place);
    &release[..end]
}

/// A moment as the clock on the wall shows it.
pub(super) fn time_of_day(app: &App, at: Timestamp) -> String {
    Moment::from_nanosecond(i128::from(at.0))
        .map(|moment| moment.to_zoned(app.zone.clone()).strftime("%H:%M:%S").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_told_by_its_series() {
        assert_eq!(short_release("6.18.5-amd64"), "6.18");
        assert_eq!(short_release("6.18-rc3"), "6.18");
        assert_eq!(short_release("5.10"), "5.10");
        assert_eq!(short_release(""), "");
    }
}
