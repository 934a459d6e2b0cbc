//! From the kernel's records to events and scan rows.

#![allow(unsafe_code, reason = "a record is bytes that the eBPF program wrote in the record's own layout")]

use scopetop_tracker_ebpf::{
    FLAG_BOUND, FLAG_COUNTERS, FLAG_OWNER, FLAG_RECEIVED, FLAG_SEQUENCE, RecordKind, SocketRecord, UDP, state,
};

use super::address::socket_address;
use super::clock::Clock;
use super::unix_record;
use crate::connection::flow::{FlowEvent, UdpRow, UdpSocket, Way};
use crate::connection::{
    Actor, Counters, Protocol, ScanRow, SequencePair, SocketEvent, SocketEventKind, State, UnixRow,
};
use crate::identity::{NetnsId, ProcessId, Timestamp};

/// The size of a record on the wire.
pub(crate) const RECORD_BYTES: usize = size_of::<SocketRecord>();

/// The record in these bytes; `None` where they are too few.
pub(crate) fn record(bytes: &[u8]) -> Option<SocketRecord> {
    let bytes: &[u8; RECORD_BYTES] = bytes.first_chunk()?;
    // SAFETY: the bytes are as many as the record has; all its fields are integers and arrays of them, so any bytes
    // are a record; the read does not ask for alignment.
    Some(unsafe { bytes.as_ptr().cast::<SocketRecord>().read_unaligned() })
}

/// What a record from the ring buffer tells.
pub(crate) enum News {
    /// Of a TCP socket.
    Socket(SocketEvent),
    /// A Unix socket in use.
    Unix(UnixRow),
    /// A UDP flow's first datagram.
    Flow(FlowEvent),
    /// The UDP socket with this cookie was closed at this time.
    Gone(u64, Timestamp),
}

/// What the bytes of a record tell; `None` where they tell nothing.
pub(crate) fn news(bytes: &[u8], clock: Clock) -> Option<News> {
    if unix_record::begins_unix_record(bytes) {
        return Some(News::Unix(unix_record::unix_row(&unix_record::unix_record(bytes)?, clock)?));
    }
    let record = &record(bytes)?;
    if record.kind == RecordKind::Gone as u8 {
        return Some(News::Gone(record.socket, clock.boot_to_unix(record.at)));
    }
    if record.kind == RecordKind::Flow as u8 {
        let way = if record.flags & FLAG_RECEIVED == 0 { Way::Sent } else { Way::Received };
        let remote = socket_address(record.family, &record.remote_address, record.remote_port)?;
        let mut socket = udp_socket(record)?;
        // What the datagram's other end is may be another than what a socket is connected to; who is connected names
        // nobody else as a rule.
        socket.connected = socket.connected.map(|_| remote);
        let at = clock.boot_to_unix(record.at);
        return Some(News::Flow(FlowEvent { at, socket, remote, way, actor: actor(record) }));
    }
    event(record, clock).map(News::Socket)
}

/// The UDP socket of a record.
fn udp_socket(record: &SocketRecord) -> Option<UdpSocket> {
    let remote = socket_address(record.family, &record.remote_address, record.remote_port)?;
    Some(UdpSocket {
        cookie: record.socket,
        netns: NetnsId(record.netns),
        local: socket_address(record.family, &record.local_address, record.local_port)?,
        connected: (record.state == state::ESTABLISHED).then_some(remote),
        is_bound: record.flags & FLAG_BOUND != 0,
    })
}

/// The row of a UDP socket that a record is; `None` where it is none.
pub(crate) fn udp_row(record: &SocketRecord, clock: Clock) -> Option<UdpRow> {
    if record.protocol != UDP {
        return None;
    }
    let at = clock.boot_to_unix(record.at);
    Some(UdpRow { at, socket: udp_socket(record)?, actor: actor(record) })
}

/// The event that a record tells; `None` where it tells none.
fn event(record: &SocketRecord, clock: Clock) -> Option<SocketEvent> {
    Some(SocketEvent {
        at: clock.boot_to_unix(record.at),
        kernel_socket: record.socket,
        netns: NetnsId(record.netns),
        protocol: Protocol::Tcp,
        local: socket_address(record.family, &record.local_address, record.local_port)?.into(),
        remote: socket_address(record.family, &record.remote_address, record.remote_port)?.into(),
        kind: event_kind(record)?,
        actor: actor(record),
        counters: counters(record),
        sequence: sequence(record),
        error: (record.error != 0).then_some(record.error),
    })
}

/// The row of the scan that a record is; `None` where it is none.
pub(crate) fn scan_row(record: &SocketRecord, clock: Clock) -> Option<ScanRow> {
    let state = State::from_kernel(record.state)?;
    let remote = socket_address(record.family, &record.remote_address, record.remote_port)?;
    Some(ScanRow {
        at: clock.boot_to_unix(record.at),
        kernel_socket: record.socket,
        netns: NetnsId(record.netns),
        protocol: Protocol::Tcp,
        local: socket_address(record.family, &record.local_address, record.local_port)?.into(),
        remote: (state != State::Listen).then(|| remote.into()),
        state,
        actor: actor(record),
        counters: counters(record),
        sequence: sequence(record),
    })
}

fn event_kind(record: &SocketRecord) -> Option<SocketEventKind> {
    if record.kind == RecordKind::Owner as u8 {
        return Some(SocketEventKind::Owned);
    }
    Some(match (record.old_state, record.state) {
        (_, state::SYN_SENT) => SocketEventKind::Connecting,
        (_, state::LISTEN) => SocketEventKind::Listening,
        (state::SYN_SENT, state::ESTABLISHED) => SocketEventKind::Connected,
        (state::SYN_RECV, state::ESTABLISHED) => SocketEventKind::Arrived,
        (state::SYN_SENT, state::CLOSE) => SocketEventKind::Failed,
        (_, state::CLOSE) => SocketEventKind::Closed,
        (_, other) => SocketEventKind::Changed(State::from_kernel(other)?),
    })
}

fn actor(record: &SocketRecord) -> Option<Actor> {
    // Pid 0 is the idle task: nobody's.
    (record.flags & FLAG_OWNER != 0 && record.pid != 0).then(|| Actor {
        id: ProcessId::from_boot_nanoseconds(record.pid, record.process_started),
        comm: record.comm,
        uid: record.uid,
        cgroup: record.cgroup,
    })
}

/// Whether there is anything to count: a listener and a connect that did not get through (yet) have nothing.
fn is_connection(record: &SocketRecord) -> bool {
    let never = |state| matches!(state, state::LISTEN | state::SYN_SENT);
    let came_to_nothing = record.state == state::CLOSE && never(record.old_state);
    !(never(record.state) || came_to_nothing)
}

fn counters(record: &SocketRecord) -> Option<Counters> {
    (record.flags & FLAG_COUNTERS != 0 && is_connection(record)).then(|| Counters {
        bytes_sent: record.bytes_sent,
        bytes_received: record.bytes_received,
        rtt_us: (record.rtt_us != 0).then_some(record.rtt_us),
        retransmits: record.retransmits,
    })
}

fn sequence(record: &SocketRecord) -> Option<SequencePair> {
    (record.flags & FLAG_SEQUENCE != 0 && is_connection(record))
        .then_some(SequencePair { sent: record.sequence_sent, received: record.sequence_received })
}
