#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use proptest::prelude::*;
use scopetop_tracker::identity::{ProcessId, Timestamp};
use scopetop_tracker::topology::Topology;
use scopetop_tracker::topology::grouping::By;

use super::super::tests::{act, app_after, picture};
use super::*;
use crate::app::Mode;
use crate::fixture;
use crate::history::Limits;
use crate::input::Action;
use crate::stage::Stage;
use crate::usage::{Reading, Samples, Single};
use crate::view::{Chart, Fact, Row, Selection, Table, Unit};

/// The application with the details of a node open.
fn details_of(label: &str, by: By) -> (App, Topology) {
    let (mut app, topology) = app_after(&[fixture::ticks()[0].clone(), fixture::everything()]);
    app.mode = Mode::Graph;
    act(&mut app, &topology, &[Action::ShowBy(by)]);
    select(&mut app, &topology, label);
    act(&mut app, &topology, &[Action::Details]);
    (app, topology)
}

fn select(app: &mut App, topology: &Topology, label: &str) {
    let labels: Vec<_> = app.view.nodes.iter().map(|node| node.label.clone()).collect();
    let node = app.view.nodes.iter().find(|node| node.label == label);
    let key = node.unwrap_or_else(|| panic!("{label} is none of {labels:?}")).key.clone();
    app.select(Selection::Node(key));
    app.settle(topology);
}

/// Some quiet minutes, in which the processes of the details use more and more; then those of another pid do.
fn minutes(app: &mut App, topology: &mut Topology, seconds: u64, environment: bool) {
    for second in 1..=seconds {
        let tick = fixture::quiet(second);
        topology.apply(&tick);
        app.tick_applied(tick.at);
        app.settle(topology);
        let wanted = app.inspection.as_ref().unwrap().details.wanted.processes.clone();
        let readings = wanted.iter().map(|&process| Reading {
            process,
            at: second * 1_000_000_000,
            cpu_ms: second * second * 5,
            memory: 40_000_000 + second * 100_000,
        });
        let single = |process: ProcessId| Single {
            process,
            parent: Some((1, Some("systemd".into()))),
            environment: environment.then(|| {
                let variables = [
                    ("LANG", "C.UTF-8"),
                    ("DATABASE_URL", "postgres://app:hunter2@db/shop"),
                    ("API_KEY", "x"),
                ];
                Some(variables.map(|(name, value)| (name.into(), Some(value.into()))).into())
            }),
        };
        app.usage_sampled(Samples {
            sequence: tick.sequence,
            readings: readings.collect(),
            single: wanted.first().filter(|_| wanted.len() == 1).copied().map(single),
        });
        app.settle(topology);
    }
}

#[test]
fn a_process() {
    let (mut app, mut topology) = details_of("agent 311", By::Process);
    insta::assert_snapshot!("process_80x24", picture(&mut app, (80, 24)));
    insta::assert_snapshot!("process_160x45", picture(&mut app, (160, 45)));
    // Long enough to see all of it.
    insta::assert_snapshot!("process_80x60", picture(&mut app, (80, 60)));
    minutes(&mut app, &mut topology, 40, false);
    insta::assert_snapshot!("process_later_80x24", picture(&mut app, (80, 24)));
    insta::assert_snapshot!("process_later_160x45", picture(&mut app, (160, 45)));
}

#[test]
fn a_listener_on_a_unix_socket() {
    let (mut app, _) = details_of("redis-server 620", By::Process);
    insta::assert_snapshot!("unix_80x60", picture(&mut app, (80, 60)));
    insta::assert_snapshot!("unix_160x100", picture(&mut app, (160, 100)));
}

#[test]
fn a_remote_address() {
    let (mut app, _) = details_of("10.0.3.8", By::Process);
    insta::assert_snapshot!("remote_80x24", picture(&mut app, (80, 24)));
    insta::assert_snapshot!("remote_160x45", picture(&mut app, (160, 45)));
}

#[test]
fn a_container_with_labels() {
    let (mut app, mut topology) = details_of("db", By::Container);
    minutes(&mut app, &mut topology, 3, false);
    insta::assert_snapshot!("container_80x60", picture(&mut app, (80, 60)));
    insta::assert_snapshot!("container_160x100", picture(&mut app, (160, 100)));
}

#[test]
fn the_environment_only_where_it_was_read_and_without_secrets() {
    let (mut app, mut topology) = details_of("agent 311", By::Process);
    minutes(&mut app, &mut topology, 2, false);
    assert!(!picture(&mut app, (80, 80)).contains("environment"));
    minutes(&mut app, &mut topology, 3, true);
    let text = picture(&mut app, (80, 80));
    assert!(text.contains("LANG          C.UTF-8"), "{text}");
    assert!(text.contains("DATABASE_URL  postgres://app:******@db/shop"), "{text}");
    assert!(text.contains("API_KEY       ******"), "{text}");
    // Of another process nothing is known yet.
    select(&mut app, &topology, "redis-server 620");
    act(&mut app, &topology, &[Action::Details, Action::Details]);
    assert!(!picture(&mut app, (80, 80)).contains("environment"));
}

