//! What is remembered of sockets that are gone, so that late news cannot bring them back.

use std::hash::{Hash as _, Hasher as _};

use rustc_hash::{FxHashMap, FxHasher};

use crate::connection::{Address, Protocol};
use crate::identity::{NetnsId, SocketId, Timestamp};

/// How long a tombstone stays, in nanoseconds: longer than any scan takes and any event is late.
const KEEP: u64 = 60_000_000_000;

/// How long the tombstone of an accepted socket stays that no process was seen using. Such a socket may sit in its
/// listener's queue after the peer reset it; the process that takes it out much later must not bring it back.
const KEEP_UNOWNED: u64 = 600_000_000_000;

/// How often the old ones are looked for, in nanoseconds.
const PRUNE_EVERY: u64 = 10_000_000_000;

/// How many tombstones may outlive a tick.
const LIMIT: usize = 65_536;

/// The end of one socket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tombstone {
    /// Up to when all news of the kernel's socket is about this one or an earlier one.
    pub(super) at: Timestamp,
    /// The socket that ended.
    pub(super) id: SocketId,
    /// What [`tuple_key`] makes of it.
    pub(super) tuple: u64,
    /// Whether the end is certain; if not, a scan did not show the socket.
    pub(super) certain: bool,
    /// Whether a process may still be seen using the socket for the first time.
    pub(super) unowned: bool,
    /// The number of the tick in which it ended, and its place among those that ended in that tick.
    pub(super) record: (u64, usize),
}

/// The ends of sockets, by the kernel's socket: the newest of each.
#[derive(Debug, Default)]
pub(super) struct Tombstones {
    by_kernel_socket: FxHashMap<u64, Tombstone>,
    pruned_at: Timestamp,
}

impl Tombstones {
    pub(super) fn get(&self, kernel_socket: u64) -> Option<&Tombstone> {
        self.by_kernel_socket.get(&kernel_socket)
    }

    pub(super) fn get_mut(&mut self, kernel_socket: u64) -> Option<&mut Tombstone> {
        self.by_kernel_socket.get_mut(&kernel_socket)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Tombstone)> {
        self.by_kernel_socket.iter().map(|(&kernel_socket, tombstone)| (kernel_socket, tombstone))
    }

    pub(super) fn len(&self) -> usize {
        self.by_kernel_socket.len()
    }

    pub(super) fn insert(&mut self, kernel_socket: u64, tombstone: Tombstone) {
        self.by_kernel_socket.insert(kernel_socket, tombstone);
    }

    /// Drops those that nothing can be late for any more, and the oldest where they are too many.
    pub(super) fn prune(&mut self, now: Timestamp) {
        if now.since(self.pruned_at) < PRUNE_EVERY && self.by_kernel_socket.len() <= LIMIT {
            return;
        }
        self.pruned_at = now;
        self.by_kernel_socket.retain(|_, tombstone| {
            now.since(tombstone.at) < if tombstone.unowned { KEEP_UNOWNED } else { KEEP }
        });
        if self.by_kernel_socket.len() > LIMIT {
            let mut ends: Vec<Timestamp> =
                self.by_kernel_socket.values().map(|tombstone| tombstone.at).collect();
            // Down to half, so that this is not done again at the next tick.
            let surplus = ends.len() - LIMIT / 2;
            let (_, newest_to_go, _) = ends.select_nth_unstable(surplus - 1);
            let newest_to_go = *newest_to_go;
            self.by_kernel_socket.retain(|_, tombstone| tombstone.at > newest_to_go);
        }
        self.by_kernel_socket.shrink_to(LIMIT / 8);
    }
}

/// A short form of a socket's namespace, protocol and addresses: enough to tell whether late news is about it.
pub(super) fn tuple_key(
    netns: NetnsId,
    protocol: Protocol,
    local: &Address,
    remote: Option<&Address>,
) -> u64 {
    let mut hasher = FxHasher::default();
    let remote = remote.filter(|remote| !remote.awaits_port()).map(Address::plain);
    (netns, protocol, local.plain(), remote).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tombstone(at: u64, unowned: bool) -> Tombstone {
        Tombstone { at: Timestamp(at), id: SocketId(at), tuple: 0, certain: true, unowned, record: (0, 0) }
    }

    #[test]
    fn old_ones_go_and_unowned_ones_stay_longer() {
        let mut tombstones = Tombstones::default();
        tombstones.insert(1, tombstone(1_000, false));
        tombstones.insert(2, tombstone(1_000, true));
        tombstones.insert(3, tombstone(KEEP, false));
        tombstones.prune(Timestamp(KEEP + 1_000));
        assert!(tombstones.get(1).is_none());
        assert!(tombstones.get(2).is_some());
        assert!(tombstones.get(3).is_some());
        tombstones.prune(Timestamp(KEEP_UNOWNED + 1_000));
        assert!(tombstones.get(2).is_none());
    }

    #[test]
    fn their_number_is_bounded_and_the_newest_stay() {
        let mut tombstones = Tombstones::default();
        for at in 1..=(LIMIT as u64 + 10) {
            tombstones.insert(at, tombstone(at, true));
        }
        tombstones.prune(Timestamp(LIMIT as u64 + 10));
        assert_eq!(tombstones.by_kernel_socket.len(), LIMIT / 2);
        assert!(tombstones.get(LIMIT as u64 + 10).is_some());
        assert!(tombstones.get(1).is_none());
    }
}
