//! From the kernel's records of Unix sockets to rows.

#![allow(unsafe_code, reason = "a record is bytes that the eBPF program wrote in the record's own layout")]

use scopetop_tracker_ebpf::{
    FLAG_MUTUAL, FLAG_PEER_DEAD, FLAG_PEER_NAME, UNIX_NAME_LENGTH, UNIX_RECORD, UnixRecord, state,
};

use super::clock::Clock;
use crate::connection::{Actor, UnixKind, UnixName, UnixPeer, UnixRow};
use crate::identity::{NetnsId, ProcessId};

/// The size of a record on the wire.
pub(crate) const UNIX_RECORD_BYTES: usize = size_of::<UnixRecord>();

/// Whether these are the first bytes of such a record, not of another.
pub(crate) fn begins_unix_record(bytes: &[u8]) -> bool {
    bytes.first_chunk().is_some_and(|at| u64::from_ne_bytes(*at) & UNIX_RECORD != 0)
}

/// The record in these bytes; `None` where they are too few or another's.
pub(crate) fn unix_record(bytes: &[u8]) -> Option<UnixRecord> {
    let bytes: &[u8; UNIX_RECORD_BYTES] = bytes.first_chunk().filter(|_| begins_unix_record(bytes))?;
    // SAFETY: the bytes are as many as the record has; all its fields are integers and arrays of them, so any bytes
    // are a record; the read does not ask for alignment.
    Some(unsafe { bytes.as_ptr().cast::<UnixRecord>().read_unaligned() })
}

/// What a record tells; `None` where its socket is of no known kind.
pub(crate) fn unix_row(record: &UnixRecord, clock: Clock) -> Option<UnixRow> {
    let length = (record.name_length as usize).min(UNIX_NAME_LENGTH);
    let told = UnixName::from_bytes(&record.name[..length]);
    let is_peers = record.flags & FLAG_PEER_NAME != 0;
    let (name, peer_name) = match (is_peers, record.peer_name_id) {
        (true, _) => (UnixName::Unnamed, Some(told)),
        (false, 0) => (told, Some(UnixName::Unnamed)),
        (false, _) => (told, None),
    };
    Some(UnixRow {
        at: clock.boot_to_unix(record.at & !UNIX_RECORD),
        kernel_socket: record.socket,
        inode: record.inode,
        netns: NetnsId(record.netns),
        kind: match record.socket_type {
            1 => UnixKind::Stream,
            2 => UnixKind::Datagram,
            5 => UnixKind::SeqPacket,
            _ => return None,
        },
        listens: record.state == state::LISTEN,
        name,
        name_id: record.name_id,
        peer: (record.peer != 0).then_some(UnixPeer {
            kernel_socket: record.peer,
            name: peer_name,
            name_id: record.peer_name_id,
            is_mutual: record.flags & FLAG_MUTUAL != 0,
            is_closed: record.flags & FLAG_PEER_DEAD != 0,
        }),
        // Pid 0 is the idle task: nobody's.
        actor: (record.pid != 0).then(|| Actor {
            id: ProcessId::from_boot_nanoseconds(record.pid, record.process_started),
            comm: record.comm,
            uid: record.uid,
            cgroup: record.cgroup,
        }),
    })
}
