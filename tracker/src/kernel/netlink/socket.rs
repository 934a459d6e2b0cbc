//! A netlink socket, and questions asked over it.

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, recvfrom, sendto, socket_with,
};

use super::message::{AnswerKind, NetlinkError, Reader};

/// How long the kernel may take. It answers from memory, in the very call that asks: silence is a fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Until it says something.
    silence: Duration,
    /// Until an answer has ended.
    answer: Duration,
}

impl Patience {
    /// For a question that others wait behind.
    pub(crate) const SHORT: Self =
        Self { silence: Duration::from_millis(500), answer: Duration::from_secs(2) };
    /// For a list that may have a million entries.
    pub(crate) const LONG: Self = Self { silence: Duration::from_secs(2), answer: Duration::from_secs(10) };
}

/// The kernel fills up to 32 KiB at a time if the reader has room for it.
const BUFFER: usize = 64 * 1024;

/// A netlink socket. It belongs to the namespace in which it was opened, and keeps that namespace alive: it must not
/// be kept.
#[derive(Debug)]
pub(crate) struct NetlinkSocket {
    socket: OwnedFd,
    patience: Patience,
}

impl NetlinkSocket {
    /// Opens one in the namespace of this thread. Of no protocol it asks for addresses and routes (`NETLINK_ROUTE` is
    /// 0).
    pub(crate) fn open(protocol: Option<Protocol>, patience: Patience) -> Result<Self, NetlinkError> {
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, protocol)?;
        set_socket_timeout(&socket, Timeout::Recv, Some(patience.silence))?;
        Ok(Self { socket, patience })
    }

    /// Sends questions.
    pub(crate) fn send(&self, questions: &[u8]) -> Result<(), NetlinkError> {
        sendto(&self.socket, questions, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
        Ok(())
    }

    /// Asks for all there is and hands every item, with its kind, to `each`. After `limit` messages it gives up.
    /// `false`: the kernel's list changed while it was read.
    pub(crate) fn list(
        &self,
        question: &[u8],
        sequence: u32,
        limit: usize,
        buffer: &mut Vec<u8>,
        each: impl FnMut(u16, &[u8]) -> Result<(), NetlinkError>,
    ) -> Result<bool, NetlinkError> {
        self.send(question)?;
        buffer.resize(BUFFER, 0);
        let until = Instant::now() + self.patience.answer;
        read_list(sequence, limit, buffer, |buffer| self.receive(buffer, until), each)
    }

    /// The next datagram from the kernel, its length; more than `buffer` holds where it did not fit.
    pub(crate) fn receive(&self, buffer: &mut [u8], until: Instant) -> Result<usize, NetlinkError> {
        loop {
            if Instant::now() >= until {
                return Err(NetlinkError::TimedOut);
            }
            match recvfrom(&self.socket, &mut *buffer, RecvFlags::TRUNC) {
                Ok((_, length, from)) => {
                    let from = from.and_then(|address| SocketAddrNetlink::try_from(address).ok());
                    // Any process may send to a netlink socket; the kernel's port is 0.
                    if from.is_some_and(|address| address.pid() == 0) {
                        return Ok(length);
                    }
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Err(NetlinkError::TimedOut),
                Err(error) => return Err(NetlinkError::Refused(error)),
            }
        }
    }
}

/// Reads datagrams until the answer ends.
pub(crate) fn read_list(
    sequence: u32,
    limit: usize,
    buffer: &mut [u8],
    mut receive: impl FnMut(&mut [u8]) -> Result<usize, NetlinkError>,
    mut each: impl FnMut(u16, &[u8]) -> Result<(), NetlinkError>,
) -> Result<bool, NetlinkError> {
    let (mut count, mut whole) = (0, true);
    loop {
        let length = receive(buffer)?;
        let datagram = buffer.get(..length).ok_or(NetlinkError::Truncated("a datagram"))?;
        if datagram.is_empty() {
            return Err(NetlinkError::Truncated("an empty datagram"));
        }
        // Each counts, also one of nothing but messages that say nothing.
        count += 1;
        let mut reader = Reader::new(datagram);
        while let Some(message) = reader.next() {
            let (of, answer) = message?;
            count += 1;
            if count > limit {
                return Err(NetlinkError::Endless(limit));
            }
            if of != sequence {
                return Err(NetlinkError::Unexpected("another sequence number"));
            }
            whole &= !reader.interrupted;
            match answer {
                AnswerKind::Item(kind, body) => each(kind, body)?,
                AnswerKind::Done => return Ok(whole),
                AnswerKind::Ended(Some(error)) => return Err(NetlinkError::Refused(error)),
                AnswerKind::Ended(None) => return Err(NetlinkError::Unexpected("an acknowledgement")),
            }
        }
        if count > limit {
            return Err(NetlinkError::Endless(limit));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::netlink::push_header;

    fn message(kind: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
        let mut message = Vec::new();
        push_header(&mut message, kind, 0, sequence, body, 0);
        message
    }

    /// Reads an answer of these datagrams, again and again if `endless`; after the last the kernel is silent.
    fn read(datagrams: &[Vec<u8>], endless: bool) -> (Result<bool, NetlinkError>, usize) {
        let mut items = 0;
        let mut next = 0;
        let receive = |buffer: &mut [u8]| {
            let place = if endless { next % datagrams.len() } else { next };
            let datagram = datagrams.get(place).ok_or(NetlinkError::TimedOut)?;
            next += 1;
            let length = datagram.len().min(buffer.len());
            buffer[..length].copy_from_slice(&datagram[..length]);
            Ok(datagram.len())
        };
        let ending = read_list(7, 100, &mut [0; 256], receive, |_, _| {
            items += 1;
            Ok(())
        });
        (ending, items)
    }

    #[test]
    fn a_list_ends_where_the_kernel_says_so() {
        let item = message(20, 7, b"data");
        let done = message(3, 7, &[0; 4]);
        assert_eq!(read(&[[item.clone(), item.clone()].concat(), done.clone()], false), (Ok(true), 2));
        let mut changed = item.clone();
        changed[6] = 0x10;
        assert_eq!(read(&[changed, done], false), (Ok(false), 1));
        assert_eq!(read(std::slice::from_ref(&item), false), (Err(NetlinkError::TimedOut), 1));
        assert_eq!(read(&[item], true).0, Err(NetlinkError::Endless(100)));
        assert_eq!(read(&[message(1, 7, &[])], true), (Err(NetlinkError::Endless(100)), 0));
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for (wrong, error) in [
            (message(20, 8, &[]), NetlinkError::Unexpected("another sequence number")),
            (Vec::new(), NetlinkError::Truncated("an empty datagram")),
            (vec![1; 300], NetlinkError::Truncated("a datagram")),
            (message(2, 7, &[0; 4]), NetlinkError::Unexpected("an acknowledgement")),
            (message(2, 7, &(-1_i32).to_ne_bytes()), NetlinkError::Refused(Errno::PERM)),
        ] {
            assert_eq!(read(&[wrong], false), (Err(error), 0));
        }
    }
}
