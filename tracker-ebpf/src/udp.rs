//! UDP: which socket exchanges datagrams with whom, and how many. There is no tracepoint for any of a UDP socket's
//! changes; but each send and each receive passes one in the context of the process that does it, and the programs of a
//! cgroup are asked about each address that a process gives or is given. Together they tell every flow: counted here, told
//! to user space once.

use core::arch::asm;

use aya_ebpf::EbpfContext;
use aya_ebpf::bindings::BPF_NOEXIST;
use aya_ebpf::helpers::generated::{bpf_get_socket_cookie, bpf_probe_read_kernel};
use aya_ebpf::helpers::{bpf_get_current_pid_tgid, bpf_ktime_get_boot_ns};
use aya_ebpf::macros::{btf_tracepoint, cgroup_sock, cgroup_sock_addr, map};
use aya_ebpf::maps::LruHashMap;
use aya_ebpf::programs::{BtfTracePointContext, SockAddrContext, SockContext};
use scopetop_tracker_ebpf::{
    FLAG_BOUND, FLAG_OWNER, FLAG_RECEIVED, FlowCounters, FlowKey, Member, RecordKind, Setting, SocketRecord,
    UDP, state,
};

use crate::reader::{Reader, Typed, member, pointer};
use crate::record::{CurrentTask as _, INET6, fill_process, is_kernels, no_counters, no_process, send_with};
use crate::settings::{offset, setting};

/// The flows. Where there are more than it holds, those that were quiet longest are given up, and told anew when they
/// move again.
#[map(name = "FLOWS")]
static FLOWS: LruHashMap<FlowKey, FlowCounters> = LruHashMap::with_max_entries(65_536, 0);

/// The address that a thread named for what it is sending, or was given with what it received; from there to the
/// end of that call.
#[map(name = "NAMED")]
static NAMED: LruHashMap<u32, Named> = LruHashMap::with_max_entries(16_384, 0);

/// The address at the other end, in the words of an IPv6 address.
#[derive(Clone, Copy)]
#[repr(C)]
struct Remote {
    words: [u32; 4],
    port: u16,
}

/// An address that a call is about.
#[repr(C)]
struct Named {
    /// The `struct sock`; 0 once the call is over.
    sock: u64,
    remote: Remote,
}

/// `AF_INET`.
const INET: u16 = 2;
/// `SOCK_DGRAM`: a raw socket may have UDP's number too.
const DATAGRAM: u16 = 2;
/// `MSG_PEEK` and `MSG_ERRQUEUE`: nothing is received.
const NOTHING_RECEIVED: u64 = 0x2 | 0x2000;
/// The third word of an IPv4 address among IPv6 ones.
const MAPPED: u32 = u32::from_ne_bytes([0, 0, 0xff, 0xff]);

#[cgroup_sock_addr(sendmsg4)]
fn udp_sends4(context: SockAddrContext) -> i32 {
    unsafe { name4(&context) }
}

#[cgroup_sock_addr(sendmsg6)]
fn udp_sends6(context: SockAddrContext) -> i32 {
    unsafe { name6(&context) }
}

#[cgroup_sock_addr(recvmsg4)]
fn udp_receives4(context: SockAddrContext) -> i32 {
    unsafe { name4(&context) }
}

#[cgroup_sock_addr(recvmsg6)]
fn udp_receives6(context: SockAddrContext) -> i32 {
    unsafe { name6(&context) }
}

#[inline(always)]
unsafe fn name4(context: &SockAddrContext) -> i32 {
    unsafe {
        let address = (&raw const (*context.sock_addr).user_ip4).read_volatile();
        name(context, [0, 0, MAPPED, address])
    }
}

#[inline(always)]
unsafe fn name6(context: &SockAddrContext) -> i32 {
    unsafe {
        let words = (&raw const (*context.sock_addr).user_ip6).cast::<u32>();
        let word = |index| words.add(index).read_volatile();
        name(context, [word(0), word(1), word(2), word(3)])
    }
}

