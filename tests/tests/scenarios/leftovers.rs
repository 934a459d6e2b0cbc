//! Nothing stays in the kernel.

use std::collections::BTreeSet;

use scopetop_lab::binary::Events;
use scopetop_lab::bpf::{self, Object};
use scopetop_lab::world::Namespace;
use scopetop_lab::{require, wait};
use serde_json::json;

use crate::Pair;
use crate::events::{one, wait_closed, watching};

#[test]
fn a_killed_scopetop_leaves_nothing_in_the_kernel() {
    require!(Ebpf);
    let events = Events::ready(&[]);
    let held = bpf::held_by(events.pid()).unwrap();
    for (kind, is) in [
        ("program", (|object| matches!(object, Object::Program(_))) as fn(&Object) -> bool),
        ("map", |object| matches!(object, Object::Map(_))),
        ("link", |object| matches!(object, Object::Link(_))),
    ] {
        assert!(held.iter().any(is), "no {kind} among {held:?}");
    }
    assert!(held.iter().all(|object| object.exists().unwrap()), "{held:?}");
    events.killed();
    // The kernel frees them a little later than the process.
    wait::until("an empty kernel", || held.iter().all(|object| !object.exists().unwrap()).then_some(()));
}

#[test]
fn after_a_kill_the_next_one_sees_everything_and_leaves_nothing_either() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let mut pair = Pair::connected(Some(&namespace), "127.0.0.1:0");
    let mut held = BTreeSet::new();
    for _ in 0..3 {
        let events = watching(&namespace);
        held.extend(bpf::held_by(events.pid()).unwrap());
        events.killed();
    }
    // What was there, and what happens from now on, is as if there had been none before.
    let mut events = watching(&namespace);
    pair.talk(5, 6);
    pair.client.does("close end");
    pair.server.does("close end");
    wait_closed(&mut events, pair.client_address, pair.server_address);
    let own = bpf::held_by(events.pid()).unwrap();
    assert!(own.iter().all(|object| !held.contains(object)), "{own:?} and {held:?}");
    held.extend(own);
    let told = events.interrupted();
    assert_eq!(one(&told, "close", pair.client_address)["bytes_sent"], 5);
    let summary = json!({ "kind": "summary", "connects": 0, "accepts": 0, "closes": 2, "lost": 0 });
    assert_eq!(told.last(), Some(&summary));
    wait::until("an empty kernel", || held.iter().all(|object| !object.exists().unwrap()).then_some(()));
}
