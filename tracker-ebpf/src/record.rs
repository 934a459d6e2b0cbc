//! Reads one socket, and the process that has it in hand, into a record; and sends records to user space.

use aya_ebpf::bindings::{BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP};
use aya_ebpf::helpers::{
    bpf_get_current_task, bpf_get_current_task_btf, bpf_ktime_get_boot_ns, bpf_task_pt_regs,
};
use aya_ebpf::macros::map;
use aya_ebpf::maps::{PerCpuArray, RingBuf};
use scopetop_tracker_ebpf::{
    FLAG_COUNTERS, FLAG_OWNER, FLAG_PEER_CLOSED, FLAG_SEQUENCE, Member, RecordKind, Setting, SocketRecord,
};

use crate::reader::{Pointer, Probe, Reader, member, pointer};
use crate::settings::setting;

/// Records on their way to user space. User space sets the size.
#[map(name = "RECORDS")]
static RECORDS: RingBuf = RingBuf::with_byte_size(8 << 20, 0);

/// Records that found no room, per CPU.
#[map(name = "LOST")]
static LOST: PerCpuArray<u64> = PerCpuArray::with_max_entries(1, 0);

/// `BPF_RB_AVAIL_DATA`: ask how much waits in the ring buffer.
const AVAILABLE_DATA: u64 = 0;
/// One record in so many asks.
const ASK_ONE_IN: u64 = 16;
/// `AF_INET6`.
pub(crate) const INET6: u16 = 10;
/// `IPPROTO_TCP`. Of MPTCP the subflows are followed, which are TCP sockets; its own socket has only the file.
const TCP: u16 = 6;
/// `IPPROTO_MPTCP`, as the kernel's field has it.
const MPTCP: u16 = 262;
/// `PF_KTHREAD`.
const KERNEL_THREAD: u32 = 0x0020_0000;
/// `PF_EXITING`.
const EXITING: u32 = 4;
/// `SOCK_DONE` in `enum sock_flags`: the peer's FIN was received.
const SOCK_DONE: u64 = 1 << 1;
/// Whose parts a `socket` may have besides: `sk_lock.owned`.
const OWNED: u32 = 1;

/// Whether the socket is a TCP socket.
#[inline(always)]
pub(crate) unsafe fn is_tcp<R: Reader>(sock: *const u8) -> bool {
    unsafe { member::<R, u16>(sock, Member::SkProtocol) == TCP }
}

/// The TCP socket of an MPTCP socket: its first subflow, or the listener that it stands for. Null for another socket,
/// and where the subflow is gone.
#[inline(always)]
pub(crate) unsafe fn first_subflow(sock: *const u8) -> *const u8 {
    unsafe {
        let place = crate::settings::offset(Member::MptcpFirst);
        if place == 0 || member::<Probe, u16>(sock, Member::SkProtocol) != MPTCP {
            return core::ptr::null();
        }
        Probe::read::<Pointer>(sock.add(place)).0
    }
}

/// Whether the current task is the kernel's own. One that lets go of a socket does so for whoever had it: what MPTCP
/// closes, and what was on its way in a Unix socket that nobody can reach any more.
#[inline(always)]
pub(crate) unsafe fn is_kernels<R: CurrentTask>() -> bool {
    unsafe { member::<R, u32>(R::current_task(), Member::TaskFlags) & KERNEL_THREAD != 0 }
}

/// Whether the current task, when it lets go of a socket for good, does so for another: the kernel's own tasks, and
/// whoever looks at the files that others have open. A scan by an iterator and a walk of `/proc/PID/fd` hold each file for
/// a moment; where its process closes it just then, the last to let go is who looked.
#[inline(always)]
pub(crate) unsafe fn is_for_another<R: CurrentTask>() -> bool {
    unsafe {
        let flags: u32 = member::<R, u32>(R::current_task(), Member::TaskFlags);
        // What a process lets go of at its end is its own, whichever call it was killed in.
        flags & KERNEL_THREAD != 0 || (flags & EXITING == 0 && looks::<R>())
    }
}

