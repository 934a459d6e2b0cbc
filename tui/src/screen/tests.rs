#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};
use scopetop_tracker::Tick;
use scopetop_tracker::filter::Filter;
use scopetop_tracker::identity::Timestamp;
use scopetop_tracker::text::Text;
use scopetop_tracker::topology::Topology;
use scopetop_tracker::topology::grouping::By;

use super::*;
use crate::app::{Speed, Time};
use crate::fixture;
use crate::history::Limits;
use crate::input::{Action, Choose, Request, Scope, Travel, bindings};
use crate::stage::Stage;
use crate::view::{ActiveFilter, Direction, Selection};

pub(super) const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (160, 45);

/// An application on the list, after some ticks.
pub(super) fn app_after(ticks: &[Tick]) -> (App, Topology) {
    let topology = fixture::after(ticks);
    let mut app = App::new(None, TimeZone::UTC);
    app.mode = Mode::List;
    app.tick_applied(ticks.last().unwrap().at);
    app.settle(&topology);
    (app, topology)
}

pub(super) fn app() -> (App, Topology) {
    app_after(&fixture::ticks())
}

pub(super) fn act(app: &mut App, topology: &Topology, actions: &[Action]) {
    for action in actions {
        app.handle(Request::Act(*action));
        app.settle(topology);
    }
}

pub(super) fn type_in(app: &mut App, topology: &Topology, text: &str) {
    app.type_text(text);
    app.settle(topology);
}

pub(super) fn buffer(app: &mut App, size: (u16, u16), theme: &Theme) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal.draw(|frame| draw(frame, app, theme)).unwrap();
    terminal.backend().buffer().clone()
}

