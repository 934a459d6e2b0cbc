//! Keys: one table says what each does, and makes the help screen and the footer.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use scopetop_tracker::connection::Protocol;
use scopetop_tracker::topology::grouping::By;

use crate::view::Direction;

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
    /// Open the selected group; of anything else, its details.
    Open,
    /// Open the details, or close them.
    Details,
    /// Collapse the group that the selected node stands in.
    Collapse,
    /// All groups open, all collapsed, or as they are at first, in turn.
    TurnAll,
    /// Group the graph by something.
    ShowBy(By),
    /// Show a protocol, or not any more.
    Toggle(Protocol),
    /// One step back: close, then deselect, then stop searching.
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
    /// Hold the picture, or let it go on.
    Pause,
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
    /// The key alone (or with shift, where that makes another character).
    Plain(KeyCode),
    /// With the control key.
    Control(char),
}

impl Key {
    /// Whether an event is this key going down.
    pub fn is(self, event: &KeyEvent) -> bool {
        let held = event.modifiers.difference(KeyModifiers::SHIFT);
        match self {
            Self::Plain(code) => event.code == code && held.is_empty(),
            // Terminals tell a control character with either case of the letter.
            Self::Control(letter) => {
                held == KeyModifiers::CONTROL
                    && matches!(event.code, KeyCode::Char(typed) if typed.eq_ignore_ascii_case(&letter))
            }
        }
    }
}

const fn plain(code: KeyCode, action: Action) -> (Key, Action) {
    (Key::Plain(code), action)
}

const fn letter(letter: char, action: Action) -> (Key, Action) {
    (Key::Plain(KeyCode::Char(letter)), action)
}

const fn control(letter: char, action: Action) -> (Key, Action) {
    (Key::Control(letter), action)
}

const fn footer(keys: &'static str, what: &'static str, rank: u8) -> Footer {
    Footer { keys, what, rank }
}

