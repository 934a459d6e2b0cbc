//! Leads a session on a terminal and runs one program in it, as a login shell does. The terminal's state after the
//! program's end is then what the program left, not what the kernel resets when a session is over.
//!
//! `lab-session TERMINAL PROGRAM ARGUMENT…`; tells `pid N` and later `exit N` or `signal N` on standard output, and ends
//! when standard input does.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

extern "C" fn ignore(_signal: libc::c_int) {}

fn main() -> io::Result<()> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [terminal, program, arguments @ ..] = arguments.as_slice() else {
        return Err(io::Error::other("usage: lab-session TERMINAL PROGRAM ARGUMENT…"));
    };
    #[allow(unsafe_code, reason = "only a handler, unlike SIG_IGN, is not passed on to the program")]
    // SAFETY: the handler does nothing.
    unsafe {
        // The leader outlives a hang-up, so that the program has to notice it by itself.
        libc::signal(libc::SIGHUP, ignore as *const () as libc::sighandler_t);
    }
    rustix::process::setsid()?;
    // The first terminal that a session's leader opens becomes the session's.
    let terminal = File::options().read(true).write(true).open(terminal)?;
    let mut command = Command::new(program);
    scopetop_lab::binary::with_usual_signals(&mut command);
    let mut child = command
        .args(arguments)
        .stdin(terminal.try_clone()?)
        .stdout(terminal.try_clone()?)
        .stderr(terminal.try_clone()?)
        .spawn()?;
    say(&format!("pid {}", child.id()))?;
    let status = child.wait()?;
    match status.code() {
        Some(code) => say(&format!("exit {code}"))?,
        None => say(&format!("signal {}", status.signal().unwrap_or(0)))?,
    }
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn say(line: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}
