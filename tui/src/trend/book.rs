//! Rings by what they are of.

use std::hash::Hash;
use std::ops::Range;

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
    /// Notes what is known of the things of a tick, in their order.
    pub(super) fn write(&mut self, tick: Tick, samples: impl Iterator<Item = Sample>) {
        if self.rings.len() < self.slots.room() {
            self.rings.resize_with(self.slots.room(), || None);
        }
        for (&slot, sample) in self.slots.of_this_tick().iter().zip(samples) {
            if let Some(ring) = self.rings.get_mut(slot as usize) {
                ring.get_or_insert_with(|| Ring::new(sample)).write(tick, sample);
            }
        }
    }

    pub(super) fn ring(&self, slot: u32) -> Option<&Ring> {
        self.rings.get(slot as usize)?.as_ref()
    }

    /// How many of the things are not of this tick.
    pub(super) fn gone(&self) -> usize {
        self.slots.len().saturating_sub(self.slots.of_this_tick().len())
    }

    /// Forgets the things of some slots that are to be forgotten by what is known of them, at this tick and at an earlier
    /// one, and gives back what memory tells nothing.
    pub(super) fn clean(&mut self, among: Range<usize>, ticks: [u64; 2], stays: impl Fn([u64; 2]) -> bool) {
        let rings = &mut self.rings;
        self.slots.retain(among, |slot| {
            let Some(slot) = rings.get_mut(slot as usize) else { return false };
            let known = ticks.map(|tick| slot.as_ref().map_or(0, |ring| ring.known_at(tick)));
            let stays = stays(known);
            if stays {
                slot.iter_mut().for_each(Ring::shrink);
            } else {
                *slot = None;
            }
            stays
        });
    }
}
