#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use jiff::tz::TimeZone;
use rustix::io::Errno;
use scopetop_tracker::act::ActError;
use scopetop_tracker::connection::Protocol;
use scopetop_tracker::topology::Topology;
use scopetop_tracker::topology::grouping::By;

use super::*;
use crate::app::{App, Wish};
use crate::fixture;
use crate::input::{Action, Choose, Request, Scope};
use crate::view::Selection;

fn app() -> (App, Topology) {
    let topology = fixture::after(&fixture::ticks());
    let mut app = App::new(None, TimeZone::UTC);
    app.tick_applied(fixture::NOW);
    app.settle(&topology);
    (app, topology)
}

fn press(app: &mut App, topology: &Topology, keys: &str) {
    for key in keys.chars() {
        let request = match (app.scope(), key) {
            (Scope::Choosing, '\n') => Request::Act(Action::Choose(Choose::Take)),
            (Scope::Choosing, key) => Request::Type(key),
            (_, 'x') => Request::Act(Action::Act),
            (scope, key) => panic!("{key} in {scope:?}"),
        };
        app.handle(request);
        app.settle(topology);
    }
}

fn select_node(app: &mut App, topology: &Topology, label: &str) {
    let node = app.view.nodes.iter().find(|node| node.label == label).unwrap();
    app.selection = Some(Selection::Node(node.key.clone()));
    app.settle(topology);
}

fn select_edge(app: &mut App, topology: &Topology, service: &str) {
    let edge = app.view.edges.iter().find(|edge| *edge.service == *service).unwrap();
    app.selection = Some(Selection::Edge(app.view.edge_key(edge).unwrap()));
    app.settle(topology);
}

fn labels(app: &App) -> Vec<String> {
    app.chooser
        .iter()
        .flat_map(|chooser| &chooser.choices)
        .map(|choice| format!("{} {}", choice.key, choice.label))
        .collect()
}

#[test]
fn a_signal_is_sent_only_after_a_question_that_names_it() {
    let (mut app, topology) = app();
    select_node(&mut app, &topology, "nginx 4121");
    press(&mut app, &topology, "x");
    assert_eq!(labels(&app)[0], "t SIGTERM  ask it to end");
    press(&mut app, &topology, "h");
    let chooser = app.chooser.clone().unwrap();
    assert_eq!(chooser.question, "send SIGHUP to nginx 4121 (started 2h14m ago)?");
    // No is what Enter takes.
    press(&mut app, &topology, "\n");
    assert_eq!((app.take_wishes(), app.chooser.clone()), (vec![], None));
    press(&mut app, &topology, "xhy");
    let [Wish::Do(Deed::Signal { signal, process, who })] = &app.take_wishes()[..] else { panic!() };
    assert_eq!(
        (*signal, process.pid, process.started, who.as_str()),
        (Signal::Hup, 4121, 41_210, "nginx 4121")
    );
}

#[test]
fn a_process_in_a_container_has_the_containers_deeds_too() {
    let (mut app, topology) = app();
    select_node(&mut app, &topology, "nginx 4121");
    press(&mut app, &topology, "x");
    let all = labels(&app);
    let of_container: Vec<_> = all.iter().skip(Signal::ALL.len()).map(|label| &label[..10]).collect();
    assert_eq!(of_container, ["p stop con", "r restart ", "l follow t"]);
    press(&mut app, &topology, "p");
    let question = app.chooser.clone().unwrap().question;
    assert!(question.starts_with("stop container web (") && question.ends_with(")?"), "{question}");
    press(&mut app, &topology, "y");
    let [Wish::Do(Deed::Container { command: Command::Stop, .. })] = &app.take_wishes()[..] else { panic!() };
    // The host's processes have none of these.
    select_node(&mut app, &topology, "cron-job 9921");
    press(&mut app, &topology, "x");
    assert_eq!(labels(&app).len(), Signal::ALL.len());
}

#[test]
fn a_container_is_what_it_stands_for() {
    let (mut app, topology) = app();
    app.show_by(By::Container);
    app.settle(&topology);
    let node = app.view.nodes.iter().find(|node| node.label.starts_with("web")).unwrap().label.clone();
    select_node(&mut app, &topology, &node);
    press(&mut app, &topology, "xl");
    assert_eq!(app.scope(), Scope::Log);
    let [Wish::Follow { id, name }] = &app.take_wishes()[..] else { panic!() };
    assert!(name.starts_with("container web (") && !id.0.is_empty());
}

