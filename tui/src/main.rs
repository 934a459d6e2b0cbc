//! `scopetop`: who on this Linux host talks to whom, live, in a terminal.

use std::process::ExitCode;

fn main() -> ExitCode {
    match scopetop::command::run(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.tell(),
    }
}
