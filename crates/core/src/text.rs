//! Text that people type: names, descriptions, notes, tags. Checked once, then a type.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Why a text was not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadText {
    /// Nothing but blanks.
    #[error("a name must not be empty")]
    Empty,
    /// Longer than the limit, in characters.
    #[error("the text has {got} characters; at most {most} are allowed")]
    TooLong {
        /// Characters given.
        got: usize,
        /// Characters allowed.
        most: usize,
    },
    /// Line breaks and other control characters could forge log lines.
    #[error("the text holds a control character; use letters, digits, punctuation and blanks")]
    Control,
}

fn checked(text: &str, most: usize) -> Result<&str, BadText> {
    let text = text.trim();
    let got = text.chars().count();
    if got > most {
        return Err(BadText::TooLong { got, most });
    }
    if text.chars().any(char::is_control) {
        return Err(BadText::Control);
    }
    Ok(text)
}

/// What people call a thing: 1 to 100 characters on one line.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// The name as typed, without blanks around it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = BadText;

    fn from_str(text: &str) -> Result<Self, BadText> {
        let text = checked(text, 100)?;
        if text.is_empty() { Err(BadText::Empty) } else { Ok(Self(text.to_owned())) }
    }
}

/// A remark that may be empty: up to 500 characters on one line.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Note(String);

impl Note {
    /// The note as typed, without blanks around it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Note {
    type Err = BadText;

    fn from_str(text: &str) -> Result<Self, BadText> {
        checked(text, 500).map(|text| Self(text.to_owned()))
    }
}

macro_rules! text_type {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = BadText;

            fn try_from(text: String) -> Result<Self, BadText> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
text_type!(Name);
text_type!(Note);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_bounded_and_on_one_line() {
        for (text, wanted) in [
            (" reports ", Ok("reports")),
            ("", Err(BadText::Empty)),
            ("   ", Err(BadText::Empty)),
            ("a\nb", Err(BadText::Control)),
            ("a\u{1b}[31m", Err(BadText::Control)),
        ] {
            assert_eq!(text.parse::<Name>().as_ref().map(Name::as_str), wanted.as_ref().copied());
        }
        assert_eq!("é".repeat(101).parse::<Name>(), Err(BadText::TooLong { got: 101, most: 100 }));
    }
}
