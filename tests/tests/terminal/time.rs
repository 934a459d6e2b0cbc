//! Time: what was is shown again, out of memory and out of a recording.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::Signal;
use scopetop_lab::binary;
use scopetop_lab::terminal::{End, Terminal};
use scopetop_lab::wait;
use scopetop_tracker::recording::Recording;

use super::{first_row, started, zebra};

/// How long a step in time may show nothing: at the oldest moment it never does.
const STEP_PATIENCE: Duration = Duration::from_millis(500);

/// A file that is gone when this is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let file = std::env::temp_dir().join(format!("scopetop-{name}-{}.scopetop", std::process::id()));
        // Only one that a killed test left behind is there.
        let _ = fs::remove_file(&file);
        Self(file)
    }

    fn name(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A running `scopetop record`, killed when dropped.
struct Recorder(Child);

impl Recorder {
    /// Starts it and waits until it has what was there.
    fn start(file: &Path) -> Self {
        let mut command = binary::command(&["record", "--tick", "100", file.to_str().unwrap()]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut complaints = BufReader::new(child.stderr.take().unwrap()).lines();
        let said = complaints.find(|line| line.as_ref().is_ok_and(|line| line.contains("recording to")));
        assert!(said.is_some(), "it never began");
        std::thread::spawn(move || complaints.for_each(drop));
        Self(child)
    }

    /// Waits until the file has so many ticks that end after this moment: what it grows by may have waited to be written.
    fn wait_ticks(file: &Path, ticks: usize) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        wait::until("ticks from now on in the file", || {
            let recording = Recording::open(file).ok()?;
            let later = recording.moments().filter(|moment| u128::from(moment.at.0) > now);
            (later.count() >= ticks).then_some(())
        });
    }

    fn end(&mut self, signal: Signal) -> Option<i32> {
        binary::signal(self.0.id(), signal);
        wait::until("the end of scopetop record", || self.0.try_wait().unwrap()).code()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn replayed(arguments: &[&str]) -> Terminal {
    let mut command = Command::new(binary::path());
    command.arg("replay").args(arguments);
    let terminal = Terminal::start(&command, 50, 160);
    terminal.wait_for("the header", |screen| first_row(screen).contains("REPLAY"));
    terminal
}

/// What is on the screen of a connection: that it is there, by the names of its ends and its port.
fn shows_zebra(terminal: &Terminal, port: u16) {
    terminal.press("t");
    terminal.wait_for("the zebra and its port", |screen| {
        let contents = screen.contents();
        contents.lines().any(|line| line.contains("zebra") && line.contains(&format!(":{port}")))
    });
}

#[test]
fn what_was_recorded_is_replayed_when_it_is_over() {
    let file = Scratch::new("recorded");
    let zebra = zebra();
    let port = zebra.2.port();
    let mut recorder = Recorder::start(&file.0);
    Recorder::wait_ticks(&file.0, 3);
    drop(zebra);
    Recorder::wait_ticks(&file.0, 3);
    assert_eq!(recorder.end(Signal::INT), Some(0));

    let mut terminal = replayed(&["--filter", &format!("port={port}"), file.name()]);
    terminal.press("\x1b[H");
    shows_zebra(&terminal, port);
    // At its end the connection is over.
    terminal.press("\x1b[F");
    terminal.wait_for("the end", |screen| first_row(screen).contains("REPLAY END"));
    terminal.wait_for("the zebra gone", |screen| !screen.contents().contains("zebra"));
    terminal.press("\x1b[H");
    terminal.wait_for_text("zebra");
    terminal.press("q");
    assert_eq!(terminal.wait_end(), End::Exit(0));
    terminal.assert_given_back();
}

#[test]
fn a_recording_that_was_killed_is_replayed_up_to_then() {
    let file = Scratch::new("killed");
    let zebra = zebra();
    let port = zebra.2.port();
    let mut recorder = Recorder::start(&file.0);
    Recorder::wait_ticks(&file.0, 3);
    assert_eq!(recorder.end(Signal::KILL), None);
    // Killed while it wrote: the last frame is there in part.
    let whole = fs::metadata(&file.0).unwrap().len();
    fs::File::options().write(true).open(&file.0).unwrap().set_len(whole - 9).unwrap();

    let mut terminal = replayed(&["--filter", &format!("port={port}"), file.name()]);
    shows_zebra(&terminal, port);
    terminal.press("q");
    assert_eq!(terminal.wait_end(), End::Exit(0));
    assert!(terminal.contents().contains("is cut off"), "{}", terminal.contents());
}

#[test]
fn what_was_a_moment_ago_is_shown_again() {
    let zebra = zebra();
    // Not by the name: other tests have zebras, too.
    let terminal = started(&["--tick", "100", "--filter", &format!("port={}", zebra.2.port())]);
    terminal.press("t");
    terminal.wait_for_text("zebra");
    drop(zebra);
    terminal.wait_for("the zebra to go", |screen| !screen.contents().contains("zebra"));
    // Back, step by step, until it is there; ticks go on meanwhile. Keys that come faster than frames are one jump, which
    // may go over it: then once more from now.
    let mut steps = (1..).map(|step| if step % 60 == 0 { "\x1b[F" } else { "[" });
    wait::until("the zebra of the past", || {
        let before = terminal.contents();
        terminal.effect_of(steps.next()?, STEP_PATIENCE, |screen| screen.contents() != before);
        terminal.contents().contains("zebra").then_some(())
    });
    terminal.wait_for("the past in the header", |screen| first_row(screen).contains("▌▌ −"));
    terminal.press("\x1b[F");
    terminal.wait_for("now", |screen| {
        first_row(screen).contains("● LIVE") && !screen.contents().contains("zebra")
    });
}

#[test]
fn a_file_that_is_there_is_not_written_over() {
    let file = Scratch::new("precious");
    fs::write(&file.0, "precious").unwrap();
    let outcome = binary::run(&["record", "--for", "0", file.name()]);
    assert_eq!(outcome.status.code(), Some(1));
    assert_eq!(
        outcome.complaints(),
        [format!("scopetop: {}: it is there already (--force writes over it)", file.name())]
    );
    assert_eq!(fs::read(&file.0).unwrap(), b"precious");
    let outcome = binary::run(&["record", "--for", "0", "--force", file.name()]);
    assert!(outcome.status.success(), "{outcome:?}");
    assert!(fs::read(&file.0).unwrap().starts_with(b"\x8ascope"));
}
