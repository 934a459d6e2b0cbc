//! What an actor does with the sockets it has, beyond opening and closing them: gives them to others, and uses them in
//! ways of its own. `lab-actor` is the program, [`crate::actor::Actor`] lists its commands.

pub mod crowd;
pub mod datagrams;
pub mod heir;
pub mod mailbox;
pub mod ring;

/// What a deed came to; an error is told as text.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;
