//! UDP: who sends to whom.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use scopetop_lab::actor::{Actor, Answer as _};
use scopetop_lab::binary::{Events, run};
use scopetop_lab::picture::{Ends, Picture, address_of};
use scopetop_lab::require;
use scopetop_lab::world::Namespace;
use serde_json::Value;

use crate::events::{one, wait_closed, watching};
use crate::{ACTOR, while_taken};

/// A UDP socket of an actor; the address is its own.
fn bind(actor: &mut Actor, name: &str, address: &str) -> SocketAddr {
    actor.does(&format!("udp-bind {name} {address}")).address("local")
}

/// The client asks, the server answers, the client has the answer.
fn exchange(client: &mut Actor, server: &mut Actor, to: SocketAddr) -> SocketAddr {
    client.does(&format!("udp-send-to end {to} 30"));
    let from = server.does("udp-receive end").address("from");
    server.does(&format!("udp-send-to end {from} 90"));
    client.does("udp-receive end");
    from
}

/// The only connection of the picture has these ends, each its process's, and goes from the client to the server.
fn assert_only(picture: &Picture, ends: Ends, client: &Actor, server: &Actor) {
    assert_eq!(picture.list("connections").len(), 1, "{:#}", picture.0);
    assert_directed(picture, ends, client, server);
}

fn assert_directed(picture: &Picture, ends: Ends, client: &Actor, server: &Actor) {
    let connection = picture.connection_of(ends);
    assert_eq!(connection["proto"], "udp", "{connection:#}");
    assert_eq!(connection["directed"], true, "{connection:#}");
    assert_eq!(address_of(&connection["client"]), Some(ends.client), "{connection:#}");
    assert_eq!(address_of(&connection["server"]), Some(ends.server), "{connection:#}");
    assert_eq!(connection["client"]["netns"], client.netns(), "{connection:#}");
    assert_eq!(connection["server"]["netns"], server.netns(), "{connection:#}");
    picture.assert_owner(&connection["client"], client.pid(), ACTOR);
    picture.assert_owner(&connection["server"], server.pid(), ACTOR);
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// The listeners of the picture: address and pid.
fn listeners(picture: &Picture) -> Vec<(SocketAddr, u64)> {
    let pid = |listener: &Value| picture.node_of(listener)["pid"].as_u64().unwrap();
    let udp = picture.list("listeners").iter().filter(|listener| listener["proto"] == "udp");
    udp.map(|listener| (address_of(listener).unwrap(), pid(listener))).collect()
}

#[test]
fn a_question_and_its_answer_are_one_edge_with_both_processes() {
    require!(Namespaces, Datagrams);
    let namespace = Namespace::anonymous().unwrap();
    let (mut client, mut server) = (Actor::inside(&namespace), Actor::inside(&namespace));
    // Above all ephemeral ports: a guess by numbers gets the direction wrong. Neither is bound to an address.
    bind(&mut server, "end", "0.0.0.0:65053");
    let port = bind(&mut client, "end", "0.0.0.0:0").port();
    let (picture, _) = while_taken(&namespace, || exchange(&mut client, &mut server, loopback(65_053)));
    let ends = Ends { netns: namespace.inode(), client: loopback(port), server: loopback(65_053) };
    assert_only(&picture, ends, &client, &server);
    assert_eq!(picture.connection_of(ends)["state"], "established");
    assert_eq!(listeners(&picture), [("0.0.0.0:65053".parse().unwrap(), u64::from(server.pid()))]);
}

#[test]
fn events_tell_a_flows_first_datagram_and_its_end_and_how_much_was_said() {
    require!(Namespaces, Datagrams);
    let namespace = Namespace::anonymous().unwrap();
    let (mut client, mut server) = (Actor::inside(&namespace), Actor::inside(&namespace));
    let server_address = bind(&mut server, "end", "127.0.0.1:53");
    let mut events = watching(&namespace);
    let port = bind(&mut client, "end", "0.0.0.0:0").port();
    for _ in 0..3 {
        exchange(&mut client, &mut server, server_address);
    }
    client.does("udp-close end");
    let client_address = loopback(port);
    wait_closed(&mut events, client_address, server_address);
    let events = events.interrupted();
    let facts = [
        ("connect", client_address, server_address, &client),
        ("accept", server_address, client_address, &server),
        ("close", client_address, server_address, &client),
        ("close", server_address, client_address, &server),
    ];
    for (kind, local, remote, actor) in facts {
        let event = one(&events, kind, local);
        assert_eq!(event["proto"], "udp", "{event}");
        assert_eq!(event["pid"], actor.pid(), "{event}");
        assert_eq!(event["comm"], ACTOR, "{event}");
        assert_eq!(event["netns"], namespace.inode(), "{event}");
        assert_eq!(address_of(&event["remote"]), Some(remote), "{event}");
    }
    for (local, sent, received) in [(client_address, 90, 270), (server_address, 270, 90)] {
        let close = one(&events, "close", local);
        assert_eq!(close["bytes_sent"], sent, "{close}");
        assert_eq!(close["bytes_received"], received, "{close}");
        assert!(close["rtt_us"].is_null() && close["retransmits"].is_null(), "{close}");
        assert!(close["opened_at"].is_string(), "{close}");
    }
    let summary =
        serde_json::json!({ "kind": "summary", "connects": 1, "accepts": 1, "closes": 2, "lost": 0 });
    assert_eq!(events.last(), Some(&summary));
}

#[test]
fn an_unconnected_server_has_an_edge_to_each_of_its_clients() {
    require!(Namespaces, Datagrams);
    let namespace = Namespace::anonymous().unwrap();
    let mut server = Actor::inside(&namespace);
    bind(&mut server, "end", "[::]:5353");
    let mut clients: Vec<(Actor, u16)> = (0..8)
        .map(|_| {
            let mut client = Actor::inside(&namespace);
            let port = bind(&mut client, "end", "0.0.0.0:0").port();
            (client, port)
        })
        .collect();
    let (picture, _) = while_taken(&namespace, || {
        for (client, _) in &mut clients {
            exchange(client, &mut server, loopback(5353));
        }
    });
    assert_eq!(picture.list("connections").len(), clients.len(), "{:#}", picture.0);
    for (client, port) in &clients {
        let ends = Ends { netns: namespace.inode(), client: loopback(*port), server: loopback(5353) };
        assert_directed(&picture, ends, client, &server);
    }
}

#[test]
fn a_connected_client_is_there_before_it_speaks_and_after() {
    require!(Namespaces, Datagrams);
    let namespace = Namespace::anonymous().unwrap();
    let (mut client, mut server) = (Actor::inside(&namespace), Actor::inside(&namespace));
    let server_address = bind(&mut server, "end", "127.0.0.1:514");
    bind(&mut client, "end", "127.0.0.1:0");
    let client_address = client.does(&format!("udp-connect end {server_address}")).address("local");
    let ends = Ends { netns: namespace.inode(), client: client_address, server: server_address };
    let picture = Picture::inside(&namespace, &["--for", "0"]);
    assert_only(&picture, ends, &client, &server);
    assert!(picture.connection_of(ends)["bytes_to_server"].is_null());
    let (picture, _) = while_taken(&namespace, || {
        client.does("udp-send end 7");
        // It never asks who sends: its socket is found by the address alone.
        server.does("udp-swallow end");
    });
    assert_only(&picture, ends, &client, &server);
    assert!(picture.connection_of(ends)["bytes_to_server"].as_u64().unwrap() >= 7);
}

#[test]
fn ipv6_is_like_ipv4_and_v4_mapped_is_ipv4() {
    require!(Namespaces, Datagrams);
    let namespace = Namespace::anonymous().unwrap();
    let (mut six, mut four, mut server) =
        (Actor::inside(&namespace), Actor::inside(&namespace), Actor::inside(&namespace));
    bind(&mut server, "end", "[::]:53");
    let six_port = bind(&mut six, "end", "[::]:0").port();
    // An IPv6 socket that talks to an IPv4 address.
    let four_port = bind(&mut four, "end", "[::]:0").port();
    let (picture, _) = while_taken(&namespace, || {
        exchange(&mut six, &mut server, "[::1]:53".parse().unwrap());
        exchange(&mut four, &mut server, "[::ffff:127.0.0.1]:53".parse().unwrap());
    });
    assert_eq!(picture.list("connections").len(), 2, "{:#}", picture.0);
    let localhost = |port| SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port));
    let netns = namespace.inode();
    assert_directed(
        &picture,
        Ends { netns, client: localhost(six_port), server: localhost(53) },
        &six,
        &server,
    );
    assert_directed(
        &picture,
        Ends { netns, client: loopback(four_port), server: loopback(53) },
        &four,
        &server,
    );
}

