//! The table of keys: the one place that says which there are, what they are compared with, and what help tells.

use std::fmt;

/// A key of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is documented by its row in KEYS, which help shows")]
pub enum Key {
    Netns,
    Pid,
    Comm,
    Cmdline,
    User,
    Container,
    Image,
    Label,
    Pod,
    Ip,
    Port,
    Path,
    Proto,
    State,
    Dir,
    Scope,
    Age,
    Bytes,
    Rate,
    Rtt,
}

/// A key's row in the table.
#[derive(Debug)]
pub struct KeyInfo {
    /// The key.
    pub key: Key,
    /// How it is written. `label.` is followed by the label's own name.
    pub name: &'static str,
    /// What it is compared with.
    pub kind: Kind,
    /// One condition with it.
    pub example: &'static str,
    /// What it asks for: a line of help.
    pub about: &'static str,
    /// What other tools call it, so that a wrong key finds its way here. They are not accepted themselves.
    pub(super) synonyms: &'static [&'static str],
}

/// What a key is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Text: equal as a whole, or found by a regular expression.
    Name,
    /// An address or a block of them.
    Address,
    /// A whole number up to this one.
    Whole(u32),
    /// An amount of bytes.
    Bytes,
    /// A length of time.
    Duration,
    /// A transport protocol.
    Protocol,
    /// A state.
    State,
    /// A direction.
    Direction,
    /// How far away an address is.
    Scope,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `=`: equal to one of a set.
    Equal,
    /// `!=`: exactly where `=` does not hold.
    NotEqual,
    /// `~`: the regular expression is found in it.
    Matches,
    /// `<`
    Less,
    /// `>`
    Greater,
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
}

/// Every key, in the order of [`Key`], which is the order of help.
pub static KEYS: [KeyInfo; 20] = [
    KeyInfo {
        key: Key::Netns,
        name: "netns",
        kind: Kind::Name,
        example: "netns=blue",
        about: "network namespace: its inode number, a name under /run/netns, host, or a container in it",
        synonyms: &["ns", "namespace", "net"],
    },
    KeyInfo {
        key: Key::Pid,
        name: "pid",
        kind: Kind::Whole(u32::MAX),
        example: "pid=4121",
        about: "process id of any process that holds the socket",
        synonyms: &["tgid"],
    },
    KeyInfo {
        key: Key::Comm,
        name: "comm",
        kind: Kind::Name,
        example: "comm=nginx",
        about: "command name of the process, at most 15 bytes",
        synonyms: &["name", "process", "command", "proc"],
    },
    KeyInfo {
        key: Key::Cmdline,
        name: "cmdline",
        kind: Kind::Name,
        example: "cmdline~\"-c /etc\"",
        about: "command line, its arguments separated by one space",
        synonyms: &["args", "cmd"],
    },
    KeyInfo {
        key: Key::User,
        name: "user",
        kind: Kind::Name,
        example: "user=www-data",
        about: "user of the process: name or number",
        synonyms: &["uid", "username", "owner"],
    },
    KeyInfo {
        key: Key::Container,
        name: "container",
        kind: Kind::Name,
        example: "container=web",
        about: "container: name, id, the first 6 or more characters of the id, or none",
        synonyms: &["ctr", "cid", "docker"],
    },
    KeyInfo {
        key: Key::Image,
        name: "image",
        kind: Kind::Name,
        example: "image~^nginx:",
        about: "image of the container",
        synonyms: &["img"],
    },
    KeyInfo {
        key: Key::Label,
        name: "label.",
        kind: Kind::Name,
        example: "label.app=shop",
        about: "label of the container; its name follows the dot",
        synonyms: &["label", "labels", "tag"],
    },
    KeyInfo {
        key: Key::Pod,
        name: "pod",
        kind: Kind::Name,
        example: "pod~^web-",
        about: "Kubernetes pod, by its container's label",
        synonyms: &[],
    },
    KeyInfo {
        key: Key::Ip,
        name: "ip",
        kind: Kind::Address,
        example: "ip=10.0.0.0/8",
        about: "address of either end, also one that address translation put in its place",
        synonyms: &["addr", "address", "host", "src", "dst", "cidr", "ipv4", "ipv6"],
    },
    KeyInfo {
        key: Key::Port,
        name: "port",
        kind: Kind::Whole(u16::MAX as u32),
        example: "port=80,443",
        about: "port of either end, also one that address translation put in its place",
        synonyms: &["ports", "sport", "dport", "service"],
    },
    KeyInfo {
        key: Key::Path,
        name: "path",
        kind: Kind::Name,
        example: "path~docker.sock",
        about: "name of a Unix socket: its path, or @ and its abstract name",
        synonyms: &["unix", "socket", "file", "sun_path"],
    },
    KeyInfo {
        key: Key::Proto,
        name: "proto",
        kind: Kind::Protocol,
        example: "proto=tcp",
        about: "transport protocol",
        synonyms: &["protocol"],
    },
    KeyInfo {
        key: Key::State,
        name: "state",
        kind: Kind::State,
        example: "state!=time_wait",
        about: "state of the connection",
        synonyms: &["status"],
    },
    KeyInfo {
        key: Key::Dir,
        name: "dir",
        kind: Kind::Direction,
        example: "dir=out",
        about: "in or out of this host, or local: both ends on it",
        synonyms: &["direction"],
    },
    KeyInfo {
        key: Key::Scope,
        name: "scope",
        kind: Kind::Scope,
        example: "scope=internet",
        about: "how far the other end is: loopback, host (this one), private (a network of the host's) or internet",
        synonyms: &["reach", "outside"],
    },
    KeyInfo {
        key: Key::Age,
        name: "age",
        kind: Kind::Duration,
        example: "age>5m",
        about: "time since the connection began; unknown if that was before the start",
        synonyms: &["time", "since", "duration"],
    },
    KeyInfo {
        key: Key::Bytes,
        name: "bytes",
        kind: Kind::Bytes,
        example: "bytes>=10m",
        about: "payload bytes so far, both ways together",
        synonyms: &["size", "traffic"],
    },
    KeyInfo {
        key: Key::Rate,
        name: "rate",
        kind: Kind::Bytes,
        example: "rate>100k",
        about: "payload bytes a second, both ways together",
        synonyms: &["bandwidth", "speed", "throughput"],
    },
    KeyInfo {
        key: Key::Rtt,
        name: "rtt",
        kind: Kind::Duration,
        example: "rtt>20ms",
        about: "smoothed round-trip time",
        synonyms: &["latency", "ping"],
    },
];

