//! Keys: one table says what each does, and makes the help screen and the footer.

mod key;
mod keymap;
mod name;
mod table;

use scopetop_tracker::connection::Protocol;
use scopetop_tracker::topology::grouping::By;

use crate::view::Direction;

pub use key::{Key, KeyError};
pub use keymap::{Change, Conflict, Keymap, Row};
pub use name::{actions, named};
pub use table::bindings;

/// What a key can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Select the next thing that way.
    Move(Direction),
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// Select the first.
    First,
    /// Select the last.
    Last,
    /// Select the next edge of the selected node.
    NextEdge,
    /// Select the edge before.
    PreviousEdge,
    /// Open the selected group, focus the selected node, or open the details of the selected edge.
    Open,
    /// Open the details, or close them.
    Details,
    /// Leave the focus; without one, collapse the group that the selected node stands in.
    Return,
    /// All groups open, all collapsed, or as they are at first, in turn.
    TurnAll,
    /// Group the graph by something.
    ShowBy(By),
    /// Show a protocol, or not any more.
    Toggle(Protocol),
    /// One step back: close, stop searching, take a filter by selection back, deselect, leave the focus: the first of these that there is to do.
    Back,
    /// Type a search text.
    Search,
    /// Select the next match.
    NextMatch,
    /// Select the match before.
    PreviousMatch,
    /// Filter by what is selected.
    Narrow,
    /// Type a filter.
    Filter,
    /// Choose one of the saved filters.
    SavedFilters,
    /// Show the graph.
    ShowGraph,
    /// Show the list; where it is shown, the tree instead of the table, or the table again.
    ShowList,
    /// Sort the list by the next column.
    SortByNext,
    /// Turn the list's order around.
    TurnOrder,
    /// Choose the list's columns, or be done with it.
    ChooseColumns,
    /// Switch a column on or off.
    ToggleColumn,
    /// The columns as they are at first.
    ResetColumns,
    /// Hold the picture, or let it go on.
    Pause,
    /// Lay the graph out anew.
    Relayout,
    /// Draw more of each thing.
    ZoomIn,
    /// Draw less of each thing.
    ZoomOut,
    /// Draw the whole graph small, or as before.
    Overview,
    /// Move the panel over the graph.
    Pan(Direction),
    /// Choose a format to write what is on the screen in.
    Export,
    /// Copy what is selected.
    Copy,
    /// Choose what is to be done with what is selected.
    Act,
    /// Show or hide the help screen.
    Help,
    /// Stop the program until the shell makes it go on.
    Suspend,
    /// End the program.
    Quit,
    /// Edit the text that is being typed.
    Edit(Edit),
    /// Choose.
    Choose(Choose),
}

/// What a key does where there is something to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choose {
    /// Go to the one above.
    Up,
    /// Go to the one below.
    Down,
    /// Take it.
    Take,
    /// Take none.
    Leave,
}

/// What a key does to the text that is being typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Take the text.
    Accept,
    /// Forget it.
    Cancel,
    /// The cursor one character to the left.
    Left,
    /// The cursor one character to the right.
    Right,
    /// The cursor to the beginning.
    Home,
    /// The cursor to the end.
    End,
    /// Delete the character before the cursor.
    Backspace,
    /// Delete the character under the cursor.
    Delete,
    /// Delete everything before the cursor.
    DeleteToStart,
    /// Delete the word before the cursor.
    DeleteWord,
}

/// When a binding holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// While looking.
    Screen,
    /// While typing a filter or a search text.
    Typing,
    /// While choosing one of several.
    Choosing,
    /// While choosing the columns of the list.
    Columns,
    /// While a container's output is followed.
    Log,
}

impl Scope {
    /// Whether keys that are characters are typed where no binding has them.
    pub const fn types(self) -> bool {
        matches!(self, Self::Typing | Self::Choosing)
    }
}

/// A row of the table: keys that belong together and how they are explained.
#[derive(Debug)]
pub struct Binding {
    /// When it holds.
    pub scope: Scope,
    /// What it is told under on the help screen.
    pub section: &'static str,
    /// The keys, each with what it asks for.
    pub keys: &'static [(Key, Action)],
    /// The keys as the help screen writes them.
    pub shown: &'static str,
    /// What they do, for the help screen.
    pub what: &'static str,
    /// The footer's entry, for bindings that have one.
    pub footer: Option<Footer>,
}

/// An entry in the footer.
#[derive(Debug)]
pub struct Footer {
    /// The keys.
    pub keys: &'static str,
    /// What they do, in a word.
    pub what: &'static str,
    /// The smaller, the longer it stays where there is little room.
    pub rank: u8,
}

/// What an event of the keyboard asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// An action of the table.
    Act(Action),
    /// A character to put in.
    Type(char),
}

#[cfg(test)]
mod tests;