/// Whether the current task is in a call by which the files of others are looked at.
#[inline(always)]
unsafe fn looks<R: Reader>() -> bool {
    let place = setting(Setting::CallNumber);
    if place == 0 {
        return false;
    }
    let number: u32 = unsafe {
        let registers = bpf_task_pt_regs(bpf_get_current_task_btf()) as *const u8;
        R::read(registers.add(place as usize))
    };
    // Without branches, each of which would be one more way for the verifier to walk: a product is 0 where a factor is.
    let calls = [Setting::ReadCall, Setting::ReadlinkCall, Setting::ReadlinkatCall, Setting::GetdentsCall];
    calls.iter().fold(1, |product, &call| product * u64::from(number ^ setting(call))) == 0
}

/// Whether a process holds the socket right now, which then is the current one: set while it connects, accepts,
/// receives, sends or closes, and clear where the network acts on the socket.
#[inline(always)]
pub(crate) unsafe fn is_held<R: Reader>(sock: *const u8) -> bool {
    unsafe { member::<R, u32>(sock, Member::SkLockOwned) == OWNED }
}

/// The current task, as a pointer that the reader may follow.
pub(crate) trait CurrentTask: Reader {
    fn current_task() -> *const u8;
}

impl CurrentTask for crate::reader::Typed {
    #[inline(always)]
    fn current_task() -> *const u8 {
        unsafe { bpf_get_current_task_btf() as *const u8 }
    }
}

impl CurrentTask for Probe {
    #[inline(always)]
    fn current_task() -> *const u8 {
        unsafe { bpf_get_current_task() as *const u8 }
    }
}

/// Sends a record of the socket, with the current process as its user if `owner`.
#[inline(always)]
pub(crate) unsafe fn send<R: CurrentTask>(kind: RecordKind, sock: *const u8, states: (u8, u8), owner: bool) {
    send_with(|record: *mut SocketRecord| unsafe {
        fill_socket::<R>(record, kind, sock, states);
        if owner {
            fill_process::<R>(record, R::current_task());
            (*record).flags |= FLAG_OWNER;
        } else {
            no_process(record);
        }
        (*record).at
    });
}

/// Sends a record that `fill` fills in; it returns the record's time.
#[inline(always)]
pub(crate) fn send_with<T: 'static>(fill: impl FnOnce(*mut T) -> u64) {
    let Some(mut entry) = RECORDS.reserve::<T>(0) else {
        if let Some(lost) = LOST.get_ptr_mut(0) {
            // A program is not interrupted by itself, and the counter is this CPU's own.
            unsafe { *lost += 1 };
        }
        return;
    };
    let at = fill(entry.as_mut_ptr());
    entry.submit(u64::from(if must_wake(at) { BPF_RB_FORCE_WAKEUP } else { BPF_RB_NO_WAKEUP }));
}

/// Whether the reader is to be woken. Waking it for each record would cost the sender more than all the rest: it looks by
/// itself now and then, and is woken only when much waits. As asking how much costs something too, one record in so many
/// asks, picked by its time; and none asks again long after the mark, when the reader is at it already.
#[inline(always)]
fn must_wake(at: u64) -> bool {
    if at / 16 % ASK_ONE_IN != 0 {
        return false;
    }
    let waiting = RECORDS.query(AVAILABLE_DATA);
    let mark = u64::from(setting(Setting::WakeAt));
    waiting >= mark && waiting < mark + ASK_ONE_IN * 16 * size_of::<SocketRecord>() as u64
}

