//! `--no-args`: what a process was started with is in no output.

use std::os::unix::process::CommandExt as _;

use scopetop_lab::actor::{Actor, one_shot};
use scopetop_lab::binary::{Events, run};
use scopetop_lab::require;
use serde_json::Value;

use crate::Pair;

/// An argument that must not get out.
const SECRET: &str = "--password=qxzqhunter2";

/// A pair whose client was started with the secret.
fn secretive() -> Pair {
    let mut client = one_shot(None);
    client.arg0(SECRET);
    Pair::between(Actor::start(client), Actor::here(), "127.0.0.1:0")
}

/// What a snapshot prints of the pair.
fn printed(pair: &Pair, format: &str, more: &[&str]) -> String {
    let filter = format!("port={}", pair.server_address.port());
    let arguments = ["snapshot", "--for", "0", "--format", format, "--filter", &filter];
    run(&[&arguments, more].concat()).succeeded().text().to_owned()
}

#[test]
fn arguments_are_in_no_format_of_a_snapshot() {
    let pair = secretive();
    assert!(printed(&pair, "json", &[]).contains(SECRET), "it would be there");
    for backend in ["auto", "proc"] {
        for format in ["json", "table", "dot"] {
            let text = printed(&pair, format, &["--no-args", "--backend", backend]);
            assert!(text.contains(&pair.client.pid().to_string()), "{format}: {text}");
            assert!(!text.contains("qxzq"), "{format}: {text}");
        }
    }
}

#[test]
fn a_filter_does_not_find_them() {
    let pair = secretive();
    let filters: [&[&str]; 2] = [&["--filter", "cmdline~qxzq"], &["--filter", "qxzqhunter2"]];
    for filter in filters {
        assert!(printed(&pair, "json", filter).contains(SECRET), "{filter:?}");
        let text = printed(&pair, "json", &[filter, &["--no-args"]].concat());
        let picture: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(picture["connections"], serde_json::json!([]), "{filter:?}");
        assert!(!text.contains("qxzq"), "{filter:?}: {text}");
    }
}

#[test]
fn no_event_is_found_by_them() {
    require!(Ebpf);
    for (arguments, found) in [(&[] as &[&str], true), (&["--no-args"], false)] {
        let mut events = Events::ready(&[&["--filter", "cmdline~qxzq or comm=marker"], arguments].concat());
        let pair = secretive();
        // What is told after it: then it has been told, or never is.
        let mut marker = Actor::here();
        marker.does("name 6d61726b6572");
        let marker = Pair::between(marker, Actor::here(), "127.0.0.1:0");
        let connect_of = |pid: u32| move |event: &Value| event["kind"] == "connect" && event["pid"] == pid;
        events.wait_for("connect of the marker", connect_of(marker.client.pid()));
        let told = events.interrupted();
        assert_eq!(told.iter().any(connect_of(pair.client.pid())), found, "{arguments:?}: {told:#?}");
        assert!(!told.iter().any(|event| event.to_string().contains("qxzq")), "{told:#?}");
    }
}
