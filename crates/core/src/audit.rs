//! The audit log: who did what to what, when, and from where. Every event is written in the
//! transaction of the change that it records, and chained to the one before by a hash.

use std::{fmt, net::IpAddr};

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{ClientId, Email, OrganizationId, PersonId, Timestamp};

/// Who makes a change.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// Somebody at the command line of a machine that holds the master key.
    Operator {
        /// The name of the account that ran the command.
        name: String,
    },
    /// A person who has signed in.
    Person {
        /// Who.
        person_id: PersonId,
        /// Their address at that time, by which people know them.
        email: Email,
        /// From where, if known.
        address: Option<IpAddr>,
    },
    /// A stranger who proved that they hold a secret, by showing it.
    Finder {
        /// From where, if known.
        address: Option<IpAddr>,
    },
    /// A credential, by itself (RFC 7009, or the management API).
    Credential {
        /// Which.
        client_id: ClientId,
        /// From where.
        address: IpAddr,
    },
    /// The server's own housekeeping: expiries, scheduled key rotation.
    Server,
}

impl Actor {
    /// The id by which this actor is found in the audit log: a person's or a client's.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Person { person_id, .. } => Some(person_id.as_str()),
            Self::Credential { client_id, .. } => Some(client_id.as_str()),
            Self::Operator { .. } | Self::Finder { .. } | Self::Server => None,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator { name } => write!(f, "operator {name}"),
            Self::Person { email, .. } => write!(f, "{email}"),
            Self::Finder { address: Some(address) } => write!(f, "finder at {address}"),
            Self::Finder { address: None } => f.write_str("finder"),
            Self::Credential { client_id, address } => write!(f, "{client_id} from {address}"),
            Self::Server => f.write_str("server"),
        }
    }
}

/// What a mutation says about itself. Holds no secret and no digest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Deed {
    /// What was done, as `subject.verb`.
    pub action: &'static str,
    /// The id of what it was done to.
    pub subject: String,
    /// The organization that it concerns, if one.
    pub organization_id: Option<OrganizationId>,
    /// More, as a JSON object.
    pub detail: serde_json::Value,
}

/// One event of the audit log.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The sequence number of the change that it belongs to.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What was done, as `subject.verb`.
    pub action: String,
    /// The id of what it was done to.
    pub subject: String,
    /// The organization that it concerns, if one.
    pub organization_id: Option<OrganizationId>,
    /// More, as a JSON object.
    pub detail: serde_json::Value,
    /// SHA-256 over the hash of the event before and this event's other members.
    pub hash: String,
}

/// Every action that an event may name. Whoever shows the log has words for each.
pub const ACTIONS: &[&str] = &[
    "api.add",
    "api.update",
    "credential.activate",
    "credential.add",
    "credential.ask_approval",
    "credential.delete",
    "credential.discard",
    "credential.expire",
    "credential.import",
    "credential.pause",
    "credential.pending_expired",
    "credential.resume",
    "credential.revoke",
    "credential.update",
    "key.add",
    "key.drop_gone",
    "key.kill",
    "member.accept_invitation",
    "member.add",
    "member.invite",
    "member.remove",
    "member.set_role",
    "member.withdraw_invitation",
    "organization.add",
    "organization.rename",
    "organization.resume",
    "organization.set_mailed",
    "organization.set_policy",
    "organization.set_sign_on",
    "organization.suspend",
    "person.add",
    "person.add_passkey",
    "person.add_subject",
    "person.end_sessions",
    "person.remove_passkey",
    "person.rename",
    "person.rename_passkey",
    "person.set_link",
    "person.set_operator",
    "person.set_password",
    "person.set_recovery_codes",
    "person.start_over",
    "person.use_link",
    "person.use_passkey",
    "person.use_recovery_code",
    "secret.add",
    "secret.kill_tokens",
    "secret.leaked",
    "secret.note",
    "secret.retire",
    "secret.upgrade",
    "session.begin",
    "session.confirm",
    "session.end",
    "token.revoke",
    "vault.set",
    "webhook.put",
    "webhook.remove",
];

/// The hash before the first event.
pub const CHAIN_START: &str = "";

impl Event {
    /// The event of a deed, chained to the event before.
    pub fn chained(before: &str, seq: u64, at: Timestamp, actor: &Actor, deed: Deed) -> Self {
        debug_assert!(ACTIONS.contains(&deed.action), "{} is not in ACTIONS", deed.action);
        let mut event = Self {
            seq,
            at,
            actor: actor.clone(),
            action: deed.action.to_owned(),
            subject: deed.subject,
            organization_id: deed.organization_id,
            detail: deed.detail,
            hash: String::new(),
        };
        event.hash = event.link(before);
        event
    }

    /// What `hash` must be if the event before had the hash `before`.
    pub fn link(&self, before: &str) -> String {
        // A JSON array of fixed order is unambiguous: no two events share one.
        let mut text = serde_json::json!([
            before,
            self.seq,
            self.at,
            self.actor,
            self.action,
            self.subject,
            self.organization_id,
            self.detail,
        ]);
        // And so are members by name: the order in which they were written must not matter.
        text.sort_all_objects();
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.to_string().as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_members_is_no_edit() {
        let event = |detail: &str| Event {
            seq: 1,
            at: Timestamp::from_secs(1),
            actor: Actor::Server,
            action: "api.add".to_owned(),
            subject: "api_x".to_owned(),
            organization_id: None,
            detail: serde_json::from_str(detail).unwrap(),
            hash: String::new(),
        };
        let (one, other) =
            (event(r#"{"a":{"b":1,"c":2},"d":3}"#), event(r#"{"d":3,"a":{"c":2,"b":1}}"#));
        assert_eq!(one.link(CHAIN_START), other.link(CHAIN_START));
    }

    #[test]
    fn any_edit_breaks_the_chain() {
        let deed = Deed {
            action: "credential.revoke",
            subject: "hpc_x".to_owned(),
            organization_id: None,
            detail: serde_json::json!({}),
        };
        let event = Event::chained(CHAIN_START, 1, Timestamp::from_secs(1), &Actor::Server, deed);
        assert_eq!(event.link(CHAIN_START), event.hash);
        assert_ne!(event.link("other"), event.hash);
        for edit in [
            |event: &mut Event| event.seq = 2,
            |event: &mut Event| event.at = Timestamp::from_secs(2),
            |event: &mut Event| event.actor = Actor::Operator { name: "x".into() },
            |event: &mut Event| event.action.push('x'),
            |event: &mut Event| event.subject.push('x'),
            |event: &mut Event| event.detail = serde_json::json!({"a": 1}),
        ] {
            let mut edited = event.clone();
            edit(&mut edited);
            assert_ne!(edited.link(CHAIN_START), event.hash);
        }
    }
}
