//! Keys while a container's output is followed.

use crossterm::event::KeyCode;

use super::{control, footer, letter, plain};
use crate::input::{Action, Binding, Scope};
use crate::view::Direction;

pub(super) const BINDINGS: &[Binding] = &[
    Binding {
        scope: Scope::Log,
        section: "Logs",
        keys: &[
            plain(KeyCode::Up, Action::Move(Direction::Up)),
            plain(KeyCode::Down, Action::Move(Direction::Down)),
        ],
        shown: "↑↓",
        what: "a line",
        footer: Some(footer("↑↓", "line", 3)),
    },
    Binding {
        scope: Scope::Log,
        section: "Logs",
        keys: &[plain(KeyCode::PageUp, Action::PageUp), plain(KeyCode::PageDown, Action::PageDown)],
        shown: "PgUp PgDn",
        what: "a page",
        footer: Some(footer("PgUp PgDn", "page", 4)),
    },
    Binding {
        scope: Scope::Log,
        section: "Logs",
        keys: &[plain(KeyCode::Home, Action::First), plain(KeyCode::End, Action::Last)],
        shown: "Home End",
        what: "the oldest, the newest",
        footer: Some(footer("Home End", "oldest, newest", 5)),
    },
    Binding {
        scope: Scope::Log,
        section: "Logs",
        keys: &[plain(KeyCode::Esc, Action::Back)],
        shown: "Esc",
        what: "leave",
        footer: Some(footer("esc", "leave", 1)),
    },
    Binding {
        scope: Scope::Log,
        section: "Logs",
        keys: &[letter('q', Action::Quit), control('c', Action::Quit), control('z', Action::Suspend)],
        shown: "q ^C ^Z",
        what: "quit, stop for now",
        footer: Some(footer("q", "quit", 2)),
    },
];
