//! Keys that choose how much of the graph is seen, and which part.

use crossterm::event::KeyCode;

use super::{footer, letter, shift};
use crate::input::{Action, Binding, Scope};
use crate::view::Direction;

pub(super) const BINDINGS: &[Binding] = &[
    Binding {
        scope: Scope::Screen,
        section: "Views",
        keys: &[
            letter('+', Action::ZoomIn),
            // The same key without shift on most keyboards.
            letter('=', Action::ZoomIn),
            letter('-', Action::ZoomOut),
        ],
        shown: "+ -",
        what: "more, less of each",
        footer: Some(footer("+-", "zoom", 8).not_in_list().not_in_details()),
    },
    Binding {
        scope: Scope::Screen,
        section: "Views",
        keys: &[letter('o', Action::Overview)],
        shown: "o",
        what: "the whole, small",
        footer: Some(footer("o", "overview", 15).not_in_list().not_in_details()),
    },
    Binding {
        scope: Scope::Screen,
        section: "Views",
        keys: &[
            shift(KeyCode::Up, Action::Pan(Direction::Up)),
            shift(KeyCode::Down, Action::Pan(Direction::Down)),
            shift(KeyCode::Left, Action::Pan(Direction::Left)),
            shift(KeyCode::Right, Action::Pan(Direction::Right)),
        ],
        shown: "⇧↑ ⇧↓ ⇧← ⇧→",
        what: "move the picture",
        footer: None,
    },
];
