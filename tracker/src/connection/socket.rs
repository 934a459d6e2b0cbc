//! One socket, as the rest of the program sees it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::address::Address;
use crate::identity::{NetnsId, ProcessId, SocketId, Timestamp};

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// TCP (also as a subflow of MPTCP).
    Tcp,
    /// UDP.
    Udp,
    /// A Unix socket.
    Unix,
}

impl Protocol {
    /// Its name in the interface: `tcp`, `udp`, `unix`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Unix => "unix",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// The state of a socket or a connection: the kernel's, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Data flows both ways.
    Established,
    /// A connect is under way.
    SynSent,
    /// A handshake that the peer began is under way.
    SynRecv,
    /// This end closed; its FIN is not yet acknowledged.
    FinWait1,
    /// This end closed; the peer may still send.
    FinWait2,
    /// Kept against late segments.
    TimeWait,
    /// The peer closed; this end has not.
    CloseWait,
    /// The peer closed, then this end; the last FIN is not yet acknowledged.
    LastAck,
    /// A listener.
    Listen,
    /// Both ends closed at once.
    Closing,
    /// It closed in this tick.
    Closed,
    /// A connect that never got through, in this tick.
    Failed,
}

impl State {
    /// Every state, in the order of the kernel's numbers, the two ends last.
    pub const ALL: [Self; 12] = [
        Self::Established,
        Self::SynSent,
        Self::SynRecv,
        Self::FinWait1,
        Self::FinWait2,
        Self::TimeWait,
        Self::CloseWait,
        Self::LastAck,
        Self::Listen,
        Self::Closing,
        Self::Closed,
        Self::Failed,
    ];

    /// Its name in the interface: the kernel's name in lower case, `closed` or `failed`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Established => "established",
            Self::SynSent => "syn_sent",
            Self::SynRecv => "syn_recv",
            Self::FinWait1 => "fin_wait1",
            Self::FinWait2 => "fin_wait2",
            Self::TimeWait => "time_wait",
            Self::CloseWait => "close_wait",
            Self::LastAck => "last_ack",
            Self::Listen => "listen",
            Self::Closing => "closing",
            Self::Closed => "closed",
            Self::Failed => "failed",
        }
    }

    /// The state by the kernel's `TCP_*` number; `None` for a number that is no state.
    pub const fn from_kernel(number: u8) -> Option<Self> {
        use scopetop_tracker_ebpf::state as kernel;
        Some(match number {
            kernel::ESTABLISHED => Self::Established,
            kernel::SYN_SENT => Self::SynSent,
            // 12 is TCP_NEW_SYN_RECV, the request before there is a whole socket.
            kernel::SYN_RECV | 12 => Self::SynRecv,
            kernel::FIN_WAIT1 => Self::FinWait1,
            kernel::FIN_WAIT2 => Self::FinWait2,
            kernel::TIME_WAIT => Self::TimeWait,
            kernel::CLOSE => Self::Closed,
            kernel::CLOSE_WAIT => Self::CloseWait,
            kernel::LAST_ACK => Self::LastAck,
            kernel::LISTEN => Self::Listen,
            kernel::CLOSING => Self::Closing,
            _ => return None,
        })
    }

    /// Whether it is over: shown once more, grey, and then no longer.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Closed | Self::Failed)
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// Who began a connection, seen from one socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Not known: the socket was there before, and nothing tells.
    #[default]
    Unknown,
    /// This end connected: it is the client.
    Outbound,
    /// This end was accepted (or listens): it is the server.
    Inbound,
}

/// Where the owners of a socket are known from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerSource {
    /// No owner is known.
    #[default]
    Unknown,
    /// The listener's owners: the socket was accepted from it (or waits to be), nobody was seen using it.
    Listener,
    /// The process was seen to hold the socket: in the kernel at an event, or in the scan.
    Seen,
}

/// The kernel's own counters of one socket, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Payload bytes sent, without retransmissions.
    pub bytes_sent: u64,
    /// Payload bytes received.
    pub bytes_received: u64,
    /// The smoothed round-trip time in microseconds; `None` where none was measured yet.
    pub rtt_us: Option<u32>,
    /// Segments retransmitted so far; 0 where the protocol has no such thing.
    pub retransmits: u32,
}

/// Two numbers that stay the same over a TCP connection's life and that NAT does not change: with them the two
/// ends of one connection know each other, whatever their addresses look like.
///
/// The end that connected has (its initial number, the peer's plus one); the end that accepted has (its initial
/// number plus one, the peer's plus one). So of two ends of one connection
/// `active.received == passive.sent` and `active.sent + 1 == passive.received`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SequencePair {
    /// `snd_una - bytes_acked` of the socket.
    pub sent: u32,
    /// `rcv_nxt - bytes_received` of the socket.
    pub received: u32,
}

impl SequencePair {
    /// Whether this socket is the active end (the one that connected) of the connection whose passive end is
    /// `passive`.
    pub const fn is_active_end_of(self, passive: Self) -> bool {
        self.received == passive.sent && self.sent.wrapping_add(1) == passive.received
    }
}

/// One socket of a host: an end of a connection, or a listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Socket {
    /// Its identity on this host.
    pub id: SocketId,
    /// The network namespace that it lives in.
    pub netns: NetnsId,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its own address; an IPv4 address in IPv6 clothes is told as IPv4.
    pub local: Address,
    /// The other end's address as this socket sees it; `None` for a listener.
    pub remote: Option<Address>,
    /// Its state.
    pub state: State,
    /// Who began.
    pub direction: Direction,
    /// The processes that hold it; the one that was seen using it comes first.
    pub owners: Vec<ProcessId>,
    /// Where `owners` is known from.
    pub owner_source: OwnerSource,
    /// When it connected, was accepted or began to listen; `None` if that was before the tracker started.
    pub opened_at: Option<Timestamp>,
    /// When it closed or failed; `None` while it lives, or where the close itself was not seen.
    pub closed_at: Option<Timestamp>,
    /// The newest counters; `None` until they were read once.
    pub counters: Option<Counters>,
    /// What identifies the connection at both ends; `None` until it was read.
    pub sequence: Option<SequencePair>,
    /// The socket at the other end, where the kernel tells that itself, as of Unix sockets; that one tells this one.
    #[serde(default)]
    pub peer: Option<SocketId>,
    /// Why it failed or was cut off: a positive errno, as the kernel noted it on the socket.
    pub error: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_named_as_the_kernel_names_them() {
        assert_eq!(State::from_kernel(8).map(State::name), Some("close_wait"));
        assert_eq!(State::from_kernel(0), None);
        assert_eq!(State::from_kernel(13), None);
    }

    #[test]
    fn the_two_ends_know_each_other_and_who_began() {
        // Client ISN u32::MAX, server ISN 41.
        let active = SequencePair { sent: u32::MAX, received: 42 };
        let passive = SequencePair { sent: 42, received: 0 };
        assert!(active.is_active_end_of(passive));
        assert!(!passive.is_active_end_of(active));
        assert!(!active.is_active_end_of(active));
    }
}
