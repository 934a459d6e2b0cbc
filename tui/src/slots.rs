//! Small numbers for things that come and go, so that what is known of them lies in a list.

use std::hash::Hash;

use rustc_hash::FxHashMap;

/// Numbers of the things of one kind: each keeps its number from one tick to the next, as long as it is retained.
#[derive(Debug)]
pub(crate) struct Slots<K> {
    entries: Vec<Option<Entry<K>>>,
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
    /// Its place in [`Slots::order`], if it has one.
    place: u32,
}

impl<K> Default for Slots<K> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            free: Vec::new(),
            by_key: FxHashMap::default(),
            order: Vec::new(),
            order_now: Vec::new(),
            expected: 0,
        }
    }
}

impl<K: Clone + Eq + Hash> Slots<K> {
    /// A tick begins: [`Slots::slot`] is asked for each thing of it, in the view's order.
    pub(crate) fn begin(&mut self) {
        std::mem::swap(&mut self.order, &mut self.order_now);
        self.order_now.clear();
        self.expected = 0;
    }

    /// The slot of a thing of this tick.
    pub(crate) fn slot(&mut self, key: &K) -> u32 {
        let slot = self.expected_slot(key).unwrap_or_else(|| self.look_up(key));
        if let Some(Some(entry)) = self.entries.get_mut(slot as usize) {
            entry.place = self.order_now.len() as u32;
        }
        self.order_now.push(slot);
        slot
    }

    fn expected_slot(&mut self, key: &K) -> Option<u32> {
        let &slot = self.order.get(self.expected)?;
        let entry = self.entries.get(slot as usize)?.as_ref()?;
        if entry.key != *key {
            return None;
        }
        self.expected += 1;
        Some(slot)
    }

    fn look_up(&mut self, key: &K) -> u32 {
        if let Some(&slot) = self.by_key.get(key) {
            if let Some(Some(entry)) = self.entries.get(slot as usize)
                && self.order.get(entry.place as usize) == Some(&slot)
            {
                self.expected = entry.place as usize + 1;
            }
            return slot;
        }
        let slot = self.free.pop().unwrap_or(self.entries.len() as u32);
        let entry = Some(Entry { key: key.clone(), place: u32::MAX });
        match self.entries.get_mut(slot as usize) {
            Some(free) => *free = entry,
            None => self.entries.push(entry),
        }
        self.by_key.insert(key.clone(), slot);
        slot
    }

    /// The slot of a thing that has one.
    pub(crate) fn find(&self, key: &K) -> Option<u32> {
        self.by_key.get(key).copied()
    }

    /// The slots of this tick's things, in the order in which they were asked for.
    pub(crate) fn of_this_tick(&self) -> &[u32] {
        &self.order_now
    }

    /// How many things have a slot.
    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Forgets the things of some slots.
    pub(crate) fn retain(&mut self, mut stays: impl FnMut(u32) -> bool) {
        for (slot, entry) in (0..).zip(&mut self.entries) {
            if entry.is_some()
                && !stays(slot)
                && let Some(Entry { key, .. }) = entry.take()
            {
                self.by_key.remove(&key);
                self.free.push(slot);
            }
        }
    }
}
