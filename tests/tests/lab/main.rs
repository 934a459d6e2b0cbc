//! The lab itself: what it promises to the scenarios holds.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first surprise")]

mod actor;
mod binary;
mod need;
mod ordinary;
mod terminal;
mod world;
