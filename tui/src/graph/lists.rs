//! Many short lists of numbers, one after the other in memory.

/// Lists of numbers: for each of some things, its own.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists {
    /// Where each thing's numbers begin, and behind the last where they end.
    starts: Vec<u32>,
    numbers: Vec<u32>,
}

impl Lists {
    /// Of numbers, told with the thing that each belongs to: one of `count` that are counted from 0. A thing's numbers
    /// stay in the order in which they were told. In time proportional to both.
    pub(super) fn new(count: usize, told: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut starts = vec![0_u32; count + 1];
        for (thing, _) in told.clone() {
            starts[thing as usize + 1] += 1;
        }
        for thing in 0..count {
            starts[thing + 1] += starts[thing];
        }
        let mut numbers = vec![0; starts[count] as usize];
        let mut next = starts.clone();
        for (thing, number) in told {
            let place = &mut next[thing as usize];
            numbers[*place as usize] = number;
            *place += 1;
        }
        Self { starts, numbers }
    }

    /// The numbers of a thing.
    pub(super) fn of(&self, thing: usize) -> &[u32] {
        &self.numbers[self.starts[thing] as usize..self.starts[thing + 1] as usize]
    }

    /// How many numbers there are in all.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_has_its_numbers_in_the_order_told() {
        let lists = Lists::new(4, [(2, 9), (0, 4), (2, 1), (2, 9)].into_iter());
        assert_eq!(
            [0, 1, 2, 3].map(|thing| lists.of(thing).to_vec()),
            [vec![4], vec![], vec![9, 1, 9], vec![]]
        );
        assert_eq!(lists.len(), 4);
        assert_eq!(Lists::new(0, std::iter::empty()).len(), 0);
    }
}
