//! The real `scopetop`: built once, run as a user runs it.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};
use serde_json::Value;

use crate::procstat;
use crate::wait::{self, PATIENCE};

/// Where cargo puts what it builds: the folder above the profile's folder that this program runs from.
pub fn target_directory() -> PathBuf {
    let profile = profile_directory();
    profile.parent().unwrap_or(&profile).to_path_buf()
}

/// `target/debug`, `target/release`: where this program itself was built to.
fn profile_directory() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_else(|error| panic!("the path of this program: {error}"));
    let holds_tests = |path: &Path| path.file_name() == Some(OsStr::new("deps"));
    let mut folders = own.ancestors().skip(1).skip_while(|path| holds_tests(path));
    folders.next().unwrap_or(Path::new(".")).to_path_buf()
}

/// A program of this package, built beside the one that runs.
pub fn companion(name: &str) -> PathBuf {
    let path = profile_directory().join(name);
    assert!(path.exists(), "{} is not built: run the tests of the whole package", path.display());
    path
}

/// The path of `scopetop`, built (with the profile of this program) at the first call.
pub fn path() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "scopetop", "--bin", "scopetop"]);
        build.arg("--message-format=json").arg("--target-dir").arg(target_directory());
        // The folder `debug` belongs to the profile `dev`.
        let profile = profile_directory();
        let profile = profile.file_name().and_then(OsStr::to_str).unwrap_or("debug");
        build.args(["--profile", if profile == "debug" { "dev" } else { profile }]);
        build.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit());
        let output = build.output().unwrap_or_else(|error| panic!("{}: {error}", env!("CARGO")));
        assert!(output.status.success(), "scopetop does not build: {}", output.status);
        let messages = String::from_utf8_lossy(&output.stdout);
        let executable = messages.lines().find_map(|line| {
            let message: Value = serde_json::from_str(line).ok()?;
            message["executable"].as_str().map(PathBuf::from)
        });
        executable.unwrap_or_else(|| panic!("cargo named no executable: {messages}"))
    })
}

/// A command that runs `scopetop` with these arguments. It dies with the thread that starts it.
pub fn command(arguments: &[&str]) -> Command {
    mortal(Command::new(path()), arguments)
}

/// The same with another copy of the program.
pub fn mortal(mut command: Command, arguments: &[&str]) -> Command {
    command.args(arguments).stdin(Stdio::null());
    #[allow(unsafe_code, reason = "a test that is killed must not leave its children behind")]
    // SAFETY: the closure makes one system call and allocates nothing.
    unsafe {
        command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::KILL))?));
    }
    with_usual_signals(&mut command);
    command
}

/// Lets a program start with the signals as a terminal's shell gives them. Tests that run in the background of a script,
/// or under nohup, ignore SIGINT and SIGHUP, and what is ignored is inherited.
pub fn with_usual_signals(command: &mut Command) {
    #[allow(unsafe_code, reason = "nothing else undoes what was inherited")]
    // SAFETY: the closure only makes system calls.
    unsafe {
        command.pre_exec(|| {
            for signal in [libc::SIGINT, libc::SIGHUP, libc::SIGQUIT] {
                libc::signal(signal, libc::SIG_DFL);
            }
            Ok(())
        });
    }
}

/// What a run of a program came to.
#[derive(Debug)]
pub struct Outcome {
    /// How it ended.
    pub status: ExitStatus,
    /// Everything on standard output.
    pub stdout: Vec<u8>,
    /// Everything on standard error.
    pub stderr: String,
}

impl Outcome {
    /// Standard output as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap_or_else(|error| panic!("standard output: {error}"))
    }

    /// This, where the program ended well.
    #[must_use]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.status.code(), Some(0), "{self:?}");
        self
    }

    /// The lines on standard error.
    pub fn complaints(&self) -> Vec<&str> {
        self.stderr.lines().collect()
    }
}

/// Runs `scopetop` to its end.
pub fn run(arguments: &[&str]) -> Outcome {
    finish(command(arguments))
}

/// Runs a command to its end, which must come in time.
pub fn finish(mut command: Command) -> Outcome {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
    let stdout = read_all(child.stdout.take());
    let stderr = read_all(child.stderr.take());
    let mut child = Guard(child);
    let status = wait::until("the end of scopetop", || child.0.try_wait().ok().flatten());
    let gathered = |output: Receiver<Vec<u8>>| match output.recv_timeout(PATIENCE) {
        Ok(bytes) => bytes,
        Err(error) => panic!("the output of scopetop does not end: {error}"),
    };
    let (stdout, stderr) = (gathered(stdout), gathered(stderr));
    Outcome { status, stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() }
}

