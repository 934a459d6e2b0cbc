//! The live screen: one loop over what the tracker tells, what is typed, signals and the time.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt as _;
use jiff::tz::TimeZone;
use scopetop_tracker::filter::Filter;
use scopetop_tracker::recording::Recording;
use scopetop_tracker::text::Text;
use scopetop_tracker::{Options, StartError, Tracker, Update};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::app::{App, Message, Outcome, Speed, Time, Tracking};
use crate::clicks::Clicks;
use crate::config::Config;
use crate::errands::{Errands, Told};
use crate::frames::{Frames, Urgency};
use crate::input::{Action, Request};
use crate::stage::Stage;
use crate::terminal::Screen;
use crate::theme::{Terminal, Theme};
use crate::usage::Sampler;
use crate::view::ActiveFilter;

/// How often is looked whether the terminal is still there: a closed one does not always say so.
const PULSE: Duration = Duration::from_secs(1);
/// How many keys that are there already are taken before the screen is drawn again.
const KEYS_AT_ONCE: usize = 64;

/// Why nothing can be changed where a recording is shown.
const RECORDING: &str = "this is a recording: what it shows is not to be changed from here";
/// Why nothing may be changed where the user asked for that.
const READ_ONLY: &str = "nothing is changed from here: scopetop was started with --read-only";

/// What the live screen is to show.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// How to track.
    pub tracker: Options,
    /// The filter to begin with; an empty one shows everything.
    pub filter: Filter,
    /// Whether the details show the environment of a process.
    pub environment: bool,
    /// How the user wants it.
    pub config: Config,
}

/// What the screen is to show of a recording.
#[derive(Debug)]
pub struct ReplayOptions {
    /// The recording.
    pub recording: Recording,
    /// How fast it plays at first.
    pub speed: Speed,
    /// As [`LiveOptions::filter`].
    pub filter: Filter,
    /// Whether the arguments of processes are shown, where they were recorded.
    pub arguments: bool,
    /// As [`LiveOptions::config`].
    pub config: Config,
}

/// Why the live screen ended.
#[derive(Debug)]
pub enum LiveError {
    /// The terminal cannot be used, or no longer.
    Terminal(io::Error),
    /// Signals cannot be received.
    Signals(io::Error),
    /// A thread panicked; the report is on standard error.
    Panicked,
}

impl std::fmt::Display for LiveError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Terminal(error) => write!(formatter, "the live screen needs a terminal: {error}"),
            Self::Signals(error) => write!(formatter, "signals: {error}"),
            Self::Panicked => {
                formatter.write_str("scopetop ended by a mistake of its own; the report is above")
            }
        }
    }
}

impl std::error::Error for LiveError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Terminal(error) | Self::Signals(error) => Some(error),
            Self::Panicked => None,
        }
    }
}

/// Shows the live screen until the user quits, a signal asks to end, or the terminal is gone.
///
/// To be called on a tokio runtime with timers and signals; one thread is enough.
pub async fn run(options: LiveOptions) -> Result<(), LiveError> {
    let mut signals = Signals::new().map_err(LiveError::Signals)?;
    let (mut app, theme) = prepared(&options.config, options.filter);
    app.acting_off = options.config.read_only.then_some(READ_ONLY);
    app.arguments = options.tracker.arguments;
    app.environment = options.environment;
    app.tick = u64::try_from(options.tracker.tick.as_nanos()).ok();
    let mut stage = Stage::live(options.config.history);
    let mut screen = Screen::enter(options.config.mouse).map_err(LiveError::Terminal)?;
    let mut feed = Feed::start(options.tracker);
    let ended = watch(&mut app, &mut stage, &mut screen, &theme, &mut feed, &mut signals).await;
    // The terminal first: detaching from the kernel may take a moment.
    drop(screen);
    ended
}

