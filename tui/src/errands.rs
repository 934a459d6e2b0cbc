//! What the user wishes for outside the screen: seen to here, each thing that may take a while on a thread of its own.

use std::path::Path;

use jiff::Timestamp as Moment;
use jiff::tz::TimeZone;
use scopetop_tracker::act::{self, LogNews};
use scopetop_tracker::identity::{ContainerId, Timestamp};
use scopetop_tracker::text::Text;
use scopetop_tracker::topology::Topology;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};
use tokio::task::JoinHandle;

use crate::app::{App, Message, Wish};
use crate::export::clipboard;
use crate::export::file::{self, Owner};
use crate::export::{self, Format};
use crate::screen;
use crate::theme::Theme;

/// How many pieces of a container's output wait to be shown; then its engine waits.
const HEARD: usize = 4;

/// What came of something.
#[derive(Debug)]
pub enum Told {
    /// How it went.
    Message(Message),
    /// What came of the output that is followed.
    Log(LogNews),
}

/// What is under way, and what came of it.
#[derive(Debug)]
pub struct Errands {
    sender: UnboundedSender<Told>,
    receiver: UnboundedReceiver<Told>,
    /// Follows a container's output, and where it tells of it: dropped, it is heard no more.
    following: Option<(JoinHandle<()>, Receiver<LogNews>)>,
    in_tmux: bool,
}

impl Default for Errands {
    fn default() -> Self {
        let (sender, receiver) = unbounded_channel();
        Self {
            sender,
            receiver,
            following: None,
            in_tmux: std::env::var_os("TMUX").is_some_and(|value| !value.is_empty()),
        }
    }
}

impl Errands {
    /// How the next thing went. Nothing is lost when the wait is given up.
    pub async fn next(&mut self) -> Told {
        let Self { receiver, following, .. } = self;
        let heard = async {
            match following {
                Some((_, news)) => news.recv().await,
                None => None,
            }
        };
        tokio::select! {
            // This holds a sender itself.
            Some(told) = receiver.recv() => told,
            Some(news) = heard => Told::Log(news),
            else => std::future::pending().await,
        }
    }

    /// Sees to what was wished for on a screen of that size, made of that topology. Returns what the terminal is to be
    /// sent.
    ///
    /// To be called on a tokio runtime.
    pub fn see_to(
        &mut self,
        app: &mut App,
        topology: &Topology,
        theme: &Theme,
        size: (u16, u16),
    ) -> Option<String> {
        let mut sequences = String::new();
        for wish in app.take_wishes() {
            match wish {
                Wish::Export(format) => self.export(format, app, topology, theme, size),
                Wish::Copy => sequences += &self.copy(app, topology),
                Wish::Do(deed) => {
                    if let Some(message) = deed.under_way() {
                        app.tell(message);
                    }
                    self.start(move || deed.perform());
                }
                Wish::Follow { id, .. } => self.follow(id),
                Wish::StopFollowing => self.stop_following(),
            }
        }
        (!sequences.is_empty()).then_some(sequences)
    }

    fn export(&self, format: Format, app: &mut App, topology: &Topology, theme: &Theme, size: (u16, u16)) {
        let screen = screen::still(size, app, theme);
        let document = export::document(format, topology, &app.view, app.look(), &screen);
        let host = app.view.host.as_ref();
        let moment = moment(host.map_or(Timestamp(0), |host| host.at), &app.zone);
        let stem = file::stem(host.map_or("", |host| host.name.as_str()), &moment);
        self.start(move || {
            let written = std::env::current_dir().and_then(|directory| {
                file::write(&directory, &stem, format, &document?, Owner::of_this_process())
            });
            match written {
                Ok(path) => Message::good(format!("wrote {}", shown(&path))),
                Err(error) => Message::bad(format!("no file was written: {error}")),
            }
        });
    }

    fn copy(&self, app: &mut App, topology: &Topology) -> String {
        let line = app
            .selection
            .as_ref()
            .and_then(|selection| export::line(topology, &app.view, app.look(), selection));
        let Some(line) = line else {
            app.tell(Message::bad("what is selected is gone: there is nothing to copy"));
            return String::new();
        };
        // A terminal does not answer whether it took it.
        let condition = if self.in_tmux { " (tmux must allow it: set -g set-clipboard on)" } else { "" };
        app.tell(Message::good(format!("sent to the clipboard{condition}: {line}")));
        clipboard::sequence(&line, self.in_tmux)
    }

    fn follow(&mut self, id: ContainerId) {
        self.stop_following();
        let (teller, news) = channel(HEARD);
        let following = tokio::spawn(async move {
            let opened = tokio::task::spawn_blocking(move || act::logs(&id)).await;
            match opened {
                Ok(Ok(mut logs)) => {
                    while let Some(news) = logs.next().await {
                        if teller.send(news).await.is_err() {
                            return;
                        }
                    }
                }
                Ok(Err(error)) => {
                    let why = Text::from(error.to_string().as_str());
                    let _ = teller.send(LogNews::Ended(Some(why))).await;
                }
                Err(_) => {}
            }
        });
        self.following = Some((following, news));
    }

    fn stop_following(&mut self) {
        if let Some((following, _)) = self.following.take() {
            following.abort();
        }
    }

    fn start(&self, errand: impl FnOnce() -> Message + Send + 'static) {
        let sender = self.sender.clone();
        tokio::task::spawn_blocking(move || {
            // Nobody is left to tell when the program ends.
            let _ = sender.send(Told::Message(errand()));
        });
    }
}

/// A moment in a file's name: `20260301-120431`.
fn moment(at: Timestamp, zone: &TimeZone) -> String {
    Moment::from_nanosecond(i128::from(at.0))
        .map(|moment| moment.to_zoned(zone.clone()).strftime("%Y%m%d-%H%M%S").to_string())
        .unwrap_or_default()
}

fn shown(path: &Path) -> String {
    Text::from(path.to_string_lossy().as_ref()).to_string()
}
