//! Rings by what they are of.

use std::hash::Hash;

use super::ring::{Ring, Sample, Tick};
use crate::slots::Slots;

/// The rings of all things of one kind.
#[derive(Debug)]
pub(super) struct Book<K> {
    pub(super) slots: Slots<K>,
    /// By slot.
    rings: Vec<Option<Ring>>,
}

impl<K> Default for Book<K> {
    fn default() -> Self {
        Self { slots: Slots::default(), rings: Vec::new() }
    }
}

impl<K: Clone + Eq + Hash> Book<K> {
    /// Notes what is known of a thing in a tick.
    pub(super) fn write(&mut self, slot: u32, tick: Tick, sample: Sample) {
        let slot = slot as usize;
        if self.rings.len() <= slot {
            self.rings.resize_with(slot + 1, || None);
        }
        self.rings[slot].get_or_insert_with(|| Ring::new(sample)).write(tick, sample);
    }

    pub(super) fn ring(&self, slot: u32) -> Option<&Ring> {
        self.rings.get(slot as usize)?.as_ref()
    }

    /// How many of the things are not of this tick.
    pub(super) fn gone(&self) -> usize {
        self.slots.len().saturating_sub(self.slots.of_this_tick().len())
    }

    /// Forgets the things of which nothing is known any more; with `all`, all that are not of this tick.
    pub(super) fn clean(&mut self, now: u64, all: bool) {
        let rings = &mut self.rings;
        self.slots.retain(|slot| {
            let Some(slot) = rings.get_mut(slot as usize) else { return false };
            let known = slot.as_ref().map_or(0, |ring| ring.known_at(now));
            let stays = if all { known & 1 == 1 } else { known != 0 };
            if stays {
                slot.iter_mut().for_each(Ring::shrink);
            } else {
                *slot = None;
            }
            stays
        });
    }
}
