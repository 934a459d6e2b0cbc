//! Keys that move the selection.

use crossterm::event::KeyCode;

use super::{footer, letter, plain};
use crate::input::{Action, Binding, Key, Scope};
use crate::view::Direction;

pub(super) const BINDINGS: &[Binding] = &[
    Binding {
        scope: Scope::Screen,
        section: "Moving",
        keys: &[
            plain(KeyCode::Up, Action::Move(Direction::Up)),
            plain(KeyCode::Down, Action::Move(Direction::Down)),
            plain(KeyCode::Left, Action::Move(Direction::Left)),
            plain(KeyCode::Right, Action::Move(Direction::Right)),
            letter('h', Action::Move(Direction::Left)),
            letter('j', Action::Move(Direction::Down)),
            letter('k', Action::Move(Direction::Up)),
            letter('l', Action::Move(Direction::Right)),
        ],
        shown: "↑↓←→ hjkl",
        what: "go to the next one",
        footer: Some(footer("↑↓←→", "move", 4)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Moving",
        keys: &[plain(KeyCode::PageUp, Action::PageUp), plain(KeyCode::PageDown, Action::PageDown)],
        shown: "PgUp PgDn",
        what: "a page (details: scroll)",
        footer: None,
    },
    Binding {
        scope: Scope::Screen,
        section: "Moving",
        keys: &[(Key::Control(KeyCode::Home), Action::First), (Key::Control(KeyCode::End), Action::Last)],
        shown: "^Home ^End",
        what: "the first, the last",
        footer: None,
    },
    Binding {
        scope: Scope::Screen,
        section: "Moving",
        keys: &[plain(KeyCode::Enter, Action::Open)],
        shown: "Enter",
        what: "open group, focus node",
        footer: Some(footer("⏎", "open", 5).in_list("open", 8).in_details("open", 8)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Moving",
        keys: &[plain(KeyCode::Tab, Action::NextEdge), plain(KeyCode::BackTab, Action::PreviousEdge)],
        shown: "Tab ⇧Tab",
        what: "its next, previous edge",
        footer: Some(footer("⇥", "edge", 11).not_in_list().in_details("edge", 7)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Moving",
        keys: &[plain(KeyCode::Esc, Action::Back)],
        shown: "Esc",
        what: "one step back",
        footer: None,
    },
];
