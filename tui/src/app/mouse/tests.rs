#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use scopetop_tracker::recording::Moment;
use scopetop_tracker::topology::Topology;
use scopetop_tracker::topology::grouping::By;

use super::*;
use crate::app::{Speed, Standing, Step, Time};
use crate::fixture;
use crate::screen;
use crate::theme::Theme;
use crate::view::ShownKey;

/// A screen with a mouse.
struct Desk {
    app: App,
    topology: Topology,
    screen: Terminal<TestBackend>,
}

impl Desk {
    fn new() -> Self {
        let topology = fixture::topology();
        let mut app = App::new(None, TimeZone::UTC);
        app.tick_applied(fixture::NOW);
        app.time.came(Moment::of(&fixture::ticks()[1]));
        let screen = Terminal::new(TestBackend::new(120, 40)).unwrap();
        let mut desk = Self { app, topology, screen };
        desk.draw();
        desk
    }

    fn draw(&mut self) {
        self.app.settle(&self.topology);
        let Self { app, screen, .. } = self;
        screen.draw(|frame| screen::draw(frame, app, &Theme::colour())).unwrap();
    }

    /// Where a text begins on the screen. From below: above, the bar tells what is selected.
    fn find(&self, text: &str) -> Position {
        let buffer = self.screen.backend().buffer();
        for y in (0..buffer.area.height).rev() {
            let cells: Vec<&str> = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect();
            let found = (0..cells.len()).find(|&x| cells[x..].concat().starts_with(text));
            if let Some(x) = found {
                return Position::new(x as u16, y);
            }
        }
        panic!("{text} is not on the screen")
    }

    /// The first place, by rows, that something is at.
    fn place_of(&self, wanted: &Hit) -> Option<Position> {
        let mut places = self.screen.backend().buffer().area.positions();
        places.find(|place| self.app.hits.at(*place).as_ref() == Some(wanted))
    }

    fn does(&mut self, gesture: Gesture, at: Position) -> Outcome {
        let hits = self.app.hits.clone();
        let outcome = self.app.mouse(Mouse { gesture, at }, &hits);
        self.draw();
        outcome
    }

    fn click(&mut self, at: Position) {
        self.does(Gesture::Press, at);
        self.does(Gesture::Release, at);
    }

    /// What is selected, as a person would say it.
    fn selected(&self) -> String {
        let view = self.app.whole();
        let label = |key: &ShownKey| view.node(key).map_or("gone", |node| node.label.as_str()).to_owned();
        match &self.app.selection {
            None => String::from("nothing"),
            Some(Selection::Node(key)) => label(key),
            Some(Selection::Edge(key)) => format!("{} → {}", label(&key.client), label(&key.server)),
        }
    }
}

#[test]
fn a_click_selects_a_node_or_a_line_and_on_nothing_deselects() {
    let mut desk = Desk::new();
    desk.click(desk.find("postgres 5120"));
    assert_eq!(desk.selected(), "postgres 5120");
    // The line that leads to it is to the left of its box.
    let row = desk.find("postgres 5120");
    let mut beside = (0..row.x).rev().map(|x| Position::new(x, row.y));
    let is_line = |at: &Position| matches!(desk.app.hits.at(*at), Some(Hit::Thing(Selection::Edge(_))));
    let line = beside.find(is_line);
    desk.click(line.unwrap());
    assert_eq!(desk.selected(), "nginx 4121 → postgres 5120");
    let empty = Position::new(119, 37);
    assert_eq!((desk.app.hits.at(empty), desk.app.hits.panel_at(empty)), (None, Some(Panel::Graph)));
    desk.does(Gesture::Press, empty);
    assert_eq!(desk.selected(), "nginx 4121 → postgres 5120", "it may become a drag");
    desk.does(Gesture::Release, empty);
    assert_eq!(desk.selected(), "nothing");
}

