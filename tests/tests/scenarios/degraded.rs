//! A kernel that does not tell its types, or tells nonsense: the next way is taken, and the reason is told.

use std::fs;
use std::io::Read as _;
use std::process::Command;

use scopetop_lab::binary::{self, Outcome, finish, mortal};
use scopetop_lab::picture::Picture;
use scopetop_lab::require;
use scopetop_lab::world::Namespace;
use serde_json::Value;

use crate::{ACTOR, Pair};

const TYPES: &str = "/sys/kernel/btf/vmlinux";

/// Runs scopetop where the kernel's types are these bytes: in a mount namespace of its own.
fn with_types(types: &[u8], name: &str, arguments: &[&str]) -> Outcome {
    let file = std::env::temp_dir().join(format!("scopetop-types-{}-{name}", std::process::id()));
    fs::write(&file, types).unwrap();
    let script = format!("mount --bind \"$1\" {TYPES} && shift && exec \"$@\"");
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--propagation", "private", "sh", "-c", &script, "sh"]);
    unshare.arg(&file).arg(binary::path());
    let outcome = finish(mortal(unshare, arguments));
    fs::remove_file(&file).unwrap();
    outcome
}

/// The step of the report that was refused for this part.
fn refusal(outcome: &Outcome, part: &str) -> String {
    let report: Value = serde_json::from_slice(&outcome.stdout).unwrap();
    let steps = report["steps"].as_array().unwrap();
    let refused = steps.iter().find(|step| step["part"] == part && step["outcome"] == "refused");
    refused.unwrap_or_else(|| panic!("{part} was not refused: {report:#}"))["reason"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// The first bytes of the kernel's types, or all.
fn types(length: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    fs::File::open(TYPES).unwrap().take(length).read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn types_that_are_missing_cut_short_or_nonsense_are_told_in_doctor() {
    require!(Root, Ebpf);
    let cut = types(1 << 20);
    let mut foreign = types(1 << 16);
    foreign.rotate_left(7);
    let doctor = ["doctor", "--format", "json"];
    for (types, name, word) in
        [(&[][..], "none", "cut short"), (&cut, "cut", "cut short"), (&foreign, "foreign", "not BTF")]
    {
        let reason = refusal(&with_types(types, name, &doctor).succeeded(), "types");
        assert!(reason.contains(word), "{name}: {reason}");
    }
    // The control: with all of it nothing is refused.
    let whole = with_types(&types(u64::MAX), "whole", &doctor).succeeded();
    let report: Value = serde_json::from_slice(&whole.stdout).unwrap();
    let chosen = |part: &str| {
        let steps = report["steps"].as_array().unwrap();
        steps
            .iter()
            .any(|step| step["part"] == part && step["outcome"] == "chosen" && step["way"] != "listener")
    };
    assert!(chosen("types") && chosen("events") && chosen("scan"), "{report:#}");
}

#[test]
fn without_types_the_scan_shows_what_is_held() {
    require!(Namespaces, Ebpf);
    let namespace = Namespace::anonymous().unwrap();
    let pair = Pair::connected(Some(&namespace), "127.0.0.1:64990");
    let outcome = with_types(&[], "held", &["snapshot", "--format", "json", "--for", "0"]).succeeded();
    // What is missing, why, and what to do about it: a line each.
    let told = |words: &str| outcome.stderr.lines().filter(|line| line.contains(words)).count();
    let words = ["note: not shown: ", "cut short", "note: to see it, use a kernel"];
    assert_eq!(words.map(told), [1; 3], "{}", outcome.stderr);
    let picture = Picture(serde_json::from_slice(&outcome.stdout).unwrap());
    assert_eq!(picture.0["source"]["events"], "none");
    let filter = format!("netns={}", namespace.inode());
    let outcome =
        with_types(&[], "filtered", &["snapshot", "--format", "json", "--for", "0", "--filter", &filter]);
    let picture = Picture(serde_json::from_slice(&outcome.succeeded().stdout).unwrap());
    let [connection] = picture.0["connections"].as_array().unwrap().as_slice() else {
        panic!("not one connection: {:#}", picture.0)
    };
    picture.assert_owner(&connection["client"], pair.client.pid(), ACTOR);
    picture.assert_owner(&connection["server"], pair.server.pid(), ACTOR);
}

#[test]
fn ebpf_alone_fails_with_the_reason_where_there_are_no_types() {
    require!(Root, Ebpf);
    let outcome = with_types(&[], "alone", &["snapshot", "--for", "0", "--backend", "ebpf"]);
    assert_eq!(outcome.status.code(), Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains("BTF"), "{outcome:?}");
    assert_eq!(outcome.complaints().len(), 1, "{outcome:?}");
}
