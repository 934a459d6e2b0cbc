//! Unix sockets: both ends, whatever they carry and are called.

use scopetop_lab::actor::{self, Actor};
use scopetop_lab::picture::Picture;
use scopetop_lab::require;
use scopetop_lab::world::Namespace;
use serde_json::{Value, json};

use crate::ACTOR;
use crate::events::watching;

/// A path that is gone with this.
struct Path(String);

impl Path {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lab-{}-{name}.sock", std::process::id()));
        Self(path.to_str().expect("a folder with a name in UTF-8").to_owned())
    }
}

impl Drop for Path {
    fn drop(&mut self) {
        // It may not have come to it.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The connections over Unix sockets that a namespace's processes have.
fn connections<'a>(picture: &'a Picture, namespace: &Namespace) -> Vec<&'a Value> {
    let is_its = |connection: &&Value| {
        connection["proto"] == "unix" && connection["client"]["netns"] == namespace.inode()
    };
    picture.list("connections").iter().filter(is_its).collect()
}

fn the_connection<'a>(picture: &'a Picture, namespace: &Namespace) -> &'a Value {
    match connections(picture, namespace)[..] {
        [connection] => connection,
        ref others => panic!("{} connections: {others:#?}", others.len()),
    }
}

/// Where each of a picture's Unix listeners is.
fn listeners(picture: &Picture) -> Vec<&Value> {
    let unix = picture.list("listeners").iter().filter(|listener| listener["proto"] == "unix");
    unix.map(|listener| &listener["address"]).collect()
}

#[test]
fn both_ends_of_each_kind_under_each_kind_of_name() {
    require!(Namespaces, Ebpf);
    let path = Path::new("kinds");
    for kind in ["stream", "seqpacket"] {
        for name in [path.0.as_str(), "@lab/kinds"] {
            let namespace = Namespace::anonymous().unwrap();
            let (mut client, mut server) = (Actor::inside(&namespace), Actor::inside(&namespace));
            server.does(&format!("unix-listen listener {kind} {name}"));
            client.does(&format!("unix-connect end {kind} {name}"));

            // Nobody has accepted it: it is the listener's.
            let picture = Picture::inside(&namespace, &["--for", "0"]);
            let connection = the_connection(&picture, &namespace);
            picture.assert_owner(&connection["server"], server.pid(), ACTOR);

            server.does("unix-accept listener end");
            let picture = Picture::inside(&namespace, &["--for", "0"]);
            let connection = the_connection(&picture, &namespace);
            picture.assert_owner(&connection["client"], client.pid(), ACTOR);
            picture.assert_owner(&connection["server"], server.pid(), ACTOR);
            assert_eq!(connection["directed"], true, "{connection:#}");
            assert_eq!(connection["state"], "established");
            assert_eq!(connection["client"]["address"], Value::Null);
            assert_eq!(connection["server"]["address"], name);
            assert_eq!(connection["server"]["port"], Value::Null);
            assert_eq!(listeners(&picture), [name]);

            // The server keeps its end: nobody is there any more.
            client.does("close end");
            let picture = Picture::inside(&namespace, &["--for", "0"]);
            assert_eq!(connections(&picture, &namespace).len(), 0, "{:#}", picture.0);
            drop(server);
            let _ = std::fs::remove_file(&path.0);
        }
    }
}

#[test]
fn a_pair_is_told_once_another_process_has_an_end() {
    require!(Namespaces, Ebpf);
    for kind in ["stream", "seqpacket", "datagram"] {
        let namespace = Namespace::anonymous().unwrap();
        let mut parent = Actor::inside(&namespace);
        parent.does(&format!("unix-pair own theirs {kind}"));
        let picture = Picture::inside(&namespace, &["--for", "0"]);
        assert_eq!(connections(&picture, &namespace).len(), 0, "{:#}", picture.0);

        let child = parent.does("heir child theirs")["child"].clone();
        for closed in [false, true] {
            let picture = Picture::inside(&namespace, &["--for", "0"]);
            let connection = the_connection(&picture, &namespace);
            assert_eq!(connection["directed"], false, "{connection:#}");
            let mut ends = [&connection["client"], &connection["server"]];
            ends.sort_by_key(|end| picture.node_of(end)["pid"] == child);
            picture.assert_owner(ends[0], parent.pid(), ACTOR);
            let theirs = if closed { json!([child]) } else { json!([child, parent.pid()]) };
            assert_eq!(ends[1]["pids"], theirs, "{connection:#}");
            assert_eq!((&ends[0]["address"], &ends[1]["address"]), (&Value::Null, &Value::Null));
            if !closed {
                parent.does("close theirs");
            }
        }
    }
}

