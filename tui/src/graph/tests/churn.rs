//! Groups whose processes come and go all the time.

use super::build::{Picture, draw, process, text};
use super::properties::{check_boxes, check_lines, rows_of};
use crate::graph::GraphState;
use crate::view::{NodeState, View};

const CRAWLER: &str = "crawler  tiny";
const SIZES: [(u16, u16); 3] = [(80, 20), (120, 36), (200, 56)];

/// A crawler beside others that call the same server, so that its column is full.
fn town() -> Picture {
    let town = Picture::default()
        .container(CRAWLER, "sh 1", "")
        .container("web  nginx", "nginx 2", ":80")
        .steady("sh 1", "nginx 2", 80, 1);
    (0..4).fold(town, |town, number| {
        let name = format!("client-{number} {}", 10 + number);
        town.container(&format!("client {number}"), &name, "").steady(&name, "nginx 2", 80, 1)
    })
}

/// One second of it: `wget` runs some times a second, each for a moment.
fn second(second: u32, at_once: u32) -> View {
    let run = |from: u32, state, town: Picture| {
        (from * at_once..(from + 1) * at_once).fold(town, |town, number| {
            let name = format!("wget {}", 1_000 + number);
            let town = town.container(CRAWLER, &name, "").steady(&name, "nginx 2", 80, 1);
            town.with(&name, |node| node.state = state)
        })
    };
    run(second, NodeState::New, run(second + 1, NodeState::Closed, town())).view()
}

/// The boxes in sight of a group that has a process.
fn boxes(state: &GraphState, view: &View, label: &str) -> Vec<(usize, i32, i32)> {
    let node = view.node_place(&process(label)).expect("it is there");
    let blocks = state.plan().places.blocks.iter();
    let own = blocks.filter(|block| block.group == view.nodes[node].group && block.drawn_height() > 0);
    own.map(|block| (block.column, block.top, block.height())).collect()
}

#[test]
fn who_comes_and_goes_has_one_box_and_few_rows() {
    for (size, at_once) in SIZES.into_iter().flat_map(|size| [1, 3, 9].map(|at_once| (size, at_once))) {
        let mut state = GraphState::default();
        draw(&mut state, &town().view(), size, None);
        let first = rows_of(&state, &town().view());
        for number in 0..150 {
            let view = second(number, at_once);
            state.look_again();
            let shown = text(&draw(&mut state, &view, size, None));
            let now = rows_of(&state, &view);
            assert!(first.iter().all(|(key, place)| now[key] == *place), "{size:?}: somebody moved\n{shown}");
            check_boxes(&state, &view).and_then(|()| check_lines(&state, &view)).expect("it is whole");
            let boxes = boxes(&state, &view, "sh 1");
            assert!(boxes.len() == 1 && boxes[0].2 <= 7, "{size:?}, {at_once} at once: {boxes:?}\n{shown}");
            let rows = now.len() - first.len();
            let folded = 2 * at_once as usize - rows;
            let has_room = at_once == 1 && size.1 > 20;
            assert!(!has_room || folded == 0, "one takes the row of the one before\n{shown}");
            assert!(
                folded == 0 || shown.contains(&format!("+{folded} more")),
                "{folded} are not told\n{shown}"
            );
        }
    }
}

/// A box that cannot grow: who comes waits for a row and gets one in a second box if it stays; there is no third.
#[test]
fn who_stays_gets_a_row() {
    let size = (120, 36);
    let mut state = GraphState::default();
    draw(&mut state, &town().view(), size, None);
    let crawler =
        state.plan().places.blocks.iter().find(|block| &*block.title == CRAWLER).expect("it is there");
    let (column, below) = (crawler.column, crawler.end());
    // Another box stands right below.
    let blocked = &mut state.plans[1].places;
    let client = blocked.blocks.iter_mut().find(|block| block.column == column && &*block.title != CRAWLER);
    client.expect("they call the same").top = below + 1;
    let more = |count: u32, state_of_last| {
        let town = (0..count).fold(town(), |town, number| {
            let name = format!("worker-{number} {}", 100 + number);
            town.container(CRAWLER, &name, "").steady(&name, "nginx 2", 80, 1)
        });
        town.with(&format!("worker-{} {}", count - 1, 99 + count), |node| node.state = state_of_last).view()
    };
    let mut look = |view: &View| {
        state.look_again();
        let shown = text(&draw(&mut state, view, size, None));
        check_boxes(&state, view).expect("boxes are apart");
        (shown, boxes(&state, view, "sh 1").len())
    };
    let (shown, count) = look(&more(1, NodeState::New));
    assert!(shown.contains("+1 more") && count == 1, "{shown}");
    let mut last = shown;
    for _ in 0..5 {
        last = look(&more(1, NodeState::Steady)).0;
    }
    assert!(last.contains("worker-0") && !last.contains("+1 more") && last.contains("╭ … crawler"), "{last}");
    for workers in 2..30 {
        let (shown, count) = look(&more(workers, NodeState::Steady));
        assert_eq!(count, 2, "{shown}");
    }
}

/// What a container is called is often known only later: its column widens as far as nobody moves.
#[test]
fn a_column_widens_for_names_that_come() {
    let picture = |name: &str| {
        let nodes = Picture::default().host("curl 1", "").container("app", "sh 2", ":8");
        let nodes = nodes.host("db 3", ":3").steady("curl 1", "sh 2", 8, 1).steady("sh 2", "db 3", 3, 1);
        let name = name.to_owned();
        nodes.with("sh 2", |node| node.group_label = name.into()).view()
    };
    let mut state = GraphState::default();
    let before = picture("app");
    draw(&mut state, &before, (90, 20), None);
    let first = rows_of(&state, &before);
    let view = picture("orders-worker-1  docker.io/library/app:1.27");
    state.look_again();
    let shown = text(&draw(&mut state, &view, (90, 20), None));
    assert!(shown.contains("╭ orders-worker-1"), "{shown}");
    assert_eq!(rows_of(&state, &view), first);
    check_lines(&state, &view).expect("lines are whole");
}