#[test]
fn what_cannot_be_closed_offers_who_is_at_its_ends() {
    let topology = fixture::after(&[fixture::ticks()[0].clone(), fixture::everything()]);
    let mut app = App::new(None, TimeZone::UTC);
    app.tick_applied(fixture::NOW);
    app.settle(&topology);
    let edge = |app: &App, client: &str, server: &str| {
        let is = |place: usize, label: &str| app.view.nodes[place].label == label;
        let edges = app.view.edges.iter().filter(|edge| edge.at.protocol() == Protocol::Unix);
        let mut edges = edges.filter(|edge| is(edge.client, client) && is(edge.server, server));
        Selection::Edge(app.view.edge_key(edges.next().unwrap()).unwrap())
    };
    app.selection = Some(edge(&app, "agent 311", "redis-server 620"));
    press(&mut app, &topology, "x");
    assert_eq!(
        app.chooser.as_ref().unwrap().question,
        "this is unix, and only TCP connections can be closed"
    );
    assert_eq!(labels(&app), ["c do something with agent 311", "s do something with redis-server 620"]);
    press(&mut app, &topology, "st");
    assert!(app.chooser.clone().unwrap().question.starts_with("send SIGTERM to redis-server 620 "));
    press(&mut app, &topology, "y");
    let [Wish::Do(Deed::Signal { process, .. })] = &app.take_wishes()[..] else { panic!() };
    assert_eq!(process.pid, 620);
}

#[test]
fn connections_are_closed_one_by_one_or_all() {
    let (mut app, topology) = app();
    select_edge(&mut app, &topology, ":5432");
    press(&mut app, &topology, "x");
    let all = labels(&app);
    assert_eq!(all[0], "1 close 10.0.2.4:51880 → 10.0.2.9:5432");
    assert_eq!(all.last().unwrap(), "a close all 5 connections of nginx 4121 → postgres 5120 :5432");
    press(&mut app, &topology, "a");
    let question = app.chooser.clone().unwrap().question;
    assert_eq!(question, "close all 5 connections of nginx 4121 → postgres 5120 :5432?");
    press(&mut app, &topology, "y");
    let [Wish::Do(Deed::Close { ends, .. })] = &app.take_wishes()[..] else { panic!() };
    assert_eq!(ends.len(), 5);
    assert_eq!(
        (ends[0].local, ends[0].remote),
        ("10.0.2.4:51880".parse().unwrap(), "10.0.2.9:5432".parse().unwrap())
    );
    assert_eq!(ends[0].owners[0].pid, 4121);
}

#[test]
fn with_sockets_of_nobody_known_nothing_can_be_done_and_it_is_said_why() {
    for (remedy, said) in [
        (None, "no process was seen holding these sockets: there is none to act on"),
        (Some("use sudo, or else"), "whose sockets these are is not known to this user: use sudo"),
    ] {
        let mut tick = fixture::ticks()[0].clone();
        tick.opened.iter_mut().for_each(|socket| socket.owners.clear());
        tick.source.remedy = remedy.map(Into::into);
        let topology = fixture::after(&[tick]);
        let mut app = App::new(None, TimeZone::UTC);
        app.tick_applied(fixture::NOW);
        app.settle(&topology);
        select_node(&mut app, &topology, "unknown");
        press(&mut app, &topology, "x");
        assert_eq!(app.message.take().unwrap(), Message::bad(said));
    }
}

#[test]
fn nothing_is_offered_where_nothing_can_be_done() {
    let (mut app, topology) = app();
    press(&mut app, &topology, "x");
    assert_eq!(app.message.take().unwrap(), Message::bad("nothing is selected: the arrows select"));
    select_node(&mut app, &topology, "203.0.113.9");
    press(&mut app, &topology, "x");
    assert!(app.message.take().unwrap().text.starts_with("an address elsewhere"));
    // One that went since it was selected.
    select_node(&mut app, &topology, "nginx 4121");
    app.handle(Request::Act(Action::Act));
    app.settle(&Topology::new());
    assert_eq!(app.message.take().unwrap(), Message::bad("what is selected is gone"));
    assert_eq!((app.chooser.clone(), app.take_wishes()), (None, vec![]));
}

#[test]
fn where_acting_is_off_the_reason_is_told() {
    let (mut app, topology) = app();
    app.acting_off = Some("this is a recording");
    select_node(&mut app, &topology, "nginx 4121");
    press(&mut app, &topology, "x");
    assert_eq!(app.chooser, None);
    assert_eq!(app.message, Some(Message::bad("this is a recording")));
}

#[test]
fn what_came_of_it_is_told() {
    let many = |outcomes: &[Result<(), ActError>]| of_many(outcomes, "all 3 connections");
    assert_eq!(many(&[Ok(()), Ok(()), Ok(())]), Message::good("closed all 3 connections"));
    assert_eq!(
        many(&[Ok(()), Err(ActError::Gone), Ok(())]),
        Message::bad("closed 2 of 3, all 3 connections; the others: it is gone")
    );
    let refused = told(Err(ActError::System(Errno::NOMEM)), "", || String::from("x was not sent SIGHUP"));
    assert!(refused.text.starts_with("x was not sent SIGHUP: ") && !refused.good);
}
