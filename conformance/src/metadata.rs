//! Finding the feed.

use serde_json::Value;

use crate::feed::Http;

/// The URL of the snapshot, as the issuer's metadata (RFC 8414) say it.
pub(crate) async fn feed(http: &Http, issuer: &str) -> Result<String, String> {
    let (origin, path) = split(issuer).ok_or_else(|| format!("{issuer} is not an issuer's URL"))?;
    let well_known = format!("{origin}/.well-known/oauth-authorization-server{path}");
    let answer = http.answer(http.get(&well_known)).await?;
    if answer.status != 200 {
        return Err(format!("{well_known} answers {}", answer.status));
    }
    let metadata: Value = serde_json::from_slice(&answer.body)
        .map_err(|why| format!("{well_known} is not JSON: {why}"))?;
    let named = metadata["issuer"].as_str().unwrap_or_default();
    if named != issuer {
        return Err(format!("they are of the issuer {named:?}, not of {issuer:?}"));
    }
    let feed = metadata["revocation_feed_uri"].as_str();
    let feed = feed.ok_or("they have no revocation_feed_uri: this issuer has no feed")?;
    if !feed.starts_with("https://") && !is_on_loopback(feed) {
        return Err(format!("revocation_feed_uri is {feed:?}: it must be https"));
    }
    Ok(feed.to_owned())
}

/// Origin and path of an issuer (RFC 8414 §3: the well-known part stands between them).
fn split(issuer: &str) -> Option<(&str, &str)> {
    let begin = issuer.find("://")? + 3;
    let end = issuer[begin..].find('/').map_or(issuer.len(), |slash| begin + slash);
    Some((&issuer[..end], issuer[end..].trim_end_matches('/')))
}

fn is_on_loopback(url: &str) -> bool {
    let host = url.strip_prefix("http://").and_then(|rest| rest.split('/').next());
    let host = host.unwrap_or_default();
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| {
        host.strip_prefix(name).is_some_and(|port| port.is_empty() || port.starts_with(':'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_part_stands_before_the_path() {
        for (issuer, parts) in [
            ("https://a.example.com", Some(("https://a.example.com", ""))),
            ("https://a.example.com/", Some(("https://a.example.com", ""))),
            ("https://a.example.com/b/c", Some(("https://a.example.com", "/b/c"))),
            ("a.example.com", None),
        ] {
            assert_eq!(split(issuer), parts, "{issuer}");
        }
    }

    #[test]
    fn only_loopback_needs_no_tls() {
        for (url, is) in [
            ("http://127.0.0.1:8420/revocations", true),
            ("http://localhost/revocations", true),
            ("http://[::1]:1/revocations", true),
            ("http://localhost.example.com/revocations", false),
            ("http://127.0.0.1.example.com/revocations", false),
        ] {
            assert_eq!(is_on_loopback(url), is, "{url}");
        }
    }
}
