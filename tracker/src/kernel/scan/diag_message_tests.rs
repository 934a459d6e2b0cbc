#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use proptest::prelude::*;

use super::*;
use crate::kernel::netlink::{HEADER, read_list};

const SEQUENCE: u32 = 7;
const ERROR: u16 = 2;
const DONE: u16 = 3;

/// A message with its header.
fn message(kind: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_header(&mut bytes, kind, 2, SEQUENCE, body, 0);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// A `struct tcp_info` of 5.x, with numbers in the fields that count.
fn tcp_info() -> Vec<u8> {
    let mut info = vec![0; 232];
    info[68..72].copy_from_slice(&1_500u32.to_ne_bytes());
    info[100..104].copy_from_slice(&3u32.to_ne_bytes());
    info[128..136].copy_from_slice(&501u64.to_ne_bytes());
    info[200..208].copy_from_slice(&1_100u64.to_ne_bytes());
    info[208..216].copy_from_slice(&100u64.to_ne_bytes());
    info
}

/// A socket's message: 10.0.0.1:80 and 10.0.0.2:40000.
fn socket(state: u8, info: &[u8]) -> Vec<u8> {
    let mut body = vec![0; ANSWER_BODY];
    body[0] = 2;
    body[1] = state;
    body[4..6].copy_from_slice(&80u16.to_be_bytes());
    body[6..8].copy_from_slice(&40_000u16.to_be_bytes());
    body[8..12].copy_from_slice(&[10, 0, 0, 1]);
    body[24..28].copy_from_slice(&[10, 0, 0, 2]);
    body[44..48].copy_from_slice(&5u32.to_ne_bytes());
    body[48..52].copy_from_slice(&1u32.to_ne_bytes());
    body[68..72].copy_from_slice(&4711u32.to_ne_bytes());
    // An attribute of no interest, of an odd length, goes before.
    body.extend([5, 0, 8, 0, 1, 0, 0, 0]);
    body.extend(((4 + info.len()) as u16).to_ne_bytes());
    body.extend(INET_DIAG_INFO.to_ne_bytes());
    body.extend(info);
    message(SOCK_DIAG_BY_FAMILY, &body)
}

fn done() -> Vec<u8> {
    message(DONE, &0i32.to_ne_bytes())
}

/// Reads an answer of these datagrams; after the last the kernel is silent.
fn read(datagrams: &[Vec<u8>]) -> (Result<bool, DiagError>, Vec<DiagSocket>) {
    let mut sockets = Vec::new();
    let mut datagrams = datagrams.iter();
    let receive = |buffer: &mut [u8]| {
        let datagram = datagrams.next().ok_or(NetlinkError::TimedOut)?;
        let length = datagram.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram[..length]);
        Ok(datagram.len())
    };
    let ending = read_list(SEQUENCE, 1_000, &mut [0; 4096], receive, |kind, body| {
        sockets.extend(socket_of(kind, body)?);
        Ok(())
    });
    (ending.map_err(DiagError::from), sockets)
}

#[test]
fn a_socket_is_read_whole() {
    let (ending, sockets) = read(&[[socket(1, &tcp_info()), socket(10, &[])].concat(), done()]);
    assert!(ending.unwrap());
    assert_eq!(
        sockets[0],
        DiagSocket {
            state: State::Established,
            local: "10.0.0.1:80".parse().unwrap(),
            remote: "10.0.0.2:40000".parse().unwrap(),
            inode: 4711,
            cookie: 0x1_0000_0005,
            counters: Some(Counters {
                bytes_sent: 1_000,
                bytes_received: 501,
                rtt_us: Some(1_500),
                retransmits: 3
            }),
        }
    );
    assert_eq!((sockets[1].state, sockets[1].counters), (State::Listen, None));
}

#[test]
fn the_peers_fin_is_no_byte() {
    for (state, received) in [(1, 501), (4, 501), (5, 501), (8, 500), (9, 500), (11, 500)] {
        let (_, sockets) = read(&[socket(state, &tcp_info()), done()]);
        assert_eq!(sockets[0].counters.unwrap().bytes_received, received, "state {state}");
    }
}

#[test]
fn a_shorter_tcp_info_has_no_counters_and_does_no_harm() {
    for length in 0..232 {
        let (ending, sockets) = read(&[socket(1, &tcp_info()[..length]), done()]);
        assert!(ending.is_ok());
        assert_eq!(sockets[0].counters.is_some(), length >= 216, "{length} bytes");
    }
}

