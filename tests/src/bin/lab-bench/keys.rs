//! How long after a key its effect is on the screen, while the host is busy.

use std::process::{Command, Stdio};
use std::time::Duration;

use scopetop_lab::binary::{self, companion};
use scopetop_lab::terminal::Terminal;

use super::{Failure, Held, milliseconds, tell};

/// How many keys are pressed in the graph, and in the list.
const KEYS: usize = 300;
/// A key that has no effect by then has none.
const PATIENCE: Duration = Duration::from_secs(2);
const ROWS: u16 = 45;
const COLUMNS: u16 = 160;
/// Where the list's rows begin: above them are the header, the ways to group (one of which is marked like a row), the titles.
const FIRST: u16 = 3;
/// What the bar says of a selected thing that is over.
const GONE: &str = "(gone)";
/// The list's columns that say which row it is.
const NAMES: u16 = 60;

/// The live screen on 10,000 processes with 54,000 connections, 200 more opening a second.
pub(super) fn keys() -> Result<(), Failure> {
    let held = Held::with(&["crowd", "--processes", "10000", "--servers", "1000", "--connections", "6"])?;
    let mut short = Command::new(companion("lab-load"))
        .args(["short", "--count", "60000", "--rate", "200"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let terminal = Terminal::start(&Command::new(binary::path()), ROWS, COLUMNS);
    terminal.wait_for("the counts in the header", |screen| {
        screen.contents().lines().next().is_some_and(|header| header.contains("conn"))
    });
    println!("{}", terminal.contents().lines().next().unwrap_or_default());

    // The bar tells what is selected.
    let bar: Seen = |screen| screen.rows(0, COLUMNS).nth(1);
    let _ = press(&terminal, "j", bar);
    let there_and_back = [["j", "k"], ["k", "j"], ["l", "h"], ["h", "l"]];
    let pair =
        there_and_back.into_iter().find(|keys| keys.iter().all(|key| press(&terminal, key, bar).is_some()));
    match pair {
        Some(pair) => report("graph", (0..KEYS).map(|turn| press(&terminal, pair[turn % 2], bar))),
        None => println!("nothing in the graph to go to and back from"),
    }
    terminal.press("t");
    terminal.wait_for("the list", |screen| screen.contents().contains("client"));
    let down = (0..KEYS / 2).map(|_| "\x1b[B");
    let up = (0..KEYS / 2).map(|_| "\x1b[A");
    let _ = press(&terminal, "\x1b[B", selected_row);
    report("list", down.chain(up).map(|key| press(&terminal, key, selected_row)));

    drop(terminal);
    short.kill()?;
    short.wait()?;
    held.end()
}

/// What shows the effect of a key, and nothing else does; `None` while a frame is being drawn.
type Seen = fn(&vt100::Screen) -> Option<String>;

/// The selected row's client, server and service. Its number is told, too, but what opens and closes above changes that:
/// a key down and a row that goes in one frame leave it as it was.
fn selected_row(screen: &vt100::Screen) -> Option<String> {
    let row = (FIRST..ROWS).find(|&row| screen.cell(row, 0).is_some_and(vt100::Cell::inverse))?;
    screen.rows(0, NAMES).nth(row.into())
}

/// Presses a key and measures how long it takes until something else is seen. Pauses differ, so that keys fall
/// everywhere between two ticks.
fn press(terminal: &Terminal, key: &str, seen: Seen) -> Option<Duration> {
    let mut before = None;
    terminal.wait_for("what a key would change", |screen| {
        before = seen(screen);
        // What is selected may be over: then a key selects what is nearest.
        before.is_some() || screen.contents().contains(GONE)
    });
    let effect = terminal.effect_of(key, PATIENCE, |screen| {
        let now = seen(screen);
        now.is_some() && now != before
    });
    let pause = 20 + (effect.unwrap_or_default().as_micros() * 7 % 60) as u64;
    std::thread::sleep(Duration::from_millis(pause));
    effect
}

fn report(place: &str, effects: impl Iterator<Item = Option<Duration>>) {
    let effects: Vec<Option<Duration>> = effects.collect();
    let mut times: Vec<f64> = effects.iter().flatten().map(|&effect| milliseconds(effect)).collect();
    times.sort_by(f64::total_cmp);
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or(f64::NAN);
    let (median, late) = (at(50), at(99));
    let none = effects.len() - times.len();
    let slowest = times.last().copied().unwrap_or(f64::NAN);
    println!(
        "{place}: {} keys, {none} without an effect; median {median:.1} ms, slowest {slowest:.1} ms",
        effects.len()
    );
    tell(&format!("{place}: a key's effect, p99"), &format!("{late:.1} ms"), "<= 50 ms", late <= 50.0);
}