/// Shows a recording on the same screen, likewise.
pub async fn replay(options: ReplayOptions) -> Result<(), LiveError> {
    let mut signals = Signals::new().map_err(LiveError::Signals)?;
    let (mut app, theme) = prepared(&options.config, options.filter);
    app.time = Time::recorded(options.recording.moments(), options.speed);
    app.tick = app.time.usual_length();
    app.tracking = Tracking::Live;
    app.acting_off = Some(RECORDING);
    app.arguments = options.arguments;
    if let Some(flaw) = options.recording.flaw() {
        app.tell(Message::bad(flaw.to_string()));
    }
    let mut stage = Stage::recorded(options.recording, options.arguments);
    let mut screen = Screen::enter(options.config.mouse).map_err(LiveError::Terminal)?;
    watch(&mut app, &mut stage, &mut screen, &theme, &mut Feed::Stopped, &mut signals).await
}

/// The application and its looks, as the user wants them.
fn prepared(config: &Config, filter: Filter) -> (App, Theme) {
    let theme = config.theme(&Terminal::new(|name| std::env::var(name).ok()));
    // The backend would leave all colours out by itself where NO_COLOR is set; whether there are any is the theme's say.
    crossterm::style::force_color_output(true);
    let mut app = App::new(ActiveFilter::new(filter), TimeZone::system());
    app.show_by(config.view);
    app.mode = config.mode;
    app.list.shape = config.shape;
    app.list.set_columns(config.columns.clone());
    app.list.set_sort(config.sort);
    app.keymap = config.keymap.clone();
    app.saved.clone_from(&config.filters);
    (app, theme)
}

async fn watch(
    app: &mut App,
    stage: &mut Stage,
    screen: &mut Screen,
    theme: &Theme,
    feed: &mut Feed,
    signals: &mut Signals,
) -> Result<(), LiveError> {
    let mut events = EventStream::new();
    let mut pulse = interval(PULSE);
    pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut frames = Frames::new();
    let mut clicks = Clicks::default();
    let mut errands = Errands::default();
    let mut sampler = Sampler::default();
    let mut played = Instant::now();

    loop {
        let now = Instant::now();
        if app.time.play(now - played) {
            frames.ask(Urgency::InTime);
        }
        played = now;
        if frames.due(now) {
            settle(app, stage);
            if let Err(error) = screen.draw(app, theme) {
                return ended(error);
            }
            frames.drawn(Instant::now());
            // Of what was, or is elsewhere, nothing is running here.
            if app.time.is_now() {
                sampler.ask(app);
            }
        }
        let due = app.time.due();
        tokio::select! {
            biased;
            asked = signals.next() => match asked {
                Asked::End => return Ok(()),
                Asked::GoOn => {
                    if let Err(error) = screen.resume() {
                        return ended(error);
                    }
                    // Nothing plays while nobody looks.
                    played = Instant::now();
                    frames.ask(Urgency::Now);
                }
            },
            event = events.next() => {
                // A terminal that is closed ends the program, as the user asked by closing it.
                let Some(Ok(event)) = event else { return Ok(()) };
                note_size(screen, &event);
                let mut outcome = handle(app, stage, &event, &mut clicks);
                for _ in 1..KEYS_AT_ONCE {
                    // What a key wished for comes first: the next one may be the answer to it.
                    if app.has_wishes() {
                        break;
                    }
                    let Some(event) = waiting(&mut events).await else { break };
                    let Some(Ok(event)) = event else { return Ok(()) };
                    note_size(screen, &event);
                    outcome = worse(outcome, handle(app, stage, &event, &mut clicks));
                }
                if let Err(error) = see_to(&mut errands, app, stage, screen, theme) {
                    return ended(error);
                }
                match outcome {
                    Outcome::Quit => return Ok(()),
                    Outcome::Suspend => {
                        if let Err(error) = screen.suspend() {
                            return ended(error);
                        }
                        played = Instant::now();
                        frames.ask(Urgency::Now);
                    }
                    Outcome::Changed => frames.ask(Urgency::Now),
                    Outcome::Nothing => {}
                }
            }
            told = errands.next() => {
                match told {
                    Told::Message(message) => app.tell(message),
                    Told::Log(news) => app.hear_log(news),
                }
                frames.ask(Urgency::Now);
            }
            news = feed.next() => {
                match news {
                    News::Update(Update::Tick(tick)) => stage.take(app, &tick),
                    // It is live with the first tick: until then nobody knows what is there.
                    News::Started | News::Update(Update::Events(_)) => continue,
                    News::Stopped(why) => app.tracking = Tracking::Stopped(why),
                    News::Panicked => return Err(LiveError::Panicked),
                }
                frames.ask(Urgency::InTime);
            }
            used = sampler.next() => if app.usage_sampled(used) == Outcome::Changed {
                frames.ask(Urgency::InTime);
            },
            () = sleep_until(frames.next(now)), if frames.is_asked() => {}
            // Nothing is drawn sooner than the next frame.
            () = sleep_until((now + due.unwrap_or_default()).max(frames.next(now))), if due.is_some() => {}
            _ = pulse.tick() => {
                if Screen::panicked() {
                    return Err(LiveError::Panicked);
                }
                if Screen::hung_up() {
                    return Ok(());
                }
            }
        }
    }
}

