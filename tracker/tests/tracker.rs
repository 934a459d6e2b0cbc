//! The whole tracker against the real kernel, in cases that no table can prove: what the kernel's programs read.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first surprise")]

mod support;

use std::io::Write as _;
use std::net::{SocketAddr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType, bind, connect, getsockname, ipproto, listen, socket};
use scopetop_tracker::connection::flow::Patience;
use scopetop_tracker::connection::{ConnectionEvent, ConnectionEventKind, State};
use scopetop_tracker::{Backend, Options, Tracker, Update};

/// A tracker with eBPF; says loudly if there is none.
fn tracker(test: &str) -> Option<Tracker> {
    let options = Options {
        tick: Duration::from_millis(100),
        backend: Backend::Ebpf,
        tell_events: true,
        resolve: false,
        udp_patience: Patience::default(),
        arguments: true,
    };
    match Tracker::start(&options) {
        Ok(tracker) => Some(tracker),
        Err(error) => {
            // Not `eprintln`, which the test runner captures.
            let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {error}");
            None
        }
    }
}

/// Waits for an update that says it.
fn wait_for<T>(tracker: &mut Tracker, mut found: impl FnMut(Update) -> Option<T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let began = Instant::now();
    loop {
        let update = runtime.block_on(tracker.next()).expect("the tracker runs");
        if let Some(found) = found(update) {
            return found;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "it never came");
    }
}

fn loopback() -> SocketAddrV4 {
    SocketAddrV4::new([127, 0, 0, 1].into(), 0)
}

fn address_of(socket: &OwnedFd) -> SocketAddr {
    getsockname(socket).unwrap().try_into().unwrap()
}

#[test]
fn a_listener_of_mptcp_is_in_the_scan() {
    let test = "a_listener_of_mptcp_is_in_the_scan";
    let listener = match socket(AddressFamily::INET, SocketType::STREAM, Some(ipproto::MPTCP)) {
        Ok(listener) => listener,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "SKIPPED {test}: no MPTCP here: {error}");
            return;
        }
    };
    bind(&listener, &loopback()).unwrap();
    listen(&listener, 1).unwrap();
    let address = address_of(&listener);
    let Some(mut tracker) = tracker(test) else { return };
    let found = wait_for(&mut tracker, |update| match update {
        Update::Tick(tick) => {
            Some(tick.opened.into_iter().find(|socket| socket.local.inet() == Some(address)))
        }
        Update::Events(_) => None,
    });
    let found = found.expect("the first tick has it");
    assert_eq!((found.state, found.remote), (State::Listen, None));
    assert_eq!(found.owners.iter().map(|owner| owner.pid).collect::<Vec<_>>(), [std::process::id()]);
}

#[test]
fn a_socket_that_connects_to_itself_connects() {
    let Some(mut tracker) = tracker("a_socket_that_connects_to_itself_connects") else { return };
    let both_ends = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&both_ends, &loopback()).unwrap();
    let address = address_of(&both_ends);
    connect(&both_ends, &address).unwrap();
    drop(both_ends);
    let mut told = Vec::new();
    let close = wait_for(&mut tracker, |update| {
        let Update::Events(events) = update else { return None };
        for (event, _) in events.into_iter().filter(|(event, _)| event.local.inet() == Some(address)) {
            if event.kind == ConnectionEventKind::Close {
                return Some(event);
            }
            told.push(event);
        }
        None
    });
    let is_ours = |event: &ConnectionEvent| event.process.is_some_and(|id| id.pid == std::process::id());
    assert_eq!(told.iter().map(|event| event.kind).collect::<Vec<_>>(), [ConnectionEventKind::Connect]);
    assert!(is_ours(&told[0]) && is_ours(&close), "{told:?} {close:?}");
    assert_eq!(close.opened_at, Some(told[0].at));
}
