//! Which cgroup has a number that the kernel tells.
//!
//! An event carries the number of its process's cgroup. For a process that is gone before anybody can look it up, that
//! number is the only way to its container, and the cgroup lives longer than the process.

use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirEntryExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};
use rustix::fs::inotify;

use super::cgroup::{Named, container_of_path};

/// How soon after a walk the next may follow, at least: numbers of cgroups that are gone already would cause one each.
/// The cgroup of a container that lives for a moment is gone soon after it, so it cannot be long, …
const REST: Duration = Duration::from_millis(10);

/// … and is so many times what the walk took where there are many cgroups.
const REST_SHARE: u32 = 50;

/// Folders deeper than this are not looked at. The kernel has no such limit, containers in containers have few.
const DEPTH: usize = 32;

/// More cgroups than a host has: where walking stops.
const MANY: usize = 200_000;

/// Folders that are watched for new ones: those near the root, and those in which containers were found.
const WATCHED_DEPTH: usize = 2;

/// More folders than have containers in them.
const WATCHED_AT_MOST: usize = 1024;

/// The containers of cgroups by number: the inode numbers of the folders under a hierarchy's root.
#[derive(Debug)]
pub struct CgroupIds {
    root: PathBuf,
    containers: FxHashMap<u64, Option<Named>>,
    /// Those of the walk before: the last event of a process may be read after its cgroup is gone.
    former: FxHashMap<u64, Option<Named>>,
    watch: Watch,
    has_news: bool,
    walked_at: Option<Instant>,
    /// How long the next walk waits from then on.
    rest: Duration,
}

impl CgroupIds {
    /// Looks below `root`: `/sys/fs/cgroup`, or on a host whose containers live in cgroup v1 the hierarchy whose
    /// numbers the events carry (`/sys/fs/cgroup/memory`).
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            containers: FxHashMap::default(),
            former: FxHashMap::default(),
            watch: Watch::new(),
            has_news: false,
            walked_at: None,
            rest: REST,
        }
    }

    /// Looks whether there are new cgroups. Called several times a second it finds those of containers that are gone
    /// when the first event of theirs is read.
    pub fn refresh(&mut self, now: Instant) {
        self.has_news |= self.watch.has_news();
        if (self.has_news || self.walked_at.is_none()) && self.is_rested(now) {
            self.walk(now);
        }
    }

    fn is_rested(&self, now: Instant) -> bool {
        self.walked_at.is_none_or(|at| now.saturating_duration_since(at) >= self.rest)
    }

    fn walk(&mut self, now: Instant) {
        let began = Instant::now();
        self.walked_at = Some(now);
        self.has_news = false;
        // What is gone is forgotten.
        self.former = std::mem::take(&mut self.containers);
        self.watch.add(&self.root);
        walk(&self.root, &mut PathBuf::from("/"), 0, &mut self.containers, &mut self.watch);
        self.rest = (began.elapsed() * REST_SHARE).max(REST);
    }

    /// The container of a cgroup, else the service. `None` for one of the host's own, for 0 (unknown), for 1 (the root) and for one
    /// that is not there.
    pub fn container(&mut self, id: u64, now: Instant) -> Option<&Named> {
        if id <= 1 {
            return None;
        }
        if !self.containers.contains_key(&id) && self.is_rested(now) {
            self.walk(now);
        }
        self.containers.get(&id).or_else(|| self.former.get(&id))?.as_ref()
    }
}

/// Notes every folder below `folder`; `path` is the same folder as seen from the hierarchy's root.
fn walk(
    folder: &Path,
    path: &mut PathBuf,
    depth: usize,
    found: &mut FxHashMap<u64, Option<Named>>,
    watch: &mut Watch,
) {
    // A folder that is gone, or may not be read, is one without folders.
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut has_containers = false;
    for entry in entries.flatten() {
        // Of a link the kind is "link": none is followed.
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) || found.len() >= MANY {
            continue;
        }
        path.push(entry.file_name());
        let container = container_of_path(path.as_os_str().as_encoded_bytes());
        let is_container = container.as_ref().is_some_and(|named| !named.is_service());
        has_containers |= is_container;
        if !is_container && depth < WATCHED_DEPTH {
            watch.add(&entry.path());
        }
        found.insert(entry.ino(), container);
        if depth < DEPTH {
            walk(&entry.path(), path, depth + 1, found, watch);
        }
        path.pop();
    }
    if has_containers {
        watch.add(folder);
    }
}

/// Tells when folders are made. Where the kernel gives no watches, only events of unknown cgroups cause walks.
#[derive(Debug)]
struct Watch {
    inotify: Option<OwnedFd>,
    /// By the kernel's number, which a folder has for as long as it is there.
    watched: FxHashSet<i32>,
}

impl Watch {
    fn new() -> Self {
        let flags = inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK;
        Self { inotify: inotify::init(flags).ok(), watched: FxHashSet::default() }
    }

