//! How the values of options are read, each with what is said where it is wrong.

use std::time::Duration;

use scopetop_tracker::topology::grouping::By;

use super::{MAXIMUM_SECONDS, TICK_MILLISECONDS};
use crate::app::Speed;

/// The most columns and rows of a picture.
const MAXIMUM_CELLS: u16 = 500;

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
