//! `scopetop doctor`.

use std::io::Write as _;

use scopetop_tracker::Tracker;
use scopetop_tracker::container::engine;

use crate::cli::{Doctor, DoctorFormat, Settings};
use crate::error::Error;
use crate::output::doctor;

/// Tries everything, as a real start does, and tells what came of it.
pub fn run(options: &Doctor, settings: &Settings) -> Result<(), Error> {
    let mut report = Tracker::start(&settings.options(settings.tick, false))?.report().clone();
    // A real start does not wait for the engines.
    report.steps.extend(engine::steps());
    let mut out = super::standard_output()?;
    match options.format {
        DoctorFormat::Text => doctor::write_text(&mut out, &report)?,
        DoctorFormat::Json => doctor::write_json(&mut out, &report)?,
    }
    Ok(out.flush()?)
}
