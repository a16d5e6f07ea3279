//! Scopes of RFC 6749 §3.3: a set of case-sensitive tokens, written with single blanks.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Why a text is not a list of scopes.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadScopes {
    /// A character outside RFC 6749's `scope-token`, or two blanks in a row.
    #[error(
        "scopes are words of printable ASCII without quotes or backslashes, parted by one blank"
    )]
    Syntax,
    /// More or longer than anybody needs.
    #[error("a scope list has at most 100 scopes and 2000 characters")]
    TooLong,
}

/// A set of scopes in canonical form: sorted, each once. May be empty.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scopes(Box<str>);

impl Scopes {
    /// The scopes in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter(|scope| !scope.is_empty())
    }

    /// Whether `scope` is one of them.
    pub fn contains(&self, scope: &str) -> bool {
        self.iter().any(|one| one == scope)
    }

    /// Whether every scope of this set is in `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0 == other.0 || self.iter().all(|scope| other.contains(scope))
    }

    /// Those scopes that are also in `other`.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self::from_sorted(self.iter().filter(|scope| other.contains(scope)))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As the `scope` parameter and claim are written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The set of these words; what is no scope is left out.
    pub fn from_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut words: Vec<&str> = words.into_iter().filter(|word| is_token(word)).collect();
        words.sort_unstable();
        words.dedup();
        Self::from_sorted(words.into_iter())
    }

    fn from_sorted<'a>(scopes: impl Iterator<Item = &'a str>) -> Self {
        let mut joined = String::new();
        for scope in scopes {
            if !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(scope);
        }
        Self(joined.into())
    }
}

impl FromStr for Scopes {
    type Err = BadScopes;

    /// Reads RFC 6749 §3.3's `scope`. Repeated scopes count once; order does not matter.
    fn from_str(text: &str) -> Result<Self, BadScopes> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        if text.len() > 2000 {
            return Err(BadScopes::TooLong);
        }
        let mut scopes: Vec<&str> = text.split(' ').collect();
        if scopes.len() > 100 {
            return Err(BadScopes::TooLong);
        }
        if !scopes.iter().all(|scope| is_token(scope)) {
            return Err(BadScopes::Syntax);
        }
        scopes.sort_unstable();
        scopes.dedup();
        Ok(Self::from_sorted(scopes.into_iter()))
    }
}

/// RFC 6749 §3.3's `scope-token`.
fn is_token(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

impl TryFrom<String> for Scopes {
    type Error = BadScopes;

    fn try_from(text: String) -> Result<Self, BadScopes> {
        text.parse()
    }
}

impl From<Scopes> for String {
    fn from(scopes: Scopes) -> Self {
        scopes.0.into()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_have_one_canonical_form() {
        for (text, wanted) in [
            ("", Ok("")),
            ("read", Ok("read")),
            ("write read", Ok("read write")),
            ("read read", Ok("read")),
            ("Read read", Ok("Read read")),
            ("read  write", Err(BadScopes::Syntax)),
            (" read", Err(BadScopes::Syntax)),
            ("re\"ad", Err(BadScopes::Syntax)),
            ("re\\ad", Err(BadScopes::Syntax)),
            ("read\n", Err(BadScopes::Syntax)),
            ("lire:é", Err(BadScopes::Syntax)),
        ] {
            let got = text.parse::<Scopes>();
            assert_eq!(got.as_ref().map(Scopes::as_str), wanted.as_ref().copied(), "{text:?}");
        }
    }

    #[test]
    fn subsets_compare_whole_words() {
        let granted: Scopes = "books:read books:write".parse().unwrap();
        for (asked, within) in [("books:read", true), ("books", false), ("", true), ("x", false)] {
            assert_eq!(asked.parse::<Scopes>().unwrap().is_subset(&granted), within, "{asked}");
        }
    }
}
