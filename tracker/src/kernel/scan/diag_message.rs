//! The messages of `sock_diag`: one question, and the answer's sockets.
//!
//! Written by hand where a crate would read them: of each socket's answer eight fields and one attribute are needed,
//! tens of thousands of times in a scan. `netlink-packet-sock-diag` makes owned copies of every attribute that
//! a kernel sends along, and gives up a whole socket for one that it does not understand.

use std::net::SocketAddr;

use rustix::io::Errno;

use crate::connection::{Counters, State};
use crate::kernel::address::socket_address;
use crate::kernel::netlink::{u16_at, u32_at};

/// Why the kernel's answer is none.
#[derive(Debug, thiserror::Error)]
pub enum DiagError {
    /// The kernel refused.
    #[error("{0}")]
    Refused(#[from] Errno),
    /// The kernel lacks the part that answers.
    #[error("this kernel has no tcp_diag (CONFIG_INET_DIAG, module tcp_diag)")]
    Absent,
    /// The answer did not come, or did not end, in time.
    #[error("the kernel's answer did not end in time")]
    TimedOut,
    /// The answer is longer than any that can be true.
    #[error("the kernel's answer has no end: given up after {0} messages")]
    Endless(usize),
    /// The answer is cut short.
    #[error("the kernel's answer is cut short: {0}")]
    Truncated(&'static str),
    /// The answer is not one to this question.
    #[error("the kernel's answer is not to this question: {0}")]
    Unexpected(&'static str),
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

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With its last message.
    Whole,
    /// With its last message, but the kernel says that its list changed under its hands.
    Interrupted,
}

// include/uapi/linux/netlink.h, sock_diag.h, inet_diag.h
const HEADER: usize = 16;
const NLMSG_NOOP: u16 = 1;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLMSG_OVERRUN: u16 = 4;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 0x001;
const NLM_F_DUMP: u16 = 0x300;
const NLM_F_DUMP_INTR: u16 = 0x010;
const INET_DIAG_INFO: u16 = 2;
const NLA_TYPE_MASK: u16 = 0x3fff;
const IPPROTO_TCP: u8 = 6;
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
pub(super) fn request(family: u16, sequence: u32) -> [u8; HEADER + 56] {
    let mut message = [0; HEADER + 56];
    message[0..4].copy_from_slice(&((HEADER + 56) as u32).to_ne_bytes());
    message[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    message[6..8].copy_from_slice(&(NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
    message[8..12].copy_from_slice(&sequence.to_ne_bytes());
    // struct inet_diag_req_v2; the rest of it, an address to look for, stays zero: any.
    message[16] = family as u8;
    message[17] = IPPROTO_TCP;
    message[18] = 1 << (INET_DIAG_INFO - 1);
    message[20..24].copy_from_slice(&STATES.to_ne_bytes());
    message
}

/// Reads datagrams until the answer ends and hands every socket to `each`. After `limit` messages it gives up.
pub(super) fn read_answer(
    sequence: u32,
    limit: usize,
    buffer: &mut [u8],
    mut receive: impl FnMut(&mut [u8]) -> Result<usize, DiagError>,
    mut each: impl FnMut(DiagSocket),
) -> Result<Ending, DiagError> {
    let mut ending = Ending::Whole;
    let mut count = 0;
    loop {
        let length = receive(buffer)?;
        let mut rest = buffer.get(..length).ok_or(DiagError::Truncated("a datagram"))?;
        if rest.is_empty() {
            return Err(DiagError::Truncated("an empty datagram"));
        }
        while !rest.is_empty() {
            count += 1;
            if count > limit {
                return Err(DiagError::Endless(limit));
            }
            let message_length = u32_at(rest, 0).ok_or(DiagError::Truncated("a message's header"))? as usize;
            let message = rest
                .get(..message_length)
                .filter(|message| message.len() >= HEADER)
                .ok_or(DiagError::Truncated("a message"))?;
            if u32_at(message, 8) != Some(sequence) {
                return Err(DiagError::Unexpected("another sequence number"));
            }
            if u16_at(message, 6).is_some_and(|flags| flags & NLM_F_DUMP_INTR != 0) {
                ending = Ending::Interrupted;
            }
            let body = &message[HEADER..];
            match u16_at(message, 4) {
                Some(SOCK_DIAG_BY_FAMILY) => {
                    if let Some(socket) = parse_socket(body)? {
                        each(socket);
                    }
                }
                Some(NLMSG_DONE) => return ended(body).map(|()| ending),
                Some(NLMSG_ERROR) => {
                    ended(body)?;
                    return Err(DiagError::Unexpected("an acknowledgement"));
                }
                Some(NLMSG_NOOP) => {}
                Some(NLMSG_OVERRUN) => return Err(DiagError::Truncated("the kernel dropped a part")),
                _ => return Err(DiagError::Unexpected("another kind of message")),
            }
            // Messages begin at multiples of four; behind the last there may be no filling.
            rest = rest.get(message_length.next_multiple_of(4)..).unwrap_or_default();
        }
    }
}

/// The end of an answer carries an error as a negative number, or 0.
fn ended(body: &[u8]) -> Result<(), DiagError> {
    match u32_at(body, 0).map_or(0, u32::cast_signed) {
        0.. => Ok(()),
        // Only these are errors' numbers; others may not even be put into an `Errno`.
        error @ -4095..0 => match Errno::from_raw_os_error(-error) {
            Errno::NOENT => Err(DiagError::Absent),
            error => Err(DiagError::Refused(error)),
        },
        _ => Err(DiagError::Unexpected("an error that is none")),
    }
}

/// Reads a `struct inet_diag_msg` and its attributes; `None` for one of a kind that is not asked for.
fn parse_socket(body: &[u8]) -> Result<Option<DiagSocket>, DiagError> {
    let (head, attributes) =
        body.split_first_chunk::<ANSWER_BODY>().ok_or(DiagError::Truncated("a socket's facts"))?;
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
    let counters = attribute(attributes, INET_DIAG_INFO)?.and_then(|info| parse_counters(info, state));
    Ok(Some(DiagSocket {
        state,
        local,
        remote,
        inode: u32_at(head, 68).unwrap_or_default(),
        cookie: half(44) | half(48) << 32,
        counters,
    }))
}

/// Finds an attribute.
fn attribute(mut rest: &[u8], wanted: u16) -> Result<Option<&[u8]>, DiagError> {
    while !rest.is_empty() {
        let (Some(length), Some(kind)) = (u16_at(rest, 0), u16_at(rest, 2)) else {
            return Err(DiagError::Truncated("an attribute's header"));
        };
        let length = usize::from(length);
        let value = rest.get(4..length).ok_or(DiagError::Truncated("an attribute"))?;
        if kind & NLA_TYPE_MASK == wanted {
            return Ok(Some(value));
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
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