#[test]
fn the_same_loopback_tuple_in_two_namespaces_is_two_edges() {
    require!(Namespaces, Datagrams);
    let namespaces = [Namespace::anonymous().unwrap(), Namespace::anonymous().unwrap()];
    let mut pairs = namespaces.each_ref().map(|namespace| {
        let (mut client, mut server) = (Actor::inside(namespace), Actor::inside(namespace));
        bind(&mut server, "end", "0.0.0.0:53");
        bind(&mut client, "end", "127.0.0.1:40001");
        (client, server)
    });
    let picture = std::thread::scope(|scope| {
        let filter = format!("netns={},{}", namespaces[0].inode(), namespaces[1].inode());
        let snapshot = scope.spawn(move || Picture::take(&["--filter", &filter]));
        while !snapshot.is_finished() {
            for (client, server) in &mut pairs {
                exchange(client, server, loopback(53));
            }
        }
        snapshot.join().unwrap()
    });
    assert_eq!(picture.list("connections").len(), 2, "{:#}", picture.0);
    for (namespace, (client, server)) in namespaces.iter().zip(&pairs) {
        let ends = Ends { netns: namespace.inode(), client: loopback(40_001), server: loopback(53) };
        let connection = picture.connection_of(ends);
        // Both chose their ports, and were there before: nothing tells who began.
        assert_eq!(connection["directed"], false, "{connection:#}");
        for end in [&connection["client"], &connection["server"]] {
            let owner = if end["port"] == 53 { server } else { client };
            assert_eq!(end["netns"], namespace.inode(), "{connection:#}");
            picture.assert_owner(end, owner.pid(), ACTOR);
        }
    }
}

