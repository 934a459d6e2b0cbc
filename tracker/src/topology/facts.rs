//! What ticks told once and may never tell again.

use std::collections::VecDeque;
use std::hash::Hash;

use rustc_hash::FxHashMap;

/// Facts by identity. A tick explains a process when a socket names it for the first time only, so its facts must
/// outlive its node; on a host that starts hundreds of processes a second they cannot all be kept for ever. Those
/// out of use go when more than [`Facts::SPARE`] have gone out of use after them.
#[derive(Debug)]
pub(super) struct Facts<K, V> {
    known: FxHashMap<K, Fact<V>>,
    /// Out of use, the longest first, each with the moment at which it was put here.
    spare: VecDeque<(K, u64)>,
    moment: u64,
}

#[derive(Debug)]
struct Fact<V> {
    value: V,
    /// When it went out of use; `None` while it is in use.
    spare_since: Option<u64>,
}

impl<K, V> Default for Facts<K, V> {
    fn default() -> Self {
        Self { known: FxHashMap::default(), spare: VecDeque::new(), moment: 0 }
    }
}

impl<K: Clone + Eq + Hash, V> Facts<K, V> {
    const SPARE: usize = 4096;

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.known.get(key).map(|fact| &fact.value)
    }

    pub(super) fn set(&mut self, key: K, value: V) {
        self.known.insert(key, Fact { value, spare_since: None });
    }

    /// It is in use again.
    pub(super) fn keep(&mut self, key: &K) {
        if let Some(fact) = self.known.get_mut(key) {
            fact.spare_since = None;
        }
    }

    /// It is out of use.
    pub(super) fn spare(&mut self, key: &K) {
        let Some(fact) = self.known.get_mut(key) else { return };
        self.moment += 1;
        fact.spare_since = Some(self.moment);
        self.spare.push_back((key.clone(), self.moment));
        while self.spare.len() > Self::SPARE {
            let Some((key, moment)) = self.spare.pop_front() else { return };
            if self.known.get(&key).is_some_and(|fact| fact.spare_since == Some(moment)) {
                self.known.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_use_longest_goes_and_what_is_in_use_stays() {
        let mut facts = Facts::default();
        for key in 0..3 {
            facts.set(key, ());
            facts.spare(&key);
        }
        facts.keep(&0);
        facts.spare(&1);
        for key in 3..3 + Facts::<usize, ()>::SPARE - 1 {
            facts.set(key, ());
            facts.spare(&key);
        }
        assert_eq!(facts.get(&0), Some(&()), "in use");
        assert_eq!(facts.get(&1), Some(&()), "went out of use again later");
        assert_eq!(facts.get(&2), None);
    }
}
