//! What is kept beside the sockets themselves while news comes in.

use super::listeners::Listeners;
use super::outbox::Outbox;
use crate::tick::Counts;

/// What news of a socket leaves behind outside of the socket.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// What was counted in this tick.
    pub(super) counts: Counts,
    /// What is to be told at once.
    pub(super) outbox: Outbox,
    /// Who listens where.
    pub(super) listeners: Listeners,
    /// The kernel's sockets that are new in this tick or changed in it; one may stand here twice.
    pub(super) dirty: Vec<u64>,
}