#[test]
fn an_unmeasured_round_trip_is_unknown() {
    let mut info = tcp_info();
    info[68..72].fill(0);
    assert_eq!(read(&[socket(1, &info), done()]).1[0].counters.unwrap().rtt_us, None);
}

#[test]
fn an_answer_cut_anywhere_is_an_error() {
    let whole = [socket(1, &tcp_info()), done()].concat();
    for end in 0..whole.len() {
        assert!(read(&[whole[..end].to_vec()]).0.is_err(), "cut at {end}");
    }
    assert!(read(&[whole]).0.is_ok());
}

#[test]
fn what_is_no_socket_is_no_answer() {
    let ending = read(&[message(99, &[]), done()]).0;
    assert!(matches!(ending, Err(DiagError::Answer(NetlinkError::Unexpected(_)))), "{ending:?}");
}

#[test]
fn a_kernel_that_cannot_answer_is_told_from_one_that_will_not() {
    let refused = |errno: Errno| {
        let body = (-errno.raw_os_error()).to_ne_bytes();
        read(&[message(ERROR, &body)]).0
    };
    assert!(matches!(refused(Errno::PERM), Err(DiagError::Answer(NetlinkError::Refused(Errno::PERM)))));
    assert!(matches!(refused(Errno::NOENT), Err(DiagError::Absent)));
    let opened = DiagError::from(NetlinkError::Refused(Errno::PROTONOSUPPORT));
    assert!(matches!(opened, DiagError::Absent));
}

#[test]
fn a_state_or_family_of_another_kind_is_left_out() {
    let mut unix = socket(1, &tcp_info());
    unix[HEADER] = 1;
    let (ending, sockets) = read(&[unix, socket(200, &tcp_info()), done()]);
    assert!(ending.is_ok() && sockets.is_empty());
}

#[test]
fn the_question_leaves_out_what_is_over() {
    let states = u32::from_ne_bytes(*question(2, 1)[20..].first_chunk().unwrap());
    let asked: Vec<_> = (0..32).filter(|bit| states & (1 << bit) != 0).collect();
    assert_eq!(asked, [1, 2, 3, 4, 5, 8, 9, 10, 11]);
}

proptest! {
    #[test]
    fn no_bytes_end_the_program(datagrams: Vec<Vec<u8>>) {
        let _ = read(&datagrams);
    }

    #[test]
    fn no_flipped_byte_ends_the_program(at in 0usize..340, value: u8, end in 0usize..400) {
        let mut whole = [socket(1, &tcp_info()), done()].concat();
        if let Some(byte) = whole.get_mut(at) {
            *byte = value;
        }
        whole.truncate(end);
        let _ = read(&[whole]);
    }
}

/// A dump is cut into datagrams where the kernel could have: behind a message.
fn datagrams(dump: &[u8], most: usize) -> Vec<Vec<u8>> {
    let mut datagrams = vec![Vec::new()];
    let mut rest = dump;
    while let Some(length) = u32_at(rest, 0) {
        let length = (length as usize).next_multiple_of(4).clamp(4, rest.len());
        let last = datagrams.len() - 1;
        if datagrams[last].len() + length > most && !datagrams[last].is_empty() {
            datagrams.push(Vec::new());
        }
        let last = datagrams.len() - 1;
        datagrams[last].extend_from_slice(&rest[..length]);
        rest = &rest[length..];
    }
    let last = datagrams.len() - 1;
    datagrams[last].extend_from_slice(rest);
    datagrams
}

#[test]
fn changed_answers_do_no_harm() {
    crate::fuzz::run("sock_diag", 8, |dump| {
        const LIMIT: usize = 500;
        let (mut buffer, mut left) = (vec![0; 1 << 16], datagrams(dump, 4096).into_iter());
        let (mut asked, mut count) = (0, 0);
        let receive = |buffer: &mut [u8]| {
            asked += 1;
            let datagram: Vec<u8> = left.next().ok_or(NetlinkError::TimedOut)?;
            let length = datagram.len().min(buffer.len());
            buffer[..length].copy_from_slice(&datagram[..length]);
            Ok(datagram.len())
        };
        let ending = read_list(SEQUENCE, LIMIT, &mut buffer, receive, |kind, body| {
            count += usize::from(socket_of(kind, body)?.is_some());
            Ok(())
        });
        assert!(count <= LIMIT.min(dump.len() / (HEADER + ANSWER_BODY)), "{count} sockets of {}", dump.len());
        assert!(asked <= dump.len() / 4 + 2, "{asked} datagrams of {}", dump.len());
        if ending.is_ok() {
            assert!(dump.len() >= HEADER, "an end that nobody told");
        }
    });
}