/// The screen's text, a line a row, blanks at the ends of lines left out.
fn text_of(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut line = String::new();
        let mut x = buffer.area.left();
        while x < buffer.area.right() {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += (text::width(symbol) as u16).max(1);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

pub(super) fn picture(app: &mut App, size: (u16, u16)) -> String {
    text_of(&buffer(app, size, &Theme::colour()))
}

/// The row of the screen that has a text.
fn row_with(buffer: &Buffer, wanted: &str) -> u16 {
    let text = text_of(buffer);
    text.lines().position(|line| line.contains(wanted)).unwrap() as u16
}

fn select_edge(app: &mut App, topology: &Topology, service: &str) {
    let edge = app.view.edges.iter().find(|edge| *edge.service == *service).unwrap();
    let key = app.view.edge_key(edge).unwrap();
    app.select(Selection::Edge(key));
    app.settle(topology);
}

fn filter(text: &str) -> ActiveFilter {
    ActiveFilter { text: text.to_owned(), filter: Filter::parse(text).unwrap() }
}

#[test]
fn list() {
    let (mut app, topology) = app();
    select_edge(&mut app, &topology, ":5432");
    insta::assert_snapshot!("list_80x24", picture(&mut app, SMALL));
    insta::assert_snapshot!("list_160x45", picture(&mut app, LARGE));
}

#[test]
fn details_of_an_edge() {
    let (mut app, topology) = app();
    select_edge(&mut app, &topology, ":5432");
    act(&mut app, &topology, &[Action::Open]);
    insta::assert_snapshot!("edge_80x24", picture(&mut app, SMALL));
    insta::assert_snapshot!("edge_160x45", picture(&mut app, LARGE));
}

#[test]
fn details_of_a_node() {
    let (mut app, topology) = app();
    app.mode = Mode::Graph;
    act(&mut app, &topology, &[Action::Details]);
    app.mode = Mode::List;
    insta::assert_snapshot!("node_80x24", picture(&mut app, SMALL));
    insta::assert_snapshot!("node_160x45", picture(&mut app, LARGE));
}

#[test]
fn the_way_to_what_is_selected() {
    let topology = fixture::shop();
    let mut app = App::new(Some(filter("proto=tcp and not ip=192.0.2.0/24")), TimeZone::UTC);
    app.tick_applied(fixture::NOW);
    app.settle(&topology);
    let select = |app: &mut App, label: &str| {
        let key = app.whole().nodes.iter().find(|node| node.label == label).unwrap().key.clone();
        app.select(Selection::Node(key));
    };
    let mut lines = Vec::new();
    let mut look = |app: &mut App| {
        for width in [160, 120, 80, 60] {
            let line = picture(app, (width, 24)).lines().nth(1).unwrap().to_owned();
            assert!(text::width(&line) <= usize::from(width));
            lines.push(line);
        }
    };
    look(&mut app);
    select(&mut app, "nginx 2112");
    look(&mut app);
    act(&mut app, &topology, &[Action::Open]);
    look(&mut app);
    select(&mut app, "postgres 3002");
    act(&mut app, &topology, &[Action::Open]);
    look(&mut app);
    act(&mut app, &topology, &[Action::NextEdge]);
    look(&mut app);
    app.set_filter(None);
    app.settle(&topology);
    look(&mut app);
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn details_of_what_is_gone() {
    let (mut app, mut topology) = app();
    select_edge(&mut app, &topology, ":8443");
    act(&mut app, &topology, &[Action::Open]);
    let tick = fixture::quiet(1);
    topology.apply(&tick);
    app.tick_applied(tick.at);
    app.settle(&topology);
    insta::assert_snapshot!("gone_80x24", picture(&mut app, SMALL));
}

#[test]
fn a_filter_with_an_error() {
    let (mut app, topology) = app();
    act(&mut app, &topology, &[Action::Filter]);
    type_in(&mut app, &topology, "comm=nginx and prot=443");
    insta::assert_snapshot!("filter_error_80x24", picture(&mut app, SMALL));
    insta::assert_snapshot!("filter_error_160x45", picture(&mut app, LARGE));
}

#[test]
fn a_filter_being_typed() {
    let (mut app, topology) = app();
    act(&mut app, &topology, &[Action::Filter]);
    type_in(&mut app, &topology, "comm=nginx and not port=443");
    insta::assert_snapshot!("filter_typing_80x24", picture(&mut app, SMALL));
}

#[test]
fn a_filter_in_use_and_a_search() {
    let (mut app, topology) = app();
    app.filter = Some(filter("comm=nginx or comm=agent"));
    app.tick_applied(fixture::NOW);
    app.settle(&topology);
    act(&mut app, &topology, &[Action::Search]);
    type_in(&mut app, &topology, "nginx");
    insta::assert_snapshot!("search_80x24", picture(&mut app, SMALL));
    act(&mut app, &topology, &[Action::Edit(crate::input::Edit::Accept), Action::NextMatch]);
    insta::assert_snapshot!("filter_search_80x24", picture(&mut app, SMALL));
    insta::assert_snapshot!("filter_search_160x45", picture(&mut app, LARGE));
}

#[test]
fn nothing_matches() {
    let (mut app, topology) = app();
    app.filter = Some(filter("comm=nobody"));
    app.tick_applied(fixture::NOW);
    app.settle(&topology);
    insta::assert_snapshot!("nothing_80x24", picture(&mut app, SMALL));
}

#[test]
fn help() {
    let (mut app, topology) = app();
    act(&mut app, &topology, &[Action::Help]);
    insta::assert_snapshot!("help_80x24", picture(&mut app, SMALL));
    insta::assert_snapshot!("help_160x45", picture(&mut app, LARGE));
}

#[test]
fn the_saved_filters() {
    let (mut app, topology) = app();
    let file: Vec<String> = (0..40).map(|number| format!("saved-{number} = 'port={number}'\n")).collect();
    let file = file.concat();
    let config = crate::config::parse(&format!("[filters]\nweb = 'port=80,443 and not comm=curl'\n{file}"));
    app.saved = config.unwrap().filters;
    act(&mut app, &topology, &[Action::SavedFilters, Action::Choose(Choose::Down)]);
    insta::assert_snapshot!("saved_80x24", picture(&mut app, SMALL));
    act(&mut app, &topology, &[Action::Choose(Choose::Down); 40]);
    let last = picture(&mut app, SMALL);
    assert!(last.contains("saved-39") && !last.contains("no filter"), "{last}");
}

/// The fixture's ticks and quiet seconds, some of them with events.
fn stage_after(quiet: u64) -> (App, Stage) {
    let mut app = App::new(None, TimeZone::UTC);
    app.mode = Mode::List;
    let mut stage = Stage::live(Limits::default());
    for tick in fixture::ticks() {
        stage.take(&mut app, &tick);
    }
    for seconds in 1..=quiet {
        let mut tick = fixture::quiet(seconds);
        tick.counts.connects = seconds % 7;
        tick.counts.closes = seconds / 40;
        tick.counts.fails = u64::from(seconds == 100 || seconds == 101);
        stage.take(&mut app, &tick);
    }
    (app, stage)
}

fn travel(app: &mut App, stage: &mut Stage, keys: &[Travel]) {
    for &key in keys {
        app.handle(Request::Act(Action::Travel(key)));
    }
    let topology = stage.topology(app);
    app.settle(topology);
}

#[test]
fn the_past() {
    let (mut app, mut stage) = stage_after(200);
    travel(&mut app, &mut stage, &[]);
    assert!(!picture(&mut app, SMALL).contains("closes"), "no room for the line of time");
    insta::assert_snapshot!("now_with_time_160x45", picture(&mut app, LARGE));
    travel(&mut app, &mut stage, &[Travel::Oldest]);
    insta::assert_snapshot!("past_80x24", picture(&mut app, SMALL));
    insta::assert_snapshot!("past_160x45", picture(&mut app, LARGE));
}

#[test]
fn a_recording() {
    let (app, _) = stage_after(200);
    let moments: Vec<_> = app.time.moments().copied().collect();
    let (mut app, mut stage) = stage_after(200);
    app.time = Time::recorded(moments, Speed::default());
    travel(&mut app, &mut stage, &[Travel::MinuteForward, Travel::Faster]);
    let lines = |app: &mut App| {
        let picture = picture(app, SMALL);
        let lines: Vec<&str> = picture.lines().collect();
        [lines[0], lines[lines.len() - 2]].map(|line| line.trim_end().to_owned()).join("\n")
    };
    insta::assert_snapshot!("replay_plays", lines(&mut app));
    travel(&mut app, &mut stage, &[Travel::Back]);
    insta::assert_snapshot!("replay_stands", lines(&mut app));
    travel(&mut app, &mut stage, &[Travel::Now]);
    insta::assert_snapshot!("replay_ends", lines(&mut app));
}

#[test]
fn lost_events_stand_out_at_every_width() {
    let mut ticks = fixture::ticks();
    ticks[1].source.lost_events = 12_345;
    let (mut app, _) = app_after(&ticks);
    insta::assert_snapshot!("lost_80x24", picture(&mut app, SMALL));
    insta::assert_snapshot!("lost_160x45", picture(&mut app, LARGE));
    for width in [40, 80, 160] {
        let buffer = buffer(&mut app, (width, 24), &Theme::colour());
        let line = text_of(&buffer).lines().next().unwrap().to_owned();
        let column = text::width(line.split("lost 12k").next().unwrap()) as u16;
        assert!(line.contains("lost 12k"), "{line}");
        let style = buffer[(column, 0)].style();
        assert_eq!(style.fg, Some(Color::Red));
        assert!(style.add_modifier.contains(Modifier::BOLD));
    }
}

#[test]
fn what_is_missing_is_told_in_one_line() {
    let mut ticks = fixture::ticks();
    ticks[1].source.events = "none".into();
    ticks[1].source.scan = "procfs".into();
    ticks[1].source.reasons = vec![
        Text::from("no eBPF: needs root (sudo scopetop)"),
        Text::from("other users' processes are not seen"),
    ];
    let (mut app, _) = app_after(&ticks);
    insta::assert_snapshot!("fallback_80x24", picture(&mut app, SMALL));
}

#[test]
fn starting_and_refused() {
    let mut app = App::new(None, TimeZone::UTC);
    insta::assert_snapshot!("starting_80x24", picture(&mut app, SMALL));
    app.tracking = Tracking::Stopped(String::from("eBPF does not work here: bpf(): Operation not permitted"));
    insta::assert_snapshot!("refused_80x24", picture(&mut app, SMALL));
}

#[test]
fn too_small_a_terminal_says_so_in_one_line() {
    let (mut app, _) = app();
    insta::assert_snapshot!(picture(&mut app, (39, 10)), @r"





    scopetop needs 40×10 cells: this is 39…
    ");
    assert!(picture(&mut app, (60, 9)).contains("scopetop needs 40×10 cells: this is 60×9"));
    assert!(picture(&mut app, (40, 10)).contains("client"));
}

#[test]
fn the_selected_row_stays_in_sight() {
    let (mut app, topology) = app_after(&[fixture::crowd(20, 30)]);
    let shown = |app: &mut App| {
        let buffer = buffer(app, SMALL, &Theme::colour());
        // Below the bar, which marks the view.
        (2..SMALL.1).filter(|&y| buffer[(5, y)].modifier.contains(Modifier::REVERSED)).count()
    };
    act(&mut app, &topology, &[Action::Last]);
    assert_eq!(shown(&mut app), 1);
    act(&mut app, &topology, &[Action::PageUp, Action::PageUp]);
    assert_eq!(shown(&mut app), 1);
    insta::assert_snapshot!("crowd_80x24", picture(&mut app, SMALL));
    act(&mut app, &topology, &[Action::First]);
    assert_eq!(shown(&mut app), 1);
    assert_eq!(app.list.offset, 0);
}

#[test]
fn the_clock_is_in_the_zone_that_was_given() {
    let (mut app, topology) = app();
    assert!(picture(&mut app, LARGE).contains("12:04:31"));
    app.zone = TimeZone::fixed(jiff::tz::offset(-5));
    app.tick_applied(Timestamp(0));
    app.settle(&topology);
    assert!(picture(&mut app, LARGE).contains("07:04:31"));
}

#[test]
fn the_header_tells_the_tick_that_was_asked_for_and_always_the_time() {
    let (mut app, _) = app();
    app.tick = Some(1_000_000_000);
    if let Some(host) = &mut app.view.host {
        host.duration = 981_000_000;
    }
    for width in [40, 60, 80, 120, 200] {
        let text = picture(&mut app, (width, 24));
        let header = text.lines().next().unwrap();
        assert!(header.ends_with(" 12:04:31"), "{header}");
        assert_eq!(header.chars().count(), usize::from(width) - 1, "{header}");
        assert!(!header.contains("981ms"), "{header}");
    }
    assert!(picture(&mut app, LARGE).contains("tick 1s"));
}

#[test]
fn details_that_do_not_fit_are_scrolled() {
    let (mut app, topology) = app();
    select_edge(&mut app, &topology, ":5432");
    act(&mut app, &topology, &[Action::Open]);
    let size = (80, 12);
    let top = picture(&mut app, size);
    assert!(top.contains("5 open, 1 new") && top.contains(" PgDn ") && !top.contains("PgUp"), "{top}");
    act(&mut app, &topology, &[Action::PageDown]);
    let next = picture(&mut app, size);
    assert!(!next.contains("5 open, 1 new") && next.contains(" PgUp "), "{next}");
    act(&mut app, &topology, &[Action::Last]);
    let end = picture(&mut app, size);
    assert!(end.contains("postgres:16") && !end.contains("PgDn"), "{end}");
    // Neither beyond the end nor away from it by another tick.
    act(&mut app, &topology, &[Action::PageDown]);
    assert_eq!(picture(&mut app, size), end);
    act(&mut app, &topology, &[Action::First]);
    assert_eq!(picture(&mut app, size), top);
    // Another thing begins at its beginning.
    act(&mut app, &topology, &[Action::Last, Action::NextEdge]);
    assert_eq!(app.details_offset, 0);
}

#[test]
fn a_quiet_host_says_what_one_is_looking_at() {
    let mut tick = fixture::ticks()[0].clone();
    tick.opened.retain(|socket| socket.remote.is_none());
    let (mut app, topology) = app_after(&[tick]);
    assert!(picture(&mut app, SMALL).contains("no connections right now; 4 sockets listen: g shows whose"));
    act(&mut app, &topology, &[Action::ShowGraph]);
    let graph = picture(&mut app, SMALL);
    assert!(graph.contains("postgres 5120") && graph.contains("no connections right now: lines appear"));
    let (mut app, _) = app_after(&[fixture::quiet(1)]);
    app.mode = Mode::Graph;
    assert!(picture(&mut app, SMALL).contains("no connections right now: each appears here as it begins"));
}

#[test]
fn what_can_be_mended_stands_in_a_line_of_its_own_as_long_as_it_is_so() {
    let mut ticks = fixture::ticks();
    ticks[1].source.reasons = vec![
        "not shown: others' processes, short connections, UDP, Unix".into(),
        "sockets of 44 processes are shown as unknown: not readable".into(),
    ];
    ticks[1].source.remedy = Some("use sudo, or once: sudo setcap cap_bpf,cap_perfmon+ep FILE".into());
    let line = |app: &mut App, columns: u16| picture(app, (columns, 24)).lines().nth(2).unwrap().to_owned();
    let (mut app, topology) = app_after(&ticks);
    let whole = " ! not shown: others' processes, short connections, UDP, Unix  use sudo  ? why";
    assert_eq!(line(&mut app, 80), whole);
    assert_eq!(line(&mut app, 60), " ! not shown: others' processes, short co…  use sudo  ? why");
    assert_eq!(line(&mut app, 40), " ! not shown: others' proces…  use sudo");
    // Neither a filter nor a selection nor the past takes its place.
    act(&mut app, &topology, &[Action::Filter]);
    type_in(&mut app, &topology, "port=5432");
    act(&mut app, &topology, &[Action::Edit(crate::input::Edit::Accept), Action::First]);
    app.time = Time::recorded(Vec::new(), Speed::default());
    let recorded = " ! not shown: others' processes, short connections, UDP, Unix  ? why";
    assert_eq!(line(&mut app, 80), recorded, "nothing is to be mended of a recording");
    app.time = Time::default();
    assert_eq!(line(&mut app, 80), whole);
    act(&mut app, &topology, &[Action::Help]);
    let help = picture(&mut app, SMALL);
    for told in
        ["· sockets of 44 processes", "· use sudo, or once: sudo setcap", "cap_bpf,cap_perfmon+ep FILE"]
    {
        assert!(help.contains(told), "{told}: {help}");
    }
}

#[test]
fn what_cannot_be_mended_is_told_in_the_bar_as_far_as_it_goes() {
    let mut tick = fixture::quiet(1);
    let why =
        "no events: the kernel refused to load the program, and this goes on and on and on without an end";
    tick.source.reasons = vec![why.into(), "two".into()];
    let (mut app, _) = app_after(&[tick]);
    let screen = picture(&mut app, SMALL);
    assert!(
        screen.contains("! no events: the kernel refused") && screen.contains("…  (+1: ? tells)"),
        "{screen}"
    );
    app.tracking = Tracking::Stopped(why.to_owned());
    let screen = picture(&mut app, SMALL);
    assert!(screen.contains("✗ no events: the kernel refused to load the program"), "{screen}");
    assert!(screen.contains("without an end"), "whole in the middle: {screen}");
}

/// What a first look at each view shows.
#[test]
fn each_view() {
    for (name, size) in [("80x24", SMALL), ("120x40", (120, 40))] {
        let topology = fixture::shop();
        let mut app = App::new(None, TimeZone::UTC);
        app.tick_applied(fixture::NOW);
        app.settle(&topology);
        for by in By::ALL {
            act(&mut app, &topology, &[Action::ShowBy(by)]);
            insta::assert_snapshot!(format!("by_{}_{name}", by.name()), picture(&mut app, size));
        }
    }
}

#[test]
fn details_of_a_group() {
    let topology = fixture::shop();
    let mut app = App::new(None, TimeZone::UTC);
    app.tick_applied(fixture::NOW);
    act(&mut app, &topology, &[Action::ShowBy(By::Image)]);
    let image = app.view.nodes.iter().find(|node| node.label == "nginx:1.27 ×5").unwrap().key.clone();
    app.selection = Some(Selection::Node(image));
    act(&mut app, &topology, &[Action::Details]);
    insta::assert_snapshot!("group_80x24", picture(&mut app, SMALL));
    insta::assert_snapshot!("group_120x40", picture(&mut app, (120, 40)));
}

#[test]
fn the_tree_of_the_list() {
    for (name, size) in [("80x24", SMALL), ("120x40", (120, 40))] {
        let topology = fixture::shop();
        let mut app = App::new(None, TimeZone::UTC);
        app.tick_applied(fixture::NOW);
        app.settle(&topology);
        act(&mut app, &topology, &[Action::ShowList, Action::ShowList]);
        act(&mut app, &topology, &[Action::Move(Direction::Down)]);
        insta::assert_snapshot!(format!("tree_{name}"), picture(&mut app, size));
    }
}

#[test]
fn columns_are_chosen() {
    let (mut app, topology) = app();
    act(&mut app, &topology, &[Action::ChooseColumns, Action::Move(Direction::Down), Action::ToggleColumn]);
    insta::assert_snapshot!("columns_80x24", picture(&mut app, SMALL));
}

#[test]
fn the_sorted_column_is_marked_and_trends_are_drawn() {
    let (mut app, mut topology) = app();
    for seconds in 1..=5 {
        let tick = fixture::quiet(seconds);
        topology.apply(&tick);
        app.tick_applied(tick.at);
        app.settle(&topology);
    }
    while app.list.sort().column != crate::list::Column::Rate {
        act(&mut app, &topology, &[Action::SortByNext]);
    }
    insta::assert_snapshot!("sorted_120x40", picture(&mut app, (120, 40)));
}

#[test]
fn a_chooser_stands_in_the_middle_and_its_answer_below() {
    let (mut app, topology) = app();
    app.mode = Mode::Graph;
    act(&mut app, &topology, &[Action::Export, Action::Choose(Choose::Down)]);
    insta::assert_snapshot!("export_80x24", picture(&mut app, SMALL));
    let screen = buffer(&mut app, SMALL, &Theme::colour());
    let row = row_with(&screen, "d  DOT");
    let text = text_of(&screen);
    let column = text.lines().nth(row.into()).unwrap().chars().position(|letter| letter == 'D').unwrap();
    assert!(screen[(column as u16, row)].modifier.contains(Modifier::REVERSED), "the one that Enter takes");
    app.handle(Request::Type('j'));
    app.tell(crate::app::Message::good("wrote /tmp/scopetop-web-01-20260301-120431.json"));
    let told = picture(&mut app, SMALL);
    assert_eq!(told.lines().last().unwrap(), " wrote /tmp/scopetop-web-01-20260301-120431.json");
}

mod keys;
mod terminals;
mod views;
