//! Filtering by what is selected, and the way back.

use scopetop_tracker::filter::Filter;
use scopetop_tracker::topology::Topology;

use super::{App, Prompt};
use crate::config::{self, Saved};
use crate::view::{self, ActiveFilter};

/// The filters from before each time that the user filtered by what is selected.
#[derive(Debug, Default)]
pub(super) struct Narrowings {
    /// Each with the text of the filter that took its place.
    before: Vec<(Option<ActiveFilter>, String)>,
    /// Whether the user asked for one more, which takes the topology.
    asked: bool,
}

impl App {
    /// Filters by what is selected, as soon as the topology is at hand.
    pub(super) fn ask_to_narrow(&mut self) {
        self.narrowings.asked = self.selection.is_some();
    }

    /// Whether it is still to be filtered by what is selected.
    pub(super) const fn asks_to_narrow(&self) -> bool {
        self.narrowings.asked
    }

    /// Puts the expression of what is selected into the filter, if that was asked for.
    pub(super) fn narrow_filter(&mut self, topology: &Topology) {
        if !std::mem::take(&mut self.narrowings.asked) {
            return;
        }
        let Some(selection) = &self.selection else { return };
        let Some(expression) = view::expression(topology, &self.grouping, selection) else { return };
        match joined(self.filter.as_ref(), &expression, &self.saved) {
            Joined::Same => {}
            Joined::New(filter) => {
                let text = filter.text.clone();
                let before = self.filter.take();
                self.narrowings.before.push((before, text));
                self.set_filter(Some(filter));
            }
            // It does not fit into one filter: what is wrong is told where it can be mended.
            Joined::Wrong(text) => self.prompt = Some(Prompt::filter(&text, &self.saved)),
        }
    }

    /// Goes back to the filter from before the last narrowing, unless another one was chosen since. Returns whether
    /// there was one.
    pub(super) fn widen(&mut self) -> bool {
        let current = self.filter_text().to_owned();
        match self.narrowings.before.pop() {
            Some((before, text)) if text == current => {
                self.set_filter(before);
                true
            }
            _ => {
                self.narrowings.before.clear();
                false
            }
        }
    }
}

enum Joined {
    /// The filter asks for it already.
    Same,
    New(ActiveFilter),
    /// The text is no filter.
    Wrong(String),
}

