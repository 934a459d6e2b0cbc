//! Network namespaces, wired as a scenario needs them, gone when the scenario is over.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::mount::{UnmountFlags, mount_bind, unmount};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};

/// Where named namespaces are known to everybody (iproute2's convention).
const NAMED: &str = "/run/netns";

/// How the names of this crate's namespaces begin: `scopetop-lab-PID-NUMBER`.
const PREFIX: &str = "scopetop-lab-";

/// A name for a thing that other tests (and other runs) make at the same time, too.
pub(crate) fn unique_number() -> u32 {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    COUNTER.fetch_add(1, Ordering::Relaxed)
}

/// A network namespace of its own. It is gone when this is dropped and the last process left it.
#[derive(Debug)]
pub struct Namespace {
    file: File,
    inode: u32,
    name: Option<Name>,
}

/// An entry under `/run/netns`, removed when dropped.
#[derive(Debug)]
struct Name {
    text: String,
    path: PathBuf,
}

impl Drop for Name {
    fn drop(&mut self) {
        // Lazily: whoever looks at it right now keeps looking, nobody else finds it. An error leaves nothing to do;
        // the next run sweeps.
        let _ = unmount(&self.path, UnmountFlags::DETACH);
        let _ = fs::remove_file(&self.path);
    }
}

impl Namespace {
    /// A new namespace that no name leads to, its loopback up.
    pub fn anonymous() -> io::Result<Self> {
        Self::make(None)
    }

    /// A new namespace with a unique name under `/run/netns`, its loopback up.
    pub fn named() -> io::Result<Self> {
        static SWEPT: Once = Once::new();
        SWEPT.call_once(sweep);
        fs::create_dir_all(NAMED)?;
        let text = format!("{PREFIX}{}-{}", std::process::id(), unique_number());
        let path = Path::new(NAMED).join(&text);
        File::create_new(&path)?;
        Self::make(Some(Name { text, path }))
    }

    /// A new namespace with this name, which nobody else may have, its loopback up.
    pub fn called(text: &str) -> io::Result<Self> {
        fs::create_dir_all(NAMED)?;
        let path = Path::new(NAMED).join(text);
        File::create_new(&path)?;
        Self::make(Some(Name { text: text.to_owned(), path }))
    }

    fn make(name: Option<Name>) -> io::Result<Self> {
        // A thread that ends afterwards: a thread that moved to another namespace stays there.
        let made = std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                #[allow(unsafe_code, reason = "unshare is unsafe for the sake of CLONE_FILES alone")]
                // SAFETY: only the network namespace is unshared, no descriptor table.
                unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) }?;
                if let Some(name) = &name {
                    mount_bind("/proc/thread-self/ns/net", &name.path)?;
                }
                File::open("/proc/thread-self/ns/net")
            });
            joined(thread)
        })?;
        let inode = made.metadata()?.ino();
        let inode = u32::try_from(inode).map_err(io::Error::other)?;
        let namespace = Self { file: made, inode, name };
        namespace.ip("link set lo up")?;
        Ok(namespace)
    }

    /// Its number: what scopetop calls `netns`.
    pub fn inode(&self) -> u32 {
        self.inode
    }

    /// Its name under `/run/netns`; empty for an anonymous one.
    pub fn name(&self) -> &str {
        self.name.as_ref().map_or("", |name| &name.text)
    }

    /// Runs something inside, on a thread made for it.
    pub fn run<T: Send>(&self, inside: impl FnOnce() -> T + Send) -> io::Result<T> {
        std::thread::scope(|scope| {
            joined(scope.spawn(|| {
                enter(self.file.as_fd())?;
                Ok(inside())
            }))
        })
    }

    /// A command that will run inside. It must be started while this namespace lives.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let descriptor = self.file.as_raw_fd();
        #[allow(unsafe_code, reason = "a new process changes its namespace between fork and exec")]
        // SAFETY: the closure makes one system call. The descriptor is open for as long as `self` lives; were it
        // not, the call would fail and so would the start of the command.
        unsafe {
            command.pre_exec(move || enter(BorrowedFd::borrow_raw(descriptor)));
        }
        command
    }

    /// Runs `ip` (iproute2) inside, with these arguments, parted by blanks.
    pub fn ip(&self, arguments: &str) -> io::Result<()> {
        let output = self.command("ip").args(arguments.split_whitespace()).output();
        let output = output.map_err(|error| io::Error::new(error.kind(), format!("ip: {error}")))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(format!("ip {arguments}: {}", said.trim())))
    }

    /// Adds rules of `nft` (nftables) inside, parted by semicolons.
    pub fn nft(&self, rules: &str) -> io::Result<()> {
        let output = self.command("nft").arg(rules).output();
        let output = output.map_err(|error| io::Error::new(error.kind(), format!("nft: {error}")))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(format!("nft {rules}: {}", said.trim())))
    }

    /// Sets one of the namespace's own settings: a path below `/proc/sys/net` and what is written there.
    pub fn set(&self, path: &str, value: &str) -> io::Result<()> {
        let path = Path::new("/proc/sys/net").join(path);
        self.run(|| fs::write(&path, value))?
            .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))
    }

    /// Lays a cable (a veth pair) to another namespace. Each end has the addresses given for it, with their prefix
    /// lengths: `10.0.0.1/24`.
    pub fn wire(&self, own: &[&str], other: &Self, others: &[&str]) -> io::Result<()> {
        let link = format!("lab{}", unique_number());
        let path = format!("/proc/{}/fd/{}", std::process::id(), other.file.as_raw_fd());
        self.ip(&format!("link add {link} type veth peer name {link} netns {path}"))?;
        for (namespace, addresses) in [(self, own), (other, others)] {
            for address in addresses {
                // An IPv6 address is not usable while it is checked for duplicates, for a second or more.
                let check = if address.contains(':') { "nodad" } else { "" };
                namespace.ip(&format!("address add {address} dev {link} {check}"))?;
            }
            namespace.ip(&format!("link set {link} up"))?;
        }
        Ok(())
    }
}

fn enter(namespace: BorrowedFd<'_>) -> io::Result<()> {
    Ok(move_into_link_name_space(namespace, Some(LinkNameSpaceType::Network))?)
}

/// A thread's result; its panic goes on in the caller.
fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, io::Result<T>>) -> io::Result<T> {
    match thread.join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Removes the names that runs left behind which were killed and could not clean up.
fn sweep() {
    let Ok(entries) = fs::read_dir(NAMED) else { return };
    for entry in entries.flatten() {
        let text = entry.file_name().to_string_lossy().into_owned();
        let pid = text.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        if let Some(pid) = pid
            && !Path::new("/proc").join(pid).exists()
        {
            drop(Name { path: entry.path(), text });
        }
    }
}

/// The network namespace of this process.
pub fn own_netns() -> io::Result<u32> {
    let inode = fs::metadata("/proc/self/ns/net")?.ino();
    u32::try_from(inode).map_err(io::Error::other)
}
