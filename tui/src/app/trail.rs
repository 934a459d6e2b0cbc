//! Where the user is: what is focused, and where the selected thing stands. It is told also of what is gone.

use scopetop_tracker::identity::Timestamp;

use super::motion::Stop;
use super::{Absence, App};
use crate::view::{GroupKey, Selection};

/// Where the selected thing stands, or stood when it was last there.
#[derive(Clone, Debug)]
pub(super) struct Stand {
    selection: Selection,
    /// What it is called.
    label: String,
    /// The open group that it stands in, with its name; an edge stands in none.
    group: Option<(GroupKey, String)>,
    /// The moment at which it stands there.
    pub(super) at: Timestamp,
    /// When it is come by on the way through all nodes of the graph.
    pub(super) stop: Option<Stop>,
}

/// The way to what is selected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// The focused nodes, each from within the one before.
    pub focused: Vec<String>,
    /// The open group that the selected node stands in.
    pub group: Option<String>,
    /// What is selected, unless it is the focused node.
    pub selected: Option<String>,
}

/// A step of that way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The whole, nothing in it selected.
    Whole,
    /// A focused node, by its place among those.
    Focus(usize),
    /// The open group that the selected node stands in.
    Group,
}

impl App {
    /// Goes back to a step of the way to what is selected: what comes after it is left.
    pub(super) fn return_to(&mut self, step: Step) {
        self.anchor = None;
        match step {
            Step::Whole => {
                while self.leave_focus() {}
                self.set_selection(None);
            }
            Step::Focus(place) => {
                while self.focused().len() > place + 1 {
                    self.leave_focus();
                }
                let focused = self.focused().last().map(|(key, _)| Selection::Node(key.clone()));
                self.set_selection(focused);
            }
            Step::Group => self.collapse(),
        }
    }

    /// The way to what is selected. All of it is safe to show.
    pub fn trail(&self) -> Trail {
        let focused: Vec<String> = self.focused().map(|(key, label)| self.with_fate(key, label)).collect();
        let Some(selection) = &self.selection else {
            return Trail { focused, ..Trail::default() };
        };
        let known = self.stand_of(selection).or_else(|| self.last_stand().cloned());
        let Some(stand) = known else { return Trail { focused, ..Trail::default() } };
        let is_focused = match (selection, self.focused().last()) {
            (Selection::Node(key), Some((focused, _))) => key == focused,
            _ => false,
        };
        let fate = match self.absence {
            None => "",
            Some(Absence::Gone) => " (gone)",
            Some(Absence::Later) => " (not yet there)",
            Some(Absence::Hidden) => " (not shown)",
        };
        Trail {
            focused,
            group: stand.group.map(|(_, label)| label),
            selected: (!is_focused).then(|| format!("{}{fate}", stand.label)),
        }
    }

    fn with_fate(&self, key: &crate::view::ShownKey, label: &str) -> String {
        let gone = if self.view.node(key).is_none() { " (gone)" } else { "" };
        format!("{label}{gone}")
    }

    fn stand_of(&self, selection: &Selection) -> Option<Stand> {
        let view = self.whole();
        let (label, group) = match selection {
            Selection::Node(key) => {
                let node = view.node(key)?;
                // The image is told in the details.
                let name = node.group_label.split("  ").next().unwrap_or_default();
                let group =
                    (!matches!(node.group, GroupKey::Top(_))).then(|| (node.group.clone(), name.to_owned()));
                (node.label.clone(), group)
            }
            Selection::Edge(key) => {
                let edge = view.edges.get(view.edge_place(key)?)?;
                let (client, server) = (view.nodes.get(edge.client)?, view.nodes.get(edge.server)?);
                let arrow = if edge.directed { "→" } else { "↔" };
                (format!("{} {arrow} {} {}", client.label, server.label, edge.service), None)
            }
        };
        Some(Stand {
            selection: selection.clone(),
            label,
            group,
            at: self.moment(),
            stop: self.stop_of(selection),
        })
    }

    /// Where the selected thing stood when it was last there.
    pub(super) fn last_stand(&self) -> Option<&Stand> {
        self.stand.as_ref().filter(|stand| self.selection.as_ref() == Some(&stand.selection))
    }

    /// What the selected thing is called, or was when it was last there. Safe to show.
    pub fn selected_label(&self) -> Option<&str> {
        self.last_stand().map(|stand| stand.label.as_str())
    }

    /// Notes where the selected thing stands: it may be gone when that is asked for.
    pub(super) fn remember_stand(&mut self) {
        if let Some(stand) = self.selection.as_ref().and_then(|selection| self.stand_of(selection)) {
            self.stand = Some(stand);
        }
    }

    /// The open group that the selected node stands in, or stood in when it was last there.
    pub(super) fn group_around(&self) -> Option<GroupKey> {
        self.last_stand()?.group.as_ref().map(|(group, _)| group.clone())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use jiff::tz::TimeZone;
    use scopetop_tracker::topology::Topology;

    use super::*;
    use crate::fixture;
    use crate::input::{Action, Request};

    fn app() -> (App, Topology) {
        let topology = fixture::topology();
        let mut app = App::new(None, TimeZone::UTC);
        app.tick_applied(fixture::NOW);
        app.settle(&topology);
        (app, topology)
    }

    fn select(app: &mut App, label: &str) {
        let key = app.whole().nodes.iter().find(|node| node.label == label).unwrap().key.clone();
        app.select(Selection::Node(key));
    }

    fn act(app: &mut App, topology: &Topology, action: Action) {
        app.handle(Request::Act(action));
        app.settle(topology);
    }

    /// The trail in one line.
    fn told(app: &App) -> String {
        let Trail { focused, group, selected } = app.trail();
        let focused = focused.into_iter().map(|label| format!("around {label}"));
        focused.chain(group).chain(selected).collect::<Vec<_>>().join(" › ")
    }

    #[test]
    fn leads_from_the_focus_and_the_group_to_what_is_selected() {
        let (mut app, topology) = app();
        assert_eq!(app.trail(), Trail::default());
        select(&mut app, "nginx 4121");
        assert_eq!(told(&app), "web › nginx 4121");
        act(&mut app, &topology, Action::Open);
        assert_eq!(told(&app), "around nginx 4121 › web");
        act(&mut app, &topology, Action::NextEdge);
        assert_eq!(told(&app), "around nginx 4121 › nginx 4121 → postgres 5120 :5432");
        select(&mut app, "postgres 5120");
        assert_eq!(told(&app), "around nginx 4121 › db › postgres 5120");
        act(&mut app, &topology, Action::Open);
        assert_eq!(told(&app), "around nginx 4121 › around postgres 5120 › db");
    }

    #[test]
    fn what_is_gone_is_still_called_by_its_name() {
        let (mut app, mut topology) = app();
        select(&mut app, "198.51.100.23");
        act(&mut app, &topology, Action::Open);
        let tick = fixture::quiet(1);
        topology.apply(&tick);
        app.tick_applied(tick.at);
        app.settle(&topology);
        assert_eq!(told(&app), "around 198.51.100.23 (gone) › internet");
        act(&mut app, &topology, Action::Return);
        assert_eq!(told(&app), "internet › 198.51.100.23 (gone)");
    }

    #[test]
    fn what_stands_in_no_group_has_none() {
        let topology = fixture::shop();
        let mut app = App::new(None, TimeZone::UTC);
        app.tick_applied(fixture::NOW);
        app.show_by(scopetop_tracker::topology::grouping::By::Container);
        app.settle(&topology);
        select(&mut app, "web-1 ×3");
        assert_eq!(told(&app), "web-1 ×3");
    }
}
