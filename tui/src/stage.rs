//! What the screen shows a moment of: the live topology, one of the history's, or one of a recording's.

use scopetop_tracker::Tick;
use scopetop_tracker::recording::{Log, Moment, PlayError, Player, Recording};
use scopetop_tracker::text::Text;
use scopetop_tracker::topology::Topology;

use crate::app::{App, Tracking};
use crate::history::{History, Limits};

/// Where moments of the past are.
#[derive(Debug)]
enum Past {
    /// In memory; `None` once nothing can be kept any more.
    History(Option<Box<History>>),
    Recording(Box<Recording>),
}

/// All topologies that can be shown.
#[derive(Debug)]
pub struct Stage {
    /// The newest.
    live: Topology,
    past: Past,
    player: Player,
}

impl Stage {
    /// For ticks that come, of which so much is kept.
    pub fn live(limits: Limits) -> Self {
        let history = Past::History(Some(Box::new(History::new(limits))));
        Self { live: Topology::new(), past: history, player: Player::new() }
    }

    /// For a recording, with the arguments of processes or without.
    pub fn recorded(recording: Recording, arguments: bool) -> Self {
        let player = if arguments { Player::new() } else { Player::new().without_arguments() };
        Self { live: Topology::new(), past: Past::Recording(Box::new(recording)), player }
    }

    /// Takes a tick that came.
    pub fn take(&mut self, app: &mut App, tick: &Tick) {
        self.live.apply(tick);
        if let Past::History(kept) = &mut self.past
            && let Some(history) = kept
        {
            if history.push(tick).is_ok() {
                app.time.came(Moment::of(tick));
                app.time.forget_before(history.ticks().start);
            } else {
                // Its next ticks would tell of sockets that it does not know.
                *kept = None;
                self.player.leave();
                app.time.forget_all();
            }
        }
        app.tick_applied(tick.at);
    }

