//! Keys while the help screen is open. Any other key closes it as well; these say so.

use crossterm::event::KeyCode;

use super::{control, footer, letter, plain};
use crate::input::{Action, Binding, Scope};
use crate::view::Direction;

pub(super) const BINDINGS: &[Binding] = &[
    Binding {
        scope: Scope::Help,
        section: "While reading help",
        keys: &[letter('q', Action::Back), plain(KeyCode::Esc, Action::Back), letter('?', Action::Help)],
        shown: "q Esc ?",
        what: "close it",
        footer: Some(footer("q", "close help", 1)),
    },
    Binding {
        scope: Scope::Help,
        section: "While reading help",
        keys: &[
            plain(KeyCode::PageDown, Action::PageDown),
            plain(KeyCode::PageUp, Action::PageUp),
            plain(KeyCode::Down, Action::Move(Direction::Down)),
            plain(KeyCode::Up, Action::Move(Direction::Up)),
            plain(KeyCode::Right, Action::Move(Direction::Right)),
            plain(KeyCode::Left, Action::Move(Direction::Left)),
            letter(' ', Action::PageDown),
        ],
        shown: "PgDn PgUp ↓↑ →← Space",
        what: "turn its pages",
        footer: Some(footer("PgDn PgUp", "turn its pages", 2)),
    },
    Binding {
        scope: Scope::Help,
        section: "While reading help",
        keys: &[control('c', Action::Quit), control('z', Action::Suspend)],
        shown: "^C ^Z",
        what: "quit, stop for now",
        footer: Some(footer("^C", "quit", 3)),
    },
];
