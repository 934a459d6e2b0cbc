//! Addresses as the kernel has them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// `AF_INET`.
const INET: u16 = 2;
/// `AF_INET6`.
const INET6: u16 = 10;

/// An address from a record: IPv4 in the first four bytes, in network byte order. An IPv4 address in IPv6 clothes is
/// told as IPv4, so that both ends of such a connection look alike. `None` for another family.
pub fn socket_address(family: u16, bytes: &[u8; 16], port: u16) -> Option<SocketAddr> {
    let address = match family {
        INET => IpAddr::V4(Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3])),
        INET6 => IpAddr::V6(Ipv6Addr::from(*bytes)).to_canonical(),
        _ => return None,
    };
    Some(SocketAddr::new(address, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_apart_and_mapped_addresses_are_plain() {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&[10, 0, 0, 7]);
        assert_eq!(socket_address(INET, &bytes, 80), Some("10.0.0.7:80".parse().unwrap()));
        let mapped = "::ffff:10.0.0.7".parse::<Ipv6Addr>().unwrap().octets();
        assert_eq!(socket_address(INET6, &mapped, 80), Some("10.0.0.7:80".parse().unwrap()));
        let plain = "fe80::1".parse::<Ipv6Addr>().unwrap().octets();
        assert_eq!(socket_address(INET6, &plain, 80), Some("[fe80::1]:80".parse().unwrap()));
        assert_eq!(socket_address(1, &plain, 80), None);
    }
}
