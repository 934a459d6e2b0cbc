//! One graph, seen in several ways: nodes in groups, groups open or collapsed, edges added up between what is shown.
//!
//! A [`Grouping`] says by what: each node of the topology stands in a group, that perhaps in another ([`forest`]). A
//! node is shown where all groups around it are open; else the outermost collapsed one stands for it. [`group`] makes
//! the graph of what is shown. Every connection that is let through is on exactly one of its edges: one between two
//! members of a collapsed group is on an edge from the group to itself.

mod choice;
mod forest;
mod graph;
mod key;
mod sums;

pub use choice::{By, Grouping, Protocols, Sieve};
pub use forest::Forest;
pub use graph::{Grouped, GroupedEdge, GroupedNode, Kept, NOWHERE, group};
pub use key::{GroupKey, ShownKey};
pub use sums::Sums;
