//! The line of time: when connections began, closed and failed, and which moment is shown.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use scopetop_tracker::identity::Timestamp;
use scopetop_tracker::recording::Moment;

use super::hits::{Hit, Hits, Panel};
use super::text::width;
use crate::app::{App, Standing};
use crate::human;
use crate::input::{Action, Travel};
use crate::theme::Theme;
use crate::trend::sparkline;

/// On a screen with fewer rows there is no line, unless the past is shown.
const ROWS: u16 = 30;
/// Bars in fewer cells than this say nothing.
const LEAST_BARS: usize = 6;

/// How many lines it takes on a screen of so many rows.
pub(super) fn height(app: &App, rows: u16) -> u16 {
    let travelled = !app.time.is_now();
    u16::from((travelled || rows >= ROWS) && app.time.moments().len() > 1)
}

/// One kind of event: how many fell into each column.
struct Row {
    word: &'static str,
    counts: fn(&Moment) -> u64,
    style: Style,
}

pub(super) fn render(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme, hits: &mut Hits) {
    if area.is_empty() {
        return;
    }
    let mut moments = app.time.moments();
    let (Some(oldest), Some(newest)) = (moments.next(), moments.next_back()) else { return };
    let (from, to) = (began(oldest), newest.at);
    let span = to.since(from);
    let fails: u64 = app.time.moments().map(|moment| moment.counts.fails).sum();
    let rows = [
        Row { word: "connects", counts: |moment| moment.counts.connects, style: theme.text },
        Row { word: "closes", counts: |moment| moment.counts.closes, style: theme.text },
        Row { word: "fails", counts: |moment| moment.counts.fails, style: theme.failed },
    ];
    let back = if app.time.is_recording() { "" } else { "−" };
    let left = format!(" {back}{} ", human::clock(span));
    let (right, right_style) = place(app, from, theme);
    let words: usize = rows.iter().map(|row| width(row.word) + 3).sum();
    let failed = if fails > 0 { format!(" {}", human::count(fails as usize)) } else { String::new() };
    let taken = width(&left) + width(&right) + words + width(&failed);
    let mut free = usize::from(area.width).saturating_sub(taken);
    let shown = app.time.place().and_then(|place| app.time.moments().nth(place)).map(|moment| moment.at);

    hits.panel(area, Panel::Timeline);
    let mut x = area.x;
    (x, _) = buffer.set_stringn(x, area.y, &left, area.width.into(), theme.dim);
    hits.spot(Rect { width: x - area.x, ..area }, Hit::Action(Action::Travel(Travel::Oldest)));
    for (place, row) in rows.iter().enumerate() {
        // Failures are rare: a third of the room for the others.
        let cells = match place {
            0 => free * 3 / 7,
            1 => free / 2,
            _ => free,
        };
        let cells = cells.min(free);
        free -= cells;
        if cells >= LEAST_BARS {
            let columns = Columns { from, span, cells };
            let counts = columns.sums(app.time.moments(), row.counts);
            let start = x;
            (x, _) = buffer.set_stringn(x, area.y, sparkline(&counts, cells), cells, row.style);
            let ticks = columns.ticks(app.time.moments(), app.time.first());
            // There may be a newer one by the time of a click on the last.
            let hit = |tick| Hit::Tick(if Some(&tick) == ticks.last() { u64::MAX } else { tick });
            let column = |(&tick, x)| (Rect { x, width: 1, ..area }, hit(tick));
            hits.spots(ticks.iter().zip(start..).map(column));
            if let Some(at) = shown.filter(|_| !app.time.is_now()) {
                let column = start + columns.place(at) as u16;
                buffer[(column, area.y)].set_style(theme.selected);
            }
        }
        let word = format!(" {}{}  ", row.word, if row.word == "fails" { &failed } else { "" });
        let style = if row.word == "fails" && fails > 0 { theme.failed } else { theme.dim };
        (x, _) = buffer.set_stringn(x, area.y, word, (area.right() - x).into(), style);
    }
    let x = area.right().saturating_sub(width(&right) as u16);
    buffer.set_stringn(x, area.y, &right, (area.right() - x).into(), right_style);
    // Of a recording it says where that stands, which a click lets go on.
    let travel = if app.time.is_recording() { Travel::Pause } else { Travel::Now };
    hits.spot(Rect { x, width: area.right() - x, ..area }, Hit::Action(Action::Travel(travel)));
}

