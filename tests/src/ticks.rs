//! A running `lab-ticks`: what each tick shows, one after the other.

use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;

use serde_json::Value;

use crate::binary::{companion, mortal, read_lines};
use crate::wait::PATIENCE;
use crate::world::Namespace;

/// The ticks of one network namespace, or of all.
#[derive(Debug)]
pub struct Ticks {
    child: Child,
    lines: Receiver<String>,
}

impl Ticks {
    /// Starts it with ticks so long and takes the first, which has what was there.
    pub fn start(milliseconds: u32, namespace: Option<&Namespace>) -> Self {
        Self::spawn(Command::new(companion("lab-ticks")), milliseconds, namespace)
    }

    /// The same, from a command made elsewhere.
    pub fn spawn(command: Command, milliseconds: u32, namespace: Option<&Namespace>) -> Self {
        let mut arguments = vec![milliseconds.to_string()];
        arguments.extend(namespace.map(|namespace| namespace.inode().to_string()));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut command = mortal(command, &arguments);
        let child = command.stdout(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("lab-ticks: {error}"));
        let lines = read_lines(child.stdout.take());
        let mut ticks = Self { child, lines };
        ticks.next_tick();
        ticks
    }

    /// The next tick.
    pub fn next_tick(&mut self) -> Value {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                serde_json::from_str(&line).unwrap_or_else(|error| panic!("a tick is {line:?}: {error}"))
            }
            Err(error) => panic!("no tick comes: {error}"),
        }
    }

    /// The first tick from here on that `wanted` knows, and what it knows of it.
    pub fn wait_for<T>(&mut self, what: &str, wanted: impl Fn(&Value) -> Option<T>) -> T {
        let began = std::time::Instant::now();
        loop {
            let tick = self.next_tick();
            if let Some(found) = wanted(&tick) {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "no tick with {what}; the last is {tick:#}");
        }
    }
}

impl Drop for Ticks {
    fn drop(&mut self) {
        // Both fail only where it ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The connections of a tick whose client's process has this name.
pub fn of_client<'tick>(tick: &'tick Value, comm: &str) -> Vec<&'tick Value> {
    let connections = tick["connections"].as_array();
    let connections = connections.unwrap_or_else(|| panic!("no connections in {tick}"));
    connections.iter().filter(|connection| connection["client"]["process"]["comm"] == comm).collect()
}
