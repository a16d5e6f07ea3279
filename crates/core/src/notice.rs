//! Notices: what an organization is told, at its webhooks, of what happens to its credentials.
//! What was done by somebody follows from the audit log, one event after the other; what comes by
//! itself (an end that is near, a credential that nobody uses) follows from the state and the
//! clock. Each notice has a key, so that finding it twice tells it once.

use std::{net::IpAddr, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Credential, OrganizationId, Timestamp, audit::Event, credential::SecretStatus};

/// How many days before an end it is announced, the earliest first.
pub const EXPIRING_DAYS: [u64; 4] = [30, 14, 7, 1];

/// After how many days without a token a credential counts as unused.
pub const UNUSED_DAYS: u64 = 90;

/// The kinds that an organization chooses from.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A credential or a secret ends in 30, 14, 7 days or one.
    Expiring,
    /// A credential has not been used for 90 days.
    Unused,
    /// A credential was used from an address that it was never used from before.
    NewAddress,
    /// A secret was found in the open.
    Leaked,
    /// A credential waits for approval.
    ApprovalAsked,
    /// A credential was paused or revoked, or the organization suspended.
    Stopped,
    /// Somebody tries whether the webhook works; it cannot be chosen or left out.
    Test,
}

/// Why a text is no kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "a kind of notice is one of expiring, unused, new_address, leaked, approval_asked, stopped"
)]
pub struct BadKind;

impl Kind {
    /// Every kind that can be chosen.
    pub const ALL: [Self; 6] = [
        Self::Expiring,
        Self::Unused,
        Self::NewAddress,
        Self::Leaked,
        Self::ApprovalAsked,
        Self::Stopped,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Expiring => "expiring",
            Self::Unused => "unused",
            Self::NewAddress => "new_address",
            Self::Leaked => "leaked",
            Self::ApprovalAsked => "approval_asked",
            Self::Stopped => "stopped",
            Self::Test => "test",
        }
    }

    /// What it tells of, in a word or two.
    pub fn short(self) -> &'static str {
        match self {
            Self::Expiring => "expiring",
            Self::Unused => "unused",
            Self::NewAddress => "new address",
            Self::Leaked => "leaked",
            Self::ApprovalAsked => "approval asked",
            Self::Stopped => "paused or revoked",
            Self::Test => "test",
        }
    }

    /// What it tells of, for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Expiring => "A credential or secret ends in 30, 14, 7 days or 1 day",
            Self::Unused => "A credential has got no token for 90 days",
            Self::NewAddress => "A credential is used from an address for the first time",
            Self::Leaked => "A secret was found in the open",
            Self::ApprovalAsked => "A new credential waits for approval",
            Self::Stopped => "A credential is paused or revoked, or the organization suspended",
            Self::Test => "A test",
        }
    }
}

impl FromStr for Kind {
    type Err = BadKind;

    fn from_str(text: &str) -> Result<Self, BadKind> {
        Self::ALL.into_iter().find(|kind| kind.word() == text).ok_or(BadKind)
    }
}

/// Something that an organization is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Whom.
    pub organization_id: OrganizationId,
    /// Of which kind.
    pub kind: Kind,
    /// What happened, as `subject.verb`: the `type` of the message.
    pub what: &'static str,
    /// When it happened.
    pub at: Timestamp,
    /// The same for the same thing, however often it is found.
    pub key: String,
    /// More: the `data` of the message. Holds no secret.
    pub data: Value,
}

/// What is to be told of an event of the audit log.
pub fn of_event(event: &Event) -> Option<Notice> {
    let (kind, what) = match event.action.as_str() {
        "secret.leaked" => (Kind::Leaked, "secret.leaked"),
        "credential.ask_approval" => (Kind::ApprovalAsked, "credential.approval_asked"),
        "credential.pause" => (Kind::Stopped, "credential.paused"),
        "credential.revoke" => (Kind::Stopped, "credential.revoked"),
        "organization.suspend" => (Kind::Stopped, "organization.suspended"),
        _ => return None,
    };
    let mut data = json!({ "by": event.actor.to_string(), "event": event.seq });
    let subject = if what.starts_with("organization") { "organization_id" } else { "client_id" };
    data[subject] = json!(event.subject);
    if let Some(secret) = event.detail.get("secret") {
        data["secret_id"] = secret.clone();
    }
    Some(Notice {
        organization_id: event.organization_id.clone()?,
        kind,
        what,
        at: event.at,
        key: format!("event/{}", event.seq),
        data,
    })
}

