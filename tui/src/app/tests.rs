#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use scopetop_tracker::topology::Topology;

use super::*;
use crate::fixture;
use crate::input::{Change, Key};
use crate::screen::still;
use crate::theme::Theme;
use crate::view;

/// An application that shows the fixture's host.
fn app() -> (App, Topology) {
    let topology = fixture::topology();
    let mut app = App::new(None, TimeZone::UTC);
    app.tick_applied(fixture::NOW);
    app.settle(&topology);
    (app, topology)
}

fn press(app: &mut App, topology: &Topology, code: KeyCode) -> Outcome {
    press_with(app, topology, code, KeyModifiers::NONE)
}

fn press_with(app: &mut App, topology: &Topology, code: KeyCode, modifiers: KeyModifiers) -> Outcome {
    let asked = app.keymap.request(&KeyEvent::new(code, modifiers), app.scope());
    let outcome = asked.map_or(Outcome::Nothing, |request| app.handle(request));
    app.settle(topology);
    outcome
}

fn type_in(app: &mut App, topology: &Topology, text: &str) {
    for character in text.chars() {
        press(app, topology, KeyCode::Char(character));
    }
}

/// What is selected, as a person would say it.
fn selected(app: &App) -> String {
    let label = |key: &ShownKey| app.view.node(key).map_or("gone", |node| node.label.as_str()).to_owned();
    match &app.selection {
        None => String::from("nothing"),
        Some(Selection::Node(key)) => label(key),
        Some(Selection::Edge(key)) => format!("{} → {}", label(&key.client), label(&key.server)),
    }
}

#[test]
fn the_list_is_walked_from_its_first_row_to_its_last() {
    let (mut app, topology) = app();
    press(&mut app, &topology, KeyCode::Char('t'));
    assert_eq!(selected(&app), "nothing");
    press(&mut app, &topology, KeyCode::Down);
    assert_eq!(app.selected_row(), Some(0));
    press(&mut app, &topology, KeyCode::Char('j'));
    assert_eq!(app.selected_row(), Some(1));
    press(&mut app, &topology, KeyCode::Up);
    press(&mut app, &topology, KeyCode::Up);
    assert_eq!(app.selected_row(), Some(0));
    press_with(&mut app, &topology, KeyCode::End, KeyModifiers::CONTROL);
    assert_eq!(app.selected_row(), Some(app.view.edges.len() - 1));
    press(&mut app, &topology, KeyCode::PageDown);
    assert_eq!(app.selected_row(), Some(app.view.edges.len() - 1));
    app.list.page = 4;
    press(&mut app, &topology, KeyCode::PageUp);
    assert_eq!(app.selected_row(), Some(app.view.edges.len() - 4));
    press_with(&mut app, &topology, KeyCode::Home, KeyModifiers::CONTROL);
    assert_eq!(app.selected_row(), Some(0));
}

#[test]
fn the_selection_follows_the_thing_and_not_the_row() {
    let topology = fixture::after(&fixture::ticks()[..1]);
    let mut app = App::new(None, TimeZone::UTC);
    app.tick_applied(fixture::NOW);
    app.settle(&topology);
    app.show_list();
    let edge = app.view.edges.iter().position(|edge| *edge.service == *":6379").unwrap();
    app.selection = Some(Selection::Edge(app.view.edge_key(&app.view.edges[edge]).unwrap()));
    // The second tick brings rows that come before it.
    let topology = fixture::topology();
    app.tick_applied(fixture::NOW);
    app.settle(&topology);
    assert_ne!(app.selected_row(), Some(edge));
    assert_eq!(selected(&app), "cron-job 9921 → redis-server 620");
}

#[test]
fn what_is_gone_stays_selected_and_moving_goes_on_from_its_row() {
    let (mut app, mut topology) = app();
    press(&mut app, &topology, KeyCode::Char('t'));
    let row = app.view.edges.iter().position(|edge| edge.state == view::EdgeState::Closed).unwrap();
    assert!(row > 0, "else it could be found by chance");
    for _ in 0..=row {
        press(&mut app, &topology, KeyCode::Down);
    }
    press(&mut app, &topology, KeyCode::Enter);
    assert!(app.absence.is_none());
    let title = app.inspection.as_ref().unwrap().details.title.clone();

    let next = fixture::quiet(1);
    topology.apply(&next);
    app.tick_applied(next.at);
    app.settle(&topology);
    assert_eq!((app.selected_row(), app.absence), (None, Some(Absence::Gone)));
    assert_eq!(app.inspection.as_ref().unwrap().details.title, title);
    press(&mut app, &topology, KeyCode::Down);
    let last = app.view.edges.len() - 1;
    assert_eq!(app.selected_row(), Some(row.min(last)));
    assert!(app.absence.is_none());
}

