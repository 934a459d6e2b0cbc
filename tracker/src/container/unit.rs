//! The systemd service that a cgroup's path names.

use super::cgroup::Named;
use crate::identity::ContainerId;
use crate::text::Text;

/// The runtime of services.
pub const SYSTEMD: &str = "systemd";

/// The innermost service of a path, and how deep in the path that is. A user's own manager (`user@1000.service`) is
/// none: sessions and what they start are below it, and its services are the user's.
///
/// The id is the path of the unit, because two users may each have a service of one name.
pub(super) fn service_in(names: &[&[u8]]) -> Option<(usize, Named)> {
    let depth = names.iter().rposition(|name| is_service(name))?;
    let path: Vec<u8> = names[..=depth].iter().flat_map(|name| [b"/", *name]).flatten().copied().collect();
    let service = Named {
        id: ContainerId(Text::from_bytes(&path)),
        runtime: Some(Text::from(SYSTEMD)),
        name: Some(Text::from_bytes(&unescaped(unit(names[depth])))),
        parent: None,
    };
    Some((depth, service))
}

fn is_service(name: &[u8]) -> bool {
    let Some(stem) = unit(name).strip_suffix(b".service") else { return false };
    let manager = stem.strip_prefix(b"user@").is_some_and(|uid| uid.iter().all(u8::is_ascii_digit));
    !stem.is_empty() && !manager
}

/// The unit of a cgroup: systemd puts `_` before a name that could be one of the kernel's own files (`cpu.service`).
fn unit(cgroup: &[u8]) -> &[u8] {
    cgroup.strip_prefix(b"_").unwrap_or(cgroup)
}

/// A name as it was before systemd spelled out what may not be in a unit's name: `web\x2d1` is `web-1`.
pub(super) fn unescaped(name: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = tail
            .strip_prefix(b"x")
            .filter(|_| first == b'\\')
            .and_then(|tail| std::str::from_utf8(tail.get(..2)?).ok())
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        plain.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() { &tail[3..] } else { tail };
    }
    plain
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use crate::container::cgroup::container_of;

    const A: &str = "3ab5a35a8bd4e6d3f7a1b9e4c6d8f0a2b4c6d8e0f1a3b5c7d9e1f3a5b7c9d1e3";

    /// The text of `/proc/PID/cgroup`, and the id and the name of the service that it tells.
    const SERVICES: &[(&str, &str, &str)] = &[
        // cgroup v2; v1, where not every hierarchy goes as deep; hybrid.
        ("0::/system.slice/nginx.service", "/system.slice/nginx.service", "nginx.service"),
        (
            "9:memory:/system.slice\n8:cpuset:/\n7:pids:/system.slice/nginx.service\n1:name=systemd:/system.slice/nginx.service",
            "/system.slice/nginx.service",
            "nginx.service",
        ),
        (
            "5:devices:/system.slice/nginx.service\n1:name=systemd:/system.slice/nginx.service\n0::/system.slice/nginx.service",
            "/system.slice/nginx.service",
            "nginx.service",
        ),
        // An instance, in a slice of its own; what a service made below itself; a service in a service.
        (
            "0::/system.slice/system-getty.slice/getty@tty1.service",
            "/system.slice/system-getty.slice/getty@tty1.service",
            "getty@tty1.service",
        ),
        ("0::/system.slice/shop.service/runtime", "/system.slice/shop.service", "shop.service"),
        ("0::/system.slice/a.service/b.service/c", "/system.slice/a.service/b.service", "b.service"),
        // Engines are services as others are.
        ("0::/system.slice/docker.service", "/system.slice/docker.service", "docker.service"),
        // A user's own: two users' are two.
        (
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/web.service",
            "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service",
            "web.service",
        ),
        (
            "0::/user.slice/user-1001.slice/user@1001.service/app.slice/web.service",
            "/user.slice/user-1001.slice/user@1001.service/app.slice/web.service",
            "web.service",
        ),
        // Names that systemd spelled out, for itself and for the kernel.
        ("0::/system.slice/a\\x2db.service", "/system.slice/a\\x2db.service", "a-b.service"),
        ("0::/system.slice/_cpu.service", "/system.slice/_cpu.service", "cpu.service"),
        ("0::/system.slice/__x.service", "/system.slice/__x.service", "_x.service"),
        (
            "0::/system.slice/evil\\x1b[31m.service",
            "/system.slice/evil\\x1b[31m.service",
            "evil\\x1b[31m.service",
        ),
        // Read from within a cgroup namespace.
        ("0::/../nginx.service", "/../nginx.service", "nginx.service"),
    ];

    #[test]
    fn paths_tell_services() {
        for (text, id, name) in SERVICES {
            let found = container_of(text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(found.id.0.as_str(), *id, "{text}");
            assert_eq!(found.name.as_deref(), Some(*name), "{text}");
            assert_eq!(found.runtime.as_deref(), Some("systemd"), "{text}");
            assert_eq!(found.parent, None, "{text}");
        }
    }

    #[test]
    fn a_session_and_what_is_no_unit_are_in_no_service() {
        for text in [
            "0::/user.slice/user-1000.slice/session-3.scope",
            "0::/user.slice/user-1000.slice/user@1000.service",
            "0::/user.slice/user-1000.slice/user@1000.service/init.scope",
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-terminal-1.scope",
            "0::/system.slice",
            "0::/system.slice/.service",
            "0::/system.slice/_.service",
            "0::/system.slice/nginx.service.d",
            "0::/system.slice/dbus.socket",
            "0::/init.scope",
            "0::/",
        ] {
            assert_eq!(container_of(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_container_in_a_service_and_a_service_in_a_container_are_the_containers() {
        for text in [
            "0::/system.slice/docker.service/docker/A",
            "0::/system.slice/docker-A.scope/system.slice/nginx.service",
            "1:name=systemd:/system.slice/very/deep/down/containerd.service\n4:memory:/docker/A",
            "4:memory:/docker/A\n0::/system.slice/containerd.service",
        ] {
            let found = container_of(text.replace('A', A).as_bytes()).unwrap();
            assert_eq!((found.id.0.as_str(), found.name, found.parent), (A, None, None), "{text}");
        }
    }
}
