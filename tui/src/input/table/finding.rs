//! Keys that search and filter.

use super::{footer, letter};
use crate::input::{Action, Binding, Scope};

pub(super) const BINDINGS: &[Binding] = &[
    Binding {
        scope: Scope::Screen,
        section: "Finding",
        keys: &[letter('/', Action::Search)],
        shown: "/",
        what: "search",
        footer: Some(footer("/", "search", 6).not_in_details()),
    },
    Binding {
        scope: Scope::Screen,
        section: "Finding",
        keys: &[letter('n', Action::NextMatch), letter('N', Action::PreviousMatch)],
        shown: "n N",
        what: "next, previous match",
        footer: None,
    },
    Binding {
        scope: Scope::Screen,
        section: "Finding",
        keys: &[letter('*', Action::Narrow)],
        shown: "*",
        what: "filter by the selected",
        footer: None,
    },
    Binding {
        scope: Scope::Screen,
        section: "Finding",
        keys: &[letter('f', Action::Filter)],
        shown: "f",
        what: "filter",
        footer: Some(footer("f", "filter", 3)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Finding",
        keys: &[letter('F', Action::SavedFilters)],
        shown: "F",
        what: "choose a saved filter",
        footer: None,
    },
];
