//! Measures what a frame of the live screen costs, without a kernel and without a terminal, each figure beside its target.
//!
//! `cargo bench -p scopetop --bench screen -- [build] [frame] [scroll]` (all, where none is named). Nothing here fails on a
//! figure: it is for a person to read. Built as any benchmark, in release.

mod crowd;

use std::hint::black_box;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use scopetop::app::{App, Mode};
use scopetop::input::{Action, Request};
use scopetop::list::{Column, Sort};
use scopetop::screen;
use scopetop::theme::Theme;
use scopetop::trend::Trends;
use scopetop::view::{self, ActiveFilter, Direction, Look, Maker, View};
use scopetop_tracker::filter::Filter;
use scopetop_tracker::topology::Topology;
use scopetop_tracker::topology::grouping::{By, Grouping, Sieve};

/// How many ticks are measured.
const TICKS: usize = 200;
/// How many keys.
const KEYS: usize = 1_000;

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let all: [(&str, fn()); 3] = [("build", build), ("frame", frame), ("scroll", scroll)];
    for (name, measure) in all {
        if asked.is_empty() || asked.iter().any(|wanted| wanted == name) {
            let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
            println!("== {name} (load average {})", load.trim());
            measure();
        }
    }
}

/// The parts of what a tick costs before anything is drawn.
fn build() {
    for by in [By::Process, By::Name, By::Container] {
        let (mut crowd, mut topology) = crowd::world(8_000, 2_000, 50_000);
        let grouping = Grouping::new(by);
        let look = Look { grouping: &grouping, sieve: Sieve::default() };
        let mut trends = Trends::default();
        let [mut applied, mut built, mut recorded] = [const { Vec::new() }; 3];
        let (mut maker, mut view) = (Maker::default(), View::default());
        maker.make(&mut view, &topology, look);
        let nothing = time(|| drop(black_box(view::build(&topology, look))));
        for tick in 0..TICKS {
            let tick = crowd.tick(tick as u64 + 2);
            applied.push(time(|| topology.apply(&tick)));
            built.push(time(|| maker.make(&mut view, &topology, look)));
            recorded.push(time(|| trends.record(&view, tick.sequence)));
        }
        let size = format!("{} nodes, {} edges by {}", view.nodes.len(), view.edges.len(), by.name());
        tell(&format!("tick taken in: {size}"), &applied, None);
        tell(&format!("view built from nothing: {size}"), &[nothing], None);
        tell(&format!("view built: {size}"), &built, None);
        tell(&format!("trends recorded: {size}"), &recorded, None);
    }
}

/// A frame after a tick: the view built, laid out, drawn.
fn frame() {
    for (what, mode, sort, filter) in [
        ("graph", Mode::Graph, Column::Client, ""),
        ("list by name", Mode::List, Column::Client, ""),
        ("list by rate", Mode::List, Column::Rate, ""),
        ("graph, filtered", Mode::Graph, Column::Client, "not comm=redis-server"),
        ("list, filtered", Mode::List, Column::Client, "not comm=redis-server"),
    ] {
        let (mut crowd, mut topology) = crowd::world(8_000, 2_000, 50_000);
        let filter = Filter::parse(filter).ok().and_then(ActiveFilter::new);
        let mut screen = Screen::new(&topology, mode, sort, filter);
        let mut frames = Vec::new();
        for tick in 0..TICKS {
            let tick = crowd.tick(tick as u64 + 2);
            topology.apply(&tick);
            screen.app.tick_applied(tick.at);
            frames.push(time(|| screen.draw(&topology)));
        }
        tell(&format!("frame of 10,000 nodes, 50,000 connections: {what}"), &frames, Some((16.0, 33.0)));
    }
}

/// A key in a list of 100,000 rows, and its frame.
fn scroll() {
    let (_, topology) = crowd::world(8_000, 2_000, 100_000);
    for (what, sort, is_tree) in [
        ("table by name", Column::Client, false),
        ("table by rate", Column::Rate, false),
        ("tree", Column::Client, true),
    ] {
        let mut screen = Screen::new(&topology, Mode::List, sort, None);
        if is_tree {
            screen.press(Action::ShowList);
            screen.draw(&topology);
        }
        for (key, action) in [("row", Action::Move(Direction::Down)), ("page", Action::PageDown)] {
            screen.press(Action::First);
            let mut steps = Vec::new();
            for _ in 0..KEYS {
                steps.push(time(|| {
                    screen.press(action);
                    screen.draw(&topology);
                }));
            }
            let rows = screen.app.list.len();
            tell(&format!("a {key} down in {rows} rows: {what}"), &steps, Some((16.0, 33.0)));
        }
    }
}

/// A screen of 200 by 60 cells.
struct Screen {
    app: App,
    terminal: Terminal<TestBackend>,
    theme: Theme,
}

impl Screen {
    fn new(topology: &Topology, mode: Mode, sort: Column, filter: Option<ActiveFilter>) -> Self {
        let mut app = App::new(filter, TimeZone::UTC);
        app.mode = mode;
        app.list.set_sort(Sort { column: sort, turned: false });
        if let Some(host) = topology.hosts().first() {
            app.tick_applied(host.at);
        }
        let Ok(terminal) = Terminal::new(TestBackend::new(200, 60));
        let mut screen = Self { app, terminal, theme: Theme::colour() };
        screen.draw(topology);
        screen
    }

    fn press(&mut self, action: Action) {
        black_box(self.app.handle(Request::Act(action)));
    }

    fn draw(&mut self, topology: &Topology) {
        self.app.settle(topology);
        let Ok(frame) = self.terminal.draw(|frame| screen::draw(frame, &mut self.app, &self.theme));
        black_box(frame.count);
    }
}

/// How long something took, and how much of that this thread ran: on a busy machine, that is what it costs.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    cpu: Duration,
}

fn time(work: impl FnOnce()) -> Cost {
    let (began, cpu) = (Instant::now(), cpu_time());
    work();
    Cost { wall: began.elapsed(), cpu: cpu_time().saturating_sub(cpu) }
}

/// What this thread has run so far.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// One line of the report: the median and the 99th percentile, beside what they must reach in milliseconds, and the same of
/// the time that this thread ran.
fn tell(figure: &str, costs: &[Cost], target: Option<(f64, f64)>) {
    let [median, late] = percentiles(costs.iter().map(|cost| cost.wall));
    let [cpu, cpu_late] = percentiles(costs.iter().map(|cost| cost.cpu));
    let verdict = target.map_or(String::new(), |(most, latest)| {
        let word = if median <= most && late <= latest { "reached" } else { "MISSED" };
        format!("   <= {most:.0} / {latest:.0} ms  {word}")
    });
    println!("{figure:<64} {median:>7.2} /{late:>7.2} ms   cpu {cpu:>6.2} /{cpu_late:>6.2} ms{verdict}");
}

/// The median and the 99th percentile, in milliseconds.
fn percentiles(times: impl Iterator<Item = Duration>) -> [f64; 2] {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    [50, 99].map(|part| times.get(times.len() * part / 100).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3))
}
