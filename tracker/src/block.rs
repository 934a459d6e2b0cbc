//! Blocks of addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// An address or a CIDR block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Block {
    network: IpAddr,
    prefix: u8,
}

impl Block {
    /// The block of all addresses that begin with the same `prefix` bits as this one; `None` where an address has not so
    /// many.
    pub fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        (prefix <= longest_prefix(address)).then(|| Self { network: masked(address, prefix), prefix })
    }

    /// The only address in it; `None` where there are more.
    pub fn address(self) -> Option<IpAddr> {
        (self.prefix == longest_prefix(self.network)).then_some(self.network)
    }

    /// How many bits all its addresses begin with.
    pub const fn prefix(self) -> u8 {
        self.prefix
    }

    /// Reads `10.0.0.0/8`, `::1` and the like. Bits behind the prefix are allowed and mean nothing; IPv4 in IPv6
    /// clothes is IPv4, as it is everywhere else.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            None => (text, None),
            Some((address, prefix)) => {
                // parse() would also take a sign.
                if !prefix.bytes().all(|digit| digit.is_ascii_digit()) {
                    return None;
                }
                (address, Some(prefix.parse::<u8>().ok()?))
            }
        };
        let address: IpAddr = address.parse().ok()?;
        let longest = longest_prefix(address);
        let prefix = prefix.unwrap_or(longest);
        if prefix > longest {
            return None;
        }
        let plain = address.to_canonical();
        let shorter = longest - longest_prefix(plain);
        Some(match prefix.checked_sub(shorter) {
            Some(prefix) => Self { network: masked(plain, prefix), prefix },
            // A block of IPv6 that holds more than the mapped addresses.
            None => Self { network: masked(address, prefix), prefix },
        })
    }

    /// Whether the address is in it.
    pub fn contains(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.network.is_ipv4() && masked(address, self.prefix) == self.network
    }
}

fn longest_prefix(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address with the bits behind the prefix set to 0.
fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match address {
        // A shift by all bits there are is not one: it leaves none.
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix)).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    }
}

impl fmt::Display for Block {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.network)?;
        if self.prefix != longest_prefix(self.network) {
            write!(formatter, "/{}", self.prefix)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
    use super::*;

    #[test]
    fn holds_its_own_addresses_and_no_others() {
        for (block, inside, outside) in [
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("10.1.2.3/8", "10.0.0.0", "9.255.255.255"),
            ("192.168.1.1", "192.168.1.1", "192.168.1.2"),
            ("0.0.0.0/0", "255.1.2.3", "::1"),
            ("::/0", "2001:db8::1", "10.0.0.1"),
            ("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"),
            ("::1", "0:0::1", "::2"),
            ("::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.0"),
            ("::ffff:10.0.0.1", "10.0.0.1", "10.0.0.2"),
            ("10.0.0.1", "::ffff:10.0.0.1", "::10.0.0.1"),
        ] {
            let parsed = Block::parse(block).unwrap();
            assert!(parsed.contains(inside.parse().unwrap()), "{block} {inside}");
            assert!(!parsed.contains(outside.parse().unwrap()), "{block} {outside}");
        }
    }

    #[test]
    fn is_written_as_short_as_it_can_be() {
        for (block, written) in
            [("10.1.2.3/8", "10.0.0.0/8"), ("10.1.2.3/32", "10.1.2.3"), ("0:0::1/128", "::1")]
        {
            assert_eq!(Block::parse(block).unwrap().to_string(), written);
        }
    }

    #[test]
    fn takes_nothing_else() {
        for wrong in
            ["", "10.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/+8", "::/129", "/8", "1.2.3.4/8/8", "host"]
        {
            assert_eq!(Block::parse(wrong), None, "{wrong}");
        }
    }
}
