//! Connections that are there when scopetop looks.

use std::net::SocketAddr;

use scopetop_lab::actor::Actor;
use scopetop_lab::binary::run;
use scopetop_lab::picture::{Picture, address_of};
use scopetop_lab::world::Namespace;
use scopetop_lab::{require, wait};

use crate::{ACTOR, Pair, while_taken};

/// Checks that the picture has the pair as one connection, each end its own.
fn assert_joined(picture: &Picture, pair: &Pair, netns: u32) {
    let connection = picture.connection_of(pair.ends());
    let (client, server) = (&connection["client"], &connection["server"]);
    assert_eq!(address_of(client), Some(pair.client_address), "{connection:#}");
    assert_eq!(address_of(server), Some(pair.server_address), "{connection:#}");
    picture.assert_owner(client, pair.client.pid(), ACTOR);
    picture.assert_owner(server, pair.server.pid(), ACTOR);
    for end in [client, server] {
        assert_eq!(end["netns"], netns, "{connection:#}");
    }
}

#[test]
fn both_ends_on_this_host_are_one_connection() {
    require!(Namespaces);
    let namespace = Namespace::anonymous().unwrap();
    // The server's port is above all ephemeral ones: a guess by port numbers gets the direction wrong.
    let mut pair = Pair::connected(Some(&namespace), "127.0.0.1:65000");
    pair.talk(1000, 300);
    let picture = Picture::inside(&namespace, &["--for", "0"]);
    assert_joined(&picture, &pair, namespace.inode());
    let connection = picture.connection_of(pair.ends());
    assert_eq!(connection["proto"], "tcp");
    assert_eq!(connection["state"], "established");
}

#[test]
fn bytes_and_round_trips_are_the_kernels_own() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let mut pair = Pair::connected(Some(&namespace), "127.0.0.1:0");
    pair.talk(1000, 300);
    let picture = Picture::inside(&namespace, &["--for", "0"]);
    let connection = picture.connection_of(pair.ends());
    assert_eq!(connection["bytes_to_server"], 1000, "{connection:#}");
    assert_eq!(connection["bytes_to_client"], 300, "{connection:#}");
    assert!(connection["rtt_us"].as_u64().unwrap() > 0, "{connection:#}");
    assert_eq!(connection["retransmits"], 0, "{connection:#}");
}

#[test]
fn the_direction_is_known_though_the_listener_is_gone() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let mut pair = Pair::connected(Some(&namespace), "127.0.0.1:65000");
    pair.server.does("close listener");
    let picture = Picture::inside(&namespace, &["--for", "0"]);
    assert_joined(&picture, &pair, namespace.inode());
}

#[test]
fn a_connection_that_opens_under_observation_has_its_time() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let (picture, pairs) = while_taken(&namespace, || Pair::connected(Some(&namespace), "127.0.0.1:0"));
    let opened = pairs.iter().filter(|pair| {
        let connections = picture.connections_of(pair.ends());
        // One that opened after the picture was taken is not in it; none is in it twice.
        assert!(connections.len() <= 1, "{connections:#?}");
        connections.first().is_some_and(|connection| {
            assert_eq!(address_of(&connection["client"]), Some(pair.client_address), "{connection:#}");
            picture.assert_owner(&connection["client"], pair.client.pid(), ACTOR);
            picture.assert_owner(&connection["server"], pair.server.pid(), ACTOR);
            !connection["opened_at"].is_null()
        })
    });
    assert!(opened.count() > 0, "of {} connections none opened under observation", pairs.len());
}

#[test]
fn ipv6_is_like_ipv4() {
    require!(Namespaces);
    let namespace = Namespace::anonymous().unwrap();
    let pair = Pair::connected(Some(&namespace), "[::1]:0");
    assert_joined(&Picture::inside(&namespace, &["--for", "0"]), &pair, namespace.inode());
}

#[test]
fn an_ipv4_connection_to_an_ipv6_socket_is_told_as_ipv4() {
    require!(Namespaces);
    let namespace = Namespace::anonymous().unwrap();
    let (mut client, mut server) = (Actor::inside(&namespace), Actor::inside(&namespace));
    let port = server.listens("listener", "[::]:0").port();
    let server_address = SocketAddr::from(([127, 0, 0, 1], port));
    server.begin("accept listener end");
    let client_address = client.connects("end", server_address);
    // What the server itself sees of it is an address in IPv6 clothes.
    assert_eq!(server.answer()["remote"], format!("[::ffff:127.0.0.1]:{}", client_address.port()));
    let pair = Pair { client, server, client_address, server_address };
    assert_joined(&Picture::inside(&namespace, &["--for", "0"]), &pair, namespace.inode());
}

#[test]
fn half_closed_connections_say_which_half() {
    require!(Namespaces);
    let namespace = Namespace::anonymous().unwrap();
    let mut by_client = Pair::connected(Some(&namespace), "127.0.0.1:0");
    by_client.client.does("half-close end");
    let mut by_server = Pair::connected(Some(&namespace), "127.0.0.1:0");
    by_server.server.does("half-close end");
    // The state is the client's end's; the last acknowledgement may still be on its way.
    wait::until("the states of the clients", || {
        let picture = Picture::inside(&namespace, &["--for", "0"]);
        let state = |pair: &Pair| picture.connection_of(pair.ends())["state"].clone();
        (state(&by_client) == "fin_wait2" && state(&by_server) == "close_wait").then_some(())
    });
}

#[test]
fn a_thousand_connections_to_one_server_are_all_there_and_one_edge() {
    require!(Namespaces);
    let namespace = Namespace::anonymous().unwrap();
    let (mut client, mut server) = (Actor::inside(&namespace), Actor::inside(&namespace));
    let address = server.listens("listener", "127.0.0.1:0");
    server.begin("accept-many listener end 1000");
    client.does(&format!("connect-many end 1000 {address}"));
    let accepted = server.answer();
    assert!(accepted["error"].is_null(), "{accepted}");

    let picture = Picture::inside(&namespace, &["--for", "0"]);
    let mut connections = picture.list("connections").iter().filter(|connection| {
        address_of(&connection["server"]) == Some(address)
            && connection["server"]["netns"] == namespace.inode()
    });
    let all = connections.by_ref().inspect(|connection| {
        picture.assert_owner(&connection["client"], client.pid(), ACTOR);
        picture.assert_owner(&connection["server"], server.pid(), ACTOR);
    });
    assert_eq!(all.count(), 1000);
    let filter = format!("netns={}", namespace.inode());
    let dot = run(&["snapshot", "--format", "dot", "--for", "0", "--filter", &filter]).succeeded();
    assert_eq!(dot.text().matches("->").count(), 1, "{}", dot.text());
}
