//! All that is known of one thing: the panel that `d` opens.

mod charts;
mod connections;
mod edge;
mod environment;
mod facts;
mod group;
mod model;
mod node;
mod peers;
mod touching;

use jiff::tz::TimeZone;
use scopetop_tracker::identity::{ProcessId, Timestamp};
use scopetop_tracker::topology::grouping::ShownKey;
use scopetop_tracker::topology::{HostIndex, Topology};

pub use model::{Body, Chart, Column, Details, Fact, Place, Row, Section, Table, Unit};
pub(crate) use peers::{flow, state_word};
pub(crate) use touching::connections_of;

use super::{Look, Selection, View};
use crate::trend::Trends;
use crate::usage::{PROCESSES, UsageHistory, Wanted};

/// Rows of a table that are made ready at most: more than anybody scrolls through.
const ROWS: usize = 500;

/// What the details are made of.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// What there is.
    pub topology: &'a Topology,
    /// What is shown of it: peers and sums are the view's, so that they agree with what is drawn.
    pub view: &'a View,
    /// How it is looked at.
    pub look: Look<'a>,
    /// How rates went.
    pub trends: &'a Trends,
    /// What processes used.
    pub usage: &'a UsageHistory,
    /// How long a tick is meant to be, in nanoseconds; `None` where only the ticks themselves tell.
    pub tick: Option<u64>,
    /// Whether arguments may be known at all.
    pub arguments: bool,
    /// The zone that times are told in.
    pub zone: &'a TimeZone,
}

/// What is known of the selected thing; `None` when the view does not have it.
pub fn details(known: Known<'_>, selection: &Selection) -> Option<Details> {
    let mut details = match selection {
        Selection::Node(ShownKey::Node(key)) => node::details(known, key),
        Selection::Node(ShownKey::Group(key)) => group::details(known, key),
        Selection::Edge(key) => edge::details(known, key),
    }?;
    details.sections.retain(|section| !section.is_empty());
    Some(details)
}

impl Known<'_> {
    /// The end of the tick that is shown.
    fn now(&self) -> Timestamp {
        self.view.host.as_ref().map_or(Timestamp(0), |host| host.at)
    }

    /// The number of the tick that is shown.
    fn sequence(&self) -> u64 {
        self.view.host.as_ref().map_or(0, |host| host.sequence)
    }
}

/// Processes that are to be looked at: those of the first host, whose tracker is the one that runs here.
fn wanted(processes: impl Iterator<Item = (HostIndex, ProcessId)>) -> Wanted {
    let own = processes.filter(|(host, process)| *host == HostIndex::default() && process.started != 0);
    let mut processes: Vec<ProcessId> = own.map(|(_, process)| process).collect();
    processes.sort_unstable();
    processes.dedup();
    let of = processes.len();
    processes.truncate(PROCESSES);
    Wanted { processes, of }
}
