//! Whose a process is, by the path of its cgroup.

use super::unit::{SYSTEMD, service_in, unescaped};
use crate::identity::ContainerId;
use crate::text::Text;

/// A container that a cgroup's path names, or a systemd service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its id.
    pub id: ContainerId,
    /// The engine; `None` where the path has only the id.
    pub runtime: Option<Text>,
    /// Its name, where the path has one beside the id: that of a service.
    pub name: Option<Text>,
    /// The container around it, where the path has another.
    pub parent: Option<ContainerId>,
}

impl Named {
    /// Whether it is a service of the host's, in no container.
    pub fn is_service(&self) -> bool {
        self.runtime.as_deref() == Some(SYSTEMD)
    }
}

/// The container in the text of `/proc/PID/cgroup`, else the service: all lines count (a hierarchy each, on a cgroup v1
/// host), the innermost wins, and any container over a service.
pub fn container_of(text: &[u8]) -> Option<Named> {
    text.split(|&byte| byte == b'\n')
        .filter_map(|line| line.splitn(3, |&byte| byte == b':').nth(2))
        .filter_map(in_path)
        // Of equals the first: one hierarchy's line says as much as another's.
        .rev()
        .max_by_key(|&(depth, ref found)| (!found.is_service(), depth, found.runtime.is_some()))
        .map(|(_, found)| found)
}

/// The container in the path of one cgroup, else the service.
pub fn container_of_path(path: &[u8]) -> Option<Named> {
    in_path(path).map(|(_, found)| found)
}

/// The innermost container of a path with the one around it, else the service, and how deep in the path that is.
fn in_path(path: &[u8]) -> Option<(usize, Named)> {
    let names: Vec<_> = path.split(|&byte| byte == b'/').filter(|name| !name.is_empty()).collect();
    let mut found =
        (0..names.len()).rev().filter_map(|depth| Some((depth, in_name(names[depth], &names[..depth])?)));
    let Some((depth, innermost)) = found.next() else { return service_in(&names) };
    // Podman's pods have ids too, and may have a folder around those of their containers.
    let is_pod = |depth: &usize| depth.checked_sub(1).is_some_and(|above| names[above] == b"libpod_parent");
    let parent = found.find(|(depth, named)| named.id != innermost.id && !is_pod(depth));
    Some((depth, Named { parent: parent.map(|(_, named)| named.id), ..innermost }))
}

/// What engines put before the id in a cgroup's name. An engine's monitor of a container (`libpod-conmon-…`) is
/// told from the container by what follows not being an id alone.
const PREFIXES: [(&[u8], &str); 6] = [
    (b"docker-", "docker"),
    // In the cgroup of the service that started it.
    (b"libpod-payload-", "podman"),
    (b"libpod-", "podman"),
    (b"cri-containerd-", "containerd"),
    (b"nerdctl-", "containerd"),
    (b"crio-", "cri-o"),
];

/// The container that one component of a path names.
fn in_name(name: &[u8], above: &[&[u8]]) -> Option<Named> {
    let parent = above.last().copied().unwrap_or_default();
    let scope = name.strip_suffix(b".scope");
    let bare = scope.unwrap_or(name);

    if is_id(bare) {
        return Some(named(bare, runtime_of_parent(parent)));
    }
    let prefixed = |&(prefix, runtime): &(&[u8], _)| {
        bare.strip_prefix(prefix).filter(|id| is_id(id)).map(|id| named(id, Some(runtime)))
    };
    if let Some(found) = PREFIXES.iter().find_map(prefixed) {
        return Some(found);
    }
    // `kubepods-….slice:cri-containerd:ID`: the form meant for systemd, where the engine does not use it.
    let mut parts = name.rsplitn(3, |&byte| byte == b':');
    if let (Some(id), Some(engine), Some(_)) = (parts.next(), parts.next(), parts.next())
        && is_id(id)
    {
        return Some(named(id, runtime_of_word(engine)));
    }
    if let Some(container) = name.strip_prefix(b"lxc.payload.")
        && !container.is_empty()
    {
        return Some(named(container, Some("lxc")));
    }
    if parent == b"lxc" || parent == b"lxc.payload" {
        return Some(named(name, Some("lxc")));
    }
    machine(name, scope, parent)
}

