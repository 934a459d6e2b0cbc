//! Which network namespaces there are, and the way into each.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use rustix::io::Errno;

use crate::identity::NetnsId;
use crate::kernel::proc_dir::{each_number, netns_of, open_directory, open_proc};
use crate::namespace;

/// All namespaces that have a process or a name. One that only an open socket or descriptor keeps alive has
/// no way in.
#[derive(Debug)]
pub(super) struct Namespaces {
    /// This thread's.
    pub(super) own: NetnsId,
    /// Each with its way in.
    pub(super) all: FxHashMap<NetnsId, Entrance>,
    /// How many processes did not let their namespace be read.
    pub(super) unreadable: usize,
}

/// A way into a namespace.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entrance {
    /// The file to open.
    pub(super) path: PathBuf,
    /// A process that is in it.
    pub(super) pid: Option<u32>,
}

impl Namespaces {
    /// Lists them: those of all processes, and those with a name in `directory`.
    pub(super) fn list(directory: &Path) -> Result<Self, Errno> {
        let proc = open_proc()?;
        let own = netns_of(open_directory(&proc, c"thread-self")?)?.ok_or(Errno::NOENT)?;
        let mut all = FxHashMap::default();
        let mut unreadable = 0;
        each_number(&proc, &mut Vec::new(), |name, pid| {
            let Ok(process) = open_directory(&proc, name) else { return };
            match netns_of(process) {
                Ok(Some(id)) => {
                    all.entry(id).or_insert_with(|| Entrance {
                        path: PathBuf::from(format!("/proc/{pid}/ns/net")),
                        pid: Some(pid),
                    });
                }
                Err(Errno::ACCESS | Errno::PERM) => unreadable += 1,
                // It ended.
                Ok(None) | Err(_) => {}
            }
        })?;
        for (id, path) in namespace::named(directory) {
            all.entry(id).or_insert(Entrance { path, pid: None });
        }
        Ok(Self { own, all, unreadable })
    }
}