/// Fills in the socket's part. Field by field: zeroing the whole becomes a `memset`, which is no helper.
#[inline(always)]
pub(crate) unsafe fn fill_socket<R: Reader>(
    record: *mut SocketRecord,
    kind: RecordKind,
    sock: *const u8,
    (old_state, new_state): (u8, u8),
) {
    unsafe {
        (*record).at = bpf_ktime_get_boot_ns();
        (*record).socket = sock as u64;
        (*record).kind = kind as u8;
        (*record).old_state = old_state;
        (*record).state = new_state;
        (*record).flags = 0;
        (*record).fd = 0;
        (*record).reserved = 0;

        let family: u16 = member::<R, u16>(sock, Member::SkFamily);
        (*record).family = family;
        (*record).protocol = TCP;
        let local = (&raw mut (*record).local_address).cast::<u32>();
        let remote = (&raw mut (*record).remote_address).cast::<u32>();
        if family == INET6 {
            copy_address::<R>(local, sock, Member::SkV6RcvSaddr);
            copy_address::<R>(remote, sock, Member::SkV6Daddr);
        } else {
            local.write(member::<R, u32>(sock, Member::SkRcvSaddr));
            remote.write(member::<R, u32>(sock, Member::SkDaddr));
            let mut word = 1;
            while word < 4 {
                local.add(word).write_volatile(0);
                remote.add(word).write_volatile(0);
                word += 1;
            }
        }
        (*record).remote_port = u16::from_be(member::<R, u16>(sock, Member::SkDport));
        let net = pointer::<R>(sock, Member::SkNet);
        (*record).netns = member::<R, u32>(net, Member::NetInum);
        (*record).error = member::<R, u32>(sock, Member::SkErr);

        let tcp = R::tcp_sock(sock);
        if tcp.is_null() {
            (*record).local_port = member::<R, u16>(sock, Member::SkNum);
            no_counters(record);
            return;
        }
        // `skc_num` is 0 once closed; this is kept.
        (*record).local_port = u16::from_be(member::<R, u16>(tcp, Member::InetSport));
        fill_counters::<R>(record, sock, tcp);
    }
}

/// The record has no counters. Volatile: zeros side by side must not become a `memset`.
#[inline(always)]
pub(crate) unsafe fn no_counters(record: *mut SocketRecord) {
    unsafe {
        (&raw mut (*record).bytes_sent).write_volatile(0);
        (&raw mut (*record).bytes_received).write_volatile(0);
        (&raw mut (*record).rtt_us).write_volatile(0);
        (&raw mut (*record).retransmits).write_volatile(0);
        (&raw mut (*record).sequence_sent).write_volatile(0);
        (&raw mut (*record).sequence_received).write_volatile(0);
    }
}

/// Fills in what the kernel counted.
#[inline(always)]
unsafe fn fill_counters<R: Reader>(record: *mut SocketRecord, sock: *const u8, tcp: *const u8) {
    unsafe {
        let sent: u64 = member::<R, u64>(tcp, Member::TcpBytesSent);
        let again: u64 = member::<R, u64>(tcp, Member::TcpBytesRetrans);
        let received: u64 = member::<R, u64>(tcp, Member::TcpBytesReceived);
        let acknowledged: u64 = member::<R, u64>(tcp, Member::TcpBytesAcked);
        let first_unacknowledged: u32 = member::<R, u32>(tcp, Member::TcpSndUna);
        let next_received: u32 = member::<R, u32>(tcp, Member::TcpRcvNxt);
        // The scan does not hold the socket: numbers that moved meanwhile do not belong together. Without a branch, as is
        // all below: the verifier walks every combination of them.
        let moved = received ^ member::<R, u64>(tcp, Member::TcpBytesReceived)
            | acknowledged ^ member::<R, u64>(tcp, Member::TcpBytesAcked)
            | u64::from(first_unacknowledged ^ member::<R, u32>(tcp, Member::TcpSndUna))
            | u64::from(next_received ^ member::<R, u32>(tcp, Member::TcpRcvNxt));
        (*record).rtt_us = member::<R, u32>(tcp, Member::TcpSrttUs) >> 3;
        (*record).retransmits = member::<R, u32>(tcp, Member::TcpTotalRetrans);
        (*record).bytes_sent = sent.wrapping_sub(again);
        (*record).sequence_sent = first_unacknowledged.wrapping_sub(acknowledged as u32);
        (*record).sequence_received = next_received.wrapping_sub(received as u32);

        // The kernel counts the peer's FIN as a byte received.
        let peer_closed = (member::<R, u64>(sock, Member::SkFlags) / SOCK_DONE) & 1;
        (*record).bytes_received = received - (peer_closed & is_nonzero(received));
        (*record).flags = FLAG_COUNTERS
            | (FLAG_PEER_CLOSED * peer_closed as u8)
            | (FLAG_SEQUENCE * (1 - is_nonzero(moved)) as u8);
    }
}

