//! That every terminal shows it: without colours, without UTF-8, of any size.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use super::*;
use crate::theme::edge_mark;
use crate::view::EdgeState;

/// What our own drawing has beyond ASCII is put in place, character by character; only names from outside become `?`.
#[test]
fn nothing_but_ascii_is_left_where_utf8_is_missing() {
    let mut theme = Theme::plain();
    theme.finish.ascii = true;
    let (mut app, topology) = app();
    for mode in [Mode::Graph, Mode::List] {
        app.mode = mode;
        for action in [Action::Back, Action::Details, Action::Help] {
            act(&mut app, &topology, &[action]);
            for size in [SMALL, (120, 40), LARGE] {
                let unicode = buffer(&mut app, size, &Theme::plain());
                let ascii = buffer(&mut app, size, &theme);
                let footer = size.1 - 1;
                for y in 0..footer {
                    for x in 0..size.0 {
                        let (drawn, left) = (unicode[(x, y)].symbol(), ascii[(x, y)].symbol());
                        assert!(left.is_ascii() && left.len() == 1, "{left:?} of {drawn:?}");
                        if drawn.is_ascii() {
                            assert_eq!(drawn, left);
                        } else if left == "?" {
                            assert!(
                                drawn.chars().all(char::is_alphabetic),
                                "{drawn:?} has nothing in its place"
                            );
                        }
                    }
                }
            }
        }
        act(&mut app, &topology, &[Action::Back, Action::Back]);
    }
}

#[test]
fn no_size_and_no_state_makes_it_panic() {
    let (mut app, topology) = app();
    let mut look = |actions: &[Action]| {
        act(&mut app, &topology, actions);
        for width in [0, 1, 2, 10, 39, 40, 41, 60, 99, 100, 101, 250] {
            for height in [0, 1, 2, 9, 10, 11, 12, 29, 30, 31, 80] {
                picture(&mut app, (width, height));
            }
        }
    };
    look(&[]);
    look(&[Action::First, Action::Open]);
    look(&[Action::Help]);
    look(&[Action::Help, Action::Filter]);
    act(&mut app, &topology, &[]);
    app.type_text("prot=日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語");
    for width in 40..120 {
        picture(&mut app, (width, 12));
    }
}

#[test]
fn without_colour_everything_is_told_by_shape() {
    let (mut app, topology) = app();
    select_edge(&mut app, &topology, ":5432");
    act(&mut app, &topology, &[Action::Open]);
    for size in [SMALL, LARGE] {
        let plain = buffer(&mut app, size, &Theme::plain());
        assert_eq!(text_of(&plain), picture(&mut app, size));
        for cell in plain.content() {
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
        }
    }
    let marks: Vec<&str> =
        [EdgeState::New, EdgeState::Steady, EdgeState::Busy, EdgeState::Closed, EdgeState::Failed]
            .map(edge_mark)
            .into();
    for (place, mark) in marks.iter().enumerate() {
        assert!(!marks[place + 1..].contains(mark));
    }
}

#[test]
fn grey_is_what_closed_and_nothing_else() {
    let (mut app, _) = app();
    let buffer = buffer(&mut app, LARGE, &Theme::colour());
    let closed = row_with(&buffer, "198.51.100.23");
    let failed = row_with(&buffer, ":8443");
    let grey: std::collections::BTreeSet<u16> = (0..LARGE.1)
        .flat_map(|y| (0..LARGE.0).map(move |x| (x, y)))
        .filter(|place| buffer[*place].fg == Color::DarkGray || buffer[*place].fg == Color::Gray)
        .map(|(_, y)| y)
        .collect();
    assert_eq!(grey.into_iter().collect::<Vec<_>>(), [closed]);
    assert_eq!(buffer[(1, failed)].symbol(), "✗");
    assert_eq!(buffer[(1, failed)].fg, Color::Red);
    assert_eq!(buffer[(1, row_with(&buffer, "curl"))].fg, Color::LightGreen);
}
