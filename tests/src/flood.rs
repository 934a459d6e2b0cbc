//! More events than the kernel can keep for a reader that does not read.

use rustix::process::Signal;

use crate::binary::{companion, signal};
use crate::procstat;
use crate::wait;
use crate::world::Namespace;

/// Far more connections than the ring buffer holds: of its largest size some 45,000 records, of which a connection makes
/// about six.
const CONNECTIONS: &str = "15000";

/// Stops a running `scopetop`, lets so much happen inside a namespace that the ring buffer overruns, does `last` while
/// everything is lost, and lets `scopetop` go on.
pub fn overrun(pid: u32, namespace: &Namespace, last: impl FnOnce()) {
    signal(pid, Signal::STOP);
    wait::until("all of scopetop to stop", || procstat::is_stopped(pid).then_some(()));
    let load = namespace.command(companion("lab-load")).args(["flat", "--count", CONNECTIONS]).output();
    let load = load.unwrap_or_else(|error| panic!("lab-load: {error}"));
    assert!(load.status.success(), "{load:?}");
    last();
    signal(pid, Signal::CONT);
}
