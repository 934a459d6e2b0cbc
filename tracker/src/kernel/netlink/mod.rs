//! The little of netlink that several questions to the kernel share: its messages and its sockets.
//!
//! Written by hand where crates would do it, as for `sock_diag`: of each answer a few fields are needed, and one
//! attribute that is not understood must not cost the rest.

mod message;
mod socket;

#[cfg(test)]
pub(crate) use message::push_attribute;
pub(crate) use message::{DUMP, NetlinkError, REQUEST, attributes, push_header, u32_at};
pub(crate) use socket::NetlinkSocket;
