//! What this kernel and this user allow: what was tried, what was chosen, and the reason for each thing that
//! was not.

use serde::{Deserialize, Serialize};

use crate::text::Text;

/// Everything that was tried at start, in the order in which it was tried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The host's name.
    pub host: Text,
    /// The kernel's release.
    pub kernel: Text,
    /// Whether the process runs with all privileges that full sight needs.
    pub privileged: bool,
    /// Each way to each part, in the order of preference.
    pub steps: Vec<Step>,
}

/// One way to one part of the tracker's knowledge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What it is for.
    pub part: Part,
    /// Its name: `tp_btf`, `iter`, `sock_diag`, …
    pub way: Text,
    /// What came of it.
    pub outcome: Outcome,
    /// Why, for what was refused (the kernel's own words where it gave any), and what is missing without it.
    pub reason: Option<Text>,
    /// What the user can do about it.
    pub remedy: Option<Text>,
}

/// The parts of the tracker's knowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The kernel's type information, which the eBPF program needs.
    Types,
    /// State changes of sockets, as they happen.
    Events,
    /// Who accepts connections.
    Owners,
    /// The datagrams of UDP.
    Udp,
    /// Who uses Unix sockets, between scans.
    Unix,
    /// What was there before.
    Scan,
    /// What processes are and whose.
    Processes,
    /// What containers are called.
    Containers,
    /// Where connections lead behind address translation.
    Translation,
}

impl Part {
    /// Its name in the interface.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Types => "types",
            Self::Events => "events",
            Self::Owners => "owners",
            Self::Udp => "udp",
            Self::Unix => "unix",
            Self::Scan => "scan",
            Self::Processes => "processes",
            Self::Containers => "containers",
            Self::Translation => "translation",
        }
    }
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It works and is used.
    Chosen,
    /// It was not needed: a better way works.
    NotNeeded,
    /// It does not work here, or only in part.
    Refused,
}

impl Outcome {
    /// Its name in the interface.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chosen => "chosen",
            Self::NotNeeded => "not_needed",
            Self::Refused => "refused",
        }
    }
}

impl Report {
    /// The way that was chosen for a part.
    pub fn chosen(&self, part: Part) -> Option<&Step> {
        self.steps.iter().find(|step| step.part == part && step.outcome == Outcome::Chosen)
    }
}
