//! `scopetop events`: each event once, with who did it.

use std::net::SocketAddr;

use rustix::process::Signal;
use scopetop_lab::actor::{Actor, Answer as _, one_shot, runs};
use scopetop_lab::binary::{self, Events, run};
use scopetop_lab::picture::address_of;
use scopetop_lab::require;
use scopetop_lab::world::Namespace;
use serde_json::Value;

use crate::{ACTOR, Pair};

/// Watches one namespace.
pub(crate) fn watching(namespace: &Namespace) -> Events {
    Events::ready(&["--filter", &format!("netns={}", namespace.inode())])
}

/// The events of one kind on one socket, by its own address.
fn told<'a>(events: &'a [Value], kind: &str, local: SocketAddr) -> Vec<&'a Value> {
    events
        .iter()
        .filter(|event| event["kind"] == kind && address_of(&event["local"]) == Some(local))
        .collect()
}

/// The one event of a kind on a socket.
pub(crate) fn one<'a>(events: &'a [Value], kind: &str, local: SocketAddr) -> &'a Value {
    match told(events, kind, local).as_slice() {
        [event] => event,
        others => panic!("{} events {kind} of {local} in {events:#?}", others.len()),
    }
}

/// Waits until both ends of a connection to this server (not a listener) were told to have closed.
pub(crate) fn wait_closed(events: &mut Events, client: SocketAddr, server: SocketAddr) {
    for (local, remote) in [(client, server), (server, client)] {
        events.wait_for("close", |event| {
            event["kind"] == "close"
                && address_of(&event["local"]) == Some(local)
                && address_of(&event["remote"]) == Some(remote)
        });
    }
}

#[test]
fn tell_who_connected_accepted_and_closed_and_how_much_was_said() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let mut events = watching(&namespace);
    let mut pair = Pair::connected(Some(&namespace), "127.0.0.1:0");
    pair.talk(64, 48);
    pair.client.does("close end");
    pair.server.does("close end");
    wait_closed(&mut events, pair.client_address, pair.server_address);
    let events = events.interrupted();

    let (client, server) = (pair.client_address, pair.server_address);
    let facts = [
        ("listen", server, None, &pair.server),
        ("connect", client, Some(server), &pair.client),
        ("accept", server, Some(client), &pair.server),
        ("close", client, Some(server), &pair.client),
        ("close", server, Some(client), &pair.server),
    ];
    for (kind, local, remote, actor) in facts {
        let event = one(&events, kind, local);
        assert_eq!(event["proto"], "tcp", "{event}");
        assert_eq!(event["pid"], actor.pid(), "{event}");
        assert_eq!(event["comm"], ACTOR, "{event}");
        assert_eq!(event["netns"], namespace.inode(), "{event}");
        assert!(event.get("container").is_some(), "{event}");
        assert!(event["at"].as_str().unwrap().ends_with('Z'), "{event}");
        assert_eq!(address_of(&event["remote"]), remote, "{event}");
    }
    for (local, sent, received) in [(client, 64, 48), (server, 48, 64)] {
        let close = one(&events, "close", local);
        assert_eq!(close["bytes_sent"], sent, "{close}");
        assert_eq!(close["bytes_received"], received, "{close}");
        assert_eq!(close["retransmits"], 0, "{close}");
        assert!(close["rtt_us"].as_u64().unwrap() > 0, "{close}");
        assert!(close["opened_at"].is_string(), "{close}");
    }
    let summary =
        serde_json::json!({ "kind": "summary", "connects": 1, "accepts": 1, "closes": 2, "lost": 0 });
    assert_eq!(events.last(), Some(&summary));
}

#[test]
fn tell_ipv6_like_ipv4() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let mut events = watching(&namespace);
    let mut pair = Pair::connected(Some(&namespace), "[::1]:0");
    pair.talk(7, 9);
    pair.client.does("reset end");
    pair.server.attempt("receive end 1");
    pair.server.does("close end");
    wait_closed(&mut events, pair.client_address, pair.server_address);
    let events = events.interrupted();
    assert_eq!(one(&events, "connect", pair.client_address)["pid"], pair.client.pid());
    assert_eq!(one(&events, "accept", pair.server_address)["pid"], pair.server.pid());
    assert_eq!(one(&events, "close", pair.client_address)["bytes_sent"], 7);
    assert_eq!(one(&events, "close", pair.server_address)["bytes_sent"], 9);
}

