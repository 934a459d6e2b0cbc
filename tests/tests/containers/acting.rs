//! What the screen does with a container.

use std::process::Command;

use scopetop_lab::binary;
use scopetop_lab::docker::Daemon;
use scopetop_lab::terminal::Terminal;

/// It writes to both streams, and ends when it is asked to.
const TALKER: &str = "echo hello from the log; echo and an error >&2; nc -ll -p 7777 -e cat & trap 'echo goodbye; exit 0' TERM; wait";

pub(super) fn the_log_of_a_container_is_followed_and_it_is_stopped(daemon: &Daemon) {
    let id = daemon.run(&["--name", "talker"], &["sh", "-c", TALKER]);
    let mut command = Command::new(binary::path());
    command
        .args(["--view", "container", "--filter", "container=talker"])
        .env("DOCKER_HOST", daemon.address());
    let terminal = Terminal::start(&command, 40, 120);
    terminal.wait_for("the container", |screen| {
        // Besides the filter.
        screen.contents().matches("talker").count() > 1
    });
    terminal.press("j");
    terminal.press("x");
    terminal.wait_for_text("follow the logs of container talker");
    terminal.press("l");
    terminal.wait_for_text("hello from the log");
    terminal.wait_for_text("and an error");
    terminal.press("\x1b");
    terminal.wait_for("the log to go", |screen| !screen.contents().contains("hello from the log"));
    terminal.press("xp");
    terminal.wait_for_text(&format!("stop container talker ({})?", &id[..12]));
    terminal.press("y");
    terminal.wait_for_text("stopped container talker");
    assert_eq!(daemon.docker(&["inspect", "--format", "{{.State.Running}}", "talker"]), "false");
    assert!(daemon.docker(&["logs", "talker"]).contains("goodbye"));
    // What is there no more cannot be stopped again by what the screen remembers.
    daemon.docker(&["rm", "talker"]);
}
