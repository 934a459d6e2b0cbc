//! Connections that wait in a listener's queue.
//!
//! No process holds them yet, so a scan of what processes hold has only their clients' ends. Where such an end is in the
//! same network namespace as a listener at the very address that it is connected to, the other end can be nowhere
//! else: either it waits to be accepted, or it was and is just passed on.

use std::hash::{Hash, Hasher};
use std::net::{IpAddr, SocketAddr};

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::{Address, Protocol, Scan, ScanRow, SequencePair, State};
use crate::identity::NetnsId;

/// The ends, inside the same namespaces, that a complete scan did not show of connections that it did show, and for which
/// there is a listener: under names of their own, held by nobody. Nothing where the scan has names of its own, for
/// those see what waits.
pub(crate) fn queued(scan: &Scan) -> Option<Scan> {
    if !scan.complete || scan.rows.iter().any(ScanRow::has_own_name) {
        return None;
    }
    let tcp = || scan.rows.iter().filter(|row| row.protocol == Protocol::Tcp);
    let mut listeners: FxHashMap<(NetnsId, u16), Vec<IpAddr>> = FxHashMap::default();
    for row in tcp().filter(|row| row.state == State::Listen) {
        if let Some(local) = row.local.inet() {
            listeners.entry((row.netns, local.port())).or_default().push(local.ip());
        }
    }
    let listens = |netns, at: SocketAddr, is_here: bool| {
        let here = listeners.get(&(netns, at.port()));
        here.is_some_and(|here| here.iter().any(|&own| own == at.ip() || (is_here && takes(own, at.ip()))))
    };
    let mut alone: FxHashMap<(NetnsId, SocketAddr, SocketAddr), &ScanRow> = FxHashMap::default();
    for row in tcp().filter(|row| row.state == State::Established) {
        let (Some(local), Some(remote)) = (row.local.inet(), row.remote.as_ref().and_then(Address::inet))
        else {
            continue;
        };
        // Who connects to an address of its own host does so from that address, unless it chose another.
        let is_here = remote.ip().is_loopback() || remote.ip() == local.ip();
        // Where both ends' addresses are listened at, nothing tells which of them this is.
        if local != remote && listens(row.netns, remote, is_here) && !listens(row.netns, local, true) {
            alone.insert((row.netns, remote, local), row);
        }
    }
    for row in tcp() {
        if let (Some(local), Some(remote)) = (row.local.inet(), row.remote.as_ref().and_then(Address::inet)) {
            alone.remove(&(row.netns, local, remote));
        }
    }
    // The same in every order of the rows.
    let mut seen = FxHashSet::default();
    let mut rows: Vec<ScanRow> = alone.into_iter().map(|(key, row)| other_end(key, row)).collect();
    rows.retain(|row| seen.insert(row.kernel_socket));
    rows.sort_by_key(|row| row.kernel_socket);
    (!rows.is_empty()).then_some(Scan {
        began_at: scan.began_at,
        ended_at: scan.ended_at,
        complete: true,
        rows,
        unix: Vec::new(),
    })
}

/// Whether a listener at `own` takes connections to any of this host's addresses, of that family at least.
fn takes(own: IpAddr, address: IpAddr) -> bool {
    own.is_unspecified() && (own.is_ipv6() || address.is_ipv4())
}

