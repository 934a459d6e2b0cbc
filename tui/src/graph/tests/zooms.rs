//! More and less of each thing, the panel moved by hand, and what a line's weight and label tell.

use super::build::{Picture, draw, process, text};
use crate::graph::{GraphState, Zoom};
use crate::view::{Direction, EdgeState, Selection, View};

fn shop() -> Picture {
    Picture::default()
        .container("web  nginx", "nginx 11", ":80")
        .container("web  nginx", "nginx 12", ":80")
        .container("db  postgres", "postgres 21", ":5432")
        .container("db  postgres", "exporter 22", ":9187")
        .host("curl 31", "")
        .steady("curl 31", "nginx 11", 80, 1)
        .steady("nginx 11", "postgres 21", 5432, 4)
        .steady("nginx 12", "postgres 21", 5432, 5)
        .steady("nginx 12", "exporter 22", 9187, 1)
        .edge("nginx 11", "exporter 22", 9999, 2, EdgeState::New)
}

fn zoomed(picture: &Picture, zoom: Zoom, size: (u16, u16)) -> (GraphState, String) {
    let mut state = GraphState::default();
    state.set_zoom(zoom);
    let shown = text(&draw(&mut state, &picture.view(), size, None));
    (state, shown)
}

#[test]
fn groups_are_one_node_each_with_the_edges_between_them_added_up() {
    let (_, shown) = zoomed(&shop(), Zoom::Groups, (120, 9));
    insta::assert_snapshot!(format!("120 x 9\n{shown}"));
}

#[test]
fn in_detail_each_node_tells_what_flows() {
    let mut view = shop().view();
    for node in &mut view.nodes {
        node.rate.to_server = 12_000.0;
        node.rate.to_client = 500.0;
    }
    let mut state = GraphState::default();
    state.set_zoom(Zoom::Detail);
    let shown = text(&draw(&mut state, &view, (100, 16), None));
    insta::assert_snapshot!(format!("100 x 16\n{shown}"));
}

#[test]
fn each_zoom_keeps_its_places() {
    let view = shop().view();
    let (mut state, first) = zoomed(&shop(), Zoom::Nodes, (100, 16));
    for zoom in [Zoom::Groups, Zoom::Detail, Zoom::Nodes] {
        state.set_zoom(zoom);
        let shown = text(&draw(&mut state, &view, (100, 16), None));
        assert_eq!(shown == first, zoom == Zoom::Nodes, "{shown}");
    }
    assert_eq!(
        [Zoom::Groups, Zoom::Nodes, Zoom::Detail].map(Zoom::nearer),
        [Zoom::Nodes, Zoom::Detail, Zoom::Detail]
    );
    assert_eq!(
        [Zoom::Groups, Zoom::Nodes, Zoom::Detail].map(Zoom::farther),
        [Zoom::Groups, Zoom::Groups, Zoom::Nodes]
    );
}

/// The frame around what the panel shows hides no box and no name.
#[test]
fn the_overview_has_every_box() {
    let mut state = GraphState::default();
    state.set_overview(true);
    let shown = text(&draw(&mut state, &shop().view(), (120, 20), None));
    for name in ["host", "web", "db"] {
        assert!(shown.contains(name), "{name} is missing:\n{shown}");
    }
    assert!(shown.starts_with('┌') && shown.contains('┘'), "{shown}");
}

/// Containers that call one another in a row.
fn row_of_containers(count: usize) -> Picture {
    let name = |number: usize| format!("app {}", 100 + number);
    let boxes = (0..count).fold(Picture::default(), |picture, number| {
        picture.container(&format!("box-{number:02}  an/image"), &name(number), "")
    });
    (1..count).fold(boxes, |picture, number| picture.steady(&name(number - 1), &name(number), 80, 1))
}

#[test]
fn the_overview_is_as_large_as_the_panel_lets_it_be() {
    let mut state = GraphState::default();
    state.set_overview(true);
    let shown = text(&draw(&mut state, &row_of_containers(3).view(), (120, 20), None));
    for number in 0..3 {
        assert!(shown.contains(&format!("box-{number:02}  an/image")), "{shown}");
    }
}

#[test]
fn the_frame_of_the_overview_takes_no_letter_wherever_it_stands() {
    let view = row_of_containers(6).view();
    let mut state = GraphState::default();
    draw(&mut state, &view, (60, 8), None);
    state.set_overview(true);
    let names = |shown: &str| (0..6).filter(|number| shown.contains(&format!("box-{number:02}"))).count();
    let before = names(&text(&draw(&mut state, &view, (60, 8), None)));
    assert!(before > 2);
    let mut frames = std::collections::BTreeSet::new();
    for _ in 0..60 {
        state.pan_by(1, 0);
        let shown = text(&draw(&mut state, &view, (60, 8), None));
        assert_eq!(names(&shown), before, "{shown}");
        frames.insert(shown.find('┌'));
    }
    assert!(
        frames.len() > 3,
        "it has stood in many places: {frames:?}\n{}",
        text(&draw(&mut state, &view, (60, 8), None))
    );
}

/// Arrow keys go from group to group, and select a node that is in the view: the one with most connections.
#[test]
fn arrows_go_from_group_to_group() {
    let (state, _) = zoomed(&shop(), Zoom::Groups, (100, 16));
    let right = |from: &str| state.neighbour(&process(from), Direction::Right);
    assert_eq!(right("curl 31"), Some(process("nginx 11")));
    // From a member that is not the one, too.
    assert_eq!(right("nginx 12"), Some(process("postgres 21")));
    assert_eq!(right("exporter 22"), None);
}

