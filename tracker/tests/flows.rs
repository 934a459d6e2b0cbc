//! The table of UDP flows: what the kernel tells in, ticks out.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first surprise")]

#[path = "flows/cases.rs"]
mod cases;
#[path = "flows/properties.rs"]
mod properties;
#[path = "flows/translated.rs"]
mod translated;
#[path = "flows/world.rs"]
mod world;
