//! Address translation, by the connection tracking of network namespaces: one look-up for a connection that is new.
//!
//! Nobody subscribes to the table: each connection that comes and goes would cost twice. An entry outlives its
//! connection by seconds to minutes, so that a look-up at the end of a tick still finds those that are over.

mod message;
mod table;
mod undo;

pub(crate) use message::Flow;
pub(crate) use table::{Tables, step};
pub(crate) use undo::{Question, Request, undo};
