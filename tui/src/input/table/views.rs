//! Keys that choose what is shown and how.

use crossterm::event::KeyCode;
use scopetop_tracker::connection::Protocol;
use scopetop_tracker::topology::grouping::By;

use super::{footer, letter, plain};
use crate::input::{Action, Binding, Scope};

pub(super) const BINDINGS: &[Binding] = &[
    Binding {
        scope: Scope::Screen,
        section: "Views",
        keys: &[plain(KeyCode::Backspace, Action::Return)],
        shown: "Backspace",
        what: "return, collapse group",
        footer: Some(footer("⌫", "return", 13).in_list("return", 15)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Views",
        keys: &[letter('O', Action::TurnAll)],
        shown: "O",
        what: "open, collapse all",
        footer: Some(footer("O", "all", 14).not_in_details()),
    },
    Binding {
        scope: Scope::Screen,
        section: "Views",
        keys: &[letter('d', Action::Details)],
        shown: "d",
        what: "details, of groups too",
        footer: Some(footer("d", "details", 9).in_details("close", 6)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Views",
        keys: &[
            letter('1', Action::ShowBy(By::Process)),
            letter('2', Action::ShowBy(By::Name)),
            letter('3', Action::ShowBy(By::Container)),
            letter('4', Action::ShowBy(By::Image)),
            letter('5', Action::ShowBy(By::Namespace)),
            letter('6', Action::ShowBy(By::Pod)),
        ],
        shown: "1 … 6",
        what: "choose the view",
        footer: None,
    },
    Binding {
        scope: Scope::Screen,
        section: "Views",
        keys: &[
            letter('T', Action::Toggle(Protocol::Tcp)),
            letter('U', Action::Toggle(Protocol::Udp)),
            letter('X', Action::Toggle(Protocol::Unix)),
        ],
        shown: "T U X",
        what: "TCP, UDP, Unix on, off",
        footer: None,
    },
    Binding {
        scope: Scope::Screen,
        section: "Views",
        keys: &[letter('g', Action::ShowGraph)],
        shown: "g",
        what: "show the graph",
        footer: Some(footer("g", "graph", 7).not_in_graph().in_details("graph", 11)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Views",
        keys: &[letter('t', Action::ShowList)],
        shown: "t",
        what: "the list; again: a tree",
        footer: Some(footer("t", "list", 7).in_list("table/tree", 11).in_details("list", 14)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Views",
        keys: &[letter('R', Action::Relayout)],
        shown: "R",
        what: "lay the graph out anew",
        footer: Some(footer("R", "relayout", 16).not_in_list().not_in_details()),
    },
];
