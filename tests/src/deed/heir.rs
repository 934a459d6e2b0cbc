//! Processes that inherit sockets: by fork and exec, as inetd starts servers, as systemd activates them.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::fd::{BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rustix::io::FdFlags;
use serde_json::{Value, json};

use super::Outcome;

/// Tells a new `lab-actor` which descriptor it inherits, and that it is to say that it is there: what is written to it
/// before may be read by the program that it was before.
const INHERITED: &str = "LAB_INHERITED";

/// The first descriptor that systemd passes on.
const LISTEN_FDS_START: RawFd = 3;

/// A process that was started with another's socket. It ends with whoever started it.
#[derive(Debug)]
pub struct Heir {
    child: Child,
    /// Of one that understands commands.
    talk: Option<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Heir {
    /// Starts a `lab-actor` that has the socket as `end`.
    pub fn actor(socket: BorrowedFd<'_>) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.env(INHERITED, inherited(socket));
        keep(&mut command, socket);
        Self::talking(command)
    }

    /// Starts a program whose standard input and output are the socket, as inetd does.
    pub fn inetd(socket: BorrowedFd<'_>, program: &str) -> Outcome<Self> {
        let mut command = Command::new(program);
        command.stdin(socket.try_clone_to_owned()?).stdout(socket.try_clone_to_owned()?);
        mortal(&mut command);
        Ok(Self { child: command.spawn()?, talk: None })
    }

    /// Starts a `lab-actor` that finds the socket as systemd's activated services do: as descriptor 3, told in
    /// `LISTEN_FDS` and `LISTEN_PID`.
    pub fn activated(socket: BorrowedFd<'_>) -> Outcome<Self> {
        // Only a shell can put its own pid into its environment before it becomes another program.
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\""]).arg(std::env::current_exe()?);
        command.env(INHERITED, "");
        let socket = std::os::fd::AsRawFd::as_raw_fd(&socket);
        #[allow(unsafe_code, reason = "a new process moves a descriptor between fork and exec")]
        // SAFETY: the closure makes system calls only; nothing else in the new process has descriptor 3 in use that is
        // still needed (those of the standard streams are set up before).
        unsafe {
            command.pre_exec(move || {
                if socket == LISTEN_FDS_START {
                    rustix::io::fcntl_setfd(BorrowedFd::borrow_raw(socket), FdFlags::empty())?;
                } else {
                    let mut place = std::mem::ManuallyDrop::new(OwnedFd::from_raw_fd(LISTEN_FDS_START));
                    rustix::io::dup2(BorrowedFd::borrow_raw(socket), &mut place)?;
                }
                Ok(())
            });
        }
        Self::talking(command)
    }

    fn talking(mut command: Command) -> Outcome<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        mortal(&mut command);
        let mut child = command.spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            unreachable!("both were asked for as pipes")
        };
        let mut heir = Self { child, talk: Some((input, BufReader::new(output))) };
        // Once it is there, it is the program and no longer a copy of the one that started it.
        heir.hear()?;
        Ok(heir)
    }

    /// Its pid.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Gives it a command and tells its answer.
    pub fn tell(&mut self, command: &str) -> Outcome<Value> {
        let Some((input, _)) = &mut self.talk else { return Err("it understands no commands".into()) };
        writeln!(input, "{command}")?;
        self.hear()
    }

    /// What it says next.
    fn hear(&mut self) -> Outcome<Value> {
        let Some((_, output)) = &mut self.talk else { return Err("it understands no commands".into()) };
        let mut line = String::new();
        output.read_line(&mut line)?;
        let answer: Value = serde_json::from_str(&line)?;
        match answer["error"].as_str() {
            Some(error) => Err(error.into()),
            None => Ok(answer),
        }
    }

    /// Lets it end and waits until it is gone.
    pub fn end(mut self) -> Outcome<Value> {
        match self.talk.take() {
            Some(talk) => drop(talk),
            None => self.child.kill()?,
        }
        self.child.wait()?;
        Ok(json!({}))
    }
}

impl Drop for Heir {
    fn drop(&mut self) {
        // Both fail only where it ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Becomes another program (a copy of this one), which has the socket as `end`.
pub fn exec(program: &OsStr, socket: BorrowedFd<'_>) -> io::Error {
    let mut command = Command::new(program);
    command.env(INHERITED, inherited(socket));
    keep(&mut command, socket);
    command.exec()
}

/// For a process that is to say that it is there: the socket that it was started with, if any.
pub fn own_inheritance() -> Option<Option<OwnedFd>> {
    let descriptor = std::env::var(INHERITED).ok()?.parse().ok();
    // Its own heirs inherit something else.
    #[allow(unsafe_code, reason = "the environment is changed, and a descriptor is taken that was inherited")]
    // SAFETY: this process has no other thread yet, and nothing else knows of the descriptor.
    unsafe {
        std::env::remove_var(INHERITED);
        Some(descriptor.map(|descriptor| OwnedFd::from_raw_fd(descriptor)))
    }
}

/// The socket that this process was activated with; see `sd_listen_fds(3)`.
pub fn own_activation() -> Outcome<OwnedFd> {
    if std::env::var("LISTEN_PID")? != std::process::id().to_string() || std::env::var("LISTEN_FDS")? != "1" {
        return Err("LISTEN_PID and LISTEN_FDS mean another process".into());
    }
    #[allow(unsafe_code, reason = "the descriptor was inherited")]
    // SAFETY: whoever set the two says that it is there and meant for this process; it is taken once.
    Ok(unsafe { OwnedFd::from_raw_fd(LISTEN_FDS_START) })
}

fn inherited(socket: BorrowedFd<'_>) -> OsString {
    std::os::fd::AsRawFd::as_raw_fd(&socket).to_string().into()
}

/// Lets a command's process keep a descriptor over exec.
fn keep(command: &mut Command, socket: BorrowedFd<'_>) {
    let descriptor = std::os::fd::AsRawFd::as_raw_fd(&socket);
    #[allow(unsafe_code, reason = "a new process keeps a descriptor over exec")]
    // SAFETY: the closure makes one system call; the caller has the descriptor open until the command has started.
    unsafe {
        command.pre_exec(move || {
            Ok(rustix::io::fcntl_setfd(BorrowedFd::borrow_raw(descriptor), FdFlags::empty())?)
        });
    }
}

/// Lets a command's process die with the one that starts it.
fn mortal(command: &mut Command) {
    #[allow(unsafe_code, reason = "a test that is killed must not leave its processes behind")]
    // SAFETY: the closure makes one system call.
    unsafe {
        command.pre_exec(|| {
            Ok(rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?)
        });
    }
}
