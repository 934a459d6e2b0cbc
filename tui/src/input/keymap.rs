//! Which key asks for what: the table, with the user's own keys put in.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{Action, Binding, Key, Request, Scope, bindings};

const QUIT: Request = Request::Act(Action::Quit);

/// The keys in use.
#[derive(Clone, Debug)]
pub struct Keymap {
    keys: Vec<(Scope, Key, Action)>,
    rows: Vec<Row>,
}

/// A row of the table with the keys in use, as the help screen, the footer and the manual show it.
#[derive(Clone, Debug)]
pub struct Row {
    /// The row.
    pub binding: &'static Binding,
    /// The keys, as the help screen writes them.
    pub shown: String,
    /// The keys, as the footer writes them, and in ASCII; for rows that have an entry there.
    pub footer: Option<(String, String)>,
}

/// What the user wants: these keys for an action, and no others.
#[derive(Clone, Debug)]
pub struct Change {
    /// The action.
    pub action: Action,
    /// Its keys; none, where no key is to ask for it.
    pub keys: Vec<Key>,
}

/// Why a change cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The place of the change in the list.
    pub change: usize,
    /// The place of the key among the change's keys; `None` where it is the change as a whole.
    pub key: Option<usize>,
    /// Why, in a sentence.
    pub message: String,
}

/// The rows follow from the keys.
impl PartialEq for Keymap {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys
    }
}

impl Default for Keymap {
    fn default() -> Self {
        let keys = bindings().flat_map(|row| row.keys.iter().map(|(key, action)| (row.scope, *key, *action)));
        Self::of(keys.collect())
    }
}

impl Keymap {
    /// The table with the user's keys in it, or everything that is wrong with them. Of an action that keys of several
    /// scopes ask for, those of the first scope change: while a text is typed, Ctrl-C ends the program in any case.
    pub fn changed(changes: &[Change]) -> Result<Self, Vec<Conflict>> {
        let mut conflicts = Vec::new();
        let mut keys: Vec<(Scope, Key, Action)> = Vec::new();
        let change_of = |scope, action| {
            changes.iter().position(|change| change.action == action).filter(|_| home(action) == Some(scope))
        };
        for (scope, key, action) in Self::default().keys {
            if change_of(scope, action).is_none() {
                keys.push((scope, key, action));
            }
        }
        let untouched = keys.clone();
        for (place, change) in changes.iter().enumerate() {
            let Some(scope) = home(change.action) else { continue };
            for (at, key) in change.keys.iter().enumerate() {
                let message = if scope.types() && key.types() {
                    Some(format!("`{}` is typed there", key.name()))
                } else {
                    let taken = keys.iter().find(|(other, taken, _)| *other == scope && taken == key);
                    taken.map(|(_, _, other)| {
                        let hint = if untouched.contains(&(scope, *key, *other)) {
                            format!("; give that other keys, or none: {} = []", other.name())
                        } else {
                            String::new()
                        };
                        format!("`{}` is already `{}`{hint}", key.name(), other.name())
                    })
                };
                match message {
                    Some(message) => conflicts.push(Conflict { change: place, key: Some(at), message }),
                    None => keys.push((scope, *key, change.action)),
                }
            }
        }
        let quits =
            |(scope, _, action): &(Scope, Key, Action)| *scope == Scope::Screen && *action == Action::Quit;
        if conflicts.is_empty() && !keys.iter().any(quits) {
            let change = changes.iter().position(|change| change.action == Action::Quit).unwrap_or(0);
            let message = String::from("some key has to end the program");
            conflicts.push(Conflict { change, key: None, message });
        }
        if conflicts.is_empty() { Ok(Self::of(keys)) } else { Err(conflicts) }
    }

    fn of(mut keys: Vec<(Scope, Key, Action)>) -> Self {
        // In the table's order, whatever order the changes came in.
        let asked = bindings().flat_map(|row| row.keys.iter().map(|(_, action)| (row.scope, *action)));
        let asked: Vec<(Scope, Action)> = asked.collect();
        keys.sort_by_key(|(scope, _, action)| asked.iter().position(|row| *row == (*scope, *action)));
        let rows = bindings().filter_map(|binding| row(binding, &keys)).collect();
        Self { keys, rows }
    }

