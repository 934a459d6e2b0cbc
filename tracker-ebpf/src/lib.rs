//! The records that cross from the kernel to user space.
//!
//! Both sides compile this file: the eBPF program writes these structs, the tracker reads them. Their sizes
//! are asserted, so that a change on one side alone does not build. All integers are in the host's byte
//! order unless a field says otherwise; there is no padding that is not named.
#![no_std]

/// The length of a kernel task's command name, terminator included (`TASK_COMM_LEN`).
pub const COMM_LENGTH: usize = 16;

/// The flag in [`SocketRecord::flags`]: the current process held the socket, so `process` is one of its users.
pub const FLAG_OWNER: u8 = 1;
/// The flag in [`SocketRecord::flags`]: the byte counts, the round-trip time and the retransmits were read.
pub const FLAG_COUNTERS: u8 = 2;
/// The flag in [`SocketRecord::flags`]: the peer's FIN has arrived (and is not part of `bytes_received`).
pub const FLAG_PEER_CLOSED: u8 = 4;
/// The flag in [`SocketRecord::flags`]: the sequence numbers were read.
pub const FLAG_SEQUENCE: u8 = 8;
/// The flag in [`SocketRecord::flags`] of a UDP socket: its port was bound explicitly, not chosen by the kernel.
pub const FLAG_BOUND: u8 = 16;
/// The flag in [`SocketRecord::flags`] of a [`RecordKind::Flow`]: its first datagram was received, not sent.
pub const FLAG_RECEIVED: u8 = 32;

/// What a [`SocketRecord`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RecordKind {
    /// The socket changed its state (`inet_sock_set_state`), from `old_state` to `state`.
    State = 1,
    /// A user of an accepted socket showed itself (accept, receive, send or close).
    Owner = 2,
    /// One row of the scan: an open file that is a socket, with the process that has it open; or, without a
    /// process, a connection that waits in a listener's queue.
    Row = 3,
    /// The first datagram between a UDP socket and a remote address, or the first since that flow's counters were
    /// given up.
    Flow = 4,
    /// A UDP socket was closed for good. Only `at`, `socket` and `kind` are filled in.
    Gone = 5,
}

/// One TCP or UDP socket at one moment, and the process that had it in hand.
///
/// Events and scan rows are the same record: what is read from a `struct sock` does not depend on why. Of a UDP socket
/// all addresses are IPv6 ones (IPv4 as `::ffff:a.b.c.d`), what only TCP has is 0, and the counters are in the map of
/// flows ([`FlowCounters`]).
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SocketRecord {
    /// When, in nanoseconds of `CLOCK_BOOTTIME`.
    pub at: u64,
    /// The address of the kernel's `struct sock`: the socket's identity while it lives. Of a UDP socket its cookie, which is
    /// never reused: nothing tells of such a socket's beginning.
    pub socket: u64,
    /// The start of the process, in nanoseconds of `CLOCK_BOOTTIME` (`task_struct.start_boottime`).
    pub process_started: u64,
    /// The id of the process's cgroup in the hierarchy that has its containers; 0 where unknown.
    pub cgroup: u64,
    /// Payload bytes sent, without retransmissions (`tcp_sock.bytes_sent - bytes_retrans`).
    pub bytes_sent: u64,
    /// Payload bytes received, without the peer's FIN (`tcp_sock.bytes_received`).
    pub bytes_received: u64,
    /// The local address; IPv4 in the first four bytes.
    pub local_address: [u8; 16],
    /// The remote address; IPv4 in the first four bytes.
    pub remote_address: [u8; 16],
    /// The command name of the process (of its first thread, as `ps` shows it).
    pub comm: [u8; COMM_LENGTH],
    /// The inode number of the socket's network namespace.
    pub netns: u32,
    /// The process (thread group) id, as the initial pid namespace has it.
    pub pid: u32,
    /// The real user id of the process, as the initial user namespace has it.
    pub uid: u32,
    /// The smoothed round-trip time in microseconds.
    pub rtt_us: u32,
    /// Segments retransmitted over the socket's life.
    pub retransmits: u32,
    /// `snd_una - bytes_acked`: constant over the socket's life; the active end's is its initial sequence
    /// number, the passive end's is its initial sequence number plus one.
    pub sequence_sent: u32,
    /// `rcv_nxt - bytes_received`: constant over the socket's life, the peer's initial sequence number plus one.
    pub sequence_received: u32,
    /// The pending socket error (`sk_err`), a positive errno; 0 for none.
    pub error: u32,
    /// The file descriptor, in a [`RecordKind::Row`].
    pub fd: u32,
    /// The local port.
    pub local_port: u16,
    /// The remote port.
    pub remote_port: u16,
    /// `AF_INET` or `AF_INET6`.
    pub family: u16,
    /// `IPPROTO_TCP` or `IPPROTO_UDP`.
    pub protocol: u16,
    /// A [`RecordKind`].
    pub kind: u8,
    /// The state before, in a [`RecordKind::State`].
    pub old_state: u8,
    /// The state: the kernel's `TCP_*` number.
    pub state: u8,
    /// `FLAG_*` bits.
    pub flags: u8,
    /// Keeps the size a multiple of eight.
    pub reserved: u32,
}

