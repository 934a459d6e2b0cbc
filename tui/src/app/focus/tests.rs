#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use scopetop_tracker::topology::Topology;

use crate::app::App;
use crate::fixture;
use crate::graph;
use crate::input::{Action, Request};
use crate::theme::Theme;
use crate::view::{Body, LeftOut, Section, Selection, ShownKey, ViewEdge};

fn app() -> (App, Topology) {
    let topology = fixture::topology();
    let mut app = App::new(None, TimeZone::UTC);
    app.tick_applied(fixture::NOW);
    app.settle(&topology);
    (app, topology)
}

fn act(app: &mut App, topology: &Topology, action: Action) {
    app.handle(Request::Act(action));
    app.settle(topology);
}

fn key(app: &App, label: &str) -> ShownKey {
    app.whole().nodes.iter().find(|node| node.label == label).unwrap().key.clone()
}

fn focus(app: &mut App, topology: &Topology, label: &str) {
    app.select(Selection::Node(key(app, label)));
    act(app, topology, Action::Open);
}

fn labels(app: &App) -> Vec<&str> {
    app.view.nodes.iter().map(|node| node.label.as_str()).collect()
}

fn focused(app: &App) -> Vec<String> {
    let label = |key| app.whole().node(key).map_or("gone", |node| node.label.as_str()).to_owned();
    app.focused().map(|(key, _)| label(key)).collect()
}

fn tick(app: &mut App, topology: &mut Topology, tick: &scopetop_tracker::Tick) {
    topology.apply(tick);
    app.tick_applied(tick.at);
    app.settle(topology);
}

/// The graph as it is drawn.
fn picture(app: &mut App) -> Buffer {
    let area = Rect::new(0, 0, 120, 40);
    let mut buffer = Buffer::empty(area);
    let look = (&app.trends, &Theme::colour());
    graph::render(&mut buffer, area, &app.view, &mut app.graph, app.selection.as_ref(), look);
    buffer
}

#[test]
fn enter_shows_what_is_around_a_node_and_says_what_it_leaves_out() {
    let (mut app, topology) = app();
    let whole = app.view.clone();
    focus(&mut app, &topology, "postgres 5120");
    assert_eq!(labels(&app), ["nginx 4121", "postgres 5120", "203.0.113.9"]);
    let shown: usize = app.view.edges.iter().map(ViewEdge::connections).sum();
    let left_out = LeftOut { nodes: whole.nodes.len() - 3, connections: whole.totals.connections - shown };
    assert_eq!(app.left_out(), left_out);
    assert_eq!(*app.whole(), whole);
    assert!(!app.details_open);
    // Enter on what is focused already leads nowhere.
    act(&mut app, &topology, Action::Open);
    assert_eq!(focused(&app), ["postgres 5120"]);
}

#[test]
fn backspace_returns_step_by_step_and_all_is_where_it_was() {
    let (mut app, topology) = app();
    app.select(Selection::Node(key(&app, "postgres 5120")));
    let all = picture(&mut app);
    act(&mut app, &topology, Action::Open);
    let small = picture(&mut app);
    assert_ne!(small, all);
    focus(&mut app, &topology, "nginx 4121");
    assert_eq!(focused(&app), ["postgres 5120", "nginx 4121"]);
    focus(&mut app, &topology, "203.0.113.9");
    assert_eq!(focused(&app).len(), 3);
    act(&mut app, &topology, Action::Return);
    act(&mut app, &topology, Action::Return);
    app.select(Selection::Node(key(&app, "postgres 5120")));
    assert_eq!((focused(&app), picture(&mut app)), (vec![String::from("postgres 5120")], small));
    act(&mut app, &topology, Action::Return);
    assert_eq!((focused(&app).len(), app.left_out()), (0, LeftOut::default()));
    assert_eq!(picture(&mut app), all);
    assert_eq!(app.selection, Some(Selection::Node(key(&app, "postgres 5120"))));
}

#[test]
fn a_focus_reaches_what_the_one_before_left_out() {
    let (mut app, topology) = app();
    focus(&mut app, &topology, "192.168.7.41");
    assert!(!labels(&app).contains(&"192.0.2.77"));
    focus(&mut app, &topology, "cron-job 9921");
    assert!(labels(&app).contains(&"192.0.2.77"));
}

#[test]
fn a_focus_follows_ticks_and_stays_while_its_node_is_gone() {
    let mut topology = fixture::after(&fixture::ticks()[..1]);
    let mut app = App::new(None, TimeZone::UTC);
    app.tick_applied(fixture::NOW);
    app.settle(&topology);
    focus(&mut app, &topology, "nginx 4122");
    assert_eq!(labels(&app), ["nginx 4122", "198.51.100.23"]);
    tick(&mut app, &mut topology, &fixture::ticks()[1]);
    assert_eq!(focused(&app), ["nginx 4122"]);

    focus(&mut app, &topology, "198.51.100.23");
    tick(&mut app, &mut topology, &fixture::quiet(1));
    assert_eq!(focused(&app), ["nginx 4122", "gone"]);
    assert_eq!(labels(&app), ["nginx 4122"], "what was around it, as far as it is there");
    // It comes back with a connection.
    let mut again = fixture::quiet(2);
    let local = "10.0.2.4:443";
    let way = scopetop_tracker::connection::Direction::Inbound;
    again.opened =
        vec![fixture::socket(900, 4122, fixture::ticks()[0].opened[0].netns, local, "198.51.100.23:5", way)];
    tick(&mut app, &mut topology, &again);
    assert_eq!(focused(&app), ["nginx 4122", "198.51.100.23"]);
    assert!(labels(&app).contains(&"198.51.100.23"));
}

#[test]
fn the_focus_goes_along_to_another_view_and_each_view_keeps_its_places() {
    use scopetop_tracker::topology::grouping::By;
    let (mut app, topology) = app();
    let before = picture(&mut app);
    act(&mut app, &topology, Action::ShowBy(By::Container));
    let by_container = picture(&mut app);
    act(&mut app, &topology, Action::ShowBy(By::Process));
    focus(&mut app, &topology, "postgres 5120");
    act(&mut app, &topology, Action::ShowBy(By::Container));
    assert_eq!(labels(&app), ["198.51.100.23", "203.0.113.9", "web ×2", "db"]);
    act(&mut app, &topology, Action::Return);
    app.set_selection(None);
    assert_eq!(picture(&mut app), by_container);
    act(&mut app, &topology, Action::ShowBy(By::Process));
    app.set_selection(None);
    assert_eq!(picture(&mut app), before);
}

#[test]
fn details_in_a_focus_have_the_peers_that_are_left_out() {
    let (mut app, topology) = app();
    focus(&mut app, &topology, "192.168.7.41");
    app.select(Selection::Node(key(&app, "cron-job 9921")));
    act(&mut app, &topology, Action::Details);
    let rows = |section: &Section| match &section.body {
        Body::Table(table)
            if ["inbound", "outbound", "who began is not known"].contains(&section.heading) =>
        {
            table.rows.len()
        }
        _ => 0,
    };
    let peers: usize = app.inspection.as_ref().unwrap().details.sections.iter().map(rows).sum();
    assert_eq!((peers, app.view.edges.len()), (3, 2));
}
