//! Waiting for a condition: as long as it takes, up to a limit that only a broken thing reaches.

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up. Far above what a loaded machine needs: a debug build on a machine
/// with tens of thousands of sockets and five times as many busy processes as processors took half a minute.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// How often a condition that cannot be waited for is looked at.
const PERIOD: Duration = Duration::from_millis(10);

/// Looks at `condition` until it gives something.
///
/// # Panics
/// When it gave nothing within [`PATIENCE`]; `what` is what was waited for.
pub fn until<T>(what: &str, condition: impl FnMut() -> Option<T>) -> T {
    until_within(PATIENCE, what, condition)
}

/// The same with another patience.
pub fn until_within<T>(patience: Duration, what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {patience:?}: {what}");
        std::thread::sleep(PERIOD);
    }
}