#[test]
fn usage_of_a_process_with_the_same_pid_is_not_shown() {
    let (mut app, topology) = details_of("agent 311", By::Process);
    let sequence = app.view.host.as_ref().unwrap().sequence;
    let own = app.inspection.as_ref().unwrap().details.wanted.processes[0];
    let mut sampled = |process, memory| {
        let reading = Reading { process, at: 1, cpu_ms: 1, memory };
        app.usage_sampled(Samples { sequence, readings: vec![reading], single: None });
        app.settle(&topology);
        picture(&mut app, (80, 24))
    };
    assert!(!sampled(ProcessId { started: own.started + 1, ..own }, 77_000_000).contains("77M"));
    assert!(sampled(own, 78_000_000).contains("78M"));
}

#[test]
fn nobody_is_sampled_unless_details_of_what_is_there_are_open() {
    let wanted =
        |app: &App| crate::usage::Sampler::wanted(app).iter().map(|process| process.pid).collect::<Vec<_>>();
    let (mut app, topology) = details_of("agent 311", By::Process);
    assert_eq!(wanted(&app), [311]);
    act(&mut app, &topology, &[Action::Details]);
    assert_eq!(wanted(&app), [0; 0]);
    let (mut app, topology) = details_of("host ×3", By::Container);
    // In the past, and in a recording.
    for newest in [Some(Timestamp(1)), None] {
        let before = std::mem::replace(&mut app.newest, newest);
        assert_eq!(wanted(&app), [0; 0]);
        app.newest = before;
    }
    assert_eq!(wanted(&app), [311, 620, 9_921]);
    app.filter = crate::view::ActiveFilter::new("comm=nobody".parse().unwrap());
    app.tick_applied(Timestamp(1));
    app.settle(&topology);
    assert_eq!(wanted(&app), [0; 0], "it is gone");
}

#[test]
fn what_is_gone_is_marked_with_its_moment_and_the_way_back() {
    let mut app = App::new(None, jiff::tz::TimeZone::UTC);
    let mut stage = Stage::live(Limits::default());
    for tick in fixture::ticks() {
        stage.take(&mut app, &tick);
    }
    let topology = stage.topology(&mut app);
    app.settle(topology);
    select(&mut app, topology, "198.51.100.23");
    stage.take(&mut app, &fixture::quiet(1));
    let topology = stage.topology(&mut app);
    app.settle(topology);
    act(&mut app, topology, &[Action::Details]);
    insta::assert_snapshot!("gone_80x24", picture(&mut app, (80, 24)));
    // The moment is kept no longer, and of what was gone at once nothing was read.
    app.time.forget_before(2);
    app.inspection = None;
    let text = picture(&mut app, (80, 24));
    assert!(
        !text.contains("goes back") && text.contains("198.51.100.23  gone, last there at 12:04:31"),
        "{text}"
    );
    assert!(text.contains("its details were not open while it was there"), "{text}");
}

fn anything() -> impl Strategy<Value = Details> {
    let text = || prop_oneof!["[a-z0-9:/ .]{0,60}", "[日本語é ]{0,40}", Just(String::new())];
    let facts = prop::collection::vec((text(), text()), 0..4).prop_map(|facts| {
        Body::Facts(facts.into_iter().map(|(name, value)| Fact { name: name.into(), value }).collect())
    });
    let column = |least| crate::view::Column { name: "a column", number: least < 30, rank: 3, least };
    let table = (prop::collection::vec((0..50_usize).prop_map(column), 1..12), 0..3_usize, 0..9_usize)
        .prop_flat_map(move |(columns, rows, more)| {
            let row = prop::collection::vec(text(), columns.len());
            let rows = prop::collection::vec(row, rows);
            rows.prop_map(move |rows| {
                let rows = rows.into_iter().map(|cells| Row { state: None, cells }).collect();
                Body::Table(Table { columns: columns.clone(), rows, more })
            })
        });
    let value = prop::option::of(prop_oneof![Just(0.0_f32), any::<f32>(), 0.0..1e9_f32]);
    let chart = prop::collection::vec(value, crate::trend::LENGTH).prop_map(|values| Chart {
        name: "round trip",
        unit: Unit::Micros,
        values: values.try_into().unwrap(),
    });
    let charts = (prop::collection::vec(chart, 1..5), any::<u64>())
        .prop_map(|(charts, tick)| Body::Charts { charts, tick });
    let place = prop_oneof![Just(Place::Left), Just(Place::Right), Just(Place::Whole)];
    let section = (place, text(), prop_oneof![facts, table, charts])
        .prop_map(|(place, note, body)| Section { heading: "a heading", note, place, body });
    prop::collection::vec(section, 0..6).prop_map(|sections| Details {
        title: String::from("x"),
        sections,
        ..Details::default()
    })
}

proptest! {
    #[test]
    fn nothing_is_wider_than_its_panel(details in anything(), cells in 1..260_usize) {
        for line in lines(&details, cells, &Theme::plain()) {
            // The gaps between columns have a width of their own, however narrow the panel is.
            prop_assert!(cells < 16 || line.width() <= cells, "{} > {}: {}", line.width(), cells, line);
        }
    }
}
