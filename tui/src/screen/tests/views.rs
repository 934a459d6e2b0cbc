//! That the views, and what is open in them, are as they were left.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use scopetop_tracker::connection::Protocol;

use super::*;
use crate::view::ViewNode;

#[test]
fn a_view_that_one_comes_back_to_is_as_it_was_left() {
    let topology = fixture::shop();
    let mut app = App::new(None, TimeZone::UTC);
    app.tick_applied(fixture::NOW);
    app.settle(&topology);
    for by in By::ALL {
        act(&mut app, &topology, &[Action::ShowBy(by)]);
        picture(&mut app, LARGE);
        // Not as a layout from nothing would have it.
        let db = |node: &&ViewNode| node.label.contains("postgres") || node.label.starts_with("db");
        let db = app.view.nodes.iter().find(db).unwrap().key.clone();
        app.selection = Some(Selection::Node(db));
        let turn = if by == By::Process { Action::Return } else { Action::Open };
        app.tick_applied(fixture::NOW);
        app.settle(&topology);
        act(&mut app, &topology, &[turn]);
        let before = picture(&mut app, LARGE);
        for other in By::ALL {
            act(&mut app, &topology, &[Action::ShowBy(other)]);
            picture(&mut app, LARGE);
        }
        act(&mut app, &topology, &[Action::ShowBy(by)]);
        assert_eq!(picture(&mut app, LARGE), before);
    }
}

#[test]
fn who_is_not_opened_stays_where_it_is() {
    let topology = fixture::shop();
    let mut app = App::new(None, TimeZone::UTC);
    app.tick_applied(fixture::NOW);
    act(&mut app, &topology, &[Action::ShowBy(By::Container)]);
    let place = |app: &mut App, label: &str| {
        let text = picture(app, LARGE);
        let (row, line) = text.lines().enumerate().find(|(_, line)| line.contains(label)).unwrap();
        (row, text::width(line.split(label).next().unwrap()))
    };
    let others = ["web-1 ×3", "web-2 ×2", "proxy-1", "host ×6", "203.0.113.1", "7be14c0ffee0"];
    let before = others.map(|label| place(&mut app, label));
    let db = app.view.nodes.iter().find(|node| node.label == "db ×2").unwrap().key.clone();
    app.selection = Some(Selection::Node(db));
    act(&mut app, &topology, &[Action::Open]);
    assert_eq!(others.map(|label| place(&mut app, label)), before);
    place(&mut app, "postgres 3002");
    act(&mut app, &topology, &[Action::Return]);
    assert_eq!(others.map(|label| place(&mut app, label)), before);
    place(&mut app, "db ×2");
}

#[test]
fn the_bar_tells_the_view_and_what_is_switched_off_however_narrow_it_is() {
    let topology = fixture::shop();
    let mut app = App::new(None, TimeZone::UTC);
    app.tick_applied(fixture::NOW);
    act(&mut app, &topology, &[Action::ShowBy(By::Pod), Action::Toggle(Protocol::Udp)]);
    for width in [160, 80, 60, 40] {
        let bar = picture(&mut app, (width, 24)).lines().nth(1).unwrap().to_owned();
        assert!(bar.contains("6 Pod") && bar.contains("✗UDP 1"), "{bar}");
    }
    app.filter = Some(filter("comm=nginx or comm=envoy or comm=postgres"));
    app.tick_applied(fixture::NOW);
    app.settle(&topology);
    let bar = picture(&mut app, SMALL).lines().nth(1).unwrap().to_owned();
    assert!(bar.contains("6 Pod") && bar.contains("✗UDP") && bar.contains("comm=nginx or"), "{bar}");
}
