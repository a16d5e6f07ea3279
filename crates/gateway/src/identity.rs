//! Who called, as headers for the API behind. They cannot come from outside: whatever a caller
//! sends under such a name, or under one that some servers take for it, is taken away.

use hallpass_verifier::Caller;
use http::{HeaderMap, HeaderName, HeaderValue};

/// What every such name begins with.
const PREFIX: &str = "x-hallpass-";

const CLIENT_ID: HeaderName = HeaderName::from_static("x-hallpass-client-id");
const ORGANIZATION: HeaderName = HeaderName::from_static("x-hallpass-organization");
const SCOPE: HeaderName = HeaderName::from_static("x-hallpass-scope");
const AUDIENCE: HeaderName = HeaderName::from_static("x-hallpass-audience");
const TOKEN_ID: HeaderName = HeaderName::from_static("x-hallpass-token-id");
const EXPIRES: HeaderName = HeaderName::from_static("x-hallpass-expires");

/// By which frameworks let a caller choose another method or path than the one that was checked.
const OVERRIDES: [&str; 6] = [
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-override-url",
    "x-rewrite-url",
];

/// The caller's headers, of a token that was taken for `audience`. `None` if the issuer has put
/// something into the token that no header can carry.
pub(crate) fn headers(caller: &Caller, audience: &str) -> Option<HeaderMap> {
    let claims = caller.claims();
    let mut headers = HeaderMap::with_capacity(6);
    let mut put = |name, value: &str| {
        // Visible ASCII and blanks: what every framework reads alike.
        let good = value.bytes().all(|b| matches!(b, 0x20..=0x7e));
        let value = HeaderValue::from_str(value).ok().filter(|_| good)?;
        headers.insert(name, value);
        Some(())
    };
    put(CLIENT_ID, caller.client_id())?;
    if let Some(organization) = caller.organization() {
        put(ORGANIZATION, organization)?;
    }
    put(SCOPE, &claims.scope)?;
    put(AUDIENCE, audience)?;
    put(TOKEN_ID, caller.token_id())?;
    put(EXPIRES, &claims.exp.to_string())?;
    Some(headers)
}

/// Leaves no name without a value, if only an empty one. Proxies copy these headers:
/// one that is missing here could leave the caller's own in place, or a placeholder (Caddy 2.6).
pub(crate) fn complete(headers: &mut HeaderMap) {
    for name in [CLIENT_ID, ORGANIZATION, SCOPE, AUDIENCE, TOKEN_ID, EXPIRES] {
        headers.entry(name).or_insert(HeaderValue::from_static(""));
    }
}

/// Takes away what only the gateway may say, and what would change the request behind its back.
pub(crate) fn strip(headers: &mut HeaderMap) {
    let names: Vec<_> = headers.keys().filter(|name| is_ours(name.as_str())).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

/// CGI and its children make `_` of every `-`, so a name with the one passes for the other.
pub(crate) fn is_ours(name: &str) -> bool {
    let dashed = name.replace('_', "-");
    dashed.starts_with(PREFIX) || OVERRIDES.contains(&dashed.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_can_call_himself_somebody_else() {
        for (name, goes) in [
            ("x-hallpass-client-id", true),
            ("X-Hallpass-Client-Id", true),
            ("x_hallpass_client_id", true),
            ("X-Hallpass_Client-Id", true),
            ("x-hallpass-anything", true),
            ("x-http-method-override", true),
            ("X_HTTP_Method_Override", true),
            ("x-original-url", true),
            ("x-rewrite-url", true),
            ("x-hallpass", false),
            ("x-hallpassenger", false),
            ("x-request-id", false),
            ("accept", false),
        ] {
            let mut headers = HeaderMap::new();
            let name: HeaderName = name.parse().unwrap();
            headers.append(&name, HeaderValue::from_static("a"));
            headers.append(&name, HeaderValue::from_static("b"));
            strip(&mut headers);
            assert_eq!(headers.is_empty(), goes, "{name}");
        }
    }
}
