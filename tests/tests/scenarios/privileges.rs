//! Without root scopetop shows what it may see, and says what is missing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use scopetop_lab::actor::Actor;
use scopetop_lab::binary::{self, companion, finish, mortal};
use scopetop_lab::picture::Picture;

use crate::{ACTOR, Pair};

/// The user `nobody`.
const NOBODY: u32 = 65534;

/// A folder that everybody can reach, with copies of the programs: the built ones may lie in somebody's home.
struct Reachable(PathBuf);

impl Reachable {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("scopetop-lab-{}-{test}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        for program in [binary::path().to_path_buf(), companion("lab-actor")] {
            fs::copy(&program, folder.join(program.file_name().unwrap())).unwrap();
        }
        Self(folder)
    }

    /// A command that runs one of them as an ordinary user.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.0.join(program));
        command.current_dir("/");
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }
}

impl Drop for Reachable {
    fn drop(&mut self) {
        // What cannot be removed stays in the temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn an_ordinary_user_sees_his_own_and_is_told_what_is_missing() {
    let programs = Reachable::new("own");
    let pair = Pair::between(
        Actor::start(programs.command(ACTOR)),
        Actor::start(programs.command(ACTOR)),
        "127.0.0.1:0",
    );
    let arguments = ["snapshot", "--format", "json", "--for", "0"];
    let outcome = finish(mortal(programs.command("scopetop"), &arguments)).succeeded();
    let picture = Picture(serde_json::from_slice(&outcome.stdout).unwrap());
    let connection = picture.connection_of(pair.client_address);
    picture.assert_owner(&connection["client"], pair.client.pid(), ACTOR);
    picture.assert_owner(&connection["server"], pair.server.pid(), ACTOR);
    assert_eq!(picture.0["source"]["events"], "none");
    assert_ne!(picture.0["source"]["reasons"], serde_json::json!([]));
    let complaints = outcome.complaints();
    assert_eq!(complaints.len(), 1, "{complaints:#?}");
    // What would help.
    assert!(complaints[0].contains("root") || complaints[0].contains("CAP_BPF"), "{complaints:?}");
}

#[test]
fn what_another_user_holds_has_no_guessed_owner() {
    scopetop_lab::require!(Root);
    let programs = Reachable::new("other");
    let pair = Pair::connected(None, "127.0.0.1:0");
    let arguments = ["snapshot", "--format", "json", "--for", "0"];
    let outcome = finish(mortal(programs.command("scopetop"), &arguments)).succeeded();
    let picture = Picture(serde_json::from_slice(&outcome.stdout).unwrap());
    let connection = picture.connection_of(pair.client_address);
    for end in ["client", "server"] {
        assert_eq!(connection[end]["pids"], serde_json::json!([]), "{connection:#}");
    }
}

#[test]
fn ebpf_alone_fails_with_the_reason_where_it_may_not_be_used() {
    let programs = Reachable::new("ebpf");
    let arguments = ["snapshot", "--for", "0", "--backend", "ebpf"];
    let outcome = finish(mortal(programs.command("scopetop"), &arguments));
    assert_eq!(outcome.status.code(), Some(1), "{outcome:?}");
    assert!(outcome.stdout.is_empty(), "{outcome:?}");
    assert_eq!(outcome.complaints().len(), 1, "{outcome:?}");
}

#[test]
fn the_doctor_answers_an_ordinary_user() {
    let programs = Reachable::new("doctor");
    for format in ["text", "json"] {
        let outcome =
            finish(mortal(programs.command("scopetop"), &["doctor", "--format", format])).succeeded();
        assert!(!outcome.text().is_empty());
    }
}
