//! What is printed without a screen: one file a format.

pub mod doctor;
pub mod errno;
pub mod events_ndjson;
pub mod events_text;
mod json;
pub mod picture;
pub mod snapshot_json;
pub mod snapshot_table;
mod table;
mod units;

#[cfg(test)]
pub(crate) mod fixture;
