//! Allowed addresses: networks in CIDR form, canonical, and which addresses they contain.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use ipnet::IpNet;

/// Why a text is no allowed network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Not an address or network.
    #[error("`{0}` is not an IP address or network")]
    Shape(String),
    /// Bits are set behind the prefix: a typing error more often than not.
    #[error("`{given}` has bits set behind its prefix")]
    HostBits {
        /// As written.
        given: String,
        /// The network it lies in.
        meant: String,
    },
    /// `/0` allows everybody, which is said by not restricting.
    #[error("`{0}` allows every address, which is no restriction")]
    Everything(String),
    /// An IPv4 address in IPv6 clothes with a prefix that cuts into the mapping.
    #[error("`{0}` mixes IPv4 and IPv6")]
    Mapped(String),
}

impl NetworkError {
    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::HostBits { meant, .. } => format!("write the network itself: {meant}"),
            Self::Everything(_) => {
                "leave the restriction out, or remove it with `apikey restrict KEY --any-ip`".into()
            }
            _ => "write an address or a network such as 203.0.113.7, 10.0.0.0/8 or 2001:db8::/32".into(),
        }
    }
}

/// A network in canonical form: no host bits, IPv4-mapped IPv6 written as IPv4, never all addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network(IpNet);

impl Network {
    /// Whether `address` lies in it; an IPv4-mapped IPv6 address counts as the IPv4 address it is.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Whether every address of `other` lies in it.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.0.contains(&other.0)
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let shape = || NetworkError::Shape(text.chars().take(80).collect());
        let net: IpNet = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address),
            Err(_) => text.parse().map_err(|_| shape())?,
        };
        let net = unmapped(net).ok_or_else(|| NetworkError::Mapped(text.to_owned()))?;
        if net.prefix_len() == 0 {
            return Err(NetworkError::Everything(text.to_owned()));
        }
        if net.trunc() != net {
            return Err(NetworkError::HostBits {
                given: text.to_owned(),
                meant: Self(net.trunc()).to_string(),
            });
        }
        Ok(Self(net))
    }
}

/// `::ffff:a.b.c.d/n` with n above 96 is the IPv4 network of n − 96; with less it cuts into the mapping.
fn unmapped(net: IpNet) -> Option<IpNet> {
    match net {
        IpNet::V6(v6) => match v6.addr().to_ipv4_mapped() {
            Some(v4) => {
                let prefix = v6.prefix_len().checked_sub(96).filter(|prefix| *prefix > 0)?;
                ipnet::Ipv4Net::new(v4, prefix).ok().map(IpNet::V4)
            }
            // A shorter prefix can hold all of ::ffff:0:0/96 without naming it.
            None if v6.contains(&Ipv4Addr::LOCALHOST.to_ipv6_mapped()) && v6.prefix_len() > 0 => None,
            None => Some(net),
        },
        IpNet::V4(_) => Some(net),
    }
}

impl fmt::Display for Network {
    /// A single address without its prefix, a network with it.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            write!(out, "{}", self.0.addr())
        } else {
            write!(out, "{}", self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_that_are_not_canonical_are_refused() {
        for text in [
            "010.0.0.1",
            "10.0.0.0/33",
            "10.0.0/8",
            "::ffff:10.0.0.1/96",
            "0.0.0.0/0",
            "::/0",
            "10.0.0.1/8",
            "",
            "10.0.0.1 ",
            "fe80::1%eth0",
            "::/64",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
        assert_eq!(
            "10.1.2.3/8".parse::<Network>(),
            Err(NetworkError::HostBits { given: "10.1.2.3/8".into(), meant: "10.0.0.0/8".into() })
        );
    }

    #[test]
    fn one_spelling_stands_for_each_network() {
        for (text, canonical) in [
            ("10.0.0.1/32", "10.0.0.1"),
            ("2001:DB8:0::/32", "2001:db8::/32"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), canonical);
        }
    }

    #[test]
    fn the_edges_of_a_network_are_inside_and_their_neighbours_outside() {
        let net: Network = "10.0.0.0/8".parse().unwrap();
        for (address, inside) in [
            ("10.0.0.0", true),
            ("10.255.255.255", true),
            ("9.255.255.255", false),
            ("11.0.0.0", false),
            ("::ffff:10.0.0.1", true),
            ("::1", false),
        ] {
            assert_eq!(net.contains(address.parse().unwrap()), inside, "{address}");
        }
    }
}
