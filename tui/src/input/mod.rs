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
    /// Show another moment.
    Travel(Travel),
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

/// Where in time a key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Travel {
    /// To the tick before.
    Back,
    /// To the next tick.
    Forward,
    /// A minute back.
    MinuteBack,
    /// A minute on.
    MinuteForward,
    /// To the oldest tick that is known.
    Oldest,
    /// To the newest tick, and on with it.
    Now,
    /// Stay at this tick, or go on.
    Pause,
    /// A recording plays at half the speed.
    Slower,
    /// A recording plays at double the speed.
    Faster,
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
    /// While the help screen is open.
    Help,
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
    /// What they do beside the graph.
    pub in_graph: Option<Entry>,
    /// What they do beside the list.
    pub in_list: Option<Entry>,
    /// What they do where nothing but details is on the screen.
    pub in_details: Option<Entry>,
}

/// What keys do in one part of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What they do, in a word.
    pub what: &'static str,
    /// The smaller, the longer it stays where there is little room.
    pub rank: u8,
}

impl Footer {
    /// An entry that is the same everywhere.
    const fn new(keys: &'static str, what: &'static str, rank: u8) -> Self {
        let entry = Some(Entry { what, rank });
        Self { keys, in_graph: entry, in_list: entry, in_details: entry }
    }

    /// The same, but not beside the graph.
    const fn not_in_graph(self) -> Self {
        Self { in_graph: None, ..self }
    }

    /// The same, but not beside the list.
    const fn not_in_list(self) -> Self {
        Self { in_list: None, ..self }
    }

    /// The same, but not where nothing but details is on the screen.
    const fn not_in_details(self) -> Self {
        Self { in_details: None, ..self }
    }

    /// Another word or rank beside the list.
    const fn in_list(self, what: &'static str, rank: u8) -> Self {
        Self { in_list: Some(Entry { what, rank }), ..self }
    }

    /// Another word or rank where nothing but details is on the screen.
    const fn in_details(self, what: &'static str, rank: u8) -> Self {
        Self { in_details: Some(Entry { what, rank }), ..self }
    }
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
