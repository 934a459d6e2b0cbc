#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use super::*;
use crate::kernel::netlink::push_header;

fn message(kind: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    push_header(&mut message, kind, 0, sequence, body, 0);
    message
}

fn error(sequence: u32, error: i32) -> Vec<u8> {
    message(2, sequence, &error.to_ne_bytes())
}

/// Reads answers to so many questions, of these datagrams, again and again if `endless`; after the last the kernel is
/// silent.
fn read(asked: usize, datagrams: &[Vec<u8>], endless: bool) -> (Result<(), NetlinkError>, Vec<u32>) {
    let mut numbers = Vec::new();
    let mut next = 0;
    let receive = |buffer: &mut [u8]| {
        let place = if endless { next % datagrams.len() } else { next };
        let datagram = datagrams.get(place).ok_or(NetlinkError::TimedOut)?;
        next += 1;
        let length = datagram.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram[..length]);
        Ok(datagram.len())
    };
    let ending = read_answers(asked, &mut [0; 256], receive, |number, _| numbers.push(number));
    (ending, numbers)
}

#[test]
fn every_question_has_its_answer() {
    let unknown = error(2, -2);
    let entry = message(1 << 8, 3, &[2, 0, 0, 0]);
    assert_eq!(read(2, &[unknown.clone(), entry.clone()], false), (Ok(()), vec![2, 3]));
    assert_eq!(read(2, &[[unknown.clone(), entry].concat()], false), (Ok(()), vec![2, 3]));
    assert_eq!(read(2, &[unknown], false), (Err(NetlinkError::TimedOut), vec![2]));
}

#[test]
fn what_is_no_answer_ends_the_reading() {
    for (wrong, expected) in [
        (error(2, -1), NetlinkError::Refused(Errno::PERM)),
        (message(3, 2, &[0; 4]), NetlinkError::Unexpected("the end of a list")),
        (message(99, 2, &[0; 4]), NetlinkError::Unexpected("another kind of message")),
        (message(1 << 8, 2, &[0; 3]), NetlinkError::Truncated("a message's head")),
        (vec![0; 300], NetlinkError::Truncated("a datagram")),
    ] {
        assert_eq!(read(1, &[wrong], false), (Err(expected), vec![]));
    }
    // Messages that say nothing, and datagrams of nothing, for ever.
    for nothing in [message(1, 2, &[]), Vec::new()] {
        assert!(matches!(read(3, &[nothing], true).0, Err(NetlinkError::Endless(_))));
    }
}

#[test]
fn a_table_is_full_when_hardly_a_place_is_free() {
    for (entries, room, is_full) in [(94, 100, false), (95, 100, true), (200, 100, true), (7, 0, false)] {
        assert_eq!(Fill { entries, room }.is_full(), is_full, "{entries} of {room}");
    }
    assert!(Fill { entries: u32::MAX, room: u32::MAX }.is_full());
}

#[test]
fn a_refusal_says_what_is_missing() {
    let told = |error| explained(NetnsId(7), &NetlinkError::Refused(error));
    assert!(told(Errno::PERM).ends_with("needs CAP_NET_ADMIN"));
    assert!(told(Errno::INVAL).ends_with("no nf_conntrack_netlink"));
    assert!(told(Errno::NOMEM).starts_with("network namespace 7: "));
}
