//! Unix sockets of processes that are gone. Nothing in the kernel tells of their ends, and the next scan, which does, may be
//! long in coming on a host with much to scan.

use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::connection::ConnectionTable;
use crate::identity::{NetnsId, Timestamp};
use crate::kernel::unix_list::{UnixLists, is_gone};
use crate::process::ProcessTable;

/// Of one core, the part that looking may take: one in so many.
const SHARE: u32 = 50;

/// Looks for them at the end of each tick, as far as its share goes.
#[derive(Debug)]
pub(super) struct Departures {
    lists: UnixLists,
    looked_at: Option<Instant>,
    took: Duration,
}

impl Departures {
    pub(super) fn new() -> Self {
        Self { lists: UnixLists::open(), looked_at: None, took: Duration::ZERO }
    }

    /// Ends what is over. `at`: the time now.
    pub(super) fn see(&mut self, table: &mut ConnectionTable, processes: &ProcessTable, at: Timestamp) {
        let now = Instant::now();
        if self.looked_at.is_some_and(|looked_at| now < looked_at + self.took * (SHARE - 1)) {
            return;
        }
        let mut known: FxHashMap<u32, bool> = FxHashMap::default();
        let doubtful =
            table.doubtful_unix(|process| *known.entry(process.pid).or_insert_with(|| is_gone(process.pid)));
        let mut by_netns: FxHashMap<NetnsId, Vec<u64>> = FxHashMap::default();
        for (netns, inode) in doubtful {
            by_netns.entry(netns).or_default().push(inode);
        }
        let mut over: FxHashSet<u64> = FxHashSet::default();
        for (netns, inodes) in by_netns {
            let own = std::iter::once(std::process::id());
            // Where nobody is left in it, the scan tells.
            if let Some(listed) = self.lists.inodes(netns, own.chain(processes.pids_in(netns))) {
                over.extend(inodes.into_iter().filter(|inode| !listed.contains(inode)));
            }
        }
        if !over.is_empty() {
            table.end_unix(&over, at);
        }
        self.looked_at = Some(Instant::now());
        self.took = now.elapsed();
    }
}
