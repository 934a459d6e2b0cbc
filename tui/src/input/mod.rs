//! Keys: one table says what each does, and makes the help screen and the footer.

mod table;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use scopetop_tracker::connection::Protocol;
use scopetop_tracker::topology::grouping::By;

use crate::view::Direction;

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
    /// One step back: close, stop searching, deselect, leave the focus: the first of these that there is to do.
    Back,
    /// Type a search text.
    Search,
    /// Select the next match.
    NextMatch,
    /// Select the match before.
    PreviousMatch,
    /// Type a filter.
    Filter,
    /// Show the graph.
    ShowGraph,
    /// Show the list.
    ShowList,
    /// Show another moment.
    Travel(Travel),
    /// Lay the graph out anew.
    Relayout,
    /// Show or hide the help screen.
    Help,
    /// Stop the program until the shell makes it go on.
    Suspend,
    /// End the program.
    Quit,
    /// Edit the text that is being typed.
    Edit(Edit),
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

/// A key with what is held down beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The key alone (or a character that shift makes).
    Plain(KeyCode),
    /// With the shift key: for keys that are no characters.
    Shift(KeyCode),
    /// With the control key.
    Control(KeyCode),
}

impl Key {
    /// Whether an event is this key going down.
    pub fn is(self, event: &KeyEvent) -> bool {
        let held = event.modifiers.difference(KeyModifiers::SHIFT);
        let shifted = event.modifiers.contains(KeyModifiers::SHIFT);
        match self {
            // Terminals differ in whether they tell of the shift key that makes a character.
            Self::Plain(code @ (KeyCode::Char(_) | KeyCode::BackTab)) => {
                event.code == code && held.is_empty()
            }
            Self::Plain(code) => event.code == code && event.modifiers.is_empty(),
            Self::Shift(code) => event.code == code && held.is_empty() && shifted,
            // Terminals tell a control character with either case of the letter.
            Self::Control(KeyCode::Char(letter)) => {
                held == KeyModifiers::CONTROL
                    && matches!(event.code, KeyCode::Char(typed) if typed.eq_ignore_ascii_case(&letter))
            }
            Self::Control(code) => event.code == code && event.modifiers == KeyModifiers::CONTROL,
        }
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

/// What a key asks for; `None` for a key that does nothing, and for one that goes up.
pub fn request(event: &KeyEvent, scope: Scope) -> Option<Request> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let bound = bindings().filter(|binding| binding.scope == scope).flat_map(|binding| binding.keys);
    if let Some((_, action)) = bound.into_iter().find(|(key, _)| key.is(event)) {
        return Some(Request::Act(*action));
    }
    match event.code {
        KeyCode::Char(character)
            if scope == Scope::Typing
                && !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) =>
        {
            Some(Request::Type(character))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use super::*;

    fn press(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    #[test]
    fn no_key_means_two_things() {
        for scope in [Scope::Screen, Scope::Typing] {
            let keys: Vec<Key> = bindings()
                .filter(|binding| binding.scope == scope)
                .flat_map(|binding| binding.keys.iter().map(|(key, _)| *key))
                .collect();
            for (place, key) in keys.iter().enumerate() {
                assert!(!keys[place + 1..].contains(key), "{key:?} is bound twice in {scope:?}");
            }
        }
    }

    #[test]
    fn every_binding_shows_its_first_key() {
        for binding in bindings() {
            let name = match binding.keys[0].0 {
                Key::Plain(KeyCode::Char(' ')) => "Space".to_owned(),
                Key::Plain(KeyCode::Char(letter)) => letter.to_string(),
                Key::Plain(KeyCode::Up) => "↑".to_owned(),
                Key::Plain(KeyCode::Left) => "←".to_owned(),
                Key::Plain(KeyCode::PageUp) => "PgUp".to_owned(),
                Key::Plain(code) => format!("{code:?}"),
                Key::Control(KeyCode::Char(letter)) => format!("^{}", letter.to_ascii_uppercase()),
                Key::Control(code) => format!("^{code:?}"),
                Key::Shift(code) => format!("⇧{code:?}"),
            };
            assert!(binding.shown.contains(&name), "{:?} does not show {name}", binding.shown);
        }
    }

    #[test]
    fn shift_makes_another_letter_and_control_another_key() {
        let asked = |code, modifiers| request(&press(code, modifiers), Scope::Screen);
        assert_eq!(asked(KeyCode::Char('N'), KeyModifiers::SHIFT), Some(Request::Act(Action::PreviousMatch)));
        assert_eq!(asked(KeyCode::Char('n'), KeyModifiers::NONE), Some(Request::Act(Action::NextMatch)));
        assert_eq!(asked(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Request::Act(Action::Quit)));
        assert_eq!(asked(KeyCode::Char('c'), KeyModifiers::NONE), None);
        assert_eq!(asked(KeyCode::Char('q'), KeyModifiers::ALT), None);
        assert_eq!(asked(KeyCode::BackTab, KeyModifiers::SHIFT), Some(Request::Act(Action::PreviousEdge)));
    }

    #[test]
    fn shift_makes_another_key_of_an_arrow() {
        let arrow = |modifiers| press(KeyCode::Up, modifiers);
        let (plain, shift) = (Key::Plain(KeyCode::Up), Key::Shift(KeyCode::Up));
        assert!(plain.is(&arrow(KeyModifiers::NONE)) && !shift.is(&arrow(KeyModifiers::NONE)));
        assert!(shift.is(&arrow(KeyModifiers::SHIFT)) && !plain.is(&arrow(KeyModifiers::SHIFT)));
        assert!(!shift.is(&arrow(KeyModifiers::SHIFT | KeyModifiers::ALT)));
        let home = Key::Control(KeyCode::Home);
        assert!(home.is(&press(KeyCode::Home, KeyModifiers::CONTROL)));
        assert!(!home.is(&press(KeyCode::Home, KeyModifiers::NONE)));
    }

    #[test]
    fn a_key_that_goes_up_asks_for_nothing() {
        let event = KeyEvent::new_with_kind(KeyCode::Char('q'), KeyModifiers::NONE, KeyEventKind::Release);
        assert_eq!(request(&event, Scope::Screen), None);
    }

    #[test]
    fn while_typing_letters_are_letters() {
        let asked = |code, modifiers| request(&press(code, modifiers), Scope::Typing);
        assert_eq!(asked(KeyCode::Char('q'), KeyModifiers::NONE), Some(Request::Type('q')));
        assert_eq!(asked(KeyCode::Char('?'), KeyModifiers::SHIFT), Some(Request::Type('?')));
        assert_eq!(asked(KeyCode::Char('x'), KeyModifiers::CONTROL), None);
        assert_eq!(
            asked(KeyCode::Char('w'), KeyModifiers::CONTROL),
            Some(Request::Act(Action::Edit(Edit::DeleteWord)))
        );
        assert_eq!(asked(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Request::Act(Action::Quit)));
    }

    #[test]
    fn the_four_keys_that_matter_have_the_lowest_ranks() {
        let mut ranked: Vec<_> = bindings()
            .filter(|binding| binding.scope == Scope::Screen)
            .filter_map(|binding| binding.footer.as_ref())
            .collect();
        ranked.sort_by_key(|footer| footer.rank);
        let first: Vec<_> = ranked.iter().take(4).map(|footer| footer.what).collect();
        assert_eq!(first, ["help", "quit", "filter", "move"]);
        assert!(ranked.windows(2).all(|pair| pair[0].rank < pair[1].rank), "two entries have one rank");
    }
}
