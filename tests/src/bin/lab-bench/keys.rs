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

/// The live screen on 41,000 sockets of 1,000 processes, 200 connections more opening a second.
pub(super) fn keys() -> Result<(), Failure> {
    let held = Held::start()?;
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
    let _ = press(&terminal, "j", 1);
    let there_and_back = [["j", "k"], ["k", "j"], ["l", "h"], ["h", "l"]];
    let pair =
        there_and_back.into_iter().find(|keys| keys.iter().all(|key| press(&terminal, key, 1).is_some()));
    match pair {
        Some(pair) => report("graph", (0..KEYS).map(|turn| press(&terminal, pair[turn % 2], 1))),
        None => println!("nothing in the graph to go to and back from"),
    }
    terminal.press("t");
    terminal.wait_for("the list", |screen| screen.contents().contains("client"));
    // The footer tells the row.
    let down = (0..KEYS / 2).map(|_| "\x1b[B");
    let up = (0..KEYS / 2).map(|_| "\x1b[A");
    let _ = press(&terminal, "\x1b[B", ROWS - 1);
    report("list", down.chain(up).map(|key| press(&terminal, key, ROWS - 1)));

    drop(terminal);
    short.kill()?;
    short.wait()?;
    held.end()
}

/// Presses a key and measures how long it takes until a row of the screen is another. Pauses differ, so that keys fall
/// everywhere between two ticks.
fn press(terminal: &Terminal, key: &str, row: u16) -> Option<Duration> {
    let line = |screen: &vt100::Screen| screen.rows(0, COLUMNS).nth(row.into()).unwrap_or_default();
    let mut before = None;
    terminal.wait_for("the screen", |screen| {
        before = Some(line(screen));
        true
    });
    let effect = terminal.effect_of(key, PATIENCE, |screen| Some(line(screen)) != before);
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
