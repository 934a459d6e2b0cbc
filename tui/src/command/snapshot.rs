//! `scopetop snapshot`.

use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

use jiff::tz::TimeZone;
use scopetop_tracker::filter::Filter;
use scopetop_tracker::topology::Topology;
use scopetop_tracker::topology::grouping::{Grouping, Sieve};
use scopetop_tracker::{Tracker, Update};

use super::Updates;
use crate::app::App;
use crate::cli::{Settings, Snapshot, SnapshotFormat};
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

/// Observes, then prints one picture.
pub fn run(options: &Snapshot, settings: &Settings) -> Result<(), Error> {
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
    let terminal = io::stdout().is_terminal();
    let format =
        options.format.unwrap_or(if terminal { SnapshotFormat::Table } else { SnapshotFormat::Json });
    let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut out = super::standard_output()?;
    let size = options.size.unwrap_or(SCREEN);
    print(&mut out, &topology, &settings.filter, format, colour, size)?;
    Ok(out.flush()?)
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
    topology: &Topology,
    filter: &Filter,
    format: SnapshotFormat,
    colour: bool,
    size: (u16, u16),
) -> io::Result<()> {
    let picture = || Picture::new(topology, filter);
    match format {
        SnapshotFormat::Json => snapshot_json::write(out, &picture()),
        SnapshotFormat::Table => snapshot_table::write(out, &picture(), colour),
        SnapshotFormat::Dot => dot::write(out, &Diagram::of(&view(topology, filter))),
        SnapshotFormat::Mermaid => mermaid::write(out, &Diagram::of(&view(topology, filter))),
        SnapshotFormat::Svg => out.write_all(screen_of(topology, filter, size).as_bytes()),
    }
}

/// By process, every group open.
fn view(topology: &Topology, filter: &Filter) -> View {
    let grouping = Grouping::default();
    build(topology, Look { grouping: &grouping, sieve: Sieve { filter: Some(filter), ..Sieve::default() } })
}

/// The screen as it would be in a terminal of that size.
fn screen_of(topology: &Topology, filter: &Filter, size: (u16, u16)) -> String {
    let mut app = App::new(ActiveFilter::new(filter.clone()), TimeZone::system());
    if let Some(host) = topology.hosts().first() {
        app.tick_applied(host.at);
    }
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
        let topology = observed(2, Duration::from_secs(1)).unwrap();
        for (format, begin) in [
            (SnapshotFormat::Json, "{\"schema\""),
            (SnapshotFormat::Table, "web-01"),
            (SnapshotFormat::Dot, "digraph"),
            (SnapshotFormat::Mermaid, "---\ntitle"),
            (SnapshotFormat::Svg, "<svg"),
        ] {
            let mut out = Vec::new();
            print(&mut out, &topology, &everything(), format, false, SCREEN).unwrap();
            assert!(out.starts_with(begin.as_bytes()), "{format:?}");
        }
    }
}