#[test]
fn the_first_and_the_last_of_the_graph_are_those_of_its_first_and_last_column() {
    let (mut app, topology) = app();
    press(&mut app, &topology, KeyCode::Char('g'));
    still((160, 45), &mut app, &Theme::plain());
    let mut standing: Vec<_> = app
        .view
        .nodes
        .iter()
        .filter_map(|node| Some((app.graph.position(&node.key)?, node.label.clone())))
        .collect();
    standing.sort();
    let ((first, _), (last, _)) = (standing[0].0, standing[standing.len() - 1].0);
    assert!(first < last, "there is more than one column");
    for _ in 0..2 {
        press_with(&mut app, &topology, KeyCode::Home, KeyModifiers::CONTROL);
        assert_eq!(selected(&app), standing[0].1);
        press_with(&mut app, &topology, KeyCode::End, KeyModifiers::CONTROL);
        assert_eq!(selected(&app), standing[standing.len() - 1].1);
    }
}

#[test]
fn tab_goes_round_the_edges_of_a_node_and_escape_comes_back_to_it() {
    let (mut app, topology) = app();
    let nginx = app.view.nodes.iter().find(|node| node.label == "nginx 4121").unwrap().key.clone();
    app.selection = Some(Selection::Node(nginx));
    let mut seen = Vec::new();
    for _ in 0..3 {
        press(&mut app, &topology, KeyCode::Tab);
        seen.push(selected(&app));
    }
    assert_eq!(
        seen,
        ["nginx 4121 → postgres 5120", "203.0.113.9 → nginx 4121", "nginx 4121 → postgres 5120"]
    );
    press(&mut app, &topology, KeyCode::BackTab);
    assert_eq!(selected(&app), "203.0.113.9 → nginx 4121");
    press(&mut app, &topology, KeyCode::Esc);
    assert_eq!(selected(&app), "nginx 4121");
    press(&mut app, &topology, KeyCode::Esc);
    assert_eq!(selected(&app), "nothing");
}

#[test]
fn from_an_edge_left_and_right_lead_to_its_ends() {
    let (mut app, topology) = app();
    let edge = app.view.edges.iter().find(|edge| *edge.service == *":5432").unwrap();
    let edge = app.view.edge_key(edge).unwrap();
    app.selection = Some(Selection::Edge(edge.clone()));
    press(&mut app, &topology, KeyCode::Left);
    assert_eq!(selected(&app), "nginx 4121");
    app.selection = Some(Selection::Edge(edge));
    press(&mut app, &topology, KeyCode::Char('l'));
    assert_eq!(selected(&app), "postgres 5120");
}

#[test]
fn details_are_of_something_and_escape_closes_them_first() {
    let (mut app, topology) = app();
    press(&mut app, &topology, KeyCode::Char('d'));
    assert_eq!(selected(&app), "nginx 4121", "the busiest node");
    assert_eq!(app.inspection.as_ref().unwrap().details.title, "nginx 4121");
    press(&mut app, &topology, KeyCode::Esc);
    assert_eq!((app.details_open, selected(&app).as_str()), (false, "nginx 4121"));
}

#[test]
fn a_wrong_filter_is_told_while_typing_and_is_not_taken() {
    let (mut app, topology) = app();
    press(&mut app, &topology, KeyCode::Char('f'));
    type_in(&mut app, &topology, "prot=tcp");
    let error = |app: &App| match &app.prompt {
        Some(Prompt { kind: PromptKind::Filter(error), .. }) => error.as_ref().map(|error| error.column),
        _ => unreachable!("the filter bar is open"),
    };
    assert_eq!(error(&app), Some(1));
    press(&mut app, &topology, KeyCode::Enter);
    assert!(app.prompt.is_some() && app.filter.is_none());
    press_with(&mut app, &topology, KeyCode::Char('u'), KeyModifiers::CONTROL);
    type_in(&mut app, &topology, "comm=agent");
    assert_eq!(error(&app), None);
    assert_eq!(app.view.hidden.connections, 0, "nothing is hidden before the filter is taken");
    press(&mut app, &topology, KeyCode::Enter);
    assert_eq!((app.prompt.is_none(), app.filter_text()), (true, "comm=agent"));
    assert!(app.view.edges.iter().all(|edge| app.view.nodes[edge.client].label == "agent 311"));
    assert!(app.view.hidden.connections > 0);
}