/// The machine that systemd-nspawn runs. Virtual machines register themselves in the same place.
fn machine(name: &[u8], scope: Option<&[u8]>, parent: &[u8]) -> Option<Named> {
    let service = name.strip_suffix(b".service").and_then(|name| name.strip_prefix(b"systemd-nspawn@"));
    let scope = scope.filter(|_| parent == b"machine.slice").and_then(|name| name.strip_prefix(b"machine-"));
    let machine = service.or(scope).filter(|name| !name.is_empty())?;
    let virtual_machine = [&b"qemu\\x2d"[..], b"lxc\\x2d"].iter().any(|prefix| machine.starts_with(prefix));
    (!virtual_machine).then(|| named(&unescaped(machine), Some("systemd-nspawn")))
}

fn named(id: &[u8], runtime: Option<&str>) -> Named {
    Named {
        id: ContainerId(Text::from_bytes(id)),
        runtime: runtime.map(Text::from),
        name: None,
        parent: None,
    }
}

/// The engine, where the id stands alone and the folder above tells.
fn runtime_of_parent(parent: &[u8]) -> Option<&'static str> {
    match parent {
        b"docker" => Some("docker"),
        b"libpod_parent" => Some("podman"),
        _ => None,
    }
}

fn runtime_of_word(word: &[u8]) -> Option<&'static str> {
    match word {
        b"docker" => Some("docker"),
        b"libpod" => Some("podman"),
        b"cri-containerd" | b"nerdctl" => Some("containerd"),
        b"crio" => Some("cri-o"),
        _ => None,
    }
}

