//! Connects that take their time.

use std::net::SocketAddr;

use scopetop_lab::actor::{Actor, Answer as _};
use scopetop_lab::picture::{Ends, Picture, address_of};
use scopetop_lab::require;
use scopetop_lab::world::Namespace;

use crate::ACTOR;
use crate::events::{one, watching};

#[test]
fn a_connect_that_does_not_wait_is_like_one_that_does() {
    require!(Namespaces, Ebpf);
    // Through a cable, so that the answer comes in nobody's time.
    let (near, far) = (Namespace::anonymous().unwrap(), Namespace::anonymous().unwrap());
    near.wire(&["10.81.0.1/24"], &far, &["10.81.0.2/24"]).unwrap();
    let (mut client, mut server) = (Actor::inside(&near), Actor::inside(&far));
    let address = server.listens("listener", "10.81.0.2:0");
    let mut events = watching(&near);
    server.begin("accept listener end");
    let local = client.does(&format!("connect-pending end {address}")).address("local");
    client.does("finish-connect end");
    server.answer();
    events.wait_for("connect", |event| event["kind"] == "connect");
    let events = events.interrupted();
    let connect = one(&events, "connect", local);
    assert_eq!(connect["pid"], client.pid(), "{connect}");
    assert_eq!(address_of(&connect["remote"]), Some(address), "{connect}");
    let picture = Picture::inside(&near, &["--for", "0"]);
    let connection = picture.connection_of(Ends { netns: near.inode(), client: local, server: address });
    picture.assert_owner(&connection["client"], client.pid(), ACTOR);
    picture.assert_owner(&connection["server"], server.pid(), ACTOR);
}

/// Gives a namespace addresses that swallow whatever is sent to them.
fn dig_hole(namespace: &Namespace) -> SocketAddr {
    // What goes to loopback and is for nobody there is dropped without a word.
    namespace.ip("address add 10.82.0.1/32 dev lo").unwrap();
    namespace.ip("route add 10.83.0.0/24 dev lo src 10.82.0.1").unwrap();
    SocketAddr::from(([10, 83, 0, 1], 443))
}

#[test]
fn a_connect_without_an_answer_pends_and_fails_with_its_process() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let hole = dig_hole(&namespace);
    let mut before = Actor::inside(&namespace);
    let began_before = before.does(&format!("connect-pending end {hole}")).address("local");
    let mut events = watching(&namespace);
    let mut client = Actor::inside(&namespace);
    let local = client.does(&format!("connect-pending end {hole}")).address("local");

    let picture = Picture::inside(&namespace, &["--for", "0"]);
    for (actor, local) in [(&before, began_before), (&client, local)] {
        let connection =
            picture.connection_of(Ends { netns: namespace.inode(), client: local, server: hole });
        assert_eq!(connection["state"], "syn_sent", "{connection:#}");
        assert_eq!(address_of(&connection["server"]), Some(hole), "{connection:#}");
        picture.assert_owner(&connection["client"], actor.pid(), ACTOR);
        assert_eq!(connection["server"]["pids"], serde_json::json!([]), "{connection:#}");
    }

    let pids = [before.pid(), client.pid()];
    // Killed: nobody closes the sockets but the kernel.
    drop(before);
    drop(client);
    for local in [began_before, local] {
        events
            .wait_for("fail", |event| event["kind"] == "fail" && address_of(&event["local"]) == Some(local));
    }
    let events = events.interrupted();
    for (local, pid) in [began_before, local].into_iter().zip(pids) {
        let fail = one(&events, "fail", local);
        assert_eq!(fail["pid"], pid, "{fail}");
        assert_eq!(fail["comm"], ACTOR, "{fail}");
        assert_eq!(address_of(&fail["remote"]), Some(hole), "{fail}");
    }
    let summary =
        serde_json::json!({ "kind": "summary", "connects": 0, "accepts": 0, "closes": 0, "lost": 0 });
    assert_eq!(events.last(), Some(&summary));
    let picture = Picture::inside(&namespace, &["--for", "0"]);
    for local in [began_before, local] {
        let ends = Ends { netns: namespace.inode(), client: local, server: hole };
        assert!(picture.connections_of(ends).is_empty(), "{picture:?}");
    }
}
