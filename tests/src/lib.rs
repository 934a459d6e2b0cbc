//! The lab: network namespaces, processes of known behaviour, and the truth about what they did.
//!
//! A scenario makes a [`world`], puts [`actor`]s into it, lets them talk, and compares what the real `scopetop`
//! ([`binary`], [`terminal`]) told with what the actors reported. Everything is torn down when it goes out of scope, also
//! when the test panics, and any number of scenarios run at the same time.

#![allow(clippy::missing_panics_doc, reason = "this is test equipment: it panics where a test must fail")]

pub mod actor;
pub mod binary;
pub mod bpf;
pub mod cgroup;
pub mod deed;
pub mod docker;
pub mod flood;
pub mod need;
pub mod ordinary;
pub mod picture;
pub mod procstat;
pub mod terminal;
pub mod ticks;
pub mod wait;
pub mod world;
