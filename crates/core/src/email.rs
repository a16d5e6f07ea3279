//! E-mail addresses, as names of people. Whether mail arrives there is not known here.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Why a text is not an address.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("an e-mail address looks like name@example.com, with at most 254 characters")]
pub struct BadEmail;

/// An e-mail address, kept as it was written; compared without case.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// In the form in which addresses are compared: nobody's mail differs by case alone.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }

    /// The part before the `@`: what a person is called until they say otherwise.
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// The part after the `@`, in lower case.
    pub fn domain(&self) -> String {
        self.0.rsplit_once('@').map_or_else(String::new, |(_, domain)| domain.to_lowercase())
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }
}

impl Eq for Email {}

impl FromStr for Email {
    type Err = BadEmail;

    /// Deliberately loose: mail servers know better than any pattern. Nothing that could forge a
    /// header, a log line or a second recipient passes.
    fn from_str(text: &str) -> Result<Self, BadEmail> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(BadEmail)?;
        let legal =
            |c: char| !c.is_control() && !c.is_whitespace() && !"<>()[],;:\\\"@".contains(c);
        let domain_ok = !domain.is_empty()
            && !domain.starts_with('.')
            && !domain.ends_with('.')
            && !domain.contains("..")
            && domain.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '-');
        if local.is_empty() || local.len() > 64 || text.len() > 254 || !domain_ok {
            return Err(BadEmail);
        }
        if local.chars().all(legal) { Ok(Self(text.to_owned())) } else { Err(BadEmail) }
    }
}

impl TryFrom<String> for Email {
    type Error = BadEmail;

    fn try_from(text: String) -> Result<Self, BadEmail> {
        text.parse()
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_loosely_but_never_dangerously() {
        for (text, ok) in [
            ("ada@example.com", true),
            (" Ada.L+x@Example.com ", true),
            ("ada@localhost", true),
            ("ädä@exämple.com", true),
            ("", false),
            ("ada", false),
            ("@example.com", false),
            ("ada@", false),
            ("ada@example..com", false),
            ("ada@b@example.com", false),
            ("ada\n@example.com", false),
            ("ada@example.com\r\nBcc: x@example.com", false),
            ("Ada <ada@example.com>", false),
            ("ada@example.com,x@example.com", false),
        ] {
            assert_eq!(text.parse::<Email>().is_ok(), ok, "{text:?}");
        }
        let (one, two) = ("Ada@Example.com", "ada@example.COM");
        assert_eq!(one.parse::<Email>().unwrap(), two.parse::<Email>().unwrap());
        assert_eq!(one.parse::<Email>().unwrap().domain(), "example.com");
    }
}
