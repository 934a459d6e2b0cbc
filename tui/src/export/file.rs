//! The files that the screen is written to.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Uid};

use super::Format;

/// How many files of one second there may be.
const MOST: u32 = 99;

/// The longest part of a file's name that the host's name takes.
const HOST_BYTES: usize = 64;

/// Whom the files belong to that a program writes which was started through sudo: who started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    user: u32,
    group: u32,
}

impl Owner {
    /// Whoever started this program through sudo, as sudo tells in `SUDO_UID` and `SUDO_GID`; `None` where it is not root or
    /// sudo is not involved.
    pub fn invoking(is_root: bool, user: Option<&str>, group: Option<&str>) -> Option<Self> {
        let number = |text: Option<&str>| text?.parse::<u32>().ok().filter(|&number| number != u32::MAX);
        is_root.then_some(Self { user: number(user)?, group: number(group)? })
    }

    /// The same of this process.
    pub fn of_this_process() -> Option<Self> {
        let variable = |name| std::env::var(name).ok();
        let is_root = rustix::process::geteuid().is_root();
        Self::invoking(is_root, variable("SUDO_UID").as_deref(), variable("SUDO_GID").as_deref())
    }
}

/// What a file is called: `scopetop-HOST-TIME`. Of the host's name only letters, digits, dots and dashes are kept.
pub fn stem(host: &str, moment: &str) -> String {
    let safe = |character: char| {
        if character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_') {
            character
        } else {
            '_'
        }
    };
    let host: String = host.chars().take(HOST_BYTES).map(safe).collect();
    let host = if host.is_empty() { "host" } else { &host };
    format!("scopetop-{host}-{moment}")
}

/// Writes a new file, for its owner alone to read: what runs on a host, with its arguments, is not for everybody.
/// Nothing that is there is written over: further files of the same name get a number.
pub fn write(
    directory: &Path,
    stem: &str,
    format: Format,
    document: &[u8],
    owner: Option<Owner>,
) -> io::Result<PathBuf> {
    let (path, mut file) = create(directory, stem, format)?;
    let written = own(&file, owner).and_then(|()| file.write_all(document));
    if let Err(error) = written {
        // Half a document is worse than none.
        let _ = std::fs::remove_file(&path);
        return Err(error);
    }
    Ok(path)
}

fn create(directory: &Path, stem: &str, format: Format) -> io::Result<(PathBuf, File)> {
    for number in 1..=MOST {
        let suffix = if number == 1 { String::new() } else { format!("-{number}") };
        let path = directory.join(format!("{stem}{suffix}.{}", format.extension()));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return Ok((path, opened?)),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("there are {MOST} files {stem} already")))
}

fn own(file: &File, owner: Option<Owner>) -> io::Result<()> {
    let Some(Owner { user, group }) = owner else { return Ok(()) };
    Ok(rustix::fs::fchown(file, Some(Uid::from_raw(user)), Some(Gid::from_raw(group)))?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use std::fs;
    use std::os::unix::fs::MetadataExt as _;

    use super::*;
    use crate::fixture::Folder;

    #[test]
    fn nothing_that_is_there_is_written_over() {
        let folder = Folder::new("export-again");
        let elsewhere = folder.0.join("elsewhere");
        // A link that somebody laid there beforehand is not followed.
        std::os::unix::fs::symlink(&elsewhere, folder.0.join("scopetop-a-1.json")).unwrap();
        let names: Vec<_> = (0..2_u8)
            .map(|number| write(&folder.0, "scopetop-a-1", Format::Json, &[number], None).unwrap())
            .collect();
        assert_eq!(names, ["scopetop-a-1-2.json", "scopetop-a-1-3.json"].map(|name| folder.0.join(name)));
        assert_eq!(fs::read(&names[0]).unwrap(), [0]);
        assert!(!elsewhere.exists());
        assert_eq!(fs::metadata(&names[0]).unwrap().mode() & 0o7777, 0o600);
    }

    #[test]
    fn what_cannot_be_written_is_an_error() {
        let folder = Folder::new("export-missing");
        assert!(write(&folder.0.join("not there"), "x", Format::Svg, b"", None).is_err());
    }

    #[test]
    fn a_hosts_name_is_no_path() {
        assert_eq!(stem("web-01.example", "1"), "scopetop-web-01.example-1");
        assert_eq!(stem("../a b/\u{e9}", "1"), "scopetop-.._a_b__-1");
        assert_eq!(stem("", "1"), "scopetop-host-1");
    }

    #[test]
    fn files_belong_to_who_used_sudo() {
        let of = |is_root, user, group| Owner::invoking(is_root, user, group);
        assert_eq!(of(true, Some("1000"), Some("100")), Some(Owner { user: 1000, group: 100 }));
        for (is_root, user, group) in [
            (false, Some("1000"), Some("100")),
            (true, None, Some("100")),
            (true, Some("1000"), None),
            (true, Some("-1"), Some("100")),
            (true, Some("4294967295"), Some("100")),
        ] {
            assert_eq!(of(is_root, user, group), None);
        }
    }

    #[test]
    fn root_hands_a_file_over() {
        if !rustix::process::geteuid().is_root() {
            // Nobody else may: that is tested by the kernel's own refusal.
            let folder = Folder::new("export-refused");
            let other = Some(Owner { user: 0, group: 0 });
            assert!(write(&folder.0, "x", Format::Dot, b"x", other).is_err());
            assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
            return;
        }
        let folder = Folder::new("export-owned");
        let path = write(&folder.0, "x", Format::Dot, b"x", Some(Owner { user: 1234, group: 567 })).unwrap();
        let metadata = fs::metadata(path).unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (1234, 567));
    }
}