/// 1 for any number but 0.
#[inline(always)]
const fn is_nonzero(number: u64) -> u64 {
    (number | number.wrapping_neg()) >> 63
}

#[inline(always)]
unsafe fn copy_address<R: Reader>(to: *mut u32, sock: *const u8, from: Member) {
    unsafe {
        let from = sock.add(crate::settings::offset(from));
        to.write(R::read::<u32>(from));
        to.add(1).write(R::read::<u32>(from.add(4)));
        to.add(2).write(R::read::<u32>(from.add(8)));
        to.add(3).write(R::read::<u32>(from.add(12)));
    }
}

/// Fills in the process's part.
#[inline(always)]
pub(crate) unsafe fn fill_process<R: Reader>(record: *mut SocketRecord, task: *const u8) {
    unsafe {
        // A thread's own name and start are not the process's.
        let leader = pointer::<R>(task, Member::TaskGroupLeader);
        (*record).pid = member::<R, u32>(leader, Member::TaskTgid);
        (*record).process_started = member::<R, u64>(leader, Member::TaskStartBoottime);
        let comm = leader.add(crate::settings::offset(Member::TaskComm));
        let to = (&raw mut (*record).comm).cast::<u64>();
        to.write(R::read::<u64>(comm));
        to.add(1).write(R::read::<u64>(comm.add(8)));
        let cred = pointer::<R>(task, Member::TaskCred);
        (*record).uid = member::<R, u32>(cred, Member::CredUid);
        (*record).cgroup = cgroup_id::<R>(leader);
    }
}

/// The record has no process.
#[inline(always)]
pub(crate) unsafe fn no_process(record: *mut SocketRecord) {
    unsafe {
        (*record).pid = 0;
        (*record).process_started = 0;
        (*record).uid = 0;
        (*record).cgroup = 0;
        let to = (&raw mut (*record).comm).cast::<u64>();
        to.write_volatile(0);
        to.add(1).write_volatile(0);
    }
}

/// The id of the cgroup that the task is in, in the hierarchy that has the containers.
#[inline(always)]
pub(crate) unsafe fn cgroup_id<R: Reader>(task: *const u8) -> u64 {
    unsafe {
        let css_set = pointer::<R>(task, Member::TaskCgroups);
        if css_set.is_null() {
            return 0;
        }
        let controller = setting(Setting::CgroupV1Controller) as usize;
        let cgroup = if controller == 0 {
            pointer::<R>(css_set, Member::CssSetDflCgrp)
        } else {
            let element =
                crate::settings::offset(Member::CssSetSubsys) + (controller - 1) * size_of::<Pointer>();
            let css = R::read::<Pointer>(css_set.add(element)).0;
            if css.is_null() {
                return 0;
            }
            pointer::<R>(css, Member::CssCgroup)
        };
        if cgroup.is_null() {
            return 0;
        }
        let node = pointer::<R>(cgroup, Member::CgroupKn);
        if node.is_null() {
            return 0;
        }
        member::<R, u64>(node, Member::KnId)
    }
}
