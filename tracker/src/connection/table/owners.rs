//! What the table holds: whose, and how much.

use rustc_hash::FxHashSet;

use super::ConnectionTable;
use crate::identity::ProcessId;

impl ConnectionTable {
    /// Every process that owns a live socket.
    pub fn owners(&self) -> FxHashSet<ProcessId> {
        let live = self.live.values().flat_map(|entry| entry.socket.owners.iter().copied());
        live.chain(self.unix.owners()).collect()
    }

    /// How many sockets ended since the last tick, each of which waits for the next.
    pub fn ended(&self) -> usize {
        self.ended.len() + self.unix.ended()
    }
}
