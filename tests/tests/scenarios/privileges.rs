//! Without root scopetop shows what it may see, and says what is missing.

use scopetop_lab::actor::Actor;
use scopetop_lab::binary::{self, companion, finish, mortal};
use scopetop_lab::ordinary::Reachable;
use scopetop_lab::picture::Picture;

use crate::{ACTOR, Pair};

/// Copies of the programs that an ordinary user can run.
fn programs() -> Reachable {
    let actor = companion("lab-actor");
    Reachable::with(&[(binary::path(), "scopetop"), (&actor, "lab-actor")]).unwrap()
}

#[test]
fn an_ordinary_user_sees_his_own_and_is_told_what_is_missing() {
    let programs = programs();
    let pair = Pair::between(
        Actor::start(programs.command(ACTOR)),
        Actor::start(programs.command(ACTOR)),
        "127.0.0.1:0",
    );
    let arguments = ["snapshot", "--format", "json", "--for", "0"];
    let outcome = finish(mortal(programs.command("scopetop"), &arguments)).succeeded();
    let picture = Picture(serde_json::from_slice(&outcome.stdout).unwrap());
    let connection = picture.connection_of(pair.ends());
    picture.assert_owner(&connection["client"], pair.client.pid(), ACTOR);
    picture.assert_owner(&connection["server"], pair.server.pid(), ACTOR);
    assert_eq!(picture.0["source"]["events"], "none");
    assert_ne!(picture.0["source"]["reasons"], serde_json::json!([]));
    let complaints = outcome.complaints();
    assert!(complaints[0].contains("not shown: "), "what the user sees comes first: {complaints:#?}");
    // What would help: last, and once.
    let helps: Vec<_> = complaints.iter().map(|line| line.contains("sudo")).collect();
    assert_eq!(helps.iter().position(|helps| *helps), Some(complaints.len() - 1), "{complaints:#?}");
}

#[test]
fn what_another_user_holds_has_no_guessed_owner() {
    scopetop_lab::require!(Root);
    let programs = programs();
    let pair = Pair::connected(None, "127.0.0.1:0");
    let arguments = ["snapshot", "--format", "json", "--for", "0"];
    let outcome = finish(mortal(programs.command("scopetop"), &arguments)).succeeded();
    let picture = Picture(serde_json::from_slice(&outcome.stdout).unwrap());
    let connection = picture.connection_of(pair.ends());
    for end in ["client", "server"] {
        assert_eq!(connection[end]["pids"], serde_json::json!([]), "{connection:#}");
    }
}

#[test]
fn ebpf_alone_fails_with_the_reason_where_it_may_not_be_used() {
    let programs = programs();
    let arguments = ["snapshot", "--for", "0", "--backend", "ebpf"];
    let outcome = finish(mortal(programs.command("scopetop"), &arguments));
    assert_eq!(outcome.status.code(), Some(1), "{outcome:?}");
    assert!(outcome.stdout.is_empty(), "{outcome:?}");
    assert_eq!(outcome.complaints().len(), 1, "{outcome:?}");
}

#[test]
fn the_doctor_answers_an_ordinary_user() {
    let programs = programs();
    for format in ["text", "json"] {
        let outcome =
            finish(mortal(programs.command("scopetop"), &["doctor", "--format", format])).succeeded();
        assert!(!outcome.text().is_empty());
    }
}
