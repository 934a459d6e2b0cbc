//! What a test needs of the machine, and the loud skip where the machine does not have it.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::cgroup::Cgroup;
use crate::world::Namespace;
use crate::{binary, bpf};

/// Set (to anything) where every test must run, as in CI: a skip is a failure there.
pub const REQUIRE: &str = "SCOPETOP_REQUIRE_ROOT";

/// Something that not every machine offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The user is root.
    Root,
    /// Network namespaces can be made, named and wired together with `ip`.
    Namespaces,
    /// Packets can be filtered and translated with `nft`.
    Nft,
    /// eBPF programs can be loaded with type information of the kernel.
    Ebpf,
    /// The datagrams of UDP can be seen, whether their sockets are connected or not.
    Datagrams,
    /// Cgroups can be made where cgroup v2 is mounted.
    Cgroups,
}

impl Need {
    /// Why the machine does not offer it; `None` where it does.
    pub fn missing(self) -> Option<String> {
        match self {
            Self::Root => {
                (!rustix::process::geteuid().is_root()).then(|| String::from("this user is not root"))
            }
            Self::Namespaces => Self::Root.missing().or_else(|| {
                if let Err(error) = Namespace::anonymous() {
                    return Some(format!("no network namespace can be made: {error}"));
                }
                let ip = Command::new("ip").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
                ip.err().map(|error| format!("the command ip (package iproute2) does not run: {error}"))
            }),
            Self::Datagrams => Self::Ebpf.missing().or_else(|| {
                let doctor = binary::run(&["doctor", "--format", "json"]).succeeded();
                let report: Value = serde_json::from_str(doctor.text()).unwrap_or_default();
                let steps = report["steps"].as_array().cloned().unwrap_or_default();
                let refused =
                    steps.into_iter().find(|step| step["part"] == "udp" && step["outcome"] == "refused");
                refused.map(|step| format!("UDP: {}", step["reason"]))
            }),
            Self::Cgroups => Self::Root.missing().or_else(|| {
                Cgroup::make("need.scope").err().map(|error| format!("no cgroup can be made: {error}"))
            }),
            Self::Nft => Self::Namespaces.missing().or_else(|| {
                let namespace = match Namespace::anonymous() {
                    Ok(namespace) => namespace,
                    Err(error) => return Some(format!("no network namespace can be made: {error}")),
                };
                let rules =
                    "add table ip lab; add chain ip lab post { type nat hook postrouting priority 100; };";
                namespace.nft(rules).err().map(|error| format!("the command nft (package nftables): {error}"))
            }),
            Self::Ebpf => Self::Root.missing().or_else(|| {
                if let Err(error) = fs::metadata("/sys/kernel/btf/vmlinux") {
                    return Some(format!("/sys/kernel/btf/vmlinux: {error}"));
                }
                bpf::available().err().map(|error| format!("the system call bpf is refused: {error}"))
            }),
        }
    }
}

/// Ends the calling test, loudly and by name, where the machine lacks something it needs.
///
/// ```no_run
/// # fn test() {
/// scopetop_lab::require!(Root, Namespaces);
/// # }
/// ```
#[macro_export]
macro_rules! require {
    ($($need:ident),+ $(,)?) => {{
        fn here() {}
        let missing = [$($crate::need::Need::$need),+].into_iter().find_map($crate::need::Need::missing);
        if let Some(reason) = missing {
            let name = std::any::type_name_of_val(&here);
            $crate::need::skip(name.strip_suffix("::here").unwrap_or(name), &reason);
            return;
        }
    }};
}

/// Says that the test `name` does not run, on standard error (past the test runner's capture) and in
/// [`summary_file`].
///
/// # Panics
/// Where [`REQUIRE`] is set: no test may be skipped there.
pub fn skip(name: &str, reason: &str) {
    assert!(std::env::var_os(REQUIRE).is_none(), "{name} cannot run here and {REQUIRE} is set: {reason}");
    let mut line = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(line, "SKIPPED {name}: {reason}");
    // One write each, so that lines of tests that run at the same time do not mix. The handle is used directly
    // because `eprintln!` would be captured, and a test that passes shows nothing of it.
    let _ = io::stderr().write_all(line.as_bytes());
    let file = summary_file();
    let written = fs::OpenOptions::new().append(true).create(true).open(&file);
    if let Err(error) = written.and_then(|mut summary| summary.write_all(line.as_bytes())) {
        let _ = writeln!(io::stderr(), "SKIPPED {name}: cannot be noted in {}: {error}", file.display());
    }
}

/// `target/scopetop-skipped.txt`: one line for each skipped test. It only grows; whoever wants the skips of one run
/// removes it before.
pub fn summary_file() -> PathBuf {
    binary::target_directory().join("scopetop-skipped.txt")
}
