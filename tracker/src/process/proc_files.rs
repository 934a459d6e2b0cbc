//! What `/proc/PID` tells of a process.

use std::os::fd::OwnedFd;
use std::thread;

use rustix::io::Errno;

use super::cache::Question;
use super::stat::{Stat, parse_stat, parse_uid};
use crate::container::cgroup::{Named, container_of};
use crate::identity::NetnsId;
use crate::kernel::proc_dir::{netns_of, open_directory, open_proc, read_file, read_link};
use crate::text::Text;

/// More of a command line than anybody reads; whole ones can be two megabytes each.
const COMMAND_LINE: usize = 16 * 1024;
/// More than a process is in cgroups.
const CGROUPS: usize = 256 * 1024;

/// The facts of a living process. `None` is what could not be read: for want of the right, or because the process
/// ended in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) stat: Stat,
    pub(super) cmdline: Option<Vec<Text>>,
    pub(super) exe: Option<Text>,
    pub(super) uid: Option<u32>,
    pub(super) netns: Option<NetnsId>,
    pub(super) container: Option<Named>,
}

/// Reads the facts of processes.
#[derive(Debug)]
pub(super) struct ProcFiles {
    proc: Result<OwnedFd, Errno>,
    /// Whether arguments are read at all: what is never read cannot get out.
    arguments: bool,
    /// What files are read into; the second for a second thread.
    buffers: [Vec<u8>; 2],
}

/// More processes than this are looked up on two threads: then the second one's start is nothing beside the work, all
/// of which the kernel does.
const MANY: usize = 128;

impl ProcFiles {
    pub(super) fn open(arguments: bool) -> Self {
        Self { proc: open_proc(), arguments, buffers: Default::default() }
    }

    /// The facts of the processes that are asked for, in the same order: `None` for one that is gone, also if another
    /// one has its pid now, or whose start is not known, for nothing could tell whether it is still the same. The user
    /// is looked up only where that is asked for: that file takes the kernel longest to write.
    pub(super) fn facts(&mut self, questions: &[Question]) -> Vec<Option<Facts>> {
        let Ok(proc) = &self.proc else { return vec![None; questions.len()] };
        let arguments = self.arguments;
        let [own, others] = &mut self.buffers;
        let look_up = |questions: &[Question], buffer: &mut Vec<u8>| -> Vec<_> {
            questions.iter().map(|question| Self::facts_of(proc, question, arguments, buffer)).collect()
        };
        if questions.len() <= MANY {
            return look_up(questions, own);
        }
        let (first, second) = questions.split_at(questions.len() / 2);
        thread::scope(|scope| {
            let helper = thread::Builder::new()
                .name(String::from("processes"))
                .spawn_scoped(scope, || look_up(second, others));
            let mut found = look_up(first, own);
            // Without the thread it takes longer, and no more.
            let rest = helper.ok().and_then(|helper| helper.join().ok());
            found.extend(rest.unwrap_or_else(|| look_up(second, own)));
            found
        })
    }

    fn facts_of(proc: &OwnedFd, question: &Question, arguments: bool, buffer: &mut Vec<u8>) -> Option<Facts> {
        let &Question { id, with_user, .. } = question;
        if id.started == 0 {
            return None;
        }
        let mut name = [0; 16];
        let name = pid_name(id.pid, &mut name)?;
        let process = open_directory(proc, name).ok()?;
        read_file(&process, c"stat", buffer, usize::MAX).ok()?;
        let stat = parse_stat(buffer)?;
        if stat.started != id.started {
            return None;
        }
        let cmdline = arguments
            .then(|| read_file(&process, c"cmdline", buffer, COMMAND_LINE).ok())
            .flatten()
            .and_then(|()| parse_command_line(buffer, stat.kernel_thread));
        let container =
            read_file(&process, c"cgroup", buffer, CGROUPS).ok().and_then(|()| container_of(buffer));
        let uid = with_user
            .then(|| read_file(&process, c"status", buffer, usize::MAX).ok())
            .flatten()
            .and_then(|()| parse_uid(buffer));
        let exe = read_link(&process, c"exe", Text::from_bytes).ok();
        let netns = netns_of(&process).ok().flatten();
        Some(Facts { stat, cmdline, exe, uid, netns, container })
    }
}

