//! The details of a process, and what of it may be seen.

use std::os::unix::process::CommandExt as _;

use scopetop_lab::actor::{Actor, one_shot};
use scopetop_lab::terminal::Terminal;

use crate::started_in;

/// A process called `zebra` that was started with secrets, and the one that it talks to.
fn secretive() -> (Actor, Actor) {
    let mut client = one_shot(None);
    // So few variables that all are in sight.
    client
        .arg0("--password=qxzqhunter2")
        .env_clear()
        .env("QXZQ_PLACE", "here")
        .env("QXZQ_TOKEN", "qxzqhunter3");
    let (mut client, mut server) = (Actor::start(client), Actor::here());
    client.does("name 7a65627261");
    let address = server.listens("listener", "127.0.0.1:0");
    server.begin("accept listener end");
    client.connects("end", address);
    server.answer();
    (client, server)
}

/// The live screen with the details of the zebra, all of them in sight.
fn details(zebra: &Actor, arguments: &[&str]) -> Terminal {
    // Not by the name: other tests have zebras, too, and they end.
    let filter = format!("pid={}", zebra.pid());
    let terminal = started_in(&[&["--filter", &filter], arguments].concat(), 100, 90);
    terminal.wait_for_text("zebra");
    terminal.press("/zebra\r");
    terminal.press("d");
    // What is read of the process comes after what ticks told.
    terminal.wait_for("the memory that it uses", |screen| {
        let contents = screen.contents();
        contents.lines().any(|line| line.contains("memory") && line.contains("CPU"))
            && contents.contains("child of")
    });
    terminal
}

#[test]
fn arguments_are_in_the_details_only_where_they_are_read() {
    let (client, _server) = secretive();
    for (arguments, read) in [(&[] as &[&str], true), (&["--no-args"], false)] {
        let contents = details(&client, arguments).contents();
        assert!(contents.contains(&client.pid().to_string()), "{contents}");
        assert_eq!(contents.contains("qxzqhunter2"), read, "{contents}");
        assert_eq!(contents.contains("hidden (--no-args)"), !read, "{contents}");
    }
}

#[test]
fn the_environment_is_in_the_details_only_where_it_is_asked_for() {
    let (client, _server) = secretive();
    for (arguments, read) in [(&[] as &[&str], false), (&["--env"], true)] {
        let contents = details(&client, arguments).contents();
        assert_eq!(contents.contains("QXZQ_PLACE"), read, "{contents}");
        assert_eq!(contents.contains("QXZQ_TOKEN"), read, "{contents}");
        assert!(!contents.contains("qxzqhunter3"), "{contents}");
    }
}