/// Keeps the address for the end of the call. The answer 1 lets the call go on.
#[inline(always)]
unsafe fn name(context: &SockAddrContext, words: [u32; 4]) -> i32 {
    unsafe {
        let port = (&raw const (*context.sock_addr).user_port).read_volatile() as u16;
        let sock = (&raw const (*context.sock_addr).__bindgen_anon_1.sk).read_volatile() as u64;
        let remote = Remote { words, port: u16::from_be(port) };
        let thread = bpf_get_current_pid_tgid() as u32;
        if let Some(named) = NAMED.get_ptr_mut(thread) {
            (*named).sock = sock;
            (*named).remote = remote;
        } else {
            // Without it, this one datagram is not counted.
            let _ = NAMED.insert(thread, Named { sock, remote }, 0);
        }
    }
    1
}

/// A socket of the cgroup is closed for good.
#[cgroup_sock(sock_release)]
fn udp_gone(context: SockContext) -> i32 {
    unsafe {
        if (&raw const (*context.sock).protocol).read_volatile() != u32::from(UDP) {
            return 1;
        }
        let mut cookie = 0_u64;
        let place = context.as_ptr().cast::<u8>().add(offset(Member::SkCookie));
        bpf_probe_read_kernel((&raw mut cookie).cast(), 8, place.cast());
        // One that nobody asked for was never told of.
        if cookie != 0 {
            send_with(|record: *mut SocketRecord| {
                (*record).at = bpf_ktime_get_boot_ns();
                (*record).socket = cookie;
                (*record).kind = RecordKind::Gone as u8;
                (*record).at
            });
        }
    }
    1
}

/// Where accepted sockets find their owners by other means, UDP has the tracepoints for itself.
#[btf_tracepoint(function = "sock_send_length")]
fn udp_send_length(context: BtfTracePointContext) -> i32 {
    unsafe { sent(context.as_ptr().cast()) };
    0
}

#[btf_tracepoint(function = "sock_recv_length")]
fn udp_recv_length(context: BtfTracePointContext) -> i32 {
    unsafe { received(context.as_ptr().cast()) };
    0
}

/// Counts what the current thread sent; the arguments are (struct sock *, int result, int flags). `false` for another
/// socket than UDP's.
#[inline(always)]
pub(crate) unsafe fn sent(arguments: *const u64) -> bool {
    unsafe {
        let sock = arguments.cast::<*const u8>().read();
        if !is_udp(sock) {
            return false;
        }
        count(sock, arguments.add(1).read() as i32, 0);
    }
    true
}

/// The same for what it received.
#[inline(always)]
pub(crate) unsafe fn received(arguments: *const u64) -> bool {
    unsafe {
        let sock = arguments.cast::<*const u8>().read();
        if !is_udp(sock) {
            return false;
        }
        let length = arguments.add(1).read() as i32;
        let nothing = arguments.add(2).read() & NOTHING_RECEIVED != 0;
        count(sock, if nothing { -1 } else { length }, FLAG_RECEIVED);
    }
    true
}

/// Whether it is a UDP socket over IP.
#[inline(always)]
pub(crate) unsafe fn is_udp(sock: *const u8) -> bool {
    unsafe {
        if sock.is_null() || member::<Typed, u16>(sock, Member::SkProtocol) != UDP {
            return false;
        }
        let family = member::<Typed, u16>(sock, Member::SkFamily);
        (family == INET || family == INET6) && member::<Typed, u16>(sock, Member::SkType) == DATAGRAM
    }
}

/// Counts one datagram of so many bytes; a negative number is an error, and none.
#[inline(always)]
unsafe fn count(sock: *const u8, length: i32, way: u8) {
    unsafe {
        let mut key = FlowKey { socket: 0, remote_address: [0; 16], remote_port: 0, reserved: [0; 3] };
        let named = NAMED.get_ptr_mut(bpf_get_current_pid_tgid() as u32);
        let remote = match named {
            Some(named) if (*named).sock == sock as u64 => {
                (*named).sock = 0;
                (*named).remote
            }
            // A connected socket names nobody; one that is not, and received from it does not care whom, is not told.
            _ if member::<Typed, u8>(sock, Member::SkState) == state::ESTABLISHED => connected_to(sock),
            _ => return,
        };
        if length < 0 || remote.port == 0 {
            return;
        }
        key.socket = bpf_get_socket_cookie(sock.cast_mut().cast());
        let words = (&raw mut key.remote_address).cast::<[u32; 4]>();
        words.write_unaligned(remote.words);
        key.remote_port = remote.port;
        let bytes = length as u64;
        if let Some(counters) = FLOWS.get_ptr_mut(&key) {
            if way == 0 {
                add(&raw mut (*counters).bytes_sent, bytes);
                add(&raw mut (*counters).sends, 1);
            } else {
                add(&raw mut (*counters).bytes_received, bytes);
                add(&raw mut (*counters).receives, 1);
            }
            return;
        }
        let sends = u64::from(way == 0);
        let first = FlowCounters {
            bytes_sent: bytes * sends,
            bytes_received: bytes * (1 - sends),
            sends,
            receives: 1 - sends,
        };
        // Two threads may come here at once: one of them tells of it.
        if FLOWS.insert(&key, &first, u64::from(BPF_NOEXIST)).is_ok() {
            tell(sock, &key, way);
        }
    }
}

