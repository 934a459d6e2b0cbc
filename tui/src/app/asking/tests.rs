#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use jiff::tz::TimeZone;

use super::*;
use crate::app::Outcome;
use crate::input::{Action, Request, Scope};
use crate::view::{Selection, ShownKey};
use scopetop_tracker::topology::NodeKey;

fn app() -> App {
    App::new(None, TimeZone::UTC)
}

fn press(app: &mut App, action: Action) -> Outcome {
    app.handle(Request::Act(action))
}

#[test]
fn a_letter_chooses_what_to_export() {
    let mut app = app();
    press(&mut app, Action::Export);
    assert_eq!(app.scope(), Scope::Choosing);
    assert_eq!(app.take_wishes(), []);
    // A letter that is none of them changes nothing.
    app.handle(Request::Type('q'));
    assert!(app.chooser.is_some());
    app.handle(Request::Type('m'));
    assert_eq!((app.chooser.clone(), app.scope()), (None, Scope::Screen));
    assert_eq!(app.take_wishes(), [Wish::Export(Format::Mermaid)]);
    assert_eq!(app.take_wishes(), []);
}

#[test]
fn arrows_and_enter_choose_too_and_esc_leaves() {
    let mut app = app();
    press(&mut app, Action::Export);
    for choose in [Choose::Up, Choose::Down, Choose::Down, Choose::Down, Choose::Down, Choose::Up] {
        press(&mut app, Action::Choose(choose));
    }
    press(&mut app, Action::Choose(Choose::Take));
    assert_eq!(app.take_wishes(), [Wish::Export(Format::Mermaid)]);
    press(&mut app, Action::Export);
    press(&mut app, Action::Choose(Choose::Leave));
    assert_eq!((app.chooser.clone(), app.take_wishes()), (None, vec![]));
}

#[test]
fn what_is_told_stays_until_the_next_key() {
    let mut app = app();
    app.tell(Message::good("wrote x"));
    assert_eq!(app.message, Some(Message::good("wrote x")));
    assert_eq!(press(&mut app, Action::ShowList), Outcome::Changed);
    assert_eq!(app.message, None);
}

#[test]
fn only_what_is_selected_is_copied() {
    let mut app = app();
    press(&mut app, Action::Copy);
    assert!(app.take_wishes().is_empty() && app.message.take().is_some_and(|message| !message.good));
    app.selection =
        Some(Selection::Node(ShownKey::Node(NodeKey::Remote(None, "192.0.2.1".parse().unwrap()))));
    press(&mut app, Action::Copy);
    assert_eq!((app.take_wishes(), app.message), (vec![Wish::Copy], None));
}
