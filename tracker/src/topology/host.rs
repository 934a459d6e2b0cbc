//! Hosts: whose ticks were applied, and what they explained.

use std::net::IpAddr;

use rustc_hash::FxHashMap;

use super::connection::ConnectionId;
use super::end::EndIndex;
use super::facts::Facts;
use crate::container::Container;
use crate::identity::{ContainerId, HostId, NetnsId, ProcessId, SocketId, Timestamp};
use crate::network::Network;
use crate::process::Process;
use crate::text::Text;
use crate::tick::{Counts, Source, Tick};

/// A host and its newest tick, without the sockets.
#[derive(Clone, Debug, PartialEq)]
pub struct HostView {
    /// Its name.
    pub id: HostId,
    /// Its kernel release.
    pub kernel: Text,
    /// The newest tick's number.
    pub sequence: u64,
    /// The newest tick's end.
    pub at: Timestamp,
    /// The newest tick's length in nanoseconds.
    pub duration: u64,
    /// How many events fell into it.
    pub counts: Counts,
    /// Where its facts come from.
    pub source: Source,
}

impl HostView {
    pub(super) fn of(tick: &Tick) -> Self {
        Self {
            id: tick.host.clone(),
            kernel: tick.kernel.clone(),
            sequence: tick.sequence,
            at: tick.at,
            duration: tick.duration,
            counts: tick.counts,
            source: tick.source.clone(),
        }
    }
}

/// What is kept of a host.
#[derive(Debug, Default)]
pub(super) struct Host {
    pub(super) processes: Facts<ProcessId, Process>,
    pub(super) containers: Facts<ContainerId, Container>,
    /// The sockets that are ends of connections.
    pub(super) sockets: FxHashMap<SocketId, EndIndex>,
    pub(super) namespaces: FxHashMap<NetnsId, Vec<Text>>,
    pub(super) networks: FxHashMap<NetnsId, Network>,
    /// The names of remote addresses.
    pub(super) remote_names: Facts<IpAddr, Text>,
    pub(super) newest: Newest,
    /// When its counters were last read all at once.
    pub(super) counters_at: Option<Timestamp>,
}

/// What the newest tick of a host did that its next one must undo. Each may have left since.
#[derive(Debug, Default)]
pub(super) struct Newest {
    /// Connections that began.
    pub(super) new: Vec<ConnectionId>,
    /// Connections whose bytes moved.
    pub(super) moving: Vec<ConnectionId>,
    /// Connections that are over.
    pub(super) over: Vec<ConnectionId>,
    /// Sockets that are over.
    pub(super) over_sockets: Vec<SocketId>,
}
