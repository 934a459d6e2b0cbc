#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use jiff::tz::TimeZone;
use scopetop_tracker::topology::Topology;

use crate::app::fixture::{press, select, selected};
use crate::app::{App, Mode};
use crate::fixture;
use crate::list::{Column, Row, Shape};

/// An application on the list of the fixture's host.
fn app() -> (App, Topology) {
    let topology = fixture::topology();
    let mut app = App::new(None, TimeZone::UTC);
    app.tick_applied(fixture::NOW);
    app.settle(&topology);
    press(&mut app, &topology, "t");
    (app, topology)
}

#[test]
fn t_shows_the_list_then_the_tree_then_the_table_again() {
    let (mut app, topology) = app();
    assert_eq!((app.mode, app.list.shape, app.list.len()), (Mode::List, Shape::Table, app.view.edges.len()));
    press(&mut app, &topology, "t");
    assert_eq!(app.list.shape, Shape::Tree);
    press(&mut app, &topology, "gt");
    assert_eq!((app.mode, app.list.shape), (Mode::List, Shape::Tree), "as it was left");
    select(&mut app, &topology, "postgres 5120");
    press(&mut app, &topology, "t");
    assert_eq!(app.list.shape, Shape::Table);
    assert_eq!(selected(&app), "nginx 4121 → postgres 5120", "in the table an edge stands for a node");
}

#[test]
fn the_tree_is_walked_past_groups_and_into_and_out_of_nodes() {
    let (mut app, topology) = app();
    press(&mut app, &topology, "t↓");
    let row = app.selected_row().unwrap();
    assert_eq!((row, app.list.row(0)), (1, Some(Row::Group(0))), "a group is no thing");
    press(&mut app, &topology, "↑");
    assert_eq!(app.selected_row(), Some(1), "there is nothing above it");
    select(&mut app, &topology, "nginx 4121");
    press(&mut app, &topology, "→");
    assert_eq!(selected(&app), "nginx 4121 → postgres 5120");
    let under_client = app.selected_row().unwrap();
    press(&mut app, &topology, "→");
    assert_eq!(selected(&app), "postgres 5120", "its other end");
    press(&mut app, &topology, "→");
    assert_eq!(selected(&app), "nginx 4121 → postgres 5120");
    assert_ne!(app.selected_row().unwrap(), under_client, "told under the other end");
    press(&mut app, &topology, "←");
    assert_eq!(selected(&app), "postgres 5120");
    let rows = app.list.len();
    press(&mut app, &topology, "←");
    assert_eq!(app.list.len(), rows - 1, "folded");
    press(&mut app, &topology, "←");
    assert_eq!((app.list.len(), selected(&app).as_str()), (rows - 1, "postgres 5120"));
    press(&mut app, &topology, "→");
    assert_eq!((app.list.len(), selected(&app).as_str()), (rows, "postgres 5120"));
}

#[test]
fn a_search_in_the_tree_goes_through_its_rows() {
    let (mut app, topology) = app();
    press(&mut app, &topology, "t/");
    app.type_text("postgres");
    app.settle(&topology);
    // The node, and its edge under either end.
    assert_eq!(app.match_position().1, 3);
}

#[test]
fn rows_are_sorted_by_the_next_column_and_turned_around() {
    let (mut app, topology) = app();
    let clients = |app: &App| -> Vec<String> {
        let rows = app.list.rows_from(0).iter();
        rows.map(|row| match row {
            Row::Edge { under, .. } => app.view.nodes[*under as usize].label.clone(),
            other => panic!("{other:?}"),
        })
        .collect()
    };
    let by_name = clients(&app);
    press(&mut app, &topology, "S");
    let turned: Vec<String> = by_name.iter().rev().cloned().collect();
    assert_eq!(clients(&app), turned);
    while app.list.sort().column != Column::Rate {
        press(&mut app, &topology, "s");
    }
    assert_eq!(clients(&app)[..3], ["192.168.7.41", "nginx 4121", "agent 311"]);
    press(&mut app, &topology, "g");
    let sort = app.list.sort();
    press(&mut app, &topology, "sSc");
    assert_eq!((app.list.sort(), app.list.chooser), (sort, None), "the graph has no order");
}

#[test]
fn columns_are_chosen_by_keys_that_do_nothing_else() {
    let (mut app, topology) = app();
    press(&mut app, &topology, "↓");
    let before = (app.selection.clone(), app.time.shown());
    press(&mut app, &topology, "c↓ ");
    assert_eq!(app.list.columns().all()[1], (Column::ClientIn, false));
    press(&mut app, &topology, "→→←");
    assert_eq!(app.list.columns().all()[2], (Column::ClientIn, false));
    assert_eq!((app.selection.clone(), app.time.shown()), before);
    press(&mut app, &topology, "r");
    assert_eq!(app.list.columns().all()[1], (Column::ClientIn, true));
    press(&mut app, &topology, "⎋");
    assert_eq!(app.list.chooser, None);
    assert!(app.selection.is_some(), "only the choice was closed");
}
