//! What tells one thing from another: sockets, processes, containers, network namespaces, moments.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::Text;

/// A moment, in nanoseconds since the Unix epoch, UTC. Boot-clock times are converted where they enter, so
/// that moments from several hosts can be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The nanoseconds from `earlier` to this moment; 0 when it is not earlier.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This moment as RFC 3339 text in UTC, in microseconds.
    pub fn to_rfc3339(self) -> String {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(moment) => format!("{moment:.6}"),
            // Only a time past the year 9999 gets here, which only a forged recording can hold.
            Err(_) => String::from("9999-12-31T23:59:59.999999Z"),
        }
    }
}

/// A network namespace, by its inode number in nsfs: unique on a host while the namespace lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NetnsId(pub u32);

impl fmt::Display for NetnsId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A process: pids are reused, so the start is part of who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProcessId {
    /// The thread group's id, in the initial pid namespace.
    pub pid: u32,
    /// When it started, in hundredths of a second since boot: the unit in which `/proc/PID/stat` tells it,
    /// to which the kernel's nanoseconds are rounded down. 0 where it is unknown.
    pub started: u64,
}

impl ProcessId {
    /// The nanoseconds in one unit of [`ProcessId::started`].
    pub const NANOSECONDS_PER_UNIT: u64 = 10_000_000;

    /// A process by its pid and its start in nanoseconds since boot, as the kernel has it.
    pub fn from_boot_nanoseconds(pid: u32, started: u64) -> Self {
        Self { pid, started: started / Self::NANOSECONDS_PER_UNIT }
    }
}

/// A socket, by the order in which the table of its host first saw it. Kernel addresses and tuples are reused;
/// this number is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SocketId(pub u64);

/// A container, by the id that its engine gave it (or the unit's name, for a systemd service).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContainerId(pub Text);

/// A host, by its name. All other identities are unique on one host only.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HostId(pub Text);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_utc() {
        assert_eq!(Timestamp(1_700_000_000_123_456_789).to_rfc3339(), "2023-11-14T22:13:20.123456Z");
    }

    #[test]
    fn the_kernels_start_and_procs_start_are_one() {
        // /proc/PID/stat field 22 is the boot time in clock ticks, rounded down.
        assert_eq!(ProcessId::from_boot_nanoseconds(7, 1_239_999_999).started, 123);
    }
}
