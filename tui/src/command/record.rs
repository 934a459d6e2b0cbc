//! `scopetop record`.

use std::fs::{File, OpenOptions};
use std::future::Future;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::pin::pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use scopetop_tracker::identity::Timestamp;
use scopetop_tracker::recording::{WriteError, Writer};
use scopetop_tracker::text::Text;
use scopetop_tracker::{Tracker, Update};
use tokio::time::{Instant, sleep_until};

use super::Updates;
use super::signals::Signals;
use crate::cli::{Record, Settings};
use crate::error::Error;
use crate::human;

/// A recording that is interrupted takes the tick in with which all until then is told; it waits no longer for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Records until interrupted or the time is over.
pub fn run(options: &Record, settings: &Settings) -> Result<(), Error> {
    let name = Text::from(options.file.to_string_lossy().as_ref());
    let refused = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => Error::Exists { file: name.clone() },
        _ => Error::Record { file: name.clone(), source: error.into() },
    };
    // Before anything is attached: whoever mistyped it learns it at once.
    if !options.force && options.file.symlink_metadata().is_ok() {
        return Err(refused(io::ErrorKind::AlreadyExists.into()));
    }
    super::runtime()?.block_on(async {
        let mut signals = Signals::new().map_err(Error::Runtime)?;
        let mut tracker = Tracker::start(&settings.options(settings.tick, false))?;
        let file = create(&options.file, options.force).map_err(refused)?;
        let mut writer = Writer::new(file);
        let recorded =
            record(&mut tracker, &mut writer, options.duration, settings.tick, &mut signals, &name).await;
        let (ticks, bytes) = (writer.ticks(), writer.bytes());
        let synced = writer.into_inner().sync_all();
        super::tell(&format!("{ticks} ticks, {}B in {name}", human::bytes(bytes)));
        recorded.and(synced.map_err(refused))
    })
}

/// A file of its owner's own: it tells the arguments of everybody's processes.
fn create(path: &Path, force: bool) -> io::Result<File> {
    let mut open = OpenOptions::new();
    open.write(true).mode(0o600);
    if force { open.create(true).truncate(true) } else { open.create_new(true) }.open(path)
}

/// What asks a recording to end, and when it did.
trait Interrupts {
    fn next(&mut self) -> impl Future<Output = Timestamp>;
}

