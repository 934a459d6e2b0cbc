//! Sockets: what is known of each, and the table that keeps them.

mod address;
mod event;
pub mod flow;
mod socket;
mod table;
mod unix;

pub use address::{Address, UnixName};
pub(crate) use event::is_own_name;
pub use event::{Actor, ConnectionEvent, ConnectionEventKind, Scan, ScanRow, SocketEvent, SocketEventKind};
pub use socket::{Counters, Direction, OwnerSource, Protocol, SequencePair, Socket, State};
pub use table::{ConnectionTable, TableTick};
pub use unix::{UnixKind, UnixPeer, UnixRow};
