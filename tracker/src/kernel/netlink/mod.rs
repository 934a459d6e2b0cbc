//! The little of netlink that several questions to the kernel share: its messages and its sockets.
//!
//! Written by hand where crates would do it, as for `sock_diag`: of each answer a few fields are needed, and one
//! attribute that is not understood must not cost the rest.

mod message;
mod socket;

pub use message::NetlinkError;
pub(crate) use message::{AnswerKind, DUMP, NESTED, REQUEST, Reader};
pub(crate) use message::{attributes, push_attribute, push_header, u32_at};
pub(crate) use socket::{NetlinkSocket, Patience};

#[cfg(test)]
pub(crate) use {message::HEADER, socket::read_list};
