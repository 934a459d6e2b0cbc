//! What is to be shown, and how: chosen by the user, the same for every tick.

use rustc_hash::FxHashSet;

use super::key::GroupKey;
use crate::connection::Protocol;
use crate::filter::Filter;

/// By what nodes are grouped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum By {
    /// Each process by itself, in the box of its container.
    #[default]
    Process,
    /// The processes of one name in the same container together.
    Name,
    /// The processes of a container together.
    Container,
    /// The containers of an image together.
    Image,
    /// The processes in a network namespace together.
    Namespace,
    /// The containers of a pod together.
    Pod,
}

impl By {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 6] =
        [Self::Process, Self::Name, Self::Container, Self::Image, Self::Namespace, Self::Pod];

    /// Its name in the interface.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Name => "name",
            Self::Container => "container",
            Self::Image => "image",
            Self::Namespace => "namespace",
            Self::Pod => "pod",
        }
    }

    /// Whether a group is open as long as nobody says otherwise. The outside always is: addresses stay apart.
    fn opens(self, group: &GroupKey) -> bool {
        match group {
            GroupKey::Internet | GroupKey::Network | GroupKey::Own | GroupKey::Top(_) => true,
            GroupKey::Name(..) => false,
            GroupKey::Host(_) | GroupKey::Container(..) => matches!(self, Self::Process | Self::Name),
            GroupKey::Namespace(..) | GroupKey::UnknownNamespace(_) => self != Self::Namespace,
            GroupKey::Pod(..) => self != Self::Pod,
            GroupKey::Image(..) => self != Self::Image,
        }
    }
}

/// How the graph is grouped, and which groups are open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grouping {
    by: By,
    /// Whether all groups are open (or collapsed) that are not in `turned`; `None`: as [`By`] has it.
    all: Option<bool>,
    /// The groups that are not as the rest.
    turned: FxHashSet<GroupKey>,
}

impl Grouping {
    /// Grouped that way, every group as it is at first.
    pub fn new(by: By) -> Self {
        Self { by, ..Self::default() }
    }

    /// By what.
    pub const fn by(&self) -> By {
        self.by
    }

    /// Whether a group is open.
    pub fn is_open(&self, group: &GroupKey) -> bool {
        if matches!(group, GroupKey::Top(_)) {
            return true;
        }
        let otherwise = !self.turned.is_empty() && self.turned.contains(group);
        self.all.unwrap_or_else(|| self.by.opens(group)) != otherwise
    }

    /// Opens a group, or collapses it.
    pub fn set_open(&mut self, group: &GroupKey, open: bool) {
        if self.is_open(group) != open && !matches!(group, GroupKey::Top(_)) && !self.turned.remove(group) {
            self.turned.insert(group.clone());
        }
    }

    /// All groups open, then all collapsed, then as they are at first.
    pub fn turn_all(&mut self) {
        self.all = match self.all {
            // By process they are open at first.
            None => Some(self.by != By::Process),
            Some(true) => Some(false),
            Some(false) => None,
        };
        self.turned.clear();
    }
}

/// The protocols that are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Protocols([bool; Self::ALL.len()]);

impl Protocols {
    /// Every protocol.
    pub const ALL: [Protocol; 3] = [Protocol::Tcp, Protocol::Udp, Protocol::Unix];

    /// Whether one is shown.
    pub const fn has(self, protocol: Protocol) -> bool {
        self.0[protocol as usize]
    }

    /// Whether all are.
    pub fn is_all(self) -> bool {
        self == Self::default()
    }

    /// Shows one, or not any more.
    pub fn toggle(&mut self, protocol: Protocol) {
        self.0[protocol as usize] ^= true;
    }
}

impl Default for Protocols {
    fn default() -> Self {
        Self([true; Self::ALL.len()])
    }
}

/// Which connections are let through.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sieve<'f> {
    /// Those that match; `None`: all.
    pub filter: Option<&'f Filter>,
    /// Those of these protocols.
    pub protocols: Protocols,
}
