//! The topology: ticks in, edges out.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first surprise")]

#[path = "topology/cases.rs"]
mod cases;
#[path = "topology/changes.rs"]
mod changes;
#[path = "topology/grouping.rs"]
mod grouping;
#[path = "topology/properties.rs"]
mod properties;
#[path = "topology/script.rs"]
mod script;
