//! Cgroups, as systemd makes them for its units.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::world::unique_number;

/// How the names of this crate's slices begin: `scopetop_lab_PID_NUMBER.slice`.
const PREFIX: &str = "scopetop_lab_";

/// How often its removal is tried: a process that ended is in its cgroup for a moment more.
const ATTEMPTS: u32 = 200;

/// How long after one attempt the next follows.
const PAUSE: Duration = Duration::from_millis(10);

/// A cgroup in a slice of its own, under the root of cgroup v2. Both are gone when this is dropped, with
/// the processes in it.
#[derive(Debug)]
pub struct Cgroup {
    slice: PathBuf,
    unit: PathBuf,
}

impl Cgroup {
    /// A new one of that name.
    pub fn make(name: &str) -> io::Result<Self> {
        let root = mount()?;
        sweep(&root);
        let slice = root.join(format!("{PREFIX}{}_{}.slice", std::process::id(), unique_number()));
        let made = Self { unit: slice.join(name), slice };
        fs::create_dir_all(&made.unit)?;
        Ok(made)
    }

    /// Its path as `/proc/PID/cgroup` has it.
    pub fn path(&self) -> String {
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let names = [&self.slice, &self.unit].map(|path| name(path).unwrap_or_default());
        format!("/{}", names.join("/"))
    }

    /// Puts a process into it.
    pub fn take(&self, pid: u32) -> io::Result<()> {
        fs::write(self.unit.join("cgroup.procs"), pid.to_string())
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // Who is still in it ends; a kernel too old for that leaves it to the next run's sweep.
        let _ = fs::write(self.unit.join("cgroup.kill"), "1");
        for _ in 0..ATTEMPTS {
            if fs::remove_dir(&self.unit).is_ok() {
                break;
            }
            std::thread::sleep(PAUSE);
        }
        let _ = fs::remove_dir(&self.slice);
    }
}

/// Where cgroup v2 is mounted.
fn mount() -> io::Result<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    let of_kind = |line: &str| {
        let mut fields = line.split(' ').skip(1);
        let path = fields.next()?;
        (fields.next() == Some("cgroup2")).then(|| PathBuf::from(path))
    };
    mounts.lines().find_map(of_kind).ok_or_else(|| io::Error::other("cgroup v2 is not mounted"))
}

/// Removes what runs left behind that were killed and could not clean up.
fn sweep(root: &Path) {
    let Ok(entries) = fs::read_dir(root) else { return };
    for slice in entries.flatten() {
        let name = slice.file_name().to_string_lossy().into_owned();
        let pid = name.strip_prefix(PREFIX).and_then(|rest| rest.split('_').next());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let units = fs::read_dir(slice.path()).into_iter().flatten().flatten();
            // The files in a cgroup are the kernel's.
            for unit in units.filter(|unit| unit.file_type().is_ok_and(|kind| kind.is_dir())) {
                let _ = fs::remove_dir(unit.path());
            }
            let _ = fs::remove_dir(slice.path());
        }
    }
}
