//! What must hold for all pictures, whatever comes and goes.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::view::ShownKey;
use proptest::prelude::*;

use super::build::{Picture, draw};
use crate::graph::place::Place;
use crate::graph::{Beyond, GraphState, layout};
use crate::view::{Direction, EdgeState, NodeState, Selection, View};
use ratatui::layout::Rect;

/// What happens between two looks.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A node comes.
    Come(u8),
    /// A node goes, and its edges with it.
    Go(u8),
    /// An edge comes between two nodes, if they are there.
    Link(u8, u8),
    /// A node's edges end.
    Unlink(u8),
    /// Nothing: a tick passes.
    Wait(u8),
}

fn steps(count: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..60_u8).prop_map(Step::Come),
        2 => (0..60_u8).prop_map(Step::Go),
        5 => (0..60_u8, 0..60_u8).prop_map(|(from, to)| Step::Link(from, to)),
        1 => (0..60_u8).prop_map(Step::Unlink),
        1 => (1..8_u8).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..count)
}

fn label(number: u8) -> String {
    if number % 6 == 5 {
        format!("198.51.100.{number}")
    } else {
        format!("process-{number} {}", 100 + u32::from(number))
    }
}

fn add(picture: Picture, number: u8) -> Picture {
    let name = label(number);
    match number % 6 {
        0 | 1 => picture.host(&name, if number.is_multiple_of(2) { ":80" } else { "" }),
        2 => picture.container("web  nginx", &name, ":443"),
        3 => picture.container(&format!("service {}", number / 12), &name, ""),
        4 => picture.namespace(u32::from(number / 20), &name, ":1"),
        _ => picture.remote(&name),
    }
}

/// A picture that changes.
#[derive(Default)]
pub(super) struct Film {
    picture: Picture,
    there: BTreeSet<u8>,
    links: BTreeSet<(u8, u8)>,
}

impl Film {
    pub(super) fn step(&mut self, step: &Step) {
        let mut came = None;
        match *step {
            Step::Come(number) => came = self.there.insert(number).then_some(number),
            Step::Go(number) => {
                self.there.remove(&number);
                self.links.retain(|&(from, to)| from != number && to != number);
            }
            Step::Link(from, to) => {
                if self.there.contains(&from) && self.there.contains(&to) {
                    self.links.insert((from, to));
                }
            }
            Step::Unlink(number) => self.links.retain(|&(from, to)| from != number && to != number),
            Step::Wait(_) => {}
        }
        self.picture = self.there.iter().fold(Picture::default(), |picture, &number| add(picture, number));
        if let Some(number) = came {
            let picture = std::mem::take(&mut self.picture);
            self.picture = picture.with(&label(number), |node| node.state = NodeState::New);
        }
        for &(from, to) in &self.links {
            let state =
                [EdgeState::Steady, EdgeState::Busy, EdgeState::Closed, EdgeState::New, EdgeState::Failed];
            let picture = std::mem::take(&mut self.picture);
            self.picture = picture.edge(
                &label(from),
                &label(to),
                443,
                u32::from(from % 4) + 1,
                state[usize::from(from + to) % 5],
            );
        }
    }

    pub(super) fn view(&self) -> View {
        self.picture.view()
    }
}

/// The places on the plane of the nodes that have a row of their own.
pub(super) fn rows_of(state: &GraphState, view: &View) -> HashMap<ShownKey, (i32, i32)> {
    let place = |place: &Place| (state.plan().places.columns[place.column].x, place.y);
    view.nodes
        .iter()
        .zip(&state.plan().at)
        .filter_map(|(node, at)| at.as_ref().filter(|at| at.own).map(|at| (node.key.clone(), place(at))))
        .collect()
}

/// The cells of a box: first column, first row, the column and the row after the last.
fn boxes(state: &GraphState) -> Vec<(i32, i32, i32, i32)> {
    let places = &state.plan().places;
    places
        .blocks
        .iter()
        .filter(|block| block.drawn_height() > 0)
        .map(|block| {
            let column = &places.columns[block.column];
            (column.x, block.top, column.channel_start(), block.top + block.drawn_height())
        })
        .collect()
}

/// Boxes stand apart, and every node stands in one.
pub(super) fn check_boxes(state: &GraphState, view: &View) -> Result<(), TestCaseError> {
    let boxes = boxes(state);
    for (index, one) in boxes.iter().enumerate() {
        for other in &boxes[..index] {
            let apart = one.2 <= other.0 || other.2 <= one.0 || one.3 <= other.1 || other.3 <= one.1;
            prop_assert!(apart, "{one:?} and {other:?} overlap");
        }
    }
    let mut used = BTreeSet::new();
    for (node, at) in view.nodes.iter().zip(&state.plan().at) {
        let Some(at) = at else { return Err(TestCaseError::fail(format!("{} has no place", node.label))) };
        let block = &state.plan().places.blocks[at.block];
        prop_assert_eq!(&block.group, &node.group);
        if at.own {
            prop_assert!(
                at.y > block.top && at.y < block.top + block.drawn_height() - 1,
                "{} outside",
                node.label
            );
            prop_assert!(used.insert((at.column, at.y)), "two nodes on one row");
        }
    }
    Ok(())
}

