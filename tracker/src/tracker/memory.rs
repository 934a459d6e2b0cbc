//! Gives back memory that a big tick took.

#![allow(unsafe_code, reason = "the allocator has no other door")]

/// Returns what is free to the kernel. The first picture of a busy host passes through buffers of several times its
/// size; the allocator would keep them for ever, and so would whoever looks at the program's size.
pub(super) fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it may be called at any time, from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}
