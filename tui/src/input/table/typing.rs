//! Keys while a text is being typed.

use crossterm::event::KeyCode;

use super::{control, footer, plain};
use crate::input::{Action, Binding, Edit, Scope};

pub(super) const BINDINGS: &[Binding] = &[
    Binding {
        scope: Scope::Typing,
        section: "While typing",
        keys: &[plain(KeyCode::Enter, Action::Edit(Edit::Accept))],
        shown: "Enter",
        what: "take it",
        footer: Some(footer("⏎", "take it", 1)),
    },
    Binding {
        scope: Scope::Typing,
        section: "While typing",
        keys: &[plain(KeyCode::Esc, Action::Edit(Edit::Cancel))],
        shown: "Esc",
        what: "leave it as it was",
        footer: Some(footer("esc", "leave it", 2)),
    },
    Binding {
        scope: Scope::Typing,
        section: "While typing",
        keys: &[
            plain(KeyCode::Left, Action::Edit(Edit::Left)),
            plain(KeyCode::Right, Action::Edit(Edit::Right)),
            plain(KeyCode::Home, Action::Edit(Edit::Home)),
            plain(KeyCode::End, Action::Edit(Edit::End)),
            control('a', Action::Edit(Edit::Home)),
            control('e', Action::Edit(Edit::End)),
        ],
        shown: "←→ Home End",
        what: "move the cursor",
        footer: Some(footer("←→", "cursor", 4)),
    },
    Binding {
        scope: Scope::Typing,
        section: "While typing",
        keys: &[
            control('u', Action::Edit(Edit::DeleteToStart)),
            control('w', Action::Edit(Edit::DeleteWord)),
            plain(KeyCode::Backspace, Action::Edit(Edit::Backspace)),
            plain(KeyCode::Delete, Action::Edit(Edit::Delete)),
        ],
        shown: "^U ^W",
        what: "delete line, word",
        footer: Some(footer("^U ^W", "delete", 5)),
    },
    Binding {
        scope: Scope::Typing,
        section: "While typing",
        keys: &[control('z', Action::Suspend), control('c', Action::Quit)],
        shown: "^Z ^C",
        what: "stop for now, quit",
        footer: None,
    },
];
