//! How much memory the last ten minutes take, and how long a step back does.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use scopetop_lab::binary::{self, companion};
use scopetop_lab::procstat;
use scopetop_lab::terminal::Terminal;

use super::{Failure, median, milliseconds, tell};

/// As long as the history is.
const OBSERVED: Duration = Duration::from_mins(10);
/// Connections that are there all the time: a hundred processes with fifty each.
const PROCESSES: usize = 100;
const SOCKETS_EACH: usize = 102;
/// Connections that open and close in each second, each of a process of its own.
const RATE: usize = 200;
const STEPS: usize = 20;

/// A load that is killed when it is no longer wanted.
struct Load(Child);

impl Load {
    fn start(arguments: &[&str]) -> Result<Self, Failure> {
        let mut command = Command::new(companion("lab-load"));
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self(command.spawn()?))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // What holds sockets ends with its input; both of the rest fail only where it ended already.
        drop(self.0.stdin.take());
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Ten minutes of 5,000 connections and 200 that open in each second.
pub(super) fn history() -> Result<(), Failure> {
    let (processes, sockets) = (PROCESSES.to_string(), SOCKETS_EACH.to_string());
    let _held = Load::start(&["hold", "--processes", &processes, "--sockets", &sockets])?;
    let (rate, count) = (RATE.to_string(), (RATE * 2 * OBSERVED.as_secs() as usize).to_string());
    let _short = Load::start(&["short", "--rate", &rate, "--count", &count])?;
    let mut screen = Command::new(binary::path());
    screen.args(["--tick", "1000"]);
    let terminal = Terminal::start(&screen, 60, 200);
    terminal.wait_for("the counts in the header", |screen| screen.contents().contains("conn"));
    let before = procstat::cpu_time(terminal.pid())?;
    let began = Instant::now();
    let mut resident = 0;
    while began.elapsed() < OBSERVED {
        std::thread::sleep(Duration::from_secs(1));
        resident = resident.max(procstat::resident_bytes(terminal.pid())?);
    }
    println!("{}", terminal.contents().lines().next().unwrap_or_default());
    let used = procstat::cpu_time(terminal.pid())?.saturating_sub(before);
    println!("of a core {:.1} %", used.as_secs_f64() / began.elapsed().as_secs_f64() * 100.0);
    let megabytes = resident as f64 / 1e6;
    tell(
        "memory with ten minutes of history",
        &format!("{megabytes:.0} MB"),
        "<= 150 MB",
        megabytes <= 150.0,
    );

    println!("to the oldest moment {:.0} ms", step(&terminal, "\x1b[H"));
    for (figure, key) in
        [("a step on in time, on the screen", "]"), ("a step back in time, on the screen", "[")]
    {
        let times: Vec<f64> = (0..STEPS).map(|_| step(&terminal, key)).collect();
        let time = median(&times);
        tell(figure, &format!("{time:.0} ms"), "<= 50 ms", time <= 50.0);
    }
    Ok(())
}

/// Presses a key that goes to another moment, and waits for that moment's time of day: the header's last word. In
/// milliseconds.
fn step(terminal: &Terminal, key: &str) -> f64 {
    let time = |contents: &str| {
        let header = contents.lines().next().unwrap_or_default();
        header.split_whitespace().last().unwrap_or_default().to_owned()
    };
    // The screen is drawn at most ten times a second: the key shall not wait for that.
    std::thread::sleep(Duration::from_millis(250));
    let before = time(&terminal.contents());
    let pressed = Instant::now();
    terminal.press(key);
    terminal.wait_for("another moment", |screen| time(&screen.contents()) != before);
    milliseconds(pressed.elapsed())
}