#[test]
fn giving_up_a_filter_leaves_the_one_before_and_an_empty_one_takes_it_away() {
    let (mut app, topology) = app();
    press(&mut app, &topology, KeyCode::Char('f'));
    type_in(&mut app, &topology, "port=5432");
    press(&mut app, &topology, KeyCode::Enter);
    press(&mut app, &topology, KeyCode::Char('f'));
    press_with(&mut app, &topology, KeyCode::Char('w'), KeyModifiers::CONTROL);
    press(&mut app, &topology, KeyCode::Esc);
    assert_eq!(app.filter_text(), "port=5432");
    press(&mut app, &topology, KeyCode::Char('f'));
    press_with(&mut app, &topology, KeyCode::Char('w'), KeyModifiers::CONTROL);
    press(&mut app, &topology, KeyCode::Enter);
    assert!(app.filter.is_none());
    assert_eq!(app.view.hidden, view::Kept::default());
}

#[test]
fn the_search_selects_while_typing_goes_round_and_can_be_given_up() {
    let (mut app, topology) = app();
    press(&mut app, &topology, KeyCode::Char('/'));
    type_in(&mut app, &topology, "NGINX");
    assert_eq!(selected(&app), "nginx 4121");
    press(&mut app, &topology, KeyCode::Enter);
    assert_eq!(app.match_position(), (1, 2));
    press(&mut app, &topology, KeyCode::Char('n'));
    assert_eq!(selected(&app), "nginx 4122");
    press(&mut app, &topology, KeyCode::Char('n'));
    assert_eq!(selected(&app), "nginx 4121");
    press(&mut app, &topology, KeyCode::Char('N'));
    assert_eq!(selected(&app), "nginx 4122");

    press(&mut app, &topology, KeyCode::Char('/'));
    type_in(&mut app, &topology, "postgres");
    assert_eq!(selected(&app), "postgres 5120");
    press(&mut app, &topology, KeyCode::Esc);
    assert_eq!((selected(&app).as_str(), app.search.as_str()), ("nginx 4122", "NGINX"));
    press(&mut app, &topology, KeyCode::Esc);
    press(&mut app, &topology, KeyCode::Esc);
    assert_eq!((selected(&app).as_str(), app.search.as_str()), ("nothing", ""));
    assert!(app.view.nodes.iter().all(|node| !node.matched_by_search));
}

#[test]
fn the_search_goes_on_from_what_is_gone() {
    let (mut app, mut topology) = app();
    let draw = |app: &mut App| still((160, 45), app, &Theme::plain());
    press(&mut app, &topology, KeyCode::Char('g'));
    draw(&mut app);
    press(&mut app, &topology, KeyCode::Char('/'));
    type_in(&mut app, &topology, "0.");
    press(&mut app, &topology, KeyCode::Enter);
    let mut order = Vec::new();
    for number in 1..=app.match_position().1 {
        assert_eq!(app.match_position().0, number);
        order.push(selected(&app));
        press(&mut app, &topology, KeyCode::Char('n'));
    }
    let grey = order.iter().position(|label| label == "198.51.100.23").unwrap();
    assert!(grey > 0 && grey + 1 < order.len(), "else it could be found by chance: {order:?}");
    for _ in 0..grey {
        press(&mut app, &topology, KeyCode::Char('n'));
    }
    assert_eq!(selected(&app), order[grey]);
    let tick = fixture::quiet(1);
    topology.apply(&tick);
    app.tick_applied(tick.at);
    app.settle(&topology);
    draw(&mut app);
    let left: Vec<&String> =
        order.iter().filter(|label| app.view.nodes.iter().any(|node| node.label == **label)).collect();
    assert_eq!((selected(&app).as_str(), app.match_position()), ("gone", (0, left.len())));
    assert_eq!(app.matches_before_gone(), Some(grey));
    let bar: String = draw(&mut app).content().iter().map(ratatui::buffer::Cell::symbol).collect();
    assert!(bar.contains(&format!("after {grey} of {}", left.len())), "{bar:.160}");
    press(&mut app, &topology, KeyCode::Char('n'));
    assert_eq!(selected(&app), *left[grey]);
    press(&mut app, &topology, KeyCode::Char('N'));
    assert_eq!(selected(&app), *left[grey - 1]);
}