    /// The topology of the moment that is to be shown.
    pub fn topology(&mut self, app: &mut App) -> &Topology {
        let shown = app.time.shown();
        if self.player.tick() != shown {
            let jumps = match (self.player.tick(), shown) {
                (Some(before), Some(tick)) => tick != before + 1,
                // Whoever stays at the newest tick goes nowhere.
                (None, Some(_)) => app.time.place() != app.time.moments().len().checked_sub(1),
                (_, None) => true,
            };
            let went = match (shown, &self.past) {
                (None, _) => {
                    self.player.leave();
                    Ok(())
                }
                (Some(tick), Past::History(Some(history))) => self.player.go_to(&**history, tick),
                (Some(tick), Past::History(None)) => Err(PlayError::Missing { tick }),
                (Some(tick), Past::Recording(recording)) => self.player.go_to(&**recording, tick),
            };
            if let Err(error) = went {
                app.time.stop_at(self.player.tick());
                if app.time.is_recording() {
                    app.tracking = Tracking::Stopped(Text::from(error.to_string().as_str()).to_string());
                }
            }
            app.moment_changed(jumps);
        }
        self.player.topology().unwrap_or(&self.live)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use jiff::tz::TimeZone;
    use scopetop_tracker::filter::{Filter, Subject};
    use scopetop_tracker::recording::Writer;

    use super::*;
    use crate::app::{Speed, Standing, Time};
    use crate::fixture;
    use crate::input::{Action, Request, Travel};
    use crate::output::picture::Picture;
    use crate::output::snapshot_json;
    use crate::theme::Theme;
    use crate::view::{Selection, View};
    use crate::{export, screen};

    /// The fixture's ticks and some seconds in which nothing happens.
    fn ticks(quiet: u64) -> Vec<Tick> {
        fixture::ticks().into_iter().chain((1..=quiet).map(fixture::quiet)).collect()
    }

    fn live(quiet: u64) -> (App, Stage) {
        let mut app = App::new(None, TimeZone::UTC);
        let mut stage = Stage::live(Limits::default());
        for tick in ticks(quiet) {
            stage.take(&mut app, &tick);
            settle(&mut app, &mut stage);
        }
        (app, stage)
    }

    fn settle(app: &mut App, stage: &mut Stage) {
        let topology = stage.topology(app);
        app.settle(topology);
    }

    fn press(app: &mut App, stage: &mut Stage, travel: Travel) {
        app.handle(Request::Act(Action::Travel(travel)));
        settle(app, stage);
    }

    fn sequence(app: &App) -> u64 {
        app.view.host.as_ref().unwrap().sequence
    }

    /// What was shown at each tick while it was the newest.
    fn views(ticks: &[Tick]) -> Vec<View> {
        let (mut app, mut stage) = (App::new(None, TimeZone::UTC), Stage::live(Limits::default()));
        let view = |tick| {
            stage.take(&mut app, tick);
            settle(&mut app, &mut stage);
            app.view.clone()
        };
        ticks.iter().map(view).collect()
    }

    #[test]
    fn a_held_picture_stays_while_ticks_come_and_now_is_shown_after_it() {
        let (mut app, mut stage) = live(0);
        let now = app.view.clone();
        press(&mut app, &mut stage, Travel::Pause);
        assert_eq!(app.view, now, "what is held is what was there");
        for seconds in 1..=3 {
            stage.take(&mut app, &fixture::quiet(seconds));
            settle(&mut app, &mut stage);
            assert_eq!(app.view, now);
        }
        assert_eq!(app.time.standing(), Standing::Past(3_000_000_000));
        press(&mut app, &mut stage, Travel::Pause);
        assert_eq!((sequence(&app), app.time.standing()), (4, Standing::Now));
    }

    #[test]
    fn every_moment_of_the_past_is_shown_as_it_was() {
        let all = ticks(40);
        let was = views(&all);
        let (mut app, mut stage) = live(40);
        for view in was.iter().rev().skip(1) {
            press(&mut app, &mut stage, Travel::Back);
            assert_eq!(&app.view, view);
        }
        for view in was.iter().skip(1) {
            press(&mut app, &mut stage, Travel::Forward);
            assert_eq!(&app.view, view);
        }
        assert!(app.time.is_now());
    }

    #[test]
    fn a_filter_that_is_typed_in_the_past_holds_there() {
        let (mut app, mut stage) = live(3);
        press(&mut app, &mut stage, Travel::Oldest);
        let before = app.view.edges.len();
        app.handle(Request::Act(Action::Filter));
        app.type_text("port=5432");
        app.handle(Request::Act(Action::Edit(crate::input::Edit::Accept)));
        settle(&mut app, &mut stage);
        assert!(app.view.edges.len() < before && !app.view.edges.is_empty());
        assert_eq!((sequence(&app), app.time.shown()), (0, Some(0)));
    }

    #[test]
    fn without_room_for_a_history_the_picture_is_still_held() {
        let (mut app, mut stage) = (
            App::new(None, TimeZone::UTC),
            Stage::live(Limits { bytes: 0, span: std::time::Duration::ZERO }),
        );
        for tick in ticks(400) {
            stage.take(&mut app, &tick);
        }
        press(&mut app, &mut stage, Travel::Pause);
        let held = app.view.clone();
        for seconds in 401..=800 {
            stage.take(&mut app, &fixture::quiet(seconds));
            settle(&mut app, &mut stage);
        }
        assert_eq!(app.view, held);
        // Its tick is no longer known: a step goes to the oldest that is.
        press(&mut app, &mut stage, Travel::Back);
        assert!(sequence(&app) > 401);
    }

    #[test]
    fn ticks_that_cannot_be_kept_end_the_history_and_nothing_else() {
        let (mut app, mut stage) = live(3);
        press(&mut app, &mut stage, Travel::Back);
        let mut other = fixture::quiet(4);
        other.host = scopetop_tracker::identity::HostId("elsewhere".into());
        stage.take(&mut app, &other);
        settle(&mut app, &mut stage);
        assert_eq!((app.time.standing(), app.time.moments().len()), (Standing::Now, 0));
        press(&mut app, &mut stage, Travel::Back);
        assert!(app.time.is_now());
    }

    fn replayed(bytes: Vec<u8>) -> (App, Stage) {
        let recording = Recording::from_bytes(bytes).unwrap();
        let mut app = App::new(None, TimeZone::UTC);
        app.time = Time::recorded(recording.moments(), Speed::default());
        (app, Stage::recorded(recording, true))
    }

    fn recorded(ticks: &[Tick]) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new());
        for tick in ticks {
            writer.push(tick).unwrap();
        }
        writer.into_inner()
    }

    /// Of all that can be told at a moment, what has something of an argument in it.
    fn with_arguments(app: &mut App, stage: &mut Stage) -> Vec<&'static str> {
        const ARGUMENT: &str = "main.conf";
        let key = app.view.nodes.iter().find(|node| node.label == "nginx 4121").unwrap().key.clone();
        app.selection = Some(Selection::Node(key));
        app.details_open = true;
        app.moment_changed(false);
        let topology = stage.topology(app);
        app.settle(topology);
        let screen = screen::still((160, 60), app, &Theme::plain());
        let cells: String = screen.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        let mut json = Vec::new();
        snapshot_json::write(&mut json, &Picture::new(topology, &Filter::default())).unwrap();
        let line = export::line(topology, &app.view, app.look(), app.selection.as_ref().unwrap());
        let filter = Filter::parse("cmdline~main").unwrap();
        let found = topology
            .connections()
            .any(|connection| filter.matches(&Subject::of_connection(topology, connection, fixture::NOW)));
        [
            ("screen", cells.contains(ARGUMENT)),
            ("details", format!("{:?}", app.inspection).contains(ARGUMENT)),
            ("json", String::from_utf8(json).unwrap().contains(ARGUMENT)),
            ("line", line.unwrap().contains(ARGUMENT)),
            ("filter", found),
        ]
        .into_iter()
        .filter_map(|(what, has)| has.then_some(what))
        .collect()
    }

    #[test]
    fn arguments_that_were_recorded_are_hidden_everywhere_where_that_is_asked_for() {
        let mut all = ticks(30);
        // One of whom a later tick tells again.
        let processes = all[0].processes.clone();
        all[20].processes = processes;
        let bytes = recorded(&all);
        let (mut app, mut stage) = replayed(bytes.clone());
        settle(&mut app, &mut stage);
        assert!(with_arguments(&mut app, &mut stage).len() > 3, "that is what there is to hide");
        let (mut app, _) = replayed(bytes.clone());
        app.arguments = false;
        let mut stage = Stage::recorded(Recording::from_bytes(bytes).unwrap(), false);
        for travel in [Travel::Pause, Travel::Now, Travel::Back, Travel::Oldest] {
            press(&mut app, &mut stage, travel);
            assert_eq!(with_arguments(&mut app, &mut stage), [""; 0], "{travel:?}");
        }
    }

    #[test]
    fn a_recording_is_shown_as_it_was_recorded() {
        let all = ticks(30);
        let (mut app, mut stage) = replayed(recorded(&all));
        settle(&mut app, &mut stage);
        for view in views(&all) {
            assert_eq!(app.view, view);
            press(&mut app, &mut stage, Travel::Forward);
        }
        press(&mut app, &mut stage, Travel::Now);
        assert_eq!(app.time.standing(), Standing::End);
        assert_eq!(sequence(&app), all.last().unwrap().sequence);
        press(&mut app, &mut stage, Travel::Oldest);
        assert_eq!(sequence(&app), 0);
    }
}
