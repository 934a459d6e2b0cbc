//! How the values of options are read, each with what is said where it is wrong.

use std::time::Duration;

use jiff::Timestamp;
use scopetop_tracker::topology::grouping::By;

use super::{MAXIMUM_SECONDS, TICK_MILLISECONDS};
use crate::app::Speed;

/// The most columns and rows of a picture.
const MAXIMUM_CELLS: u16 = 500;

/// A moment of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// So long after its beginning.
    After(Duration),
    /// So long before its end.
    Before(Duration),
    /// A time.
    Time(Timestamp),
}

pub(super) fn moment(text: &str) -> Result<At, String> {
    let found = if text.contains(['T', 't']) {
        text.parse().ok().map(At::Time)
    } else if let Some(length) = text.strip_prefix(['-', '−']) {
        clock(length).map(At::Before)
    } else {
        clock(text).map(At::After)
    };
    found.ok_or_else(|| {
        format!("'{text}' is none of: 90 or 1:30 (after the beginning), -1:30 (before the end), 2026-03-01T12:04:31Z")
    })
}

/// Seconds, or hours, minutes and seconds with colons.
fn clock(text: &str) -> Option<Duration> {
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let mut parts = text.rsplit(':');
    let last = parts.next().filter(|part| plain(part))?.parse::<f64>().ok()?;
    let (mut total, mut unit) = (last, 1.0);
    let mut below = last;
    for part in parts {
        let part = part.parse::<u32>().ok().filter(|_| plain(part))?;
        unit *= 60.0;
        if below >= 60.0 || unit > 3_600.0 {
            return None;
        }
        total += f64::from(part) * unit;
        below = part.into();
    }
    Duration::try_from_secs_f64(total).ok().filter(|length| length.as_secs() <= MAXIMUM_SECONDS)
}

pub(super) fn grouping(text: &str) -> Result<By, String> {
    By::ALL
        .into_iter()
        .find(|by| by.name() == text)
        .ok_or_else(|| format!("'{text}' is none of: {}", By::ALL.map(By::name).join(", ")))
}

pub(super) fn speed(text: &str) -> Result<Speed, String> {
    let wanted = text.parse::<f64>().ok();
    // They are powers of two, which numbers with a point tell exactly.
    Speed::all().find(|speed| wanted == Some(speed.factor())).ok_or_else(|| {
        let known: Vec<_> = Speed::all().map(|speed| speed.factor().to_string()).collect();
        format!("'{text}' is none of: {}", known.join(", "))
    })
}

pub(super) fn size(text: &str) -> Result<(u16, u16), String> {
    let number = |text: &str| text.parse::<u16>().ok().filter(|&number| number <= MAXIMUM_CELLS);
    text.split_once('x')
        .and_then(|(columns, rows)| Some((number(columns)?, number(rows)?)))
        .filter(|&(columns, rows)| columns >= crate::screen::LEAST.0 && rows >= crate::screen::LEAST.1)
        .ok_or_else(|| {
            let (columns, rows) = crate::screen::LEAST;
            format!("'{text}' is not a size from {columns}x{rows} to {MAXIMUM_CELLS}x{MAXIMUM_CELLS}")
        })
}

pub(super) fn milliseconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(number) if TICK_MILLISECONDS.contains(&number) => Ok(Duration::from_millis(number)),
        _ => Err(format!(
            "'{text}' is not a whole number of milliseconds from {} to {}",
            TICK_MILLISECONDS.start(),
            TICK_MILLISECONDS.end()
        )),
    }
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .filter(|number| (0.0..=MAXIMUM_SECONDS as f64).contains(number))
        .and_then(|number| Duration::try_from_secs_f64(number).ok())
        .ok_or_else(|| {
            format!("'{text}' is not a number of seconds from 0 to {MAXIMUM_SECONDS} (0.5 is half a second)")
        })
}
