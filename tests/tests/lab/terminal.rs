use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

use scopetop_lab::procstat;
use scopetop_lab::terminal::{End, Terminal};
use scopetop_lab::wait;

/// A shell script in a terminal.
fn script(text: &str) -> Terminal {
    let mut shell = Command::new("sh");
    shell.args(["-c", text]);
    Terminal::start(&shell, 24, 80)
}

#[test]
fn what_a_program_draws_is_on_the_screen_and_keys_reach_it() {
    let mut terminal = script("printf '\\033[5;10Hhello'; read line; echo got $line; exit 3");
    terminal
        .wait_for("hello in row 5", |screen| screen.cell(4, 9).is_some_and(|cell| cell.contents() == "h"));
    terminal.press("keys\r");
    assert_eq!(terminal.wait_end(), End::Exit(3));
    assert!(terminal.contents().contains("got keys"), "{}", terminal.contents());
    terminal.assert_given_back();
}

#[test]
fn a_new_size_reaches_the_program() {
    let terminal = script("trap 'stty size' WINCH; stty size; while read line; do :; done");
    terminal.wait_for_text("24 80");
    terminal.resize(50, 100);
    // The shell runs the trap once its read is interrupted or over.
    terminal.press("\r");
    terminal.wait_for_text("50 100");
}

#[test]
fn a_terminal_that_was_not_given_back_is_noticed() {
    for (left, word) in [
        ("stty raw -echo", "modes"),
        ("printf '\\033[?1049h'", "alternate screen"),
        ("printf '\\033[?25l'", "cursor"),
        ("printf '\\033[?1000h'", "mouse"),
    ] {
        let mut terminal = script(left);
        assert_eq!(terminal.wait_end(), End::Exit(0));
        let panic = catch_unwind(AssertUnwindSafe(|| terminal.assert_given_back())).unwrap_err();
        let said =
            panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        assert!(said.unwrap().contains(word), "{left}: {said:?}");
    }
}

#[test]
fn a_signal_is_told_as_one() {
    let mut terminal = script("echo up; exec sleep 1000");
    terminal.wait_for_text("up");
    scopetop_lab::binary::signal(terminal.pid(), rustix::process::Signal::TERM);
    assert_eq!(terminal.wait_end(), End::Signal(15));
}

#[test]
fn closing_the_terminal_ends_the_programs_input() {
    let mut terminal = script("echo up; cat >/dev/null; exit 7");
    terminal.wait_for_text("up");
    terminal.close();
    assert_eq!(terminal.wait_end(), End::Exit(7));
}

#[test]
fn nothing_runs_on_when_the_terminal_is_dropped() {
    let terminal = script("trap '' HUP; echo up; exec sleep 1000");
    terminal.wait_for_text("up");
    let pid = terminal.pid();
    drop(terminal);
    wait::until("the end of the program", || procstat::has_ended(pid).then_some(()));
}
