//! Whose a socket is where it is not who opened it.

use std::net::TcpListener;

use scopetop_lab::actor::Actor;
use scopetop_lab::picture::{Ends, Picture, address_of, edges};
use scopetop_lab::world::Namespace;
use scopetop_lab::{require, wait};
use serde_json::{Value, json};

use crate::events::watching;
use crate::{ACTOR, Pair, while_taken};

/// Two servers that inherited one listener, as pre-forking servers do.
fn pre_forked(namespace: &Namespace) -> (Actor, Actor, std::net::SocketAddr) {
    let listener = namespace.run(|| TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
    let servers = (Actor::inheriting(namespace, &listener), Actor::inheriting(namespace, &listener));
    (servers.0, servers.1, listener.local_addr().unwrap())
}

#[test]
fn an_accepted_connection_that_is_silent_belongs_to_who_accepted_it() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let (mut server, other, address) = pre_forked(&namespace);
    let mut client = Actor::inside(&namespace);
    let mut events = watching(&namespace);
    // Nobody reads nor writes, so only a scan can tell the two servers apart. An event does not wait for one for ever.
    let mut number = 0;
    wait::until("an accept with its process", || {
        number += 1;
        server.begin(&format!("accept listener end{number}"));
        let local = client.connects(&format!("end{number}"), address);
        server.answer();
        let accept = events.wait_for("accept", |event| {
            event["kind"] == "accept" && address_of(&event["remote"]) == Some(local)
        });
        assert_ne!(accept["pid"], other.pid(), "{accept}");
        (accept["pid"] == server.pid()).then_some(())
    });
    let picture = Picture::inside(&namespace, &["--for", "0"]);
    let silent = picture.list("connections").iter().filter(|connection| {
        connection["server"]["netns"] == namespace.inode()
            && address_of(&connection["server"]) == Some(address)
    });
    let count = silent.inspect(|connection| {
        picture.assert_owner(&connection["client"], client.pid(), ACTOR);
        picture.assert_owner(&connection["server"], server.pid(), ACTOR);
    });
    assert_eq!(count.count(), number);
}

#[test]
fn of_servers_that_share_a_listener_the_one_that_reads_has_the_connection() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let (one, mut other, server_address) = pre_forked(&namespace);
    let mut events = watching(&namespace);
    let mut client = Actor::inside(&namespace);
    other.begin("accept listener end");
    let client_address = client.connects("end", server_address);
    other.answer();
    client.does("send end 10");
    other.does("receive end 10");
    let accept = events.wait_for("accept", |event| event["kind"] == "accept");
    assert_eq!(accept["pid"], other.pid(), "{accept}");

    let picture = Picture::inside(&namespace, &["--for", "0"]);
    let connection = picture.connection_of(Ends {
        netns: namespace.inode(),
        client: client_address,
        server: server_address,
    });
    picture.assert_owner(&connection["client"], client.pid(), ACTOR);
    picture.assert_owner(&connection["server"], other.pid(), ACTOR);
    // Beside the first in `node`, all in `nodes`.
    let listeners: Vec<&Value> = picture
        .list("listeners")
        .iter()
        .filter(|listener| {
            listener["netns"] == namespace.inode() && address_of(listener) == Some(server_address)
        })
        .collect();
    let [listener] = listeners[..] else { panic!("{listeners:#?}") };
    let nodes = listener["nodes"].as_array().unwrap();
    assert_eq!(nodes[0], listener["node"], "{listener:#}");
    let pid = |node: &Value| picture.node_of(&json!({ "node": node }))["pid"].as_u64().unwrap();
    let mut listening: Vec<u64> = nodes.iter().map(pid).collect();
    listening.sort_unstable();
    let mut servers = [u64::from(one.pid()), u64::from(other.pid())];
    servers.sort_unstable();
    assert_eq!(listening, servers);
}

