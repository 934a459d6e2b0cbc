//! The scans that need no eBPF, against real sockets in namespaces of their own.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod support;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use scopetop_tracker::connection::{Counters, ScanRow, State};
use scopetop_tracker::identity::NetnsId;
use scopetop_tracker::kernel::clock::Clock;
use scopetop_tracker::kernel::scan::{Found, ScanError, procfs, sock_diag};
use scopetop_tracker::namespace::NamespaceNames;
use support::{Inhabitant, NamedHere, in_new_namespace, may_make_namespaces, own_netns};

type Way = fn(Clock, &Path) -> Result<Found, ScanError>;

const WAYS: [(&str, Way); 2] = [("sock_diag", sock_diag::scan), ("procfs", procfs::scan)];

/// A connection through loopback: the listener, the end that connected, the end that was accepted.
struct Pair {
    listener: TcpListener,
    client: TcpStream,
    server: TcpStream,
}

impl Pair {
    /// Listens at `listen` and connects to that port at `host`.
    fn connect(listen: &str, host: &str) -> Self {
        let listener = TcpListener::bind(listen).unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = TcpStream::connect(format!("{host}:{port}")).unwrap();
        let (server, _) = listener.accept().unwrap();
        Self { listener, client, server }
    }

    fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }
}

fn scan(way: Way, names: &Path) -> Found {
    way(Clock::start(), names).unwrap()
}

fn nowhere() -> &'static Path {
    Path::new("/nonexistent")
}

/// The rows of a namespace that this process has.
fn mine(found: &Found, netns: NetnsId) -> Vec<&ScanRow> {
    let is_mine = |row: &&ScanRow| row.actor.is_some_and(|actor| actor.id.pid == std::process::id());
    found.scan.rows.iter().filter(|row| row.netns == netns).filter(is_mine).collect()
}

fn ends<'rows>(rows: &[&'rows ScanRow], local: SocketAddr, remote: SocketAddr) -> &'rows ScanRow {
    let fitting: Vec<_> = rows
        .iter()
        .filter(|row| (&row.local, &row.remote) == (&local.into(), &Some(remote.into())))
        .collect();
    assert_eq!(fitting.len(), 1, "{local} to {remote} in {rows:#?}");
    fitting[0]
}

#[test]
fn both_ways_find_listener_and_both_ends_in_another_namespace() {
    if !may_make_namespaces("both_ways_find_listener_and_both_ends_in_another_namespace") {
        return;
    }
    for (name, way) in WAYS {
        for (listen, host, shown) in [
            ("127.0.0.1:0", "127.0.0.1", "127.0.0.1"),
            ("[::1]:0", "[::1]", "[::1]"),
            // One that listens for both: its IPv4 connections are IPv4.
            ("[::]:0", "127.0.0.1", "127.0.0.1"),
        ] {
            let (netns, pair, _inhabitant) =
                in_new_namespace(|netns| (netns, Pair::connect(listen, host), Inhabitant::start()));
            // This thread is outside.
            assert_ne!(own_netns(), netns);
            let found = scan(way, nowhere());
            let rows = mine(&found, netns);
            assert_eq!(rows.len(), 3, "{name} {listen}: {rows:#?}");
            let listener = rows.iter().find(|row| row.state == State::Listen).unwrap();
            let listening = pair.listener.local_addr().unwrap();
            assert_eq!((&listener.local, &listener.remote), (&listening.into(), &None));
            let server: SocketAddr = format!("{shown}:{}", pair.port()).parse().unwrap();
            let client = pair.client.local_addr().unwrap();
            for row in [ends(&rows, client, server), ends(&rows, server, client)] {
                assert_eq!(row.state, State::Established);
                assert_eq!(row.at, found.scan.began_at);
                assert_eq!(row.counters.is_some(), name == "sock_diag");
                assert!(row.actor.unwrap().id.started > 0);
            }
            let missed = found.reasons.iter().any(|reason| reason.contains(&netns.to_string()));
            assert!(!missed, "{name}: {:?}", found.reasons);
            assert!(found.scan.complete || !found.reasons.is_empty());
            assert!(found.scan.began_at <= found.scan.ended_at);
            let identities: BTreeSet<_> = rows.iter().map(|row| row.kernel_socket).collect();
            assert_eq!(identities.len(), 3, "{name}: each socket is itself");
        }
    }
}

#[test]
fn a_scan_goes_through_to_its_end() {
    for (name, way) in WAYS {
        // One during which a process of another namespace gave way to a new one is rightly not complete: on a busy
        // host that happens now and then, not every time.
        assert!((0..50).any(|_| scan(way, nowhere()).scan.complete), "{name}");
    }
}