#[test]
fn the_group_of_what_is_selected_is_selected() {
    let view = shop().view();
    let mut state = GraphState::default();
    state.set_zoom(Zoom::Groups);
    let reversed = |state: &mut GraphState, selection: &Selection| {
        let buffer = draw(state, &view, (120, 9), Some(selection));
        let is_reversed =
            |cell: &&ratatui::buffer::Cell| cell.modifier.contains(ratatui::style::Modifier::REVERSED);
        buffer.content.iter().filter(is_reversed).map(ratatui::buffer::Cell::symbol).collect::<String>()
    };
    let node = Selection::Node(process("exporter 22"));
    assert!(reversed(&mut state, &node).contains("2 processes"));
    let edge = view.edges.iter().find(|edge| edge.state == EdgeState::New).expect("an edge");
    let edge = Selection::Edge(view.edge_key(edge).expect("an edge of the view"));
    assert_eq!(reversed(&mut state, &edge), "");
    let buffer = draw(&mut state, &view, (120, 9), Some(&edge));
    let bold = buffer.content.iter().filter(|cell| cell.modifier.contains(ratatui::style::Modifier::BOLD));
    let bold: String = bold.map(ratatui::buffer::Cell::symbol).collect();
    assert!(bold.contains("services"), "the line between the groups is bright: {bold}");
}

/// A picture higher than the panel.
fn high() -> View {
    (0..30)
        .fold(Picture::default().host("server 1", ":1"), |picture, number| {
            let name = format!("client {}", 100 + number);
            picture.host(&name, "").steady(&name, "server 1", 1, 1)
        })
        .view()
}

#[test]
fn the_panel_stays_where_the_user_moved_it_until_something_else_is_selected() {
    let view = high();
    let mut state = GraphState::default();
    let size = (80, 12);
    let top = Selection::Node(process("client 100"));
    let at = |state: &mut GraphState, selection: &Selection| {
        draw(state, &view, size, Some(selection));
        state.plan().pan.expect("it was drawn")
    };
    let (x, y) = at(&mut state, &top);
    state.pan_step(Direction::Down);
    assert_eq!(at(&mut state, &top), (x, y + 3));
    // Not beyond the picture.
    state.pan_by(0, 1000);
    let (_, last) = at(&mut state, &top);
    assert!(last > y + 3 && last < 100, "{last}");
    // A tick passes: it stays.
    state.look_again();
    assert_eq!(at(&mut state, &top), (x, last));
    let next = Selection::Node(process("client 101"));
    let (_, back) = at(&mut state, &next);
    assert!(back < last, "{back}");
}

#[test]
fn among_groups_too_the_panel_stays_where_the_user_moved_it() {
    let picture = (0..20).fold(Picture::default().host("server 1", ":1"), |picture, number| {
        let name = format!("client {}", 100 + number);
        picture.container(&format!("service-{number}"), &name, "").steady(&name, "server 1", 1, 1)
    });
    let view = picture.view();
    let mut state = GraphState::default();
    state.set_zoom(Zoom::Groups);
    let selection = Selection::Node(process("client 100"));
    draw(&mut state, &view, (80, 12), Some(&selection));
    let (x, y) = state.plan().pan.expect("it was drawn");
    state.pan_by(0, 5);
    for _ in 0..3 {
        draw(&mut state, &view, (80, 12), Some(&selection));
        assert_eq!(state.plan().pan, Some((x, y + 5)));
    }
}

#[test]
fn the_weight_of_a_line_tells_how_much_flows() {
    let view = |rate: f64, open: u32| {
        let picture = Picture::default().host("one 1", "").host("two 2", ":2").steady("one 1", "two 2", 2, 5);
        let mut view = picture.view();
        view.edges[0].rate.to_server = rate;
        view.edges[0].open = open;
        view.edges[0].closed = 5 - open;
        view
    };
    for (rate, open, line) in [
        (0.0, 5, "── 5 ──"),
        (99_000.0, 5, "── 5 ──"),
        (100_000.0, 5, "━━ 5 ━━"),
        (9_900_000.0, 5, "━━ 5 ━━"),
        (10_000_000.0, 5, "══ 5 ══"),
        (10_000_000.0, 0, "┄┄ 5 ┄┄"),
    ] {
        let shown = text(&draw(&mut GraphState::default(), &view(rate, open), (80, 5), None));
        assert!(shown.contains(line), "{rate} on {open}: {shown}");
    }
}

/// Boxes that nobody will come to stand close together, others have room below them.
#[test]
fn groups_stand_close_together() {
    let shop = (0..3).fold(Picture::default().host("server 1", ":1"), |shop, number| {
        let name = format!("client {}", 10 + number);
        shop.container(&format!("app {number}"), &name, "").steady(&name, "server 1", 1, 1)
    });
    let gaps = |zoom| {
        let (state, _) = zoomed(&shop, zoom, (120, 40));
        let places = &state.plan().places;
        let mut tops: Vec<(i32, i32)> = places
            .blocks
            .iter()
            .filter(|block| block.column == 0)
            .map(|block| (block.top, block.end()))
            .collect();
        tops.sort_unstable();
        tops.windows(2).map(|pair| pair[1].0 - pair[0].1).collect::<Vec<i32>>()
    };
    assert_eq!((gaps(Zoom::Groups), gaps(Zoom::Nodes)), (vec![1, 1], vec![4, 4]));
}
