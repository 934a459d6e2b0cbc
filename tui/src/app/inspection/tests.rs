#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use jiff::tz::TimeZone;

use super::super::fixture::selected;
use super::*;
use crate::app::{Mode, Standing};
use crate::fixture::{self, NOW};
use crate::history::Limits;
use crate::input::{Action, Request, Travel};
use crate::stage::Stage;
use crate::view::{ActiveFilter, Direction};

/// What closes in the fixture's last tick.
const GREY: &str = "198.51.100.23";

fn settle(app: &mut App, stage: &mut Stage) {
    let topology = stage.topology(app);
    app.settle(topology);
}

fn act(app: &mut App, stage: &mut Stage, action: Action) {
    app.handle(Request::Act(action));
    settle(app, stage);
}

fn take(app: &mut App, stage: &mut Stage, tick: &scopetop_tracker::Tick) {
    stage.take(app, tick);
    settle(app, stage);
}

/// The fixture's host at its last tick, a node of it selected.
fn with(label: &str) -> (App, Stage) {
    let (mut app, mut stage) = (App::new(None, TimeZone::UTC), Stage::live(Limits::default()));
    for tick in fixture::ticks() {
        take(&mut app, &mut stage, &tick);
    }
    let key = app.view.nodes.iter().find(|node| node.label == label).unwrap().key.clone();
    app.select(Selection::Node(key));
    settle(&mut app, &mut stage);
    (app, stage)
}

#[test]
fn what_goes_leaves_its_details_also_where_nobody_had_opened_them() {
    let (mut app, mut stage) = with(GREY);
    assert_eq!((app.absence, app.can_return()), (None, false));
    for seconds in 1..=3 {
        take(&mut app, &mut stage, &fixture::quiet(seconds));
        assert_eq!((app.absence, app.last_seen()), (Some(Absence::Gone), Some(NOW)));
    }
    act(&mut app, &mut stage, Action::Details);
    let known = app.inspection.as_ref().unwrap();
    assert_eq!((known.details.title.as_str(), known.at), (GREY, NOW));
    assert!(!known.details.sections.is_empty());
    // As long as it is selected.
    act(&mut app, &mut stage, Action::Move(Direction::Down));
    assert_eq!(app.inspection.as_ref().unwrap().details.title, "nginx 4121");
}

#[test]
fn nothing_is_asked_of_what_stays_while_nobody_reads_it() {
    let (mut app, mut stage) = with("nginx 4121");
    take(&mut app, &mut stage, &fixture::quiet(1));
    assert!(app.inspection.is_none());
}

#[test]
fn enter_goes_back_to_what_is_gone_and_the_end_of_time_on() {
    let (mut app, mut stage) = with(GREY);
    for seconds in 1..=3 {
        take(&mut app, &mut stage, &fixture::quiet(seconds));
    }
    assert!(app.can_return());
    act(&mut app, &mut stage, Action::Open);
    assert_eq!((app.absence, selected(&app).as_str()), (None, GREY));
    assert_eq!(app.time.standing(), Standing::Past(3_000_000_000));
    take(&mut app, &mut stage, &fixture::quiet(4));
    assert_eq!(app.time.standing(), Standing::Past(4_000_000_000), "it stays there");
    act(&mut app, &mut stage, Action::Travel(Travel::Now));
    assert_eq!((app.absence, app.last_seen()), (Some(Absence::Gone), Some(NOW)));
}

#[test]
fn where_the_moment_is_not_kept_there_is_no_way_back() {
    let (mut app, mut stage) = with(GREY);
    take(&mut app, &mut stage, &fixture::quiet(1));
    app.time.forget_before(2);
    assert!(!app.can_return());
    act(&mut app, &mut stage, Action::Open);
    assert!(app.time.is_now());
}

#[test]
fn what_began_later_than_what_is_shown_is_not_gone() {
    let (mut app, mut stage) = with("10.0.3.7");
    act(&mut app, &mut stage, Action::Travel(Travel::Oldest));
    assert_eq!((app.absence, app.last_seen()), (Some(Absence::Later), Some(NOW)));
    assert_eq!(app.trail().selected.unwrap(), "10.0.3.7 (not yet there)");
    act(&mut app, &mut stage, Action::Open);
    assert_eq!((app.absence, app.time.is_now()), (None, true), "the newest tick is now");
}

#[test]
fn what_a_filter_keeps_away_is_not_gone() {
    let (mut app, mut stage) = with("nginx 4121");
    let edge = app.view.edges.iter().find(|edge| *edge.service == *":5432").unwrap();
    let edge = Selection::Edge(app.view.edge_key(edge).unwrap());
    app.set_filter(ActiveFilter::new("comm=nobody".parse().unwrap()));
    settle(&mut app, &mut stage);
    assert_eq!((app.absence, app.can_return()), (Some(Absence::Hidden), false));
    assert_eq!(app.trail().selected.unwrap(), "nginx 4121 (not shown)");
    app.set_filter(None);
    app.mode = Mode::List;
    settle(&mut app, &mut stage);
    app.select(edge);
    app.set_filter(ActiveFilter::new("comm=nobody".parse().unwrap()));
    settle(&mut app, &mut stage);
    take(&mut app, &mut stage, &fixture::quiet(1));
    assert_eq!(app.absence, Some(Absence::Hidden));
    app.set_filter(None);
    settle(&mut app, &mut stage);
    assert_eq!(app.absence, None);
}
