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
use scopetop_tracker::text::Text;
use scopetop_tracker::topology::Topology;
use scopetop_tracker::{Options, StartError, Tracker, Update};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::app::{App, Outcome, Tracking};
use crate::input::request;
use crate::terminal::Screen;
use crate::theme::Theme;
use crate::view::ActiveFilter;

/// Ticks are drawn at most this often; keys at once.
const FRAME: Duration = Duration::from_millis(100);
/// How often is looked whether the terminal is still there: a closed one does not always say so.
const PULSE: Duration = Duration::from_secs(1);
/// How many keys that are there already are taken before the screen is drawn again.
const KEYS_AT_ONCE: usize = 64;

/// What the live screen is to show.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// How to track.
    pub tracker: Options,
    /// The filter to begin with; an empty one shows everything.
    pub filter: Filter,
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
    let theme = Theme::for_no_color(std::env::var_os("NO_COLOR").as_deref());
    let mut app = App::new(ActiveFilter::new(options.filter), TimeZone::system());
    let mut screen = Screen::enter().map_err(LiveError::Terminal)?;
    let mut feed = Feed::start(options.tracker);
    let ended = watch(&mut app, &mut screen, &theme, &mut feed, &mut signals).await;
    // The terminal first: detaching from the kernel may take a moment.
    drop(screen);
    ended
}

async fn watch(
    app: &mut App,
    screen: &mut Screen,
    theme: &Theme,
    feed: &mut Feed,
    signals: &mut Signals,
) -> Result<(), LiveError> {
    let mut topology = Topology::new();
    let mut events = EventStream::new();
    let mut pulse = interval(PULSE);
    pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stale = true;
    let mut next_frame = Instant::now();

    loop {
        if stale && Instant::now() >= next_frame {
            app.settle(&topology);
            if let Err(error) = screen.draw(app, theme) {
                return if is_gone(&error) { Ok(()) } else { Err(LiveError::Terminal(error)) };
            }
            stale = false;
            next_frame = Instant::now() + FRAME;
        }
        tokio::select! {
            biased;
            () = signals.next() => return Ok(()),
            event = events.next() => {
                // A terminal that is closed ends the program, as the user asked by closing it.
                let Some(Ok(event)) = event else { return Ok(()) };
                let mut outcome = handle(app, &event);
                for _ in 1..KEYS_AT_ONCE {
                    let Some(event) = waiting(&mut events).await else { break };
                    let Some(Ok(event)) = event else { return Ok(()) };
                    outcome = worse(outcome, handle(app, &event));
                }
                match outcome {
                    Outcome::Quit => return Ok(()),
                    Outcome::Changed => (stale, next_frame) = (true, Instant::now()),
                    Outcome::Nothing => {}
                }
            }
            news = feed.next() => {
                match news {
                    News::Started => app.tracking = Tracking::Live,
                    News::Update(Update::Tick(tick)) => {
                        topology.apply(&tick);
                        app.tick_applied(tick.at);
                    }
                    News::Update(Update::Events(_)) => continue,
                    News::Stopped(why) => app.tracking = Tracking::Stopped(why),
                    News::Panicked => return Err(LiveError::Panicked),
                }
                stale = true;
            }
            () = sleep_until(next_frame), if stale => {}
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

fn handle(app: &mut App, event: &Event) -> Outcome {
    match event {
        Event::Key(key) => request(key, app.scope()).map_or(Outcome::Nothing, |asked| app.handle(asked)),
        Event::Paste(text) => {
            app.type_text(text);
            Outcome::Changed
        }
        Event::Resize(..) => Outcome::Changed,
        Event::FocusGained | Event::FocusLost | Event::Mouse(_) => Outcome::Nothing,
    }
}

fn worse(one: Outcome, other: Outcome) -> Outcome {
    match (one, other) {
        (Outcome::Quit, _) | (_, Outcome::Quit) => Outcome::Quit,
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

/// The signals that ask a program to end.
struct Signals {
    hang_up: Signal,
    interrupt: Signal,
    quit: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.hang_up.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.quit.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
