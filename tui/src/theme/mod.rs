//! How things look: one role a field, so that a colour is chosen in one place.
//!
//! Grey belongs to what is closed and to nothing else; what is merely less important is dimmed. Each state has a mark
//! as well, so that nothing is told by colour alone.
//!
//! Everything is drawn in the theme's own colours and in Unicode. What a terminal cannot show is put in its place by one
//! pass over the finished picture ([`Finish`]).

mod ascii;
mod depth;
mod finish;
mod palette;
mod role;

use ratatui::style::{Color, Modifier, Style};

pub use depth::Depth;
pub use finish::{Finish, Terminal};
pub use palette::{ALL, Named};
pub use role::{ROLES, Role, colour, style};
pub(crate) use role::{words, written};

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
    pub groups: Vec<Color>,
    /// What is done to the picture when it is finished.
    pub finish: Finish,
}

impl Theme {
    /// The 16 colours of the terminal, as its user chose them.
    pub fn colour() -> Self {
        Named::Terminal.theme()
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
            groups: Vec::new(),
            finish: Finish::default(),
        }
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

/// The style of what the eye is led away from.
pub const fn dimmed(style: Style) -> Style {
    style.remove_modifier(Modifier::BOLD).add_modifier(Modifier::DIM)
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

#[cfg(test)]
mod tests;
