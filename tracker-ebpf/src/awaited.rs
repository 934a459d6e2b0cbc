//! The accepted sockets whose user is not yet known: a set of pointers.
//!
//! The look-up stands at every receive and send of every socket on the host, and is almost always a miss. A hash map's
//! helper takes about 100 ns for it; these are two loads.

use core::arch::asm;
use core::cell::UnsafeCell;

/// The places, a power of two.
const PLACES: usize = 65_536;

/// See the module.
pub(crate) static AWAITED: Awaited = Awaited(UnsafeCell::new([0; PLACES]));

/// Each pointer has two places where it may be. When both are taken it is in neither, and its user is left to the scan:
/// with 1,000 awaited at a time that is one in 4,000. Programs on several processors write without a lock, each a whole
/// word: what can be lost, by two that take one place in the same moment, is again left to the scan.
pub(crate) struct Awaited(UnsafeCell<[u64; PLACES]>);

// SAFETY: only whole words are read and written, and any of them may be lost, see above.
unsafe impl Sync for Awaited {}

impl Awaited {
    /// Puts a pointer in.
    #[inline(always)]
    pub(crate) fn put(&self, pointer: u64) {
        let (first, second) = self.places(pointer);
        // SAFETY: both are places within the array, see `places`.
        unsafe {
            if first.read_volatile() == 0 {
                first.write_volatile(pointer);
            } else if second.read_volatile() == 0 {
                second.write_volatile(pointer);
            }
        }
    }

    /// Takes a pointer out, and tells whether it was in.
    #[inline(always)]
    pub(crate) fn take(&self, pointer: u64) -> bool {
        let (first, second) = self.places(pointer);
        // SAFETY: as above.
        unsafe {
            let place = if first.read_volatile() == pointer {
                first
            } else if second.read_volatile() == pointer {
                second
            } else {
                return false;
            };
            place.write_volatile(0);
            true
        }
    }

    /// The two places of a pointer.
    #[inline(always)]
    fn places(&self, pointer: u64) -> (*mut u64, *mut u64) {
        let low: u32;
        // The verifier allows no arithmetic with a pointer; a copy of its low half is a number. In assembly, since the
        // compiler would leave the copy out.
        // SAFETY: it copies a register.
        unsafe { asm!("{low} = {pointer}", low = lateout(wreg) low, pointer = in(wreg) pointer as u32) };
        // Fibonacci's hash: the high bits of a product depend on all of it; the other factor is as good a one.
        let first = (low.wrapping_mul(0x9e37_79b9) >> 16) as usize % PLACES;
        let second = (low.wrapping_mul(0x85eb_ca6b) >> 16) as usize % PLACES;
        let base = self.0.get().cast::<u64>();
        // SAFETY: the remainders are below the array's length.
        unsafe { (base.add(first), base.add(second)) }
    }
}
