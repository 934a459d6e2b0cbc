//! Nothing stays in the kernel.

use scopetop_lab::binary::Events;
use scopetop_lab::bpf::{self, Object};
use scopetop_lab::{require, wait};

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
