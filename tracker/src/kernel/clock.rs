//! From the kernel's clock to everybody's.

use rustix::time::{ClockId, clock_gettime};

use crate::identity::Timestamp;

/// The distance from the boot clock to the Unix epoch, read once. It stays as it is while the tracker runs: a wall
/// clock that is set meanwhile would otherwise put events out of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    offset: i128,
}

impl Clock {
    /// Reads both clocks.
    pub fn start() -> Self {
        let boot = nanoseconds(ClockId::Boottime);
        let wall = nanoseconds(ClockId::Realtime);
        Self { offset: wall - boot }
    }

    /// A moment of the boot clock, in nanoseconds, as a moment of the world's.
    pub fn boot_to_unix(self, boot: u64) -> Timestamp {
        Timestamp(u64::try_from(i128::from(boot) + self.offset).unwrap_or(0))
    }

    /// Now, by the boot clock: comparable with the kernel's events to the nanosecond.
    pub fn now(self) -> Timestamp {
        self.boot_to_unix(u64::try_from(nanoseconds(ClockId::Boottime)).unwrap_or(0))
    }
}

fn nanoseconds(clock: ClockId) -> i128 {
    let time = clock_gettime(clock);
    i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn now_by_the_boot_clock_is_now_by_the_wall_clock() {
        let clock = Clock::start();
        let wall = i128::from(clock.now().0) - nanoseconds(ClockId::Realtime);
        // The wall clock may be slewed in between, by far less than this.
        assert!(wall.abs() < 10_000_000_000, "{wall} ns apart");
    }

    #[test]
    fn a_moment_before_the_epoch_is_the_epoch() {
        assert_eq!(Clock { offset: -5 }.boot_to_unix(3), Timestamp(0));
    }
}
