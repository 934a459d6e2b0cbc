//! Unix sockets. No tracepoint tells when one connects, is accepted or closes; but each send and receive passes one, in
//! the context of the process that does it. So a socket is told at its first use, and once more when its user is told
//! that the other end is gone; what is never used is left to the scan.

use aya_ebpf::EbpfContext;
use aya_ebpf::bindings::BPF_SK_STORAGE_GET_F_CREATE;
use aya_ebpf::btf_maps::SkStorage;
use aya_ebpf::helpers::bpf_ktime_get_boot_ns;
use aya_ebpf::helpers::generated::{bpf_probe_read_kernel, bpf_sk_storage_get};
use aya_ebpf::macros::{btf_map, btf_tracepoint};
use aya_ebpf::programs::BtfTracePointContext;
use scopetop_tracker_ebpf::{FLAG_MUTUAL, FLAG_PEER_DEAD, FLAG_PEER_NAME, Member, UNIX_RECORD, UnixRecord};

use crate::reader::{Probe, Reader, Typed, member, pointer};
use crate::record::{CurrentTask as _, cgroup_id, is_kernels, send_with};
use crate::settings::offset;

/// `AF_UNIX`.
const UNIX: u16 = 1;
/// `SOCK_DEAD`, the first of `enum sock_flags`: the socket is closed, and kept only because others point to it.
const SOCK_DEAD: u64 = 1;
/// The bytes of the family before the path in `struct sockaddr_un`.
const FAMILY_LENGTH: u32 = 2;

/// How much of a socket was told. The kernel frees it with the socket, so nothing is ever told of the wrong one.
#[btf_map(name = "TOLD")]
static TOLD: SkStorage<u32> = SkStorage::new();

/// Its use was told (0: nothing was), and that the other end is gone.
const USE: u32 = 1;
const END: u32 = 2;

/// Whether the socket is a Unix socket of which more can be read.
#[inline(always)]
pub(crate) unsafe fn is_unix(sock: *const u8) -> bool {
    unsafe { offset(Member::UnixPeer) != 0 && member::<Typed, u16>(sock, Member::SkFamily) == UNIX }
}

/// Where accepters are known in another way: a process receives.
#[btf_tracepoint(function = "sock_recv_length")]
fn unix_received(context: BtfTracePointContext) -> i32 {
    // SAFETY: the tracepoint's arguments are (struct sock *, int, int), one to a word.
    unsafe { received(context.as_ptr().cast()) };
    0
}

/// Likewise: a process sends.
#[btf_tracepoint(function = "sock_send_length")]
fn unix_sent(context: BtfTracePointContext) -> i32 {
    // SAFETY: as above.
    unsafe { sent(context.as_ptr().cast()) };
    0
}

/// The current process received from the socket in the first argument as much as the second says. `false` if it is no
/// Unix socket.
#[inline(always)]
pub(crate) unsafe fn received(arguments: *const u64) -> bool {
    unsafe {
        // What is received at the end is nothing.
        let stage = if arguments.add(1).read() as i32 == 0 { END } else { USE };
        on_use(arguments.cast::<*const u8>().read(), stage)
    }
}

/// Likewise: it sent.
#[inline(always)]
pub(crate) unsafe fn sent(arguments: *const u64) -> bool {
    unsafe { on_use(arguments.cast::<*const u8>().read(), USE) }
}

/// The current process used the socket. `false` if it is no Unix socket.
#[inline(always)]
unsafe fn on_use(sock: *const u8, stage: u32) -> bool {
    unsafe {
        if sock.is_null() || !is_unix(sock) {
            return false;
        }
        let told = bpf_sk_storage_get(
            (&raw const TOLD).cast_mut().cast(),
            sock.cast_mut().cast(),
            core::ptr::null_mut(),
            u64::from(BPF_SK_STORAGE_GET_F_CREATE),
        )
        .cast::<u32>();
        if told.is_null() || *told >= stage || is_kernels::<Typed>() {
            return true;
        }
        // What is not connected has nobody to be shown with.
        if pointer::<Probe>(sock, Member::UnixPeer).is_null() {
            return true;
        }
        *told = stage;
        send_with(|record: *mut UnixRecord| {
            fill::<Typed>(record, sock, Typed::current_task());
            (*record).at
        });
        true
    }
}

/// Fills in the whole record. Without a branch: the verifier walks every combination of them.
///
/// Most is read by the helper that makes zero of what cannot be read: a socket without a name or a peer has zeros there,
/// and the verifier does not know what is behind a `struct sock`.
#[inline(always)]
pub(crate) unsafe fn fill<R: Reader>(record: *mut UnixRecord, sock: *const u8, task: *const u8) {
    unsafe {
        (*record).at = bpf_ktime_get_boot_ns() | UNIX_RECORD;
        (*record).socket = sock as u64;
        let peer = pointer::<Probe>(sock, Member::UnixPeer);
        (*record).peer = peer as u64;
        let name_id = pointer::<Probe>(sock, Member::UnixAddress) as u64;
        let peer_name_id = pointer::<Probe>(peer, Member::UnixAddress) as u64;
        (*record).name_id = name_id;
        (*record).peer_name_id = peer_name_id;
        let file = pointer::<Probe>(pointer::<Probe>(sock, Member::SkSocket), Member::SocketFile);
        (*record).inode = member::<Probe, u64>(pointer::<Probe>(file, Member::FileInode), Member::InodeIno);

        let is_mutual = u8::from(pointer::<Probe>(peer, Member::UnixPeer) == sock);
        let is_dead = (member::<Probe, u64>(peer, Member::SkFlags) & SOCK_DEAD) as u8;
        let is_unnamed = u8::from(name_id == 0);
        (*record).flags = is_mutual * FLAG_MUTUAL | is_dead * FLAG_PEER_DEAD | is_unnamed * FLAG_PEER_NAME;

        let name = (name_id | (peer_name_id * u64::from(is_unnamed))) as *const u8;
        let length = member::<Probe, u32>(name, Member::UnixAddressLength);
        // Where there is no name there is no family.
        let length = length.wrapping_sub(FAMILY_LENGTH * u32::from(length != 0)) & 127;
        (*record).name_length = length;
        let to = (&raw mut (*record).name).cast::<u64>();
        let mut word = 0;
        while word < 16 {
            to.add(word).write_volatile(0);
            word += 1;
        }
        let from = name.add(offset(Member::UnixAddressName) + FAMILY_LENGTH as usize);
        bpf_probe_read_kernel(to.cast(), length, from.cast());

        (*record).socket_type = member::<R, u16>(sock, Member::SkType);
        (*record).state = member::<R, u8>(sock, Member::SkState);
        (*record).netns = member::<R, u32>(pointer::<R>(sock, Member::SkNet), Member::NetInum);
        (*record).reserved = 0;

        // A thread's own name and start are not the process's.
        let leader = pointer::<R>(task, Member::TaskGroupLeader);
        (*record).pid = member::<R, u32>(leader, Member::TaskTgid);
        (*record).process_started = member::<R, u64>(leader, Member::TaskStartBoottime);
        let comm = leader.add(offset(Member::TaskComm));
        let to = (&raw mut (*record).comm).cast::<u64>();
        to.write(R::read::<u64>(comm));
        to.add(1).write(R::read::<u64>(comm.add(8)));
        (*record).uid = member::<R, u32>(pointer::<R>(task, Member::TaskCred), Member::CredUid);
        (*record).cgroup = cgroup_id::<R>(leader);
    }
}
