//! The user's configuration: a TOML file, read whole at the start. What it can set is one table (`setting`), which
//! reading, errors and the printed defaults come from.

mod error;
mod file;
mod print;
mod read;
mod setting;

use std::time::Duration;

use ratatui::style::{Color, Style};
use scopetop_tracker::filter::{Filter, ParseError};
use scopetop_tracker::topology::grouping::By;

pub use error::{ConfigError, Problem};
pub use file::load;
pub use print::printed;
pub use read::parse;

use crate::app::Mode;
use crate::cli::DEFAULT_TICK;
use crate::history::Limits;
use crate::input::Keymap;
use crate::list::{Columns, Shape, Sort};
use crate::theme::{Depth, Named, ROLES, Terminal, Theme};
use crate::view::ActiveFilter;

/// What the user set, and the defaults of the rest.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Config {
    /// By what the live screen groups at first.
    pub view: By,
    /// Whether it begins with the graph or the list.
    pub mode: Mode,
    /// Whether the list is a table or a tree.
    pub shape: Shape,
    /// The columns of the list.
    pub columns: Columns,
    /// The order of its rows.
    pub sort: Sort,
    /// The length of a tick.
    pub tick: Duration,
    /// How much of the past the live screen keeps.
    pub history: Limits,
    /// Whether to look up the names of remote addresses.
    pub resolve: bool,
    /// Whether to hide the arguments of processes.
    pub no_args: bool,
    /// Whether the mouse is used.
    pub mouse: bool,
    /// Whether nothing may be changed on the host.
    pub read_only: bool,
    /// The theme; `None`: by what the terminal tells of its background.
    pub theme: Option<Named>,
    /// How many colours there are; `None`: as the terminal tells.
    pub colour: Option<Depth>,
    /// Whether there is nothing but ASCII; `None`: by the locale.
    pub ascii: Option<bool>,
    /// The colour behind everything, in place of the theme's.
    pub background: Option<Color>,
    /// The hues of groups, in place of the theme's.
    pub groups: Option<Vec<Color>>,
    /// Looks in place of the theme's, each by its role's name.
    pub looks: Vec<(&'static str, Style)>,
    /// The saved filters, in the order of the file.
    pub filters: Vec<Saved>,
    /// The keys.
    pub keymap: Keymap,
}

/// A saved filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Its name.
    pub name: String,
    /// The filter as it was written. Safe to show.
    pub text: String,
    /// What it means.
    pub filter: Filter,
}

impl Saved {
    /// The filter, in use; none for one that asks for nothing.
    pub fn active(&self) -> Option<ActiveFilter> {
        (!self.filter.is_empty())
            .then(|| ActiveFilter { text: self.text.clone(), filter: self.filter.clone() })
    }
}

/// Reads a filter, which may be made of these saved ones.
pub fn filter(text: &str, saved: &[Saved]) -> Result<Filter, ParseError> {
    Filter::parse_with(text, saved.iter().map(|saved| (saved.name.as_str(), &saved.filter)))
}

impl Default for Config {
    fn default() -> Self {
        Self {
            view: By::default(),
            mode: Mode::default(),
            shape: Shape::default(),
            columns: Columns::default(),
            sort: Sort::default(),
            tick: DEFAULT_TICK,
            history: Limits::default(),
            resolve: false,
            no_args: false,
            mouse: true,
            read_only: false,
            theme: None,
            colour: None,
            ascii: None,
            background: None,
            groups: None,
            looks: Vec::new(),
            filters: Vec::new(),
            keymap: Keymap::default(),
        }
    }
}

impl Config {
    /// The theme, as this terminal can show it. What is set here goes before what the terminal tells.
    pub fn theme(&self, terminal: &Terminal) -> Theme {
        let depth = self.colour.unwrap_or_else(|| terminal.depth());
        let named = self.theme.unwrap_or_else(|| terminal.theme());
        // Without colours weight has to tell what hues do.
        let mut theme = if depth == Depth::None { Theme::plain() } else { named.theme() };
        for (name, style) in &self.looks {
            if let Some(role) = ROLES.iter().find(|role| role.name == *name) {
                *(role.look)(&mut theme) = *style;
            }
        }
        if let Some(groups) = &self.groups {
            theme.groups.clone_from(groups);
        }
        theme.finish.background = self.background.or(theme.finish.background);
        theme.finish.depth = depth;
        theme.finish.ascii = self.ascii.unwrap_or_else(|| terminal.ascii());
        theme
    }
}

#[cfg(test)]
mod tests;
