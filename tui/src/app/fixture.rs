//! What a test does on the screen, and what it sees selected: keys as characters, nodes by their labels.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use crossterm::event::KeyCode;
use scopetop_tracker::topology::Topology;

use super::App;
use crate::view::{Selection, ShownKey};

/// Presses keys, one after the other.
pub(super) fn press(app: &mut App, topology: &Topology, keys: &str) {
    for key in keys.chars() {
        let code = match key {
            '↑' => KeyCode::Up,
            '↓' => KeyCode::Down,
            '←' => KeyCode::Left,
            '→' => KeyCode::Right,
            '⎋' => KeyCode::Esc,
            '⏎' => KeyCode::Enter,
            '⌫' => KeyCode::Backspace,
            '⇥' => KeyCode::Tab,
            other => KeyCode::Char(other),
        };
        let asked = app.keymap.request(&code.into(), app.scope()).unwrap();
        app.handle(asked);
        app.settle(topology);
    }
}

/// Selects the node with a label.
pub(super) fn select(app: &mut App, topology: &Topology, label: &str) {
    let key = app.view.nodes.iter().find(|node| node.label == label).unwrap().key.clone();
    app.select(Selection::Node(key));
    app.settle(topology);
}

/// What is selected, as a person would say it.
pub(super) fn selected(app: &App) -> String {
    let label = |key: &ShownKey| app.view.node(key).map_or("gone", |node| node.label.as_str()).to_owned();
    match &app.selection {
        None => String::from("nothing"),
        Some(Selection::Node(key)) => label(key),
        Some(Selection::Edge(key)) => format!("{} → {}", label(&key.client), label(&key.server)),
    }
}
