//! Who on this Linux host talks to whom: kernel events and one scan become a table of sockets, the table becomes
//! [`Tick`]s, and ticks become a [`Topology`](topology::Topology).

pub mod act;
pub mod block;
pub mod connection;
pub mod container;
pub mod filter;
#[cfg(test)]
mod fuzz;
pub mod identity;
pub mod kernel;
pub mod namespace;
pub mod network;
pub mod process;
pub mod recording;
pub mod report;
pub mod resolver;
pub mod text;
pub mod tick;
pub mod topology;
pub mod tracker;

pub use tick::Tick;
pub use tracker::{Backend, Options, StartError, Tracker, Update};