/// Every key that does something, in the order of the help screen and the footer.
pub static BINDINGS: &[Binding] = &[
    Binding {
        scope: Scope::Screen,
        section: "Keys",
        keys: &[
            plain(KeyCode::Up, Action::Move(Direction::Up)),
            plain(KeyCode::Down, Action::Move(Direction::Down)),
            plain(KeyCode::Left, Action::Move(Direction::Left)),
            plain(KeyCode::Right, Action::Move(Direction::Right)),
            letter('h', Action::Move(Direction::Left)),
            letter('j', Action::Move(Direction::Down)),
            letter('k', Action::Move(Direction::Up)),
            letter('l', Action::Move(Direction::Right)),
        ],
        shown: "↑↓←→ hjkl",
        what: "go to the next one",
        footer: Some(footer("↑↓←→", "move", 4)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Keys",
        keys: &[plain(KeyCode::PageUp, Action::PageUp), plain(KeyCode::PageDown, Action::PageDown)],
        shown: "PgUp PgDn",
        what: "a page (details: scroll)",
        footer: None,
    },
    Binding {
        scope: Scope::Screen,
        section: "Keys",
        keys: &[plain(KeyCode::Home, Action::First), plain(KeyCode::End, Action::Last)],
        shown: "Home End",
        what: "the first, the last",
        footer: None,
    },
    Binding {
        scope: Scope::Screen,
        section: "Keys",
        keys: &[plain(KeyCode::Enter, Action::Open)],
        shown: "Enter",
        what: "open a group, or details",
        footer: Some(footer("⏎", "open", 5)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Views",
        keys: &[plain(KeyCode::Backspace, Action::Collapse)],
        shown: "Backspace",
        what: "collapse its group",
        footer: Some(footer("⌫", "collapse", 10)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Views",
        keys: &[letter('o', Action::TurnAll)],
        shown: "o",
        what: "open, collapse all",
        footer: Some(footer("o", "all", 13)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Views",
        keys: &[letter('d', Action::Details)],
        shown: "d",
        what: "details, of groups too",
        footer: Some(footer("d", "details", 9)),
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
        section: "Keys",
        keys: &[plain(KeyCode::Tab, Action::NextEdge), plain(KeyCode::BackTab, Action::PreviousEdge)],
        shown: "Tab ⇧Tab",
        what: "its next, previous edge",
        footer: Some(footer("⇥", "edge", 8)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Keys",
        keys: &[plain(KeyCode::Esc, Action::Back)],
        shown: "Esc",
        what: "one step back",
        footer: None,
    },
    Binding {
        scope: Scope::Screen,
        section: "Keys",
        keys: &[letter('/', Action::Search)],
        shown: "/",
        what: "search",
        footer: Some(footer("/", "search", 6)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Keys",
        keys: &[letter('n', Action::NextMatch), letter('N', Action::PreviousMatch)],
        shown: "n N",
        what: "next, previous match",
        footer: None,
    },
    Binding {
        scope: Scope::Screen,
        section: "Keys",
        keys: &[letter('f', Action::Filter)],
        shown: "f",
        what: "filter",
        footer: Some(footer("f", "filter", 3)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Keys",
        keys: &[letter('g', Action::ShowGraph)],
        shown: "g",
        what: "show the graph",
        footer: Some(footer("g", "graph", 11)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Keys",
        keys: &[letter('t', Action::ShowList)],
        shown: "t",
        what: "show the list",
        footer: Some(footer("t", "list", 12)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Keys",
        keys: &[letter(' ', Action::Pause)],
        shown: "Space",
        what: "hold the picture, go on",
        footer: Some(footer("␣", "pause", 7)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Keys",
        keys: &[letter('R', Action::Relayout)],
        shown: "R",
        what: "lay the graph out anew",
        footer: Some(footer("R", "relayout", 14)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Keys",
        keys: &[letter('?', Action::Help)],
        shown: "?",
        what: "this help",
        footer: Some(footer("?", "help", 1)),
    },
    Binding {
        scope: Scope::Screen,
        section: "Keys",
        keys: &[control('z', Action::Suspend)],
        shown: "^Z",
        what: "stop for now (fg goes on)",
        footer: None,
    },
    Binding {
        scope: Scope::Screen,
        section: "Keys",
        keys: &[letter('q', Action::Quit), control('c', Action::Quit)],
        shown: "q ^C",
        what: "quit",
        footer: Some(footer("q", "quit", 2)),
    },
    Binding {
        scope: Scope::Typing,
        section: "While typing",
        keys: &[plain(KeyCode::Enter, Action::Edit(Edit::Accept))],
        shown: "Enter",
        what: "take it",
        footer: Some(footer("⏎", "take it", 1)),
    },
    Binding {
        scope: Scope::Typing,
        section: "While typing",
        keys: &[plain(KeyCode::Esc, Action::Edit(Edit::Cancel))],
        shown: "Esc",
        what: "leave it as it was",
        footer: Some(footer("esc", "leave it", 2)),
    },
    Binding {
        scope: Scope::Typing,
        section: "While typing",
        keys: &[
            plain(KeyCode::Left, Action::Edit(Edit::Left)),
            plain(KeyCode::Right, Action::Edit(Edit::Right)),
            plain(KeyCode::Home, Action::Edit(Edit::Home)),
            plain(KeyCode::End, Action::Edit(Edit::End)),
            control('a', Action::Edit(Edit::Home)),
            control('e', Action::Edit(Edit::End)),
        ],
        shown: "←→ Home End",
        what: "move the cursor",
        footer: Some(footer("←→", "cursor", 4)),
    },
    Binding {
        scope: Scope::Typing,
        section: "While typing",
        keys: &[
            control('u', Action::Edit(Edit::DeleteToStart)),
            control('w', Action::Edit(Edit::DeleteWord)),
            plain(KeyCode::Backspace, Action::Edit(Edit::Backspace)),
            plain(KeyCode::Delete, Action::Edit(Edit::Delete)),
        ],
        shown: "^U ^W",
        what: "delete line, word",
        footer: Some(footer("^U ^W", "delete", 5)),
    },
    Binding {
        scope: Scope::Typing,
        section: "While typing",
        keys: &[control('z', Action::Suspend), control('c', Action::Quit)],
        shown: "^Z ^C",
        what: "stop for now, quit",
        footer: None,
    },
];

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
    let bound = BINDINGS.iter().filter(|binding| binding.scope == scope).flat_map(|binding| binding.keys);
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
            let keys: Vec<Key> = BINDINGS
                .iter()
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
        for binding in BINDINGS {
            let name = match binding.keys[0].0 {
                Key::Plain(KeyCode::Char(' ')) => "Space".to_owned(),
                Key::Plain(KeyCode::Char(letter)) => letter.to_string(),
                Key::Plain(KeyCode::Up) => "↑".to_owned(),
                Key::Plain(KeyCode::Left) => "←".to_owned(),
                Key::Plain(KeyCode::PageUp) => "PgUp".to_owned(),
                Key::Plain(code) => format!("{code:?}"),
                Key::Control(letter) => format!("^{}", letter.to_ascii_uppercase()),
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
        let mut ranked: Vec<_> = BINDINGS
            .iter()
            .filter(|binding| binding.scope == Scope::Screen)
            .filter_map(|binding| binding.footer.as_ref())
            .collect();
        ranked.sort_by_key(|footer| footer.rank);
        let first: Vec<_> = ranked.iter().take(4).map(|footer| footer.what).collect();
        assert_eq!(first, ["help", "quit", "filter", "move"]);
        assert!(ranked.windows(2).all(|pair| pair[0].rank < pair[1].rank), "two entries have one rank");
    }
}
