//! The program as scripts meet it: exit status, which stream says what, closed pipes.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command, Output, Stdio};

fn scopetop(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scopetop"));
    // Whoever runs the tests may have a configuration.
    command.args(arguments).stdin(Stdio::null()).env("XDG_CONFIG_HOME", "/nonexistent");
    command
}

fn output(arguments: &[&str]) -> Output {
    scopetop(arguments).output().unwrap()
}

#[test]
fn help_and_version_are_answers() {
    for arguments in [&["--help"] as &[&str], &["-h"], &["events", "--help"], &["--version"]] {
        let output = output(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(output.stdout.ends_with(b"\n") && output.stderr.is_empty(), "{output:?}");
    }
    let version = String::from_utf8(output(&["--version"]).stdout).unwrap();
    assert_eq!(version, concat!("scopetop ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_wrong_command_line_is_status_2_and_one_line() {
    for (arguments, line) in [
        (&["--filter", "pid=1 and prt=80"] as &[&str], "scopetop: --filter: column 11: "),
        (&["snapshot", "--filter", "port="], "scopetop: --filter: column 6: "),
        (&["--tick", "0"], "scopetop: --tick: '0' is not a whole number of milliseconds from 50 to 3600000"),
        (&["events", "--for", "soon"], "scopetop: --for: 'soon' is not a number of seconds"),
        (
            &["snapshot", "--format", "yaml"],
            "scopetop: --format: unknown value 'yaml', expected one of: json, table, dot",
        ),
        (&["evnts"], "scopetop: unknown command 'evnts', did you mean 'events'?"),
        (&["--bakend", "proc"], "scopetop: unknown argument '--bakend', did you mean '--backend'?"),
    ] {
        let output = output(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.starts_with(line), "{arguments:?}: {told}");
        assert_eq!(told.matches('\n').count(), 1, "{told}");
    }
}

/// A file of this test alone.
fn file(name: &str, text: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("scopetop-{name}-{}.toml", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_wrong_configuration_is_status_2_and_a_line_for_each_mistake() {
    let path = file("wrong", "colur = 'none'\ntick = 5\n[keys]\npause = 'q'\n");
    let output = output(&["--config", path.to_str().unwrap(), "snapshot"]);
    let told = String::from_utf8(output.stderr).unwrap().replace(path.to_str().unwrap(), "FILE");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(output.stdout.is_empty());
    assert_eq!(
        told,
        "scopetop: FILE:1:1: there is no setting `colur`; did you mean `colour`?\n\
         scopetop: FILE:2:8: expected a whole number from 50 to 3600000 (milliseconds), not 5\n\
         scopetop: FILE:4:9: `q` is already `quit`; give that other keys, or none: quit = []\n"
    );
}

#[test]
fn the_users_own_configuration_is_found_and_can_be_left_out() {
    let folder = std::env::temp_dir().join(format!("scopetop-xdg-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("scopetop")).unwrap();
    std::fs::write(folder.join("scopetop/config.toml"), "tick = 1").unwrap();
    let status = |arguments: &[&str]| {
        let output = scopetop(arguments).env("XDG_CONFIG_HOME", &folder).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, told) = status(&["doctor"]);
    assert!(code == Some(2) && told.contains("scopetop/config.toml:1:8: "), "{told}");
    assert_eq!(status(&["doctor", "--no-config"]).0, Some(0));
    // What mends it works in any case.
    for command in [&["config"] as &[&str], &["man"], &["completions", "bash"], &["--help"]] {
        assert_eq!(status(command).0, Some(0), "{command:?}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_is_printed_to_be_kept_can_be_used() {
    let printed = String::from_utf8(output(&["config"]).stdout).unwrap();
    let path = file("printed", &printed);
    let checked = output(&["--config", path.to_str().unwrap(), "doctor"]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = String::from_utf8(output(&["completions", shell]).stdout).unwrap();
        assert!(script.contains("snapshot") && script.contains("no-config"), "{shell}: {script}");
    }
    let man = output(&["man"]);
    assert!(
        man.status.success() && man.stdout.starts_with(b".ie"),
        "{}",
        String::from_utf8_lossy(&man.stdout)
    );
}

#[test]
fn what_was_typed_comes_back_harmless() {
    for argument in [&b"\x1b[31m\xe2\x80\xae"[..], b"\xff\x07"] {
        for option in [&[][..], &["--filter"], &["--tick"]] {
            let output = scopetop(option).arg(OsStr::from_bytes(argument)).output().unwrap();
            let told = String::from_utf8(output.stderr).unwrap();
            let raw = told
                .chars()
                .any(|character| character.is_control() && character != '\n' || character == '\u{202e}');
            assert!(!raw, "{told:?}");
            // A bare word is a filter, whatever is in it.
            if option != ["--filter"] {
                assert_eq!(output.status.code(), Some(2), "{told}");
            }
        }
    }
}

#[test]
fn a_closed_pipe_is_a_normal_end() {
    for arguments in [&["--help"] as &[&str], &["--version"], &["doctor"], &["doctor", "--format", "json"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = scopetop(arguments).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
    }
}

#[test]
fn a_full_disk_is_told() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = scopetop(&["--help"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("scopetop: cannot write to standard output: "), "{told}");
}

#[test]
fn the_doctor_always_answers() {
    let output = output(&["doctor", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema"], "scopetop-doctor/1");
    assert!(report["steps"].is_array());
    for field in ["host", "kernel", "privileged"] {
        assert!(report.get(field).is_some(), "{field}");
    }
}

#[test]
fn what_cannot_be_replayed_is_told_in_one_line() {
    let folder = std::env::temp_dir();
    let foreign = folder.join(format!("scopetop-foreign-{}", std::process::id()));
    std::fs::write(&foreign, "\x1b[2J a text").unwrap();
    let (foreign, folder) = (foreign.to_str().unwrap(), folder.to_str().unwrap());
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/demo.scopetop");
    for (arguments, told) in [
        (&["replay", foreign] as &[&str], "it is not a recording of scopetop"),
        (&["snapshot", "--replay", foreign], "it is not a recording of scopetop"),
        (&["replay", folder], "it is not a file"),
        (&["replay", "/dev/null"], "it is not a file"),
        (&["replay", "/nowhere/\x1b[31m"], "it cannot be read: No such file"),
        (&["replay", demo], "the live screen needs a terminal: standard output is not a terminal"),
        (&["replay", "--demo"], "the live screen needs a terminal: standard output is not a terminal"),
    ] {
        let output = output(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        let line = String::from_utf8(output.stderr.clone()).unwrap();
        assert!(line.starts_with("scopetop: ") && line.contains(told), "{arguments:?}: {line}");
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        assert!(!line.contains('\x1b'), "{line:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
    std::fs::remove_file(foreign).unwrap();
}

#[test]
fn a_recording_is_printed_in_every_format_without_a_kernel() {
    const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/demo.scopetop");
    let printed = |words: &[&str]| {
        let output = output(&[&["snapshot", "--replay", DEMO], words].concat());
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    for (format, begin) in [
        ("json", "{\"schema\""),
        ("table", "web-01"),
        ("dot", "digraph"),
        ("mermaid", "---\ntitle"),
        ("svg", "<svg"),
    ] {
        let (code, out, told) = printed(&["--format", format, "--at", "0:30"]);
        assert_eq!((code, told.as_str()), (Some(0), ""), "{format}");
        assert!(out.starts_with(begin), "{format}: {out}");
    }
    let json = |words: &[&str]| {
        let (_, out, told) = printed(words);
        serde_json::from_str::<serde_json::Value>(&out).unwrap_or_else(|error| panic!("{error}: {told}"))
    };
    let taken_at = |words: &[&str]| json(words)["taken_at"].as_str().unwrap().to_owned();
    let (first, last) = (taken_at(&["--at", "0"]), taken_at(&[]));
    assert!(first < last && last == taken_at(&["--at", "-0"]), "{first} {last}");
    assert_eq!(taken_at(&["--at", &first]), first);
    assert!(!json(&[])["connections"].as_array().unwrap().is_empty());
    assert!(json(&["--filter", "comm=nothing-like-it"])["connections"].as_array().unwrap().is_empty());
    let (code, out, told) = printed(&["--at", "59:00"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(
        told.starts_with("scopetop: --at: ")
            && told.contains("demo.scopetop is ")
            && told.ends_with(" long\n")
    );
}
