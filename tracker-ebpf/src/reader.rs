//! Two ways to read the kernel's memory, chosen by the kind of program.

use aya_ebpf::helpers::generated::bpf_probe_read_kernel;
use scopetop_tracker_ebpf::Member;

use crate::settings::offset;

/// A way to read kernel memory.
pub(crate) trait Reader {
    /// The value at `address`; zero where the address is bad. `T` is an integer or a pointer.
    unsafe fn read<T: Copy + Default>(address: *const u8) -> T;

    /// The `tcp_sock` of a TCP socket, as a pointer that this reader may follow; null for another.
    unsafe fn tcp_sock(sock: *const u8) -> *const u8;
}

/// The value of a member of the struct at `base`.
#[inline(always)]
pub(crate) unsafe fn member<R: Reader, T: Copy + Default>(base: *const u8, member: Member) -> T {
    unsafe { R::read(base.add(offset(member))) }
}

/// The pointer in a member of the struct at `base`.
#[inline(always)]
pub(crate) unsafe fn pointer<R: Reader>(base: *const u8, member: Member) -> *const u8 {
    unsafe { R::read::<Pointer>(base.add(offset(member))).0 }
}

/// A pointer that is null by default.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Pointer(pub(crate) *const u8);

impl Default for Pointer {
    #[inline(always)]
    fn default() -> Self {
        Self(core::ptr::null())
    }
}

/// Plain loads through pointers whose types the verifier knows (tp_btf, fexit, iterators): one instruction each; the
/// kernel makes a bad address read as zero.
pub(crate) struct Typed;

impl Reader for Typed {
    #[inline(always)]
    unsafe fn read<T: Copy + Default>(address: *const u8) -> T {
        // Volatile: a load must stay one load of its own size, or the verifier sees one across two members.
        unsafe { core::ptr::read_volatile(address.cast::<T>()) }
    }

    #[inline(always)]
    unsafe fn tcp_sock(sock: *const u8) -> *const u8 {
        // The verifier must be told that this is more than a `struct sock`.
        unsafe { aya_ebpf::helpers::bpf_skc_to_tcp_sock(sock.cast_mut().cast()).cast::<u8>().cast_const() }
    }
}

/// A helper call a read, where pointers have no types (raw_tp).
pub(crate) struct Probe;

impl Reader for Probe {
    #[inline(always)]
    unsafe fn read<T: Copy + Default>(address: *const u8) -> T {
        // Where the address is bad the helper writes zeros, so there is no need to ask: each question would double what
        // the verifier has to walk.
        let mut value = T::default();
        unsafe { bpf_probe_read_kernel((&raw mut value).cast(), size_of::<T>() as u32, address.cast()) };
        value
    }

    #[inline(always)]
    unsafe fn tcp_sock(sock: *const u8) -> *const u8 {
        sock
    }
}