const _: () = assert!(size_of::<SocketRecord>() == 48 + 48 + 36 + 8 + 4 + 4 + 4);

/// `IPPROTO_UDP`.
pub const UDP: u16 = 17;

/// What identifies a flow: a UDP socket and the address at the other end. The key of the map `FLOWS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct FlowKey {
    /// The socket's cookie.
    pub socket: u64,
    /// The remote address; IPv4 as `::ffff:a.b.c.d`.
    pub remote_address: [u8; 16],
    /// The remote port.
    pub remote_port: u16,
    /// Always 0.
    pub reserved: [u16; 3],
}

/// What the kernel counted of a flow since its first datagram. The value of the map `FLOWS`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct FlowCounters {
    /// Payload bytes sent.
    pub bytes_sent: u64,
    /// Payload bytes received.
    pub bytes_received: u64,
    /// How often something was sent.
    pub sends: u64,
    /// How often something was received.
    pub receives: u64,
}

const _: () = assert!(size_of::<FlowKey>() == 32 && size_of::<FlowCounters>() == 32);

/// The longest name of a Unix socket (`sun_path`).
pub const UNIX_NAME_LENGTH: usize = 108;

/// The bit in [`UnixRecord::at`] that tells it from a [`SocketRecord`], whose time never has it.
pub const UNIX_RECORD: u64 = 1 << 63;

/// The flag in [`UnixRecord::flags`]: the peer's peer is this socket. Not so where the peer is closed, and where a
/// datagram socket sends to one that does not send back.
pub const FLAG_MUTUAL: u8 = 1;
/// The flag in [`UnixRecord::flags`]: the peer is closed.
pub const FLAG_PEER_DEAD: u8 = 2;
/// The flag in [`UnixRecord::flags`]: `name` is the peer's, for the socket has none.
pub const FLAG_PEER_NAME: u8 = 4;

/// One Unix socket at one moment, and the process that uses it or has it open.
///
/// A use and a row of the scan are the same record.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct UnixRecord {
    /// When, in nanoseconds of `CLOCK_BOOTTIME`, with the bit [`UNIX_RECORD`].
    pub at: u64,
    /// The address of the kernel's `struct sock`.
    pub socket: u64,
    /// That of its peer; 0 where it has none.
    pub peer: u64,
    /// The kernel's address of the socket's name; 0 where it has none. A listener and all sockets accepted from it share
    /// one.
    pub name_id: u64,
    /// That of its peer's name.
    pub peer_name_id: u64,
    /// The inode number of its file; 0 where it has none, as before it is accepted.
    pub inode: u64,
    /// As in [`SocketRecord`].
    pub process_started: u64,
    /// As in [`SocketRecord`].
    pub cgroup: u64,
    /// As in [`SocketRecord`].
    pub comm: [u8; COMM_LENGTH],
    /// `sun_path`, `name_length` bytes of it; see [`FLAG_PEER_NAME`]. The rest means nothing.
    pub name: [u8; 128],
    /// The inode number of the socket's network namespace.
    pub netns: u32,
    /// As in [`SocketRecord`].
    pub pid: u32,
    /// As in [`SocketRecord`].
    pub uid: u32,
    /// `SOCK_STREAM`, `SOCK_DGRAM` or `SOCK_SEQPACKET`.
    pub socket_type: u16,
    /// The state: the kernel's `TCP_*` number.
    pub state: u8,
    /// `FLAG_*` bits.
    pub flags: u8,
    /// The length of the name.
    pub name_length: u32,
    /// Keeps the size a multiple of eight.
    pub reserved: u32,
}