/// Whether this is an id as the engines make them: 64 hexadecimal digits.
fn is_id(name: &[u8]) -> bool {
    name.len() == 64 && name.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use proptest::prelude::*;

    use super::*;

    const A: &str = "3ab5a35a8bd4e6d3f7a1b9e4c6d8f0a2b4c6d8e0f1a3b5c7d9e1f3a5b7c9d1e3";
    const B: &str = "f00dfacef00dfacef00dfacef00dfacef00dfacef00dfacef00dfacef00dface";

    /// The text of `/proc/PID/cgroup` (`A` and `B` stand for ids), and what it tells: the id and the engine.
    type Line = (&'static str, Option<(&'static str, Option<&'static str>)>);

    const TABLE: &[Line] = &[
        // Docker: cgroup v2 with systemd, v2 with cgroupfs, v1, hybrid.
        ("0::/system.slice/docker-A.scope", Some(("A", Some("docker")))),
        ("0::/docker/A", Some(("A", Some("docker")))),
        (
            "12:pids:/docker/A\n11:cpuset:/docker/A\n1:name=systemd:/docker/A\n0::/system.slice/containerd.service",
            Some(("A", Some("docker"))),
        ),
        ("9:name=systemd:/\n8:pids:/\n4:memory:/docker/A\n1:cpu:/\n0::/", Some(("A", Some("docker")))),
        (
            "0::/user.slice/user-1000.slice/user@1000.service/user.slice/docker-A.scope",
            Some(("A", Some("docker"))),
        ),
        (
            "10:net_prio:/A\n9:perf_event:/A\n8:blkio:/A\n7:net_cls:/A\n6:freezer:/A\n5:devices:/A\n4:memory:/A",
            Some(("A", None)),
        ),
        (
            "10:devices:/system.slice/docker-A.scope\n2:cpuacct,cpu:/system.slice/docker-A.scope\n1:name=systemd:/system.slice/docker-A.scope",
            Some(("A", Some("docker"))),
        ),
        // systemd inside a container; a reader in a cgroup namespace of its own.
        ("0::/system.slice/docker-A.scope/system.slice/nginx.service", Some(("A", Some("docker")))),
        ("0::/../../system.slice/docker-A.scope", Some(("A", Some("docker")))),
        // Docker in Docker: the innermost.
        ("0::/docker/A/docker/B", Some(("B", Some("docker")))),
        ("2:cpu:/docker/A\n1:name=systemd:/docker/A/docker/B\n0::/", Some(("B", Some("docker")))),
        // A parent of the user's choice: the id alone.
        ("0::/my-limits/A", Some(("A", None))),
        ("0::/ecs/0123456789abcdef/A", Some(("A", None))),
        // Podman: root and rootless, with systemd and with cgroupfs; its monitor belongs to the host.
        ("0::/machine.slice/libpod-A.scope/container", Some(("A", Some("podman")))),
        (
            "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-A.scope",
            Some(("A", Some("podman"))),
        ),
        ("0::/machine.slice/machine-libpod_pod_B.slice/libpod-A.scope", Some(("A", Some("podman")))),
        ("0::/libpod_parent/libpod-A", Some(("A", Some("podman")))),
        ("0::/libpod_parent/B/libpod-A", Some(("A", Some("podman")))),
        ("0::/system.slice/shop.service/libpod-payload-A", Some(("A", Some("podman")))),
        (
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/shop.service/libpod-payload-A/init.scope",
            Some(("A", Some("podman"))),
        ),
        ("0::/machine.slice/libpod-conmon-A.scope", None),
        ("0::/user.slice/user-1000.slice/user@1000.service/user.slice/podman-4711.scope", None),
        // Kubernetes: containerd, CRI-O and the plain path of either.
        (
            "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1234_5678.slice/cri-containerd-A.scope",
            Some(("A", Some("containerd"))),
        ),
        (
            "0::/system.slice/containerd.service/kubepods-besteffort-pod1234.slice:cri-containerd:A",
            Some(("A", Some("containerd"))),
        ),
        ("11:memory:/kubepods/besteffort/pod01234567-89ab-cdef-0123-456789abcdef/A", Some(("A", None))),
        (
            "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/crio-A.scope",
            Some(("A", Some("cri-o"))),
        ),
        ("0::/kubepods/besteffort/pod1/crio-A", Some(("A", Some("cri-o")))),
        (
            "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/crio-A.scope/container",
            Some(("A", Some("cri-o"))),
        ),
        // Kubernetes in a container.
        (
            "0::/docker/A/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod1.slice/cri-containerd-B.scope",
            Some(("B", Some("containerd"))),
        ),
        ("0::/kubepods.slice/kubepods-pod1.slice/crio-conmon-A.scope", None),
        ("0::/kubepods.slice/kubepods-pod1.slice", None),
        ("0::/system.slice/nerdctl-A.scope", Some(("A", Some("containerd")))),
        // LXC, LXD, Proxmox; a monitor; Docker inside.
        ("0::/lxc.payload.web-1", Some(("web-1", Some("lxc")))),
        ("0::/lxc.payload.web-1/system.slice/nginx.service", Some(("web-1", Some("lxc")))),
        ("10:devices:/lxc/web-1\n0::/lxc/web-1/init.scope", Some(("web-1", Some("lxc")))),
        ("0::/lxc/101/ns/init.scope", Some(("101", Some("lxc")))),
        ("0::/lxc.monitor.web-1", None),
        ("0::/lxc", None),
        ("0::/lxc.payload.web-1/docker/A", Some(("A", Some("docker")))),
        // systemd-nspawn, by unit and by scope; virtual machines.
        (
            "0::/machine.slice/systemd-nspawn@web\\x2d1.service/payload/init.scope",
            Some(("web-1", Some("systemd-nspawn"))),
        ),
        ("0::/machine.slice/machine-deb\\x2d12.scope/payload", Some(("deb-12", Some("systemd-nspawn")))),
        ("0::/machine.slice/machine-qemu\\x2d1\\x2dwin.scope/libvirt", None),
        // The host.
        ("0::/user.slice/user-1000.slice/session-3.scope", None),
        ("0::/init.scope", None),
        ("0::/", None),
        ("9:name=systemd:/\n4:memory:/process_api/ffb80f664ac8585c978610c3fd29a24a\n0::/", None),
        ("", None),
        // A name of anybody's choice.
        ("0::/lxc/evil\u{1b}[31m", Some(("evil\\x1b[31m", Some("lxc")))),
    ];

    #[test]
    fn paths_tell_containers() {
        for (text, expected) in TABLE {
            let text = text.replace('A', A).replace('B', B);
            let found = container_of(text.as_bytes());
            let found = found.as_ref().map(|found| (found.id.0.as_str(), found.runtime.as_deref()));
            let expected = expected.map(|(id, runtime)| {
                let id = match id {
                    "A" => A,
                    "B" => B,
                    name => name,
                };
                (id, runtime)
            });
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn the_container_around_is_the_parent() {
        for (text, parent) in [
            ("0::/docker/A/docker/B", Some("A")),
            (
                "0::/system.slice/docker-A.scope/kubelet.slice/kubelet-kubepods-pod1.slice/cri-containerd-B.scope",
                Some("A"),
            ),
            ("0::/lxc.payload.web-1/docker/B", Some("web-1")),
            ("2:cpu:/docker/A\n1:name=systemd:/docker/A/docker/B\n0::/", Some("A")),
            // Three: the next one counts.
            ("0::/lxc.payload.web-1/docker/A/docker/B", Some("A")),
            ("0::/docker/B", None),
            ("0::/docker/B/docker-B.scope", None),
            // A pod, a slice and a service are none.
            ("0::/libpod_parent/A/libpod-B", None),
            ("0::/machine.slice/machine-libpod_pod_A.slice/libpod-B.scope", None),
            ("0::/system.slice/shop.service/libpod-payload-B", None),
        ] {
            let text = text.replace('A', A).replace('B', B);
            let found = container_of(text.as_bytes()).unwrap();
            assert_eq!(found.id.0.as_str(), B, "{text}");
            let parent = parent.map(|parent| parent.replace('A', A));
            assert_eq!(found.parent.map(|parent| parent.0.to_string()), parent, "{text}");
        }
    }

    #[test]
    fn an_id_has_64_small_hexadecimal_digits() {
        assert_eq!(container_of(format!("0::/docker/{}", &A[1..]).as_bytes()), None);
        assert_eq!(container_of(format!("0::/docker/{}", A.to_uppercase()).as_bytes()), None);
        assert_eq!(container_of(format!("0::/docker/{A}0").as_bytes()), None);
    }

    #[test]
    fn changed_files_do_no_harm() {
        crate::fuzz::run("cgroup", 64, |file| {
            let found = container_of(file);
            // A line that names no container changes nothing, wherever it is.
            let around = [b"0::/init.scope\n", file, b"\n0::/\n"].concat();
            assert_eq!(container_of(&around), found);
            if let Some(found) = found {
                let is_service = found.is_service();
                let Named { id, runtime, name, parent } = found;
                assert!(!id.0.is_empty() && !id.0.contains('\n'), "{id:?}");
                assert_eq!(id.0.contains('/'), is_service, "{id:?}");
                assert_eq!(name.is_some_and(|name| name.ends_with(".service")), is_service, "{id:?}");
                assert_ne!(Some(&id), parent.as_ref());
                // An engine of ids makes no others.
                if runtime
                    .as_deref()
                    .is_none_or(|runtime| !matches!(runtime, "lxc" | "systemd-nspawn" | "systemd"))
                {
                    assert!(is_id(id.0.as_bytes()), "{id:?}");
                }
            }
        });
    }

    proptest! {
        #[test]
        fn no_text_ends_the_program(bytes: Vec<u8>) {
            let _ = container_of(&bytes);
        }

        #[test]
        fn no_path_ends_the_program(path in "(/|:|\\\\x|2|machine-|machine.slice|.scope|.service|user@|_|lxc|docker-|[a-f]{64}){0,12}") {
            let _ = container_of_path(path.as_bytes());
        }
    }
}