fn other_end(key: (NetnsId, SocketAddr, SocketAddr), client: &ScanRow) -> ScanRow {
    let (netns, local, remote) = key;
    let mut hasher = FxHasher::default();
    key.hash(&mut hasher);
    ScanRow {
        // Never a kernel address: those have the highest bit set.
        kernel_socket: hasher.finish() & (u64::MAX >> 1),
        netns,
        local: local.into(),
        remote: Some(remote.into()),
        actor: None,
        counters: None,
        sequence: client
            .sequence
            .map(|client| SequencePair { sent: client.received, received: client.sent.wrapping_add(1) }),
        ..client.clone()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use super::*;
    use crate::identity::Timestamp;

    fn row(number: u64, netns: u32, local: &str, remote: &str) -> ScanRow {
        ScanRow {
            at: Timestamp(5),
            kernel_socket: 1 << 63 | number,
            netns: NetnsId(netns),
            protocol: Protocol::Tcp,
            local: local.parse::<SocketAddr>().unwrap().into(),
            remote: (!remote.is_empty()).then(|| remote.parse::<SocketAddr>().unwrap().into()),
            state: if remote.is_empty() { State::Listen } else { State::Established },
            actor: None,
            counters: None,
            sequence: Some(SequencePair { sent: u32::MAX, received: 7 }),
        }
    }

    /// The other ends that are told of these sockets, `local>remote`, a listener without a remote address.
    fn found(rows: &[(u32, &str, &str)]) -> Vec<String> {
        let rows = (1..).zip(rows).map(|(number, &(netns, local, remote))| row(number, netns, local, remote));
        let scan = Scan {
            began_at: Timestamp(1),
            ended_at: Timestamp(9),
            complete: true,
            rows: rows.collect(),
            unix: Vec::new(),
        };
        let mut told: Vec<String> = queued(&scan)
            .into_iter()
            .flat_map(|scan| scan.rows)
            .map(|row| format!("{} {}>{}", row.netns, row.local, row.remote.unwrap()))
            .collect();
        told.sort();
        told
    }

    #[test]
    fn what_a_listener_of_the_namespace_must_have_is_told() {
        let client = (1, "127.0.0.1:4000", "127.0.0.1:80");
        assert_eq!(found(&[client, (1, "127.0.0.1:80", "")]), ["1 127.0.0.1:80>127.0.0.1:4000"]);
        assert_eq!(found(&[client, (1, "0.0.0.0:80", "")]), ["1 127.0.0.1:80>127.0.0.1:4000"]);
        assert_eq!(found(&[client, (1, "[::]:80", "")]), ["1 127.0.0.1:80>127.0.0.1:4000"]);
        // An address of its own, from that address; or one at which somebody here listens.
        let own = (1, "10.0.0.1:4000", "10.0.0.1:80");
        assert_eq!(found(&[own, (1, "0.0.0.0:80", "")]), ["1 10.0.0.1:80>10.0.0.1:4000"]);
        let chosen = (1, "10.0.0.2:4000", "10.0.0.1:80");
        assert_eq!(found(&[chosen, (1, "10.0.0.1:80", "")]), ["1 10.0.0.1:80>10.0.0.2:4000"]);
    }

    #[test]
    fn what_may_be_elsewhere_is_not() {
        let client = (1, "127.0.0.1:4000", "127.0.0.1:80");
        for others in [
            vec![],
            vec![(2, "127.0.0.1:80", "")],
            vec![(1, "127.0.0.1:81", "")],
            vec![(1, "127.0.0.2:80", "")],
            // Its other end is there.
            vec![(1, "127.0.0.1:80", ""), (1, "127.0.0.1:80", "127.0.0.1:4000")],
            // It may be the one that was accepted.
            vec![(1, "127.0.0.1:80", ""), (1, "127.0.0.1:4000", "")],
        ] {
            assert_eq!(found(&[&[client], &others[..]].concat()), [] as [&str; 0], "{others:?}");
        }
        // Another host's address, though somebody listens at that port here; IPv6 is not for a listener of IPv4.
        assert_eq!(found(&[(1, "10.0.0.2:4000", "10.0.0.1:80"), (1, "0.0.0.0:80", "")]), [] as [&str; 0]);
        assert_eq!(found(&[(1, "[::1]:4000", "[::1]:80"), (1, "0.0.0.0:80", "")]), [] as [&str; 0]);
        assert_eq!(found(&[(1, "127.0.0.1:80", "127.0.0.1:80"), (1, "127.0.0.1:80", "")]), [] as [&str; 0]);
    }

    #[test]
    fn the_two_ends_know_each_other() {
        let client = row(1, 1, "127.0.0.1:4000", "127.0.0.1:80");
        let rows = vec![client.clone(), row(2, 1, "127.0.0.1:80", "")];
        let mut scan =
            Scan { began_at: Timestamp(1), ended_at: Timestamp(9), complete: true, rows, unix: Vec::new() };
        let server = queued(&scan).unwrap().rows.remove(0);
        assert!(client.sequence.unwrap().is_active_end_of(server.sequence.unwrap()));
        assert!(server.has_own_name());
        assert_eq!(queued(&scan).unwrap().rows[0].kernel_socket, server.kernel_socket);
        scan.complete = false;
        assert_eq!(queued(&scan), None);
    }
}
