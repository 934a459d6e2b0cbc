//! A program in a real pseudo-terminal, its screen read by a terminal emulator.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};
use vt100::{Parser, Screen};

use crate::binary::companion;
use crate::wait::PATIENCE;

/// How long after a program's end the screen may still change.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself, with this status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
}

/// A program in a terminal. Both are gone when this is dropped.
pub struct Terminal {
    /// The side that a terminal emulator holds; `None` once the terminal is closed.
    master: Option<Arc<OwnedFd>>,
    display: Arc<Display>,
    /// Reads what the program draws. It stops when the other end of `stop` is closed.
    reader: Option<JoinHandle<()>>,
    stop: Option<OwnedFd>,
    leader: Child,
    /// Held open for as long as the session shall last.
    _leader_input: Option<ChildStdin>,
    leader_says: Receiver<String>,
    pid: u32,
    /// Whether the program is known to be over, and its pid perhaps another's.
    ended: bool,
    before: Termios,
}

/// The emulated screen, and how to learn that it changed.
struct Display {
    parser: Mutex<Parser>,
    changed: Condvar,
    /// Whether the program is over, so that soon nothing will change any more.
    ended: AtomicBool,
}

impl Display {
    fn lock(&self) -> MutexGuard<'_, Parser> {
        // A panic elsewhere does not make the screen wrong.
        self.parser.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Terminal {
    /// Starts a program (with the arguments, the environment and the folder set on the command) in a terminal of this size.
    pub fn start(program: &Command, rows: u16, columns: u16) -> Self {
        let started = Self::open(program, rows, columns);
        started.unwrap_or_else(|error| panic!("a terminal for {}: {error}", program.get_program().display()))
    }

    fn open(program: &Command, rows: u16, columns: u16) -> std::io::Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        tcsetwinsize(&master, window(rows, columns))?;
        let before = tcgetattr(&master)?;
        let name = ptsname(&master, Vec::new())?;

        let (rows, columns) = size(rows, columns);
        let parser = Mutex::new(Parser::new(rows, columns, 0));
        let display = Arc::new(Display { parser, changed: Condvar::new(), ended: AtomicBool::new(false) });
        let mut session = Command::new(companion("lab-session"));
        session.arg(OsStr::from_bytes(name.as_bytes())).arg(program.get_program()).args(program.get_args());
        session.env("TERM", "xterm-256color").env_remove("NO_COLOR").env_remove("COLORTERM");
        if let Some(folder) = program.get_current_dir() {
            session.current_dir(folder);
        }
        for (key, value) in program.get_envs() {
            match value {
                Some(value) => session.env(key, value),
                None => session.env_remove(key),
            };
        }
        let mut leader = session.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let leader_input = leader.stdin.take();
        let (sender, leader_says) = mpsc::channel();
        if let Some(output) = leader.stdout.take() {
            let display = Arc::clone(&display);
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let ends = !line.starts_with("pid");
                    // Nobody may want to know any more.
                    let _ = sender.send(line);
                    if ends {
                        display.ended.store(true, Ordering::Release);
                        display.changed.notify_all();
                    }
                }
            });
        }

        let master = Arc::new(master);
        let (stopped, stop) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let reader = std::thread::spawn({
            let (master, display) = (Arc::clone(&master), Arc::clone(&display));
            move || feed(&master, &stopped, &display)
        });
        let mut terminal = Self {
            master: Some(master),
            display,
            reader: Some(reader),
            stop: Some(stop),
            leader,
            _leader_input: leader_input,
            leader_says,
            pid: 0,
            ended: false,
            before,
        };
        terminal.pid = terminal.told("pid").and_then(|pid| u32::try_from(pid).ok()).ok_or_else(|| {
            std::io::Error::other(format!("it does not start; the screen:\n{}", terminal.contents()))
        })?;
        Ok(terminal)
    }

    /// The next thing that the session's leader says, where it is a `key`.
    fn told(&self, key: &str) -> Option<i32> {
        let line = self.leader_says.recv_timeout(PATIENCE).ok()?;
        line.strip_prefix(key)?.trim().parse().ok()
    }

    /// The program's pid.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What the screen shows now, a line a row.
    pub fn contents(&self) -> String {
        self.display.lock().screen().contents()
    }

    /// Waits until the screen shows something.
    pub fn wait_for(&self, what: &str, mut shown: impl FnMut(&Screen) -> bool) {
        let mut deadline = Instant::now() + PATIENCE;
        let mut over = false;
        let mut parser = self.display.lock();
        while !shown(parser.screen()) {
            if !over && self.display.ended.load(Ordering::Acquire) {
                over = true;
                // What it drew last is still to be read.
                deadline = deadline.min(Instant::now() + LAST_WORDS);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let contents = || parser.screen().contents();
            assert!(
                !left.is_zero(),
                "in vain (the program is over: {over}): {what}; the screen:\n{}",
                contents()
            );
            let waited = self.display.changed.wait_timeout(parser, left);
            parser = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until this text is somewhere on the screen.
    pub fn wait_for_text(&self, text: &str) {
        self.wait_for(text, |screen| screen.contents().contains(text));
    }

    /// Presses keys: text, or the escape sequences that keys send.
    pub fn press(&self, keys: &str) {
        let Some(master) = &self.master else { panic!("the terminal is closed") };
        let mut rest = keys.as_bytes();
        while !rest.is_empty() {
            let written =
                rustix::io::write(master, rest).unwrap_or_else(|error| panic!("pressing {keys:?}: {error}"));
            rest = &rest[written..];
        }
    }

    /// Presses keys, and measures the time until the screen shows their effect; `None` if it does not in so long.
    pub fn effect_of(
        &self,
        keys: &str,
        patience: Duration,
        mut shown: impl FnMut(&Screen) -> bool,
    ) -> Option<Duration> {
        let began = Instant::now();
        self.press(keys);
        let mut parser = self.display.lock();
        while !shown(parser.screen()) {
            let left = patience.checked_sub(began.elapsed())?;
            let waited = self.display.changed.wait_timeout(parser, left);
            parser = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Some(began.elapsed())
    }

    /// Changes the window's size.
    pub fn resize(&self, rows: u16, columns: u16) {
        let Some(master) = &self.master else { panic!("the terminal is closed") };
        let (parser_rows, parser_columns) = size(rows, columns);
        self.display.lock().set_size(parser_rows, parser_columns);
        tcsetwinsize(master, window(rows, columns)).unwrap_or_else(|error| panic!("resizing: {error}"));
    }

    /// Closes the terminal, as when its window is closed or the ssh connection breaks. The program's session goes on, so that
    /// nothing but the terminal's own silence tells it.
    pub fn close(&mut self) {
        self.stop_reading();
        self.master = None;
    }

    /// Waits for the program's end. What it wrote before is on the screen then (unless the terminal was closed).
    pub fn wait_end(&mut self) -> End {
        let Ok(line) = self.leader_says.recv_timeout(PATIENCE) else {
            panic!("the program does not end; the screen:\n{}", self.contents())
        };
        self.ended = true;
        // The leader still holds the terminal: nothing of what the program wrote is lost, it only has to be read.
        self.stop_reading();
        let parsed = line.split_once(' ').and_then(|(key, number)| Some((key, number.parse().ok()?)));
        match parsed {
            Some(("exit", code)) => End::Exit(code),
            Some(("signal", number)) => End::Signal(number),
            _ => panic!("the session's leader says {line:?}"),
        }
    }

    /// Stops the reader, once it read what is there.
    fn stop_reading(&mut self) {
        self.stop = None;
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }

    /// Checks, after the program's end, that the terminal is as it was before: its modes, the main screen, the
    /// cursor, no reports of the mouse or of pasted text.
    pub fn assert_given_back(&self) {
        let Some(master) = &self.master else { panic!("the terminal is closed") };
        let after = tcgetattr(master).unwrap_or_else(|error| panic!("the terminal's modes: {error}"));
        let modes = |termios: &Termios| {
            (termios.input_modes, termios.output_modes, termios.control_modes, termios.local_modes)
        };
        assert_eq!(modes(&after), modes(&self.before), "the modes of the terminal");
        let parser = self.display.lock();
        let screen = parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen was not left");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is still on");
        assert_eq!(
            screen.mouse_protocol_mode(),
            vt100::MouseProtocolMode::None,
            "the mouse is still reported"
        );
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.close();
        if let Some(pid) = i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw)
            && !self.ended
            && self.leader_says.try_recv().is_err()
        {
            // The leader has not reaped it, so the pid is still its own. An error leaves nothing to do.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        let _ = self.leader.kill();
        let _ = self.leader.wait();
    }
}

/// Feeds what the program draws into the emulator, until the terminal hangs up; or until `stopped` and all was read.
fn feed(master: &OwnedFd, stopped: &OwnedFd, display: &Display) {
    let mut buffer = vec![0; 65536];
    loop {
        let mut ready = [PollFd::new(master, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
        match poll(&mut ready, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return,
        }
        if !ready[0].revents().contains(PollFlags::IN) {
            // Nothing to read: the terminal hung up, or the reader is asked to stop.
            return;
        }
        match rustix::io::read(master, buffer.as_mut_slice()) {
            Ok(read) if read > 0 => {
                display.lock().process(&buffer[..read]);
                display.changed.notify_all();
            }
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            _ => return,
        }
    }
}

fn window(rows: u16, columns: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

fn size(rows: u16, columns: u16) -> (NonZeroU16, NonZeroU16) {
    (NonZeroU16::new(rows).unwrap_or(NonZeroU16::MIN), NonZeroU16::new(columns).unwrap_or(NonZeroU16::MIN))
}
