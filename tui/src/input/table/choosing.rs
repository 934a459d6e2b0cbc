//! Keys while something is to be chosen; each choice has a letter of its own besides.

use crossterm::event::KeyCode;

use super::{control, footer, plain};
use crate::input::{Action, Binding, Choose, Scope};

pub(super) const BINDINGS: &[Binding] = &[
    Binding {
        scope: Scope::Choosing,
        section: "While choosing",
        keys: &[plain(KeyCode::Enter, Action::Choose(Choose::Take))],
        shown: "Enter",
        what: "take it",
        footer: Some(footer("⏎", "take it", 1)),
    },
    Binding {
        scope: Scope::Choosing,
        section: "While choosing",
        keys: &[plain(KeyCode::Esc, Action::Choose(Choose::Leave))],
        shown: "Esc",
        what: "leave",
        footer: Some(footer("esc", "leave", 2)),
    },
    Binding {
        scope: Scope::Choosing,
        section: "While choosing",
        keys: &[
            plain(KeyCode::Up, Action::Choose(Choose::Up)),
            plain(KeyCode::Down, Action::Choose(Choose::Down)),
        ],
        shown: "↑↓",
        what: "go to another",
        footer: Some(footer("↑↓", "move", 3)),
    },
    Binding {
        scope: Scope::Choosing,
        section: "While choosing",
        keys: &[control('z', Action::Suspend), control('c', Action::Quit)],
        shown: "^Z ^C",
        what: "stop for now, quit",
        footer: None,
    },
];
