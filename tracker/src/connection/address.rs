//! Where a socket is: an address and a port, or a name.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::Text;

/// Where one end of a connection is. A copy costs no more than a counter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    /// An internet address and a port; port 0 while a connect has none yet.
    Inet(SocketAddr),
    /// A Unix socket.
    Unix(UnixName),
}

// There is one at both ends of every connection.
const _: () = assert!(size_of::<Address>() == size_of::<SocketAddr>());
const _: () = assert!(size_of::<Option<Address>>() == size_of::<SocketAddr>());

/// What a Unix socket is bound to, made safe to show.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnixName {
    /// Nothing, as most clients and all of `socketpair` are.
    Unnamed,
    /// A path, as the process gave it: it may be relative, mean another file in another mount namespace, or be gone.
    Path(Text),
    /// A name that is in no file system, without the NUL before it. It means one socket in its network namespace.
    Abstract(Text),
}

impl Address {
    /// The internet address and port, where it is one.
    pub const fn inet(&self) -> Option<SocketAddr> {
        match self {
            Self::Inet(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }

    /// The internet address, where it is one.
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Inet(address) => Some(address.ip()),
            Self::Unix(_) => None,
        }
    }

    /// The port; `None` where there is none, or none yet.
    pub const fn port(&self) -> Option<u16> {
        match self {
            Self::Inet(address) if address.port() != 0 => Some(address.port()),
            Self::Inet(_) | Self::Unix(_) => None,
        }
    }

    /// The name of a Unix socket.
    pub const fn unix(&self) -> Option<&UnixName> {
        match self {
            Self::Inet(_) => None,
            Self::Unix(name) => Some(name),
        }
    }

    /// Whether it will have a port, and has none yet.
    pub(crate) const fn awaits_port(&self) -> bool {
        matches!(self, Self::Inet(address) if address.port() == 0)
    }

    /// The same with what tells one address from another: not a flow label or an interface's number, which not every
    /// source tells, and which differ between the two ends.
    pub(crate) fn plain(&self) -> (Option<(IpAddr, u16)>, Option<&UnixName>) {
        (self.inet().map(|address| (address.ip(), address.port())), self.unix())
    }
}

impl UnixName {
    /// The name from the bytes of `sun_path`, as long as the kernel has it.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        match bytes {
            [] => Self::Unnamed,
            [0, name @ ..] => Self::Abstract(Text::from_bytes(name)),
            path => Self::Path(Text::from_c_field(path)),
        }
    }

    /// Whether it has none.
    pub const fn is_unnamed(&self) -> bool {
        matches!(self, Self::Unnamed)
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Inet(address)
    }
}

impl From<UnixName> for Address {
    fn from(name: UnixName) -> Self {
        Self::Unix(name)
    }
}

/// An internet address with its port, a path with its `/`, `@` and an abstract name.
impl FromStr for Address {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with('/') {
            return Ok(Self::Unix(UnixName::Path(Text::from(text))));
        }
        match text.strip_prefix('@') {
            Some(name) => Ok(Self::Unix(UnixName::Abstract(Text::from(name)))),
            None => text.parse().map(Self::Inet),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(address) => address.fmt(formatter),
            Self::Unix(name) => name.fmt(formatter),
        }
    }
}

/// A path, an abstract name with an `@` before it, or `unnamed`.
impl fmt::Display for UnixName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unnamed => formatter.pad("unnamed"),
            Self::Path(path) => formatter.pad(path),
            Self::Abstract(name) => formatter.pad(&format!("@{name}")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use super::*;

    #[test]
    fn a_name_is_what_its_first_byte_says() {
        let told = |bytes: &[u8]| UnixName::from_bytes(bytes).to_string();
        assert_eq!(told(b""), "unnamed");
        assert_eq!(told(b"/run/x.sock\0junk"), "/run/x.sock");
        assert_eq!(told(b"\0/tmp/.X11-unix/X0"), "@/tmp/.X11-unix/X0");
        assert_eq!(told(b"\0a\0b"), "@a\\x00b");
        assert_eq!(told(b"relative"), "relative");
        assert_eq!(told(b"/\x1b[2J\xff"), "/\\x1b[2J\\xff");
    }

    #[test]
    fn each_kind_is_read_as_it_is_told() {
        for text in ["10.0.0.1:80", "[::1]:443", "/run/docker.sock", "@bus"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        assert!("docker.sock".parse::<Address>().is_err());
    }

    #[test]
    fn only_an_internet_address_has_a_port() {
        let facts = |text: &str| {
            let address: Address = text.parse().unwrap();
            (address.ip().is_some(), address.port(), address.awaits_port(), address.unix().is_some())
        };
        assert_eq!(facts("10.0.0.1:80"), (true, Some(80), false, false));
        assert_eq!(facts("10.0.0.1:0"), (true, None, true, false));
        assert_eq!(facts("/run/x"), (false, None, false, true));
    }
}
