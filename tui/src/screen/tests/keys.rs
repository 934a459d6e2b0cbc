//! That help and footer tell the keys.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use super::*;
use crate::input::{Change, Key, Keymap};

/// The pages of the help screen.
fn help_pages(app: &mut App, topology: &Topology, size: (u16, u16)) -> Vec<String> {
    act(app, topology, &[Action::Help]);
    let mut pages = vec![picture(app, size)];
    while pages.len() < app.help_pages {
        act(app, topology, &[Action::PageDown]);
        pages.push(picture(app, size));
    }
    act(app, topology, &[Action::PageDown]);
    assert_eq!(pages.last(), Some(&picture(app, size)), "there is nothing after the last page");
    act(app, topology, &[Action::Back]);
    assert!(!app.help);
    pages
}

#[test]
fn the_help_screen_has_every_key_of_the_table_whole_at_every_size() {
    let (mut app, topology) = app();
    for size in [(60, 15), SMALL, (120, 40), LARGE] {
        let pages = help_pages(&mut app, &topology, size);
        // Where something is to be chosen, and in the help, the footer has all keys.
        let told_below = [Scope::Choosing, Scope::Columns, Scope::Help];
        for binding in bindings().filter(|binding| !told_below.contains(&binding.scope)) {
            assert!(
                pages.iter().any(|page| page.contains(binding.shown) && page.contains(binding.what)),
                "{:?}, {:?} is missing at {size:?}",
                binding.shown,
                binding.what
            );
        }
        for (_, explanation) in help::MEETINGS {
            assert!(pages.iter().any(|page| page.contains(explanation)), "{explanation:?} at {size:?}");
        }
        for (_, explanation) in help::MARKS {
            assert!(pages.iter().any(|page| page.contains(explanation)), "{explanation:?} at {size:?}");
        }
    }
}

#[test]
fn help_and_footer_show_the_users_own_keys() {
    let (mut app, topology) = app();
    let keys = ["f5", "ctrl-l"].map(|key| Key::parse(key).unwrap()).to_vec();
    let changes =
        [Change { action: Action::Relayout, keys }, Change { action: Action::Filter, keys: Vec::new() }];
    app.keymap = Keymap::changed(&changes).unwrap();
    let help = help_pages(&mut app, &topology, LARGE).concat();
    assert!(help.contains("F5 ^L") && !help.contains("  filter  "), "{help}");
    app.mode = Mode::Graph;
    let footer = picture(&mut app, (200, 45)).lines().last().unwrap().to_owned();
    assert!(footer.contains("F5 relayout") && !footer.contains("filter"), "{footer}");
}

#[test]
fn without_utf8_the_footer_names_keys_in_words() {
    let (mut app, _) = app();
    app.mode = Mode::Graph;
    let mut theme = Theme::plain();
    theme.finish.ascii = true;
    let footer = text_of(&buffer(&mut app, LARGE, &theme)).lines().last().unwrap().to_owned();
    assert!(footer.is_ascii(), "{footer}");
    for entry in ["arrows move", "enter open", "tab edge", "space pause"] {
        assert!(footer.contains(entry), "{entry} is not in {footer}");
    }
}
