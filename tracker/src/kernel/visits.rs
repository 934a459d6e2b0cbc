//! A thread that goes from one network namespace to the next, and home in the end.

use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;

use rustix::io::Errno;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::proc_dir::open_namespace;
use super::scan::namespaces::{Entrances, Namespaces, enter};
use crate::identity::NetnsId;

/// What came of going into a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visit {
    /// This thread is in it now.
    Inside,
    /// No way leads into it any more.
    Gone,
}

/// One round of visits. When it ends the thread is where it was: it must not keep alive the last one visited.
#[derive(Debug)]
pub(crate) struct Visits {
    /// Where namespaces have their names.
    directory: PathBuf,
    home: Option<(OwnedFd, NetnsId)>,
    current: Option<NetnsId>,
    /// All ways, looked for once a round, and only if it must be.
    ways: Option<Result<Namespaces, Errno>>,
}

impl Visits {
    /// A round of this thread.
    pub(crate) fn new(directory: PathBuf) -> Self {
        let home = open_namespace("/proc/thread-self/ns/net").ok();
        let home = home.map(|(file, _, inode)| (file, NetnsId(inode as u32)));
        Self { directory, current: home.as_ref().map(|&(_, id)| id), home, ways: None }
    }

    /// Where this thread was before the round.
    pub(crate) fn home(&self) -> Option<NetnsId> {
        self.home.as_ref().map(|&(_, id)| id)
    }

    /// Goes into a namespace, by the process that may be in it or another way.
    pub(crate) fn enter(&mut self, netns: NetnsId, pid: Option<u32>) -> Result<Visit, Errno> {
        if self.current == Some(netns) {
            return Ok(Visit::Inside);
        }
        // Without a way home it would stay in the last one.
        let Some((home, home_id)) = &self.home else { return Err(Errno::NOENT) };
        if *home_id == netns {
            move_into_link_name_space(home.as_fd(), Some(LinkNameSpaceType::Network))?;
            self.current = Some(netns);
            return Ok(Visit::Inside);
        }
        let hint = Entrances { named: None, pids: pid.into_iter().collect() };
        let mut is_in = enter(netns, &hint)?;
        if !is_in {
            let ways = self.ways.get_or_insert_with(|| Namespaces::list(&self.directory));
            let ways = ways.as_ref().map_err(|&error| error)?;
            if let Some(entrances) = ways.all.get(&netns) {
                is_in = enter(netns, entrances)?;
            }
        }
        if is_in {
            self.current = Some(netns);
        }
        Ok(if is_in { Visit::Inside } else { Visit::Gone })
    }
}

impl Drop for Visits {
    fn drop(&mut self) {
        if self.current != self.home()
            && let Some((home, _)) = &self.home
        {
            // What let it out lets it back in.
            let _ = move_into_link_name_space(home.as_fd(), Some(LinkNameSpaceType::Network));
        }
    }
}
