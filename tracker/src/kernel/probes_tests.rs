//! The hooks on the kernel at hand.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use scopetop_tracker_ebpf::{FLAG_OWNER, SocketRecord, state};

use super::*;
use crate::kernel::convert::record;

/// Whether the test can run; says so loudly where it cannot, and fails where it must.
fn may_run(name: &str) -> bool {
    let may = rustix::process::geteuid().is_root();
    if !may {
        // Not `eprintln`, which the test runner captures.
        let _ = writeln!(io::stderr(), "SKIPPED {name}: needs root");
        assert!(std::env::var_os("SCOPETOP_REQUIRE_ROOT").is_none(), "{name} was skipped");
    }
    may
}

/// Everything of a record that two hooks at one transition must agree in: all but the time.
fn content(record: &SocketRecord) -> String {
    format!("{:?}", SocketRecord { at: 0, ..*record })
}

#[test]
fn both_ways_to_read_the_kernel_read_the_same() {
    if !may_run("both_ways_to_read_the_kernel_read_the_same") {
        return;
    }
    let (ebpf, btf) = load(&CgroupHierarchy::find()).unwrap();
    let mut ebpf = ebpf.unwrap();
    let mut programs: Programs<'_> = ebpf.programs_mut().collect();
    attach_typed(&mut programs, &btf, "state_typed", "inet_sock_set_state").unwrap();
    attach_raw(&mut programs, "state_raw", "inet_sock_set_state").unwrap();
    let mut ring = RingBuf::try_from(ebpf.take_map("RECORDS").unwrap()).unwrap();

    let listener = TcpListener::bind("[::]:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut ends = Vec::new();
    for address in ["127.0.0.1", "::1"] {
        let mut client = TcpStream::connect((address, port)).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        client.write_all(&[7; 64]).unwrap();
        let mut bytes = [0; 64];
        server.read_exact(&mut bytes).unwrap();
        ends.push((client, server));
    }
    drop(ends);
    drop(listener);
    // A port that nobody listens on any more.
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());

    // What each transition of ours was told as, by whichever hook.
    let mut told: BTreeMap<(u64, u8, u8), Vec<SocketRecord>> = BTreeMap::new();
    let deadline = Instant::now() + Duration::from_secs(30);
    // Of two connections, both ends closed; and the connect that failed.
    let is_over = |told: &BTreeMap<(u64, u8, u8), Vec<SocketRecord>>| {
        let whole = |key: &(u64, u8, u8), records: &Vec<SocketRecord>| {
            key.2 == state::CLOSE && records.len().is_multiple_of(2)
        };
        told.iter()
            .filter(|(key, records)| whole(key, records))
            .map(|(_, records)| records.len())
            .sum::<usize>()
            >= 12
    };
    while !is_over(&told) {
        assert!(Instant::now() < deadline, "{told:#?}");
        while let Some(item) = ring.next() {
            let record = record(&item).unwrap();
            if record.local_port == port || record.remote_port == port {
                told.entry((record.socket, record.old_state, record.state)).or_default().push(record);
            }
        }
        std::thread::yield_now();
    }
    for (transition, records) in &told {
        for pair in records.chunks(2) {
            assert_eq!(pair.len(), 2, "{transition:?} was told by one hook only: {pair:#?}");
            assert_eq!(content(&pair[0]), content(&pair[1]), "{transition:?}");
        }
    }
    let own = std::process::id();
    let connects: Vec<_> =
        told.iter().filter(|(key, _)| key.2 == state::SYN_SENT).flat_map(|(_, records)| records).collect();
    assert_eq!(connects.len(), 6);
    assert!(connects.iter().all(|record| record.pid == own && record.flags & FLAG_OWNER != 0));
    let sent: Vec<_> = told
        .iter()
        .filter(|(key, _)| key.2 == state::CLOSE && key.1 != state::LISTEN)
        .flat_map(|(_, records)| records)
        .filter(|record| record.remote_port == port && record.error == 0)
        .map(|record| (record.bytes_sent, record.bytes_received))
        .collect();
    assert_eq!(sent, [(64, 0); 4]);
}

#[test]
fn the_verifiers_last_words_are_not_its_statistics() {
    let log = "9: (79) r1 = *(u64 *)(r2 +8)\nR2 invalid mem access 'scalar'\nverification time 56 usec\n\
        stack depth 200+0\nprocessed 10 insns (limit 1000000) max_states_per_insn 0\n\n";
    assert_eq!(last_words(log), Some("R2 invalid mem access 'scalar'"));
    assert_eq!(last_words("processed 10 insns\n"), None);
}