/// Several CPUs may count the same flow. In assembly: the target has no `AtomicU64::fetch_add`, since older eBPF cannot
/// give back what was there before; to add is all that is needed.
#[inline(always)]
unsafe fn add(counter: *mut u64, number: u64) {
    // SAFETY: the counter is in a map's value.
    unsafe {
        asm!("lock *(u64 *)({counter} + 0) += {number}", counter = in(reg) counter, number = in(reg) number)
    };
}

/// What a connected socket is connected to.
#[inline(always)]
unsafe fn connected_to(sock: *const u8) -> Remote {
    unsafe {
        let port = u16::from_be(member::<Typed, u16>(sock, Member::SkDport));
        Remote { words: address(sock, Member::SkDaddr, Member::SkV6Daddr), port }
    }
}

/// An address of the socket, by where it is for either family.
#[inline(always)]
unsafe fn address(sock: *const u8, v4: Member, v6: Member) -> [u32; 4] {
    unsafe {
        if member::<Typed, u16>(sock, Member::SkFamily) == INET6 {
            let words = sock.add(offset(v6));
            let word = |index: usize| Typed::read::<u32>(words.add(4 * index));
            [word(0), word(1), word(2), word(3)]
        } else {
            [0, 0, MAPPED, member::<Typed, u32>(sock, v4)]
        }
    }
}

/// Tells of a new flow, with the current process as the one whose it is.
#[inline(always)]
unsafe fn tell(sock: *const u8, key: &FlowKey, way: u8) {
    send_with(|record: *mut SocketRecord| unsafe {
        fill(record, RecordKind::Flow, sock, key.socket);
        (*record).remote_address = key.remote_address;
        (*record).remote_port = key.remote_port;
        (*record).flags |= way;
        // What the kernel sends for itself has no owner.
        if is_kernels::<Typed>() {
            no_process(record);
        } else {
            fill_process::<Typed>(record, Typed::current_task());
            (*record).flags |= FLAG_OWNER;
        }
        (*record).at
    });
}

/// Fills in the socket's part of a record.
#[inline(always)]
pub(crate) unsafe fn fill(record: *mut SocketRecord, kind: RecordKind, sock: *const u8, cookie: u64) {
    unsafe {
        (*record).at = bpf_ktime_get_boot_ns();
        (*record).socket = cookie;
        (*record).kind = kind as u8;
        (*record).family = INET6;
        (*record).protocol = UDP;
        (*record).state = member::<Typed, u8>(sock, Member::SkState);
        (*record).old_state = (*record).state;
        let bound = u32::from(member::<Typed, u8>(sock, Member::SkUserlocks)) & setting(Setting::BoundPort);
        (*record).flags = if bound == 0 { 0 } else { FLAG_BOUND };
        let local = (&raw mut (*record).local_address).cast::<[u32; 4]>();
        local.write(address(sock, Member::SkRcvSaddr, Member::SkV6RcvSaddr));
        let remote = (&raw mut (*record).remote_address).cast::<[u32; 4]>();
        remote.write(address(sock, Member::SkDaddr, Member::SkV6Daddr));
        (*record).local_port = member::<Typed, u16>(sock, Member::SkNum);
        (*record).remote_port = u16::from_be(member::<Typed, u16>(sock, Member::SkDport));
        let net = pointer::<Typed>(sock, Member::SkNet);
        (*record).netns = member::<Typed, u32>(net, Member::NetInum);
        // What only TCP has. Volatile, as in `no_counters`.
        no_counters(record);
        (&raw mut (*record).error).write_volatile(0);
        (&raw mut (*record).fd).write_volatile(0);
        (&raw mut (*record).reserved).write_volatile(0);
    }
}
