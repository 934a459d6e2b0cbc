//! The live screen in a real terminal: it comes up, obeys, and gives the terminal back whatever ends it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first surprise")]

mod acting;
mod details;
mod losses;
mod services;
mod time;
mod views;

use std::net::SocketAddr;
use std::process::Command;

use rustix::process::Signal;
use scopetop_lab::actor::Actor;
use scopetop_lab::binary;
use scopetop_lab::terminal::{End, Terminal};

/// The live screen, its header drawn: `LIVE` stands in it however narrow it is.
fn started(arguments: &[&str]) -> Terminal {
    started_in(arguments, 50, 160)
}

fn started_in(arguments: &[&str], rows: u16, columns: u16) -> Terminal {
    let mut command = Command::new(binary::path());
    command.args(arguments);
    let terminal = Terminal::start(&command, rows, columns);
    terminal.wait_for("the header on the alternate screen", |screen| {
        screen.alternate_screen() && first_row(screen).contains("LIVE")
    });
    terminal
}

fn first_row(screen: &vt100::Screen) -> String {
    screen.contents().lines().next().unwrap_or_default().to_owned()
}

/// Two processes with a connection, the client's name `zebra`: something to look for on the screen. Many tests have one at
/// the same time.
fn zebra() -> (Actor, Actor, SocketAddr) {
    named("zebra")
}

/// The same with another name of the client.
fn named(name: &str) -> (Actor, Actor, SocketAddr) {
    let (mut client, mut server) = (Actor::here(), Actor::here());
    let hex: Vec<String> = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    client.does(&format!("name {}", hex.concat()));
    let address = server.listens("listener", "127.0.0.1:0");
    server.begin("accept listener end");
    client.connects("end", address);
    server.answer();
    (client, server, address)
}

#[test]
fn q_ends_it_and_gives_the_terminal_back() {
    let mut terminal = started(&[]);
    terminal.press("q");
    assert_eq!(terminal.wait_end(), End::Exit(0));
    terminal.assert_given_back();
}

#[test]
fn control_c_ends_it_and_gives_the_terminal_back() {
    let mut terminal = started(&[]);
    terminal.press("\x03");
    assert_eq!(terminal.wait_end(), End::Exit(0));
    terminal.assert_given_back();
}

#[test]
fn signals_end_it_and_give_the_terminal_back() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut terminal = started(&[]);
        binary::signal(terminal.pid(), signal);
        // By itself or by the signal: a shell understands both.
        let end = terminal.wait_end();
        assert!(matches!(end, End::Exit(_) | End::Signal(_)), "{end:?}");
        terminal.assert_given_back();
    }
}

#[test]
fn a_terminal_that_is_closed_ends_it() {
    let mut terminal = started(&[]);
    terminal.close();
    // However it ends; `wait_end` fails where it goes on without a terminal.
    terminal.wait_end();
}

#[test]
fn both_views_show_who_talks_to_whom() {
    let (_client, _server, address) = zebra();
    let terminal = started(&["--filter", &format!("port={}", address.port())]);
    terminal.press("t");
    terminal.wait_for_text("zebra");
    terminal.wait_for_text(&address.port().to_string());
    terminal.press("g");
    terminal.wait_for_text("zebra");
    terminal.wait_for_text("lab-actor");
}

#[test]
fn a_connection_that_opens_appears_and_one_that_closes_goes() {
    let terminal = started(&["--tick", "200", "--filter", "comm=okapi"]);
    // The filter itself is on the screen all the time.
    let is_there = |screen: &vt100::Screen| screen.contents().matches("okapi").count() > 1;
    let okapi = named("okapi");
    terminal.wait_for("okapi", is_there);
    drop(okapi);
    terminal.wait_for("okapi to go", |screen| !is_there(screen));
}

#[test]
fn help_opens_and_closes() {
    let mut terminal = started(&[]);
    // The footer names keys, too, but not those that count while typing.
    let shows_help = |screen: &vt100::Screen| screen.contents().contains("While typing");
    terminal.press("?");
    terminal.wait_for("the help", shows_help);
    terminal.press("\x1b");
    // Only then the next key, which would else be taken for the second half of an escape sequence.
    terminal.wait_for("the help to go", |screen| !shows_help(screen));
    terminal.press("q");
    assert_eq!(terminal.wait_end(), End::Exit(0));
}

