//! The chooser of saved filters: a list to go through, its first entry no filter at all.

use super::App;
use crate::input::Action;
use crate::view::Direction;

impl App {
    /// Opens the chooser, at the filter that is in use.
    pub(super) fn open_chooser(&mut self) {
        let in_use = self.saved.iter().position(|saved| saved.text == self.filter_text());
        self.choosing = Some(in_use.map_or(0, |place| place + 1));
    }

    /// Does what a key asks of the chooser. It covers the rest: any key that is not for it closes it.
    pub(super) fn choose(&mut self, action: Action) {
        let Some(place) = self.choosing else { return };
        let last = self.saved.len();
        self.choosing = match action {
            Action::Move(Direction::Up) => Some(place.saturating_sub(1)),
            Action::Move(Direction::Down) => Some((place + 1).min(last)),
            Action::First | Action::PageUp => Some(0),
            Action::Last | Action::PageDown => Some(last),
            Action::Open => {
                let chosen =
                    place.checked_sub(1).and_then(|place| self.saved.get(place)).map(|saved| saved.active());
                self.set_filter(chosen.flatten());
                None
            }
            _ => None,
        };
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use jiff::tz::TimeZone;

    use super::*;
    use crate::config;
    use crate::input::Request;

    fn app() -> App {
        let mut app = App::new(None, TimeZone::UTC);
        let config = config::parse("[filters]\nweb = 'port=443'\nall = ''\nbusy = 'rate>1m'").unwrap();
        app.saved = config.filters;
        app
    }

    fn act(app: &mut App, actions: &[Action]) {
        for action in actions {
            app.handle(Request::Act(*action));
        }
    }

    const UP: Action = Action::Move(Direction::Up);
    const DOWN: Action = Action::Move(Direction::Down);

    #[test]
    fn takes_a_saved_filter_and_opens_at_the_one_in_use() {
        let mut app = app();
        act(&mut app, &[Action::SavedFilters, DOWN, Action::Open]);
        assert_eq!((app.filter_text(), app.choosing), ("port=443", None));
        act(&mut app, &[Action::SavedFilters]);
        assert_eq!(app.choosing, Some(1));
        act(&mut app, &[Action::Last, DOWN, Action::Open]);
        assert_eq!(app.filter_text(), "rate>1m");
        // One that asks for nothing shows everything, and so does the entry before the first.
        act(&mut app, &[Action::SavedFilters, UP, Action::Open]);
        assert_eq!(app.filter_text(), "");
        act(&mut app, &[Action::SavedFilters, Action::First, DOWN, Action::Open]);
        assert_eq!(app.filter_text(), "port=443");
        act(&mut app, &[Action::SavedFilters, UP, UP, Action::Open]);
        assert!(app.filter.is_none());
    }

    #[test]
    fn any_other_key_leaves_everything_as_it_was() {
        let mut app = app();
        act(&mut app, &[Action::SavedFilters, DOWN, Action::Back]);
        assert_eq!((app.filter_text(), app.choosing), ("", None));
        act(&mut app, &[Action::SavedFilters, Action::SavedFilters]);
        assert_eq!(app.choosing, None);
    }
}