/// What is to be told of ends that are near.
pub fn expiring(own: &Credential, now: Timestamp) -> Vec<Notice> {
    let notice = |what, end: Timestamp, subject: &str, mut data: Value| {
        let days = days_left(end, now)?;
        data["client_id"] = json!(own.client_id);
        data["name"] = json!(own.settings.name);
        data["expires_at"] = json!(date(end));
        data["days_left_at_most"] = json!(days);
        Some(Notice {
            organization_id: own.organization_id.clone(),
            kind: Kind::Expiring,
            what,
            at: now,
            key: format!("expiring/{subject}/{}/{days}", end.as_secs()),
            data,
        })
    };
    let of_own = own
        .settings
        .expires_at
        .and_then(|end| notice("credential.expiring", end, own.client_id.as_str(), json!({})));
    let usable = own.secrets.iter().filter(|one| one.status(now) == SecretStatus::Usable);
    let of_secrets = usable.filter_map(|secret| {
        let data = json!({ "secret_id": secret.id, "last_four": secret.last_four });
        notice("secret.expiring", secret.expires_at?, secret.id.as_str(), data)
    });
    of_own.into_iter().chain(of_secrets).collect()
}

/// The latest of [`EXPIRING_DAYS`] that has come; `None` before the first, and after the end.
fn days_left(end: Timestamp, now: Timestamp) -> Option<u64> {
    if end <= now {
        return None;
    }
    let left_ms = end.millis_since(now);
    EXPIRING_DAYS.into_iter().rfind(|days| left_ms <= days * 86_400_000)
}

/// What is to be told of a credential that nobody uses. `used_at`: the last token, if there ever
/// was one.
pub fn unused(own: &Credential, used_at: Option<Timestamp>, now: Timestamp) -> Option<Notice> {
    let since = used_at.unwrap_or(own.created_at).max(own.created_at);
    if since.plus_secs(UNUSED_DAYS * 86_400) > now {
        return None;
    }
    Some(Notice {
        organization_id: own.organization_id.clone(),
        kind: Kind::Unused,
        what: "credential.unused",
        at: now,
        key: format!("unused/{}/{}", own.client_id, since.as_secs()),
        data: json!({
            "client_id": own.client_id,
            "name": own.settings.name,
            "last_used_at": used_at.map(date),
        }),
    })
}

/// What is to be told of an address that is new to a credential.
pub fn new_address(own: &Credential, address: IpAddr, first_at: Timestamp) -> Notice {
    Notice {
        organization_id: own.organization_id.clone(),
        kind: Kind::NewAddress,
        what: "credential.new_address",
        at: first_at,
        key: format!("address/{}/{address}", own.client_id),
        data: json!({
            "client_id": own.client_id,
            "name": own.settings.name,
            "address": address,
        }),
    }
}

/// A test that somebody asked for.
pub fn test(organization_id: OrganizationId, by: &str, now: Timestamp) -> Notice {
    Notice {
        organization_id,
        kind: Kind::Test,
        what: "webhook.test",
        at: now,
        key: format!("test/{}", now.as_millis()),
        data: json!({ "by": by }),
    }
}

/// What happened, in a sentence for people. `data` is the `data` of the message.
pub fn said(what: &str, data: &Value) -> String {
    let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
    let own = match (text("name"), text("client_id")) {
        (name, id) if name.is_empty() => id,
        (name, id) => format!("{name} ({id})"),
    };
    let days = match data["days_left_at_most"].as_u64() {
        Some(1) => "a day".to_owned(),
        Some(days) => format!("{days} days"),
        None => "some time".to_owned(),
    };
    match what {
        "credential.expiring" => {
            format!("The credential {own} ends within {days}, at {}.", text("expires_at"))
        }
        "secret.expiring" => format!(
            "The secret that ends in {} of the credential {own} ends within {days}, at {}.",
            text("last_four"),
            text("expires_at")
        ),
        "credential.unused" => {
            format!("The credential {own} has got no token for {UNUSED_DAYS} days.")
        }
        "credential.new_address" => {
            format!("The credential {own} was used from {} for the first time.", text("address"))
        }
        "secret.leaked" => format!(
            "A secret of the credential {own} was found in the open by {}; it is retired, and its \
             tokens are dead.",
            text("by")
        ),
        "credential.approval_asked" => {
            format!("{} asks for approval of the credential {own}.", text("by"))
        }
        "credential.paused" => format!("{} has paused the credential {own}.", text("by")),
        "credential.revoked" => format!("{} has revoked the credential {own}.", text("by")),
        "organization.suspended" => format!(
            "{} has suspended the organization: none of its credentials gets tokens.",
            text("by")
        ),
        "webhook.test" => format!("{} tries whether this webhook works.", text("by")),
        other => other.to_owned(),
    }
}

/// A point in time as RFC 3339 writes it, in UTC, to the second.
pub fn date(at: Timestamp) -> String {
    // Howard Hinnant's civil_from_days: this crate has no calendar, and needs no more than this.
    let (days, secs) = (at.as_secs() / 86_400, at.as_secs() % 86_400);
    let z = days + 719_468;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (secs / 3600, secs / 60 % 60, secs % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests;