#[test]
fn sock_diag_counts_the_bytes_of_each_way() {
    if !may_make_namespaces("sock_diag_counts_the_bytes_of_each_way") {
        return;
    }
    let (netns, mut pair, _inhabitant) =
        in_new_namespace(|netns| (netns, Pair::connect("127.0.0.1:0", "127.0.0.1"), Inhabitant::start()));
    pair.client.write_all(&[1; 700]).unwrap();
    pair.server.read_exact(&mut [0; 700]).unwrap();
    pair.server.write_all(&[1; 30]).unwrap();
    pair.client.read_exact(&mut [0; 30]).unwrap();
    pair.client.shutdown(Shutdown::Write).unwrap();
    // The FIN has arrived when the server reads the end.
    assert_eq!(pair.server.read(&mut [0]).unwrap(), 0);

    let found = scan(sock_diag::scan, nowhere());
    let rows = mine(&found, netns);
    let (client, server) = (pair.client.local_addr().unwrap(), pair.server.local_addr().unwrap());
    let bytes = |counters: Counters| (counters.bytes_sent, counters.bytes_received);
    let at_client = ends(&rows, client, server);
    let at_server = ends(&rows, server, client);
    assert_eq!(bytes(at_client.counters.unwrap()), (700, 30));
    assert_eq!(bytes(at_server.counters.unwrap()), (30, 700), "the FIN is no byte");
    assert!(matches!(at_client.state, State::FinWait1 | State::FinWait2), "{:?}", at_client.state);
    assert_eq!(at_server.state, State::CloseWait);
    assert!(at_client.counters.unwrap().rtt_us.is_some_and(|rtt| rtt < 1_000_000));
}

#[test]
fn a_socket_is_itself_before_and_after_it_is_accepted_and_when_its_process_has_closed_it() {
    let test = "a_socket_is_itself_before_and_after_it_is_accepted_and_when_its_process_has_closed_it";
    if !may_make_namespaces(test) {
        return;
    }
    let (netns, listener, client, _inhabitant) = in_new_namespace(|netns| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (netns, listener, client, Inhabitant::start())
    });
    let server_end = || {
        let found = scan(sock_diag::scan, nowhere());
        let rows: Vec<_> = found.scan.rows.iter().filter(|row| row.netns == netns).collect();
        let row = ends(&rows, listener.local_addr().unwrap(), client.local_addr().unwrap());
        (row.kernel_socket, row.actor.map(|actor| actor.id.pid))
    };
    let (waiting, nobody) = server_end();
    assert_eq!(nobody, None, "nobody has accepted it");
    let (server, _) = listener.accept().unwrap();
    assert_eq!(server_end(), (waiting, Some(std::process::id())));
    drop(server);
    assert_eq!(server_end(), (waiting, None), "it waits for the client's FIN");
}

#[test]
fn a_namespace_with_a_name_and_no_process_is_seen_by_sock_diag_and_counted_by_procfs() {
    let test = "a_namespace_with_a_name_and_no_process_is_seen_by_sock_diag_and_counted_by_procfs";
    if !may_make_namespaces(test) {
        return;
    }
    let (netns, pair, named) =
        in_new_namespace(|netns| (netns, Pair::connect("127.0.0.1:0", "127.0.0.1"), NamedHere::new("blue")));
    let found = scan(sock_diag::scan, named.directory());
    assert_eq!(mine(&found, netns).len(), 3);
    assert!(mine(&scan(sock_diag::scan, nowhere()), netns).is_empty(), "only its name led there");
    let found = scan(procfs::scan, named.directory());
    assert!(mine(&found, netns).is_empty());
    let told = found.reasons.iter().any(|reason| reason.contains("no process is in them"));
    assert!(told, "{:?}", found.reasons);
    drop(pair);

    let mut table = NamespaceNames::new(named.directory());
    let now = Instant::now();
    assert_eq!(table.names(netns, now), ["blue".into()]);
    assert_eq!(table.names(NetnsId(host_netns()), now), ["host".into()]);
    drop(named);
    table.refresh(now + Duration::from_secs(10));
    let changed = table.take_changed();
    assert_eq!(changed.len(), 1);
    assert_eq!((changed[0].id, changed[0].names.len()), (netns, 0));
}

fn host_netns() -> u32 {
    use std::os::unix::fs::MetadataExt;
    // Even root may not look at the first process everywhere; the host is one's own namespace then.
    let file = std::fs::metadata("/proc/1/ns/net").or_else(|_| std::fs::metadata("/proc/self/ns/net"));
    u32::try_from(file.unwrap().ino()).unwrap()
}

#[test]
fn equal_addresses_in_two_namespaces_are_two_listeners() {
    if !may_make_namespaces("equal_addresses_in_two_namespaces_are_two_listeners") {
        return;
    }
    let listen =
        || in_new_namespace(|netns| (netns, TcpListener::bind("127.0.0.1:80").unwrap(), Inhabitant::start()));
    let (one, other) = (listen(), listen());
    for (name, way) in WAYS {
        let found = scan(way, nowhere());
        let (one, other) = (mine(&found, one.0), mine(&found, other.0));
        assert_eq!((one.len(), other.len()), (1, 1), "{name}");
        assert_eq!(one[0].local, other[0].local);
        assert_ne!(one[0].kernel_socket, other[0].kernel_socket, "{name}");
    }
}

#[test]
fn a_socket_that_a_child_inherited_has_two_owners() {
    // No namespace is needed: everybody sees their own.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    rustix::io::fcntl_setfd(&listener, rustix::io::FdFlags::empty()).unwrap();
    let child = Inhabitant::start();
    rustix::io::fcntl_setfd(&listener, rustix::io::FdFlags::CLOEXEC).unwrap();
    let expected = BTreeSet::from([std::process::id(), child.pid()]);
    for (name, way) in WAYS {
        let found = scan(way, nowhere());
        let rows = found.scan.rows.iter().filter(|row| row.local.inet() == listener.local_addr().ok());
        let owners: BTreeSet<_> = rows.filter_map(|row| row.actor).map(|actor| actor.id.pid).collect();
        // Another test's child, started at that moment, may have inherited it as well.
        assert!(owners.is_superset(&expected), "{name}: {owners:?}");
    }
}
