//! Running programs as an ordinary user, whoever runs the tests.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::world::unique_number;

/// The user `nobody`.
const NOBODY: u32 = 65534;

/// A folder that everybody can reach and write to, with copies of programs: the built ones may lie in somebody's home.
/// Removed when dropped.
#[derive(Debug)]
pub struct Reachable(PathBuf);

impl Reachable {
    /// Copies these programs there, each to the path given for it.
    pub fn with(programs: &[(&Path, &str)]) -> std::io::Result<Self> {
        let name = format!("scopetop-lab-{}-{}", std::process::id(), unique_number());
        let folder = Self(std::env::temp_dir().join(name));
        fs::create_dir(&folder.0)?;
        fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o777))?;
        for (program, path) in programs {
            let path = folder.0.join(path);
            fs::create_dir_all(path.parent().unwrap_or(&folder.0))?;
            copy(program, &path)?;
        }
        Ok(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A command that runs one of the copies: as `nobody` where the tests are run by root, else as who runs them.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.0.join(program));
        command.current_dir("/");
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }
}

/// Copies a program, by a process of its own: were the copy written here, another thread that starts a process at that
/// moment would hand the open file on to it, and a file that is open for writing cannot be run ("Text file busy").
fn copy(program: &Path, path: &Path) -> std::io::Result<()> {
    let status = Command::new("cp").arg("--").args([program, path]).status()?;
    if status.success() { Ok(()) } else { Err(std::io::Error::other(format!("cp: {status}"))) }
}

impl Drop for Reachable {
    fn drop(&mut self) {
        // What cannot be removed stays in the temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}
