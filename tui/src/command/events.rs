//! `scopetop events`.

use std::collections::HashSet;
use std::future::Future;
use std::io::{self, IsTerminal as _, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::pin;
use std::time::{Duration, SystemTime};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use scopetop_tracker::filter::{Filter, Subject};
use scopetop_tracker::identity::Timestamp;
use scopetop_tracker::text::Text;
use scopetop_tracker::topology::{HostIndex, Topology};
use scopetop_tracker::{Tick, Tracker, Update};
use tokio::time::sleep;

use super::Updates;
use super::signals::Signals;
use crate::cli::{Events, EventsFormat, Settings};
use crate::error::Error;
use crate::output::events_ndjson::Summary;
use crate::output::{events_ndjson, events_text};

/// Events of the last moments are still on their way at the end (an accept may wait for its owner to be known): they
/// get this long to arrive.
const SETTLE: Duration = Duration::from_millis(250);

/// Ticks bring the count of losses, which the last line needs: here they are never longer than this, so that
/// the end does not wait long for the last one.
const LONGEST_TICK: Duration = Duration::from_secs(1);

/// Tells events until interrupted or the time is over, and then how many there were.
pub fn run(options: &Events, settings: &Settings) -> Result<(), Error> {
    let terminal = io::stdout().is_terminal();
    let format = options.format.unwrap_or(if terminal { EventsFormat::Text } else { EventsFormat::Ndjson });
    let tick = settings.tick.min(LONGEST_TICK);
    super::runtime()?.block_on(async {
        // From here on a signal is a normal end, also one that comes before everything stands.
        let mut signals = Signals::new().map_err(Error::Runtime)?;
        let mut tracker = Tracker::start(&settings.options(tick, true))?;
        let out = super::standard_output()?;
        let reader = io::stdout();
        let mut telling = Telling::new(out, format, &settings.filter, Some(reader.as_fd()));
        let end = async {
            match options.duration {
                Some(duration) => tokio::select! {
                    () = sleep(duration) => {}
                    () = signals.next() => {}
                },
                None => signals.next().await,
            }
        };
        watch(&mut tracker, &mut telling, end).await?;
        tokio::select! {
            settled = settle(&mut tracker, &mut telling, now(), tick) => settled?,
            // Whoever interrupts twice is in a hurry.
            () = signals.next() => {}
        }
        telling.finish()
    })
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// Tells what comes until the end.
async fn watch<W: Write>(
    updates: &mut impl Updates,
    telling: &mut Telling<'_, W>,
    end: impl Future<Output = ()>,
) -> Result<(), Error> {
    let mut end = pin!(end);
    loop {
        tokio::select! {
            biased;
            () = &mut end => return Ok(()),
            update = updates.next() => telling.take(&update.ok_or(Error::Stopped)?, None)?,
        }
    }
}

/// Tells what happened before `end` and arrives only now, until a tick that ends after it has told of all losses.
async fn settle<W: Write>(
    updates: &mut impl Updates,
    telling: &mut Telling<'_, W>,
    end: Timestamp,
    tick: Duration,
) -> Result<(), Error> {
    let mut settled = pin!(sleep(SETTLE));
    let mut limit = pin!(sleep(tick + 2 * SETTLE));
    let (mut is_settled, mut is_told) = (false, false);
    while !(is_settled && is_told) {
        tokio::select! {
            () = &mut limit => break,
            () = &mut settled, if !is_settled => is_settled = true,
            update = updates.next() => {
                let update = update.ok_or(Error::Stopped)?;
                telling.take(&update, Some(end))?;
                is_told |= matches!(update, Update::Tick(tick) if tick.at >= end);
            }
        }
    }
    Ok(())
}

/// Tells events in one format and counts them.
struct Telling<'a, W: Write> {
    out: W,
    format: EventsFormat,
    filter: &'a Filter,
    /// What explains the events to the filter: containers, names of namespaces.
    topology: Topology,
    /// The file whose reader may go away.
    reader: Option<BorrowedFd<'a>>,
    buffer: Vec<u8>,
    summary: Summary,
    began: bool,
    noted: HashSet<Text>,
}

impl<'a, W: Write> Telling<'a, W> {
    fn new(out: W, format: EventsFormat, filter: &'a Filter, reader: Option<BorrowedFd<'a>>) -> Self {
        Self {
            out,
            format,
            filter,
            topology: Topology::new(),
            reader,
            buffer: Vec::new(),
            summary: Summary::default(),
            began: false,
            noted: HashSet::new(),
        }
    }

    /// Takes an update; of events after `end` nothing is told.
    fn take(&mut self, update: &Update, end: Option<Timestamp>) -> Result<(), Error> {
        match update {
            Update::Tick(tick) => self.take_tick(tick),
            Update::Events(events) => {
                self.buffer.clear();
                for (event, process) in events {
                    let process = process.as_deref();
                    let subject = Subject::of_event(&self.topology, HostIndex::default(), event, process);
                    if end.is_some_and(|end| event.at > end) || !self.filter.matches(&subject) {
                        continue;
                    }
                    match self.format {
                        EventsFormat::Ndjson => events_ndjson::write_event(&mut self.buffer, event, process)
                            .map_err(io::Error::from)?,
                        EventsFormat::Text => events_text::write_event(&mut self.buffer, event, process)?,
                    }
                    self.summary.count(event.kind);
                }
                self.put()
            }
        }
    }

    fn take_tick(&mut self, tick: &Tick) -> Result<(), Error> {
        if !self.began {
            self.began = true;
            super::tell(&format!("watching ({}, {})", tick.source.events, tick.source.scan));
            super::tell_missing(&tick.source);
            self.noted.extend(tick.source.reasons.iter().cloned());
        }
        for reason in &tick.source.reasons {
            if self.noted.insert(reason.clone()) {
                super::note(reason);
            }
        }
        let lost = tick.source.lost_events;
        if lost > self.summary.lost {
            super::note(&format!("the kernel could not hand over {} events", lost - self.summary.lost));
            self.summary.lost = lost;
        }
        // It costs as much as the events themselves, and only the filter asks it.
        if !self.filter.is_empty() {
            self.topology.apply(tick);
        }
        self.reader_is_there()
    }

    /// On an idle host nothing is written for hours; that the reader has gone shows only if one asks.
    fn reader_is_there(&self) -> Result<(), Error> {
        let Some(reader) = self.reader else { return Ok(()) };
        let mut asked = [PollFd::from_borrowed_fd(reader, PollFlags::empty())];
        // Errors and hang-ups are told without being asked for. That the question fails is no reason to stop.
        let answered = poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap_or(0);
        if answered > 0 && asked[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) {
            return Err(Error::Output(io::ErrorKind::BrokenPipe.into()));
        }
        Ok(())
    }

    /// The last line.
    fn finish(mut self) -> Result<(), Error> {
        self.buffer.clear();
        match self.format {
            EventsFormat::Ndjson => {
                events_ndjson::write_summary(&mut self.buffer, &self.summary).map_err(io::Error::from)?;
            }
            EventsFormat::Text => events_text::write_summary(&mut self.buffer, &self.summary)?,
        }
        self.put()
    }

    /// Hands the buffer over whole, so that a reader sees events as they happen.
    fn put(&mut self) -> Result<(), Error> {
        self.out.write_all(&self.buffer)?;
        Ok(self.out.flush()?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use std::collections::VecDeque;
    use std::future::{pending, ready};

    use scopetop_tracker::connection::{ConnectionEvent, ConnectionEventKind};

    use super::*;
    use crate::output::fixture::{event, events, everything, ticks};

    /// Updates written down; after the last one nothing comes any more.
    struct Script(VecDeque<Update>);

    impl Updates for Script {
        async fn next(&mut self) -> Option<Update> {
            match self.0.pop_front() {
                Some(update) => Some(update),
                None => pending().await,
            }
        }
    }

    /// A tracker that has stopped.
    struct Stopped;

    impl Updates for Stopped {
        async fn next(&mut self) -> Option<Update> {
            None
        }
    }

    /// A reader that has gone.
    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn tick(index: usize) -> Update {
        Update::Tick(Box::new(ticks()[index].clone()))
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap()
            .block_on(future)
    }

    fn kinds(out: &[u8]) -> Vec<String> {
        let lines = std::str::from_utf8(out).unwrap().lines();
        lines
            .map(|line| {
                serde_json::from_str::<serde_json::Value>(line).unwrap()["kind"].as_str().unwrap().to_owned()
            })
            .collect()
    }

    #[test]
    fn what_is_told_is_counted() {
        let filter = everything();
        let mut out = Vec::new();
        block_on(async {
            let mut telling = Telling::new(&mut out, EventsFormat::Ndjson, &filter, None);
            let mut script = Script(VecDeque::from([tick(0), Update::Events(events())]));
            watch(&mut script, &mut telling, sleep(Duration::from_secs(5))).await.unwrap();
            telling.finish().unwrap();
        });
        assert_eq!(kinds(&out), ["connect", "accept", "close", "listen", "fail", "close", "summary"]);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text.lines().last(),
            Some(r#"{"kind":"summary","connects":1,"accepts":1,"closes":2,"lost":3}"#)
        );
    }

    #[test]
    fn the_filter_decides_what_is_told() {
        let filter = Filter::parse("port=80").unwrap();
        let mut out = Vec::new();
        let mut telling = Telling::new(&mut out, EventsFormat::Ndjson, &filter, None);
        telling.take(&Update::Events(events()), None).unwrap();
        telling.finish().unwrap();
        assert_eq!(kinds(&out), ["accept", "close", "listen", "summary"]);
        assert!(String::from_utf8(out).unwrap().contains(r#""connects":0,"accepts":1,"closes":1"#));
    }

    #[test]
    fn each_batch_goes_out_at_once() {
        let filter = everything();
        let mut telling = Telling::new(io::BufWriter::new(Vec::new()), EventsFormat::Ndjson, &filter, None);
        telling.take(&Update::Events(events()), None).unwrap();
        assert_eq!(kinds(telling.out.get_ref()).len(), 6);
    }

    #[test]
    fn the_end_waits_for_the_last_events_and_losses_and_for_nothing_later() {
        let filter = everything();
        let second = &ticks()[1];
        let at = |at| ConnectionEvent { at, ..event(ConnectionEventKind::Connect) };
        let just_before = at(second.at);
        let after = at(Timestamp(second.at.0 + 1));
        let lost = Tick {
            source: scopetop_tracker::tick::Source { lost_events: 9, ..second.source.clone() },
            ..second.clone()
        };
        let mut out = Vec::new();
        block_on(async {
            let mut telling = Telling::new(&mut out, EventsFormat::Ndjson, &filter, None);
            let mut script = Script(VecDeque::from([
                tick(0),
                Update::Events(vec![(just_before, None), (after, None)]),
                Update::Tick(Box::new(lost)),
            ]));
            settle(&mut script, &mut telling, second.at, Duration::from_secs(1)).await.unwrap();
            telling.finish().unwrap();
        });
        assert_eq!(kinds(&out), ["connect", "summary"]);
        assert!(String::from_utf8(out).unwrap().contains(r#""lost":9"#));
    }

    #[test]
    fn the_end_comes_also_without_another_tick() {
        let filter = everything();
        block_on(async {
            let mut telling = Telling::new(Vec::new(), EventsFormat::Text, &filter, None);
            let mut script = Script(VecDeque::new());
            settle(&mut script, &mut telling, now(), Duration::from_secs(1)).await.unwrap();
        });
    }

    #[test]
    fn a_tracker_that_stops_is_an_error() {
        let filter = everything();
        let mut telling = Telling::new(Vec::new(), EventsFormat::Text, &filter, None);
        let ended = block_on(watch(&mut Stopped, &mut telling, pending()));
        assert!(matches!(ended, Err(Error::Stopped)), "{ended:?}");
        let ended = block_on(watch(&mut Stopped, &mut telling, ready(())));
        assert!(ended.is_ok(), "{ended:?}");
    }

    #[test]
    fn a_reader_that_went_is_a_normal_end() {
        let filter = everything();
        let mut telling = Telling::new(Gone, EventsFormat::Text, &filter, None);
        let ended = telling.take(&Update::Events(events()), None).unwrap_err();
        assert!(ended.is_closed_pipe(), "{ended:?}");
    }

    #[test]
    fn a_reader_that_went_is_noticed_while_nothing_happens() {
        let filter = everything();
        let (reader, writer) = io::pipe().unwrap();
        let mut telling = Telling::new(Vec::new(), EventsFormat::Text, &filter, Some(writer.as_fd()));
        telling.take(&tick(0), None).unwrap();
        drop(reader);
        assert!(telling.take(&tick(1), None).unwrap_err().is_closed_pipe());
    }
}
