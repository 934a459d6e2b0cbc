//! What can be done with the selected thing, and how it is asked before: each question names exactly what will happen,
//! and no is what Enter takes.
//!
//! Here it is only put into words; [`scopetop_tracker::act`] does it.

mod offer;

use scopetop_tracker::act::{ActError, Command, Signal, TcpEnd};
use scopetop_tracker::identity::{ContainerId, ProcessId};

pub use offer::offer;

use crate::app::Message;

/// Something that changes the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Send a process a signal.
    Signal {
        /// Which signal.
        signal: Signal,
        /// The process.
        process: ProcessId,
        /// What the process is called. Safe to show.
        who: String,
    },
    /// Close connections.
    Close {
        /// Their ends on this host, one of each.
        ends: Vec<TcpEnd>,
        /// What they are. Safe to show.
        what: String,
    },
    /// Tell a container's engine to do something with it.
    Container {
        /// What.
        command: Command,
        /// The container.
        id: ContainerId,
        /// What the container is called. Safe to show.
        name: String,
    },
}

impl Deed {
    /// Does it. This waits for the kernel or for an engine.
    pub fn perform(&self) -> Message {
        match self {
            Self::Signal { signal, process, who } => told(
                scopetop_tracker::act::signal(*process, *signal),
                &format!("sent {} to {who}", signal.name()),
                || format!("{who} was not sent {}", signal.name()),
            ),
            Self::Close { ends, what } => of_many(&scopetop_tracker::act::close(ends), what),
            Self::Container { command, id, name } => {
                let (done, not) = match command {
                    Command::Stop => ("stopped", "did not stop"),
                    Command::Restart => ("restarted", "did not restart"),
                };
                told(scopetop_tracker::act::container(id, *command), &format!("{done} {name}"), || {
                    format!("{name} {not}")
                })
            }
        }
    }

    /// What is told while it is done.
    pub fn under_way(&self) -> Option<Message> {
        match self {
            Self::Signal { .. } | Self::Close { .. } => None,
            Self::Container { command, name, .. } => {
                Some(Message::good(format!("{} {name} …", command.name())))
            }
        }
    }
}

fn told(outcome: Result<(), ActError>, done: &str, not: impl FnOnce() -> String) -> Message {
    match outcome {
        Ok(()) => Message::good(done),
        Err(error) => Message::bad(format!("{}: {error}", not())),
    }
}

fn of_many(outcomes: &[Result<(), ActError>], what: &str) -> Message {
    let first = outcomes.iter().find_map(|outcome| outcome.as_ref().err());
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    match first {
        None => Message::good(format!("closed {what}")),
        Some(error) if outcomes.len() == 1 => Message::bad(format!("not closed, {what}: {error}")),
        Some(error) => {
            Message::bad(format!("closed {done} of {}, {what}; the others: {error}", outcomes.len()))
        }
    }
}

#[cfg(test)]
mod tests;
