//! Signals to processes.

use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open, pidfd_send_signal};

use super::ActError;
use crate::identity::ProcessId;
use crate::kernel::proc_dir::{open_directory, open_proc, read_file};
use crate::process::stat::parse_stat;

/// A signal that can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Asks it to end.
    Term,
    /// Ends it at once.
    Kill,
    /// Often: read the configuration again.
    Hup,
    /// As Ctrl-C does.
    Int,
    /// Stops it until it is told to go on.
    Stop,
    /// Lets it go on.
    Cont,
    /// Whatever the program makes of it.
    Usr1,
    /// Whatever the program makes of it.
    Usr2,
}

impl Signal {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 8] =
        [Self::Term, Self::Kill, Self::Hup, Self::Int, Self::Stop, Self::Cont, Self::Usr1, Self::Usr2];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Term => "SIGTERM",
            Self::Kill => "SIGKILL",
            Self::Hup => "SIGHUP",
            Self::Int => "SIGINT",
            Self::Stop => "SIGSTOP",
            Self::Cont => "SIGCONT",
            Self::Usr1 => "SIGUSR1",
            Self::Usr2 => "SIGUSR2",
        }
    }

    const fn of_the_kernel(self) -> rustix::process::Signal {
        use rustix::process::Signal as Kernel;
        match self {
            Self::Term => Kernel::TERM,
            Self::Kill => Kernel::KILL,
            Self::Hup => Kernel::HUP,
            Self::Int => Kernel::INT,
            Self::Stop => Kernel::STOP,
            Self::Cont => Kernel::CONT,
            Self::Usr1 => Kernel::USR1,
            Self::Usr2 => Kernel::USR2,
        }
    }
}

/// Sends a process a signal; never to another one that has its pid by now.
pub fn signal(process: ProcessId, signal: Signal) -> Result<(), ActError> {
    let handle = open(process)?;
    pidfd_send_signal(&handle, signal.of_the_kernel()).map_err(|error| match error {
        Errno::SRCH => ActError::Gone,
        Errno::PERM => ActError::NotPermitted("the process is another user's (root and CAP_KILL may)"),
        error => ActError::System(error),
    })
}

/// Opens a process. The handle is taken first and the start read then: if the pid changed hands in between, the start
/// is not the one that is looked for, or the handle leads to a process that is gone.
fn open(process: ProcessId) -> Result<OwnedFd, ActError> {
    if process.started == 0 {
        return Err(ActError::Unidentified);
    }
    let pid = i32::try_from(process.pid).ok().and_then(Pid::from_raw).ok_or(ActError::Gone)?;
    let handle = pidfd_open(pid, PidfdFlags::empty()).map_err(|error| match error {
        Errno::SRCH => ActError::Gone,
        // The thread of another process has this number.
        Errno::INVAL | Errno::NOENT => ActError::PidReused,
        error => ActError::System(error),
    })?;
    match started(process.pid) {
        Some(started) if started == process.started => Ok(handle),
        Some(_) => Err(ActError::PidReused),
        None => Err(ActError::Gone),
    }
}

/// When the process that has a pid now started.
pub(super) fn started(pid: u32) -> Option<u64> {
    let name = std::ffi::CString::new(pid.to_string()).ok()?;
    let directory = open_directory(open_proc().ok()?, &name).ok()?;
    let mut text = Vec::new();
    read_file(directory, c"stat", &mut text, usize::MAX).ok()?;
    parse_stat(&text).map(|stat| stat.started)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Child, Command};

    use super::*;

    /// A process that waits; it is over when this is dropped.
    struct Sleeper(Child);

    impl Sleeper {
        fn start() -> Self {
            Self(Command::new("sleep").arg("600").spawn().unwrap())
        }

        fn id(&self) -> ProcessId {
            ProcessId { pid: self.0.id(), started: started(self.0.id()).unwrap() }
        }
    }

    impl Drop for Sleeper {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[test]
    fn a_signal_reaches_the_process_that_is_meant() {
        let (mut one, mut other) = (Sleeper::start(), Sleeper::start());
        assert_eq!(signal(one.id(), Signal::Usr2), Ok(()));
        assert_eq!(one.0.wait().unwrap().signal(), Some(libc::SIGUSR2));
        assert_eq!(other.0.try_wait().unwrap(), None);
    }

    #[test]
    fn a_pid_that_is_anothers_by_now_is_refused() {
        let mut sleeper = Sleeper::start();
        let now = sleeper.id();
        // As if the one that was shown had started a moment before.
        let before = ProcessId { started: now.started - 1, ..now };
        assert_eq!(signal(before, Signal::Kill), Err(ActError::PidReused));
        assert_eq!(signal(ProcessId { started: 0, ..now }, Signal::Kill), Err(ActError::Unidentified));
        assert_eq!(sleeper.0.try_wait().unwrap(), None, "it was hit");
    }

    #[test]
    fn one_that_is_gone_is_told() {
        let mut sleeper = Sleeper::start();
        let id = sleeper.id();
        sleeper.0.kill().unwrap();
        sleeper.0.wait().unwrap();
        assert_eq!(signal(id, Signal::Term), Err(ActError::Gone));
        assert_eq!(signal(ProcessId { pid: 0, started: 1 }, Signal::Term), Err(ActError::Gone));
        assert_eq!(signal(ProcessId { pid: u32::MAX, started: 1 }, Signal::Term), Err(ActError::Gone));
    }
}
