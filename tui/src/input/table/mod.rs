//! Every key that does something: a file for each area.

mod acting;
mod choosing;
mod finding;
mod following;
mod graph;
mod helping;
mod list;
mod moving;
mod program;
mod taking;
mod time;
mod typing;
mod views;

use crossterm::event::KeyCode;

use super::{Action, Binding, Footer, Key};

/// The areas, in the order of the help screen and the footer.
const AREAS: &[&[Binding]] = &[
    moving::BINDINGS,
    views::BINDINGS,
    graph::BINDINGS,
    finding::BINDINGS,
    taking::BINDINGS,
    time::BINDINGS,
    acting::BINDINGS,
    program::BINDINGS,
    list::BINDINGS,
    typing::BINDINGS,
    choosing::BINDINGS,
    following::BINDINGS,
    helping::BINDINGS,
];

/// Every key that does something, in the order of the help screen and the footer.
pub fn bindings() -> impl Iterator<Item = &'static Binding> + Clone {
    AREAS.iter().copied().flatten()
}

const fn plain(code: KeyCode, action: Action) -> (Key, Action) {
    (Key::Plain(code), action)
}

const fn shift(code: KeyCode, action: Action) -> (Key, Action) {
    (Key::Shift(code), action)
}

const fn letter(letter: char, action: Action) -> (Key, Action) {
    (Key::Plain(KeyCode::Char(letter)), action)
}

const fn control(letter: char, action: Action) -> (Key, Action) {
    (Key::Control(KeyCode::Char(letter)), action)
}

const fn footer(keys: &'static str, what: &'static str, rank: u8) -> Footer {
    Footer::new(keys, what, rank)
}
