//! The contract of the command line: exit status, which stream, how many lines.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use scopetop_lab::actor::{Actor, one_shot, runs};
use scopetop_lab::binary::{Outcome, command, run};
use scopetop_lab::{require, wait};
use serde_json::Value;

/// Checks that a command line was refused in one line.
fn refused(arguments: &[&str]) -> Outcome {
    let outcome = run(arguments);
    assert_eq!(outcome.status.code(), Some(2), "{arguments:?}: {outcome:?}");
    assert!(outcome.stdout.is_empty(), "{arguments:?}: {outcome:?}");
    assert_eq!(outcome.complaints().len(), 1, "{arguments:?}: {outcome:?}");
    outcome
}

#[test]
fn a_wrong_option_is_refused_in_one_line() {
    for (wrong, part) in [
        ("--tick 0", "0"),
        ("--tick -5", "-5"),
        ("--tick 1.5", "1.5"),
        ("--tick soon", "soon"),
        ("--tick 99999999999999999999999", "99999999999999999999999"),
        ("--backend magic", "magic"),
        ("--nonsense", "--nonsense"),
        ("dance", "dance"),
        ("snapshot --for -1", "-1"),
        ("snapshot --for NaN", "NaN"),
        ("snapshot --for inf", "inf"),
        ("snapshot --for 1e300", "1e300"),
        ("snapshot --for ten", "ten"),
        ("snapshot --format xml", "xml"),
        ("snapshot extra", "extra"),
        ("events --format json", "json"),
        ("events --for", "--for"),
        ("doctor --format table", "table"),
        ("--tick", "--tick"),
    ] {
        let arguments: Vec<&str> = wrong.split(' ').collect();
        let outcome = refused(&arguments);
        assert!(outcome.stderr.contains(part), "{wrong}: {}", outcome.stderr);
    }
}

#[test]
fn a_wrong_filter_is_refused_with_its_column() {
    for command in ["snapshot", "events"] {
        for (wrong, column) in [
            ("port=80 and", 12),
            ("port=eighty", 6),
            ("(port=80", 1),
            ("port=80 and pord=81", 13),
            ("comm~[", 6),
            ("ip=10.0.0.0/99", 4),
        ] {
            let outcome = refused(&[command, "--filter", wrong]);
            let said = format!("column {column}");
            assert!(outcome.stderr.contains(&said), "{wrong}: not {said}: {}", outcome.stderr);
        }
    }
    // The nearest key is offered.
    let said = refused(&["snapshot", "--filter", "contaner=web"]).stderr;
    assert!(said.contains("container"), "{said}");
}

#[test]
fn help_and_version_are_output() {
    for (option, part) in [("--help", "snapshot"), ("--version", env!("CARGO_PKG_VERSION"))] {
        let outcome = run(&[option]).succeeded();
        assert!(outcome.text().contains(part), "{}", outcome.text());
        assert!(outcome.stderr.is_empty(), "{}", outcome.stderr);
    }
}

#[test]
fn machine_formats_are_alone_on_standard_output() {
    let outcome = run(&["snapshot", "--format", "json", "--for", "0"]).succeeded();
    serde_json::from_slice::<Value>(&outcome.stdout).expect("one JSON value");
    let outcome = run(&["snapshot", "--format", "dot", "--for", "0"]).succeeded();
    assert!(outcome.text().trim_start().starts_with("digraph"), "{}", outcome.text());
    assert!(outcome.text().trim_end().ends_with('}'), "{}", outcome.text());
    let outcome = run(&["snapshot", "--format", "table", "--for", "0"]).succeeded();
    assert!(!outcome.text().is_empty());
}

#[test]
fn the_doctor_always_answers() {
    let text = run(&["doctor"]).succeeded();
    assert!(!text.text().is_empty());
    let json = run(&["doctor", "--format", "json"]).succeeded();
    assert!(serde_json::from_slice::<Value>(&json.stdout).expect("one JSON value").is_object());
}

#[test]
fn on_a_kernel_with_all_of_ebpf_the_doctor_chooses_the_best_ways() {
    require!(Ebpf);
    // A program that the verifier refuses would go unnoticed: what is second best shows nearly the same.
    let doctor: Value =
        serde_json::from_slice(&run(&["doctor", "--format", "json"]).succeeded().stdout).unwrap();
    let chosen = |part: &str| -> Vec<&str> {
        let steps = doctor["steps"].as_array().unwrap().iter();
        let ways = steps.filter(|step| step["part"] == part && step["outcome"] == "chosen");
        ways.map(|step| step["way"].as_str().unwrap()).collect()
    };
    assert_eq!(chosen("types"), ["btf"], "{doctor:#}");
    assert_eq!(chosen("events"), ["tp_btf"], "{doctor:#}");
    assert_eq!(chosen("scan"), ["iter"], "{doctor:#}");
    assert!(["fexit", "sock_length"].map(|way| vec![way]).contains(&chosen("owners")), "{doctor:#}");
    assert_eq!(chosen("unix"), ["sock_length"], "{doctor:#}");
}

#[test]
fn a_reader_that_is_gone_is_a_normal_end_of_a_snapshot() {
    for format in ["json", "table", "dot"] {
        // As `| head -0` does.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut snapshot = command(&["snapshot", "--format", format, "--for", "0"]);
        let output =
            snapshot.stdout(writer).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{format}: {output:?}");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{format}: {output:?}");
    }
}

#[test]
fn a_reader_that_leaves_is_a_normal_end_of_events() {
    require!(Ebpf);
    let mut server = Actor::here();
    let address = server.listens("listener", "127.0.0.1:0");
    server.begin("serve listener 1000000 1");
    let mut child = command(&["events", "--format", "ndjson"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // As `| head -1` does.
    let output = child.stdout.take().unwrap();
    let first = std::thread::spawn(move || {
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).unwrap();
        line
    });
    let connect = format!("connect end {address}");
    let status = wait::until("the end of scopetop", || {
        runs(one_shot(None), &[&connect, "send end 1", "receive end 1", "reset end"]);
        child.try_wait().unwrap()
    });
    assert_eq!(status.code(), Some(0));
    let first: Value = serde_json::from_str(&first.join().unwrap()).expect("an event");
    assert!(first["kind"].is_string(), "{first}");
}
