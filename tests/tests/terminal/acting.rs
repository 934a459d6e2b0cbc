//! What the screen does to the host, and what of it is taken along.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use scopetop_lab::actor::Actor;
use scopetop_lab::terminal::Terminal;
use scopetop_lab::{binary, procstat, wait};
use serde_json::Value;

use super::{started, zebra};

/// The screen with the zebra selected.
fn on_zebra(arguments: &[&str], client: &Actor, port: u16) -> Terminal {
    let filter = format!("port={port}");
    let terminal = started(&[arguments, &["--filter", &filter]].concat());
    terminal.wait_for_text(&format!("zebra {}", client.pid()));
    terminal.press("/zebra\r");
    terminal.wait_for_text("1 of 1");
    terminal
}

#[test]
fn a_signal_reaches_the_process_that_was_named_and_no_other() {
    let (client, mut server, address) = zebra();
    let terminal = on_zebra(&[], &client, address.port());
    terminal.press("x");
    terminal.wait_for_text("SIGTERM");
    terminal.press("t");
    terminal.wait_for_text(&format!("send SIGTERM to zebra {} (started", client.pid()));
    // Enter takes no.
    terminal.press("\r");
    terminal.wait_for("the question to go", |screen| !screen.contents().contains("send SIGTERM"));
    assert!(!procstat::has_ended(client.pid()));
    terminal.press("xty");
    terminal.wait_for_text(&format!("sent SIGTERM to zebra {}", client.pid()));
    wait::until("the zebra to be over", || procstat::has_ended(client.pid()).then_some(()));
    server.does("here");
}

#[test]
fn read_only_changes_nothing_and_says_so() {
    let (client, _server, address) = zebra();
    let terminal = on_zebra(&["--read-only"], &client, address.port());
    terminal.press("x");
    terminal.wait_for_text("--read-only");
    assert!(!terminal.contents().contains("SIGTERM") && !procstat::has_ended(client.pid()));
}

#[test]
fn what_is_on_the_screen_is_written_to_files_and_copied() {
    let (client, _server, address) = zebra();
    let folder = std::env::temp_dir().join(format!("scopetop-export-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let mut command = Command::new(binary::path());
    command.args(["--filter", &format!("port={}", address.port())]).current_dir(&folder);
    let terminal = Terminal::start(&command, 30, 160);
    terminal.wait_for_text(&format!("zebra {}", client.pid()));
    for (key, extension) in [("j", "json"), ("d", "dot"), ("m", "mmd"), ("s", "svg")] {
        terminal.press("e");
        terminal.wait_for_text("export what is on the screen");
        terminal.press(key);
        terminal.wait_for("the file", |screen| {
            let last = screen.contents().lines().last().unwrap_or_default().to_owned();
            last.contains("wrote ") && last.contains(&format!(".{extension}"))
        });
    }
    let mut written: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    written.sort_by_key(|path| path.extension().map(ToOwned::to_owned));
    let texts: Vec<_> = written.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let modes: Vec<_> = written.iter().map(|path| fs::metadata(path).unwrap().mode() & 0o777).collect();
    fs::remove_dir_all(&folder).unwrap();
    let [dot, json, mermaid, svg] = &texts[..] else { panic!("{written:?}") };
    assert_eq!(modes, [0o600; 4]);
    let json: Value = serde_json::from_str(json).unwrap();
    assert_eq!(json["connections"].as_array().unwrap().len(), 1, "{json:#}");
    assert_eq!(dot.matches(" -> ").count(), 1, "{dot}");
    assert_eq!(mermaid.matches(" -->").count(), 1, "{mermaid}");
    assert!(svg.contains(&format!(">{}<", client.pid())) && svg.ends_with("</svg>\n"), "{svg}");

    terminal.press("/zebra\r");
    terminal.wait_for_text("1 of 1");
    terminal.press("y");
    terminal.wait_for_text(&format!("zebra pid {}", client.pid()));
}
