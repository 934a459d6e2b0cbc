//! The boot clock, in which the kernel tells times, and its place in Unix time.

use rustix::time::{ClockId, clock_gettime};

use crate::identity::{ProcessId, Timestamp};

/// Turns nanoseconds of `CLOCK_BOOTTIME` into moments.
///
/// The distance between the two clocks is taken once and kept: if somebody sets the wall clock, moments stay in
/// their order, and durations stay right, for as long as the tracker lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Unix time minus boot time, in nanoseconds.
    offset: i64,
}

impl Clock {
    /// Takes the distance between the clocks now.
    pub fn start() -> Self {
        // The wall clock is read between two readings of the boot clock. Of several tries the one with the
        // narrowest bracket counts: in the others the process was interrupted.
        let (_, offset) = (0..3)
            .map(|_| {
                let before = read(ClockId::Boottime);
                let wall = read(ClockId::Realtime);
                let after = read(ClockId::Boottime);
                let width = after.saturating_sub(before);
                (width, wall.cast_signed() - (before + width / 2).cast_signed())
            })
            .min()
            .unwrap_or_default();
        Self::with_offset(offset)
    }

    /// A clock whose boot was `offset` nanoseconds after the Unix epoch.
    pub const fn with_offset(offset: i64) -> Self {
        Self { offset }
    }

    /// A moment of `CLOCK_BOOTTIME`, in nanoseconds, as Unix time.
    pub fn boot_to_unix(self, nanoseconds: u64) -> Timestamp {
        Timestamp(nanoseconds.saturating_add_signed(self.offset))
    }

    /// When a process started, to a hundredth of a second; `None` where its identity does not tell.
    pub fn started_at(self, process: ProcessId) -> Option<Timestamp> {
        let nanoseconds = process.started.saturating_mul(ProcessId::NANOSECONDS_PER_UNIT);
        (process.started != 0).then(|| self.boot_to_unix(nanoseconds))
    }

    /// Now, by the boot clock.
    pub fn now(self) -> Timestamp {
        self.now_pair().1
    }

    /// Now: nanoseconds of `CLOCK_BOOTTIME`, and the same moment as Unix time.
    pub fn now_pair(self) -> (u64, Timestamp) {
        let boot = read(ClockId::Boottime);
        (boot, self.boot_to_unix(boot))
    }
}

fn read(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::*;

    #[test]
    fn now_is_the_wall_clocks_now() {
        let wall = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64);
        let clock = Clock::start();
        let (before, now, after) = (wall(), clock.now().0, wall());
        // The bracket that the offset was taken in is microseconds wide; a tenth of a second is a wrong formula.
        assert!(before <= now + 100_000_000 && now <= after + 100_000_000, "{before} {now} {after}");
    }

    #[test]
    fn a_boot_time_is_moved_by_the_offset() {
        let clock = Clock::with_offset(1_000);
        assert_eq!(clock.boot_to_unix(5), Timestamp(1_005));
        assert_eq!(clock.started_at(ProcessId { pid: 1, started: 2 }), Some(Timestamp(20_001_000)));
        assert_eq!(clock.started_at(ProcessId { pid: 1, started: 0 }), None);
        // A wall clock before 1970 cannot make a moment negative.
        assert_eq!(Clock::with_offset(-10).boot_to_unix(5), Timestamp(0));
    }
}
