//! What `/proc/PID` tells of a process that a scenario or a benchmark looks at.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// The processor time that a process used so far, in user and kernel mode. Works until it is reaped.
pub fn cpu_time(pid: u32) -> io::Result<Duration> {
    let fields = stat(pid)?;
    // Fields 14 and 15 of proc(5), counted from the state, which is field 3.
    let ticks: u64 = [11, 12].iter().filter_map(|&index| fields.get(index)?.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second()))
}

/// Whether a process has ended (it may still wait to be reaped).
pub fn has_ended(pid: u32) -> bool {
    stat(pid).is_ok_and(|fields| matches!(fields.first().map(String::as_str), Some("Z" | "X")))
        || !fs::exists(format!("/proc/{pid}")).unwrap_or(true)
}

/// When a process started, in hundredths of a second since boot; `None` where there is no such process.
pub fn started(pid: u32) -> Option<u64> {
    // Field 22.
    stat(pid).ok()?.get(19)?.parse().ok()
}

/// Whether all threads of a process are stopped, as SIGSTOP does some time after it was sent.
pub fn is_stopped(pid: u32) -> bool {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    tasks.flatten().all(|task| {
        fields(&task.path().join("stat"))
            .is_ok_and(|fields| matches!(fields.first().map(String::as_str), Some("T")))
    })
}

/// The memory of a process that is in RAM, in bytes.
pub fn resident_bytes(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kilobytes.map(|kilobytes| kilobytes * 1024).ok_or_else(|| io::Error::other("no VmRSS"))
}

/// The system call in which a process sleeps; `None` while it runs.
pub fn blocked_in(pid: u32) -> Option<i64> {
    fs::read_to_string(format!("/proc/{pid}/syscall")).ok()?.split(' ').next()?.parse().ok()
}

/// How many threads of a process sleep in a system call.
pub fn threads_in(pid: u32, call: i64) -> usize {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    let is_in = |task: &fs::DirEntry| {
        let text = fs::read_to_string(task.path().join("syscall")).unwrap_or_default();
        text.split(' ').next().and_then(|number| number.parse().ok()) == Some(call)
    };
    tasks.flatten().filter(is_in).count()
}

/// The fields of `/proc/PID/stat` behind the name, which may itself hold blanks and brackets.
fn stat(pid: u32) -> io::Result<Vec<String>> {
    fields(Path::new(&format!("/proc/{pid}/stat")))
}

fn fields(file: &Path) -> io::Result<Vec<String>> {
    let text = fs::read(file)?;
    let behind = text.iter().rposition(|&byte| byte == b')').map_or(text.len(), |at| at + 1);
    Ok(String::from_utf8_lossy(&text[behind..]).split_whitespace().map(String::from).collect())
}
