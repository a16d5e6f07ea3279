//! Addresses with a query: what a list is asked for stands there, so that it can be shared, kept
//! as a bookmark and come back to.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// The address of a page; what is empty is left out.
pub(super) fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    let given = pairs.iter().filter(|(_, value)| !value.is_empty());
    let query: Vec<String> = given
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
        .collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_survives_the_address() {
        let pairs = [("q", "a&b=c d"), ("kind", ""), ("page", "2")];
        assert_eq!(address("/x", &pairs), "/x?q=a%26b%3Dc%20d&page=2");
        assert_eq!(address("/x", &[("q", "")]), "/x");
    }
}
