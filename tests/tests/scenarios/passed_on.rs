//! Sockets that are passed on: the connection is its user's, whoever opened it.

use std::net::SocketAddr;
use std::path::Path;

use scopetop_lab::actor::{Actor, Answer as _};
use scopetop_lab::binary::companion;
use scopetop_lab::ordinary::Reachable;
use scopetop_lab::picture::{Ends, Picture, address_of, edges};
use scopetop_lab::require;
use scopetop_lab::world::Namespace;
use serde_json::{Value, json};

use crate::events::{one, wait_closed, watching};
use crate::{ACTOR, Pair};

/// A pair in a namespace of its own.
fn pair() -> (Namespace, Pair) {
    let namespace = Namespace::anonymous().unwrap();
    let pair = Pair::connected(Some(&namespace), "127.0.0.1:0");
    (namespace, pair)
}

fn child(answer: &Value) -> u32 {
    u32::try_from(answer["child"].as_u64().unwrap()).unwrap()
}

/// Checks the whole picture of a namespace with one connection: who has which end of it.
fn assert_owners(namespace: &Namespace, pair: &Pair, client: (u32, &str), server: (u32, &str)) {
    let picture = Picture::inside(namespace, &["--for", "0"]);
    let connection = picture.connection_of(pair.ends());
    assert_eq!(address_of(&connection["client"]), Some(pair.client_address), "{connection:#}");
    picture.assert_owner(&connection["client"], client.0, client.1);
    picture.assert_owner(&connection["server"], server.0, server.1);
    assert_eq!(picture.list("connections").len(), 1, "{:#}", picture.0);
    assert_eq!(edges(&[namespace]), 1);
}

#[test]
fn a_server_that_forks_for_each_connection_has_none_itself() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let mut server = Actor::inside(&namespace);
    let address = server.listens("listener", "127.0.0.1:0");
    let mut events = watching(&namespace);
    let mut clients: Vec<(Actor, SocketAddr, u32)> = (0..3)
        .map(|number| {
            let mut client = Actor::inside(&namespace);
            server.begin("accept listener end");
            let local = client.connects("end", address);
            server.answer();
            let heir = child(&server.does(&format!("heir child{number} end")));
            server.does("close end");
            client.does("send end 10");
            server.does(&format!("tell child{number} receive end 10"));
            (client, local, heir)
        })
        .collect();
    let picture = Picture::inside(&namespace, &["--for", "0"]);
    for (client, local, heir) in &clients {
        let ends = Ends { netns: namespace.inode(), client: *local, server: address };
        let connection = picture.connection_of(ends);
        picture.assert_owner(&connection["client"], client.pid(), ACTOR);
        picture.assert_owner(&connection["server"], *heir, ACTOR);
        assert_eq!(connection["bytes_to_server"], 10, "{connection:#}");
    }
    assert_eq!(picture.list("connections").len(), 3);
    assert_eq!(edges(&[&namespace]), 3);
    let listeners: Vec<&Value> = picture.list("listeners").iter().collect();
    assert_eq!(listeners.len(), 1);
    assert_eq!(picture.node_of(listeners[0])["pid"], server.pid());

    for number in 0..3 {
        server.does(&format!("tell child{number} close end"));
    }
    for (client, local, _) in &mut clients {
        client.does("close end");
        wait_closed(&mut events, *local, address);
    }
    let events = events.interrupted();
    for (_, local, heir) in &clients {
        let of = |kind: &str| {
            let its = |event: &&Value| event["kind"] == kind && address_of(&event["remote"]) == Some(*local);
            let found: Vec<u64> =
                events.iter().filter(its).map(|event| event["pid"].as_u64().unwrap()).collect();
            let [pid] = found[..] else { panic!("{kind} of {local}: {found:?}") };
            pid
        };
        // Where the kernel does not tell who accepted, the first to use it has.
        assert!([u64::from(server.pid()), u64::from(*heir)].contains(&of("accept")), "{events:#?}");
        assert_eq!(of("close"), u64::from(*heir));
    }
}

#[test]
fn a_connection_that_went_over_a_unix_socket_is_the_receivers() {
    require!(Namespaces, Ebpf);
    let (namespace, mut pair) = pair();
    let mut receiver = Actor::inside(&namespace);
    receiver.does("mailbox box passing");
    pair.server.does("pass passing end");
    pair.server.does("close end");
    receiver.does("take box end");
    pair.client.does("send end 10");
    receiver.does("receive end 10");
    assert_owners(&namespace, &pair, (pair.client.pid(), ACTOR), (receiver.pid(), ACTOR));
}

