//! Where engines listen.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// The sockets at which engines may listen, the most trusted first; not all need exist.
pub fn sockets() -> Vec<PathBuf> {
    let mut sockets: Vec<PathBuf> = Vec::new();
    for candidate in candidates(|name| env::var_os(name)) {
        // `/var/run` is `/run`, and Podman offers its socket under Docker's name: one engine is asked once.
        let path = fs::canonicalize(&candidate).unwrap_or(candidate);
        if !sockets.contains(&path) {
            sockets.push(path);
        }
    }
    sockets
}

fn candidates(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let mut candidates = Vec::new();
    if let Some(host) = variable("DOCKER_HOST")
        && let Some(path) = host.to_str().and_then(|host| host.strip_prefix("unix://"))
        && path.starts_with('/')
    {
        candidates.push(PathBuf::from(path));
    }
    candidates.extend(["/var/run/docker.sock", "/run/podman/podman.sock"].map(PathBuf::from));
    let own = variable("XDG_RUNTIME_DIR").map(PathBuf::from);
    // `sudo` removes the variable: the user's engines are looked for where they are by default.
    let before_sudo = variable("SUDO_UID")
        .and_then(|uid| uid.to_str()?.parse::<u32>().ok())
        .map(|uid| Path::new("/run/user").join(uid.to_string()));
    for folder in [own, before_sudo].into_iter().flatten().filter(|folder| folder.is_absolute()) {
        candidates.extend([folder.join("podman/podman.sock"), folder.join("docker.sock")]);
    }
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Vec<String> {
        let variable = |name: &str| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        };
        candidates(variable).iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn the_system_is_asked_and_what_the_user_names() {
        let system = ["/var/run/docker.sock", "/run/podman/podman.sock"];
        assert_eq!(with(&[]), system);
        assert_eq!(
            with(&[
                ("DOCKER_HOST", "unix:///tmp/d.sock"),
                ("XDG_RUNTIME_DIR", "/run/user/7"),
                ("SUDO_UID", "8")
            ]),
            [
                "/tmp/d.sock",
                system[0],
                system[1],
                "/run/user/7/podman/podman.sock",
                "/run/user/7/docker.sock",
                "/run/user/8/podman/podman.sock",
                "/run/user/8/docker.sock",
            ]
        );
    }

    #[test]
    fn what_is_no_unix_socket_is_not_asked() {
        let strange =
            [("DOCKER_HOST", "tcp://10.0.0.1:2375"), ("XDG_RUNTIME_DIR", "x"), ("SUDO_UID", "../etc")];
        assert_eq!(with(&strange).len(), 2);
        assert_eq!(with(&[("DOCKER_HOST", "unix://relative")]).len(), 2);
    }
}