/// Reads a pipe to its end on a thread, so that no pipe fills up while another is read.
fn read_all(pipe: Option<impl std::io::Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What came before an error is kept: the test will say what is missing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        let _ = sender.send(bytes);
    });
    receiver
}

/// A child that is killed when nobody wants it any more.
#[derive(Debug)]
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // Both fail only where it ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `scopetop snapshot --format json` with further arguments: the object it printed.
pub fn snapshot(arguments: &[&str]) -> Value {
    let all = [&["snapshot", "--format", "json"], arguments].concat();
    let outcome = run(&all).succeeded();
    serde_json::from_slice(&outcome.stdout).unwrap_or_else(|error| panic!("{all:?}: {error}: {outcome:?}"))
}

/// A running `scopetop events --format ndjson`.
#[derive(Debug)]
pub struct Events {
    child: Guard,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    complaints: Vec<String>,
    /// All events so far, in order.
    seen: Vec<Value>,
}

impl Events {
    /// Starts it with further arguments.
    pub fn start(arguments: &[&str]) -> Self {
        Self::spawn(command(&[&["events", "--format", "ndjson"], arguments].concat()))
    }

    /// Starts it and waits until it misses nothing any more.
    pub fn ready(arguments: &[&str]) -> Self {
        let mut events = Self::start(arguments);
        events.wait_ready();
        events
    }

    /// The same from a command made elsewhere.
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
        let stdout = read_lines(child.stdout.take());
        let stderr = read_lines(child.stderr.take());
        Self { child: Guard(child), stdout, stderr, complaints: Vec::new(), seen: Vec::new() }
    }

    /// Its pid.
    pub fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// Waits for the line on standard error that says that the hooks are attached and the scan is done.
    pub fn wait_ready(&mut self) {
        loop {
            match self.stderr.recv_timeout(PATIENCE) {
                Ok(line) => {
                    let is_ready = line.starts_with("scopetop: watching");
                    self.complaints.push(line);
                    if is_ready {
                        return;
                    }
                }
                Err(error) => panic!("scopetop never watched ({error}); it said {:?}", self.complaints),
            }
        }
    }

    /// The first event, of those seen already and those to come, that `wanted` knows.
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(found) = self.seen.iter().find(|event| wanted(event)) {
            return found.clone();
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.stdout.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    let event = parse(&line);
                    self.seen.push(event.clone());
                    if wanted(&event) {
                        return event;
                    }
                }
                Err(error) => {
                    panic!("no {what} ({error}) among {} events: {:#?}", self.seen.len(), self.seen)
                }
            }
        }
    }

    /// Interrupts it, as Ctrl-C does; it must end well. All its events, the summary last.
    pub fn interrupted(self) -> Vec<Value> {
        self.interrupted_with_cpu_time().0
    }

    /// Interrupts it and also tells the processor time that it used in all.
    pub fn interrupted_with_cpu_time(mut self) -> (Vec<Value>, Duration) {
        let pid = self.pid();
        signal(pid, Signal::INT);
        self.drain();
        // Nobody reaped it yet, so its times can still be read.
        let used =
            wait::until("the end of scopetop", || procstat::has_ended(pid).then(|| procstat::cpu_time(pid)));
        let used = used.unwrap_or_else(|error| panic!("the times of scopetop: {error}"));
        let status = wait::until("the end of scopetop", || self.child.0.try_wait().ok().flatten());
        assert_eq!(status.code(), Some(0), "scopetop said {:?}", self.complaints);
        (self.seen, used)
    }

    /// Kills it, as the kernel does when memory runs out.
    pub fn killed(self) {
        drop(self);
    }

    fn drain(&mut self) {
        loop {
            match self.stdout.recv_timeout(PATIENCE) {
                Ok(line) => self.seen.push(parse(&line)),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("scopetop events goes on after SIGINT"),
            }
        }
        self.complaints.extend(self.stderr.iter());
    }
}

fn parse(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("an event is {line:?}: {error}"))
}

pub(crate) fn read_lines(pipe: Option<impl std::io::Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let Some(pipe) = pipe else { return };
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Sends a signal to a process that must be there.
pub fn signal(pid: u32, signal: Signal) {
    let target = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let target = target.unwrap_or_else(|| panic!("{pid} is no pid"));
    kill_process(target, signal).unwrap_or_else(|error| panic!("signal {signal:?} to {pid}: {error}"));
}
