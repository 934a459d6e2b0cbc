//! `inet_sock_set_state`: a socket changes its state.

use aya_ebpf::EbpfContext;
use aya_ebpf::macros::{btf_tracepoint, raw_tracepoint};
use aya_ebpf::programs::{BtfTracePointContext, RawTracePointContext};
use scopetop_tracker_ebpf::{RecordKind, state};

use crate::owner;
use crate::reader::{Probe, Typed};
use crate::record::{CurrentTask, is_for_another, is_held, is_tcp, send};

#[btf_tracepoint(function = "inet_sock_set_state")]
fn state_typed(context: BtfTracePointContext) -> i32 {
    // SAFETY: the tracepoint's arguments are (struct sock *, int, int), one to a word.
    unsafe { on_state::<Typed>(context.as_ptr().cast()) };
    0
}

#[raw_tracepoint(tracepoint = "inet_sock_set_state")]
fn state_raw(context: RawTracePointContext) -> i32 {
    // SAFETY: as above.
    unsafe { on_state::<Probe>(context.as_ptr().cast()) };
    0
}

#[inline(always)]
unsafe fn on_state<R: CurrentTask>(arguments: *const u64) {
    unsafe {
        let sock = arguments.cast::<*const u8>().read();
        let old_state = arguments.add(1).read() as u8;
        let new_state = arguments.add(2).read() as u8;
        if sock.is_null() || !is_tcp::<R>(sock) {
            return;
        }
        // What nobody needs: SYN_RECV ends in a moment, FIN_WAIT2 looks like FIN_WAIT1 to everybody but TCP; what goes
        // from CLOSE to CLOSE never was.
        if new_state == state::SYN_RECV
            || new_state == state::FIN_WAIT2
            || (new_state == state::CLOSE && (old_state == state::CLOSE || old_state == state::SYN_RECV))
        {
            return;
        }
        let begins = old_state == state::CLOSE;
        let held = is_held::<R>(sock) && (begins || !is_for_another::<R>());
        if held {
            // Whoever closes it shows itself here.
            if !begins && old_state != state::SYN_SENT {
                owner::found(sock);
            }
        } else if old_state == state::SYN_RECV && new_state == state::ESTABLISHED {
            // A handshake that a listener's socket completes runs in whatever task was at hand. (Held at this moment
            // is only a socket that a process has already: accepted early, or connected to itself.)
            owner::expect(sock);
        }
        send::<R>(RecordKind::State, sock, (old_state, new_state), held);
    }
}
