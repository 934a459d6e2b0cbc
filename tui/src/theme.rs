//! How things look: one role a field, so that a colour is chosen in one place.
//!
//! Grey belongs to what is closed and to nothing else; what is merely less important is dimmed. Each state has a mark
//! as well, so that nothing is told by colour alone.

use ratatui::style::{Color, Modifier, Style};

use crate::view::{EdgeState, NodeState};

/// The look of every role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Ordinary text.
    pub text: Style,
    /// What the eye may skip.
    pub dim: Style,
    /// What the eye should find.
    pub strong: Style,
    /// The program's name.
    pub name: Style,
    /// The frame of a panel.
    pub border: Style,
    /// The frame of the panel that the keys go to.
    pub border_active: Style,
    /// What is selected.
    pub selected: Style,
    /// What the search text is found in.
    pub found: Style,
    /// A key in the footer and on the help screen.
    pub key: Style,
    /// What works: the live dot, a filter that parses.
    pub good: Style,
    /// What wants attention: paused, a fallback.
    pub warning: Style,
    /// What is wrong: an error, lost events.
    pub error: Style,
    /// A connection or node that began in the newest tick.
    pub new: Style,
    /// An open connection.
    pub steady: Style,
    /// An open connection that much flows on.
    pub busy: Style,
    /// What closed in the newest tick: the only grey.
    pub closed: Style,
    /// A connect that failed.
    pub failed: Style,
    /// The hues of groups; empty without colour.
    groups: &'static [Color],
}

/// Hues that are told apart on 16 colours and mean nothing else: red is failure, grey is closed, green is new.
const GROUP_HUES: &[Color] = &[
    Color::Cyan,
    Color::Blue,
    Color::Magenta,
    Color::Yellow,
    Color::LightCyan,
    Color::LightBlue,
    Color::LightMagenta,
];

impl Theme {
    /// The 16 colours of the terminal.
    pub fn colour() -> Self {
        let plain = Style::new();
        Self {
            text: plain,
            dim: plain.add_modifier(Modifier::DIM),
            strong: plain.add_modifier(Modifier::BOLD),
            name: plain.fg(Color::Cyan).add_modifier(Modifier::BOLD),
            border: plain.add_modifier(Modifier::DIM),
            border_active: plain.fg(Color::Cyan),
            selected: plain.add_modifier(Modifier::BOLD | Modifier::REVERSED),
            found: plain.fg(Color::Yellow).add_modifier(Modifier::UNDERLINED),
            key: plain.fg(Color::Cyan),
            good: plain.fg(Color::Green),
            warning: plain.fg(Color::Yellow),
            error: plain.fg(Color::Red).add_modifier(Modifier::BOLD),
            new: plain.fg(Color::LightGreen).add_modifier(Modifier::BOLD),
            steady: plain,
            busy: plain.add_modifier(Modifier::BOLD),
            closed: plain.fg(Color::DarkGray),
            failed: plain.fg(Color::Red),
            groups: GROUP_HUES,
        }
    }

    /// No colour at all: bold, dim, reversed and underlined only.
    pub fn plain() -> Self {
        let plain = Style::new();
        Self {
            text: plain,
            dim: plain.add_modifier(Modifier::DIM),
            strong: plain.add_modifier(Modifier::BOLD),
            name: plain.add_modifier(Modifier::BOLD),
            border: plain.add_modifier(Modifier::DIM),
            border_active: plain,
            selected: plain.add_modifier(Modifier::BOLD | Modifier::REVERSED),
            found: plain.add_modifier(Modifier::UNDERLINED),
            key: plain.add_modifier(Modifier::BOLD),
            good: plain,
            warning: plain.add_modifier(Modifier::BOLD),
            error: plain.add_modifier(Modifier::BOLD),
            new: plain.add_modifier(Modifier::BOLD),
            steady: plain,
            busy: plain.add_modifier(Modifier::BOLD),
            closed: plain.add_modifier(Modifier::DIM),
            failed: plain.add_modifier(Modifier::BOLD),
            groups: &[],
        }
    }

    /// The theme for an environment: without colour where `NO_COLOR` is set to anything but the empty string
    /// (<https://no-color.org>).
    pub fn for_no_color(no_color: Option<&std::ffi::OsStr>) -> Self {
        if no_color.is_some_and(|value| !value.is_empty()) { Self::plain() } else { Self::colour() }
    }

    /// The look of an edge.
    pub const fn edge(&self, state: EdgeState) -> Style {
        match state {
            EdgeState::Failed => self.failed,
            EdgeState::Closed => self.closed,
            EdgeState::New => self.new,
            EdgeState::Busy => self.busy,
            EdgeState::Steady => self.steady,
        }
    }

    /// The look of a node.
    pub const fn node(&self, state: NodeState) -> Style {
        match state {
            NodeState::New => self.new,
            NodeState::Steady => self.text,
            NodeState::Closed => self.closed,
        }
    }

    /// A group's hue: the same for the same name on every run and every host.
    pub fn group(&self, label: &str) -> Style {
        // FNV-1a: the standard library's hashes promise no stable value.
        let hash = label.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        match self.groups.len() {
            0 => Style::new(),
            hues => Style::new().fg(self.groups[(hash % hues as u64) as usize]),
        }
    }
}

/// The mark of an edge's state, one cell wide.
pub const fn edge_mark(state: EdgeState) -> &'static str {
    match state {
        EdgeState::Failed => "✗",
        EdgeState::Closed => "┄",
        EdgeState::New => "+",
        EdgeState::Busy => "━",
        EdgeState::Steady => "─",
    }
}
