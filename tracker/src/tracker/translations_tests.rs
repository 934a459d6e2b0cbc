#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::*;
use crate::connection::{Direction, OwnerSource, State};

fn socket(id: u64, local: &str, remote: &str) -> Socket {
    Socket {
        id: SocketId(id),
        netns: NetnsId(1),
        protocol: Protocol::Tcp,
        local: local.parse().unwrap(),
        remote: Some(remote.parse().unwrap()),
        state: State::Established,
        direction: Direction::Outbound,
        owners: Vec::new(),
        owner_source: OwnerSource::Unknown,
        opened_at: None,
        closed_at: None,
        counters: None,
        sequence: None,
        error: None,
        peer: None,
    }
}

fn out(id: u64) -> Socket {
    socket(id, "10.0.0.5:4000", "198.51.100.7:443")
}

/// Look-ups of which each finds nothing, and which sockets each was made for.
fn translations() -> (Translations, Receiver<Vec<u64>>) {
    let (teller, asked) = channel();
    let errand = Errand::start("test", move |request: Request| {
        teller.send(request.questions.iter().map(|question| question.socket.0).collect()).unwrap();
        Answer::default()
    });
    (Translations::asking(errand), asked)
}

fn see(translations: &mut Translations, opened: &[Socket], changed: &[Socket], closed: &[Socket]) {
    translations.see(opened, changed, closed, Vec::new);
    translations.hear(Instant::now() + Duration::from_mins(10));
}

#[test]
fn each_new_socket_is_looked_up_once() {
    let (mut translations, asked) = translations();
    see(&mut translations, &[out(0), out(2)], &[], &[out(1)]);
    assert_eq!(asked.try_recv().unwrap(), [0, 2, 1]);
    // UDP counts from elsewhere.
    let udp = Socket { protocol: Protocol::Udp, ..out(1 << 48) };
    see(&mut translations, &[udp], &[], &[]);
    assert_eq!(asked.try_recv().unwrap(), [1 << 48]);
    see(&mut translations, &[], &[], &[out(3)]);
    assert_eq!(asked.try_recv().unwrap(), [3]);
    let over = Socket { state: State::Closed, ..out(0) };
    see(&mut translations, &[], &[out(2)], &[over]);
    assert!(asked.try_recv().is_err());
}

#[test]
fn one_that_has_no_port_yet_is_looked_up_when_it_has() {
    let (mut translations, asked) = translations();
    let begun = |id| Socket { state: State::SynSent, ..socket(id, "10.0.0.5:0", "198.51.100.7:443") };
    see(&mut translations, &[begun(0), begun(1), begun(2)], &[], &[]);
    assert!(asked.try_recv().is_err());
    let failed = Socket { state: State::Failed, ..begun(2) };
    see(&mut translations, &[], &[out(0)], &[out(1), failed]);
    assert_eq!(asked.try_recv().unwrap(), [0, 1]);
    see(&mut translations, &[], &[out(0)], &[]);
    assert!(asked.try_recv().is_err());
    assert!(translations.unfinished.is_empty());
}

#[test]
fn what_needs_no_look_up_has_none() {
    let (mut translations, asked) = translations();
    let sequence = |sent, received| Some(SequencePair { sent, received });
    let client = Socket { sequence: sequence(41, 100), ..out(0) };
    let server = Socket { sequence: sequence(100, 42), ..socket(1, "10.1.0.9:80", "10.1.0.1:5000") };
    let alone = Socket { sequence: sequence(7, 8), ..out(2) };
    let listener = Socket { remote: None, state: State::Listen, ..out(3) };
    let unix = Socket { protocol: Protocol::Unix, ..socket(4, "/run/a", "/run/b") };
    let loopback = socket(5, "127.0.0.1:4000", "127.0.0.1:80");
    let name_server = Socket { protocol: Protocol::Udp, ..socket(6, "172.18.0.2:4000", "127.0.0.11:53") };
    see(&mut translations, &[client, server, alone, listener, unix, loopback, name_server], &[], &[]);
    assert_eq!(asked.try_recv().unwrap(), [2, 6]);
}

#[test]
fn so_many_at_once_the_newest_first_and_the_rest_later() {
    let (mut translations, asked) = translations();
    let many: Vec<_> = (0..MOST_AT_ONCE as u64 + 3).map(out).collect();
    see(&mut translations, &many, &[], &[]);
    assert_eq!(asked.try_recv().unwrap(), (3..MOST_AT_ONCE as u64 + 3).collect::<Vec<_>>());
    see(&mut translations, &[], &[], &[]);
    assert_eq!(asked.try_recv().unwrap(), [0, 1, 2]);
    assert!(translations.reasons().is_empty());
    let too_many: Vec<_> = (10_000..10_000 + MOST_WAITING as u64 + 5).map(out).collect();
    see(&mut translations, &too_many, &[], &[]);
    assert_eq!(translations.reasons().len(), 1);
    assert!(translations.reasons()[0].starts_with("5 connections"));
    see(&mut translations, &[], &[], &[]);
    assert!(translations.reasons().is_empty(), "it is of one tick");
}
