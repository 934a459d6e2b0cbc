//! Servers that wait in accept, in all the ways there are.

use std::net::SocketAddr;

use scopetop_lab::actor::{Actor, Answer as _};
use scopetop_lab::deed::ring;
use scopetop_lab::picture::{Ends, Picture, address_of, edges};
use scopetop_lab::world::Namespace;
use scopetop_lab::{need, require};
use serde_json::Value;

use crate::ACTOR;
use crate::events::{one, watching};

#[test]
fn two_hundred_servers_that_waited_in_accept_all_along_have_their_connections() {
    const SERVERS: usize = 200;
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let mut servers: Vec<(Actor, SocketAddr)> = (0..SERVERS)
        .map(|_| {
            let mut server = Actor::inside(&namespace);
            let address = server.listens("listener", "127.0.0.1:0");
            server.begin("accept listener end");
            (server, address)
        })
        .collect();
    for (server, _) in &servers {
        server.wait_until_accepting();
    }
    let mut events = watching(&namespace);
    let mut client = Actor::inside(&namespace);
    let locals: Vec<SocketAddr> = (0..)
        .zip(&mut servers)
        .map(|(number, (server, address))| {
            let local = client.connects(&format!("end{number}"), *address);
            server.answer();
            local
        })
        .collect();
    for (_, address) in &servers {
        events.wait_for("accept", |event| {
            event["kind"] == "accept" && address_of(&event["local"]) == Some(*address)
        });
    }
    let events = events.interrupted();
    for ((server, address), local) in servers.iter().zip(&locals) {
        let accept = one(&events, "accept", *address);
        assert_eq!(accept["pid"], server.pid(), "{accept}");
        assert_eq!(address_of(&accept["remote"]), Some(*local), "{accept}");
    }
    let summary = events.last().unwrap();
    assert_eq!((&summary["connects"], &summary["accepts"]), (&SERVERS.into(), &SERVERS.into()));

    let picture = Picture::inside(&namespace, &["--for", "0"]);
    for ((server, address), local) in servers.iter().zip(&locals) {
        let ends = Ends { netns: namespace.inode(), client: *local, server: *address };
        let connection = picture.connection_of(ends);
        picture.assert_owner(&connection["client"], client.pid(), ACTOR);
        picture.assert_owner(&connection["server"], server.pid(), ACTOR);
    }
    assert_eq!(picture.list("connections").len(), SERVERS);
    assert_eq!(edges(&[&namespace]), SERVERS);
}

/// The own addresses of what an actor did many times.
fn locals(answer: &Value) -> Vec<SocketAddr> {
    answer["connections"].as_array().unwrap().iter().map(|end| end.address("local")).collect()
}

#[test]
fn threads_that_accept_and_connect_are_their_process() {
    const THREADS: usize = 30;
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let (mut client, mut server) = (Actor::inside(&namespace), Actor::inside(&namespace));
    let address = server.listens("listener", "127.0.0.1:0");
    server.begin(&format!("accept-threads listener end {THREADS}"));
    server.wait_until_threads_accept(THREADS);
    let mut events = watching(&namespace);
    let connected = client.does(&format!("connect-threads end {THREADS} {address}"));
    let accepted = server.answer();
    assert_eq!(locals(&accepted), [address; THREADS]);
    for local in locals(&connected) {
        events.wait_for("accept", |event| {
            event["kind"] == "accept" && address_of(&event["remote"]) == Some(local)
        });
    }
    let events = events.interrupted();
    for local in locals(&connected) {
        // The threads have names of their own: the process's is told.
        let connect = one(&events, "connect", local);
        assert_eq!((&connect["pid"], &connect["comm"]), (&client.pid().into(), &ACTOR.into()), "{connect}");
    }
    let accepts = events.iter().filter(|event| event["kind"] == "accept");
    let count = accepts.inspect(|accept| {
        assert_eq!((&accept["pid"], &accept["comm"]), (&server.pid().into(), &ACTOR.into()), "{accept}");
    });
    assert_eq!(count.count(), THREADS);

    let picture = Picture::inside(&namespace, &["--for", "0"]);
    assert_eq!(picture.list("connections").len(), THREADS);
    for connection in picture.list("connections") {
        picture.assert_owner(&connection["client"], client.pid(), ACTOR);
        picture.assert_owner(&connection["server"], server.pid(), ACTOR);
    }
    assert_eq!(edges(&[&namespace]), 1);
}

#[test]
fn io_uring_is_like_system_calls() {
    require!(Namespaces, Ebpf);
    if let Some(reason) = ring::missing() {
        need::skip("accepting::io_uring_is_like_system_calls", &reason);
        return;
    }
    let namespace = Namespace::anonymous().unwrap();
    let (mut client, mut server) = (Actor::inside(&namespace), Actor::inside(&namespace));
    let address = server.listens("listener", "127.0.0.1:0");
    // Another process holds the listener too: only the use of the connection tells whose it is.
    server.does("activate other listener");
    let mut events = watching(&namespace);
    server.begin("ring-accept listener end");
    let local = locals(&client.does(&format!("ring-connect end {address}")))[0];
    server.answer();
    client.does("ring-send end0 70");
    server.does("ring-receive end0 70");
    server.does("ring-send end0 30");
    client.does("ring-receive end0 30");
    let picture = Picture::inside(&namespace, &["--for", "0"]);
    let connection = picture.connection_of(Ends { netns: namespace.inode(), client: local, server: address });
    picture.assert_owner(&connection["client"], client.pid(), ACTOR);
    picture.assert_owner(&connection["server"], server.pid(), ACTOR);
    assert_eq!((&connection["bytes_to_server"], &connection["bytes_to_client"]), (&70.into(), &30.into()));
    assert_eq!(edges(&[&namespace]), 1);
    client.does("close end0");
    server.does("close end0");
    crate::events::wait_closed(&mut events, local, address);
    let events = events.interrupted();
    for (kind, own, actor) in
        [("connect", local, &client), ("accept", address, &server), ("close", local, &client)]
    {
        assert_eq!(one(&events, kind, own)["pid"], actor.pid(), "{events:#?}");
    }
}
