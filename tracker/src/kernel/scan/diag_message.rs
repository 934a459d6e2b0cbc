//! What `sock_diag` is asked, and the sockets of its answer.
//!
//! Written by hand where a crate would read it: of each socket's answer eight fields and one attribute are needed,
//! tens of thousands of times in a scan. `netlink-packet-sock-diag` makes owned copies of every attribute that
//! a kernel sends along, and gives up a whole socket for one that it does not understand.

use std::net::SocketAddr;

use rustix::io::Errno;

use crate::connection::{Counters, State};
use crate::kernel::address::socket_address;
use crate::kernel::netlink::{DUMP, NetlinkError, REQUEST, attributes, push_header, u32_at};

/// Why the kernel's list of sockets is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum DiagError {
    /// The kernel lacks the part that answers.
    #[error("this kernel has no tcp_diag (CONFIG_INET_DIAG, module tcp_diag)")]
    Absent,
    /// It gave no answer to the question.
    #[error(transparent)]
    Answer(NetlinkError),
}

impl From<NetlinkError> for DiagError {
    fn from(error: NetlinkError) -> Self {
        match error {
            // To open the socket, to ask.
            NetlinkError::Refused(Errno::PROTONOSUPPORT | Errno::NOENT) => Self::Absent,
            error => Self::Answer(error),
        }
    }
}

/// One socket of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DiagSocket {
    pub(super) state: State,
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    pub(super) inode: u32,
    /// The kernel's number for the socket: stays from before it is accepted until it is gone, never used again.
    pub(super) cookie: u64,
    pub(super) counters: Option<Counters>,
}

// include/uapi/linux/sock_diag.h, inet_diag.h
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const INET_DIAG_INFO: u16 = 2;
const IPPROTO_TCP: u8 = 6;
const QUESTION_BODY: usize = 56;
const ANSWER_BODY: usize = 72;

/// All states but `TIME_WAIT`, `CLOSE` and `NEW_SYN_RECV`. The kernel takes `SYN_RECV` to mean handshakes as well.
const STATES: u32 = {
    use scopetop_tracker_ebpf::state as kernel;
    let mut bits = 0;
    let mut number = kernel::ESTABLISHED;
    while number <= kernel::CLOSING {
        if number != kernel::TIME_WAIT && number != kernel::CLOSE {
            bits |= 1 << number;
        }
        number += 1;
    }
    bits
};

/// The question for all TCP sockets of a family.
pub(super) fn question(family: u16, sequence: u32) -> Vec<u8> {
    // struct inet_diag_req_v2; the rest of it, an address to look for, stays zero: any.
    let mut body = [0; QUESTION_BODY];
    body[0] = family as u8;
    body[1] = IPPROTO_TCP;
    body[2] = 1 << (INET_DIAG_INFO - 1);
    body[4..8].copy_from_slice(&STATES.to_ne_bytes());
    let mut message = Vec::new();
    push_header(&mut message, SOCK_DIAG_BY_FAMILY, REQUEST | DUMP, sequence, &body, 0);
    message
}

/// The socket that an item of the answer tells; `None` for one of a kind that is not asked for.
pub(super) fn socket_of(kind: u16, body: &[u8]) -> Result<Option<DiagSocket>, NetlinkError> {
    if kind != SOCK_DIAG_BY_FAMILY {
        return Err(NetlinkError::Unexpected("another kind of message"));
    }
    parse_socket(body)
}

/// Reads a `struct inet_diag_msg` and its attributes; `None` for one of a kind that is not asked for.
fn parse_socket(body: &[u8]) -> Result<Option<DiagSocket>, NetlinkError> {
    let (head, rest) =
        body.split_first_chunk::<ANSWER_BODY>().ok_or(NetlinkError::Truncated("a socket's facts"))?;
    let family = u16::from(head[0]);
    // Behind family, state, timer and retransmits: ports and addresses in network order.
    let address = |at: usize, port: usize| {
        let bytes = head[at..].first_chunk::<16>()?;
        socket_address(family, bytes, u16::from_be_bytes(*head[port..].first_chunk()?))
    };
    let (Some(state), Some(local), Some(remote)) =
        (State::from_kernel(head[1]), address(8, 4), address(24, 6))
    else {
        return Ok(None);
    };
    // Two 32-bit halves: the field is not aligned to eight.
    let half = |at| u64::from(u32_at(head, at).unwrap_or_default());
    let counters = info(rest)?.and_then(|info| parse_counters(info, state));
    Ok(Some(DiagSocket {
        state,
        local,
        remote,
        inode: u32_at(head, 68).unwrap_or_default(),
        cookie: half(44) | half(48) << 32,
        counters,
    }))
}

/// Finds the attribute that is a `struct tcp_info`.
fn info(bytes: &[u8]) -> Result<Option<&[u8]>, NetlinkError> {
    for attribute in attributes(bytes) {
        let (kind, value) = attribute?;
        if kind == INET_DIAG_INFO {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// Reads what is needed of a `struct tcp_info`, which grew over the years: by offset, and only if it is long enough.
/// A listener has no counters (its fields mean the queue), and neither tells a kernel before 4.19.
fn parse_counters(info: &[u8], state: State) -> Option<Counters> {
    if state == State::Listen {
        return None;
    }
    let rtt = u32_at(info, 68)?;
    let retransmits = u32_at(info, 100)?;
    let received = u64_at(info, 128)?;
    let sent = u64_at(info, 200)?;
    let sent_again = u64_at(info, 208)?;
    // The kernel counts the peer's FIN as a byte.
    let fin = u64::from(matches!(state, State::CloseWait | State::LastAck | State::Closing));
    Some(Counters {
        bytes_sent: sent.saturating_sub(sent_again),
        bytes_received: received.saturating_sub(fin),
        rtt_us: (rtt != 0).then_some(rtt),
        retransmits,
    })
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
#[path = "diag_message_tests.rs"]
mod tests;