/// Every edge is on one line, from its client's box to its server's, around all others.
pub(super) fn check_lines(state: &GraphState, view: &View) -> Result<(), TestCaseError> {
    let boxes = boxes(state);
    let mut drawn = vec![0; view.edges.len()];
    let routes = &state.plan().routes;
    for (index, wire) in routes.wires.iter().enumerate() {
        let path = routes.path(wire);
        for edge in routes.bundles.edges(index) {
            drawn[edge] += 1;
            let dock = |node: usize| state.plan().at[node].map(|at| (at.column, at.y));
            prop_assert_eq!(dock(view.edges[edge].client), Some(wire.from));
            prop_assert_eq!(dock(view.edges[edge].server), Some(wire.to));
        }
        if wire.from == wire.to {
            continue;
        }
        let beside = |(column, y): (usize, i32), right: bool| {
            let column = &state.plan().places.columns[column];
            (if right { column.channel_start() } else { column.x - 1 }, y)
        };
        prop_assert_eq!(path.first(), Some(&beside(wire.from, wire.leaves_right)));
        prop_assert_eq!(path.last(), Some(&beside(wire.to, !wire.arrives_left)));
        for pair in path.windows(2) {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            prop_assert!(x0 == x1 || y0 == y1, "a slanted line");
            let line = (x0.min(x1), y0.min(y1), x0.max(x1) + 1, y0.max(y1) + 1);
            for cells in &boxes {
                let apart = line.2 <= cells.0 || cells.2 <= line.0 || line.3 <= cells.1 || cells.3 <= line.1;
                prop_assert!(apart, "the line {line:?} runs through the box {cells:?}");
            }
        }
    }
    prop_assert!(drawn.iter().all(|&count| count == 1), "an edge is not drawn, or twice");
    Ok(())
}

