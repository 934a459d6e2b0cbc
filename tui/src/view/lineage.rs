//! What a view has of the one before it: whoever made something of that need not make it anew.

use super::atlas::inverse;

/// The place of what was not there.
const NOWHERE: u32 = u32::MAX;

/// Which view this is, and how it differs from the one before it.
#[derive(Clone, Debug, Default)]
pub struct Lineage {
    /// Its number: no other view of the same [`Maker`](super::Maker) has it. 0 for one that was made in another way: of
    /// that nothing is known.
    pub number: u64,
    /// The number of the view that [`Lineage::nodes`] and [`Lineage::edges`] compare it with; 0 where there is none:
    /// then they tell nothing, and all may be other than it was.
    pub before: u64,
    /// How its nodes differ.
    pub nodes: Moves,
    /// How its edges differ: each is known by its ends and its service. That an end stands elsewhere changes no edge.
    pub edges: Moves,
}

/// How the things of one kind differ from those of the view before.
#[derive(Clone, Debug, Default)]
pub struct Moves {
    /// Where each stood, by its place now. `None` where none came, none went and so none moved.
    pub(super) stood: Option<Vec<u32>>,
    /// See [`Moves::changed`].
    pub(super) changed: Vec<u32>,
    /// How many there are that were not there before.
    pub(super) came: usize,
}

impl Lineage {
    /// Whether this view can be made of what was made of the view of that number: it is the one before.
    pub fn follows(&self, number: u64) -> bool {
        number != 0 && self.before == number
    }
}

impl Moves {
    /// Whether the same things are there as before, each where it stood.
    pub fn is_still(&self) -> bool {
        self.stood.is_none()
    }

    /// Where the thing at this place stood before; `None` where it was not there.
    pub fn stood(&self, place: usize) -> Option<usize> {
        let Some(stood) = &self.stood else { return Some(place) };
        stood.get(place).filter(|&&before| before != NOWHERE).map(|&before| before as usize)
    }

    /// How many things were not there before.
    pub fn came(&self) -> usize {
        self.came
    }

    /// The places of things that were not there before, in their order.
    pub fn newcomers(&self) -> impl Iterator<Item = usize> + '_ {
        let stood = self.stood.as_deref().unwrap_or_default();
        stood.iter().enumerate().filter(|(_, before)| **before == NOWHERE).map(|(place, _)| place)
    }

    /// Where things stood that are there no more, of so many that were there before.
    pub fn left(&self, before: usize) -> Vec<usize> {
        let Some(stood) = &self.stood else { return Vec::new() };
        let now = inverse(stood, before);
        (0..before).filter(|&place| now[place] == NOWHERE).collect()
    }

    /// The places of things that were there before, and of which something other is told now: what they are called, or
    /// any number. In their order, each once.
    pub fn changed(&self) -> &[u32] {
        &self.changed
    }

    /// What was made of the things before, by their places, put in the order of those that are there now; where there is
    /// nothing to take over, something new.
    pub fn carry<T: Clone>(&self, before: &mut Vec<T>, count: usize, new: T) {
        if self.is_still() {
            before.resize(count, new);
            return;
        }
        let carried = |place| self.stood(place).and_then(|stood| before.get(stood)).unwrap_or(&new).clone();
        *before = (0..count).map(carried).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_of_things_goes_with_them() {
        let moves = Moves { stood: Some(vec![2, NOWHERE, 0, 9]), came: 1, ..Moves::default() };
        let mut made = vec!['a', 'b', 'c'];
        moves.carry(&mut made, 4, '?');
        assert_eq!(made, ['c', '?', 'a', '?']);
        assert_eq!((moves.stood(0), moves.stood(1), moves.stood(4)), (Some(2), None, None));
        assert_eq!((moves.newcomers().collect::<Vec<_>>(), moves.left(3)), (vec![1], vec![1]));
        assert!(!moves.is_still());
    }

    #[test]
    fn where_none_moved_each_stands_where_it_stood() {
        let moves = Moves::default();
        let mut made = vec!['a', 'b'];
        moves.carry(&mut made, 2, '?');
        assert_eq!((made, moves.stood(1)), (vec!['a', 'b'], Some(1)));
        assert_eq!((moves.newcomers().count(), moves.left(2).len()), (0, 0));
    }

    #[test]
    fn only_the_next_view_follows() {
        let lineage = Lineage { number: 8, before: 7, ..Lineage::default() };
        assert!(lineage.follows(7) && !lineage.follows(6) && !lineage.follows(8));
        assert!(!Lineage::default().follows(0), "where nothing is known");
    }
}
