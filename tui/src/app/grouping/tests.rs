#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use jiff::tz::TimeZone;
use scopetop_tracker::topology::Topology;
use scopetop_tracker::topology::grouping::By;

use crate::app::App;
use crate::app::fixture::{press, select, selected};
use crate::fixture;
use crate::view::Selection;

fn app() -> (App, Topology) {
    let topology = fixture::shop();
    let mut app = App::new(None, TimeZone::UTC);
    app.tick_applied(fixture::NOW);
    app.settle(&topology);
    (app, topology)
}

#[test]
fn each_number_chooses_a_view() {
    let (mut app, topology) = app();
    for (key, by) in "123456".chars().zip(By::ALL) {
        press(&mut app, &topology, &key.to_string());
        assert_eq!(app.grouping.by(), by);
    }
    assert_eq!(app.view.totals.processes, 16, "none is lost in a group");
    assert_eq!((app.view.totals.containers, app.view.totals.connections), (6, 26));
}

#[test]
fn the_selection_goes_along_and_comes_back() {
    let (mut app, topology) = app();
    select(&mut app, &topology, "nginx 2113");
    let mut told = Vec::new();
    for key in ["2", "3", "4", "5", "6", "1"] {
        press(&mut app, &topology, key);
        told.push(selected(&app));
    }
    assert_eq!(
        told,
        ["nginx ×3", "web-1 ×3", "nginx:1.27 ×5", "proxy-1 +1 ×4", "shop/web-1 ×4", "nginx 2113"],
        "not another of the group"
    );
}

#[test]
fn an_edge_that_is_selected_goes_along_too() {
    let (mut app, topology) = app();
    let edge = |app: &App, ends: &str| {
        let label = |place: usize| app.view.nodes[place].label.clone();
        let mut edges = app.view.edges.iter();
        let edge = edges.find(|edge| format!("{} {}", label(edge.client), label(edge.server)) == ends);
        app.view.edge_key(edge.unwrap()).unwrap()
    };
    let smallest = edge(&app, "nginx 2113 postgres 3002");
    app.select(Selection::Edge(smallest));
    app.settle(&topology);
    press(&mut app, &topology, "4");
    assert_eq!(selected(&app), "nginx:1.27 ×5 → postgres:16 ×2");
    press(&mut app, &topology, "1");
    assert_eq!(selected(&app), "nginx 2113 → postgres 3002");
    press(&mut app, &topology, "4");
    let sum = edge(&app, "nginx:1.27 ×5 postgres:16 ×2");
    app.select(Selection::Edge(sum));
    app.settle(&topology);
    press(&mut app, &topology, "1");
    assert_eq!(selected(&app), "nginx 2113 → postgres 3002", "nothing else was selected in between");
    press(&mut app, &topology, "4⇥⇥");
    let sum = edge(&app, "nginx:1.27 ×5 postgres:16 ×2");
    app.select(Selection::Edge(sum));
    app.settle(&topology);
    press(&mut app, &topology, "1");
    assert_eq!(selected(&app), "nginx 2112 → postgres 3002", "its largest part");
}

#[test]
fn a_group_that_is_chosen_by_hand_stands_for_its_busiest_member() {
    let (mut app, topology) = app();
    press(&mut app, &topology, "3");
    select(&mut app, &topology, "web-1 ×3");
    press(&mut app, &topology, "1");
    assert_eq!(selected(&app), "nginx 2112");
}

#[test]
fn enter_opens_a_group_and_backspace_collapses_it() {
    let (mut app, topology) = app();
    press(&mut app, &topology, "4");
    select(&mut app, &topology, "nginx:1.27 ×5");
    press(&mut app, &topology, "⏎");
    assert_eq!(selected(&app), "web-1 ×3");
    assert!(!app.details_open);
    press(&mut app, &topology, "⏎");
    assert_eq!(selected(&app), "nginx 2112");
    press(&mut app, &topology, "⌫");
    assert_eq!(selected(&app), "web-1 ×3");
    press(&mut app, &topology, "⌫");
    assert_eq!(selected(&app), "nginx:1.27 ×5");
    // It is in nothing that could be collapsed.
    press(&mut app, &topology, "⌫");
    assert_eq!(selected(&app), "nginx:1.27 ×5");
    // And a box of the first view.
    press(&mut app, &topology, "1");
    press(&mut app, &topology, "⌫");
    assert_eq!(selected(&app), "web-1 ×3");
    press(&mut app, &topology, "4⏎1");
    assert_eq!(selected(&app), "web-1 ×3", "each view keeps its own");
}

#[test]
fn d_opens_the_details_of_a_group_too() {
    let (mut app, topology) = app();
    select(&mut app, &topology, "nginx 2112");
    press(&mut app, &topology, "d");
    assert!(app.details_open);
    press(&mut app, &topology, "3");
    assert_eq!(app.inspection.as_ref().unwrap().details.title, "web-1 ×3", "they go along");
    press(&mut app, &topology, "d");
    assert!(!app.details_open);
    press(&mut app, &topology, "d⇥");
    assert!(app.inspection.as_ref().unwrap().details.title.contains('→'));
}

#[test]
fn a_node_that_is_gone_can_still_be_collapsed() {
    let (mut app, mut topology) = app();
    press(&mut app, &topology, "2");
    select(&mut app, &topology, "probe");
    press(&mut app, &topology, "⏎");
    assert_eq!(selected(&app), "probe 801");
    topology.apply(&fixture::quiet(1));
    app.tick_applied(fixture::NOW);
    app.settle(&topology);
    assert_eq!(selected(&app), "gone");
    press(&mut app, &topology, "⌫");
    assert!(app.grouping == scopetop_tracker::topology::grouping::Grouping::new(By::Name));
}

#[test]
fn all_groups_open_collapse_and_become_what_they_were() {
    let (mut app, topology) = app();
    press(&mut app, &topology, "3");
    let count = |app: &App| app.view.nodes.len();
    let at_first = count(&app);
    press(&mut app, &topology, "O");
    let open = count(&app);
    press(&mut app, &topology, "O");
    let collapsed = count(&app);
    press(&mut app, &topology, "O");
    assert!(open > at_first && at_first > collapsed, "{open} {at_first} {collapsed}");
    assert_eq!(count(&app), at_first);
}

#[test]
fn a_protocol_is_switched_off_and_on_and_what_that_hides_is_counted() {
    let (mut app, topology) = app();
    let has = |app: &App, label: &str| app.view.nodes.iter().any(|node| node.label == label);
    let all = app.view.totals.connections;
    assert!(has(&app, "dnsmasq 701"));
    press(&mut app, &topology, "U");
    assert!(!has(&app, "dnsmasq 701"));
    assert_eq!((app.view.totals.connections, app.view.hidden.switched_off), (all - 1, [0, 1, 0]));
    press(&mut app, &topology, "T");
    assert!(app.view.nodes.is_empty());
    assert_eq!(app.view.hidden.switched_off, [all - 1, 1, 0]);
    press(&mut app, &topology, "TU");
    assert_eq!(app.view.totals.connections, all);
}

#[test]
fn a_switch_is_none_of_the_filter() {
    let (mut app, topology) = app();
    press(&mut app, &topology, "fproto=udp⏎");
    assert_eq!((app.view.totals.connections, app.view.hidden.switched_off), (1, [0; 3]));
    press(&mut app, &topology, "U");
    assert_eq!((app.view.totals.connections, app.view.hidden.switched_off), (0, [0, 1, 0]));
    assert_eq!(app.filter_text(), "proto=udp");
}
