//! The kernel's TCP sockets by netlink: the states and counters of all, one namespace after the other.

use std::path::Path;
use std::thread;

use rustix::io::Errno;
use rustix::net::netlink::SOCK_DIAG;

use super::diag_message::{DiagError, DiagSocket, question, socket_of};
use super::namespaces::{Namespaces, enter};
use super::{Found, FoundSocket, ScanError, is_whole, stable_identity, with_owners};
use crate::connection::State;
use crate::identity::NetnsId;
use crate::kernel::address::{IPV4, IPV6};
use crate::kernel::clock::Clock;
use crate::kernel::netlink::{NetlinkSocket, Patience};
use crate::text::Text;

/// More messages than a host has room for sockets.
const MESSAGES: usize = 16_000_000;

/// Scans all network namespaces that have a process or a name in `netns_directory`
/// ([`NETNS_DIRECTORY`](super::NETNS_DIRECTORY)).
///
/// Without the right to enter other namespaces (`CAP_SYS_ADMIN`) it sees its own, and says so. A namespace whose
/// answer broke off makes the scan incomplete.
///
/// # Errors
/// The kernel does not answer in the own namespace, or `/proc` cannot be read.
pub fn scan(clock: Clock, netns_directory: &Path) -> Result<Found, ScanError> {
    let began_at = clock.now();
    let namespaces = Namespaces::list(netns_directory).map_err(ScanError::Proc)?;
    let mut collected = Collected::default();
    collected.dump(namespaces.own)?;
    collected.reasons.extend(namespaces.reason());
    let collected = collect_others(collected, &namespaces)?;
    with_owners(clock, began_at, collected.sockets, !collected.broken, collected.reasons)
}

#[derive(Debug, Default)]
struct Collected {
    sockets: Vec<FoundSocket>,
    reasons: Vec<Text>,
    broken: bool,
    buffer: Vec<u8>,
}

/// Goes through the other namespaces on a thread of its own, which ends in the last one: no other thread, and
/// nothing that this one does later, is ever in a wrong namespace.
fn collect_others(mut collected: Collected, namespaces: &Namespaces) -> Result<Collected, ScanError> {
    let mut others: Vec<_> = namespaces.all.iter().filter(|&(&id, _)| id != namespaces.own).collect();
    if others.is_empty() {
        return Ok(collected);
    }
    others.sort_by_key(|&(&id, _)| id);
    thread::scope(|scope| {
        let work = move || {
            for (position, &(&id, entrances)) in others.iter().enumerate() {
                match enter(id, entrances) {
                    Ok(true) => {
                        if let Err(error) = collected.dump(id) {
                            collected.fail(id, &error);
                        }
                    }
                    Ok(false) if namespaces.is_gone(id) => {}
                    Ok(false) => collected.fail(id, &"its processes changed meanwhile"),
                    Err(Errno::PERM) => {
                        let left = others.len() - position;
                        let reason =
                            format!("{left} other namespaces are not shown: entering needs CAP_SYS_ADMIN");
                        collected.reasons.push(Text::from(reason.as_str()));
                        break;
                    }
                    Err(error) => collected.fail(id, &error),
                }
            }
            collected
        };
        thread::Builder::new()
            .name(String::from("scan"))
            .spawn_scoped(scope, work)
            .map_err(|error| ScanError::Thread(error.to_string()))?
            .join()
            .map_err(|_| ScanError::Thread(String::from("it panicked")))
    })
}

impl Collected {
    /// Asks for all sockets of the namespace that this thread is in.
    fn dump(&mut self, netns: NetnsId) -> Result<(), DiagError> {
        let socket = NetlinkSocket::open(Some(SOCK_DIAG), Patience::LONG)?;
        for (sequence, family) in [(1, IPV4), (2, IPV6)] {
            let Self { sockets, buffer, .. } = self;
            let question = question(family, sequence);
            let is_whole_list = socket.list(&question, sequence, MESSAGES, buffer, |kind, body| {
                let found = socket_of(kind, body)?;
                let found = found.filter(|found| is_whole(found.state, u64::from(found.inode)));
                sockets.extend(found.map(|found| in_namespace(found, netns)));
                Ok(())
            })?;
            if !is_whole_list {
                self.fail(netns, &"the kernel's list changed while it was read");
            }
        }
        Ok(())
    }

    fn fail(&mut self, netns: NetnsId, error: &dyn std::fmt::Display) {
        self.broken = true;
        let reason = format!("network namespace {netns} not seen whole: {error}");
        self.reasons.push(Text::from(reason.as_str()));
    }
}

fn in_namespace(found: DiagSocket, netns: NetnsId) -> FoundSocket {
    FoundSocket {
        netns,
        // Not the inode number: a socket has none before it is accepted and none once it is closed, and would
        // be three sockets in its life. The cookie stays. On kernels before 5.10 each namespace counts its own.
        kernel_socket: stable_identity((netns, found.cookie)),
        inode: u64::from(found.inode),
        local: found.local,
        remote: (found.state != State::Listen).then_some(found.remote),
        state: found.state,
        counters: found.counters,
    }
}