/// How the screen ends by an error of the terminal: as the user asked, if it is the terminal that is gone.
fn ended(error: io::Error) -> Result<(), LiveError> {
    if is_gone(&error) { Ok(()) } else { Err(LiveError::Terminal(error)) }
}

/// The next event, if it is there already.
///
/// Asked with the waker of this task: the stream wakes the first one that it was asked with, so that with another one
/// (as of `now_or_never`) the next key would be seen only when something else happens.
async fn waiting(events: &mut EventStream) -> Option<Option<io::Result<Event>>> {
    poll_fn(|context| {
        Poll::Ready(match events.poll_next_unpin(context) {
            Poll::Ready(event) => Some(event),
            Poll::Pending => None,
        })
    })
    .await
}

/// Brings what is shown up to date: with the moment that is to be shown, and what keys and ticks changed.
fn settle(app: &mut App, stage: &mut Stage) {
    let topology = stage.topology(app);
    app.settle(topology);
}

fn handle(app: &mut App, stage: &mut Stage, event: &Event, clicks: &mut Clicks) -> Outcome {
    // A key means what is there after the key before, also where both come between two frames: a letter after x is the
    // choice of what x offers, and the first row after a filter was taken is one that the filter lets through. One that goes
    // through time does not ask what is there: a hundred steps are one jump.
    if app.is_about_to_ask() {
        settle(app, stage);
    }
    let asked = match event {
        Event::Key(key) => app.keymap.request(key, app.scope()),
        _ => None,
    };
    if !matches!(asked, Some(Request::Act(Action::Travel(_)))) {
        settle(app, stage);
    }
    match event {
        Event::Key(_) => asked.map_or(Outcome::Nothing, |asked| app.handle(asked)),
        Event::Paste(text) => {
            app.type_text(text);
            Outcome::Changed
        }
        Event::Resize(..) => Outcome::Changed,
        Event::Mouse(event) => clicks.take(*event, Instant::now()).map_or(Outcome::Nothing, |mouse| {
            // What was clicked on is what was on the screen then.
            let hits = std::mem::take(&mut app.hits);
            let outcome = app.mouse(mouse, &hits);
            app.hits = hits;
            outcome
        }),
        Event::FocusGained | Event::FocusLost => Outcome::Nothing,
    }
}

/// Has the whole screen drawn anew where its size changed.
fn note_size(screen: &mut Screen, event: &Event) {
    if matches!(event, Event::Resize(..)) {
        screen.resized();
    }
}

/// Sees to what the keys wished for, at once: a wish means what is on the screen now.
fn see_to(
    errands: &mut Errands,
    app: &mut App,
    stage: &mut Stage,
    screen: &mut Screen,
    theme: &Theme,
) -> io::Result<()> {
    if !app.has_wishes() {
        return Ok(());
    }
    let topology = stage.topology(app);
    app.settle(topology);
    let size = screen.size()?;
    match errands.see_to(app, topology, theme, size) {
        Some(sequences) => screen.send(&sequences),
        None => Ok(()),
    }
}

