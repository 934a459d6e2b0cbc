//! Socket addresses as the kernel keeps them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// `AF_INET`.
pub const IPV4: u16 = 2;
/// `AF_INET6`.
pub const IPV6: u16 = 10;

/// An address from its family, its bytes in network order (IPv4 in the first four) and its port in host order.
/// `None` for a family that is neither IPv4 nor IPv6.
pub fn socket_address(family: u16, bytes: &[u8; 16], port: u16) -> Option<SocketAddr> {
    let [a, b, c, d, ..] = *bytes;
    let address = match family {
        IPV4 => IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
        IPV6 => IpAddr::V6(Ipv6Addr::from(*bytes)),
        _ => return None,
    };
    Some(unmapped(SocketAddr::new(address, port)))
}

/// An IPv4 address in IPv6 clothes (`::ffff:127.0.0.1`) as what it is on the wire; others as they are.
///
/// A server that listens on `::` has its IPv4 connections in this form, while the other end has plain IPv4: only
/// in one form do they find each other.
pub fn unmapped(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(v4) => SocketAddr::new(IpAddr::V4(v4), v6.port()),
            None => address,
        },
        SocketAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(family: u16, start: &[u8]) -> Option<String> {
        let mut bytes = [0; 16];
        bytes[..start.len()].copy_from_slice(start);
        socket_address(family, &bytes, 80).map(|address| address.to_string())
    }

    #[test]
    fn each_family_has_its_form() {
        assert_eq!(told(IPV4, &[10, 0, 0, 7, 0xff]).as_deref(), Some("10.0.0.7:80"));
        assert_eq!(told(IPV6, &[0xfe, 0x80]).as_deref(), Some("[fe80::]:80"));
        assert_eq!(told(IPV6, &[]).as_deref(), Some("[::]:80"));
        assert_eq!(told(1, &[10, 0, 0, 7]), None);
    }

    #[test]
    fn a_mapped_address_is_ipv4() {
        let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1];
        assert_eq!(told(IPV6, &mapped).as_deref(), Some("127.0.0.1:80"));
        // The old "compatible" form is not a mapped one: ::1 stays what it is.
        assert_eq!(
            told(IPV6, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]).as_deref(),
            Some("[::1]:80")
        );
    }
}
