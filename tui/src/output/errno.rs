//! The names of the errors that end connections.

use std::fmt;

use serde::{Serialize, Serializer};

/// A positive errno that shows as its name (`ECONNREFUSED`); one without a name here shows as `errno 200`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub u32);

macro_rules! names {
    ($($name:ident)*) => {
        /// The error's name.
        pub fn name(self) -> Option<&'static str> {
            match libc::c_int::try_from(self.0).ok()? {
                $(libc::$name => Some(stringify!($name)),)*
                _ => None,
            }
        }
    };
}

impl Errno {
    names! {
        EPERM EINTR EIO EAGAIN ENOMEM EACCES EINVAL EPIPE EPROTO EMSGSIZE EPROTONOSUPPORT EAFNOSUPPORT EADDRINUSE
        EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN
        ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ECANCELED ENOPROTOOPT EOPNOTSUPP
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => formatter.pad(name),
            None => write!(formatter, "errno {}", self.0),
        }
    }
}

impl Serialize for Errno {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.name() {
            Some(name) => serializer.serialize_str(name),
            None => serializer.collect_str(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_their_names() {
        assert_eq!(Errno(libc::ECONNREFUSED as u32).to_string(), "ECONNREFUSED");
        assert_eq!(Errno(4000).to_string(), "errno 4000");
        assert_eq!(Errno(u32::MAX).to_string(), "errno 4294967295");
    }
}
