//! The names of network namespaces.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::container::Container;
use crate::identity::NetnsId;
use crate::kernel::proc_dir::open_namespace;
use crate::text::Text;
use crate::tick::Namespace;

/// Where `ip netns` and others keep namespaces under a name.
pub const DIRECTORY: &str = "/run/netns";

/// What the first process's namespace is called.
const HOST: &str = "host";

/// How old the names may get.
const REFRESH: Duration = Duration::from_secs(10);

/// The names of namespaces, read again when an unknown one appears, and otherwise every ten seconds at most.
#[derive(Debug)]
pub struct NamespaceNames {
    directory: PathBuf,
    names: FxHashMap<NetnsId, Vec<Text>>,
    /// What the containers in them are called.
    inhabitants: FxHashMap<NetnsId, Vec<Text>>,
    /// Those that were asked for: a change of their names is to be told, and that they have none is known.
    asked: FxHashSet<NetnsId>,
    changed: FxHashSet<NetnsId>,
    read_at: Option<Instant>,
}

impl NamespaceNames {
    /// Names from `directory`, which is [`DIRECTORY`] but in tests.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            names: FxHashMap::default(),
            inhabitants: FxHashMap::default(),
            asked: FxHashSet::default(),
            changed: FxHashSet::default(),
            read_at: None,
        }
    }

    /// The names of a namespace, `host` first: none, one or several.
    pub fn names(&mut self, id: NetnsId, now: Instant) -> Vec<Text> {
        if self.asked.insert(id) {
            self.replace(read_names(&self.directory), now);
            // Whoever asks for the first time is told now.
            self.changed.remove(&id);
        } else {
            self.refresh(now);
        }
        self.all_names(id)
    }

    /// Calls namespaces after these containers, and no longer after others.
    pub fn set_inhabitants<'a>(&mut self, containers: impl IntoIterator<Item = &'a Container>) {
        let before: Vec<_> = self.asked.iter().map(|&id| (id, self.all_names(id))).collect();
        self.inhabitants.clear();
        for container in containers {
            if let (Some(netns), Some(name)) = (container.netns, &container.name) {
                self.inhabitants.entry(netns).or_default().push(name.clone());
            }
        }
        for names in self.inhabitants.values_mut() {
            names.sort_unstable();
        }
        let changed: Vec<_> = before
            .into_iter()
            .filter(|(id, names)| self.all_names(*id) != *names)
            .map(|(id, _)| id)
            .collect();
        self.changed.extend(changed);
    }

    /// The names that it was given, then those of the containers in it.
    fn all_names(&self, id: NetnsId) -> Vec<Text> {
        let mut names = self.names.get(&id).cloned().unwrap_or_default();
        // A container in the host's namespace is not what the host is called after.
        if names.first().is_none_or(|name| name.as_str() != HOST) {
            for name in self.inhabitants.get(&id).into_iter().flatten() {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
        }
        names
    }

    /// Reads the names again if they are old.
    pub fn refresh(&mut self, now: Instant) {
        if self.read_at.is_none_or(|at| now.saturating_duration_since(at) >= REFRESH) {
            self.replace(read_names(&self.directory), now);
        }
    }

    /// The namespaces that were asked for and have other names since, each once; their networks are not known here.
    pub fn take_changed(&mut self) -> Vec<Namespace> {
        let changed = std::mem::take(&mut self.changed);
        let mut changed: Vec<_> = changed
            .into_iter()
            .map(|id| Namespace { id, names: self.all_names(id), network: None })
            .collect();
        changed.sort_by_key(|namespace| namespace.id);
        changed
    }

    /// Forgets the namespaces that nothing names any longer; inode numbers are used again.
    pub fn retain(&mut self, mut is_named: impl FnMut(NetnsId) -> bool) {
        self.asked.retain(|&id| is_named(id));
        self.changed.retain(|id| self.asked.contains(id));
    }

    fn replace(&mut self, names: FxHashMap<NetnsId, Vec<Text>>, now: Instant) {
        let changed = self.asked.iter().filter(|id| self.names.get(id) != names.get(id));
        self.changed.extend(changed);
        self.names = names;
        self.read_at = Some(now);
    }
}

/// Reads all names there are.
fn read_names(directory: &Path) -> FxHashMap<NetnsId, Vec<Text>> {
    let mut names: FxHashMap<NetnsId, Vec<Text>> = FxHashMap::default();
    // Without the right to look at the first process, the own namespace is the host's as far as one can tell.
    let host = ["/proc/1/ns/net", "/proc/self/ns/net"].iter().find_map(|path| open_namespace(*path).ok());
    if let Some((_, _, inode)) = host {
        names.entry(NetnsId(inode as u32)).or_default().push(Text::from(HOST));
    }
    for (id, path) in named(directory) {
        let name = path.file_name().map(|name| Text::from_bytes(name.as_encoded_bytes())).unwrap_or_default();
        names.entry(id).or_default().push(name);
    }
    names
}

