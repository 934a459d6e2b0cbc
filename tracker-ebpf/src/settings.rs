//! What user space fills in before the program loads. The maps' memory is frozen then, so the verifier takes
//! each value for a constant and drops the branches that it rules out.

use core::ptr;

use scopetop_tracker_ebpf::{MEMBER_COUNT, Member, Offsets, SETTING_COUNT, Setting};

/// See [`Offsets`].
#[unsafe(no_mangle)]
static OFFSETS: Offsets = [0; MEMBER_COUNT];

/// See [`Setting`].
#[unsafe(no_mangle)]
static SETTINGS: [u32; SETTING_COUNT] = [0; SETTING_COUNT];

/// Where a member sits in its struct.
#[inline(always)]
pub(crate) fn offset(member: Member) -> usize {
    // Volatile: the compiler would take the zeros above for the truth.
    // SAFETY: the index is below the array's length by the enum's construction.
    unsafe { ptr::read_volatile((&raw const OFFSETS).cast::<u32>().add(member as usize)) as usize }
}

/// What user space decided.
#[inline(always)]
pub(crate) fn setting(setting: Setting) -> u32 {
    // SAFETY: as above.
    unsafe { ptr::read_volatile((&raw const SETTINGS).cast::<u32>().add(setting as usize)) }
}