fn worse(one: Outcome, other: Outcome) -> Outcome {
    match (one, other) {
        (Outcome::Quit, _) | (_, Outcome::Quit) => Outcome::Quit,
        (Outcome::Suspend, _) | (_, Outcome::Suspend) => Outcome::Suspend,
        (Outcome::Changed, _) | (_, Outcome::Changed) => Outcome::Changed,
        (Outcome::Nothing, Outcome::Nothing) => Outcome::Nothing,
    }
}

/// Whether an error says that the terminal is no longer there.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
        || matches!(
            error.raw_os_error().map(rustix::io::Errno::from_raw_os_error),
            Some(rustix::io::Errno::IO | rustix::io::Errno::NXIO | rustix::io::Errno::BADF)
        )
}

/// The tracker, from before it runs until after it has stopped.
enum Feed {
    Starting(JoinHandle<Result<Tracker, StartError>>),
    Running(Box<Tracker>),
    Stopped,
}

/// What the tracker tells.
enum News {
    Started,
    Update(Update),
    Stopped(String),
    Panicked,
}

impl Feed {
    /// Starts a tracker beside the screen: attaching and scanning take longer than a frame.
    fn start(options: Options) -> Self {
        Self::Starting(tokio::task::spawn_blocking(move || Tracker::start(&options)))
    }

    /// The next news. Nothing is lost when the wait is given up.
    async fn next(&mut self) -> News {
        match self {
            Self::Starting(starting) => match Pin::new(starting).await {
                Ok(Ok(tracker)) => {
                    *self = Self::Running(Box::new(tracker));
                    News::Started
                }
                Ok(Err(error)) => {
                    *self = Self::Stopped;
                    News::Stopped(Text::from(error.to_string().as_str()).to_string())
                }
                Err(_) => News::Panicked,
            },
            Self::Running(tracker) => {
                if let Some(update) = tracker.next().await {
                    return News::Update(update);
                }
                *self = Self::Stopped;
                News::Stopped(String::from("the tracker has stopped"))
            }
            Self::Stopped => std::future::pending().await,
        }
    }
}

/// What a signal asks for.
enum Asked {
    /// To end.
    End,
    /// To go on after having been stopped: the terminal is not as it was left.
    GoOn,
}

/// The signals that ask a program for something.
struct Signals {
    go_on: Signal,
    hang_up: Signal,
    interrupt: Signal,
    quit: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            go_on: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.hang_up.recv() => Asked::End,
            _ = self.interrupt.recv() => Asked::End,
            _ = self.quit.recv() => Asked::End,
            _ = self.terminate.recv() => Asked::End,
            _ = self.go_on.recv() => Asked::GoOn,
        }
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyCode;

    use super::*;
    use crate::history::Limits;

    #[test]
    fn keys_that_come_at_once_do_the_same_as_one_after_the_other() {
        let mut app = App::new(None, TimeZone::UTC);
        let mut stage = Stage::live(Limits::default());
        for tick in crate::fixture::ticks() {
            stage.take(&mut app, &tick);
        }
        let keys = "tfport=5432".chars().map(KeyCode::Char).chain([KeyCode::Enter, KeyCode::Down]);
        for code in keys {
            handle(&mut app, &mut stage, &Event::Key(code.into()), &mut Clicks::default());
        }
        settle(&mut app, &mut stage);
        assert_eq!((app.view.edges.len(), app.selected_row()), (1, Some(0)));
    }

    #[test]
    fn a_letter_right_after_x_is_the_choice_of_what_x_offers() {
        let mut app = App::new(None, TimeZone::UTC);
        let mut stage = Stage::live(Limits::default());
        for tick in crate::fixture::ticks() {
            stage.take(&mut app, &tick);
        }
        let keys = "/nginx"
            .chars()
            .map(KeyCode::Char)
            .chain([KeyCode::Enter])
            .chain("xt".chars().map(KeyCode::Char));
        for code in keys {
            handle(&mut app, &mut stage, &Event::Key(code.into()), &mut Clicks::default());
        }
        let asked = app.chooser.as_ref().map(|chooser| chooser.question.as_str());
        assert!(asked.is_some_and(|asked| asked.starts_with("send SIGTERM to nginx")), "{asked:?}");
    }
}
