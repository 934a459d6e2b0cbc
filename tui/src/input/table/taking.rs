//! Keys that take along what is on the screen.

use super::{footer, letter};
use crate::input::{Action, Binding, Scope};

pub(super) const BINDINGS: &[Binding] = &[
    Binding {
        scope: Scope::Screen,
        section: "Taking along",
        keys: &[letter('e', Action::Export)],
        shown: "e",
        what: "export: JSON, DOT, SVG, …",
        footer: Some(footer("e", "export", 17)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Taking along",
        keys: &[letter('y', Action::Copy)],
        shown: "y",
        what: "copy what is selected",
        footer: None,
    },
];
