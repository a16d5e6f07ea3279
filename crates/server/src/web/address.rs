//! From where a request comes. A proxy's word is taken only if the proxy is one of ours: anybody
//! can write `X-Forwarded-For`.

use std::net::IpAddr;

use http::HeaderMap;
use ipnet::IpNet;

/// Whether an address is in one of these networks. A dual-stack socket shows IPv4 peers as
/// `::ffff:a.b.c.d`; they are in the networks of `a.b.c.d`.
pub(crate) fn is_in(address: IpAddr, networks: &[IpNet]) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}

/// The caller's address: the peer's, or the last one in `X-Forwarded-For` that none of the
/// trusted proxies has. `None` if a trusted proxy says something unreadable.
pub(crate) fn caller(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = peer.to_canonical();
    if !is_in(peer, trusted) {
        return Some(peer);
    }
    let mut caller = peer;
    let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
    for line in lines.into_iter().rev() {
        for hop in line.to_str().ok()?.rsplit(',') {
            caller = hop.trim().parse::<IpAddr>().ok()?.to_canonical();
            if !is_in(caller, trusted) {
                return Some(caller);
            }
        }
    }
    Some(caller)
}

/// Whether a trusted proxy says that the caller came to it over http. Of several values the first
/// is what the caller did; the others are hops behind it.
pub(crate) fn came_in_the_clear(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> bool {
    let scheme = headers.get("x-forwarded-proto").and_then(|line| line.to_str().ok());
    let scheme = scheme.and_then(|line| line.split(',').next()).map(str::trim);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("http")) && is_in(peer, trusted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwarded_addresses_count_only_from_trusted_proxies() {
        let trusted: [IpNet; 2] = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        for (peer, lines, wanted) in [
            ("192.0.2.1", &["198.51.100.1"][..], Some("192.0.2.1")),
            ("10.0.0.1", &["198.51.100.1"], Some("198.51.100.1")),
            ("10.0.0.1", &["203.0.113.9, 198.51.100.1, 10.0.0.2"], Some("198.51.100.1")),
            ("10.0.0.1", &["203.0.113.9", "198.51.100.1"], Some("198.51.100.1")),
            ("::ffff:10.0.0.1", &["198.51.100.1"], Some("198.51.100.1")),
            ("10.0.0.1", &[], Some("10.0.0.1")),
            ("10.0.0.1", &["unknown"], None),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], Some("10.0.0.3")),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            let got = caller(peer.parse().unwrap(), &headers, &trusted);
            assert_eq!(got, wanted.map(|text| text.parse().unwrap()), "{peer} {lines:?}");
        }
    }
}