/// Where it stands: at the right end of the line.
fn place(app: &App, from: Timestamp, theme: &Theme) -> (String, Style) {
    let shown = app.time.place().and_then(|place| app.time.moments().nth(place));
    let since = shown.map_or(0, |moment| moment.at.since(from));
    match app.time.standing() {
        Standing::Now => (String::from("●now "), theme.good),
        Standing::Past(behind) => (format!("▌▌−{} ", human::clock(behind)), theme.warning),
        Standing::Plays(_) => (format!("▶ {} ", human::clock(since)), theme.good),
        Standing::Stands(_) => (format!("▌▌ {} ", human::clock(since)), theme.warning),
        Standing::End => (format!("■ {} ", human::clock(since)), theme.warning),
    }
}

fn began(moment: &Moment) -> Timestamp {
    Timestamp(moment.at.0.saturating_sub(moment.duration))
}

/// A stretch of time in cells.
struct Columns {
    from: Timestamp,
    span: u64,
    cells: usize,
}

impl Columns {
    /// The column of a moment.
    fn place(&self, at: Timestamp) -> usize {
        let past = u128::from(at.since(self.from).saturating_sub(1));
        let column = past * self.cells as u128 / u128::from(self.span.max(1));
        (column as usize).min(self.cells - 1)
    }

    /// The number of the tick that each column stands for, the newest of several; `first` is that of the first moment.
    fn ticks<'m>(&self, moments: impl Iterator<Item = &'m Moment>, first: u64) -> Vec<u64> {
        let mut ticks = vec![None; self.cells];
        for (moment, number) in moments.zip(first..) {
            ticks[self.place(moment.at)] = Some(number);
        }
        // As with the events: a tick that is longer than a column has those before its end.
        let mut next = first;
        for tick in ticks.iter_mut().rev() {
            next = tick.unwrap_or(next);
            *tick = Some(next);
        }
        ticks.into_iter().flatten().collect()
    }

    /// How many events fell into each column; `None` where no tick ended.
    fn sums<'m>(
        &self,
        moments: impl Iterator<Item = &'m Moment>,
        counts: fn(&Moment) -> u64,
    ) -> Vec<Option<f32>> {
        let mut sums = vec![None; self.cells];
        for moment in moments {
            *sums[self.place(moment.at)].get_or_insert(0.0) += counts(moment) as f32;
        }
        // A tick that is longer than a column fills those before its end.
        let mut next = None;
        for sum in sums.iter_mut().rev() {
            match sum {
                Some(_) => next = *sum,
                None => *sum = next,
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use scopetop_tracker::tick::Counts;

    use super::*;

    fn moment(at: u64, connects: u64) -> Moment {
        Moment { at: Timestamp(at), duration: 10, counts: Counts { connects, ..Counts::default() } }
    }

    fn sums(cells: usize, moments: &[Moment]) -> Vec<Option<f32>> {
        let (from, to) = (began(&moments[0]), moments[moments.len() - 1].at);
        let columns = Columns { from, span: to.since(from), cells };
        columns.sums(moments.iter(), |moment| moment.counts.connects)
    }

    #[test]
    fn every_event_is_in_the_column_of_its_tick() {
        let moments: Vec<_> = (1..=6).map(|number| moment(100 + 10 * number, number)).collect();
        assert_eq!(sums(6, &moments), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(Some));
        assert_eq!(sums(3, &moments), [3.0, 7.0, 11.0].map(Some));
        assert_eq!(sums(1, &moments), [Some(21.0)]);
    }

    fn ticks(cells: usize, moments: &[Moment]) -> Vec<u64> {
        let (from, to) = (began(&moments[0]), moments[moments.len() - 1].at);
        Columns { from, span: to.since(from), cells }.ticks(moments.iter(), 7)
    }

    #[test]
    fn a_column_stands_for_the_newest_tick_in_it() {
        let moments: Vec<_> = (1..=6).map(|number| moment(100 + 10 * number, number)).collect();
        assert_eq!(ticks(6, &moments), [7, 8, 9, 10, 11, 12]);
        assert_eq!(ticks(3, &moments), [8, 10, 12]);
        assert_eq!(ticks(1, &moments), [12]);
    }

    #[test]
    fn a_tick_that_is_longer_than_a_column_fills_it() {
        let moments = [moment(110, 1), moment(120, 2)];
        assert_eq!(sums(4, &moments), [1.0, 1.0, 2.0, 2.0].map(Some));
        assert_eq!(ticks(4, &moments), [7, 7, 8, 8]);
    }
}
