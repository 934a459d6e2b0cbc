//! The saved filters, to choose from.

use super::{App, Choice, Chooser, Then};
use crate::config::Saved;

impl App {
    /// Lets the user choose one of the saved filters, beginning at the one in use.
    pub(super) fn choose_saved(&mut self) {
        let widest = self.saved.iter().map(|saved| saved.name.len()).max().unwrap_or(0);
        let mut letters = ('1'..='9').chain('a'..='z').chain('A'..='Z');
        let choices = self.saved.iter().enumerate().map(|(place, saved)| Choice {
            key: letters.next().unwrap_or(' '),
            label: format!("{:<widest$}  {}", saved.name, saved.text),
            then: Then::Saved(Some(place)),
        });
        let none = Choice { key: '0', label: String::from("no filter"), then: Then::Saved(None) };
        let choices: Vec<Choice> = std::iter::once(none).chain(choices).collect();
        let question = if self.saved.is_empty() {
            "no filter is saved: the table [filters] of the configuration names them"
        } else {
            "filter by"
        };
        let in_use = self
            .filter
            .as_ref()
            .and_then(|active| self.saved.iter().position(|saved| saved.filter == active.filter));
        let at = in_use.map_or(0, |place| place + 1);
        self.chooser = Some(Chooser { question: question.to_owned(), choices, at });
    }

    /// Uses the saved filter of this place, or none.
    pub(super) fn use_saved(&mut self, place: Option<usize>) {
        let filter = place.and_then(|place| self.saved.get(place)).and_then(Saved::active);
        self.set_filter(filter);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use jiff::tz::TimeZone;

    use super::*;
    use crate::app::PromptKind;
    use crate::config;
    use crate::input::{Action, Choose, Edit, Request};

    const UP: Request = Request::Act(Action::Choose(Choose::Up));
    const DOWN: Request = Request::Act(Action::Choose(Choose::Down));
    const TAKE: Request = Request::Act(Action::Choose(Choose::Take));
    const LEAVE: Request = Request::Act(Action::Choose(Choose::Leave));

    fn app() -> App {
        let mut app = App::new(None, TimeZone::UTC);
        let config = config::parse("[filters]\nweb = 'port=443'\nall = ''\nbusy = 'rate>1m'").unwrap();
        app.saved = config.filters;
        app
    }

    /// Opens the chooser, and the filter after these.
    fn after(app: &mut App, requests: &[Request]) -> String {
        app.handle(Request::Act(Action::SavedFilters));
        for request in requests {
            app.handle(*request);
        }
        assert!(app.chooser.is_none());
        app.filter_text().to_owned()
    }

    #[test]
    fn takes_a_saved_filter_and_begins_at_the_one_in_use() {
        let mut app = app();
        assert_eq!(after(&mut app, &[DOWN, TAKE]), "port=443");
        assert_eq!(after(&mut app, &[TAKE]), "port=443");
        assert_eq!(after(&mut app, &[DOWN, DOWN, TAKE]), "rate>1m");
        // One that asks for nothing shows everything.
        assert_eq!(after(&mut app, &[UP, TAKE]), "");
        assert_eq!(after(&mut app, &[Request::Type('3')]), "rate>1m");
        assert_eq!(after(&mut app, &[LEAVE]), "rate>1m");
        assert_eq!(after(&mut app, &[Request::Type('0')]), "");
        assert!(app.filter.is_none());
    }

    #[test]
    fn a_filter_that_is_typed_may_be_made_of_saved_ones() {
        let mut app = app();
        let accept = Request::Act(Action::Edit(Edit::Accept));
        app.handle(Request::Act(Action::Filter));
        app.type_text("@web and not @bsy");
        app.handle(accept);
        let Some(PromptKind::Filter(Some(error))) = app.prompt.as_ref().map(|prompt| &prompt.kind) else {
            panic!("{:?}", app.prompt)
        };
        let told = "column 14: there is no saved filter `bsy`; did you mean `busy`? There are web, all, busy";
        assert_eq!(error.to_string(), told);
        for _ in 0..3 {
            app.handle(Request::Act(Action::Edit(Edit::Backspace)));
        }
        app.type_text("busy");
        app.handle(accept);
        assert_eq!(app.filter_text(), "@web and not @busy");
        assert_eq!(app.filter.as_ref().unwrap().filter.to_string(), "port=443 and not rate>1m");
        // One by itself is the one that is in use.
        app.set_filter(None);
        app.handle(Request::Act(Action::Filter));
        app.type_text("@busy");
        app.handle(accept);
        assert_eq!(after(&mut app, &[UP, UP, TAKE]), "port=443");
    }

    #[test]
    fn there_may_be_more_than_letters_and_none_at_all() {
        let mut app = App::new(None, TimeZone::UTC);
        app.handle(Request::Act(Action::SavedFilters));
        assert!(app.chooser.as_ref().unwrap().question.starts_with("no filter is saved"));
        let many: Vec<String> = (0..100).map(|number| format!("f{number} = 'port={number}'\n")).collect();
        let many = many.concat();
        app.saved = config::parse(&format!("[filters]\n{many}")).unwrap().filters;
        app.handle(Request::Act(Action::SavedFilters));
        app.handle(Request::Type(' '));
        assert!(app.chooser.is_some(), "a blank takes none");
        assert_eq!(app.chooser.as_ref().unwrap().choices.len(), 101);
    }
}