#[test]
fn a_connection_that_a_child_inherited_has_both() {
    require!(Ebpf);
    let mut pair = Pair::connected(None, "127.0.0.1:0");
    let child = pair.server.does("heir child end")["child"].clone();
    let picture = Picture::take(&["--for", "0"]);
    let connection = picture.connection_of(pair.ends());
    picture.assert_owner(&connection["client"], pair.client.pid(), ACTOR);
    let mut pids = connection["server"]["pids"].as_array().unwrap().clone();
    pids.sort_by_key(Value::as_u64);
    let mut expected = vec![json!(pair.server.pid()), child];
    expected.sort_by_key(Value::as_u64);
    assert_eq!(pids, expected, "{connection:#}");
}

/// A client whose connection waits in its listener's queue.
fn queued(namespace: &Namespace) -> (Actor, Actor, Ends) {
    queued_at(namespace, "127.0.0.1:0")
}

fn queued_at(namespace: &Namespace, address: &str) -> (Actor, Actor, Ends) {
    let (mut client, mut server) = (Actor::inside(namespace), Actor::inside(namespace));
    let address = server.listens("listener", address);
    let local = client.connects("end", address);
    (client, server, Ends { netns: namespace.inode(), client: local, server: address })
}

/// Checks that it is shown once, as a connection to the one who listens.
fn assert_listeners(picture: &Picture, (client, server, ends): &(Actor, Actor, Ends)) {
    let connection = picture.connection_of(*ends);
    assert_eq!(connection["state"], "established", "{connection:#}");
    assert_eq!(address_of(&connection["client"]), Some(ends.client), "{connection:#}");
    picture.assert_owner(&connection["client"], client.pid(), ACTOR);
    picture.assert_owner(&connection["server"], server.pid(), ACTOR);
}

#[test]
fn a_connection_that_nobody_accepted_yet_is_the_listeners() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let (picture, queue) = while_taken(&namespace, || queued(&namespace));
    // Those that came before scopetop watched are the other test's.
    let whole = queue.iter().filter(|(_, _, ends)| {
        picture.connections_of(*ends).first().is_some_and(|connection| !connection["opened_at"].is_null())
    });
    let count = whole.inspect(|queued| assert_listeners(&picture, queued)).count();
    assert!(count > 0, "none of {}", queue.len());
}

#[test]
fn a_connection_that_was_in_the_queue_before_is_shown_once() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let queues = ["127.0.0.1:0", "[::1]:0"].map(|address| queued_at(&namespace, address));
    let picture = Picture::inside(&namespace, &["--for", "0"]);
    for queued in &queues {
        assert_listeners(&picture, queued);
        let connection = picture.connection_of(queued.2);
        assert_eq!(connection["directed"], true, "{connection:#}");
        assert_eq!(connection["bytes_to_server"], 0, "{connection:#}");
    }
    assert_eq!(edges(&[&namespace]), queues.len());
}

#[test]
fn what_waits_in_a_shared_queue_is_of_all_who_listen_until_one_accepts() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let (mut one, other, address) = pre_forked(&namespace);
    let mut client = Actor::inside(&namespace);
    let [first, second] = ["first", "second"].map(|name| {
        let client = client.connects(name, address);
        Ends { netns: namespace.inode(), client, server: address }
    });
    let holders = |picture: &Picture, ends: Ends| {
        let connection = picture.connection_of(ends);
        picture.assert_owner(&connection["client"], client.pid(), ACTOR);
        let mut pids: Vec<u64> =
            connection["server"]["pids"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
        pids.sort_unstable();
        pids
    };
    let mut both = [u64::from(one.pid()), u64::from(other.pid())];
    both.sort_unstable();
    let picture = Picture::inside(&namespace, &["--for", "0"]);
    assert_eq!([first, second].map(|ends| holders(&picture, ends)), [both, both]);
    one.does("accept listener end");
    let picture = Picture::inside(&namespace, &["--for", "0"]);
    assert_eq!(holders(&picture, first), [u64::from(one.pid())]);
    assert_eq!(holders(&picture, second), both);
}
