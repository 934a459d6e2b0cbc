//! The scan: every open file of every process, those that are TCP, UDP or Unix sockets written out, and what waits in
//! the queues of listeners.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use aya_ebpf::helpers::generated::bpf_get_socket_cookie;
use aya_ebpf::helpers::{bpf_seq_write, bpf_sock_from_file};
use aya_ebpf::macros::map;
use aya_ebpf::maps::PerCpuArray;
use scopetop_tracker_ebpf::{FLAG_OWNER, Member, RecordKind, SocketRecord, UnixRecord, state};

use crate::reader::{Pointer, Probe, Reader, Typed, member, pointer};
use crate::record::{fill_process, fill_socket, first_subflow, is_tcp, no_process};
use crate::settings::offset;
use crate::udp;
use crate::unix::{self, is_unix};

/// `struct bpf_iter__task_file`.
#[repr(C)]
struct TaskFile {
    meta: *const Meta,
    task: *const u8,
    fd: u32,
    _padding: u32,
    file: *const u8,
}

/// `struct bpf_iter_meta`, as far as it is used.
#[repr(C)]
struct Meta {
    seq: *mut c_void,
}

/// aya has no macro for iterators: the section's name is what makes it one.
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/task_file")]
fn open_sockets(context: *const TaskFile) -> i32 {
    // SAFETY: the kernel calls it with a `bpf_iter__task_file`; the verifier knows the types of its pointers.
    unsafe {
        let (task, file) = ((*context).task, (*context).file);
        if task.is_null() || file.is_null() {
            return 0;
        }
        let socket = bpf_sock_from_file(file.cast_mut().cast()).cast::<u8>().cast_const();
        if socket.is_null() {
            return 0;
        }
        let sock = pointer::<Typed>(socket, Member::SocketSk);
        if sock.is_null() {
            return 0;
        }
        if is_tcp::<Typed>(sock) {
            row::<Typed>(context, task, sock);
            if member::<Typed, u8>(sock, Member::SkState) == state::LISTEN {
                queue(context, sock);
            }
        } else if udp::is_udp(sock) {
            udp_row(context, task, sock);
        } else if is_unix(sock) {
            unix_row(context, task, sock);
        } else {
            // A pointer that comes out of an MPTCP socket has no type for the verifier.
            let sock = first_subflow(sock);
            if !sock.is_null() && is_tcp::<Probe>(sock) {
                row::<Probe>(context, task, sock);
            }
        }
    }
    0
}

/// Writes the row of a Unix socket.
#[inline(always)]
unsafe fn unix_row(context: *const TaskFile, task: *const u8, sock: *const u8) {
    unsafe {
        let mut record = MaybeUninit::<UnixRecord>::uninit();
        unix::fill::<Typed>(record.as_mut_ptr(), sock, task);
        bpf_seq_write(
            (*(*context).meta).seq.cast(),
            record.as_mut_ptr().cast(),
            size_of::<UnixRecord>() as u32,
        );
    }
}

/// Writes the row of a TCP socket. The task is given, for what is read anew of the context is unchecked anew.
#[inline(always)]
unsafe fn row<R: Reader>(context: *const TaskFile, task: *const u8, sock: *const u8) {
    unsafe {
        let mut record = MaybeUninit::<SocketRecord>::uninit();
        let pointer = record.as_mut_ptr();
        let now: u8 = member::<R, u8>(sock, Member::SkState);
        fill_socket::<R>(pointer, RecordKind::Row, sock, (now, now));
        // Read again, after the record's time: a row must not be younger than what it says, or a close in between would
        // be taken for older news.
        let now: u8 = member::<R, u8>(sock, Member::SkState);
        if now == state::CLOSE {
            return;
        }
        (*pointer).state = now;
        fill_process::<Typed>(pointer, task);
        (*pointer).flags |= FLAG_OWNER;
        (*pointer).fd = (*context).fd;
        // A full buffer is the kernel's to handle: it calls again with the same file.
        bpf_seq_write((*(*context).meta).seq.cast(), pointer.cast(), size_of::<SocketRecord>() as u32);
    }
}

/// How many connections in a listener's queue are told at most. All of them must find room in one read beside the
/// listener.
const QUEUED: u32 = 64;

