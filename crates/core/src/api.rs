//! APIs: the protected resources that tokens are for.

use std::{collections::BTreeMap, fmt, str::FromStr};

use hallpass_token::jose::{Algorithm, TokenType};
use serde::{Deserialize, Serialize};

use crate::{
    ApiId, Scopes, Timestamp,
    text::{Name, Note},
};

/// The shortest and the longest lifetime that an API's tokens may have, in seconds.
pub const TOKEN_LIFETIME_S: std::ops::RangeInclusive<u64> = 60..=30 * 86_400;

/// The lifetime of a token when nothing else is said, in seconds.
pub const DEFAULT_TOKEN_LIFETIME_S: u64 = 86_400;

/// Why a text is not an audience.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadAudience {
    /// RFC 8707 §2 wants an absolute URI.
    #[error("an audience is an absolute URI, such as https://api.example.com")]
    NotAbsolute,
    /// RFC 8707 §2 forbids it.
    #[error("an audience must not have a fragment (the part after #)")]
    Fragment,
    /// Characters that no URI has, or too many of them.
    #[error("an audience is a URI of at most 500 ASCII characters without blanks or quotes")]
    Syntax,
}

/// The `aud` of an API's tokens: an absolute URI (RFC 8707 §2), kept as it was written.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Audience(String);

impl Audience {
    /// As it was written, and as tokens carry it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which audiences are compared.
    pub fn comparable(&self) -> &str {
        comparable(&self.0)
    }
}

/// An audience without its trailing slash: the slash neither makes nor breaks a match.
pub fn comparable(audience: &str) -> &str {
    audience.strip_suffix('/').unwrap_or(audience)
}

impl FromStr for Audience {
    type Err = BadAudience;

    fn from_str(text: &str) -> Result<Self, BadAudience> {
        // `"` and `\` may not stand in an error_description, where audiences are listed.
        let legal = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b'<' | b'>');
        if text.len() > 500 || !text.bytes().all(legal) {
            return Err(BadAudience::Syntax);
        }
        if text.contains('#') {
            return Err(BadAudience::Fragment);
        }
        let (scheme, rest) = text.split_once(':').ok_or(BadAudience::NotAbsolute)?;
        let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        if !scheme_ok || comparable(rest).trim_start_matches('/').is_empty() {
            return Err(BadAudience::NotAbsolute);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Audience {
    type Error = BadAudience;

    fn try_from(text: String) -> Result<Self, BadAudience> {
        text.parse()
    }
}

impl From<Audience> for String {
    fn from(audience: Audience) -> Self {
        audience.0
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why an API cannot be as asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadApi {
    /// Outside [`TOKEN_LIFETIME_S`].
    #[error("a token lifetime is between 60 seconds and 30 days; got {0} seconds")]
    Lifetime(u64),
}

/// A protected resource (RFC 6749's resource server).
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Api {
    /// Its id in the installation.
    pub id: ApiId,
    /// What people call it.
    pub name: Name,
    /// What it is for.
    #[serde(default)]
    pub description: Note,
    /// The `aud` of its tokens. Unique in the installation, but for a trailing slash.
    pub audience: Audience,
    /// Every scope that a credential may be granted for it.
    pub scopes: Scopes,
    /// What a scope lets a credential do, in plain words; a scope may be without.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scope_descriptions: BTreeMap<String, Note>,
    /// How long its tokens live, in seconds.
    pub token_lifetime_s: u64,
    /// What its tokens are signed with.
    pub algorithm: Algorithm,
    /// The `typ` of its tokens: `at+jwt`, or `JWT` for verifiers that refuse RFC 9068's type.
    pub token_type: TokenType,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Api {
    /// A new API with the default lifetime, algorithm and type.
    pub fn new(id: ApiId, name: Name, audience: Audience, now: Timestamp) -> Self {
        Self {
            id,
            name,
            description: Note::default(),
            audience,
            scopes: Scopes::default(),
            scope_descriptions: BTreeMap::new(),
            token_lifetime_s: DEFAULT_TOKEN_LIFETIME_S,
            algorithm: Algorithm::Es256,
            token_type: TokenType::AtJwt,
            created_at: now,
        }
    }

    /// Sets its scopes, and what they mean. Words for scopes that it does not have are dropped.
    #[must_use]
    pub fn with_scopes(mut self, scopes: Scopes, words: BTreeMap<String, Note>) -> Self {
        self.scope_descriptions = words;
        self.scope_descriptions
            .retain(|scope, words| scopes.contains(scope) && !words.as_str().is_empty());
        self.scopes = scopes;
        self
    }

    /// What a scope means, in plain words; empty if nobody has said.
    pub fn scope_description(&self, scope: &str) -> &str {
        self.scope_descriptions.get(scope).map_or("", Note::as_str)
    }

    /// Sets the lifetime of its tokens, within [`TOKEN_LIFETIME_S`].
    pub fn with_token_lifetime(mut self, secs: u64) -> Result<Self, BadApi> {
        if !TOKEN_LIFETIME_S.contains(&secs) {
            return Err(BadApi::Lifetime(secs));
        }
        self.token_lifetime_s = secs;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audiences_are_absolute_uris_without_fragment() {
        for (text, wanted) in [
            ("https://api.example.com", Ok(())),
            ("https://api.example.com/", Ok(())),
            ("urn:example:books", Ok(())),
            ("api.example.com", Err(BadAudience::NotAbsolute)),
            ("/v1", Err(BadAudience::NotAbsolute)),
            ("https://", Err(BadAudience::NotAbsolute)),
            ("1https://x", Err(BadAudience::NotAbsolute)),
            ("https://api.example.com/#x", Err(BadAudience::Fragment)),
            ("https://api.example.com/a b", Err(BadAudience::Syntax)),
            ("https://api.example.com/\"", Err(BadAudience::Syntax)),
            ("", Err(BadAudience::NotAbsolute)),
        ] {
            assert_eq!(text.parse::<Audience>().map(|_| ()), wanted, "{text}");
        }
    }

    fn books() -> Api {
        let audience: Audience = "https://api.example.com".parse().unwrap();
        let id = ApiId::from_entropy([1; 16]);
        Api::new(id, "Books".parse().unwrap(), audience, Timestamp::default())
    }

    #[test]
    fn only_scopes_that_it_has_are_described() {
        let words = [("read", "Reads books"), ("write", ""), ("burn", "Burns books")];
        let words = words.map(|(scope, words)| (scope.to_owned(), words.parse().unwrap()));
        let api = books().with_scopes("read write".parse().unwrap(), words.into());
        for (scope, words) in [("read", "Reads books"), ("write", ""), ("burn", "")] {
            assert_eq!(api.scope_description(scope), words, "{scope}");
        }
        assert_eq!(api.scope_descriptions.len(), 1);
    }

    #[test]
    fn lifetimes_are_bounded() {
        let api = books();
        for (secs, ok) in [(59, false), (60, true), (86_400, true), (30 * 86_400 + 1, false)] {
            assert_eq!(api.clone().with_token_lifetime(secs).is_ok(), ok, "{secs}");
        }
    }
}
