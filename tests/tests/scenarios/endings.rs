//! The ends of connections that are not two closes.

use scopetop_lab::actor::Actor;
use scopetop_lab::picture::{Picture, address_of, edges};
use scopetop_lab::world::Namespace;
use scopetop_lab::{require, wait};
use serde_json::{Value, json};

use crate::events::{one, wait_closed, watching};
use crate::{ACTOR, Pair};

#[test]
fn a_half_closed_connection_is_one_edge_until_the_other_half_closes() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let mut pair = Pair::connected(Some(&namespace), "127.0.0.1:0");
    let mut events = watching(&namespace);
    pair.client.does("half-close end");
    wait::until("the state of the client", || {
        let picture = Picture::inside(&namespace, &["--for", "0"]);
        let connection = picture.connection_of(pair.ends());
        picture.assert_owner(&connection["client"], pair.client.pid(), ACTOR);
        picture.assert_owner(&connection["server"], pair.server.pid(), ACTOR);
        (connection["state"] == "fin_wait2").then_some(())
    });
    assert_eq!(edges(&[&namespace]), 1);
    // The other half still carries what there is to say.
    pair.server.does("send end 40");
    pair.client.does("receive end 40");
    pair.server.does("close end");
    pair.client.does("close end");
    wait_closed(&mut events, pair.client_address, pair.server_address);
    let events = events.interrupted();
    let close = one(&events, "close", pair.client_address);
    assert_eq!((&close["bytes_sent"], &close["bytes_received"]), (&json!(0), &json!(40)), "{close}");
    let close = one(&events, "close", pair.server_address);
    assert_eq!((&close["bytes_sent"], &close["bytes_received"]), (&json!(40), &json!(0)), "{close}");
    assert_eq!(edges(&[&namespace]), 0);
    assert!(Picture::inside(&namespace, &["--for", "0"]).connections_of(pair.ends()).is_empty());
}

#[test]
fn a_reset_ends_both_ends_at_once() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let mut pair = Pair::connected(Some(&namespace), "127.0.0.1:0");
    let mut events = watching(&namespace);
    pair.client.does("reset end");
    wait_closed(&mut events, pair.client_address, pair.server_address);
    let events = events.interrupted();
    // The server has not touched its end since: it is its all the same.
    assert_eq!(one(&events, "close", pair.client_address)["pid"], pair.client.pid());
    assert_eq!(one(&events, "close", pair.server_address)["pid"], pair.server.pid());
    let summary = json!({ "kind": "summary", "connects": 0, "accepts": 0, "closes": 2, "lost": 0 });
    assert_eq!(events.last(), Some(&summary));
    assert_eq!(edges(&[&namespace]), 0);
}

/// Two namespaces and a connection from the one to the other.
fn apart() -> (Namespace, Namespace, Pair) {
    let (near, far) = (Namespace::anonymous().unwrap(), Namespace::anonymous().unwrap());
    near.wire(&["10.84.0.1/24"], &far, &["10.84.0.2/24"]).unwrap();
    let pair = Pair::between(Actor::inside(&near), Actor::inside(&far), "10.84.0.2:0");
    (near, far, pair)
}

/// Cuts the cable of a namespace.
fn cut(namespace: &Namespace) {
    let links = namespace.run(|| std::fs::read_to_string("/proc/thread-self/net/dev").unwrap()).unwrap();
    let names = links.lines().filter_map(|line| line.trim().split(':').next());
    let cables: Vec<_> = names.filter(|name| name.starts_with("lab")).collect();
    let [cable] = cables[..] else { panic!("{cables:?}") };
    namespace.ip(&format!("link delete {cable}")).unwrap();
}

/// Checks that the client's end is open, and that the other is nobody's.
fn assert_alone(near: &Namespace, pair: &Pair) {
    let picture = Picture::inside(near, &["--for", "0"]);
    let connection = picture.connection_of(pair.ends());
    assert_eq!(connection["state"], "established", "{connection:#}");
    picture.assert_owner(&connection["client"], pair.client.pid(), ACTOR);
    assert_eq!(address_of(&connection["server"]), Some(pair.server_address), "{connection:#}");
    assert_eq!(connection["server"]["pids"], json!([]), "{connection:#}");
    assert_eq!(picture.node_of(&connection["server"])["kind"], "remote", "{connection:#}");
    assert_eq!(picture.list("connections").len(), 1, "{:#}", picture.0);
    assert_eq!(edges(&[near]), 1);
}

#[test]
fn a_peer_that_vanished_without_a_word_leaves_the_other_end() {
    require!(Namespaces, Ebpf);
    let (near, far, mut pair) = apart();
    let mut events = watching(&near);
    cut(&near);
    // Nobody hears its FIN.
    let vanished = std::mem::replace(&mut pair.server, Actor::inside(&near));
    vanished.ends();
    assert_alone(&near, &pair);
    drop(far);
    assert_alone(&near, &pair);
    // A word into the void, and soon nobody waits for an answer any more.
    near.set("ipv4/tcp_retries2", "1").unwrap();
    pair.client.does("send end 10");
    let close = events.wait_for("close", |event| event["kind"] == "close");
    assert_eq!(address_of(&close["local"]), Some(pair.client_address), "{close}");
    assert_eq!(close["pid"], pair.client.pid(), "{close}");
    assert_eq!(edges(&[&near]), 0);
}

#[test]
fn a_namespace_that_is_deleted_with_a_connection_open_takes_its_end_with_it() {
    require!(Namespaces, Ebpf);
    let near = Namespace::anonymous().unwrap();
    let far = Namespace::named().unwrap();
    near.wire(&["10.85.0.1/24"], &far, &["10.85.0.2/24"]).unwrap();
    let mut pair = Pair::between(Actor::inside(&near), Actor::inside(&far), "10.85.0.2:0");
    let (name, inode) = (far.name().to_owned(), far.inode());
    let mut events = watching(&near);

    // Its name goes, what is in it stays.
    drop(far);
    let picture = Picture::inside(&near, &["--for", "0"]);
    let connection = picture.connection_of(pair.ends());
    assert_eq!(connection["server"]["netns"], inode, "{connection:#}");
    picture.assert_owner(&connection["server"], pair.server.pid(), ACTOR);
    let by_name = Picture::take(&["--for", "0", "--filter", &format!("netns={name}")]);
    assert_eq!(by_name.list("connections"), &[] as &[Value]);

    // Its last process goes, and nobody is told: the cable is gone first.
    cut(&near);
    let vanished = std::mem::replace(&mut pair.server, Actor::inside(&near));
    vanished.ends();
    wait::until("the end of the namespace", || {
        let picture = Picture::take(&["--for", "0", "--filter", &format!("netns={inode}")]);
        picture.list("connections").is_empty().then_some(())
    });
    assert_alone(&near, &pair);

    // Nothing of it is in the way of what comes.
    let mut after = Pair::connected(Some(&near), "127.0.0.1:0");
    after.client.does("reset end");
    wait_closed(&mut events, after.client_address, after.server_address);
    let events = events.interrupted();
    assert_eq!(one(&events, "connect", after.client_address)["pid"], after.client.pid());
    assert_eq!(one(&events, "close", after.server_address)["pid"], after.server.pid());
    let of_client = |event: &&Value| address_of(&event["local"]) == Some(pair.client_address);
    assert_eq!(events.iter().filter(of_client).count(), 0, "{events:#?}");
}
