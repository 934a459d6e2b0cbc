//! `scopetop snapshot`.

use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;
use scopetop_tracker::filter::Filter;
use scopetop_tracker::recording::Player;
use scopetop_tracker::topology::Topology;
use scopetop_tracker::topology::grouping::{Grouping, Sieve};
use scopetop_tracker::{Tracker, Update};

use super::{Updates, recorded};
use crate::app::{App, Speed, Time};
use crate::cli::{At, Settings, Snapshot, SnapshotFormat};
use crate::error::Error;
use crate::export::diagram::Diagram;
use crate::export::{dot, mermaid, svg, title};
use crate::output::picture::Picture;
use crate::output::{snapshot_json, snapshot_table};
use crate::screen;
use crate::theme::Theme;
use crate::view::{ActiveFilter, Look, View, build};

/// The size of the screen that a picture is of where none is asked for, in columns and rows.
const SCREEN: (u16, u16) = (120, 40);

/// What there is to print: a topology, and the moment of a recording that it is of.
struct Sight {
    topology: Topology,
    time: Time,
}

/// Observes, or opens a recording, then prints one picture.
pub fn run(options: &Snapshot, settings: &Settings) -> Result<(), Error> {
    let sight = match &options.replay {
        Some(file) => replayed(file, options.at, settings.arguments)?,
        None => Sight { topology: observed(options, settings)?, time: Time::default() },
    };
    let terminal = io::stdout().is_terminal();
    let format =
        options.format.unwrap_or(if terminal { SnapshotFormat::Table } else { SnapshotFormat::Json });
    let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut out = super::standard_output()?;
    let size = options.size.unwrap_or(SCREEN);
    print(&mut out, sight, &settings.filter, format, colour, size)?;
    Ok(out.flush()?)
}

/// What this host shows.
fn observed(options: &Snapshot, settings: &Settings) -> Result<Topology, Error> {
    let duration = options.duration.unwrap_or(settings.tick);
    // One tick spans the whole observation: what opened and closed in it is in the picture, once.
    let tick = if duration.is_zero() { settings.tick } else { duration };
    let topology = super::runtime()?.block_on(async {
        let mut tracker = Tracker::start(&settings.options(tick, false))?;
        observe(&mut tracker, duration).await
    })?;
    if let Some(host) = topology.hosts().first() {
        super::tell_missing(&host.source);
    }
    Ok(topology)
}

/// What a recording shows at a moment, or at its end.
fn replayed(file: &Path, at: Option<At>, arguments: bool) -> Result<Sight, Error> {
    let (name, recording) = recorded::open(file)?;
    let moments: Vec<_> = recording.moments().collect();
    let tick = recorded::tick_at(&moments, at.unwrap_or(At::Before(Duration::ZERO)))
        .map_err(|there| Error::CommandLine(format!("--at: {name} is {there}")))?;
    let mut player = if arguments { Player::new() } else { Player::new().without_arguments() };
    player.go_to(&recording, tick).map_err(|source| Error::Play { file: name, source })?;
    let mut time = Time::recorded(moments, Speed::default());
    time.stop_at(Some(tick));
    Ok(Sight { topology: player.into_topology().unwrap_or_default(), time })
}

/// What was there, and what the observation added.
async fn observe(updates: &mut impl Updates, duration: Duration) -> Result<Topology, Error> {
    let mut topology = Topology::new();
    // The first tick has what was there; it comes at once.
    let mut missing = if duration.is_zero() { 1 } else { 2 };
    while missing > 0 {
        match updates.next().await {
            Some(Update::Tick(tick)) => {
                topology.apply(&tick);
                missing -= 1;
            }
            Some(Update::Events(_)) => {}
            None => return Err(Error::Stopped),
        }
    }
    Ok(topology)
}

fn print(
    out: &mut impl Write,
    Sight { topology, time }: Sight,
    filter: &Filter,
    format: SnapshotFormat,
    colour: bool,
    size: (u16, u16),
) -> io::Result<()> {
    let topology = &topology;
    let picture = || Picture::new(topology, filter);
    match format {
        SnapshotFormat::Json => snapshot_json::write(out, &picture()),
        SnapshotFormat::Table => snapshot_table::write(out, &picture(), colour),
        SnapshotFormat::Dot => dot::write(out, &Diagram::of(&view(topology, filter))),
        SnapshotFormat::Mermaid => mermaid::write(out, &Diagram::of(&view(topology, filter))),
        SnapshotFormat::Svg => out.write_all(screen_of(topology, time, filter, size).as_bytes()),
    }
}

/// By process, every group open.
fn view(topology: &Topology, filter: &Filter) -> View {
    let grouping = Grouping::default();
    build(topology, Look { grouping: &grouping, sieve: Sieve { filter: Some(filter), ..Sieve::default() } })
}

/// The screen as it would be in a terminal of that size.
fn screen_of(topology: &Topology, time: Time, filter: &Filter, size: (u16, u16)) -> String {
    let mut app = App::new(ActiveFilter::new(filter.clone()), TimeZone::system());
    if let Some(host) = topology.hosts().first() {
        app.tick_applied(host.at);
    }
    app.time = time;
    app.settle(topology);
    svg::picture(&screen::still(size, &mut app, &Theme::colour()), &title(&app.view))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use std::collections::VecDeque;

    use scopetop_tracker::connection::State;

    use super::*;
    use crate::output::fixture::{everything, ticks};

    /// Updates written down, and then no more.
    struct Script(VecDeque<Update>);

    impl Updates for Script {
        async fn next(&mut self) -> Option<Update> {
            self.0.pop_front()
        }
    }

    fn observed(ticks: usize, duration: Duration) -> Result<Topology, Error> {
        let updates = self::ticks().into_iter().take(ticks).map(|tick| Update::Tick(Box::new(tick)));
        let mut script = Script(updates.collect());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(observe(&mut script, duration))
    }

    fn over(topology: &Topology) -> usize {
        topology.connections().filter(|connection| connection.state.is_over()).count()
    }

    #[test]
    fn no_time_is_the_scan_alone() {
        let topology = observed(2, Duration::ZERO).unwrap();
        assert_eq!((topology.connections().count(), over(&topology)), (4, 0));
    }

    #[test]
    fn what_came_and_went_in_the_time_is_there() {
        let topology = observed(2, Duration::from_millis(1)).unwrap();
        assert_eq!((topology.connections().count(), over(&topology)), (6, 2));
        assert!(topology.connections().any(|connection| connection.state == State::Failed));
    }

    #[test]
    fn a_tracker_that_stops_is_an_error() {
        let ended = observed(1, Duration::from_secs(1));
        assert!(matches!(ended, Err(Error::Stopped)), "{ended:?}");
    }

    #[test]
    fn each_format_is_printed() {
        for (format, begin) in [
            (SnapshotFormat::Json, "{\"schema\""),
            (SnapshotFormat::Table, "web-01"),
            (SnapshotFormat::Dot, "digraph"),
            (SnapshotFormat::Mermaid, "---\ntitle"),
            (SnapshotFormat::Svg, "<svg"),
        ] {
            let mut out = Vec::new();
            let topology = observed(2, Duration::from_secs(1)).unwrap();
            let sight = Sight { topology, time: Time::default() };
            print(&mut out, sight, &everything(), format, false, SCREEN).unwrap();
            assert!(out.starts_with(begin.as_bytes()), "{format:?}");
        }
    }
}