/// The namespaces that have a file in `directory`, in the order of their names. A file without a namespace mounted
/// on it (left behind by `ip netns` when it was interrupted) is none.
pub(crate) fn named(directory: &Path) -> Vec<(NetnsId, PathBuf)> {
    let Ok((_, namespaces, _)) = open_namespace("/proc/self/ns/net") else { return Vec::new() };
    // That there is no such directory is the usual case: nobody gave a name.
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut named: Vec<_> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let (_, device, inode) = open_namespace(&path).ok()?;
            (device == namespaces).then_some((NetnsId(inode as u32), path))
        })
        .collect();
    named.sort_by(|(_, one), (_, other)| one.cmp(other));
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> NetnsId {
        NetnsId(number)
    }

    fn names(entries: &[(u32, &str)]) -> FxHashMap<NetnsId, Vec<Text>> {
        entries.iter().map(|&(number, name)| (id(number), vec![Text::from(name)])).collect()
    }

    #[test]
    fn a_change_is_told_once_and_only_of_those_asked_for() {
        let now = Instant::now();
        let mut table = NamespaceNames::new("/nowhere");
        table.asked.extend([id(1), id(2), id(3)]);
        table.replace(names(&[(1, "blue"), (2, "red"), (9, "unasked")]), now);
        table.changed.clear();
        table.replace(names(&[(1, "blue"), (3, "green"), (9, "other")]), now);
        let told = table.take_changed();
        let told: Vec<_> = told.iter().map(|namespace| (namespace.id.0, namespace.names.len())).collect();
        assert_eq!(told, [(2, 0), (3, 1)]);
        assert!(table.take_changed().is_empty());
    }

    #[test]
    fn names_are_read_again_when_old_or_for_an_unknown_one() {
        let start = Instant::now();
        let mut table = NamespaceNames::new("/nowhere");
        table.names(id(1), start);
        assert_eq!(table.read_at, Some(start));
        // Known to have no name: no reason to read.
        let soon = start + REFRESH / 2;
        table.names(id(1), soon);
        assert_eq!(table.read_at, Some(start));
        table.names(id(2), soon);
        assert_eq!(table.read_at, Some(soon));
        table.refresh(soon + REFRESH);
        assert_eq!(table.read_at, Some(soon + REFRESH));
    }

    #[test]
    fn a_forgotten_namespace_is_asked_for_anew() {
        let now = Instant::now();
        let mut table = NamespaceNames::new("/nowhere");
        table.names(id(1), now);
        table.retain(|_| false);
        table.replace(names(&[(1, "blue")]), now);
        assert!(table.take_changed().is_empty());
    }

    fn container(name: Option<&str>, netns: Option<u32>) -> Container {
        Container {
            id: crate::identity::ContainerId(Text::from("x")),
            runtime: None,
            parent: None,
            name: name.map(Text::from),
            image: None,
            labels: std::collections::BTreeMap::new(),
            netns: netns.map(id),
        }
    }

    #[test]
    fn a_namespace_is_called_after_its_containers_but_the_host_is_not() {
        let now = Instant::now();
        let mut table = NamespaceNames::new("/nowhere");
        table.asked.extend([id(1), id(2), id(3), id(4)]);
        table.replace(names(&[(1, HOST), (2, "blue"), (4, "web")]), now);
        table.changed.clear();
        let containers = [
            container(Some("open"), Some(1)),
            container(Some("web"), Some(2)),
            container(Some("side"), Some(2)),
            container(None, Some(3)),
            container(Some("lost"), None),
            container(Some("web"), Some(4)),
            container(Some("unasked"), Some(9)),
        ];
        table.set_inhabitants(&containers);
        let told = table.take_changed();
        let names = ["blue", "side", "web"].map(Text::from).to_vec();
        assert_eq!(told, [Namespace { id: id(2), names, network: None }]);
        table.set_inhabitants(&containers);
        assert!(table.take_changed().is_empty(), "nothing is new");
        table.set_inhabitants([]);
        let told: Vec<_> = table.take_changed().iter().map(|namespace| namespace.id.0).collect();
        assert_eq!(told, [2]);
    }

    #[test]
    fn a_plain_file_is_no_namespace() {
        // A directory of plain files that is always there.
        assert!(Path::new("/proc/self/net").exists());
        assert_eq!(named(Path::new("/proc/self/net")), []);
        // The links of a process are: of them only the network one is in question, all live in one file system.
        assert!(!named(Path::new("/proc/self/ns")).is_empty());
    }
}