/// Every node is reached from every other with the arrow keys.
fn check_keys(state: &GraphState, view: &View) -> Result<(), TestCaseError> {
    for start in view.nodes.iter().step_by(7) {
        let mut seen = BTreeSet::from([start.key.clone()]);
        let mut queue = VecDeque::from([start.key.clone()]);
        while let Some(key) = queue.pop_front() {
            for direction in [Direction::Up, Direction::Down, Direction::Left, Direction::Right] {
                if let Some(next) = state.neighbour(&key, direction)
                    && seen.insert(next.clone())
                {
                    queue.push_back(next);
                }
            }
        }
        prop_assert_eq!(seen.len(), view.nodes.len(), "not all are reached from {}", &start.label);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn who_lives_does_not_move_and_nothing_overlaps(steps in steps(60), width in 40..170_u16, height in 6..50_u16) {
        let mut state = GraphState::default();
        let mut film = Film::default();
        let mut before: HashMap<ShownKey, (i32, i32)> = HashMap::new();
        for (number, step) in steps.iter().enumerate() {
            // The details open and close below: only the height changes.
            let area = Rect::new(0, 0, width, height + if number % 5 < 2 { 6 } else { 0 });
            film.step(step);
            let view = film.view();
            for _ in 0..if let Step::Wait(ticks) = step { *ticks } else { 1 } {
                state.look_again();
                layout(&mut state, &view, area);
            }
            let now = rows_of(&state, &view);
            if now.keys().any(|key| before.contains_key(key)) {
                for (key, place) in &before {
                    if view.node_place(key).is_some() {
                        prop_assert_eq!(now.get(key), Some(place), "{:?} moved", key);
                    }
                }
            }
            before = now;
            check_boxes(&state, &view)?;
            check_lines(&state, &view)?;
        }
        check_keys(&state, &film.view())?;
    }

    #[test]
    fn what_is_selected_is_on_the_screen(
        steps in steps(80),
        width in 1..120_u16,
        height in 1..40_u16,
        choice in any::<prop::sample::Index>(),
    ) {
        let mut film = Film::default();
        for step in &steps {
            film.step(step);
        }
        let view = film.view();
        let mut state = GraphState::default();
        draw(&mut state, &view, (width, height), None);
        if view.nodes.is_empty() {
            return Ok(());
        }
        let node = choice.index(view.nodes.len());
        let selection = Selection::Node(view.nodes[node].key.clone());
        let buffer = draw(&mut state, &view, (width, height), Some(&selection));
        let at = state.plan().at[node].expect("every node has a place");
        let (left, top) = state.plan().pan.expect("it was drawn");
        prop_assert!(at.y >= top && at.y < top + i32::from(height));
        let column = &state.plan().places.columns[at.column];
        prop_assert!(column.x >= left && (column.channel_start() <= left + i32::from(width) || column.x == left));
        if width >= 20 && height >= 3 {
            let row = u16::try_from(at.y - top).expect("a row of the panel");
            let reversed = (0..width).any(|x| buffer[(x, row)].modifier.contains(ratatui::style::Modifier::REVERSED));
            prop_assert!(reversed, "nothing on its row looks selected");
        }
        if let Some(edge) = view.edges.first() {
            draw(&mut state, &view, (width, height), Some(&Selection::Edge(view.edge_key(edge).expect("an edge of the view"))));
        }
    }
}

/// A node that went for some ticks comes back to its place; another one takes it only after a while.
#[test]
fn a_place_is_kept_for_who_comes_back() {
    let area = Rect::new(0, 0, 100, 30);
    let all = Picture::default()
        .host("a 1", ":1")
        .host("b 2", ":2")
        .host("c 3", ":3")
        .steady("a 1", "b 2", 2, 1)
        .steady("a 1", "c 3", 3, 1);
    let mut state = GraphState::default();
    layout(&mut state, &all.view(), area);
    let first = rows_of(&state, &all.view());
    let key = super::build::process("b 2");
    let without = all.clone().without("b 2");
    layout(&mut state, &without.view(), area);
    // Someone new in the same box does not take the place at once.
    let other = without.clone().host("d 4", ":4").steady("a 1", "d 4", 4, 1);
    layout(&mut state, &other.view(), area);
    let new = rows_of(&state, &other.view())[&super::build::process("d 4")];
    assert_ne!(Some(&new), first.get(&key));
    layout(&mut state, &all.view(), area);
    assert_eq!(rows_of(&state, &all.view()).get(&key), first.get(&key));
    // Gone for long (for one that came back before: ten seconds), its place serves another; before it that of the one
    // that went first.
    for _ in 0..12 {
        state.look_again();
        layout(&mut state, &without.view(), area);
    }
    for (name, place) in [("e 5", Some(&new)), ("f 6", first.get(&key))] {
        let other = without.clone().host("e 5", ":5").steady("a 1", "e 5", 5, 1);
        let other = if name == "f 6" { other.host("f 6", ":6").steady("a 1", "f 6", 6, 1) } else { other };
        layout(&mut state, &other.view(), area);
        assert_eq!(rows_of(&state, &other.view()).get(&super::build::process(name)), place);
    }
}

#[test]
fn what_is_not_on_the_screen_is_counted() {
    let picture = (0..40).fold(Picture::default().host("server 1", ":1"), |picture, number| {
        let name = format!("client {}", 100 + number);
        picture.host(&name, "").steady(&name, "server 1", 1, 1)
    });
    let view = picture.view();
    let mut state = GraphState::default();
    for height in [10_u16, 20, 30] {
        let shown = super::build::text(&draw(&mut state, &view, (60, height), None));
        let (_, top) = state.plan().pan.expect("it was drawn");
        let folded =
            state.plan().at.iter().flatten().filter(|at| !at.own && at.y < top + i32::from(height)).count();
        let below = state.plan().at.iter().flatten().filter(|at| at.y >= top + i32::from(height)).count();
        assert_eq!(state.beyond(), Beyond { below, ..Beyond::default() }, "{shown}");
        let rows = (0..40).filter(|number| shown.contains(&format!("client {} ", 100 + number))).count();
        let server = usize::from(shown.contains("server 1"));
        assert!(folded == 0 || shown.contains(&format!("+{folded} more")), "{shown}");
        assert_eq!(rows + server + folded + below, 41, "{shown}");
    }
    // Moved to the end, it says what is above and how many the box has no rows for.
    let last = state.plan().at.iter().enumerate().filter_map(|(node, at)| at.map(|at| (at.y, node))).max();
    let key = view.nodes[last.expect("there are nodes").1].key.clone();
    let shown = super::build::text(&draw(&mut state, &view, (60, 10), Some(&Selection::Node(key))));
    let Beyond { above, below, left, right } = state.beyond();
    assert!(above > 0 && (below, left, right) == (0, 0, 0), "{shown}");
}

/// A caller of what is leftmost gets a new column; nobody moves, and who comes with it stands right all the same.
#[test]
fn a_new_first_column_moves_nobody() {
    let area = Rect::new(0, 0, 200, 30);
    let before = Picture::default().host("a 1", "").host("b 2", ":2").steady("a 1", "b 2", 2, 1);
    let mut state = GraphState::default();
    layout(&mut state, &before.view(), area);
    let first = rows_of(&state, &before.view());
    let after = before
        .remote("198.51.100.7")
        .host("c 3", ":3")
        .steady("198.51.100.7", "a 1", 1, 1)
        .steady("b 2", "c 3", 3, 1);
    let view = after.view();
    layout(&mut state, &view, area);
    let now = rows_of(&state, &view);
    assert!(first.iter().all(|(key, place)| now[key] == *place));
    let x =
        |label: &str| now[&view.nodes.iter().find(|node| node.label == label).expect("it is there").key].0;
    assert!(x("198.51.100.7") < x("a 1") && x("a 1") < x("b 2") && x("b 2") < x("c 3"));
}

/// Where the panel has no room for a new first column, who calls stands above or below those that are called, in sight.
#[test]
fn a_caller_stays_in_sight() {
    let before = Picture::default().host("a 1", "").host("b 2", ":2").steady("a 1", "b 2", 2, 1);
    let mut state = GraphState::default();
    draw(&mut state, &before.view(), (80, 20), None);
    let first = (rows_of(&state, &before.view()), state.plan().pan);
    let after = before.host("c 3", "").steady("c 3", "a 1", 1, 1);
    let view = after.host("d 4", ":4").steady("b 2", "d 4", 4, 1).view();
    let shown = super::build::text(&draw(&mut state, &view, (80, 20), None));
    let (left, _, right, _) = state.plan().bounds();
    assert!(right - left <= 80, "nor is the line from b to d out of sight\n{shown}");
    assert!(shown.contains("c 3") && state.beyond() == Beyond::default(), "{shown}");
    let now = rows_of(&state, &view);
    assert!(first.0.iter().all(|(key, place)| now[key] == *place));
    assert_eq!(state.plan().pan, first.1, "nor does the panel move");
}

/// Those that only talk to themselves take no room from those that lines lead to.
#[test]
fn who_only_talks_to_itself_folds_first() {
    let many = (0..300).fold(Picture::default(), |picture, number| {
        let name = format!("loner {}", 1000 + number);
        picture.host(&name, ":9").steady(&name, &name, 9, 20)
    });
    let view = many.host("web 1", ":80").host("client 2", "").steady("client 2", "web 1", 80, 1).view();
    let mut state = GraphState::default();
    let shown = super::build::text(&draw(&mut state, &view, (80, 24), None));
    assert!(shown.contains("client 2") && shown.contains("web 1"), "{shown}");
    assert!(shown.contains("more") && state.beyond() == Beyond::default(), "{shown}");
}

/// Where lines come that the channel has no cell for, the column before it gives some: nobody moves, and no two lines
/// run on the same cells.
#[test]
fn a_channel_widens_for_lines_that_come() {
    let before = (0..6).fold(Picture::default(), |picture, number| {
        let (client, server) =
            (format!("long-client-name {}", 40 + number), format!("long-server-name {}", 20 + number));
        picture.host(&client, "").host(&server, ":1").steady("long-client-name 40", &server, 1, 1).steady(
            &client,
            "long-server-name 20",
            1,
            1,
        )
    });
    let after = (1..6).fold(before.clone(), |picture, number| {
        picture.steady(
            &format!("long-client-name {}", 40 + number),
            &format!("long-server-name {}", 26 - number),
            1,
            1,
        )
    });
    let mut state = GraphState::default();
    let area = Rect::new(0, 0, 56, 30);
    layout(&mut state, &before.view(), area);
    let first = rows_of(&state, &before.view());
    let channel = state.plan().places.columns[0].channel;
    let view = after.view();
    layout(&mut state, &view, area);
    assert_eq!(rows_of(&state, &view), first);
    assert!(state.plan().places.columns[0].channel > channel);
    check_lines(&state, &view).expect("lines are whole");
    // What runs down on one cell belongs together: it comes from one row, or leads to one.
    let routes = &state.plan().routes;
    let downs: Vec<(usize, i32, i32, i32)> = (routes.wires.iter().enumerate())
        .flat_map(|(wire, way)| routes.path(way).windows(2).map(move |pair| (wire, pair[0], pair[1])))
        .filter(|(_, start, end)| start.0 == end.0)
        .map(|(wire, start, end)| (wire, start.0, start.1.min(end.1), start.1.max(end.1)))
        .collect();
    for (index, one) in downs.iter().enumerate() {
        for other in &downs[index + 1..] {
            let wires = [&routes.wires[one.0], &routes.wires[other.0]];
            let related = wires[0].from == wires[1].from || wires[0].to == wires[1].to;
            let apart = one.1 != other.1 || one.3 < other.2 || other.3 < one.2;
            assert!(related || apart, "{wires:?}");
        }
    }
}