const _: () = assert!(size_of::<UnixRecord>() == 64 + 16 + 128 + 12 + 4 + 8);

/// The kernel's TCP states (`include/net/tcp_states.h`), stable since they are part of the user interface.
pub mod state {
    /// Data flows both ways.
    pub const ESTABLISHED: u8 = 1;
    /// A connect is under way.
    pub const SYN_SENT: u8 = 2;
    /// An accepted connection's handshake is under way.
    pub const SYN_RECV: u8 = 3;
    /// We closed first; our FIN is not yet acknowledged.
    pub const FIN_WAIT1: u8 = 4;
    /// We closed first; the peer may still send.
    pub const FIN_WAIT2: u8 = 5;
    /// Kept against late segments.
    pub const TIME_WAIT: u8 = 6;
    /// Gone, or not yet used.
    pub const CLOSE: u8 = 7;
    /// The peer closed; we have not.
    pub const CLOSE_WAIT: u8 = 8;
    /// The peer closed, then we; our FIN is not yet acknowledged.
    pub const LAST_ACK: u8 = 9;
    /// A listener.
    pub const LISTEN: u8 = 10;
    /// Both closed at once.
    pub const CLOSING: u8 = 11;
}

macro_rules! members {
    ($($(#[$doc:meta])* $name:ident = $base:literal $path:literal,)*) => {
        /// A member of a kernel struct whose place the eBPF program needs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(usize)]
        pub enum Member {
            $($(#[$doc])* #[doc = concat!("`", $base, ".", $path, "`")] $name,)*
        }

        impl Member {
            /// Every member.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Whether a kernel may be without it.
            pub const fn is_optional(self) -> bool {
                matches!(
                    self,
                    Self::MptcpFirst
                        | Self::UnixAddress
                        | Self::UnixPeer
                        | Self::UnixAddressLength
                        | Self::UnixAddressName
                        | Self::AcceptQueueHead
                        | Self::RequestNext
                        | Self::RequestSk
                )
            }

            /// The struct, and the path of members within it.
            pub const fn path(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$name => ($base, $path),)*
                }
            }
        }
    };
}

members! {
    SkDaddr = "sock" "__sk_common.skc_daddr",
    SkRcvSaddr = "sock" "__sk_common.skc_rcv_saddr",
    /// In network byte order.
    SkDport = "sock" "__sk_common.skc_dport",
    /// The local port in host byte order; 0 once closed.
    SkNum = "sock" "__sk_common.skc_num",
    SkFamily = "sock" "__sk_common.skc_family",
    SkState = "sock" "__sk_common.skc_state",
    SkNet = "sock" "__sk_common.skc_net",
    SkV6Daddr = "sock" "__sk_common.skc_v6_daddr",
    SkV6RcvSaddr = "sock" "__sk_common.skc_v6_rcv_saddr",
    SkFlags = "sock" "__sk_common.skc_flags",
    SkLockOwned = "sock" "sk_lock.owned",
    SkProtocol = "sock" "sk_protocol",
    SkType = "sock" "sk_type",
    /// 0 until somebody asked for it.
    SkCookie = "sock" "__sk_common.skc_cookie",
    /// The byte that holds it; it may be part of one ([`Setting::BoundPort`]).
    SkUserlocks = "sock" "sk_userlocks",
    SkErr = "sock" "sk_err",
    SkSocket = "sock" "sk_socket",
    SocketSk = "socket" "sk",
    SocketFile = "socket" "file",
    FileInode = "file" "f_inode",
    InodeIno = "inode" "i_ino",
    UnixAddress = "unix_sock" "addr",
    /// 0, which no kernel has it at, where Unix sockets are a module of their own.
    UnixPeer = "unix_sock" "peer",
    /// Of the family and the path together.
    UnixAddressLength = "unix_address" "len",
    UnixAddressName = "unix_address" "name",
    /// In network byte order; kept once closed.
    InetSport = "inet_sock" "inet_sport",
    /// The first connection that waits to be accepted, as its request. 0, which no kernel has it at, where it is elsewhere.
    AcceptQueueHead = "inet_connection_sock" "icsk_accept_queue.rskq_accept_head",
    /// The next request in that queue.
    RequestNext = "request_sock" "dl_next",
    /// The connection that came of a request.
    RequestSk = "request_sock" "sk",
    TcpBytesSent = "tcp_sock" "bytes_sent",
    TcpBytesRetrans = "tcp_sock" "bytes_retrans",
    TcpBytesAcked = "tcp_sock" "bytes_acked",
    TcpBytesReceived = "tcp_sock" "bytes_received",
    /// Eight times the microseconds.
    TcpSrttUs = "tcp_sock" "srtt_us",
    TcpTotalRetrans = "tcp_sock" "total_retrans",
    TcpSndUna = "tcp_sock" "snd_una",
    TcpRcvNxt = "tcp_sock" "rcv_nxt",
    /// The first subflow. 0, which no kernel has it at, where there is no MPTCP.
    MptcpFirst = "mptcp_sock" "first",
    NetInum = "net" "ns.inum",
    TaskGroupLeader = "task_struct" "group_leader",
    TaskStartBoottime = "task_struct" "start_boottime",
    TaskTgid = "task_struct" "tgid",
    TaskComm = "task_struct" "comm",
    TaskCred = "task_struct" "cred",
    TaskFlags = "task_struct" "flags",
    CredUid = "cred" "uid",
    TaskCgroups = "task_struct" "cgroups",
    CssSetDflCgrp = "css_set" "dfl_cgrp",
    CssSetSubsys = "css_set" "subsys",
    CssCgroup = "cgroup_subsys_state" "cgroup",
    CgroupKn = "cgroup" "kn",
    KnId = "kernfs_node" "id",
}

/// The number of [`Member`]s.
pub const MEMBER_COUNT: usize = Member::ALL.len();

/// Where members sit in this kernel's structs, in bytes from the struct's start, by [`Member`].
///
/// Rust cannot emit relocations for them yet, so user space reads them from the kernel's BTF and hands them
/// over before the program loads. The verifier sees constants.
pub type Offsets = [u32; MEMBER_COUNT];

/// What user space decides before the program loads, by index into the program's `SETTINGS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Setting {
    /// 1 + the index in `css_set.subsys` of the cgroup v1 controller whose hierarchy has the containers; 0 where
    /// they are in cgroup v2.
    CgroupV1Controller,
    /// The index of `inet_csk_accept`'s return value among a fexit program's arguments.
    AcceptReturnIndex,
    /// Bytes waiting in the ring buffer at which the reader is woken.
    WakeAt,
    /// The bit of an explicitly bound port (`SOCK_BINDPORT_LOCK`) in the byte at [`Member::SkUserlocks`].
    BoundPort,
    /// Where `struct pt_regs` has the number of the system call that is under way, in bytes; 0 where it cannot be asked for.
    CallNumber,
    /// The number of the call `read`, by which BPF iterators are read.
    ReadCall,
    /// The number of the call `readlink`, or of one of the others where there is none; likewise below.
    ReadlinkCall,
    /// The number of the call `readlinkat`.
    ReadlinkatCall,
    /// The number of the call `getdents64`.
    GetdentsCall,
}

/// The number of [`Setting`]s.
pub const SETTING_COUNT: usize = Setting::GetdentsCall as usize + 1;
