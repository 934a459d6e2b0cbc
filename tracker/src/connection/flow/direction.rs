//! Who is the client: told by how the ports were come by, then by who sent first. Never by their numbers.

use super::Way;
use super::entry::Flow;
use crate::connection::Direction;

/// What is known of one end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Whether its port was bound explicitly.
    pub(super) is_bound: bool,
    /// Which way its first datagram went, if that is sure.
    pub(super) first: Option<Way>,
}

impl Manner {
    pub(super) fn of(flow: &Flow) -> Self {
        Self { is_bound: flow.is_bound, first: flow.first }
    }
}

/// The direction of a flow whose other end is not known.
pub(super) fn alone(flow: &Flow) -> Direction {
    match (flow.is_bound, flow.first) {
        // Where the kernel chose the port nobody could know it before something was sent.
        (_, Some(Way::Sent)) | (false, None) => Direction::Outbound,
        (_, Some(Way::Received)) => Direction::Inbound,
        // Whoever is bound and not connected waits for others.
        (true, None) if flow.first_seen == Some(Way::Received) && !flow.is_connected => Direction::Inbound,
        (true, None) => Direction::Unknown,
    }
}

/// The direction of one end of a flow whose other end is that.
pub(super) fn with(own: Manner, other: Manner) -> Direction {
    if own.is_bound != other.is_bound {
        return if own.is_bound { Direction::Inbound } else { Direction::Outbound };
    }
    match (own.first, other.first) {
        (Some(Way::Sent), Some(Way::Received) | None) | (None, Some(Way::Received)) => Direction::Outbound,
        (Some(Way::Received), Some(Way::Sent) | None) | (None, Some(Way::Sent)) => Direction::Inbound,
        (Some(Way::Sent), Some(Way::Sent)) | (Some(Way::Received), Some(Way::Received)) | (None, None) => {
            Direction::Unknown
        }
    }
}
