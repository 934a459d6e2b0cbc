//! Recordings, as commands open them.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp as Instant;
use scopetop_tracker::identity::Timestamp;
use scopetop_tracker::recording::{Moment, OpenError, Recording};
use scopetop_tracker::text::Text;

use crate::cli::At;
use crate::error::Error;
use crate::human;

/// A recording in which there is something to show, and what it is called.
pub(super) fn open(file: &Path) -> Result<(Text, Recording), Error> {
    let name = Text::from(file.to_string_lossy().as_ref());
    let recording = checked(&name, Recording::open(file))?;
    Ok((name, recording))
}

/// The same of one that was opened already. What is damaged behind that is told.
pub(super) fn checked(name: &Text, recording: Result<Recording, OpenError>) -> Result<Recording, Error> {
    let recording = recording.map_err(|source| Error::Open { file: name.clone(), source })?;
    if recording.moments().len() == 0 {
        return Err(match recording.flaw() {
            Some(flaw) => Error::Damaged { file: name.clone(), flaw },
            None => Error::NothingRecorded { file: name.clone() },
        });
    }
    if let Some(flaw) = recording.flaw() {
        super::note(&format!("{name}: {flaw}"));
    }
    Ok(recording)
}

/// The number of the tick that is shown at that moment, as a replay would show it; else what the moments are.
pub(super) fn tick_at(moments: &[Moment], at: At) -> Result<u64, String> {
    let (Some(first), Some(last)) = (moments.first(), moments.last()) else {
        return Err(String::from("there is nothing"));
    };
    let (from, to) = (first.at.0.saturating_sub(first.duration), last.at.0);
    let nanoseconds = |length: Duration| u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
    let wanted = match at {
        At::After(length) => from.checked_add(nanoseconds(length)),
        At::Before(length) => to.checked_sub(nanoseconds(length)),
        At::Time(time) => u64::try_from(time.as_nanosecond()).ok(),
    };
    match wanted.filter(|wanted| (from..=to).contains(wanted)) {
        Some(wanted) => {
            let place = moments.partition_point(|moment| moment.at.0 <= wanted).saturating_sub(1);
            Ok(place as u64)
        }
        None if matches!(at, At::Time(_)) => Err(format!("from {} to {}", told(from), told(to))),
        None => Err(format!("{} long", human::clock(Timestamp(to).since(Timestamp(from))))),
    }
}

fn told(nanoseconds: u64) -> String {
    Instant::from_nanosecond(nanoseconds.into())
        .map_or_else(|_| nanoseconds.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use scopetop_tracker::tick::Counts;

    use super::*;

    fn tick(at: At) -> Result<u64, String> {
        // A second of looking at what is there, then ticks of 10 seconds.
        let moment = |seconds: u64, length: u64| Moment {
            at: Timestamp((1_000 + seconds) * 1_000_000_000),
            duration: length * 1_000_000_000,
            counts: Counts::default(),
        };
        let moments: Vec<_> =
            std::iter::once(moment(1, 1)).chain((1..=6).map(|number| moment(1 + number * 10, 10))).collect();
        tick_at(&moments, at)
    }

    #[test]
    fn a_moment_is_the_tick_that_is_shown_then() {
        let seconds = Duration::from_secs;
        for (second, number) in [(0, 0), (1, 0), (10, 0), (11, 1), (20, 1), (21, 2), (60, 5), (61, 6)] {
            assert_eq!(tick(At::After(seconds(second))), Ok(number), "{second}");
            let time = Instant::from_second(1_000 + second.cast_signed()).unwrap_or_default();
            assert_eq!(tick(At::Time(time)), Ok(number), "{time}");
        }
        for (second, number) in [(0, 6), (1, 5), (10, 5), (60, 0), (61, 0)] {
            assert_eq!(tick(At::Before(seconds(second))), Ok(number), "{second}");
        }
    }

    #[test]
    fn what_is_outside_is_told_with_what_there_is() {
        for at in [
            At::After(Duration::from_millis(61_001)),
            At::Before(Duration::from_secs(62)),
            At::Before(Duration::MAX),
            At::After(Duration::MAX),
        ] {
            assert_eq!(tick(at), Err(String::from("1:01 long")), "{at:?}");
        }
        for second in [999, 1_062, -1] {
            let time = Instant::from_second(second).unwrap_or_default();
            let there = String::from("from 1970-01-01T00:16:40Z to 1970-01-01T00:17:41Z");
            assert_eq!(tick(At::Time(time)), Err(there), "{time}");
        }
    }
}
