//! When the screen is drawn.

use std::time::Duration;

use tokio::time::Instant;

/// For what happens on the host, the screen is drawn at most this often.
const FRAME: Duration = Duration::from_millis(100);
/// For what the user does, it is drawn at most this often: sooner than anybody would notice.
const PROMPT_FRAME: Duration = Duration::from_millis(25);

/// How soon a frame is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Urgency {
    /// Soon enough to follow what happens on the host.
    InTime,
    /// Somebody waits to see what a key did.
    Now,
}

/// When the screen is drawn: at once after a pause, but never sooner than [`FRAME`] after the frame before (after a key,
/// [`PROMPT_FRAME`]), however fast ticks and keys come.
pub(crate) struct Frames {
    /// The most urgent of what asked for a frame since the last one.
    asked: Option<Urgency>,
    last: Option<Instant>,
}

impl Frames {
    /// A screen on which nothing was drawn yet.
    pub(crate) fn new() -> Self {
        Self { asked: Some(Urgency::Now), last: None }
    }

    /// Notes that something changed.
    pub(crate) fn ask(&mut self, urgency: Urgency) {
        self.asked = self.asked.max(Some(urgency));
    }

    /// When to draw, for what asked for it; of no meaning where nothing did.
    pub(crate) fn next(&self, now: Instant) -> Instant {
        let pause = if self.asked == Some(Urgency::Now) { PROMPT_FRAME } else { FRAME };
        self.last.map_or(now, |last| last + pause)
    }

    /// Whether anything changed since the last frame.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// Whether to draw now.
    pub(crate) fn due(&self, now: Instant) -> bool {
        self.is_asked() && now >= self.next(now)
    }

    /// Notes that a frame was drawn, with all that changed until now.
    pub(crate) fn drawn(&mut self, now: Instant) {
        *self = Self { asked: None, last: Some(now) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When frames are drawn in two seconds, in milliseconds; `asked` says what happens in each.
    fn drawn(asked: impl Fn(u64) -> Option<Urgency>) -> Vec<u64> {
        let start = Instant::now();
        let mut frames = Frames::new();
        let mut drawn = Vec::new();
        for millisecond in 0..2_000 {
            let now = start + Duration::from_millis(millisecond);
            if let Some(urgency) = asked(millisecond) {
                frames.ask(urgency);
            }
            if frames.due(now) {
                frames.drawn(now);
                drawn.push(millisecond);
            }
        }
        drawn
    }

    #[test]
    fn the_host_gets_at_most_ten_frames_a_second_and_none_when_nothing_changed() {
        // Something every 7 ms for a second, then silence, and one thing more.
        let drawn = drawn(|millisecond| {
            let ticks = millisecond < 1_000 && millisecond.is_multiple_of(7);
            (ticks || millisecond == 1_500).then_some(Urgency::InTime)
        });
        assert_eq!(drawn, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000, 1_500]);
    }

    #[test]
    fn a_key_is_answered_at_once_but_not_more_than_forty_times_a_second() {
        let keys =
            |millisecond: u64| (millisecond < 100 && millisecond.is_multiple_of(7)).then_some(Urgency::Now);
        assert_eq!(drawn(keys), [0, 25, 50, 75, 100]);
        // Between ticks it waits for none of them, and does not put them off.
        let both = |millisecond: u64| match millisecond {
            310 | 405 => Some(Urgency::Now),
            300..700 => Some(Urgency::InTime),
            _ => None,
        };
        assert_eq!(drawn(both), [0, 300, 325, 405, 505, 605, 705]);
    }
}
