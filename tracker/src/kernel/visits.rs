//! A thread that goes from one network namespace to the next, and home in the end.

use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;
use rustix::io::Errno;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::proc_dir::open_namespace;
use super::scan::namespaces::{Entrances, Namespaces, enter};
use crate::identity::NetnsId;

/// How soon all processes may be looked through again for a way into a namespace.
const REST: Duration = Duration::from_secs(1);

/// What came of going into a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visit {
    /// This thread is in it now.
    Inside,
    /// No way leads into it any more.
    Gone,
}

/// The ways into namespaces, as far as they were needed.
#[derive(Debug)]
pub(crate) struct Ways {
    /// Where namespaces have their names.
    directory: PathBuf,
    known: FxHashMap<NetnsId, Entrances>,
    listed_at: Option<Instant>,
}

impl Ways {
    /// None is known yet.
    pub(crate) fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), known: FxHashMap::default(), listed_at: None }
    }

    /// Looks for all ways, in the names and through all processes.
    pub(crate) fn list(&mut self) -> Result<(), Errno> {
        self.listed_at = Some(Instant::now());
        self.known = Namespaces::list(&self.directory)?.all;
        Ok(())
    }

    /// The namespaces that a way is known into.
    pub(crate) fn namespaces(&self) -> impl Iterator<Item = NetnsId> {
        self.known.keys().copied()
    }

    /// Moves this thread into a namespace other than its own.
    fn follow(&mut self, netns: NetnsId, pid: Option<u32>) -> Result<bool, Errno> {
        if let Some(entrances) = self.known.get(&netns)
            && enter(netns, entrances)?
        {
            return Ok(true);
        }
        let hint = Entrances { named: None, pids: pid.into_iter().collect() };
        if enter(netns, &hint)? {
            self.known.insert(netns, hint);
            return Ok(true);
        }
        if self.listed_at.is_some_and(|at| at.elapsed() < REST) {
            return Ok(false);
        }
        self.list()?;
        self.known.get(&netns).map_or(Ok(false), |entrances| enter(netns, entrances))
    }
}

/// One round of visits. When it ends the thread is where it was: it must not keep alive the last one visited.
#[derive(Debug)]
pub(crate) struct Visits<'a> {
    ways: &'a mut Ways,
    home: Option<(OwnedFd, NetnsId)>,
    current: Option<NetnsId>,
}

impl<'a> Visits<'a> {
    /// A round of this thread.
    pub(crate) fn new(ways: &'a mut Ways) -> Self {
        let home = open_namespace("/proc/thread-self/ns/net").ok();
        let home = home.map(|(file, _, inode)| (file, NetnsId(inode as u32)));
        Self { ways, current: home.as_ref().map(|&(_, id)| id), home }
    }

    /// Goes into a namespace, by the process that may be in it or another way.
    pub(crate) fn enter(&mut self, netns: NetnsId, pid: Option<u32>) -> Result<Visit, Errno> {
        if self.current == Some(netns) {
            return Ok(Visit::Inside);
        }
        // Without a way home it would stay in the last one.
        let Some((home, home_id)) = &self.home else { return Err(Errno::NOENT) };
        let is_in = if *home_id == netns {
            move_into_link_name_space(home.as_fd(), Some(LinkNameSpaceType::Network))?;
            true
        } else {
            self.ways.follow(netns, pid)?
        };
        if is_in {
            self.current = Some(netns);
        }
        Ok(if is_in { Visit::Inside } else { Visit::Gone })
    }
}

impl Drop for Visits<'_> {
    fn drop(&mut self) {
        if let Some((home, id)) = &self.home
            && self.current != Some(*id)
        {
            // What let it out lets it back in.
            let _ = move_into_link_name_space(home.as_fd(), Some(LinkNameSpaceType::Network));
        }
    }
}
