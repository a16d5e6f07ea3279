//! The pattern of a route's paths: segments, `*` for any one of them, `**` at the end for any
//! number. It knows whether it leaves anything to another one, so that no rule is dead unnoticed.

use std::fmt;

use crate::path::{BadPath, Path};

/// Which paths a route is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pattern {
    text: String,
    segments: Vec<Segment>,
    /// It ends with `**`: whatever follows, or nothing, is meant too.
    open: bool,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Segment {
    Any,
    Exactly(String),
}

/// Why a text is no pattern.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadPattern {
    /// No request with such a path gets through.
    #[error("no request has such a path: {0}")]
    Path(#[from] BadPath),
    /// `**` in the middle.
    #[error("`**` stands only at the end of a path")]
    OpenInside,
    /// `a*`.
    #[error("`*` stands for a whole segment; `{0}` is none")]
    PartOfSegment(String),
    /// A query, which no rule looks at.
    #[error("a path has no query; rules look at the path alone")]
    Query,
}

impl Pattern {
    /// Reads a pattern such as `/v1/books/*` or `/v1/**`.
    ///
    /// # Errors
    /// [`BadPattern`].
    pub fn parse(text: &str) -> Result<Self, BadPattern> {
        if text.contains('?') {
            return Err(BadPattern::Query);
        }
        let path = Path::parse(text)?;
        let mut words = path.segments();
        let open = words.last().is_some_and(|last| last == "**");
        if open {
            words = &words[..words.len() - 1];
        }
        let segment = |word: &String| match word.as_str() {
            "*" => Ok(Segment::Any),
            "**" => Err(BadPattern::OpenInside),
            word if word.contains('*') => Err(BadPattern::PartOfSegment(word.to_owned())),
            word => Ok(Segment::Exactly(word.to_owned())),
        };
        let segments = words.iter().map(segment).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), segments, open })
    }

    /// Whether the path is meant, in exactly these letters.
    pub(crate) fn matches(&self, path: &Path) -> bool {
        self.meets(path, |a, b| a == b)
    }

    /// Whether a server that does not tell `a` from `A` would take the path for one that is meant.
    pub(crate) fn matches_folded(&self, path: &Path) -> bool {
        self.meets(path, str::eq_ignore_ascii_case)
    }

    fn meets(&self, path: &Path, same: impl Fn(&str, &str) -> bool) -> bool {
        let given = path.segments();
        let long_enough = if self.open {
            given.len() >= self.segments.len()
        } else {
            given.len() == self.segments.len()
        };
        long_enough
            && self.segments.iter().zip(given).all(|(own, given)| match own {
                Segment::Any => true,
                Segment::Exactly(own) => same(own, given),
            })
    }

    /// Whether each path of the other is a path of this one.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let long_enough = match (self.open, other.open) {
            (true, _) => other.segments.len() >= self.segments.len(),
            (false, false) => other.segments.len() == self.segments.len(),
            (false, true) => false,
        };
        long_enough
            && self.segments.iter().zip(&other.segments).all(|(own, other)| match own {
                Segment::Any => true,
                Segment::Exactly(_) => own == other,
            })
    }

    /// Whether letters of either case stand in it.
    pub(crate) fn has_capitals(&self) -> bool {
        self.segments.iter().any(|segment| match segment {
            Segment::Any => false,
            Segment::Exactly(word) => word.bytes().any(|b| b.is_ascii_uppercase()),
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    #[test]
    fn a_pattern_means_whole_segments() {
        for (text, path, meant) in [
            ("/", "/", true),
            ("/", "/a", false),
            ("/v1/books", "/v1/books", true),
            ("/v1/books", "/v1/books/", true),
            ("/v1/books/", "/v1/books", true),
            ("/v1/books", "/v1/books/7", false),
            ("/v1/books", "/v1/bookshelf", false),
            ("/v1/books", "/v1/Books", false),
            ("/v1/books/*", "/v1/books/7", true),
            ("/v1/books/*", "/v1/books", false),
            ("/v1/books/*", "/v1/books/7/pages", false),
            ("/v1/*/pages", "/v1/7/pages", true),
            ("/v1/**", "/v1", true),
            ("/v1/**", "/v1/books/7", true),
            ("/v1/**", "/v2", false),
            ("/**", "/", true),
            ("/**", "/a/b/c", true),
            ("/a b/*", "/a%20b/%2A", true),
        ] {
            let path = Path::parse(path).unwrap();
            assert_eq!(pattern(text).matches(&path), meant, "{text} {path:?}");
        }
        let capitals = Path::parse("/V1/Books").unwrap();
        assert!(pattern("/v1/books").matches_folded(&capitals));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for (text, wanted) in [
            ("v1", BadPattern::Path(BadPath::NotAPath)),
            ("", BadPattern::Path(BadPath::NotAPath)),
            ("/v1//a", BadPattern::Path(BadPath::EmptySegment)),
            ("/v1/../a", BadPattern::Path(BadPath::Dots)),
            ("/v1/**/a", BadPattern::OpenInside),
            ("/v1/a*", BadPattern::PartOfSegment("a*".to_owned())),
            ("/v1/***", BadPattern::PartOfSegment("***".to_owned())),
            ("/v1?a=b", BadPattern::Query),
        ] {
            assert_eq!(Pattern::parse(text), Err(wanted), "{text}");
        }
    }

    #[test]
    fn a_pattern_knows_what_it_leaves_to_others() {
        for (one, other, covers) in [
            ("/a", "/a", true),
            ("/a", "/b", false),
            ("/*", "/a", true),
            ("/a", "/*", false),
            ("/**", "/a/b", true),
            ("/**", "/**", true),
            ("/a/**", "/a", true),
            ("/a/**", "/**", false),
            ("/a/*", "/a/**", false),
            ("/a/**", "/a/*/c", true),
            ("/*/**", "/a", true),
            ("/*/**", "/", false),
        ] {
            assert_eq!(pattern(one).covers(&pattern(other)), covers, "{one} {other}");
        }
    }
}