#[test]
fn the_filter_bar_tells_errors_as_you_type() {
    let (_client, _server, _) = zebra();
    let terminal = started(&[]);
    terminal.press("t");
    terminal.press("fcmdlin=x");
    // The nearest key is offered.
    terminal.wait_for_text("cmdline");
    // Emptied and made right: only the zebra is left.
    terminal.press("\x15");
    terminal.press(&"\x7f".repeat(20));
    terminal.press("comm=zebra\r");
    terminal.wait_for("the list to have only the zebra", |screen| {
        let contents = screen.contents();
        contents.contains("comm=zebra")
            && !contents.contains("cmdlin")
            && contents.matches("zebra").count() > 1
    });
}

#[test]
fn the_search_bar_shows_what_is_typed_and_goes() {
    let terminal = started(&[]);
    terminal.press("/qxzq");
    terminal.wait_for_text("qxzq");
    terminal.press("\x1b");
    terminal.wait_for("the search to go", |screen| !screen.contents().contains("qxzq"));
}

#[test]
fn a_pause_stands_still_until_it_is_over() {
    let terminal = started(&["--tick", "200"]);
    terminal.press(" ");
    // How far it is behind grows: the history goes on.
    terminal.wait_for("the pause in the header", |screen| first_row(screen).contains("▌▌ −0:01"));
    terminal.press(" ");
    terminal.wait_for("the pause over", |screen| first_row(screen).contains("● LIVE"));
}

#[test]
fn any_size_will_do() {
    let mut terminal = started_in(&[], 24, 80);
    for (rows, columns) in [(60, 200), (1, 1), (2, 10), (5, 300), (200, 20), (24, 80)] {
        terminal.resize(rows, columns);
    }
    terminal.wait_for("the header again", |screen| first_row(screen).contains("LIVE"));
    terminal.press("q");
    assert_eq!(terminal.wait_end(), End::Exit(0));
    terminal.assert_given_back();
}

#[test]
fn a_size_that_came_and_went_is_not_left_to_be_seen() {
    // At the end of a recording nothing is drawn any more but for this.
    let mut command = Command::new(binary::path());
    command.args(["replay", "--demo"]);
    let terminal = Terminal::start(&command, 24, 80);
    terminal.wait_for_text("REPLAY");
    terminal.press("\x1b[F");
    let is_whole = |screen: &vt100::Screen| {
        first_row(screen).contains("REPLAY END") && screen.contents().contains("q quit")
    };
    terminal.wait_for("the end", is_whole);
    // Both before the next frame: to it the size is what it was.
    terminal.resize(3, 20);
    terminal.resize(24, 80);
    terminal.wait_for("the whole screen again", is_whole);
}

#[test]
fn no_color_means_none() {
    let mut command = Command::new(binary::path());
    command.env("NO_COLOR", "1");
    let terminal = Terminal::start(&command, 24, 80);
    terminal.wait_for_text("LIVE");
    terminal.wait_for("a screen without colour", |screen| {
        let (rows, columns) = screen.size();
        (0..rows.get()).all(|row| {
            (0..columns.get()).all(|column| {
                screen.cell(row, column).is_none_or(|cell| {
                    cell.fgcolor() == vt100::Color::Default && cell.bgcolor() == vt100::Color::Default
                })
            })
        })
    });
}

#[test]
fn any_keys_in_any_order_do_no_harm() {
    let (_client, _server, _) = zebra();
    let mut terminal = started(&["--tick", "100"]);
    for keys in [
        "\t\t\x1b[A\x1b[B\x1b[C\x1b[D",
        "hjkl",
        "\r\r\x1b",
        "tjjkkgG",
        "f(\x1b",
        "/\x1b",
        "  ",
        "?\x1b",
        "23456o\x7f\rd\x7fo1TUXTUX",
        "\x1b[Z",
        "[[[]{}<>\x1b[H[\x1b[F  ",
    ] {
        terminal.press(keys);
    }
    terminal.press("\x03");
    assert_eq!(terminal.wait_end(), End::Exit(0));
    terminal.assert_given_back();
}
