//! The key that acts.

use super::{footer, letter};
use crate::input::{Action, Binding, Scope};

pub(super) const BINDINGS: &[Binding] = &[Binding {
    scope: Scope::Screen,
    section: "Acting",
    keys: &[letter('x', Action::Act)],
    shown: "x",
    what: "act: signal, close, stop, logs",
    footer: Some(footer("x", "act", 18)),
}];
