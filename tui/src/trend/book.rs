//! Rings by what they are of.

use std::hash::Hash;

use rustc_hash::FxHashMap;

use super::ring::{Ring, Sample, Tick};

/// The rings of all things of one kind. A thing keeps its slot as long as it has a ring.
#[derive(Debug)]
pub(super) struct Book<K> {
    slots: Vec<Option<Entry<K>>>,
    free: Vec<u32>,
    by_key: FxHashMap<K, u32>,
    /// The slots in the order in which they were asked for in the tick before: views hardly change their order, so the
    /// next one asked for is most often the next one here, and nobody has to look it up.
    order: Vec<u32>,
    /// The same of this tick.
    order_now: Vec<u32>,
    /// Where in `order` the next one is expected.
    expected: usize,
}

#[derive(Debug)]
struct Entry<K> {
    key: K,
    /// Its place in [`Book::order`], if it has one.
    place: u32,
    ring: Option<Ring>,
}

impl<K> Default for Book<K> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            by_key: FxHashMap::default(),
            order: Vec::new(),
            order_now: Vec::new(),
            expected: 0,
        }
    }
}

impl<K: Clone + Eq + Hash> Book<K> {
    /// A tick begins: [`Book::slot`] is asked for each thing of it, in the view's order.
    pub(super) fn begin(&mut self) {
        std::mem::swap(&mut self.order, &mut self.order_now);
        self.order_now.clear();
        self.expected = 0;
    }

    /// The slot of a thing of this tick.
    pub(super) fn slot(&mut self, key: &K) -> u32 {
        let slot = self.expected_slot(key).unwrap_or_else(|| self.look_up(key));
        if let Some(Some(entry)) = self.slots.get_mut(slot as usize) {
            entry.place = self.order_now.len() as u32;
        }
        self.order_now.push(slot);
        slot
    }

    fn expected_slot(&mut self, key: &K) -> Option<u32> {
        let &slot = self.order.get(self.expected)?;
        let entry = self.slots.get(slot as usize)?.as_ref()?;
        if entry.key != *key {
            return None;
        }
        self.expected += 1;
        Some(slot)
    }

    fn look_up(&mut self, key: &K) -> u32 {
        if let Some(&slot) = self.by_key.get(key) {
            if let Some(Some(entry)) = self.slots.get(slot as usize)
                && self.order.get(entry.place as usize) == Some(&slot)
            {
                self.expected = entry.place as usize + 1;
            }
            return slot;
        }
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        let entry = Some(Entry { key: key.clone(), place: u32::MAX, ring: None });
        match self.slots.get_mut(slot as usize) {
            Some(free) => *free = entry,
            None => self.slots.push(entry),
        }
        self.by_key.insert(key.clone(), slot);
        slot
    }

    /// Notes what is known of a thing in a tick.
    pub(super) fn write(&mut self, slot: u32, tick: Tick, sample: Sample) {
        if let Some(Some(entry)) = self.slots.get_mut(slot as usize) {
            entry.ring.get_or_insert_with(|| Ring::new(sample)).write(tick, sample);
        }
    }

    pub(super) fn find(&self, key: &K) -> Option<u32> {
        self.by_key.get(key).copied()
    }

    pub(super) fn ring(&self, slot: u32) -> Option<&Ring> {
        self.slots.get(slot as usize)?.as_ref()?.ring.as_ref()
    }

    /// How many of the things are not of this tick.
    pub(super) fn gone(&self) -> usize {
        self.by_key.len().saturating_sub(self.order_now.len())
    }

    /// Forgets the things of which nothing is known any more; with `all`, all that are not of this tick.
    pub(super) fn clean(&mut self, now: u64, all: bool) {
        for (slot, entry) in (0..).zip(&mut self.slots) {
            let Some(Entry { ring, .. }) = entry else { continue };
            let known = ring.as_ref().map_or(0, |ring| ring.known_at(now));
            let stays = if all { known & 1 == 1 } else { known != 0 };
            if stays {
                ring.iter_mut().for_each(Ring::shrink);
            } else if let Some(Entry { key, .. }) = entry.take() {
                self.by_key.remove(&key);
                self.free.push(slot);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }
}
