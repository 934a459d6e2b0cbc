//! When to look: how long to sleep, when to scan again. Pure: every moment is given.

use std::time::{Duration, Instant};

/// How long records may wait while they flow. A process that lives a little longer than this can still be looked up
/// in /proc when its first event is read.
const BUSY_WAIT: Duration = Duration::from_millis(20);
/// How long the reader sleeps while nothing happens.
const IDLE_WAIT: Duration = Duration::from_millis(100);
/// A scan for what is missing (lost events, unknown owners) waits at least this long for the next.
const URGENT_REST: Duration = Duration::from_millis(500);
/// Of one core, the part that refreshing counters may take: one in so many.
const REFRESH_SHARE: u32 = 50;
/// Of one core, the part that scanning may take where scans are all there is: one in so many.
const ALONE_SHARE: u32 = 5;

/// What was measured of the work, and what follows for the next.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    tick: Duration,
    next_tick: Instant,
    wait: Duration,
    scan_ended: Option<Instant>,
    scan_took: Duration,
    events_flow: bool,
}

impl Schedule {
    /// Ticks of this length from `now` on. `events_flow`: whether events come, so that scans only refresh.
    pub(super) fn new(tick: Duration, events_flow: bool, now: Instant) -> Self {
        Self {
            tick,
            next_tick: now + tick,
            wait: BUSY_WAIT,
            scan_ended: None,
            scan_took: Duration::ZERO,
            events_flow,
        }
    }

    /// What was there has been told: from `now` on time counts.
    pub(super) fn begin(&mut self, now: Instant) {
        self.next_tick = now + self.tick;
    }

    /// How long to sleep at most.
    pub(super) fn sleep(&self, now: Instant) -> Duration {
        let to_tick = self.next_tick.saturating_duration_since(now);
        if self.events_flow { to_tick.min(self.wait) } else { to_tick }
    }

    /// So many records were read.
    pub(super) fn drained(&mut self, records: usize) {
        self.wait = if records > 0 { BUSY_WAIT } else { (self.wait * 2).min(IDLE_WAIT) };
    }

    /// Whether the tick is over.
    pub(super) fn tick_is_due(&self, now: Instant) -> bool {
        now >= self.next_tick
    }

    /// A tick ended. The next ends on the beat, unless that has passed.
    pub(super) fn ticked(&mut self, now: Instant) {
        self.next_tick += self.tick;
        if self.next_tick <= now {
            self.next_tick = now + self.tick;
        }
    }

    /// A scan ended.
    pub(super) fn scanned(&mut self, took: Duration, now: Instant) {
        self.scan_ended = Some(now);
        self.scan_took = took;
    }

    /// Whether a scan at the end of this tick is within its share of the CPU.
    pub(super) fn refresh_is_due(&self, now: Instant) -> bool {
        let share = if self.events_flow { REFRESH_SHARE } else { ALONE_SHARE };
        self.rested(self.scan_took * (share - 1), now)
    }

    /// Whether a scan for what is missing may start.
    pub(super) fn urgent_scan_is_due(&self, now: Instant) -> bool {
        self.rested(URGENT_REST.max(self.scan_took * (ALONE_SHARE - 1)), now)
    }

    fn rested(&self, rest: Duration, now: Instant) -> bool {
        self.scan_ended.is_none_or(|ended| now.saturating_duration_since(ended) >= rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_quiet_host_is_looked_at_less_and_a_busy_one_at_once_more() {
        let start = Instant::now();
        let mut schedule = Schedule::new(SECOND, true, start);
        for _ in 0..5 {
            schedule.drained(0);
        }
        assert_eq!(schedule.sleep(start), IDLE_WAIT);
        schedule.drained(1);
        assert_eq!(schedule.sleep(start), BUSY_WAIT);
        // Never past the tick's end.
        assert_eq!(schedule.sleep(start + 995 * MS), 5 * MS);
    }

    #[test]
    fn ticks_keep_the_beat_and_skip_what_passed() {
        let start = Instant::now();
        let mut schedule = Schedule::new(SECOND, true, start);
        assert!(!schedule.tick_is_due(start + 999 * MS));
        schedule.ticked(start + 1_010 * MS);
        assert!(schedule.tick_is_due(start + 2_000 * MS));
        schedule.ticked(start + 5_500 * MS);
        assert!(!schedule.tick_is_due(start + 6_499 * MS));
        assert!(schedule.tick_is_due(start + 6_500 * MS));
    }

    #[test]
    fn the_time_of_the_first_scan_is_not_the_first_ticks() {
        let start = Instant::now();
        let mut schedule = Schedule::new(SECOND, true, start);
        schedule.begin(start + 300 * MS);
        assert!(!schedule.tick_is_due(start + 1_299 * MS));
        assert!(schedule.tick_is_due(start + 1_300 * MS));
    }

    #[test]
    fn an_expensive_scan_is_made_less_often() {
        let start = Instant::now();
        let mut schedule = Schedule::new(SECOND, true, start);
        assert!(schedule.refresh_is_due(start));
        schedule.scanned(40 * MS, start);
        assert!(!schedule.refresh_is_due(start + SECOND));
        assert!(schedule.refresh_is_due(start + 2 * SECOND));
        assert!(!schedule.urgent_scan_is_due(start + 499 * MS));
        assert!(schedule.urgent_scan_is_due(start + 500 * MS));
    }

    #[test]
    fn where_scans_are_all_there_is_they_may_take_more() {
        let start = Instant::now();
        let mut schedule = Schedule::new(SECOND, false, start);
        schedule.scanned(500 * MS, start);
        assert!(!schedule.refresh_is_due(start + SECOND));
        assert!(schedule.refresh_is_due(start + 2 * SECOND));
        assert_eq!(schedule.sleep(start), SECOND);
    }
}
