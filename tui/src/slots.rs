//! Small numbers for things that come and go, so that what is known of them lies in a list.

use std::hash::Hash;
use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::view::Moves;

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
    /// Finds the slots of the things of a view, of which there are so many, by what they stand for. Where it is known how they
    /// moved since the last time, nobody is asked for what was there then.
    pub(crate) fn follow(&mut self, moves: Option<&Moves>, count: usize, key: impl Fn(usize) -> K) {
        match moves {
            Some(moves) if moves.is_still() && count == self.order_now.len() => {}
            Some(moves) => {
                self.begin();
                for place in 0..count {
                    let before = moves.stood(place).and_then(|stood| self.order.get(stood)).copied();
                    let slot = before.unwrap_or_else(|| self.look_up(&key(place)));
                    self.order_now.push(slot);
                }
            }
            None => {
                self.begin();
                for place in 0..count {
                    self.slot(&key(place));
                }
            }
        }
    }

    /// A tick begins: [`Slots::slot`] is asked for each thing of it, in the view's order.
    fn begin(&mut self) {
        std::mem::swap(&mut self.order, &mut self.order_now);
        self.order_now.clear();
        self.expected = 0;
    }

    /// The slot of a thing of this tick.
    fn slot(&mut self, key: &K) -> u32 {
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

    /// The same of the time before, if [`Slots::follow`] was told of moves that are not still.
    pub(crate) fn of_the_tick_before(&self) -> &[u32] {
        &self.order
    }

    /// How many things have a slot.
    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// How many slots there are, with a thing or without.
    pub(crate) fn room(&self) -> usize {
        self.entries.len()
    }

    /// Forgets the things of some slots among these.
    pub(crate) fn retain(&mut self, among: Range<usize>, mut stays: impl FnMut(u32) -> bool) {
        let among = among.start.min(self.entries.len())..among.end.min(self.entries.len());
        for (slot, entry) in (among.start as u32..).zip(&mut self.entries[among]) {
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
