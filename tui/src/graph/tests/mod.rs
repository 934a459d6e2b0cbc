//! Hand-made pictures, and what must hold for all pictures.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first surprise")]

mod again;
mod build;
mod churn;
mod crossings;
mod crowd;
mod film;
mod looks;
mod pictures;
mod properties;
mod roster;
mod zooms;
