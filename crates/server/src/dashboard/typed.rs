//! Reading what was typed into fields: the value, or what is wrong with it in a sentence that
//! stands at the field.

use std::{fmt::Display, str::FromStr};

/// The value of a field. What is wrong with it goes to `wrong`.
pub(super) fn field<T: FromStr<Err: Display>>(text: &str, wrong: &mut String) -> Option<T> {
    or_wrong(text.parse().map_err(|why: T::Err| sentence(&why)), wrong)
}

/// The value, or what is wrong to its place.
pub(super) fn or_wrong<T>(read: Result<T, String>, wrong: &mut String) -> Option<T> {
    read.map_err(|why| *wrong = why).ok()
}

/// Reasons are written to follow a colon: `a name must not be empty`.
pub(crate) fn sentence(why: &impl Display) -> String {
    let why = why.to_string();
    let mut chars = why.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", chars.as_str())
}
