//! Rings by what they are of.

use std::hash::Hash;
use std::ops::Range;

use super::ring::{Known, Ring, Sample, Tick};
use crate::slots::Slots;
use crate::view::Moves;

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
    /// Notes what is known of the things of a tick, after those recorded. Where it is known how they differ from those
    /// recorded last, only what came, left or changed is looked at.
    pub(super) fn write(
        &mut self,
        recorded: Known,
        tick: Tick,
        moves: Option<&Moves>,
        sample: impl Fn(usize) -> Option<Sample>,
    ) {
        if self.rings.len() < self.slots.room() {
            self.rings.resize_with(self.slots.room(), || None);
        }
        let Self { slots, rings } = self;
        let now = slots.of_this_tick();
        match moves {
            Some(moves) => {
                let before = slots.of_the_tick_before();
                for left in moves.left(before.len()) {
                    if let Some(Some(ring)) = before.get(left).and_then(|&slot| rings.get_mut(slot as usize))
                    {
                        ring.end(recorded);
                    }
                }
            }
            None => rings.iter_mut().flatten().for_each(|ring| ring.end(recorded)),
        }
        let mut write = |place: usize| {
            let ring = now.get(place).and_then(|&slot| rings.get_mut(slot as usize));
            if let (Some(ring), Some(sample)) = (ring, sample(place)) {
                ring.get_or_insert_with(|| Ring::new(sample)).write(recorded, tick, sample);
            }
        };
        match moves {
            Some(moves) => {
                moves.newcomers().chain(moves.changed().iter().map(|&place| place as usize)).for_each(write);
            }
            None => (0..now.len()).for_each(&mut write),
        }
    }

    pub(super) fn ring(&self, slot: u32) -> Option<&Ring> {
        self.rings.get(slot as usize)?.as_ref()
    }

    /// How many of the things are not of this tick.
    pub(super) fn gone(&self) -> usize {
        self.slots.len().saturating_sub(self.slots.of_this_tick().len())
    }

    /// Forgets the things of some slots that are to be forgotten by what is known of them, at the newest tick recorded and at
    /// an earlier one, and gives back what memory tells nothing.
    pub(super) fn clean(
        &mut self,
        among: Range<usize>,
        recorded: Known,
        earlier: u64,
        stays: impl Fn([u64; 2]) -> bool,
    ) {
        let rings = &mut self.rings;
        self.slots.retain(among, |slot| {
            let Some(slot) = rings.get_mut(slot as usize) else { return false };
            let stays = stays(slot.as_mut().map_or([0; 2], |ring| {
                ring.settle(recorded);
                [recorded.last(), earlier].map(|tick| ring.known_at(tick))
            }));
            if stays {
                slot.iter_mut().for_each(Ring::shrink);
            } else {
                *slot = None;
            }
            stays
        });
    }
}
