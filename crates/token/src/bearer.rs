//! Reads the access token out of an `Authorization` header (RFC 6750 §2.1). It never looks into
//! the token, and no other place of a request is ever searched for one (RFC 9700 §4.3.2).

use crate::Rejection;

/// The token of an `Authorization` header's value. The caller hands over the only such header:
/// a request with two is `Rejection::InvalidRequest` before it comes here.
///
/// # Errors
/// [`Rejection::NoToken`], [`Rejection::OtherScheme`], or [`Rejection::InvalidRequest`] when the
/// scheme is Bearer but no `b64token` follows.
pub fn parse(authorization: Option<&[u8]>) -> Result<&str, Rejection> {
    let header = authorization.ok_or(Rejection::NoToken)?;
    let scheme_len = header.iter().position(|b| *b == b' ').unwrap_or(header.len());
    let (scheme, rest) = header.split_at(scheme_len);
    if scheme.is_empty() {
        return Err(Rejection::InvalidRequest("the Authorization header names no scheme"));
    }
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Err(Rejection::OtherScheme);
    }
    // RFC 9110 §11.4: one blank or more between scheme and token.
    let blanks = rest.iter().take_while(|b| **b == b' ').count();
    let token = &rest[blanks..];
    if token.is_empty() {
        return Err(Rejection::InvalidRequest("no token follows the scheme Bearer"));
    }
    if !is_b64token(token) {
        return Err(Rejection::InvalidRequest("the token has a character outside b64token"));
    }
    str::from_utf8(token).map_err(|_| Rejection::InvalidRequest("the token is not ASCII"))
}

/// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`
fn is_b64token(token: &[u8]) -> bool {
    let padding = token.iter().rev().take_while(|b| **b == b'=').count();
    let body = &token[..token.len() - padding];
    // No wrong byte ends the loop early: that lets the processor look at many at once, and good
    // tokens, which are read to their end anyway, are by far the most.
    !body.is_empty() && body.iter().fold(true, |good, b| good & is_b64token_char(*b))
}

/// Without branches, for the same reason. From `+` to `9` only the comma is missing.
fn is_b64token_char(b: u8) -> bool {
    let letter = (b | 0x20).wrapping_sub(b'a') < 26;
    let digit_or_sign = (b.wrapping_sub(b'+') < 15) & (b != b',');
    letter | digit_or_sign | (b == b'_') | (b == b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    const MALFORMED: &str = "invalid_request";

    #[test]
    fn the_header_is_read_as_rfc_6750_section_2_1_says() {
        for (header, expected) in [
            ("Bearer a.b.c", Ok("a.b.c")),
            ("bearer a.b.c", Ok("a.b.c")),
            ("BEARER   a.b.c", Ok("a.b.c")),
            ("Bearer mF_9.B5f-4.1JqM~+/==", Ok("mF_9.B5f-4.1JqM~+/==")),
            ("", Err(MALFORMED)),
            (" Bearer a", Err(MALFORMED)),
            ("Bearer", Err(MALFORMED)),
            ("Bearer ", Err(MALFORMED)),
            ("Bearer    ", Err(MALFORMED)),
            ("Bearer a b", Err(MALFORMED)),
            ("Bearer a ", Err(MALFORMED)),
            ("Bearer a,b", Err(MALFORMED)),
            ("Bearer a=b", Err(MALFORMED)),
            ("Bearer ==", Err(MALFORMED)),
            ("Bearer \"a\"", Err(MALFORMED)),
            ("Bearer a\u{e9}", Err(MALFORMED)),
            ("Bearer \ta", Err(MALFORMED)),
            ("Bearer\ta", Err("other_scheme")),
            ("Bearera", Err("other_scheme")),
            ("Basic YTpi", Err("other_scheme")),
            ("DPoP a.b.c", Err("other_scheme")),
            ("a.b.c", Err("other_scheme")),
        ] {
            let got = parse(Some(header.as_bytes())).map_err(|r| r.reason());
            assert_eq!(got, expected, "{header:?}");
        }
        assert_eq!(parse(None), Err(Rejection::NoToken));
        assert_eq!(
            parse(Some(b"Bearer \xff")).map_err(|r| r.reason()),
            Err(MALFORMED),
            "not UTF-8"
        );
    }

    #[test]
    fn the_characters_of_a_token_are_those_of_the_grammar() {
        for b in 0..=u8::MAX {
            let listed = b.is_ascii_alphanumeric() || b"-._~+/".contains(&b);
            assert_eq!(is_b64token_char(b), listed, "{b:#x}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_header_makes_it_panic(header: Vec<u8>) {
            if let Ok(token) = parse(Some(&header)) {
                proptest::prop_assert!(token.is_ascii() && !token.is_empty());
            }
        }
    }
}
