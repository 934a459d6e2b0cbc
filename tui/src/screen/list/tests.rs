#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use ratatui::buffer::Buffer;
use ratatui::style::Modifier;

use super::super::tests::{act, app, buffer, type_in};
use super::*;
use crate::input::{Action, Edit};

const SIZE: (u16, u16) = (120, 40);

fn searched(text: &str, tree: bool) -> Buffer {
    let (mut app, topology) = app();
    if tree {
        act(&mut app, &topology, &[Action::ShowList]);
    }
    act(&mut app, &topology, &[Action::Search]);
    type_in(&mut app, &topology, text);
    act(&mut app, &topology, &[Action::Edit(Edit::Accept)]);
    buffer(&mut app, SIZE, &Theme::plain())
}

/// The first row of the list that has a text.
fn row_of(drawn: &Buffer, text: &str) -> (u16, String) {
    let line = |y: u16| (0..SIZE.0).map(|x| drawn[(x, y)].symbol()).collect::<String>();
    (3..SIZE.1 - 1).map(|y| (y, line(y))).find(|(_, line)| line.contains(text)).unwrap()
}

/// Whether all that is written in the row of a text is dim.
fn is_dim(drawn: &Buffer, text: &str) -> bool {
    let (y, _) = row_of(drawn, text);
    let mut written = (0..SIZE.0).map(|x| &drawn[(x, y)]).filter(|cell| cell.symbol() != " ");
    written.all(|cell| cell.modifier.contains(Modifier::DIM))
}

/// Whether a text is marked in any row: the selected one has a look of its own.
fn is_marked(drawn: &Buffer, text: &str) -> bool {
    let cells = |y: u16| (0..SIZE.0).map(move |x| &drawn[(x, y)]);
    (3..SIZE.1 - 1).any(|y| {
        let marked = cells(y).filter(|cell| cell.modifier.contains(Modifier::UNDERLINED));
        marked.map(ratatui::buffer::Cell::symbol).collect::<String>().contains(text)
    })
}

#[test]
fn what_is_not_found_is_dim() {
    let table = searched("agent", false);
    assert!(is_dim(&table, "postgres 5120") && !is_dim(&table, "agent 311"));
    assert!(is_marked(&searched("nginx", false), "nginx 4121"));
    let nothing = searched("nowhere", false);
    assert!(!is_dim(&nothing, "postgres 5120"), "nothing is found: there is nowhere to look");
    let services = searched(":443", false);
    assert!(is_marked(&services, ":443") && !is_dim(&services, ":443") && is_dim(&services, ":6379"));
}

#[test]
fn what_is_not_found_is_dim_in_the_tree() {
    let tree = searched("postgres:16", true);
    assert!(is_marked(&tree, "db  postgres:16") && !is_dim(&tree, "db  postgres:16"));
    assert!(is_dim(&tree, "web  nginx:1.27") && is_dim(&tree, "agent 311"));
}

/// The selected row is one bar, and what is marked in others is marked no wider than it is.
#[test]
fn looks_end_with_what_has_them() {
    let drawn = searched("agent", false);
    let (y, _) = row_of(&drawn, "agent 311");
    let bar = drawn[(0, y)].style();
    assert!(bar.add_modifier.contains(Modifier::REVERSED));
    assert!((0..SIZE.0).all(|x| drawn[(x, y)].style() == bar));
    let found = searched("nginx", false);
    let marked = |cell: &&ratatui::buffer::Cell| cell.modifier.contains(Modifier::UNDERLINED);
    let marked: String = found.content.iter().filter(marked).map(ratatui::buffer::Cell::symbol).collect();
    assert!(marked.contains("nginx 4121") && !marked.contains("  "), "{marked}");
}

#[test]
fn scrolls_no_more_than_needed() {
    assert_eq!(offset(0, Some(3), 10, 100), 0);
    assert_eq!(offset(0, Some(10), 10, 100), 1);
    assert_eq!(offset(50, Some(55), 10, 100), 50);
    assert_eq!(offset(50, Some(20), 10, 100), 20);
    assert_eq!(offset(95, None, 10, 100), 90);
    assert_eq!(offset(5, Some(2), 10, 3), 0);
    assert_eq!(offset(5, Some(2), 0, 3), 3);
}
