//! Who of a view's nodes was in the view before.

use super::build::Picture;
use crate::graph::roster::Moves;
use crate::view::View;

fn view(pids: &[u32]) -> View {
    pids.iter().fold(Picture::default(), |picture, pid| picture.host(&format!("one {pid}"), "")).view()
}

#[test]
fn those_who_stay_are_found_where_they_stand_now() {
    let mut keys = Vec::new();
    let first = view(&[2, 4, 6]);
    let moves = Moves::take(&mut keys, &first);
    assert_eq!((moves.now(0), moves.came(&first.nodes[2].key, &first)), (None, Some(2)));
    let moves = Moves::take(&mut keys, &first);
    assert_eq!((moves.now(2), moves.came(&first.nodes[2].key, &first)), (Some(2), None));
    let after = view(&[1, 2, 5, 6, 9]);
    let moves = Moves::take(&mut keys, &after);
    assert_eq!([0, 1, 2, 3].map(|before| moves.now(before)), [Some(1), None, Some(3), None]);
    let came = after.nodes.iter().map(|node| moves.came(&node.key, &after));
    assert_eq!(came.collect::<Vec<_>>(), [Some(0), None, Some(2), None, Some(4)]);
    assert_eq!(keys, after.nodes.iter().map(|node| node.key.clone()).collect::<Vec<_>>());
    let moves = Moves::take(&mut keys, &View::default());
    assert_eq!((moves.now(0), keys.len()), (None, 0));
}