    /// What a key asks for; `None` for a key that does nothing, and for one that goes up.
    pub fn request(&self, event: &KeyEvent, scope: Scope) -> Option<Request> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let bound = self.keys.iter().find(|(holds, key, _)| *holds == scope && key.is(event));
        if let Some((_, _, action)) = bound {
            return Some(Request::Act(*action));
        }
        if scope == Scope::Help {
            // What does something on the screen closes the help above it; what ends the program there, too.
            let beneath = self.request(event, Scope::Screen);
            return beneath.map(|asked| if asked == QUIT { Request::Act(Action::Back) } else { asked });
        }
        match event.code {
            KeyCode::Char(character)
                if scope.types()
                    && !event.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) =>
            {
                Some(Request::Type(character))
            }
            _ => None,
        }
    }

    /// The rows of the table that have a key, with their keys.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The keys of an action, in the scope that it belongs to.
    pub fn keys_of(&self, action: Action) -> impl Iterator<Item = Key> {
        let home = home(action);
        let mine = move |(scope, key, other): &(Scope, Key, Action)| {
            (Some(*scope) == home && *other == action).then_some(*key)
        };
        self.keys.iter().filter_map(mine)
    }

    /// The first key of an action as a sentence names it; its name where it has no key.
    pub fn key_of(&self, action: Action) -> String {
        self.keys_of(action).next().map_or_else(|| action.name().to_owned(), Key::shown)
    }
}

/// The first scope in which a key asks for an action.
fn home(action: Action) -> Option<Scope> {
    bindings().find(|row| row.keys.iter().any(|(_, asked)| *asked == action)).map(|row| row.scope)
}

/// A row with the keys in use; none where it has no key left.
fn row(binding: &'static Binding, keys: &[(Scope, Key, Action)]) -> Option<Row> {
    let mut actions: Vec<Action> = Vec::new();
    for (_, action) in binding.keys {
        if !actions.contains(action) {
            actions.push(*action);
        }
    }
    let of = |action: Action| {
        keys.iter()
            .filter(move |(scope, _, asked)| *scope == binding.scope && *asked == action)
            .map(|(_, key, _)| *key)
    };
    let as_ever = |action: Action| {
        let ever = binding.keys.iter().filter(|(_, asked)| *asked == action).map(|(key, _)| *key);
        of(action).eq(ever)
    };
    let is_as_ever = actions.iter().all(|action| as_ever(*action));
    let firsts: Vec<Key> = actions.iter().filter_map(|action| of(*action).next()).collect();
    if firsts.is_empty() {
        return None;
    }
    let shown = if is_as_ever {
        binding.shown.to_owned()
    } else {
        let all = actions.iter().flat_map(|action| of(*action));
        all.map(Key::shown).collect::<Vec<_>>().join(" ")
    };
    let footer = binding.footer.as_ref().map(|footer| {
        // The footer has room for one key an action.
        let one = |form: fn(Key) -> String| firsts.iter().map(|key| form(*key)).collect::<Vec<_>>().join(" ");
        let brief = if is_as_ever { footer.keys.to_owned() } else { one(Key::brief) };
        let ascii = if brief.is_ascii() { brief.clone() } else { ascii(&firsts[0]) };
        (brief, ascii)
    });
    Some(Row { binding, shown, footer })
}

