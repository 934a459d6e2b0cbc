#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::*;

fn press(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
    KeyEvent::new(code, modifiers)
}

#[test]
fn no_key_means_two_things() {
    for scope in [Scope::Screen, Scope::Typing, Scope::Choosing, Scope::Columns, Scope::Log, Scope::Help] {
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
        let key = binding.keys[0].0;
        assert!(binding.shown.contains(&key.shown()), "{:?} does not show {}", binding.shown, key.shown());
    }
}

#[test]
fn shift_makes_another_letter_and_control_another_key() {
    let asked = |code, modifiers| Keymap::default().request(&press(code, modifiers), Scope::Screen);
    assert_eq!(asked(KeyCode::Char('N'), KeyModifiers::SHIFT), Some(Request::Act(Action::PreviousMatch)));
    assert_eq!(asked(KeyCode::Char('n'), KeyModifiers::NONE), Some(Request::Act(Action::NextMatch)));
    assert_eq!(asked(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Request::Act(Action::Quit)));
    assert_eq!(asked(KeyCode::Char('c'), KeyModifiers::NONE), Some(Request::Act(Action::ChooseColumns)));
    assert_eq!(asked(KeyCode::Char('q'), KeyModifiers::ALT), None);
    assert_eq!(asked(KeyCode::BackTab, KeyModifiers::SHIFT), Some(Request::Act(Action::PreviousEdge)));
}

#[test]
fn a_key_that_goes_up_asks_for_nothing() {
    let event = KeyEvent::new_with_kind(KeyCode::Char('q'), KeyModifiers::NONE, KeyEventKind::Release);
    assert_eq!(Keymap::default().request(&event, Scope::Screen), None);
}

#[test]
fn while_typing_letters_are_letters() {
    let asked = |code, modifiers| Keymap::default().request(&press(code, modifiers), Scope::Typing);
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
    let parts: [fn(&Footer) -> Option<Entry>; 3] =
        [|footer| footer.in_graph, |footer| footer.in_list, |footer| footer.in_details];
    for part in parts {
        let entries = bindings().filter(|binding| binding.scope == Scope::Screen);
        let mut ranked: Vec<Entry> =
            entries.filter_map(|binding| binding.footer.as_ref()).filter_map(part).collect();
        ranked.sort_by_key(|entry| entry.rank);
        let first: Vec<_> = ranked.iter().take(4).map(|entry| entry.what).collect();
        assert_eq!(first, ["help", "quit", "filter", "move"]);
        assert!(ranked.windows(2).all(|pair| pair[0].rank < pair[1].rank), "two have one rank: {ranked:?}");
    }
}
