use std::process::Output;

use scopetop_lab::need::REQUIRE;
use scopetop_lab::ordinary::Reachable;

/// A test of this program that needs root.
const TEST: &str = "world::two_namespaces_use_the_same_address_at_once";

/// Runs that one test as an ordinary user, from a target folder of its own.
fn as_ordinary_user(folder: &Reachable, environment: &[(&str, &str)]) -> Output {
    let mut command = folder.command("debug/deps/lab");
    command.args(["--exact", TEST]).env_remove(REQUIRE).envs(environment.iter().copied());
    command.output().unwrap()
}

fn this_program_for_everybody() -> Reachable {
    Reachable::with(&[(&std::env::current_exe().unwrap(), "debug/deps/lab")]).unwrap()
}

#[test]
fn a_test_that_cannot_run_says_so_by_name() {
    let folder = this_program_for_everybody();
    let output = as_ordinary_user(&folder, &[]);
    let line = format!("SKIPPED lab::{TEST}: this user is not root\n");
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), line);
    assert_eq!(std::fs::read_to_string(folder.path().join("scopetop-skipped.txt")).unwrap(), line);
}

#[test]
fn a_skip_is_a_failure_where_every_test_must_run() {
    let folder = this_program_for_everybody();
    let output = as_ordinary_user(&folder, &[(REQUIRE, "1")]);
    assert!(!output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("this user is not root"), "{output:?}");
}
