//! The store of ends, and the indexes by which an end finds its other.

use std::hash::{Hash, Hasher};
use std::iter;

use rustc_hash::{FxHashMap, FxHasher};

use super::end::{End, EndIndex, Tuple, TupleNumber};
use crate::connection::{Protocol, SequencePair};

/// All ends.
#[derive(Debug, Default)]
pub(super) struct Ends {
    slots: Vec<Option<End>>,
    free: Vec<EndIndex>,
    /// The first end of each tuple (either way round), by the tuple's number; the others are chained to it.
    by_tuple: FxHashMap<TupleNumber, EndIndex>,
    /// The first TCP end with these sequence numbers; the others are chained to it.
    by_sequence: FxHashMap<SequencePair, EndIndex>,
    /// The number of the round in which ends are being listed.
    round: u32,
}

impl Ends {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.len() == self.free.len()
    }

    /// Makes room for so many more. Where those are many, there will hardly be as many again: then for no more than
    /// those.
    pub(super) fn reserve(&mut self, more: usize) {
        let slots = more.saturating_sub(self.free.len());
        if slots > self.slots.len() {
            self.slots.reserve_exact(slots);
        }
        // Two ends have one tuple at best.
        self.by_tuple.reserve(more / 2);
        self.by_sequence.reserve(more);
    }

    /// Begins a new list.
    pub(super) fn begin_list(&mut self) {
        self.round = self.round.wrapping_add(1);
    }

    /// Lists an end, if it is not listed.
    pub(super) fn list(&mut self, end: EndIndex, list: &mut Vec<EndIndex>) {
        let round = self.round;
        if let Some(entry) = self.get_mut(end)
            && entry.listed != round
        {
            entry.listed = round;
            list.push(end);
        }
    }

    /// Lists the ends whose tuple has that number.
    pub(super) fn list_group(&mut self, number: TupleNumber, list: &mut Vec<EndIndex>) {
        let mut next = self.by_tuple.get(&number).copied();
        while let Some(end) = next {
            next = self.next_of_tuple(end);
            self.list(end, list);
        }
    }

    /// Whether an end is the one that its group is found by.
    pub(super) fn leads(&self, end: EndIndex, group: TupleNumber) -> bool {
        self.by_tuple.get(&group) == Some(&end)
    }

    pub(super) fn get(&self, end: EndIndex) -> Option<&End> {
        self.slots.get(end.slot())?.as_ref()
    }

    pub(super) fn get_mut(&mut self, end: EndIndex) -> Option<&mut End> {
        self.slots.get_mut(end.slot())?.as_mut()
    }

    pub(super) fn add(&mut self, end: End) -> EndIndex {
        if let Some(index) = self.free.pop() {
            self.slots[index.slot()] = Some(end);
            return index;
        }
        self.slots.push(Some(end));
        EndIndex::of(self.slots.len() - 1)
    }

    /// Removes an end that is in no index any more.
    pub(super) fn remove(&mut self, end: EndIndex) -> Option<End> {
        let removed = self.slots.get_mut(end.slot())?.take()?;
        self.free.push(end);
        Some(removed)
    }

    /// The number under which the ends of a connection with that tuple are found; `None` where no other end can be
    /// found by it. Loopback addresses mean something in their own namespace only, so that is part of theirs.
    fn tuple_number(end: &End, tuple: Tuple) -> Option<TupleNumber> {
        if !tuple.is_complete() || tuple.is_own_reverse() {
            return None;
        }
        let canonical = tuple.canonical();
        let mut hasher = FxHasher::default();
        (end.protocol, canonical.local, canonical.remote).hash(&mut hasher);
        tuple.is_loopback().then(|| end.place()).hash(&mut hasher);
        Some(TupleNumber::new(hasher.finish()).unwrap_or(TupleNumber::MIN))
    }

    /// Puts an end into the indexes.
    pub(super) fn index(&mut self, index: EndIndex, tuple: Option<Tuple>) {
        let Some(end) = self.slots.get_mut(index.slot()).and_then(Option::as_mut) else { return };
        end.tuple = tuple.and_then(|tuple| Self::tuple_number(end, end.effective(tuple)));
        if let Some(tuple) = end.tuple {
            end.next_of_tuple = self.by_tuple.insert(tuple, index);
        }
        if end.protocol == Protocol::Tcp
            && let Some(sequence) = end.sequence
        {
            end.next_of_sequence = self.by_sequence.insert(sequence, index);
        }
    }

    /// Takes an end out of the indexes; it must still be what it was when it was put in.
    pub(super) fn unindex(&mut self, index: EndIndex) {
        let Some(end) = self.get_mut(index) else { return };
        let (tuple, sequence) = (end.tuple.take(), end.sequence);
        let after_of_tuple = end.next_of_tuple.take();
        let after_of_sequence = end.next_of_sequence.take();
        if let Some(tuple) = tuple {
            let before = self.with_tuple(tuple).find(|&other| self.next_of_tuple(other) == Some(index));
            if let Some(before) = before.and_then(|before| self.get_mut(before)) {
                before.next_of_tuple = after_of_tuple;
            } else if let Some(after) = after_of_tuple {
                self.by_tuple.insert(tuple, after);
            } else {
                self.by_tuple.remove(&tuple);
            }
        }
        if let Some(sequence) = sequence
            && self.by_sequence.contains_key(&sequence)
        {
            let before =
                self.with_sequence(sequence).find(|&other| self.next_of_sequence(other) == Some(index));
            if let Some(before) = before.and_then(|before| self.get_mut(before)) {
                before.next_of_sequence = after_of_sequence;
            } else if self.by_sequence.get(&sequence) == Some(&index) {
                match after_of_sequence {
                    Some(after) => self.by_sequence.insert(sequence, after),
                    None => self.by_sequence.remove(&sequence),
                };
            }
        }
    }

    /// The ends whose tuple has that number.
    pub(super) fn with_tuple(&self, number: TupleNumber) -> impl Iterator<Item = EndIndex> {
        iter::successors(self.by_tuple.get(&number).copied(), |&end| self.next_of_tuple(end))
    }

    /// The TCP ends that have these sequence numbers.
    pub(super) fn with_sequence(&self, sequence: SequencePair) -> impl Iterator<Item = EndIndex> {
        iter::successors(self.by_sequence.get(&sequence).copied(), |&end| self.next_of_sequence(end))
    }

    /// The TCP ends that are the other end of a connection with these sequence numbers.
    pub(super) fn opposite(&self, own: SequencePair) -> impl Iterator<Item = EndIndex> {
        let passive = SequencePair { sent: own.received, received: own.sent.wrapping_add(1) };
        let active = SequencePair { sent: own.received.wrapping_sub(1), received: own.sent };
        self.with_sequence(passive).chain(self.with_sequence(active))
    }

    fn next_of_tuple(&self, end: EndIndex) -> Option<EndIndex> {
        self.get(end)?.next_of_tuple
    }

    fn next_of_sequence(&self, end: EndIndex) -> Option<EndIndex> {
        self.get(end)?.next_of_sequence
    }
}
