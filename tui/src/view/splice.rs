//! Long lists in which a few things come and go.

use scopetop_tracker::topology::grouping::NOWHERE;

/// Takes the things at some places (in their order) out of a list, and puts others (in their order) in, each before the
/// first that it is before. Every thing that stays is handed to `stays` before anything is asked of it. All in the memory
/// of the list, as far as there is room. Returns where each thing stood.
pub(super) fn splice<T: Clone>(
    list: &mut Vec<T>,
    gone: &[u32],
    came: Vec<T>,
    mut stays: impl FnMut(&mut T),
    is_before: impl Fn(&T, &T) -> bool,
) -> Vec<u32> {
    let (mut place, mut left) = (0, gone.iter().copied().peekable());
    let mut kept = Vec::with_capacity(list.len() + came.len());
    list.retain_mut(|item| {
        let is_kept = left.next_if_eq(&place).is_none();
        if is_kept {
            stays(item);
            kept.push(place);
        }
        place += 1;
        is_kept
    });
    let places: Vec<usize> =
        came.iter().map(|new| list.partition_point(|item| !is_before(new, item))).collect();
    let mut stood = kept;
    put_in(&mut stood, &places, vec![NOWHERE; came.len()]);
    put_in(list, &places, came);
    stood
}

/// Puts things into a list, each before the one that is at its place.
fn put_in<T: Clone>(list: &mut Vec<T>, places: &[usize], came: Vec<T>) {
    let mut end = list.len();
    // Any will do: only the room is meant.
    list.extend_from_slice(&came);
    // From the end, so that each of the others moves once, to where it belongs.
    for ((earlier, &place), new) in places.iter().enumerate().zip(came).rev() {
        for there in (place..end).rev() {
            list.swap(there, there + earlier + 1);
        }
        list[place + earlier] = new;
        end = place;
    }
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