/// Where their rows are filled in, one after the other: the stack has no room for one more record.
#[map(name = "QUEUED_ROW")]
static QUEUED_ROW: PerCpuArray<[u64; ROW_LIMIT as usize / 8]> = PerCpuArray::with_max_entries(1, 0);

/// A power of two that a record fits into: the verifier is told by a mask how long a row is at most. Were it told by a
/// branch, it would have two ways to walk at each step of the loop.
const ROW_LIMIT: u64 = 256;

/// Where, behind the record, its length is: 0 where there is none to write.
const LENGTH_AT: usize = ROW_LIMIT as usize / 8 - 1;

const _: () = assert!(size_of::<SocketRecord>() <= LENGTH_AT * 8);

/// Writes the rows of the connections that wait in a listener's queue: no process has a file of them yet, so the walk
/// over files does not come to them.
#[inline(always)]
unsafe fn queue(context: *const TaskFile, listener: *const u8) {
    unsafe {
        let head = offset(Member::AcceptQueueHead);
        if head == 0 || offset(Member::RequestNext) == 0 || offset(Member::RequestSk) == 0 {
            return;
        }
        let port = member::<Typed, u16>(listener, Member::SkNum);
        let mut request = Probe::read::<Pointer>(listener.add(head)).0;
        let Some(record) = QUEUED_ROW.get_ptr_mut(0) else { return };
        let mut left = QUEUED;
        while left > 0 && !request.is_null() {
            let sock = pointer::<Probe>(request, Member::RequestSk);
            fill_queued(sock as u64, u64::from(port));
            // Volatile: the compiler knows what it is and would leave the mask out.
            let length = record.cast::<u64>().add(LENGTH_AT).read_volatile() & (ROW_LIMIT - 1);
            bpf_seq_write((*(*context).meta).seq.cast(), record.cast(), length as u32);
            request = pointer::<Probe>(request, Member::RequestNext);
            left -= 1;
        }
    }
}

/// Fills in the row of a connection that waits to be accepted at a port and notes its length; 0 if it is none. The queue
/// is not held meanwhile: what is accepted by now, or is something else by now, is none.
///
/// Exported, so that the verifier walks through it once by itself and not with each step of the loop: that took longer
/// than all the rest of the start. Such a function must return something.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn fill_queued(sock: u64, port: u64) -> u64 {
    let Some(record) = QUEUED_ROW.get_ptr_mut(0) else { return 0 };
    let (row, record, sock) = (record.cast::<u64>(), record.cast::<SocketRecord>(), sock as *const u8);
    // SAFETY: the reads are the kernel's own helper's, which refuses bad addresses; the record is this processor's.
    unsafe {
        fill_socket::<Probe>(record, RecordKind::Row, sock, (0, 0));
        no_process(record);
        // Read after the record's time, as in every row.
        let now = member::<Probe, u8>(sock, Member::SkState);
        (*record).state = now;
        let waits = is_tcp::<Probe>(sock)
            & (u64::from(member::<Probe, u16>(sock, Member::SkNum)) == port)
            & pointer::<Probe>(sock, Member::SkSocket).is_null()
            & (now != state::CLOSE)
            & (now != state::LISTEN);
        row.add(LENGTH_AT).write_volatile(u64::from(waits) * size_of::<SocketRecord>() as u64);
        0
    }
}

/// Writes the row of a UDP socket that has a port.
#[inline(always)]
unsafe fn udp_row(context: *const TaskFile, task: *const u8, sock: *const u8) {
    unsafe {
        if member::<Typed, u16>(sock, Member::SkNum) == 0 {
            return;
        }
        let mut record = MaybeUninit::<SocketRecord>::uninit();
        let pointer = record.as_mut_ptr();
        let cookie = bpf_get_socket_cookie(sock.cast_mut().cast());
        udp::fill(pointer, RecordKind::Row, sock, cookie);
        fill_process::<Typed>(pointer, task);
        (*pointer).flags |= FLAG_OWNER;
        (*pointer).fd = (*context).fd;
        bpf_seq_write((*(*context).meta).seq.cast(), pointer.cast(), size_of::<SocketRecord>() as u32);
    }
}
