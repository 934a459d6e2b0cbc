//! Keys that go through time.

use crossterm::event::KeyCode;

use super::{footer, letter, plain};
use crate::input::{Action, Binding, Scope, Travel};

pub(super) const BINDINGS: &[Binding] = &[
    Binding {
        scope: Scope::Screen,
        section: "Time",
        keys: &[letter(' ', Action::Travel(Travel::Pause))],
        shown: "Space",
        what: "stay at this moment, go on",
        footer: Some(footer("␣", "pause", 10).in_list("pause", 12)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Time",
        keys: &[
            letter('[', Action::Travel(Travel::Back)),
            letter(']', Action::Travel(Travel::Forward)),
            letter('{', Action::Travel(Travel::MinuteBack)),
            letter('}', Action::Travel(Travel::MinuteForward)),
        ],
        shown: "[ ] { }",
        what: "a tick, a minute in time",
        footer: Some(footer("[ ]", "time", 12).in_list("time", 13)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Time",
        keys: &[
            plain(KeyCode::Home, Action::Travel(Travel::Oldest)),
            plain(KeyCode::End, Action::Travel(Travel::Now)),
        ],
        shown: "Home End",
        what: "the oldest moment, now",
        footer: None,
    },
    Binding {
        scope: Scope::Screen,
        section: "Time",
        keys: &[letter('<', Action::Travel(Travel::Slower)), letter('>', Action::Travel(Travel::Faster))],
        shown: "< >",
        what: "replay slower, faster",
        footer: None,
    },
];
