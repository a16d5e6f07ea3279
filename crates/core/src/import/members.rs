//! Members of a JSON object, read one by one. What is wrong is said by the member's name alone: its
//! value may be a secret.

use serde_json::{Map, Value};

use super::Skip;
use crate::{
    ClientId, Timestamp,
    text::{Name, Note},
};

/// Seconds since the Unix epoch that are no time any more.
const LAST_S: u64 = 1 << 36;

/// One client as its file has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Members<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Members<'a> {
    /// A member that is there and not null.
    pub(super) fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text; empty counts as absent.
    pub(super) fn text(self, name: &'static str) -> Result<Option<&'a str>, Skip> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(wrong(name, "a text")),
        }
    }

    /// A flag that may be absent.
    pub(super) fn flag(self, name: &'static str, unless_said: bool) -> Result<bool, Skip> {
        match self.get(name) {
            None => Ok(unless_said),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(wrong(name, "true or false")),
        }
    }

    /// Texts: as an array, as the JSON of one in a text, as databases hand it out, or parted by
    /// `parted_by`.
    pub(super) fn texts(self, name: &'static str, parted_by: char) -> Result<Vec<String>, Skip> {
        let not_texts = || wrong(name, "a list of texts");
        let parsed;
        let list = match self.get(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(Value::String(text)) if text.starts_with('[') => {
                parsed = serde_json::from_str::<Vec<Value>>(text).map_err(|_| not_texts())?;
                &parsed
            }
            Some(Value::String(text)) => {
                let words = text.split(parted_by).filter(|word| !word.is_empty());
                return Ok(words.map(str::to_owned).collect());
            }
            Some(_) => return Err(not_texts()),
        };
        list.iter().map(|one| one.as_str().map(str::to_owned).ok_or_else(not_texts)).collect()
    }

    /// A moment that was written as a number in a text.
    pub(super) fn moment_in_text(self, name: &str) -> Option<Timestamp> {
        let secs = self.get(name)?.as_str()?.parse::<u64>().ok()?;
        (secs != 0 && secs < LAST_S).then(|| Timestamp::from_secs(secs))
    }

    /// A moment: as RFC 3339, without a zone as databases write UTC, or in seconds since the Unix
    /// epoch, of which zero means never.
    pub(super) fn moment(self, name: &'static str) -> Result<Option<Timestamp>, Skip> {
        let not_a_moment = || wrong(name, "a time such as 2026-01-31T12:00:00Z");
        match self.get(name) {
            None => Ok(None),
            Some(Value::Number(secs)) => {
                let secs = secs.as_u64().filter(|secs| *secs < LAST_S).ok_or_else(not_a_moment)?;
                Ok((secs != 0).then(|| Timestamp::from_secs(secs)))
            }
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => moment(text).map(Some).ok_or_else(not_a_moment),
            Some(_) => Err(not_a_moment()),
        }
    }

    /// The client id, which must be one that can be kept.
    pub(super) fn client_id(self, name: &'static str) -> Result<ClientId, Skip> {
        let text = self.text(name)?.ok_or_else(|| wrong(name, "there"))?;
        text.parse().map_err(|_| Skip::BadClientId)
    }

    /// What people call it: its id, if nothing is said.
    pub(super) fn name(self, name: &'static str, id: &ClientId) -> Result<Name, Skip> {
        let text = self.text(name)?.filter(|text| !text.trim().is_empty());
        text.unwrap_or(id.as_str()).parse().map_err(|why| bad_text(name, &why))
    }

    /// What it is for.
    pub(super) fn note(self, name: &'static str) -> Result<Note, Skip> {
        let text = self.text(name)?.unwrap_or_default();
        text.parse().map_err(|why| bad_text(name, &why))
    }
}

fn moment(text: &str) -> Option<Timestamp> {
    let with_zone = text.parse::<jiff::Timestamp>().ok();
    let without = || {
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()
    };
    let at = with_zone.or_else(without)?;
    u64::try_from(at.as_millisecond()).ok().map(Timestamp::from_millis)
}

/// A member that is not what it must be.
pub(super) fn wrong(name: &str, must_be: &str) -> Skip {
    Skip::BadMember(format!("{name} must be {must_be}"))
}

/// A text that cannot be taken as it is.
pub(super) fn bad_text(name: &str, why: &dyn std::fmt::Display) -> Skip {
    Skip::BadText(format!("{name}: {why}"))
}