#[test]
fn a_search_without_a_match_leaves_the_selection() {
    let (mut app, topology) = app();
    press(&mut app, &topology, KeyCode::Enter);
    press(&mut app, &topology, KeyCode::Char('/'));
    type_in(&mut app, &topology, "zzz");
    assert_eq!((selected(&app).as_str(), app.match_position()), ("nginx 4121", (0, 0)));
}

#[test]
fn the_help_screen_closes_with_any_key_and_takes_it() {
    let (mut app, topology) = app();
    press(&mut app, &topology, KeyCode::Char('?'));
    assert!(app.help);
    press(&mut app, &topology, KeyCode::Char('t'));
    assert_eq!((app.help, app.mode), (false, Mode::Graph));
}

#[test]
fn what_quits_elsewhere_closes_the_help_screen() {
    let (mut app, topology) = app();
    for key in [KeyCode::Char('q'), KeyCode::Esc, KeyCode::Char('?')] {
        press(&mut app, &topology, KeyCode::Char('?'));
        assert!(app.help);
        assert_eq!((press(&mut app, &topology, key), app.help), (Outcome::Changed, false), "{key:?}");
    }
    app.keymap = Keymap::changed(&[Change {
        action: Action::Quit,
        keys: vec![Key::parse("Q").unwrap(), Key::parse("ctrl-c").unwrap()],
    }])
    .unwrap();
    press(&mut app, &topology, KeyCode::Char('?'));
    assert_eq!((press(&mut app, &topology, KeyCode::Char('Q')), app.help), (Outcome::Changed, false));
    press(&mut app, &topology, KeyCode::Char('?'));
    assert_eq!(press_with(&mut app, &topology, KeyCode::Char('c'), KeyModifiers::CONTROL), Outcome::Quit);
}

#[test]
fn the_help_screen_is_leafed_through_and_opens_at_its_first_page() {
    let (mut app, topology) = app();
    press(&mut app, &topology, KeyCode::Char('?'));
    app.help_pages = 3;
    for (key, page) in [
        (KeyCode::PageUp, 0),
        (KeyCode::PageDown, 1),
        (KeyCode::Down, 2),
        (KeyCode::PageDown, 2),
        (KeyCode::Up, 1),
    ] {
        press(&mut app, &topology, key);
        assert_eq!((app.help, app.help_page), (true, page), "{key:?}");
    }
    press(&mut app, &topology, KeyCode::Esc);
    press(&mut app, &topology, KeyCode::Char('?'));
    assert_eq!((app.help, app.help_page), (true, 0));
}

#[test]
fn quits_wherever_it_is() {
    let (mut app, topology) = app();
    assert_eq!(press(&mut app, &topology, KeyCode::Char('q')), Outcome::Quit);
    press(&mut app, &topology, KeyCode::Char('f'));
    assert_eq!(press(&mut app, &topology, KeyCode::Char('q')), Outcome::Changed);
    let with_control =
        |app: &mut App, letter| press_with(app, &topology, KeyCode::Char(letter), KeyModifiers::CONTROL);
    assert_eq!(with_control(&mut app, 'z'), Outcome::Suspend);
    assert_eq!(with_control(&mut app, 'c'), Outcome::Quit);
}

#[test]
fn a_key_that_means_nothing_changes_nothing() {
    let (mut app, topology) = app();
    assert_eq!(press(&mut app, &topology, KeyCode::Char('Z')), Outcome::Nothing);
    assert_eq!(press(&mut app, &topology, KeyCode::F(5)), Outcome::Nothing);
}

#[test]
fn pasted_text_goes_where_text_is_typed_and_nowhere_else() {
    let (mut app, topology) = app();
    app.type_text("qqq");
    assert!(app.prompt.is_none());
    press(&mut app, &topology, KeyCode::Char('/'));
    app.type_text("red\u{1b}[31m\nis");
    assert_eq!(app.search, "red\\x1b[31m");
}

#[test]
fn every_key_is_safe_on_an_empty_screen() {
    let topology = Topology::new();
    for binding in crate::input::bindings() {
        for (_, action) in binding.keys {
            for mode in [Mode::Graph, Mode::List] {
                let mut app = App::new(None, TimeZone::UTC);
                app.mode = mode;
                app.settle(&topology);
                app.handle(Request::Act(*action));
                app.settle(&topology);
                assert_eq!(app.selection, None);
            }
        }
    }
}
