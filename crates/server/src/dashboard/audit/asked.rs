//! What of the audit log is asked for, as the address says it.

use hallpass_core::{OrganizationId, Timestamp};
use hallpass_store::AuditFilter;
use serde::Deserialize;

use super::words;
use crate::dashboard::query::address;

/// The query of the address. Empty: everything.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub(super) struct Asked {
    /// A person's or a client's id.
    pub who: String,
    /// What an action begins with: one of [`words::kinds`], or a whole action.
    pub kind: String,
    /// The id of what it was done to.
    pub subject: String,
    /// The first day, in UTC.
    pub from: String,
    /// The last day, in UTC.
    pub to: String,
    /// An organization's id; for operators.
    pub organization: String,
    /// The last event of the page before.
    pub before: String,
    /// What is wrong with the days.
    #[serde(skip)]
    pub wrong: String,
}

impl Asked {
    /// As the store understands it; `None` if it cannot be read, and then says why. Whose events
    /// they are is not for an address to say, but for an operator's.
    pub(super) fn read(&mut self, here: Option<&OrganizationId>) -> Option<AuditFilter> {
        let given = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let (since, until) = match (day(&self.from), day(&self.to)) {
            (Ok(from), Ok(to)) => (from, to.map(|day| day.plus_secs(86_400))),
            (Err(why), _) | (_, Err(why)) => {
                self.wrong = why;
                return None;
            }
        };
        let organization_id = match (here, given(&self.organization)) {
            (Some(here), _) => Some(here.clone()),
            (None, None) => None,
            (None, Some(text)) => Some(text.parse().ok()?),
        };
        let is_known = words::kinds().iter().any(|(kind, _)| *kind == self.kind)
            || hallpass_core::audit::ACTIONS.contains(&self.kind.as_str());
        Some(AuditFilter {
            organization_id,
            subject: given(&self.subject),
            actor_id: given(&self.who),
            action: given(&self.kind).filter(|_| is_known),
            since,
            until,
        })
    }

    /// Whether it asks for less than everything.
    pub(super) fn is_narrow(&self) -> bool {
        Self { before: String::new(), wrong: String::new(), ..self.clone() } != Self::default()
    }

    /// Where the page before has ended. What cannot be read begins at the beginning.
    pub(super) fn before(&self) -> Option<u64> {
        self.before.parse().ok()
    }

    /// The same from its beginning.
    pub(super) fn first(&self) -> Self {
        Self { before: String::new(), ..self.clone() }
    }

    /// The page that follows this event.
    pub(super) fn following(&self, seq: u64) -> Self {
        Self { before: seq.to_string(), ..self.clone() }
    }

    /// Everything that somebody did.
    pub(super) fn by(&self, id: &str) -> Self {
        Self { who: id.to_owned(), organization: self.organization.clone(), ..Self::default() }
    }

    /// The address, below this path.
    pub(super) fn address(&self, path: &str) -> String {
        let pairs = [
            ("who", self.who.as_str()),
            ("kind", &self.kind),
            ("subject", &self.subject),
            ("from", &self.from),
            ("to", &self.to),
            ("organization", &self.organization),
            ("before", &self.before),
        ];
        address(path, &pairs)
    }
}

/// The beginning of a day in UTC; `None` if none is given.
fn day(text: &str) -> Result<Option<Timestamp>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || format!("{text:?} is no day; write 2026-12-31");
    let date: jiff::civil::Date = text.parse().map_err(|_| wrong())?;
    let begins = format!("{date}T00:00:00Z").parse::<jiff::Timestamp>().map_err(|_| wrong())?;
    let secs = u64::try_from(begins.as_second()).map_err(|_| wrong())?;
    Ok(Some(Timestamp::from_secs(secs)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_of_utc_from_its_first_second_to_its_last() {
        let asked = |from: &str, to: &str| {
            let mut asked = Asked { from: from.to_owned(), to: to.to_owned(), ..Asked::default() };
            let filter = asked.read(None);
            filter.map(|f| (f.since.map(Timestamp::as_secs), f.until.map(Timestamp::as_secs)))
        };
        for (from, to, wanted) in [
            ("", "", Some((None, None))),
            ("2026-12-03", "", Some((Some(1_796_256_000), None))),
            ("2026-12-03", "2026-12-03", Some((Some(1_796_256_000), Some(1_796_342_400)))),
            ("yesterday", "", None),
            ("2026-02-30", "", None),
            ("", "1969-01-01", None),
        ] {
            assert_eq!(asked(from, to), wanted, "{from} {to}");
        }
    }

    #[test]
    fn an_address_of_an_organization_asks_for_its_own_alone() {
        let here = OrganizationId::from_entropy([1; 16]);
        let other = OrganizationId::from_entropy([2; 16]);
        let mut asked = Asked { organization: other.to_string(), ..Asked::default() };
        let own = asked.read(Some(&here)).unwrap();
        assert_eq!(own.organization_id, Some(here));
        assert_eq!(asked.read(None).unwrap().organization_id, Some(other));
        let mut asked = Asked { organization: "nonsense".to_owned(), ..Asked::default() };
        assert_eq!(asked.read(None), None, "not everything instead");
    }

    #[test]
    fn the_address_says_what_was_asked() {
        let asked = Asked {
            who: "per_1".to_owned(),
            kind: "credential.".to_owned(),
            from: "2026-12-03".to_owned(),
            ..Asked::default()
        };
        let next = asked.following(7);
        let wanted = "/audit?who=per%5F1&kind=credential%2E&from=2026%2D12%2D03&before=7";
        assert_eq!(next.address("/audit"), wanted);
        assert_eq!(next.first(), asked);
        assert!(asked.is_narrow() && !Asked::default().is_narrow());
    }
}
