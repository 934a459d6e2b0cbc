//! A Docker daemon of one's own, with an image around busybox.

#![allow(clippy::unwrap_used, reason = "this is test equipment: it panics where a test must fail")]

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};

use crate::wait;
use crate::world::{Namespace, unique_number};

/// What containers are made of.
pub const IMAGE: &str = "scopetop-lab:1";

/// What the image has of busybox.
const COMMANDS: [&str; 6] = ["sh", "nc", "cat", "sleep", "kill", "true"];

/// A daemon takes longer to start and to stop than anything else here.
const PATIENCE: Duration = Duration::from_secs(90);

/// How the containers of a daemon reach others, and are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// By their bridge, and no other way.
    Bridge,
    /// Published ports are translated where the kernel can, and served by `docker-proxy` where it cannot.
    Proxied,
    /// Published ports are translated everywhere.
    Translated,
}

/// How the folders of daemons begin: the pid and a number of its own follow.
const FOLDER: &str = "scopetop-docker-";

/// A running daemon. It has a network namespace, a folder and a socket of its own, so any number can run at the same
/// time. It ends with all its containers when dropped, and when the thread that started it ends.
#[derive(Debug)]
pub struct Daemon {
    folder: PathBuf,
    child: Child,
    /// Where its bridge is.
    pub namespace: Namespace,
}

/// Why no daemon can be started here; `None` where one can.
pub fn missing() -> Option<String> {
    for (program, package) in
        [("dockerd", "docker.io"), ("docker", "docker.io"), ("busybox", "busybox-static")]
    {
        if which(program).is_none() {
            return Some(format!("there is no {program} (package {package})"));
        }
    }
    // The image has no other files: it must not need a loader and libraries.
    let busybox = which("busybox").and_then(|path| fs::read(path).ok()).unwrap_or_default();
    let needs_loader = busybox.windows(8).any(|bytes| bytes == b"/ld-linu" || bytes == b"/ld-musl");
    needs_loader.then(|| String::from("busybox is linked dynamically (package busybox-static)"))
}

fn which(program: &str) -> Option<PathBuf> {
    let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    folders.iter().map(|folder| Path::new(folder).join(program)).find(|path| path.exists())
}