/// A filter that asks for one thing more.
fn joined(filter: Option<&ActiveFilter>, expression: &str, saved: &[Saved]) -> Joined {
    let Some(before) = filter else {
        return Filter::parse(expression).map_or_else(
            |_| Joined::Wrong(expression.to_owned()),
            |filter| Joined::New(ActiveFilter { text: expression.to_owned(), filter }),
        );
    };
    if before.text == expression || before.text.ends_with(&format!(" and {expression}")) {
        return Joined::Same;
    }
    let Ok(more) = Filter::parse(expression) else { return Joined::Wrong(expression.to_owned()) };
    let both = Filter::all(vec![before.filter.clone(), more]);
    // Brackets only where it would otherwise mean something else.
    let plain = format!("{} and {expression}", before.text);
    let bracketed = format!("({}) and {expression}", before.text);
    for text in [plain, bracketed] {
        if config::filter(&text, saved).is_ok_and(|filter| filter == both) {
            return Joined::New(ActiveFilter { text, filter: both });
        }
    }
    Joined::Wrong(format!("({}) and {expression}", before.text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use jiff::tz::TimeZone;

    use super::*;
    use crate::app::PromptKind;
    use crate::fixture;
    use crate::input::{Action, Edit, Request};
    use crate::view::Selection;

    fn app(filter: &str) -> (App, Topology) {
        let topology = fixture::topology();
        let filter = (!filter.is_empty())
            .then(|| ActiveFilter { text: filter.to_owned(), filter: Filter::parse(filter).unwrap() });
        let mut app = App::new(filter, TimeZone::UTC);
        app.tick_applied(fixture::NOW);
        app.settle(&topology);
        (app, topology)
    }

    fn select(app: &mut App, label: &str) {
        let key = app.view.nodes.iter().find(|node| node.label == label).unwrap().key.clone();
        app.select(Selection::Node(key));
    }

    fn act(app: &mut App, topology: &Topology, action: Action) {
        app.handle(Request::Act(action));
        app.settle(topology);
    }

    #[test]
    fn filters_by_what_is_selected_and_escape_takes_it_back() {
        let (mut app, topology) = app("");
        act(&mut app, &topology, Action::Narrow);
        assert_eq!(app.filter_text(), "", "nothing is selected");
        select(&mut app, "nginx 4121");
        act(&mut app, &topology, Action::Narrow);
        assert_eq!(app.filter_text(), "pid=4121");
        let labels: Vec<_> = app.view.nodes.iter().map(|node| node.label.as_str()).collect();
        assert_eq!(
            labels,
            ["nginx 4121", "nginx 4122", "postgres 5120", "203.0.113.9"],
            "and who listens with it"
        );
        act(&mut app, &topology, Action::Narrow);
        assert_eq!(app.filter_text(), "pid=4121", "once is enough");
        select(&mut app, "postgres 5120");
        act(&mut app, &topology, Action::Narrow);
        assert_eq!(app.filter_text(), "pid=4121 and pid=5120");
        act(&mut app, &topology, Action::Back);
        assert_eq!(app.filter_text(), "pid=4121");
        act(&mut app, &topology, Action::Back);
        assert_eq!((app.filter_text(), app.view.hidden.connections), ("", 0));
        assert!(app.selection.is_some(), "one step at a time");
        act(&mut app, &topology, Action::Back);
        assert!(app.selection.is_none());
    }

    #[test]
    fn a_filter_that_is_there_is_kept_whole() {
        for (before, after) in [
            ("port=443", "port=443 and pid=4121"),
            ("port=443 or port=5432", "(port=443 or port=5432) and pid=4121"),
            ("not port=80", "not port=80 and pid=4121"),
        ] {
            let (mut app, topology) = app(before);
            select(&mut app, "nginx 4121");
            act(&mut app, &topology, Action::Narrow);
            assert_eq!(app.filter_text(), after);
            act(&mut app, &topology, Action::Back);
            assert_eq!(app.filter_text(), before);
            act(&mut app, &topology, Action::Back);
            assert_eq!(app.filter_text(), before, "that was there from the beginning");
        }
    }

    #[test]
    fn a_saved_filter_stays_named() {
        let (mut app, topology) = app("");
        app.saved = config::parse("[filters]\nweb = 'port=443 or port=5432'").unwrap().filters;
        app.handle(Request::Act(Action::Filter));
        app.type_text("@web");
        app.handle(Request::Act(Action::Edit(Edit::Accept)));
        app.settle(&topology);
        select(&mut app, "nginx 4121");
        act(&mut app, &topology, Action::Narrow);
        assert_eq!(app.filter_text(), "@web and pid=4121");
        assert!(app.prompt.is_none());
    }

    #[test]
    fn what_another_filter_took_the_place_of_is_not_brought_back() {
        let (mut app, topology) = app("");
        select(&mut app, "nginx 4121");
        act(&mut app, &topology, Action::Narrow);
        app.set_filter(Some(ActiveFilter {
            text: String::from("port=443"),
            filter: Filter::parse("port=443").unwrap(),
        }));
        act(&mut app, &topology, Action::Back);
        assert_eq!((app.filter_text(), app.selection.is_none()), ("port=443", true));
    }

    #[test]
    fn what_does_not_fit_into_a_filter_is_told() {
        let long = format!("port=443 {}", "or port=443 ".repeat(1_364));
        let (mut app, topology) = app(&long);
        select(&mut app, "nginx 4121");
        act(&mut app, &topology, Action::Narrow);
        assert!(app.filter_text() == long, "it stays as it was");
        assert!(matches!(app.prompt.unwrap().kind, PromptKind::Filter(Some(_))));
    }
}
