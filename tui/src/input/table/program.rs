//! Keys for the program itself.

use super::{control, footer, letter};
use crate::input::{Action, Binding, Scope};

pub(super) const BINDINGS: &[Binding] = &[
    Binding {
        scope: Scope::Screen,
        section: "Program",
        keys: &[letter('?', Action::Help)],
        shown: "?",
        what: "this help",
        footer: Some(footer("?", "help", 1)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Program",
        keys: &[control('z', Action::Suspend)],
        shown: "^Z",
        what: "stop for now (fg goes on)",
        footer: None,
    },
    Binding {
        scope: Scope::Screen,
        section: "Program",
        keys: &[letter('q', Action::Quit), control('c', Action::Quit)],
        shown: "q ^C",
        what: "quit",
        footer: Some(footer("q", "quit", 2)),
    },
];