#[test]
fn both_who_passed_a_connection_and_who_received_it_have_it_while_both_hold_it() {
    require!(Namespaces, Ebpf);
    let (namespace, mut pair) = pair();
    let mut receiver = Actor::inside(&namespace);
    receiver.does("mailbox box passing");
    pair.client.does("pass passing end");
    receiver.does("take box end");
    let picture = Picture::inside(&namespace, &["--for", "0"]);
    let connection = picture.connection_of(pair.ends());
    let mut expected = [pair.client.pid(), receiver.pid()];
    expected.sort_unstable();
    let mut pids: Vec<u32> = serde_json::from_value(connection["client"]["pids"].clone()).unwrap();
    pids.sort_unstable();
    assert_eq!(pids, expected);
    picture.assert_owner(&connection["server"], pair.server.pid(), ACTOR);
    assert_eq!(edges(&[&namespace]), 1);
}

#[test]
fn who_lets_go_of_what_it_never_had_is_no_owner() {
    require!(Namespaces, Ebpf);
    let (namespace, mut pair) = pair();
    let mut events = watching(&namespace);
    // As whoever scans open files: another closes it while that one holds it for a moment.
    let mut stranger = Actor::inside(&namespace);
    stranger.does("mailbox box passing");
    pair.client.does("pass passing end");
    pair.client.does("close end");
    stranger.does("discard box");
    pair.server.does("close end");
    wait_closed(&mut events, pair.client_address, pair.server_address);
    let events = events.interrupted();
    assert_eq!(one(&events, "close", pair.client_address)["pid"], pair.client.pid());
    assert_eq!(one(&events, "close", pair.server_address)["pid"], pair.server.pid());
}

#[test]
fn an_activated_service_has_its_connections_and_whoever_activated_it_only_the_listener() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let (mut manager, mut client) = (Actor::inside(&namespace), Actor::inside(&namespace));
    let address = manager.listens("listener", "127.0.0.1:0");
    // The first connection is what starts the service: it waits in the queue until then.
    let mut events = watching(&namespace);
    let local = client.connects("end", address);
    let service = child(&manager.does("activate service listener"));
    manager.does("tell service adopt-activated listener");
    manager.does("tell service accept listener end");
    client.does("send end 10");
    manager.does("tell service receive end 10");
    let accept = events.wait_for("accept", |event| event["kind"] == "accept");
    assert_eq!(accept["pid"], service, "{accept}");

    let picture = Picture::inside(&namespace, &["--for", "0"]);
    let connection = picture.connection_of(Ends { netns: namespace.inode(), client: local, server: address });
    picture.assert_owner(&connection["client"], client.pid(), ACTOR);
    picture.assert_owner(&connection["server"], service, ACTOR);
    assert_eq!(edges(&[&namespace]), 1);
    let [listener] = picture.list("listeners") else { panic!("{:#}", picture.0) };
    let nodes = listener["nodes"].as_array().unwrap();
    let mut holders: Vec<u64> =
        nodes.iter().map(|node| picture.node_of(&json!({ "node": node }))["pid"].as_u64().unwrap()).collect();
    holders.sort_unstable();
    let mut expected = [u64::from(manager.pid()), u64::from(service)];
    expected.sort_unstable();
    assert_eq!(holders, expected);
}

#[test]
fn what_inetd_starts_has_the_connection() {
    require!(Namespaces, Ebpf);
    let (namespace, mut pair) = pair();
    let echo = child(&pair.server.does("inetd echo end cat"));
    pair.server.does("close end");
    pair.client.does("send end 10");
    // Once it answers it is that program and no longer a copy of the one that started it.
    pair.client.does("receive end 10");
    assert_owners(&namespace, &pair, (pair.client.pid(), ACTOR), (echo, "cat"));
}

#[test]
fn an_owner_that_ends_leaves_the_connection_to_the_other() {
    require!(Namespaces, Ebpf);
    let (namespace, mut pair) = pair();
    let mut receiver = Actor::inside(&namespace);
    receiver.does("mailbox box passing");
    pair.client.does("pass passing end");
    receiver.does("take box end");
    let pid = pair.client.pid();
    let (ends, server) = (pair.ends(), pair.server);
    pair.client.ends();
    // Another process has the pid now, and nothing to do with it.
    let mut namesake = Actor::with_pid(pid, &namespace);
    namesake.does("here");

    let picture = Picture::inside(&namespace, &["--for", "0"]);
    let connection = picture.connection_of(ends);
    picture.assert_owner(&connection["client"], receiver.pid(), ACTOR);
    picture.assert_owner(&connection["server"], server.pid(), ACTOR);
    assert_eq!(edges(&[&namespace]), 1);
}