#[test]
fn an_exchange_between_two_namespaces_is_one_edge() {
    require!(Namespaces, Datagrams);
    let (near, far) = (Namespace::anonymous().unwrap(), Namespace::anonymous().unwrap());
    near.wire(&["10.79.0.1/24"], &far, &["10.79.0.2/24"]).unwrap();
    let (mut client, mut server) = (Actor::inside(&near), Actor::inside(&far));
    bind(&mut server, "end", "0.0.0.0:53");
    let port = bind(&mut client, "end", "0.0.0.0:0").port();
    let server_address: SocketAddr = "10.79.0.2:53".parse().unwrap();
    let (picture, _) = while_taken(&near, || exchange(&mut client, &mut server, server_address));
    let client_address = SocketAddr::from(([10, 79, 0, 1], port));
    let ends = Ends { netns: near.inode(), client: client_address, server: server_address };
    assert_only(&picture, ends, &client, &server);
}

#[test]
fn a_flow_that_is_quiet_ends() {
    require!(Namespaces, Datagrams);
    let namespace = Namespace::anonymous().unwrap();
    let (mut client, mut server) = (Actor::inside(&namespace), Actor::inside(&namespace));
    let server_address = bind(&mut server, "end", "127.0.0.1:53");
    let client_address = bind(&mut client, "end", "127.0.0.1:0");
    let filter = format!("netns={}", namespace.inode());
    let mut events = Events::ready(&["--udp-idle", "0.5", "--tick", "100", "--filter", &filter]);
    exchange(&mut client, &mut server, server_address);
    wait_closed(&mut events, client_address, server_address);
    // Both sockets are there still; what they say next is a flow of its own.
    let first = events.wait_for("connect", |event| event["kind"] == "connect");
    exchange(&mut client, &mut server, server_address);
    let again = events.wait_for("connect", |event| event["kind"] == "connect" && event["at"] != first["at"]);
    for local in [client_address, server_address] {
        events.wait_for("close", |event| {
            event["kind"] == "close"
                && address_of(&event["local"]) == Some(local)
                && event["at"].as_str() > again["at"].as_str()
        });
    }
    let events = events.interrupted();
    let summary = events.last().unwrap();
    assert_eq!(summary["connects"], 2, "{events:#?}");
    assert_eq!(summary["accepts"], 2, "{events:#?}");
    assert_eq!(summary["closes"], 4, "{events:#?}");
}

#[test]
fn a_datagram_of_a_process_that_is_gone_is_still_its() {
    require!(Namespaces, Datagrams);
    let namespace = Namespace::anonymous().unwrap();
    let mut server = Actor::inside(&namespace);
    let server_address = bind(&mut server, "end", "127.0.0.1:514");
    let send = format!("udp-send-to end {server_address} 10");
    let (picture, clients) = while_taken(&namespace, || {
        let command = scopetop_lab::actor::one_shot(Some(&namespace));
        let (pid, _) = scopetop_lab::actor::runs(command, &["udp-bind end 0.0.0.0:0", &send]);
        server.does("udp-receive end");
        pid
    });
    let connections = picture.list("connections");
    assert!(!connections.is_empty(), "of {} datagrams none was seen", clients.len());
    let mut seen = BTreeSet::new();
    let mut unseen = 0;
    for connection in connections {
        picture.assert_owner(&connection["server"], server.pid(), ACTOR);
        let Some(pid) = connection["client"]["pids"][0].as_u64() else {
            unseen += 1;
            continue;
        };
        assert!(clients.contains(&u32::try_from(pid).unwrap()), "{connection:#}");
        assert!(seen.insert(pid), "twice: {connection:#}");
    }
    // One may have been sent before anybody watched, and received after.
    assert!(unseen <= 1 && !seen.is_empty(), "{:#}", picture.0);
}

#[test]
fn filters_know_udp() {
    require!(Namespaces, Datagrams);
    let namespace = Namespace::anonymous().unwrap();
    let (mut client, mut server) = (Actor::inside(&namespace), Actor::inside(&namespace));
    let server_address = bind(&mut server, "end", "127.0.0.1:53");
    bind(&mut client, "end", "127.0.0.1:0");
    client.does(&format!("udp-connect end {server_address}"));
    let count = |filter: &str| {
        let filter = format!("netns={} and {filter}", namespace.inode());
        let dot = run(&["snapshot", "--format", "dot", "--for", "0", "--filter", &filter]).succeeded();
        dot.text().matches("->").count()
    };
    for (filter, expected) in [
        ("proto=udp", 1),
        ("proto=tcp", 0),
        ("proto!=udp", 0),
        ("dir=local", 1),
        ("dir=out", 0),
        ("port=53 and state=established", 1),
        ("bytes>0", 0),
    ] {
        assert_eq!(count(filter), expected, "{filter}");
    }
}
