//! Whom webhooks may reach: public addresses, and the networks that the operator names. A member
//! of an organization writes the URL, so without this the server would be their way into the
//! provider's own network, with its metadata services and databases.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Why an address is not called.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the address is not public; an operator may allow its network by webhook_networks")]
pub(super) struct NotPublic;

/// The networks that may be reached beside the public ones.
#[derive(Clone, Debug)]
pub(super) struct Reach(Arc<[IpNet]>);

impl Reach {
    pub(super) fn new(networks: Vec<IpNet>) -> Self {
        Self(networks.into())
    }

    /// Whether an address may be called.
    pub(super) fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.0.iter().any(|network| network.contains(&address))
    }
}

/// Resolves names, and forgets every address that may not be called. Connections are made to what
/// is left, so a name cannot be one thing when it is checked and another when it is called.
impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> =
                found.filter(|address| reach.allows(address.ip())).collect();
            if allowed.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether everybody on the internet could call this address too.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b)) // RFC 6598: shared by carriers.
        || (a == 192 && b == 0 && c == 0) // RFC 6890.
        || (a == 192 && b == 88 && c == 99) // RFC 7526: 6to4 relays.
        || (a == 198 && (18..20).contains(&b))) // RFC 2544: benchmarks.
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // Only what has been given out for everybody, 2000::/3, and NAT64, which leads to IPv4.
    if a == 0x64 && b == 0xff9b {
        let [.., high, low] = address.segments();
        let [p, q] = high.to_be_bytes();
        let [r, s] = low.to_be_bytes();
        return address.segments()[2..6] == [0; 4] && is_public_v4(Ipv4Addr::new(p, q, r, s));
    }
    a & 0xe000 == 0x2000
        && !(a == 0x2001 && b < 0x200) // RFC 2928: Teredo and other protocols.
        && !(a == 0x2001 && b == 0xdb8) // Documentation.
        && a != 0x2002 // 6to4, which leads to any IPv4.
        && !(a == 0x3fff && b < 0x1000) // Documentation.
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_called() {
        for (address, public) in [
            ("93.184.216.34", true),
            ("1.1.1.1", true),
            ("2606:4700::1111", true),
            ("64:ff9b::1.1.1.1", true),
            ("127.0.0.1", false),
            ("127.255.255.254", false),
            ("0.0.0.0", false),
            ("0.1.2.3", false),
            ("10.0.0.1", false),
            ("172.16.0.1", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("169.254.169.254", false), // Where clouds keep credentials.
            ("100.64.0.1", false),
            ("100.128.0.1", true),
            ("192.0.0.1", false),
            ("192.0.2.1", false),
            ("198.18.0.1", false),
            ("198.51.100.1", false),
            ("203.0.113.1", false),
            ("224.0.0.1", false),
            ("240.0.0.1", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:10.0.0.1", false),
            ("::ffff:1.1.1.1", true),
            ("::127.0.0.1", false),
            ("64:ff9b::10.0.0.1", false),
            ("64:ff9b:1::1.1.1.1", false),
            ("fc00::1", false),
            ("fd12:3456::1", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::1", false),
            ("2001::1", false),
            ("2001:db8::1", false),
            ("2002:7f00:1::", false),
            ("3fff::1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }

    #[test]
    fn an_operator_may_allow_networks() {
        let reach = Reach::new(vec!["10.1.0.0/16".parse().unwrap()]);
        for (address, allowed) in
            [("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("10.2.0.1", false), ("1.1.1.1", true)]
        {
            assert_eq!(reach.allows(address.parse().unwrap()), allowed, "{address}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_leads_nowhere() {
        let reach = Reach::new(Vec::new());
        let found = reach.resolve("localhost".parse().unwrap()).await;
        assert_eq!(found.err().unwrap().to_string(), NotPublic.to_string());
        let reach = Reach::new(vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
        assert!(reach.resolve("localhost".parse().unwrap()).await.unwrap().next().is_some());
    }
}
