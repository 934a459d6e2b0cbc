//! Keys of the list, and of the choice of its columns.

use crossterm::event::KeyCode;

use super::{control, footer, letter, plain};
use crate::input::{Action, Binding, Scope};
use crate::view::Direction;

pub(super) const BINDINGS: &[Binding] = &[
    Binding {
        scope: Scope::Screen,
        section: "List",
        keys: &[letter('s', Action::SortByNext), letter('S', Action::TurnOrder)],
        shown: "s S",
        what: "sort by next, turn it",
        footer: Some(footer("s", "sort", 5).not_in_graph().not_in_details()),
    },
    Binding {
        scope: Scope::Screen,
        section: "List",
        keys: &[letter('c', Action::ChooseColumns)],
        shown: "c",
        what: "choose columns",
        footer: Some(footer("c", "columns", 10).not_in_graph().not_in_details()),
    },
    Binding {
        scope: Scope::Columns,
        section: "While choosing columns",
        keys: &[
            plain(KeyCode::Up, Action::Move(Direction::Up)),
            plain(KeyCode::Down, Action::Move(Direction::Down)),
            letter('j', Action::Move(Direction::Down)),
            letter('k', Action::Move(Direction::Up)),
        ],
        shown: "↑↓ jk",
        what: "go to the next one",
        footer: Some(footer("↑↓", "move", 3)),
    },
    Binding {
        scope: Scope::Columns,
        section: "While choosing columns",
        keys: &[
            plain(KeyCode::Left, Action::Move(Direction::Left)),
            plain(KeyCode::Right, Action::Move(Direction::Right)),
            letter('h', Action::Move(Direction::Left)),
            letter('l', Action::Move(Direction::Right)),
        ],
        shown: "←→ hl",
        what: "move the column",
        footer: Some(footer("←→", "move the column", 4)),
    },
    Binding {
        scope: Scope::Columns,
        section: "While choosing columns",
        keys: &[letter(' ', Action::ToggleColumn)],
        shown: "Space",
        what: "on, off",
        footer: Some(footer("␣", "on, off", 1)),
    },
    Binding {
        scope: Scope::Columns,
        section: "While choosing columns",
        keys: &[letter('r', Action::ResetColumns)],
        shown: "r",
        what: "as at first",
        footer: Some(footer("r", "as at first", 5)),
    },
    Binding {
        scope: Scope::Columns,
        section: "While choosing columns",
        keys: &[
            plain(KeyCode::Enter, Action::ChooseColumns),
            plain(KeyCode::Esc, Action::ChooseColumns),
            letter('c', Action::ChooseColumns),
        ],
        shown: "Enter Esc c",
        what: "done",
        footer: Some(footer("⏎", "done", 2)),
    },
    Binding {
        scope: Scope::Columns,
        section: "While choosing columns",
        keys: &[control('z', Action::Suspend), control('c', Action::Quit), letter('q', Action::Quit)],
        shown: "^Z ^C q",
        what: "stop for now, quit",
        footer: None,
    },
];