#[test]
fn a_double_click_does_what_enter_does_and_the_right_button_shows_details() {
    let mut desk = Desk::new();
    let at = desk.find("postgres 5120");
    desk.does(Gesture::Press, at);
    desk.does(Gesture::Release, at);
    desk.does(Gesture::DoublePress, at);
    assert_eq!(desk.app.trail().focused, ["postgres 5120"]);
    let other = desk.find("203.0.113.9");
    desk.does(Gesture::Inspect, other);
    assert!(desk.app.details_open);
    assert_eq!(desk.app.inspection.as_ref().unwrap().details.title, "203.0.113.9");
}

#[test]
fn dragging_takes_the_graph_along_and_keeps_the_selection() {
    let mut desk = Desk::new();
    // A picture that does not fit.
    desk.topology = fixture::after(&[fixture::crowd(200, 3)]);
    desk.app.tick_applied(fixture::NOW);
    desk.draw();
    let label = String::from("worker 1005");
    let at = desk.find(&label);
    desk.does(Gesture::Press, at);
    assert_eq!(desk.selected(), label);
    let drawn = desk.find(&label);
    desk.does(Gesture::Drag, Position::new(drawn.x, drawn.y - 2));
    assert_eq!(desk.find(&label), Position::new(drawn.x, drawn.y - 2));
    desk.does(Gesture::Release, Position::new(drawn.x, drawn.y - 2));
    assert_eq!(desk.selected(), label);
    // The wheel does the same, and back at the end of the picture it stops.
    desk.does(Gesture::Wheel(0, -1), at);
    assert_eq!(desk.find(&label), drawn);
}

#[test]
fn tabs_protocols_and_the_footer_can_be_clicked_on() {
    let mut desk = Desk::new();
    desk.click(desk.find("Container"));
    assert_eq!(desk.app.grouping.by(), By::Container);
    desk.click(desk.find("TCP"));
    assert!(!desk.app.protocols.has(scopetop_tracker::connection::Protocol::Tcp));
    desk.click(desk.find("TCP"));
    desk.click(desk.find("LIVE"));
    assert!(!desk.app.time.is_now());
    desk.click(desk.find("filter"));
    assert!(desk.app.prompt.is_some());
    desk.click(desk.find("web ×2"));
    assert!(desk.app.prompt.is_some(), "what is typed is not lost");
    assert_eq!(desk.does(Gesture::Press, desk.find("cursor")), Outcome::Nothing);
    desk.click(desk.find("leave it"));
    assert!(desk.app.prompt.is_none());
}

#[test]
fn a_click_on_the_way_returns_to_that_step() {
    let mut desk = Desk::new();
    desk.screen = Terminal::new(TestBackend::new(200, 40)).unwrap();
    desk.draw();
    for node in ["nginx 4121", "postgres 5120"] {
        desk.does(Gesture::DoublePress, desk.find(node));
    }
    desk.click(desk.find("203.0.113.9"));
    assert_eq!(desk.app.trail().focused, ["nginx 4121", "postgres 5120"]);
    let step = |desk: &Desk, step| desk.place_of(&Hit::Step(step)).unwrap();
    desk.click(step(&desk, Step::Focus(1)));
    assert_eq!((desk.app.trail().focused.len(), desk.selected().as_str()), (2, "postgres 5120"));
    desk.click(step(&desk, Step::Focus(0)));
    assert_eq!(desk.app.trail().focused, ["nginx 4121"]);
    assert_eq!((desk.selected().as_str(), desk.app.trail().group.as_deref()), ("nginx 4121", Some("web")));
    desk.click(step(&desk, Step::Group));
    assert_eq!((desk.selected().as_str(), desk.app.trail().group), ("web ×2", None));
    desk.click(step(&desk, Step::Whole));
    assert_eq!((desk.selected().as_str(), desk.app.trail()), ("nothing", crate::app::Trail::default()));
    assert_eq!(desk.place_of(&Hit::Step(Step::Whole)), None, "there is nowhere to return to");
}

