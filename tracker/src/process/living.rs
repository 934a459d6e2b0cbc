//! What is asked of a process while it lives and a user looks at it, beside what ticks tell.

use std::os::fd::OwnedFd;

use rustix::io::Errno;

use super::stat::parse_stat;
use crate::identity::ProcessId;
use crate::kernel::proc_dir::{open_pid, open_proc, read_file};
use crate::text::Text;

/// More of an environment than anybody reads.
const ENVIRONMENT: usize = 64 * 1024;

/// Reads `/proc` for living processes. A pid alone names nobody: what is told is told of the process with that start.
#[derive(Debug)]
pub struct LivingProcesses {
    proc: Result<OwnedFd, Errno>,
    buffer: Vec<u8>,
}

/// A variable of an environment; the value is `None` for text without an equals sign.
pub type Variable = (Text, Option<Text>);

impl LivingProcesses {
    /// Opens `/proc`. Where that does not work no process is found.
    pub fn open() -> Self {
        Self { proc: open_proc(), buffer: Vec::new() }
    }

    /// Whether that process is still there. What was read of its pid before this call was its own, then.
    pub fn is_there(&mut self, id: ProcessId) -> bool {
        self.directory(id).is_some()
    }

    /// The command name that a pid has now.
    pub fn comm(&mut self, pid: u32) -> Option<Text> {
        let directory = open_pid(self.proc.as_ref().ok()?, pid)?;
        read_file(&directory, c"comm", &mut self.buffer, 64).ok()?;
        Some(Text::from_bytes(self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer)))
    }

    /// The environment that a process was started with, cut after 64 KiB; `None` where the process is gone or may not be
    /// asked. (What it set since is in its own memory only.)
    pub fn environment(&mut self, id: ProcessId) -> Option<Vec<Variable>> {
        // The directory stays that process's, whoever gets its pid next.
        let directory = self.directory(id)?;
        read_file(&directory, c"environ", &mut self.buffer, ENVIRONMENT).ok()?;
        Some(parse_environment(&self.buffer))
    }

    fn directory(&mut self, id: ProcessId) -> Option<OwnedFd> {
        let directory = open_pid(self.proc.as_ref().ok()?, id.pid)?;
        read_file(&directory, c"stat", &mut self.buffer, usize::MAX).ok()?;
        let stat = parse_stat(&self.buffer)?;
        (id.started != 0 && stat.started == id.started).then_some(directory)
    }
}

/// The variables in `/proc/PID/environ`, in its order.
fn parse_environment(text: &[u8]) -> Vec<Variable> {
    text.split(|&byte| byte == 0)
        .filter(|variable| !variable.is_empty())
        .map(|variable| {
            let equals = variable.iter().position(|&byte| byte == b'=');
            let name = Text::from_bytes(&variable[..equals.unwrap_or(variable.len())]);
            (name, equals.map(|equals| Text::from_bytes(&variable[equals + 1..])))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn only_the_process_with_that_start_is_told_of() {
        let mut child = Command::new("cat")
            .env_clear()
            .env("ONE", "a=b\x1b")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let stat = std::fs::read(format!("/proc/{}/stat", child.id())).unwrap();
        let id = ProcessId { pid: child.id(), started: parse_stat(&stat).unwrap().started };
        let mut living = LivingProcesses::open();
        assert!(living.is_there(id));
        // `spawn` returns once the other program is there, so that these are its own.
        assert_eq!(living.comm(id.pid).as_deref(), Some("cat"));
        assert_eq!(
            living.environment(id),
            Some(vec![(Text::from("ONE"), Some(Text::from_bytes(b"a=b\x1b")))])
        );
        for started in [id.started + 1, 0] {
            let other = ProcessId { started, ..id };
            assert!(!living.is_there(other));
            assert_eq!(living.environment(other), None);
        }
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(!living.is_there(id));
        assert_eq!((living.environment(id), living.comm(id.pid)), (None, None));
    }

    #[test]
    fn variables_are_between_zeros() {
        let told = |text: &[u8]| {
            let variables = parse_environment(text).into_iter();
            variables.map(|(name, value)| format!("{name}:{value:?}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(told(b"A=1\0B=\0C\0\0=x\0"), "A:Some(\"1\") B:Some(\"\") C:None :Some(\"x\")");
        assert_eq!(told(b""), "");
        assert_eq!(told(b"CUT=of"), "CUT:Some(\"of\")");
    }
}
