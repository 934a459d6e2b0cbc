//! Copies of programs can be run, whatever else is started meanwhile.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use scopetop_lab::ordinary::Reachable;

/// A process that takes its time between fork and exec, in which it has all files of this one open.
fn slow_to_begin() -> Command {
    let mut command = Command::new("true");
    // SAFETY: sleeping is allowed between fork and exec.
    #[allow(unsafe_code, reason = "what runs between fork and exec is marked unsafe")]
    unsafe {
        command.pre_exec(|| {
            thread::sleep(Duration::from_millis(2));
            Ok(())
        });
    }
    command
}

#[test]
fn a_copy_can_be_run_while_others_start_processes() {
    let over = AtomicBool::new(false);
    let outcomes: Vec<_> = thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    assert!(slow_to_begin().status().unwrap().success());
                }
            });
        }
        let run = || {
            let programs = Reachable::with(&[(Path::new("/bin/true"), "true")]).unwrap();
            programs.command("true").status()
        };
        let outcomes = (0..100).map(|_| run()).collect();
        over.store(true, Ordering::Relaxed);
        outcomes
    });
    for outcome in outcomes {
        assert!(outcome.unwrap().success());
    }
}