/// A key in ASCII that can be understood.
fn ascii(key: &Key) -> String {
    match key {
        Key::Plain(KeyCode::Up | KeyCode::Down | KeyCode::Left | KeyCode::Right) => String::from("arrows"),
        key => key.name(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use super::*;
    use crate::input::{Edit, Travel};

    fn change(action: Action, keys: &[&str]) -> Change {
        Change { action, keys: keys.iter().map(|key| Key::parse(key).unwrap()).collect() }
    }

    fn asked(keymap: &Keymap, key: KeyCode, held: KeyModifiers) -> Option<Request> {
        keymap.request(&KeyEvent::new(key, held), Scope::Screen)
    }

    fn row(keymap: &Keymap, what: &str) -> Option<Row> {
        keymap.rows().iter().find(|row| row.binding.what == what).cloned()
    }

    #[test]
    fn nothing_changed_is_the_table() {
        let (keymap, same) = (Keymap::default(), Keymap::changed(&[]).unwrap());
        assert_eq!(keymap.rows().len(), bindings().count());
        for ((row, other), binding) in keymap.rows().iter().zip(same.rows()).zip(bindings()) {
            assert_eq!((row.shown.as_str(), other.shown.as_str()), (binding.shown, binding.shown));
        }
    }

    #[test]
    fn the_users_keys_take_the_place_of_the_others() {
        let keymap = Keymap::changed(&[
            change(Action::Relayout, &["ctrl-l", "f5"]),
            change(Action::Travel(Travel::Pause), &[]),
        ]);
        let keymap = keymap.unwrap();
        let act = |action| Some(Request::Act(action));
        assert_eq!(asked(&keymap, KeyCode::Char('l'), KeyModifiers::CONTROL), act(Action::Relayout));
        assert_eq!(asked(&keymap, KeyCode::F(5), KeyModifiers::NONE), act(Action::Relayout));
        assert_eq!(asked(&keymap, KeyCode::Char('R'), KeyModifiers::NONE), None);
        assert_eq!(asked(&keymap, KeyCode::Char(' '), KeyModifiers::NONE), None);
        let relayout = row(&keymap, "lay the graph out anew").unwrap();
        assert_eq!(relayout.shown, "^L F5");
        assert_eq!(relayout.footer.unwrap().0, "^L");
        assert!(row(&keymap, "stay at this moment, go on").is_none());
        assert_eq!(keymap.key_of(Action::Relayout), "^L");
        assert_eq!(keymap.key_of(Action::Travel(Travel::Pause)), "pause");
    }

    #[test]
    fn a_key_that_another_action_gives_up_is_free() {
        let keymap =
            Keymap::changed(&[change(Action::Search, &["f"]), change(Action::Filter, &["/"])]).unwrap();
        let act = |action| Some(Request::Act(action));
        assert_eq!(asked(&keymap, KeyCode::Char('f'), KeyModifiers::NONE), act(Action::Search));
        assert_eq!(asked(&keymap, KeyCode::Char('/'), KeyModifiers::NONE), act(Action::Filter));
    }

    #[test]
    fn a_key_for_two_actions_is_a_conflict() {
        let conflicts = Keymap::changed(&[
            change(Action::Relayout, &["ctrl-l", "q"]),
            change(Action::Travel(Travel::Pause), &["p"]),
            change(Action::Help, &["p", "p"]),
        ]);
        let told: Vec<_> = conflicts
            .unwrap_err()
            .into_iter()
            .map(|conflict| (conflict.change, conflict.key, conflict.message))
            .collect();
        assert_eq!(
            told,
            [
                (0, Some(1), String::from("`q` is already `quit`; give that other keys, or none: quit = []")),
                (2, Some(0), String::from("`p` is already `pause`")),
                (2, Some(1), String::from("`p` is already `pause`")),
            ]
        );
    }

    #[test]
    fn the_program_can_be_ended_in_any_case() {
        let conflicts = Keymap::changed(&[change(Action::Quit, &[])]).unwrap_err();
        assert_eq!((conflicts[0].change, conflicts[0].key), (0, None));
        let keymap = Keymap::changed(&[change(Action::Quit, &["Q"])]).unwrap();
        let typing = keymap.request(&KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL), Scope::Typing);
        assert_eq!(typing, Some(Request::Act(Action::Quit)));
        assert_eq!(asked(&keymap, KeyCode::Char('c'), KeyModifiers::CONTROL), None);
    }

    #[test]
    fn where_text_is_typed_characters_stay_characters() {
        let conflicts = Keymap::changed(&[change(Action::Edit(Edit::DeleteWord), &["w"])]).unwrap_err();
        assert_eq!(conflicts[0].message, "`w` is typed there");
        assert!(Keymap::changed(&[change(Action::Edit(Edit::DeleteWord), &["alt-w"])]).is_ok());
    }
}