/// A pid as the name of its folder.
fn pid_name(pid: u32, buffer: &mut [u8; 16]) -> Option<&std::ffi::CStr> {
    use std::io::Write as _;
    write!(&mut buffer[..], "{pid}\0").ok()?;
    std::ffi::CStr::from_bytes_until_nul(buffer).ok()
}

/// The arguments in `/proc/PID/cmdline`. A thread of the kernel has none; a process without any has given its memory
/// back already (it is a zombie), and its arguments are not known.
fn parse_command_line(text: &[u8], kernel_thread: bool) -> Option<Vec<Text>> {
    // A process that writes its title over its arguments leaves zeros behind it.
    let end = text.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    if end == 0 {
        return kernel_thread.then(Vec::new);
    }
    Some(text[..end].split(|&byte| byte == 0).map(Text::from_bytes).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};

    use super::*;
    use crate::identity::ProcessId;

    fn started(pid: u32) -> u64 {
        parse_stat(&std::fs::read(format!("/proc/{pid}/stat")).unwrap()).unwrap().started
    }

    #[test]
    fn a_living_process_is_known_and_another_with_its_pid_is_not_it() {
        // A process that waits for its input, which ends when this test does.
        let mut child =
            Command::new("cat").arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // Once it answers, it is the program for certain: before, it may have no arguments yet.
        child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let id = ProcessId { pid: child.id(), started: started(child.id()) };
        let mut files = ProcFiles::open(true);
        let mut look_up = |id, with_user| files.facts(&[Question { id, with_user, cgroup: 0 }]).remove(0);
        let facts = look_up(id, true).unwrap();
        assert_eq!(&facts.stat.comm[..4], b"cat\0");
        assert_eq!(facts.cmdline, Some(vec![Text::from("cat"), Text::from("-")]));
        assert!(facts.exe.unwrap().as_str().ends_with("/cat"));
        assert_eq!(facts.uid, Some(rustix::process::getuid().as_raw()));
        assert!(facts.netns.is_some());
        assert_eq!(look_up(id, false).unwrap().uid, None);
        let question = Question { id, with_user: true, cgroup: 0 };
        let without = ProcFiles::open(false).facts(&[question]).remove(0).unwrap();
        assert_eq!((without.cmdline, without.uid), (None, look_up(id, true).unwrap().uid));
        assert_eq!(look_up(ProcessId { started: id.started + 1, ..id }, true), None);
        assert_eq!(look_up(ProcessId { started: 0, ..id }, true), None);
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(look_up(id, true), None);
    }

    #[test]
    fn many_are_found_in_their_order() {
        let own = std::process::id();
        let id = ProcessId { pid: own, started: started(own) };
        // In both halves some are there and some are not.
        let questions: Vec<_> = (0..MANY as u64 + 3)
            .map(|number| {
                let started = if number % 3 == 0 { id.started } else { id.started + number };
                Question { id: ProcessId { started, ..id }, with_user: number % 2 == 0, cgroup: 0 }
            })
            .collect();
        let found = ProcFiles::open(true).facts(&questions);
        assert_eq!(found.len(), questions.len());
        for (question, facts) in questions.iter().zip(found) {
            assert_eq!(facts.is_some(), question.id == id, "{question:?}");
            assert!(facts.is_none_or(|facts| facts.uid.is_some() == question.with_user), "{question:?}");
        }
    }

    #[test]
    fn arguments_are_between_zeros() {
        let arguments = |text: &[u8]| {
            let arguments = parse_command_line(text, false)?;
            Some(arguments.iter().map(Text::as_str).collect::<Vec<_>>().join("|"))
        };
        assert_eq!(arguments(b"ls\0-l\0\0x\0").as_deref(), Some("ls|-l||x"));
        assert_eq!(arguments(b"nginx: worker process\0\0\0\0").as_deref(), Some("nginx: worker process"));
        assert_eq!(arguments(b"no end").as_deref(), Some("no end"));
        assert_eq!(arguments(b"a\x1b\0").as_deref(), Some("a\\x1b"));
        assert_eq!(arguments(b""), None);
        assert_eq!(parse_command_line(b"", true), Some(Vec::new()));
    }
}
