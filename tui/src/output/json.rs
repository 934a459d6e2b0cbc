//! Serialisers for what the JSON formats share. None of them allocates: there are many thousand of each.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use scopetop_tracker::connection::{Address, UnixName};
use scopetop_tracker::identity::Timestamp;
use scopetop_tracker::topology::NodeKey;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::picture::NodeId;

/// A few bytes of text on the stack: serialising a finished `&str` is much faster than serialising through `fmt`.
pub(super) struct Short<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Short<N> {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; N], length: 0 }
    }

    pub(super) fn as_str(&self) -> &str {
        // Only whole strings are ever appended.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

/// What does not fit is left out: whoever chooses `N` sees to it that all does.
impl<const N: usize> Short<N> {
    pub(super) fn push(&mut self, text: &str) {
        self.push_bytes(text.as_bytes());
    }

    #[inline]
    fn push_bytes(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if let Some(place) = self.bytes.get_mut(self.length..end) {
            place.copy_from_slice(bytes);
            self.length = end;
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    pub(super) fn push_number(&mut self, mut number: u64) {
        let mut digits = [b'0'; 20];
        let mut begin = digits.len();
        loop {
            begin -= 1;
            digits[begin] += (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.push_bytes(&digits[begin..]);
    }

    pub(super) fn push_ip(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(address) => {
                for (index, byte) in address.octets().into_iter().enumerate() {
                    if index > 0 {
                        self.push(".");
                    }
                    self.push_number(byte.into());
                }
            }
            IpAddr::V6(address) => {
                let _ = write!(self, "{address}");
            }
        }
    }
}

impl<const N: usize> std::fmt::Write for Short<N> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.push(text);
        Ok(())
    }
}

/// An address alone.
pub(super) struct Ip(pub(super) IpAddr);

impl Serialize for Ip {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The longest IPv6 address has 45 characters.
        let mut text = Short::<48>::new();
        text.push_ip(self.0);
        serializer.serialize_str(text.as_str())
    }
}

/// An address and a port, as `{address, port}`. Port 0 is a port that is not known (yet).
pub(super) struct AddressAndPort(pub(super) SocketAddr);

impl Serialize for AddressAndPort {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("AddressAndPort", 2)?;
        object.serialize_field("address", &Ip(self.0.ip()))?;
        object.serialize_field("port", &Address::Inet(self.0).port())?;
        object.end()
    }
}

/// The port, unless it is not known (yet).
/// Where something is, without its port.
pub(super) struct Place<'a>(pub(super) &'a Address);

impl Serialize for Place<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Address::Inet(address) => Ip(address.ip()).serialize(serializer),
            Address::Unix(UnixName::Unnamed) => serializer.serialize_none(),
            Address::Unix(name) => serializer.collect_str(name),
        }
    }
}

/// A moment in RFC 3339, in UTC.
pub(super) struct Moment(pub(super) Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&rfc3339(self.0)).unwrap_or_default())
    }
}

/// The same as [`Timestamp::to_rfc3339`] without a calendar library or an allocation, which together cost more than
/// the rest of an event's line. A timestamp ends in the year 2554: four digits are enough.
pub(super) fn rfc3339(moment: Timestamp) -> [u8; 27] {
    const NANOSECONDS: u64 = 1_000_000_000;
    let (seconds, microseconds) = (moment.0 / NANOSECONDS, moment.0 % NANOSECONDS / 1000);
    let (day, second) = (seconds / 86_400, seconds % 86_400);
    // The civil calendar in years that begin on the first of March, in eras of 400 years: 146,097 days.
    let shifted = day + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    let mut put = |range: std::ops::Range<usize>, mut number: u64| {
        for digit in text[range].iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
    };
    put(0..4, year);
    put(5..7, month);
    put(8..10, day_of_month);
    put(11..13, second / 3600);
    put(14..16, second / 60 % 60);
    put(17..19, second % 60);
    put(20..26, microseconds);
    text
}

impl Serialize for NodeId<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // "process:", two numbers of 10 and 20 digits and the sign between them; or "remote:", an address of 45
        // characters at most, a sign and 10 digits.
        let mut text = Short::<72>::new();
        match self.0 {
            NodeKey::Process(_, id) => {
                text.push("process:");
                text.push_number(id.pid.into());
                text.push("@");
                text.push_number(id.started);
            }
            NodeKey::Remote(netns, address) => {
                text.push("remote:");
                text.push_ip(*address);
                if let Some((_, netns)) = netns {
                    text.push("@");
                    text.push_number(netns.0.into());
                }
            }
            // Containers' ids are as long as their engine likes.
            NodeKey::Container(..) | NodeKey::Unknown(..) => return serializer.collect_str(self),
        }
        serializer.serialize_str(text.as_str())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use scopetop_tracker::identity::{ContainerId, NetnsId, ProcessId};
    use scopetop_tracker::text::Text;
    use scopetop_tracker::topology::HostIndex;

    use super::*;

    #[test]
    fn addresses_are_told_as_the_standard_library_tells_them() {
        for text in ["0.0.0.0", "1.20.255.100", "9.10.99.109", "::", "::ffff:255.255.255.255", "fe80::1"] {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(serde_json::to_string(&Ip(address)).unwrap(), format!("\"{address}\""));
        }
        let longest: IpAddr = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff".parse().unwrap();
        assert_eq!(serde_json::to_string(&Ip(longest)).unwrap(), format!("\"{longest}\""));
    }

    #[test]
    fn nodes_are_named_alike_in_every_format() {
        let host = HostIndex::default();
        let longest: IpAddr = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff".parse().unwrap();
        for key in [
            NodeKey::Process(host, ProcessId { pid: u32::MAX, started: u64::MAX }),
            NodeKey::Process(host, ProcessId { pid: 0, started: 0 }),
            NodeKey::Remote(Some((host, NetnsId(u32::MAX))), longest),
            NodeKey::Remote(None, "10.0.99.255".parse().unwrap()),
            NodeKey::Container(host, ContainerId(Text::from("a/b.service"))),
        ] {
            assert_eq!(serde_json::to_string(&NodeId(&key)).unwrap(), format!("\"{}\"", NodeId(&key)));
        }
    }

    #[test]
    fn moments_are_told_as_the_calendar_library_tells_them() {
        // Around each leap day, and all over the range.
        let days = (0_u64..213_503)
            .step_by(13)
            .chain([58, 59, 11_015, 11_016, 11_017, 19_782, 19_783, 47_540, 47_541]);
        for day in days {
            let second = day * 86_400 + day * 7919 % 86_400;
            let moment = Timestamp(second * 1_000_000_000 + day * 1_000_003 % 1_000_000_000);
            assert_eq!(
                serde_json::to_string(&Moment(moment)).unwrap(),
                format!("\"{}\"", moment.to_rfc3339())
            );
        }
        let last = Timestamp(u64::MAX);
        assert_eq!(serde_json::to_string(&Moment(last)).unwrap(), format!("\"{}\"", last.to_rfc3339()));
    }

    #[test]
    fn port_0_is_no_port() {
        let json = serde_json::to_string(&AddressAndPort("10.0.0.1:0".parse().unwrap())).unwrap();
        assert_eq!(json, r#"{"address":"10.0.0.1","port":null}"#);
    }
}