#[test]
fn a_pid_that_is_used_again_is_another_process() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let mut server = Actor::inside(&namespace);
    let address = server.listens("listener", "127.0.0.1:0");
    server.begin("serve listener 2 1");
    let mut events = watching(&namespace);
    let mut first = Actor::inside(&namespace);
    let pid = first.pid();
    let mut connect = |actor: &mut Actor, name: &str| {
        actor.does(&format!("name {name}"));
        let local = actor.connects("end", address);
        actor.does("send end 1");
        actor.does("receive end 1");
        actor.does("close end");
        wait_closed(&mut events, local, address);
        local
    };
    // `first` and `second`
    let one_local = connect(&mut first, "6669727374");
    first.ends();
    let mut second = Actor::with_pid(pid, &namespace);
    let other_local = connect(&mut second, "7365636f6e64");
    server.answer();
    let events = events.interrupted();
    for (local, comm) in [(one_local, "first"), (other_local, "second")] {
        for kind in ["connect", "close"] {
            let event = one(&events, kind, local);
            assert_eq!((&event["pid"], &event["comm"]), (&pid.into(), &comm.into()), "{event}");
        }
    }
}

/// A copy of the actor's program under another name.
fn renamed(name: &str) -> Reachable {
    Reachable::with(&[(&companion("lab-actor"), name)]).unwrap()
}

#[test]
fn a_process_that_became_another_program_has_the_connection_under_its_new_name() {
    require!(Namespaces, Ebpf);
    let (namespace, mut pair) = pair();
    let programs = renamed("became");
    let program = programs.path().join("became");
    pair.client.becomes(&program, "end");
    let picture = Picture::inside(&namespace, &["--for", "0"]);
    let connection = picture.connection_of(pair.ends());
    picture.assert_owner(&connection["client"], pair.client.pid(), "became");
    let node = picture.node_of(&connection["client"]);
    assert_eq!(node["exe"].as_str().map(Path::new), Some(program.as_path()));
    picture.assert_owner(&connection["server"], pair.server.pid(), ACTOR);
    assert_eq!(edges(&[&namespace]), 1);
}

#[test]
fn what_a_process_did_before_it_became_another_program_is_told_under_its_old_name() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let programs = renamed("became");
    let program = programs.path().join("became");
    let mut server = Actor::inside(&namespace);
    let address = server.listens("listener", "127.0.0.1:0");
    server.begin("serve listener 1000000 1");
    let mut events = watching(&namespace);
    let told: Vec<(SocketAddr, u32)> = (0..10)
        .map(|_| {
            let mut client = Actor::inside(&namespace);
            // At once: long before anybody looks at what the kernel told.
            client.begin(&format!("connect end {address}"));
            client.begin(&format!("exec {} end", program.display()));
            let local = client.answer().address("local");
            client.answer();
            client.does("send end 1");
            client.does("receive end 1");
            client.does("close end");
            wait_closed(&mut events, local, address);
            (local, client.pid())
        })
        .collect();
    let events = events.interrupted();
    for (local, pid) in told {
        let connect = one(&events, "connect", local);
        assert_eq!((&connect["pid"], &connect["comm"]), (&pid.into(), &ACTOR.into()), "{connect}");
        let close = one(&events, "close", local);
        assert_eq!((&close["pid"], &close["comm"]), (&pid.into(), &"became".into()), "{close}");
    }
}

#[test]
fn a_process_that_changed_its_name_is_told_by_the_name_it_had_then() {
    require!(Namespaces, Ebpf);
    let (namespace, mut pair) = pair();
    pair.server.begin("serve listener 1 1");
    let mut events = watching(&namespace);
    let local = pair.client.connects("other", pair.server_address);
    // `worker: idle`
    pair.client.does("name 776f726b65723a2069646c65");
    pair.client.does("send other 1");
    pair.client.does("receive other 1");
    pair.client.does("close other");
    wait_closed(&mut events, local, pair.server_address);
    let events = events.interrupted();
    assert_eq!(one(&events, "connect", local)["comm"], ACTOR);
    assert_eq!(one(&events, "close", local)["comm"], "worker: idle");
    let picture = Picture::inside(&namespace, &["--for", "0"]);
    let connection = picture.connection_of(pair.ends());
    picture.assert_owner(&connection["client"], pair.client.pid(), "worker: idle");
}
