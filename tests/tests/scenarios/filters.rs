//! `--filter`, on real things.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;

use scopetop_lab::actor::Actor;
use scopetop_lab::binary::Events;
use scopetop_lab::picture::Picture;
use scopetop_lab::require;
use scopetop_lab::world::{Namespace, own_netns};

use serde_json::{Value, json};

use crate::Pair;
use crate::events::wait_closed;

/// Which of these connections a picture with this filter shows.
fn shown(filters: &[&str], pairs: &[&Pair]) -> Vec<bool> {
    let mut arguments = vec!["--for", "0"];
    for filter in filters {
        arguments.extend(["--filter", filter]);
    }
    let picture = Picture::take(&arguments);
    pairs.iter().map(|pair| !picture.connections_of(pair.ends()).is_empty()).collect()
}

/// Whether the tests run in the host's namespace.
pub(crate) fn host_is_own() -> bool {
    // Where the first process may not be looked at, the own namespace is the host's as far as one can tell.
    let own = std::fs::metadata("/proc/self/ns/net").unwrap().ino();
    std::fs::metadata("/proc/1/ns/net").is_ok_and(|first| first.ino() == own)
        || File::open("/proc/1/ns/net").is_err()
}

#[test]
fn by_network_namespace() {
    require!(Namespaces);
    let (blue, green) = (Namespace::named().unwrap(), Namespace::named().unwrap());
    let in_blue = Pair::connected(Some(&blue), "127.0.1.1:0");
    let in_green = Pair::connected(Some(&green), "127.0.1.2:0");
    let on_host = Pair::connected(None, "127.0.1.3:0");
    let pairs = [&in_blue, &in_green, &on_host];
    assert_eq!(shown(&[], &pairs), [true, true, true]);
    assert_eq!(shown(&[&format!("netns={}", blue.inode())], &pairs), [true, false, false]);
    assert_eq!(shown(&[&format!("netns={}", blue.name())], &pairs), [true, false, false]);
    assert_eq!(shown(&[&format!("netns={}", green.name())], &pairs), [false, true, false]);
    assert_eq!(shown(&[&format!("not netns={}", green.name())], &pairs), [true, false, true]);
    // The tests may themselves run in a namespace that is not the first process's.
    let own = format!("netns={}", own_netns().unwrap());
    assert_eq!(shown(&[&own], &pairs), [false, false, true]);
    assert_eq!(shown(&["netns=host"], &pairs), [false, false, host_is_own()]);
    // A namespace that is not there.
    assert_eq!(shown(&["netns=1"], &pairs), [false, false, false]);
}

#[test]
fn by_port_and_name_and_all_of_several() {
    let mut one = Pair::connected(None, "127.0.0.1:0");
    let mut other = Pair::connected(None, "127.0.0.1:0");
    // `zebra` and `yak`
    one.client.does("name 7a65627261");
    other.client.does("name 79616b");
    let pairs = [&one, &other];
    let (port, other_port) = (one.server_address.port(), other.server_address.port());
    assert_eq!(shown(&[&format!("port={port}")], &pairs), [true, false]);
    assert_eq!(shown(&[&format!("port={port},{other_port}")], &pairs), [true, true]);
    assert_eq!(shown(&["comm=zebra"], &pairs), [true, false]);
    assert_eq!(shown(&["comm~^y.k$"], &pairs), [false, true]);
    assert_eq!(shown(&["comm=zebra or comm=yak"], &pairs), [true, true]);
    assert_eq!(shown(&["comm=zebra", &format!("port={port}")], &pairs), [true, false]);
    assert_eq!(shown(&["comm=zebra", &format!("port={other_port}")], &pairs), [false, false]);
    assert_eq!(shown(&[&format!("pid={}", other.server.pid())], &pairs), [false, true]);
    assert_eq!(shown(&["zebra"], &pairs), [true, false]);
}

#[test]
fn of_events() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let inside = format!("netns={}", namespace.inode());
    let (mut client, mut server) = (Actor::inside(&namespace), Actor::inside(&namespace));
    // `zebra`
    client.does("name 7a65627261");
    let address = server.listens("listener", "127.0.0.1:0");
    // Two filters must both hold.
    let mut by_port = Events::ready(&["--filter", &inside, "--filter", &format!("port={}", address.port())]);
    let mut by_comm = Events::ready(&["--filter", &format!("{inside} and comm=zebra")]);
    // Another pair's, which neither may tell.
    drop(Pair::connected(Some(&namespace), "127.0.0.1:0"));
    server.begin("accept listener end");
    let local = client.connects("end", address);
    server.answer();
    client.does("close end");
    server.does("close end");
    wait_closed(&mut by_port, local, address);
    by_comm.wait_for("close", |event| event["kind"] == "close");
    let kinds = |events: &[Value]| {
        let mut kinds: Vec<String> =
            events.iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect();
        kinds.sort_unstable();
        kinds
    };
    let summary = |connects, accepts, closes| json!({ "kind": "summary", "connects": connects, "accepts": accepts, "closes": closes, "lost": 0 });
    let by_port = by_port.interrupted();
    assert_eq!(kinds(&by_port), ["accept", "close", "close", "connect", "summary"], "{by_port:#?}");
    assert_eq!(by_port.last(), Some(&summary(1, 1, 2)));
    let by_comm = by_comm.interrupted();
    assert_eq!(kinds(&by_comm), ["close", "connect", "summary"], "{by_comm:#?}");
    assert_eq!(by_comm.last(), Some(&summary(1, 0, 1)));
}
