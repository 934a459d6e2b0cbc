//! Long lists in which a few things come and go.

use std::collections::VecDeque;

use scopetop_tracker::topology::grouping::NOWHERE;

/// Takes the things at some places (in their order) out of a list, and puts others (in their order) in, each before the
/// first that it is before. Every thing that stays is handed to `stays` before anything is asked of it. All in one go and,
/// as far as there is room, in the memory of the list. Returns where each thing stood.
pub(super) fn splice<T>(
    list: &mut Vec<T>,
    gone: &[u32],
    came: Vec<T>,
    mut stays: impl FnMut(&mut T),
    is_before: impl Fn(&T, &T) -> bool,
) -> Vec<u32> {
    let mut stood = Vec::with_capacity((list.len() + came.len()).saturating_sub(gone.len()));
    let mut gone = gone.iter().copied().peekable();
    let mut came = came.into_iter().peekable();
    // What was read and has no place yet: as many as came more than went so far.
    let mut waiting = VecDeque::new();
    let next = |(place, mut item): (usize, T)| {
        if gone.next_if_eq(&(place as u32)).is_some() {
            return waiting.pop_front();
        }
        stays(&mut item);
        while let Some(new) = came.next_if(|new| is_before(new, &item)) {
            waiting.push_back(new);
            stood.push(NOWHERE);
        }
        stood.push(place as u32);
        if waiting.is_empty() {
            return Some(item);
        }
        waiting.push_back(item);
        waiting.pop_front()
    };
    // Collected where they were: one comes for one at most.
    let mut spliced: Vec<T> = std::mem::take(list).into_iter().enumerate().filter_map(next).collect();
    spliced.extend(waiting);
    for new in came {
        spliced.push(new);
        stood.push(NOWHERE);
    }
    *list = spliced;
    stood
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_goes_is_out_what_comes_is_in_its_place(
            before in prop::collection::btree_set(0..60_u32, 0..30),
            touched in prop::collection::btree_set(0..60_u32, 0..30),
        ) {
            let mut list: Vec<u32> = before.iter().copied().collect();
            let gone: Vec<u32> = (0..).zip(&list).filter(|(_, item)| touched.contains(item)).map(|(place, _)| place).collect();
            let came: Vec<u32> = touched.difference(&before).copied().collect();
            let after: Vec<u32> = before.symmetric_difference(&touched).copied().collect();
            let mut stayed = Vec::new();
            let stood = splice(&mut list, &gone, came, |item| stayed.push(*item), |one, other| one < other);
            prop_assert_eq!(&list, &after);
            let before: Vec<u32> = before.into_iter().collect();
            let told: Vec<Option<u32>> = stood.iter().map(|&place| before.get(place as usize).copied()).collect();
            let meant: Vec<Option<u32>> = after.iter().map(|item| before.contains(item).then_some(*item)).collect();
            prop_assert_eq!(told, meant);
            prop_assert!(stayed.iter().all(|item| !touched.contains(item)) && stayed.is_sorted());
        }
    }
}
