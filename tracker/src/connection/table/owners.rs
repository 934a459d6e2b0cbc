//! Who owns anything.

use rustc_hash::FxHashSet;

use super::ConnectionTable;
use crate::identity::ProcessId;

impl ConnectionTable {
    /// Every process that owns a live socket.
    pub fn owners(&self) -> FxHashSet<ProcessId> {
        self.live.values().flat_map(|entry| entry.socket.owners.iter().copied()).collect()
    }
}
