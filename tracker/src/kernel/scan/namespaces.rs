//! Which network namespaces there are, and the ways into each.

use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use rustix::io::Errno;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::processes;
use crate::identity::NetnsId;
use crate::kernel::proc_dir::{each_number, netns_of, open_directory, open_namespace, open_proc};
use crate::namespace;
use crate::text::Text;

/// All namespaces that have a process or a name. One that only an open socket or descriptor keeps alive has
/// no way in.
#[derive(Debug)]
pub(crate) struct Namespaces {
    /// This thread's.
    pub(crate) own: NetnsId,
    /// Each with its ways in.
    pub(crate) all: FxHashMap<NetnsId, Entrances>,
    /// How many processes did not let their namespace be read.
    pub(crate) unreadable: usize,
    /// Where it looked for names.
    directory: PathBuf,
}

/// The ways into a namespace. There are several, for a process may end, or move on, before it was followed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Entrances {
    /// The file that gives it its name.
    pub(crate) named: Option<PathBuf>,
    /// The processes that are in it.
    pub(crate) pids: Vec<u32>,
}

impl Entrances {
    /// The files to open.
    pub(crate) fn paths(&self) -> impl Iterator<Item = PathBuf> {
        let of_processes = self.pids.iter().map(|pid| PathBuf::from(format!("/proc/{pid}/ns/net")));
        self.named.iter().cloned().chain(of_processes)
    }
}

impl Namespaces {
    /// Lists them: those of all processes, and those with a name in `directory`.
    pub(crate) fn list(directory: &Path) -> Result<Self, Errno> {
        let proc = open_proc()?;
        let own = netns_of(open_directory(&proc, c"thread-self")?)?.ok_or(Errno::NOENT)?;
        let mut all: FxHashMap<NetnsId, Entrances> = FxHashMap::default();
        let mut unreadable = 0;
        each_number(&proc, &mut Vec::new(), |name, pid| {
            let Ok(process) = open_directory(&proc, name) else { return };
            match netns_of(process) {
                Ok(Some(id)) => all.entry(id).or_default().pids.push(pid),
                Err(Errno::ACCESS | Errno::PERM) => unreadable += 1,
                // It ended.
                Ok(None) | Err(_) => {}
            }
        })?;
        for (id, path) in namespace::named(directory) {
            all.entry(id).or_default().named = Some(path);
        }
        Ok(Self { own, all, unreadable, directory: directory.to_owned() })
    }

    /// Whether a namespace that no way led into any more is gone. If it is not, what is in it was missed.
    pub(crate) fn is_gone(&self, id: NetnsId) -> bool {
        Self::list(&self.directory).is_ok_and(|now| !now.all.contains_key(&id))
    }

    /// What could not be seen, as a sentence.
    pub(crate) fn reason(&self) -> Option<Text> {
        let unreadable = processes(self.unreadable);
        let reason = format!("namespaces of {unreadable} are not known: not readable");
        (self.unreadable > 0).then(|| Text::from(reason.as_str()))
    }
}

/// Moves this thread into a namespace by the first way that still leads there; `false` if none does.
pub(crate) fn enter(id: NetnsId, entrances: &Entrances) -> Result<bool, Errno> {
    for path in entrances.paths() {
        match open_namespace(&path) {
            Ok((file, _, inode)) if inode == u64::from(id.0) => {
                move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
                return Ok(true);
            }
            // The process moved on, or ended.
            Ok(_) | Err(Errno::NOENT | Errno::SRCH) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}