#[test]
fn on_the_line_of_time_one_goes_to_what_one_clicks_on() {
    let mut desk = Desk::new();
    for seconds in 1..=5 {
        desk.app.time.came(Moment::of(&fixture::quiet(seconds)));
    }
    desk.draw();
    let tick = |desk: &Desk, tick| desk.place_of(&Hit::Tick(tick)).unwrap();
    let travel = |desk: &Desk, travel| desk.place_of(&Hit::Action(Action::Travel(travel))).unwrap();
    desk.click(tick(&desk, 2));
    assert_eq!(desk.app.time.shown(), Some(2));
    // What is newest is now, whatever came since that was drawn.
    let newest = tick(&desk, u64::MAX);
    desk.app.time.came(Moment::of(&fixture::quiet(6)));
    desk.click(newest);
    assert!(desk.app.time.is_now());
    desk.does(Gesture::Press, tick(&desk, 1));
    desk.does(Gesture::Drag, tick(&desk, 3));
    assert_eq!(desk.app.time.shown(), Some(3));
    desk.does(Gesture::Release, tick(&desk, 3));
    let line = tick(&desk, 0);
    desk.does(Gesture::Wheel(0, -1), line);
    assert_eq!(desk.app.time.shown(), Some(2));
    desk.does(Gesture::Wheel(0, 1), line);
    assert_eq!(desk.app.time.shown(), Some(3));
    desk.click(travel(&desk, Travel::Oldest));
    assert_eq!(desk.app.time.shown(), Some(0));
    desk.click(travel(&desk, Travel::Now));
    assert!(desk.app.time.is_now());
}

#[test]
fn on_the_line_of_a_recording_it_goes_on_from_what_one_clicks_on() {
    let mut desk = Desk::new();
    let moments = (1..=6).map(|seconds| Moment::of(&fixture::quiet(seconds)));
    desk.app.time = Time::recorded(moments, Speed::default());
    desk.draw();
    let tick = |desk: &Desk, tick| desk.place_of(&Hit::Tick(tick)).unwrap();
    desk.click(tick(&desk, 3));
    assert_eq!(
        (desk.app.time.shown(), desk.app.time.standing()),
        (Some(3), Standing::Plays(Speed::default()))
    );
    desk.click(tick(&desk, u64::MAX));
    assert_eq!((desk.app.time.shown(), desk.app.time.standing()), (Some(5), Standing::End));
}

#[test]
fn rows_are_clicked_on_and_the_wheel_goes_through_them() {
    let mut desk = Desk::new();
    desk.app.handle(Request::Act(Action::ShowList));
    desk.draw();
    desk.click(desk.find("curl 10412"));
    assert_eq!(desk.selected(), "curl 10412 → 203.0.113.80");
    let row = desk.app.selected_row().unwrap();
    desk.does(Gesture::Wheel(0, 1), Position::new(5, 20));
    assert_eq!(desk.app.selected_row(), Some(row + 3));
    desk.does(Gesture::DoublePress, desk.find("curl 10412"));
    assert!(desk.app.details_open);
}

#[test]
fn the_help_screen_closes_with_a_click_that_does_nothing_else() {
    let mut desk = Desk::new();
    desk.app.handle(Request::Act(Action::Help));
    desk.draw();
    desk.click(Position::new(60, 20));
    assert_eq!((desk.app.help, desk.selected().as_str()), (false, "nothing"));
}

#[test]
fn a_click_takes_a_search_that_is_being_typed() {
    let mut desk = Desk::new();
    desk.app.handle(Request::Act(Action::Search));
    desk.app.type_text("nginx");
    desk.draw();
    desk.click(desk.find("postgres 5120"));
    assert!(desk.app.prompt.is_none());
    assert_eq!((desk.selected().as_str(), desk.app.search.as_str()), ("postgres 5120", "nginx"));
}
