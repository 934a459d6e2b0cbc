//! Names are bytes that anybody can choose. None reaches the output raw.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;

use scopetop_lab::actor::{Actor, one_shot};
use scopetop_lab::binary::{Events, run};
use scopetop_lab::require;

use crate::Pair;

/// A command name with an escape sequence, a change of direction and a byte that is no UTF-8: `a ESC [31m RLO FF z`.
const EVIL_COMM: &str = "611b5b33316de280aeff7a";

/// The same ideas as a program's first argument, with a line end and a C1 control character.
const EVIL_ARGUMENT: &[u8] = b"evil\x1b]0;title\x07\n\xe2\x80\xae\xc2\x9b\xff";

/// A pair whose client has the evil name and arguments.
fn evil_pair() -> Pair {
    let mut client = one_shot(None);
    client.arg0(OsStr::from_bytes(EVIL_ARGUMENT));
    let mut client = Actor::start(client);
    client.does(&format!("name {EVIL_COMM}"));
    Pair::between(client, Actor::here(), "127.0.0.1:0")
}

/// Checks that output is UTF-8 without anything that a terminal obeys.
fn assert_harmless(what: &str, output: &[u8]) {
    let text = std::str::from_utf8(output).unwrap_or_else(|error| panic!("{what} is no UTF-8: {error}"));
    let bad = text.char_indices().find(|&(_, character)| {
        (character.is_control() && character != '\n')
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
    });
    assert_eq!(bad, None, "{what} has it raw: {}", text.escape_debug());
}

#[test]
fn no_format_of_a_snapshot_has_them_raw() {
    let pair = evil_pair();
    let filter = format!("port={}", pair.server_address.port());
    for format in ["json", "table", "dot"] {
        let arguments = ["snapshot", "--format", format, "--for", "0", "--filter", &filter];
        let outcome = run(&arguments).succeeded();
        assert_harmless(format, &outcome.stdout);
        assert_harmless("standard error", outcome.stderr.as_bytes());
        // The name is there, spelled out (JSON and dot double the backslash), unless a table had no room.
        assert!(outcome.text().contains("x1b[31m"), "{format}: {}", outcome.text());
    }
}

#[test]
fn what_json_holds_is_harmless_too() {
    let pair = evil_pair();
    let picture = scopetop_lab::picture::Picture::take(&["--for", "0"]);
    let node = picture.node_of(&picture.connection_of(pair.ends())["client"]);
    assert_eq!(node["comm"], "a\\x1b[31m\\u{202e}\\xffz");
    assert_eq!(node["cmdline"][0], "evil\\x1b]0;title\\x07\\x0a\\u{202e}\\u{9b}\\xff");
}

#[test]
fn no_format_of_events_has_them_raw() {
    require!(Ebpf);
    let mut events = Events::ready(&["--filter", "comm~x1b"]);
    let text = std::thread::scope(|scope| {
        let text = scope
            .spawn(|| run(&["events", "--format", "text", "--for", "2", "--filter", "comm~x1b"]).succeeded());
        while !text.is_finished() {
            drop(evil_pair());
        }
        text.join().expect("text")
    });
    assert_harmless("text", &text.stdout);
    assert!(text.text().contains("x1b[31m"), "{}", text.text());
    let event = events.wait_for("connect", |event| event["kind"] == "connect");
    assert_eq!(event["comm"], "a\\x1b[31m\\u{202e}\\xffz");
}

#[test]
fn a_filter_that_is_wrong_is_not_echoed_raw() {
    let outcome = run(&["snapshot", "--filter", "comm=\x1b[31m\u{202e} and ("]);
    assert_eq!(outcome.status.code(), Some(2), "{outcome:?}");
    assert_harmless("standard error", outcome.stderr.as_bytes());
}