impl Daemon {
    /// Starts one, waits until it answers, and gives it the image.
    pub fn start(network: Network) -> Self {
        sweep();
        // The path of a Unix socket is short: nothing long before it.
        let folder = PathBuf::from(format!("/tmp/{FOLDER}{}-{}", std::process::id(), unique_number()));
        fs::create_dir_all(&folder).unwrap();
        let namespace = Namespace::anonymous().unwrap();
        let log = File::create(folder.join("log")).unwrap();
        let mut command = namespace.command(which("dockerd").unwrap());
        command.arg("--data-root").arg(folder.join("data")).arg("--exec-root").arg(folder.join("exec"));
        command
            .arg("--pidfile")
            .arg(folder.join("pid"))
            .arg("--host")
            .arg(format!("unix://{}", socket(&folder)));
        // Whatever the host's configuration says.
        fs::write(folder.join("daemon.json"), "{}").unwrap();
        command.arg("--config-file").arg(folder.join("daemon.json"));
        command.args(["--ip6tables=false", "--shutdown-timeout", "1"]);
        match network {
            Network::Bridge => _ = command.args(["--iptables=false", "--ip-masq=false"]),
            Network::Proxied => _ = command.arg("--userland-proxy=true"),
            Network::Translated => _ = command.arg("--userland-proxy=false"),
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        #[allow(unsafe_code, reason = "a test that is killed must not leave its daemon behind")]
        // SAFETY: the closure makes one system call and allocates nothing.
        unsafe {
            // By this signal it ends its containers too.
            command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::TERM))?));
        }
        let child = command.spawn().unwrap();
        let mut daemon = Self { folder, child, namespace };
        wait::until_within(PATIENCE, "the Docker daemon's answer", || {
            let ended = daemon.child.try_wait().unwrap();
            assert!(ended.is_none(), "dockerd ended ({ended:?}): {}", daemon.log());
            daemon.attempt(&["version"]).is_ok().then_some(())
        });
        daemon.import();
        daemon
    }

    fn import(&self) {
        let root = self.folder.join("root");
        fs::create_dir_all(root.join("bin")).unwrap();
        fs::copy(which("busybox").unwrap(), root.join("bin/busybox")).unwrap();
        for command in COMMANDS {
            std::os::unix::fs::symlink("busybox", root.join("bin").join(command)).unwrap();
        }
        let archive = self.folder.join("root.tar");
        let packed = Command::new("tar").arg("-cf").arg(&archive).arg("-C").arg(&root).arg(".").status();
        assert!(packed.unwrap().success(), "tar fails");
        self.docker(&["import", archive.to_str().unwrap(), IMAGE]);
    }

    /// What `DOCKER_HOST` must be for it.
    pub fn address(&self) -> String {
        format!("unix://{}", socket(&self.folder))
    }

    /// Runs `docker` with these arguments; what it printed.
    pub fn docker(&self, arguments: &[&str]) -> String {
        self.attempt(arguments)
            .unwrap_or_else(|error| panic!("docker {arguments:?}: {error}\n{}", self.log()))
    }

    fn attempt(&self, arguments: &[&str]) -> io::Result<String> {
        let mut command = Command::new(which("docker").unwrap());
        let output =
            command.args(arguments).env("DOCKER_HOST", self.address()).stdin(Stdio::null()).output()?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
        }
    }

    /// Starts a container that goes on; its id.
    pub fn run(&self, options: &[&str], command: &[&str]) -> String {
        self.docker(&[&["run", "--detach"], options, &[IMAGE], command].concat())
    }

    /// Its address on the bridge.
    pub fn address_of(&self, container: &str) -> String {
        self.docker(&["inspect", "--format", "{{.NetworkSettings.IPAddress}}", container])
    }

    /// Stops it where it is, or lets it go on: it answers nobody in between.
    pub fn freeze(&self, frozen: bool) {
        self.signal(if frozen { Signal::STOP } else { Signal::CONT }).unwrap();
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        Ok(kill_process(pid.ok_or_else(|| io::Error::other("no pid"))?, signal)?)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Whatever of this fails because it is done already: the rest is tried.
        let _ = self.signal(Signal::CONT);
        if let Ok(containers) = self.attempt(&["ps", "--quiet", "--all"]) {
            let ids: Vec<_> = containers.lines().collect();
            if !ids.is_empty() {
                let _ = self.attempt(&[&["rm", "--force", "--volumes"], ids.as_slice()].concat());
            }
        }
        let _ = self.signal(Signal::TERM);
        let ended = (0..PATIENCE.as_millis() / 50).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            !matches!(self.child.try_wait(), Ok(None))
        });
        if !ended {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        clear(&self.folder);
    }
}

fn socket(folder: &Path) -> String {
    folder.join("d.sock").display().to_string()
}

/// Unmounts what a daemon left mounted, which would keep the folder, and removes the folder.
fn clear(folder: &Path) {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    for mount in mounts.lines().rev().filter_map(|line| line.split(' ').nth(1)) {
        if Path::new(mount).starts_with(folder) {
            let _ = Command::new("umount").args(["--lazy", mount]).status();
        }
    }
    let _ = fs::remove_dir_all(folder);
}

/// Removes what daemons left behind whose tests were killed, and they with them: processes, mounts, folders.
fn sweep() {
    let Ok(entries) = fs::read_dir("/tmp") else { return };
    for folder in entries.flatten().map(|entry| entry.path()) {
        let owner =
            folder.file_name().and_then(|name| name.to_str()?.strip_prefix(FOLDER)?.split('-').next());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            end_all_of(&folder);
            clear(&folder);
        }
    }
}

/// Kills the daemon of a folder, its shims (the folder is in their arguments), and what runs in its containers (their
/// ids, the names of folders in it, are in the paths of their cgroups).
fn end_all_of(folder: &Path) {
    let path = folder.display().to_string();
    let containers = fs::read_dir(folder.join("data/containers")).into_iter().flatten().flatten();
    let ids: Vec<String> = containers.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    wait::until("the end of what a daemon left behind", || {
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let mut left = processes.filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let read = |file| fs::read(entry.path().join(file)).unwrap_or_default();
            let (arguments, cgroup) = (read("cmdline"), read("cgroup"));
            let cgroup = String::from_utf8_lossy(&cgroup);
            // One that ended and waits to be reaped has no arguments, and is nobody's trouble.
            let is_its = String::from_utf8_lossy(&arguments).contains(&path)
                || (!arguments.is_empty() && ids.iter().any(|id| cgroup.contains(id)));
            Pid::from_raw(pid).filter(|_| is_its)
        });
        let any = left.by_ref().inspect(|&pid| _ = kill_process(pid, Signal::KILL)).count();
        (any == 0).then_some(())
    });
}