#[test]
fn each_that_sends_datagrams_has_its_own_connection() {
    require!(Namespaces, Ebpf);
    let path = Path::new("log");
    let namespace = Namespace::anonymous().unwrap();
    let [mut log, mut one, mut other] = [(); 3].map(|()| Actor::inside(&namespace));
    log.does(&format!("unix-bind end {}", path.0));
    one.does(&format!("unix-connect end datagram {}", path.0));
    other.does(&format!("unix-connect end datagram {}", path.0));
    let picture = Picture::inside(&namespace, &["--for", "0"]);
    let found = connections(&picture, &namespace);
    assert_eq!(found.len(), 2, "{found:#?}");
    for connection in &found {
        assert_eq!(connection["directed"], true, "{connection:#}");
        assert_eq!(connection["server"]["address"], path.0.as_str());
        picture.assert_owner(&connection["server"], log.pid(), ACTOR);
    }
    let mut clients: Vec<_> =
        found.iter().map(|connection| connection["client"]["pids"][0].as_u64().unwrap()).collect();
    clients.sort_unstable();
    let mut expected = [u64::from(one.pid()), u64::from(other.pid())];
    expected.sort_unstable();
    assert_eq!(clients, expected);
}

#[test]
fn a_client_that_lives_for_a_moment_is_told_with_its_process() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let mut server = Actor::inside(&namespace);
    server.does("unix-listen listener stream @lab/moment");
    let mut events = watching(&namespace);
    server.begin("unix-accept listener end");
    let (pid, _) = actor::runs(
        actor::one_shot(Some(&namespace)),
        &["unix-connect end stream @lab/moment", "send end 1"],
    );
    server.answer();
    server.does("receive end 1");
    // The end of what it sent.
    assert!(!server.attempt("receive end 1")["error"].is_null());
    let is = |event: &Value, kind: &str, pid: u32| {
        event["kind"] == kind && event["proto"] == "unix" && event["pid"] == pid
    };
    let connect = events.wait_for("connect", |event| is(event, "connect", pid));
    assert_eq!((&connect["local"]["address"], &connect["comm"]), (&Value::Null, &json!(ACTOR)));
    assert_eq!(connect["remote"], json!({ "address": "@lab/moment", "port": null }));
    events.wait_for("accept", |event| is(event, "accept", server.pid()));
    events.wait_for("close", |event| is(event, "close", pid));
    server.does("close end");
    events.wait_for("close", |event| is(event, "close", server.pid()));
    let told = events.interrupted();
    let count = |kind: &str| told.iter().filter(|event| event["kind"] == kind).count();
    assert_eq!([count("connect"), count("accept"), count("close")], [1, 1, 2], "{told:#?}");
}

#[test]
fn they_are_found_by_protocol_and_by_name() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let (mut client, mut server) = (Actor::inside(&namespace), Actor::inside(&namespace));
    server.does("unix-listen listener stream @lab/found");
    client.does("unix-connect end stream @lab/found");
    for (filter, count) in [
        ("proto=unix", 1),
        ("proto!=unix", 0),
        ("path=@lab/found", 1),
        ("path~found$", 1),
        ("path=@lab/lost", 0),
        ("LAB/found", 1),
        ("dir=local", 1),
        ("port>=0", 0),
        ("ip=0.0.0.0/0", 0),
    ] {
        let picture = Picture::inside(&namespace, &["--for", "0", "--filter", filter]);
        assert_eq!(connections(&picture, &namespace).len(), count, "{filter}");
    }
}
