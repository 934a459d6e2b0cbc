//! What the tests against the real kernel share: network namespaces of their own, and a loud word where they
//! cannot run.

#![allow(dead_code, reason = "every test program takes what it needs of this")]
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use scopetop_tracker::identity::NetnsId;

static SKIPPED: AtomicUsize = AtomicUsize::new(0);

/// Whether this process may make network namespaces. Says loudly, on the terminal even where the test runner keeps
/// output to itself, if `test` is skipped because it may not; and how many have been.
pub(crate) fn may_make_namespaces(test: &str) -> bool {
    let may = std::thread::spawn(|| unshare_network().is_ok()).join().unwrap();
    if !may {
        use std::io::Write as _;
        let count = SKIPPED.fetch_add(1, Ordering::Relaxed) + 1;
        // Not `eprintln`, which the test runner captures.
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: needs root ({count} skipped in this program)");
    }
    may
}

#[allow(
    unsafe_code,
    reason = "rustix marks unshare unsafe for the sake of CLONE_FILES, which is not used here"
)]
fn unshare_network() -> rustix::io::Result<()> {
    // SAFETY: only the file descriptor table and the file system context are shared state that Rust's
    // input and output rely on; neither is touched.
    unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWNET) }
}

/// Runs `work` on a thread in a new network namespace whose loopback is up, and gives back what it gives.
pub(crate) fn in_new_namespace<T: Send>(work: impl FnOnce(NetnsId) -> T + Send) -> T {
    std::thread::scope(|scope| {
        scope
            .spawn(|| {
                unshare_network().unwrap();
                let up = Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap();
                assert!(up.success(), "loopback stays down");
                work(own_netns())
            })
            .join()
            .unwrap()
    })
}

/// The network namespace of this thread.
pub(crate) fn own_netns() -> NetnsId {
    NetnsId(u32::try_from(std::fs::metadata("/proc/thread-self/ns/net").unwrap().ino()).unwrap())
}

/// A process that does nothing until it is dropped, in the network namespace of the thread that starts it: a
/// namespace is found by its processes.
pub(crate) struct Inhabitant(Child);

impl Inhabitant {
    pub(crate) fn start() -> Self {
        Self(Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Inhabitant {
    fn drop(&mut self) {
        // Its input ends, so it does.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// A directory as `/run/netns` is one, in which the namespace of the thread that makes it has the name.
pub(crate) struct NamedHere {
    directory: PathBuf,
    file: PathBuf,
}

impl NamedHere {
    pub(crate) fn new(name: &str) -> Self {
        let directory = empty_directory(name);
        let file = directory.join(name);
        std::fs::write(&file, "").unwrap();
        // A file with nothing mounted on it, as an interrupted `ip netns` leaves it, has to do no harm.
        std::fs::write(directory.join("stale"), "").unwrap();
        // mount(8) is another process: the way to this thread's namespace goes by its number.
        let thread = std::fs::read_link("/proc/thread-self").unwrap();
        let namespace = Path::new("/proc").join(thread).join("ns/net");
        let mounted = Command::new("mount").arg("--bind").args([&namespace, &file]).status().unwrap();
        assert!(mounted.success(), "the namespace has no name");
        Self { directory, file }
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }
}

impl Drop for NamedHere {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.file).status();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// A new empty directory.
pub(crate) fn empty_directory(name: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("scopetop-test-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    directory
}
