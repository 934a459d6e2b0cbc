//! What the kernel could not hand over is counted, and found again.

use std::cell::RefCell;
use std::collections::HashSet;
use std::net::SocketAddr;

use scopetop_lab::actor::{Actor, Answer as _};
use scopetop_lab::binary::Events;
use scopetop_lab::flood::overrun;
use scopetop_lab::picture::address_of;
use scopetop_lab::require;
use scopetop_lab::world::Namespace;

use crate::Pair;
use crate::events::{one, wait_closed};

/// How many connections are open before, and close while every event is lost.
const HELD: usize = 300;

#[test]
fn losses_are_counted_and_what_closed_meanwhile_is_found() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let (mut client, mut server) = (Actor::inside(&namespace), Actor::inside(&namespace));
    let address = server.listens("listener", "127.0.0.1:0");
    let mut events = Events::ready(&["--filter", &format!("netns={}", namespace.inode())]);
    server.begin(&format!("accept-many listener end {HELD}"));
    let connected = client.does(&format!("connect-many end {HELD} {address}"));
    let held: HashSet<SocketAddr> =
        connected["connections"].as_array().unwrap().iter().map(|end| end.address("local")).collect();
    assert_eq!(held.len(), HELD);
    server.answer();

    overrun(events.pid(), &namespace, || {
        client.ends();
        server.ends();
    });

    // No event told of their ends: only a scan can have.
    let open = RefCell::new(held);
    events.wait_for("close of each of them", |event| {
        if event["kind"] == "close"
            && address_of(&event["remote"]) == Some(address)
            && let Some(local) = address_of(&event["local"])
        {
            open.borrow_mut().remove(&local);
        }
        open.borrow().is_empty()
    });

    // From here on everything is right again.
    let mut pair = Pair::connected(Some(&namespace), "127.0.0.1:0");
    pair.talk(64, 48);
    pair.client.does("close end");
    pair.server.does("close end");
    wait_closed(&mut events, pair.client_address, pair.server_address);
    let events = events.interrupted();
    let summary = events.last().unwrap();
    assert!(summary["lost"].as_u64().unwrap() > 0, "{summary}");
    // The flood may have used the same addresses.
    let theirs: Vec<_> = events
        .into_iter()
        .filter(|event| event["pid"] == pair.client.pid() || event["pid"] == pair.server.pid())
        .collect();
    assert_eq!(one(&theirs, "connect", pair.client_address)["pid"], pair.client.pid());
    assert_eq!(one(&theirs, "accept", pair.server_address)["pid"], pair.server.pid());
    let close = one(&theirs, "close", pair.client_address);
    assert_eq!((&close["bytes_sent"], &close["bytes_received"]), (&64.into(), &48.into()), "{close}");
    let close = one(&theirs, "close", pair.server_address);
    assert_eq!((&close["bytes_sent"], &close["bytes_received"]), (&48.into(), &64.into()), "{close}");
}