    fn add(&mut self, folder: &Path) {
        let Some(inotify) = self.inotify.as_ref().filter(|_| self.watched.len() < WATCHED_AT_MOST) else {
            return;
        };
        let flags = inotify::WatchFlags::CREATE | inotify::WatchFlags::ONLYDIR;
        if let Ok(number) = inotify::add_watch(inotify, folder, flags) {
            self.watched.insert(number);
        }
    }

    /// Whether any was made since the last time.
    fn has_news(&mut self) -> bool {
        let Some(inotify) = &self.inotify else { return false };
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(inotify, &mut buffer);
        let mut has_news = false;
        while let Ok(event) = reader.next() {
            if event.events().contains(inotify::ReadFlags::IGNORED) {
                // The folder is gone, and its watch with it.
                self.watched.remove(&event.wd());
            } else {
                has_news = true;
            }
        }
        has_news
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use std::os::unix::fs::MetadataExt;

    use super::*;

    const ID: &str = "f00dfacef00dfacef00dfacef00dfacef00dfacef00dfacef00dfacef00dface";

    struct Tree(PathBuf);

    impl Tree {
        fn new(name: &str) -> Self {
            let root = std::env::temp_dir().join(format!("scopetop-cgroups-{}-{name}", std::process::id()));
            fs::create_dir_all(&root).unwrap();
            Self(root)
        }

        fn add(&self, path: &str) -> u64 {
            let path = self.0.join(path);
            fs::create_dir_all(&path).unwrap();
            fs::metadata(path).unwrap().ino()
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_number_leads_to_its_container() {
        let tree = Tree::new("leads");
        let inside = tree.add(&format!("docker/{ID}/init.scope"));
        let service = tree.add("system.slice/ssh.service");
        let host = tree.add("user.slice/user-0.slice/session-1.scope");
        let mut ids = CgroupIds::new(&tree.0);
        let now = Instant::now();
        let found = ids.container(inside, now).unwrap();
        assert_eq!((found.id.0.as_str(), found.runtime.as_deref()), (ID, Some("docker")));
        let found = ids.container(service, now).unwrap();
        assert_eq!((found.id.0.as_str(), found.is_service()), ("/system.slice/ssh.service", true));
        assert_eq!(ids.container(host, now), None);
    }

    #[test]
    fn an_unknown_number_causes_a_walk_but_not_at_once_again() {
        let tree = Tree::new("rests");
        let mut ids = CgroupIds::new(&tree.0);
        let start = Instant::now();
        assert_eq!(ids.container(u64::MAX, start), None);
        assert_eq!(ids.walked_at, Some(start));
        let late = tree.add(&format!("docker/{ID}"));
        let rest = ids.rest;
        assert!(rest >= REST);
        assert_eq!(ids.container(late, start + rest / 2), None);
        assert!(ids.container(late, start + rest).is_some());
        // Known now: no reason to walk.
        assert!(ids.container(late, start + rest * 999).is_some());
        assert_eq!(ids.walked_at, Some(start + rest));
    }

    #[test]
    fn a_container_that_is_gone_is_known_if_it_was_seen() {
        let tree = Tree::new("gone");
        tree.add(&format!("docker/{}", ID.replace('f', "a")));
        let mut ids = CgroupIds::new(&tree.0);
        let mut now = Instant::now();
        ids.refresh(now);
        now += ids.rest;
        ids.refresh(now);
        assert_ne!(ids.walked_at, Some(now), "nothing is new");
        let short = tree.add(&format!("docker/{ID}"));
        ids.refresh(now);
        assert_eq!(ids.walked_at, Some(now));
        fs::remove_dir(tree.0.join(format!("docker/{ID}"))).unwrap();
        // That it went is no reason to walk; something else is.
        ids.refresh(now + ids.rest);
        assert_eq!(ids.walked_at, Some(now));
        now += ids.rest;
        assert_eq!(ids.container(u64::MAX, now), None);
        assert_eq!(ids.walked_at, Some(now));
        assert_eq!(ids.container(short, now).unwrap().id.0.as_str(), ID);
        // Watches do not pile up: the root, the folder of the containers.
        assert_eq!(ids.watch.watched.len(), 2);
        fs::remove_dir_all(tree.0.join("docker")).unwrap();
        ids.refresh(now);
        assert_eq!(ids.watch.watched.len(), 1);
    }

    #[test]
    fn a_container_that_a_service_starts_is_noticed() {
        let tree = Tree::new("service");
        tree.add("system.slice/shop.service");
        let mut ids = CgroupIds::new(&tree.0);
        let mut now = Instant::now();
        ids.refresh(now);
        let inside = tree.add(&format!("system.slice/shop.service/libpod-payload-{ID}"));
        now += ids.rest;
        ids.refresh(now);
        assert_eq!(ids.walked_at, Some(now));
        assert_eq!(ids.container(inside, now).unwrap().id.0.as_str(), ID);
    }

    #[test]
    fn the_root_and_the_unknown_cause_no_walk() {
        let mut ids = CgroupIds::new("/nowhere");
        assert_eq!(ids.container(0, Instant::now()), None);
        assert_eq!(ids.container(1, Instant::now()), None);
        assert_eq!(ids.walked_at, None);
    }
}