impl Interrupts for Signals {
    async fn next(&mut self) -> Timestamp {
        Self::next(self).await;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(now.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// Records what comes until the end, and the tick in which that was.
async fn record(
    updates: &mut impl Updates,
    writer: &mut Writer<impl Write>,
    duration: Option<Duration>,
    tick: Duration,
    interrupts: &mut impl Interrupts,
    name: &Text,
) -> Result<(), Error> {
    let failed = |source: WriteError| Error::Record { file: name.clone(), source };
    // What was there when it began: time counts from then.
    let Some(first) = next(updates, interrupts).await? else { return Ok(()) };
    super::tell(&format!("recording to {name} ({}, {})", first.source.events, first.source.scan));
    super::tell_missing(&first.source);
    writer.push(&first).map_err(failed)?;
    let mut end = duration.map(|duration| first.at.0.saturating_add(duration.as_nanos() as u64));
    if duration == Some(Duration::ZERO) {
        return Ok(());
    }
    // Ticks come when they are over. A host that is too busy for that is not waited for.
    let far = Instant::now() + Duration::from_hours(24 * 365 * 30);
    let mut limit = duration.map_or(far, |duration| Instant::now() + duration + 2 * tick + PATIENCE);
    let mut interrupted = false;
    loop {
        let told = {
            let mut waits = pin!(sleep_until(limit));
            tokio::select! {
                biased;
                asked = interrupts.next() => {
                    if interrupted {
                        return Ok(());
                    }
                    interrupted = true;
                    limit = limit.min(Instant::now() + PATIENCE);
                    // Not with the next one that comes: where this process had to wait, older ones wait for it.
                    end = Some(end.map_or(asked.0, |end| end.min(asked.0)));
                    continue;
                }
                () = &mut waits => return Ok(()),
                update = updates.next() => update,
            }
        };
        match told {
            Some(Update::Tick(tick)) => {
                writer.push(&tick).map_err(failed)?;
                if end.is_some_and(|end| tick.at.0 >= end) {
                    return Ok(());
                }
            }
            Some(Update::Events(_)) => {}
            None => return Err(Error::Stopped),
        }
    }
}

/// The first tick; `None` if it is interrupted before.
async fn next(
    updates: &mut impl Updates,
    interrupts: &mut impl Interrupts,
) -> Result<Option<Box<scopetop_tracker::Tick>>, Error> {
    loop {
        tokio::select! {
            biased;
            _ = interrupts.next() => return Ok(None),
            update = updates.next() => match update {
                Some(Update::Tick(tick)) => return Ok(Some(tick)),
                Some(Update::Events(_)) => {}
                None => return Err(Error::Stopped),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use std::collections::VecDeque;
    use std::future::pending;

    use scopetop_tracker::Tick;
    use scopetop_tracker::recording::Recording;

    use super::*;
    use crate::fixture;

    /// Ticks written down, each after a second but for those that wait already; after the last one nothing comes any more.
    struct Script(VecDeque<Tick>, Timestamp);

    impl Updates for Script {
        async fn next(&mut self) -> Option<Update> {
            if self.0.front().is_none_or(|tick| tick.at > self.1) {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            match self.0.pop_front() {
                Some(tick) => Some(Update::Tick(Box::new(tick))),
                None => pending().await,
            }
        }
    }

    /// Interrupts after so many times of having been asked: an update comes in between two of them. Then it is the end
    /// of the tick with that number.
    struct After(usize, u64);

    impl Interrupts for After {
        fn next(&mut self) -> impl Future<Output = Timestamp> {
            self.0 = self.0.wrapping_sub(1);
            let due = self.0 == usize::MAX;
            let now = fixture::quiet(self.1).at;
            async move { if due { now } else { pending().await } }
        }
    }

    fn recorded(ticks: usize, duration: Option<f64>, interrupts: &mut After) -> usize {
        let mut script =
            Script((0..ticks as u64).map(fixture::quiet).collect(), fixture::quiet(interrupts.1).at);
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let mut writer = Writer::new(Vec::new());
        let second = Duration::from_secs(1);
        let duration = duration.map(Duration::from_secs_f64);
        runtime
            .block_on(record(&mut script, &mut writer, duration, second, interrupts, &"x".into()))
            .unwrap();
        let recording = Recording::from_bytes(writer.into_inner());
        recording.map_or(0, |recording| {
            assert_eq!(recording.flaw(), None);
            recording.moments().len()
        })
    }

    #[test]
    fn it_ends_with_the_tick_in_which_the_time_is_over() {
        assert_eq!(recorded(10, Some(0.0), &mut After(99, 0)), 1);
        assert_eq!(recorded(10, Some(2.0), &mut After(99, 0)), 3);
        assert_eq!(recorded(10, Some(2.5), &mut After(99, 0)), 4);
        assert_eq!(recorded(2, Some(5.0), &mut After(99, 0)), 2, "nothing more came");
    }

    #[test]
    fn it_ends_with_the_tick_in_which_it_is_interrupted() {
        assert_eq!(recorded(10, None, &mut After(0, 0)), 0);
        assert_eq!(recorded(10, None, &mut After(3, 3)), 4);
        assert_eq!(recorded(3, None, &mut After(3, 3)), 3, "no tick came any more");
        // Some ticks were over before, and told late.
        assert_eq!(recorded(10, None, &mut After(1, 6)), 7);
        assert_eq!(recorded(10, Some(2.0), &mut After(1, 6)), 3, "the time was over before");
    }

    #[test]
    fn a_file_that_is_there_is_left_alone() {
        let path = std::env::temp_dir().join(format!("scopetop-record-{}", std::process::id()));
        std::fs::write(&path, "precious").unwrap();
        let refused = create(&path, false).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"precious");
        drop(create(&path, true).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"");
        std::fs::remove_file(&path).unwrap();
    }
}