#[test]
fn know_a_server_that_waited_in_accept_all_along() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let (mut client, mut server) = (Actor::inside(&namespace), Actor::inside(&namespace));
    let address = server.listens("listener", "127.0.0.1:0");
    server.begin("accept listener end");
    server.wait_until_accepting();
    let mut events = watching(&namespace);
    let local = client.connects("end", address);
    server.answer();
    events.wait_for("accept", |event| event["kind"] == "accept");
    let events = events.interrupted();
    let accept = one(&events, "accept", address);
    assert_eq!(accept["pid"], server.pid(), "{accept}");
    assert_eq!(accept["comm"], ACTOR, "{accept}");
    assert_eq!(address_of(&accept["remote"]), Some(local), "{accept}");
    assert!(told(&events, "listen", address).is_empty(), "it listened before anybody watched");
}

#[test]
fn tell_the_end_of_what_was_open_before() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let mut pair = Pair::connected(Some(&namespace), "127.0.0.1:0");
    pair.talk(10, 20);
    let mut events = watching(&namespace);
    pair.talk(1, 2);
    pair.client.does("close end");
    pair.server.does("close end");
    wait_closed(&mut events, pair.client_address, pair.server_address);
    let events = events.interrupted();
    let close = one(&events, "close", pair.client_address);
    assert!(close["opened_at"].is_null(), "{close}");
    assert_eq!(close["pid"], pair.client.pid(), "{close}");
    assert_eq!(close["bytes_sent"], 11, "{close}");
    assert_eq!(close["bytes_received"], 22, "{close}");
    assert!(told(&events, "connect", pair.client_address).is_empty(), "{events:#?}");
    assert!(told(&events, "accept", pair.server_address).is_empty(), "{events:#?}");
}

#[test]
fn tell_a_refused_connect_as_failed() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let mut events = watching(&namespace);
    let (pid, did) = runs(one_shot(Some(&namespace)), &["connect end 127.0.0.1:9"]);
    assert!(did[0]["error"].as_str().unwrap().contains("refused"), "{did:?}");
    let fail = events.wait_for("fail", |event| event["kind"] == "fail");
    assert_eq!(fail["pid"], pid, "{fail}");
    assert_eq!(fail["comm"], ACTOR, "{fail}");
    assert_eq!(address_of(&fail["remote"]), Some(SocketAddr::from(([127, 0, 0, 1], 9))), "{fail}");
    let events = events.interrupted();
    let kinds: Vec<&str> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    // It never connected, so it neither connected nor closed.
    assert_eq!(kinds, ["fail", "summary"], "{events:#?}");
}

#[test]
fn name_processes_that_live_for_one_connection() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let mut server = Actor::inside(&namespace);
    let address = server.listens("listener", "127.0.0.1:0");
    server.begin("serve listener 20 64");
    let mut events = watching(&namespace);
    let connect = format!("connect end {address}");
    let clients: Vec<(u32, SocketAddr)> = (0..20)
        .map(|number: u8| {
            // Each has a name of its own: `short-` and a letter.
            let name = format!("name 73686f72742d{:02x}", b'a' + number);
            let commands = [&name, &connect, "send end 64", "receive end 64", "reset end"];
            let (pid, did) = runs(one_shot(Some(&namespace)), &commands.map(|command| command as &str));
            (pid, did[1].address("local"))
        })
        .collect();
    server.answer();
    for (_, local) in &clients {
        wait_closed(&mut events, *local, address);
    }
    let events = events.interrupted();
    for (number, (pid, local)) in (0..).zip(&clients) {
        let name = format!("short-{}", char::from(b'a' + number));
        for kind in ["connect", "close"] {
            let event = one(&events, kind, *local);
            assert_eq!(event["pid"], *pid, "{event}");
            assert_eq!(event["comm"], name, "{event}");
        }
        let accepts = told(&events, "accept", address);
        let accept = accepts.iter().filter(|event| address_of(&event["remote"]) == Some(*local));
        assert_eq!(
            accept.map(|event| event["pid"].as_u64().unwrap()).collect::<Vec<_>>(),
            [u64::from(server.pid())]
        );
    }
    let summary =
        serde_json::json!({ "kind": "summary", "connects": 20, "accepts": 20, "closes": 40, "lost": 0 });
    assert_eq!(events.last(), Some(&summary));
}

#[test]
fn end_well_when_terminated() {
    require!(Ebpf);
    let mut events = Events::ready(&["--filter", "port=1"]);
    binary::signal(events.pid(), Signal::TERM);
    let summary = events.wait_for("summary", |event| event["kind"] == "summary");
    assert_eq!(summary["connects"], 0);
}

#[test]
fn end_by_themselves_when_the_time_is_over() {
    for format in ["ndjson", "text"] {
        let outcome = run(&["events", "--format", format, "--for", "0"]).succeeded();
        assert!(!outcome.text().is_empty());
    }
    let outcome = run(&["events", "--format", "ndjson", "--for", "0"]).succeeded();
    let last: Value = serde_json::from_str(outcome.text().lines().last().unwrap()).unwrap();
    assert_eq!(last["kind"], "summary");
}
