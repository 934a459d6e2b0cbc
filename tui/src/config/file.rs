//! Where the configuration is, and reading it.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::read::place;
use super::{Config, ConfigError, parse};

/// The most bytes that a configuration may have.
pub(super) const MOST: u64 = 1 << 20;

/// Reads the configuration: this file, or the user's own, which need not be there. The environment is asked by a
/// function that knows it.
///
/// The user's own is `scopetop/config.toml` in `$XDG_CONFIG_HOME`, else in `~/.config`. Under sudo that is root's: what
/// another user may write must not decide what root's program does.
pub fn load(
    given: Option<&Path>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Config, ConfigError> {
    let Some(path) = given.map(Path::to_owned).or_else(|| own(variable)) else {
        return Ok(Config::default());
    };
    match text(&path) {
        Ok(text) => parse(&text).map_err(|problems| ConfigError::Wrong { path, problems }),
        Err(ConfigError::Unreadable { source, .. }) if given.is_none() && is_missing(&path, &source) => {
            Ok(Config::default())
        }
        Err(error) => Err(error),
    }
}

/// Reads a configuration that stands in memory.
#[cfg(test)]
pub(super) fn of_bytes(bytes: Vec<u8>) -> Result<Config, ConfigError> {
    let path = Path::new("config.toml");
    parse(&decoded(path, bytes)?).map_err(|problems| ConfigError::Wrong { path: path.to_owned(), problems })
}

/// Where the user's own configuration is; `None` where there is no home. Relative paths mean nothing there, says the
/// XDG specification.
fn own(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")))?;
    Some(folder.join("scopetop").join("config.toml"))
}

/// Whether there is none for this user. A folder that may not be entered is another user's: the home of whom `sudo -u` or
/// a service was started by.
fn is_missing(path: &Path, error: &io::Error) -> bool {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => true,
        io::ErrorKind::PermissionDenied => {
            path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
        }
        _ => false,
    }
}

fn text(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_dir() {
        return Err(ConfigError::Directory { path: path.to_owned() });
    }
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    decoded(path, bytes)
}

fn decoded(path: &Path, bytes: Vec<u8>) -> Result<String, ConfigError> {
    if bytes.len() as u64 > MOST {
        return Err(ConfigError::Large { path: path.to_owned() });
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..good]).into_owned();
        let (line, column) = place(&before, good);
        ConfigError::Binary { path: path.to_owned(), line, column }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use super::*;
    use crate::fixture::Folder;

    /// Puts a configuration where the user's own is, if that folder is what `XDG_CONFIG_HOME` says.
    fn put(folder: &Folder, bytes: &[u8]) -> PathBuf {
        let path = folder.0.join("scopetop/config.toml");
        std::fs::create_dir_all(folder.0.join("scopetop")).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn environment<'e>(variables: &'e [(&str, &Path)]) -> impl Fn(&str) -> Option<OsString> + 'e {
        |name| variables.iter().find(|(known, _)| *known == name).map(|(_, path)| path.as_os_str().to_owned())
    }

    #[test]
    fn the_users_own_is_where_xdg_says() {
        let (etc, home) = (Path::new("/etc/xdg"), Path::new("/root"));
        let own = |variables: &[(&str, &Path)]| own(environment(variables));
        let at = |path: &str| Some(PathBuf::from(path));
        assert_eq!(own(&[("HOME", home)]), at("/root/.config/scopetop/config.toml"));
        assert_eq!(own(&[("HOME", home), ("XDG_CONFIG_HOME", etc)]), at("/etc/xdg/scopetop/config.toml"));
        let relative = Path::new("etc");
        assert_eq!(
            own(&[("HOME", home), ("XDG_CONFIG_HOME", relative)]),
            at("/root/.config/scopetop/config.toml")
        );
        assert_eq!(own(&[("HOME", Path::new(""))]), None);
        assert_eq!(own(&[]), None);
    }

    #[test]
    fn the_users_own_may_be_missing_and_a_given_one_may_not() {
        let folder = Folder::new("config-missing");
        let missing = folder.0.join("nowhere");
        assert_eq!(load(None, environment(&[("XDG_CONFIG_HOME", &missing)])).unwrap(), Config::default());
        assert_eq!(load(None, environment(&[])).unwrap(), Config::default());
        let told = load(Some(&missing), environment(&[])).unwrap_err().to_string();
        assert!(told.ends_with("nowhere: No such file or directory (os error 2)"), "{told}");
        // What is in the way of the folder is no configuration either.
        let file = put(&folder, b"tick = 500");
        assert_eq!(load(None, environment(&[("XDG_CONFIG_HOME", &file)])).unwrap(), Config::default());
    }

    #[test]
    fn a_file_is_read_from_either_place() {
        let folder = Folder::new("config-read");
        let path = put(&folder, b"tick = 500");
        let half = std::time::Duration::from_millis(500);
        assert_eq!(load(Some(&path), environment(&[])).unwrap().tick, half);
        assert_eq!(load(None, environment(&[("XDG_CONFIG_HOME", &folder.0)])).unwrap().tick, half);
    }

    #[test]
    fn what_is_no_configuration_says_so() {
        let folder = Folder::new("config-other");
        let told = |path: &Path| {
            let told = load(Some(path), environment(&[])).unwrap_err().to_string();
            told.replace(folder.0.to_str().unwrap(), "")
        };
        assert_eq!(told(&folder.0), ": this is a directory, not a file");
        let path = put(&folder, &vec![b'#'; (1 << 20) + 1]);
        assert_eq!(
            told(&path),
            "/scopetop/config.toml: this is no configuration: it has more than 1048576 bytes"
        );
        put(&folder, b"tick = 500\n# \xc3\xa9 \xff\xfe");
        assert_eq!(told(&path), "/scopetop/config.toml:2:5: from here on this is no text in UTF-8");
        assert!(told(Path::new("/dev/zero")).starts_with("/dev/zero: this is no configuration"));
        put(&folder, b"tick = 5\ncolur = \"none\"");
        assert_eq!(
            told(&path),
            "/scopetop/config.toml:1:8: expected a whole number from 50 to 3600000 (milliseconds), not 5\n\
             /scopetop/config.toml:2:1: there is no setting `colur`; did you mean `colour`?"
        );
    }
}
