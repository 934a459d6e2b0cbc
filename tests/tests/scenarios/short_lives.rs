//! What begins and ends while scopetop looks is in the picture once.

use std::collections::HashMap;

use scopetop_lab::actor::{Actor, one_shot, runs};
use scopetop_lab::picture::Picture;
use scopetop_lab::require;
use scopetop_lab::world::Namespace;
use serde_json::Value;

use crate::ACTOR;

/// Takes a picture while `act` is done over and over; tells all results of it, too.
fn observe<T>(namespace: &Namespace, mut act: impl FnMut() -> T) -> (Picture, Vec<T>) {
    std::thread::scope(|scope| {
        let snapshot = scope.spawn(|| Picture::inside(namespace, &[]));
        let mut done = Vec::new();
        while !snapshot.is_finished() {
            done.push(act());
        }
        (snapshot.join().expect("a picture"), done)
    })
}

/// The connections of a namespace, by the client's pid: at most one each, for a process that made one.
fn by_client_pid(picture: &Picture, netns: u32) -> HashMap<u64, &Value> {
    let mut found = HashMap::new();
    for connection in picture.list("connections") {
        if connection["client"]["netns"] != netns {
            continue;
        }
        let pids = connection["client"]["pids"].as_array().unwrap();
        assert_eq!(pids.len(), 1, "{connection:#}");
        let twice = found.insert(pids[0].as_u64().unwrap(), connection);
        assert!(twice.is_none(), "twice: {connection:#} and {twice:#?}");
    }
    found
}

#[test]
fn a_process_of_one_connection_is_shown_closed_once() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let mut server = Actor::inside(&namespace);
    let address = server.listens("listener", "127.0.0.1:0");
    server.begin("serve listener 1000000 64");
    let connect = format!("connect end {address}");
    let (picture, clients) = observe(&namespace, || {
        runs(one_shot(Some(&namespace)), &[&connect, "send end 64", "receive end 64", "reset end"])
    });
    let found = by_client_pid(&picture, namespace.inode());
    assert!(!found.is_empty(), "none of {} connections is in {picture:#?}", clients.len());
    let truth: HashMap<u64, &Vec<Value>> = clients.iter().map(|(pid, did)| (u64::from(*pid), did)).collect();
    let mut whole = 0;
    for (pid, connection) in found {
        let did = truth.get(&pid).unwrap_or_else(|| panic!("no client had the pid {pid}: {connection:#}"));
        assert_eq!(did[0]["local"], format!("127.0.0.1:{}", connection["client"]["port"]), "{connection:#}");
        picture.assert_owner(&connection["client"], u32::try_from(pid).unwrap(), ACTOR);
        picture.assert_owner(&connection["server"], server.pid(), ACTOR);
        if connection["state"] == "closed" && !connection["opened_at"].is_null() {
            whole += 1;
            assert_eq!(connection["bytes_to_server"], 64, "{connection:#}");
            assert_eq!(connection["bytes_to_client"], 64, "{connection:#}");
            assert!(!connection["closed_at"].is_null(), "{connection:#}");
        }
    }
    assert!(whole > 0, "no connection opened and closed under observation");
}

#[test]
fn a_refused_connect_is_shown_failed() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let (picture, clients) = observe(&namespace, || {
        runs(one_shot(Some(&namespace)), &["connect end 127.0.0.1:9", "connect end [::1]:9"])
    });
    for (_, did) in &clients {
        assert!(did.iter().all(|answer| answer["error"].as_str().unwrap().contains("refused")), "{did:?}");
    }
    let pids: Vec<u64> = clients.iter().map(|(pid, _)| u64::from(*pid)).collect();
    for address in ["127.0.0.1", "::1"] {
        let failed: Vec<&Value> = picture
            .list("connections")
            .iter()
            .filter(|connection| {
                connection["client"]["netns"] == namespace.inode()
                    && connection["server"]["address"] == address
            })
            .collect();
        assert!(!failed.is_empty(), "none of {} refused connects to {address}", clients.len());
        for connection in failed {
            assert_eq!(connection["state"], "failed", "{connection:#}");
            assert_eq!(connection["server"]["port"], 9, "{connection:#}");
            assert_eq!(connection["server"]["pids"], serde_json::json!([]), "{connection:#}");
            let pid = connection["client"]["pids"][0].as_u64().unwrap();
            assert!(pids.contains(&pid), "{connection:#}");
        }
    }
}
