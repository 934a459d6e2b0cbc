//! Who accepts connections. The kernel completes a handshake without the process that will accept it, so the process
//! is learned from its first use of the socket.

use aya_ebpf::EbpfContext;
use aya_ebpf::macros::{btf_tracepoint, fexit, raw_tracepoint};
use aya_ebpf::programs::{BtfTracePointContext, FExitContext, RawTracePointContext};
use scopetop_tracker_ebpf::{Member, RecordKind, Setting};

use crate::awaited::AWAITED;
use crate::reader::{Probe, Typed, member};
use crate::record::{CurrentTask, is_for_another, is_held, send};
use crate::settings::setting;
use crate::udp;
use crate::unix;

/// From now on, the first user of the socket is to be told.
#[inline(always)]
pub(crate) fn expect(sock: *const u8) {
    AWAITED.put(sock as u64);
}

/// The socket's user is known (or will never be).
#[inline(always)]
pub(crate) fn found(sock: *const u8) {
    let _ = AWAITED.take(sock as u64);
}

/// `inet_csk_accept` returned: the current process accepted the socket. The exact way, where trampolines exist.
#[fexit(function = "inet_csk_accept")]
fn accept_exit(context: FExitContext) -> i32 {
    // SAFETY: user space set the index from the function's number of arguments.
    unsafe {
        let arguments = context.as_ptr().cast::<*const u8>();
        // The verifier wants constant offsets into the arguments; only one branch is left once the setting is known.
        let sock = match setting(Setting::AcceptReturnIndex) {
            2 => arguments.add(2).read(),
            4 => arguments.add(4).read(),
            _ => return 0,
        };
        if !sock.is_null() {
            found(sock);
            // The return value has no type for the verifier.
            tell::<Probe>(sock);
        }
    }
    0
}

#[btf_tracepoint(function = "sock_recv_length")]
fn recv_length(context: BtfTracePointContext) -> i32 {
    // SAFETY: the tracepoint's arguments are (struct sock *, int, int), one to a word.
    unsafe {
        if !unix::received(context.as_ptr().cast()) && !udp::received(context.as_ptr().cast()) {
            on_use(context.as_ptr().cast());
        }
    }
    0
}

#[btf_tracepoint(function = "sock_send_length")]
fn send_length(context: BtfTracePointContext) -> i32 {
    // SAFETY: as above.
    unsafe {
        if !unix::sent(context.as_ptr().cast()) && !udp::sent(context.as_ptr().cast()) {
            on_use(context.as_ptr().cast());
        }
    }
    0
}

#[btf_tracepoint(function = "tcp_rcv_space_adjust")]
fn rcv_space_adjust(context: BtfTracePointContext) -> i32 {
    unsafe { on_use(context.as_ptr().cast()) };
    0
}

/// The current process receives from or sends to the socket in the first argument.
#[inline(always)]
unsafe fn on_use(arguments: *const *const u8) {
    unsafe {
        let sock = arguments.read();
        if !sock.is_null() && AWAITED.take(sock as u64) {
            tell::<Typed>(sock);
        }
    }
}

#[btf_tracepoint(function = "tcp_destroy_sock")]
fn destroy_typed(context: BtfTracePointContext) -> i32 {
    unsafe { on_destroy::<Typed>(context.as_ptr().cast()) };
    0
}

#[raw_tracepoint(tracepoint = "tcp_destroy_sock")]
fn destroy_raw(context: RawTracePointContext) -> i32 {
    unsafe { on_destroy::<Probe>(context.as_ptr().cast()) };
    0
}

/// The socket is destroyed. If its peer had reset it before anybody used it, whoever closes it now is the one that
/// had accepted it; and its address will be another's.
#[inline(always)]
unsafe fn on_destroy<R: CurrentTask>(arguments: *const *const u8) {
    unsafe {
        let sock = arguments.read();
        if !sock.is_null() && AWAITED.take(sock as u64) {
            if is_held::<R>(sock) && !is_for_another::<R>() {
                tell::<R>(sock);
            }
        }
    }
}

#[inline(always)]
unsafe fn tell<R: CurrentTask>(sock: *const u8) {
    unsafe {
        let state: u8 = member::<R, u8>(sock, Member::SkState);
        send::<R>(RecordKind::Owner, sock, (state, state), true);
    }
}
