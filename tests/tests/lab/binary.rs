use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

use scopetop_lab::binary::{Events, finish, mortal};
use scopetop_lab::procstat;

/// A script in the place of `scopetop events`.
fn script(text: &str) -> Events {
    let mut shell = Command::new("sh");
    shell.arg("-c");
    Events::spawn(mortal(shell, &[text]))
}

/// What a panic said.
fn panic_of(act: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(act)).unwrap_err();
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap()
}

#[test]
fn events_are_read_to_the_last_line_and_processor_time_is_counted() {
    let mut events = script(
        r#"trap 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo "{\"kind\":\"summary\"}"; exit 0' INT
        echo scopetop: note: something >&2; echo 'scopetop: watching (tp_btf, iter)' >&2
        echo '{"kind":"connect"}'; echo '{"kind":"close"}'
        while :; do sleep 0.01; done"#,
    );
    events.wait_ready();
    events.wait_for("close", |event| event["kind"] == "close");
    // One that came earlier is found, too.
    events.wait_for("connect", |event| event["kind"] == "connect");
    let pid = events.pid();
    let (events, used) = events.interrupted_with_cpu_time();
    let kinds: Vec<_> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["connect", "close", "summary"]);
    assert!(!used.is_zero());
    assert!(procstat::has_ended(pid));
}

#[test]
fn an_end_with_an_error_is_noticed() {
    let mut events = script("trap 'exit 1' INT; echo scopetop: watching >&2; while :; do sleep 0.01; done");
    events.wait_ready();
    assert!(panic_of(|| drop(events.interrupted())).contains("Some(1)"));
}

#[test]
fn a_scopetop_that_never_watches_is_noticed() {
    let mut events = script("echo scopetop: cannot track >&2; exit 1");
    assert!(panic_of(|| events.wait_ready()).contains("cannot track"));
}

#[test]
fn an_event_that_never_comes_is_noticed_at_the_end() {
    let mut events = script(r#"echo '{"kind":"connect"}'"#);
    assert!(
        panic_of(|| drop(events.wait_for("close", |event| event["kind"] == "close"))).contains("no close")
    );
}

#[test]
fn an_outcome_has_both_streams_however_much_is_in_them() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "yes out | head -c 300000; yes err | head -c 300000 >&2; exit 5"]);
    let outcome = finish(shell);
    assert_eq!(outcome.status.code(), Some(5));
    assert_eq!((outcome.stdout.len(), outcome.stderr.len()), (300_000, 300_000));
    assert!(panic_of(|| drop(outcome.succeeded())).contains("Some(5)"));
}