impl Key {
    /// Its row in the table.
    pub fn info(self) -> &'static KeyInfo {
        &KEYS[self as usize]
    }
}

impl KeyInfo {
    /// How help and messages name it.
    pub fn title(&self) -> &'static str {
        if self.key == Key::Label { "label.NAME" } else { self.name }
    }
}

impl Kind {
    /// The comparisons that it allows.
    pub const fn operators(self) -> &'static [Operator] {
        use Operator::{AtLeast, AtMost, Equal, Greater, Less, Matches, NotEqual};
        match self {
            Self::Name => &[Equal, NotEqual, Matches],
            Self::Address | Self::Protocol | Self::State | Self::Direction | Self::Scope => {
                &[Equal, NotEqual]
            }
            Self::Whole(_) | Self::Bytes | Self::Duration => {
                &[Equal, NotEqual, Less, Greater, AtMost, AtLeast]
            }
        }
    }

    /// What a value of it looks like: a line of help.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Name => {
                "text, in quotes if it has blanks, brackets or commas; after ~ a regular expression"
            }
            Self::Address => "an address or a CIDR block",
            Self::Whole(_) => "a whole number",
            Self::Bytes => "a number; k, m and g stand for 1,000, 1,000,000 and 1,000,000,000",
            Self::Duration => "a number with its unit: us, ms, s, m, h or d",
            Self::Protocol => "tcp, udp or unix",
            Self::State => "a state as the kernel names it, in lower case; closed; failed",
            Self::Direction => "in, out or local",
            Self::Scope => "loopback, host, private or internet",
        }
    }
}

impl Operator {
    /// Every operator.
    pub const ALL: [Self; 7] =
        [Self::Equal, Self::NotEqual, Self::Matches, Self::Less, Self::Greater, Self::AtMost, Self::AtLeast];

    /// How it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Matches => "~",
            Self::Less => "<",
            Self::Greater => ">",
            Self::AtMost => "<=",
            Self::AtLeast => ">=",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.name() == name)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use super::*;
    use crate::filter::Filter;

    #[test]
    fn each_row_stands_where_its_key_looks_for_it() {
        for (place, row) in KEYS.iter().enumerate() {
            assert_eq!(row.key as usize, place, "{}", row.name);
        }
    }

    #[test]
    fn each_example_parses_and_is_of_its_key() {
        for row in &KEYS {
            let filter: Filter = row.example.parse().unwrap();
            assert!(filter.to_string().starts_with(row.name), "{filter}");
        }
    }
}
