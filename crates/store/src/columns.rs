//! What stands in columns beside a document, computed from it alone: the same in every backend,
//! which then finds the same rows.

use hallpass_core::{
    ApiId, ClientId, Credential, Organization, OrganizationId, Timestamp,
    audit::Event,
    change::Key,
    delivery::{Delivery, State},
    organization::OrganizationStatus,
    person::Subject,
    usage::{Ending, Sighting, Slot, Usage},
};

use crate::{CredentialFilter, LastUsed, StoreError, document};

/// Between two writes of when a session was seen, in milliseconds.
pub(crate) const SEEN_EVERY_MS: u64 = 60_000;

/// How many rows of usage one transaction takes: a large roll-up must not hold up a revocation.
pub(crate) const USAGE_STEP: usize = 500;

/// As databases store it. No true value comes near the limit.
pub(crate) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The table of a kind of row, and its column that holds the id.
pub(crate) fn table(key: &Key) -> (&'static str, &'static str) {
    match key {
        Key::Organization(_) => ("organizations", "id"),
        Key::Api(_) => ("apis", "id"),
        Key::Credential(_) => ("credentials", "client_id"),
        Key::Ring(_) => ("rings", "algorithm"),
        Key::Person(_) => ("people", "id"),
        Key::Session(_) => ("sessions", "id"),
        Key::Vault => ("installation", "id"),
    }
}

/// The id of a row.
pub(crate) fn id(key: &Key) -> String {
    match key {
        Key::Organization(id) => id.to_string(),
        Key::Api(id) => id.to_string(),
        Key::Credential(id) => id.to_string(),
        Key::Ring(algorithm) => algorithm.to_string(),
        Key::Person(id) => id.to_string(),
        Key::Session(id) => id.to_string(),
        Key::Vault => "1".to_owned(),
    }
}

/// An organization's status, as a word.
pub(crate) fn status(organization: &Organization) -> &'static str {
    match organization.status {
        OrganizationStatus::Active => "active",
        OrganizationStatus::Suspended => "suspended",
    }
}

/// Every tag in lower case, each between two line feeds, which no tag holds.
pub(crate) fn folded_tags(credential: &Credential) -> String {
    let tags = &credential.settings.tags;
    let folded = tags.iter().map(|tag| format!("{}\n", tag.as_str().to_lowercase()));
    if tags.is_empty() { String::new() } else { format!("\n{}", folded.collect::<String>()) }
}

/// The digests by which a secret that somebody has found can be looked up: ours. Those of other
/// servers have a salt each.
pub(crate) fn own_digests(credential: &Credential) -> Vec<String> {
    let own = credential.secrets.iter().filter_map(|secret| secret.digest.own());
    own.map(|digest| String::from(*digest)).collect()
}

/// No issuer holds a line feed, so no two subjects share a name.
pub(crate) fn name_of(subject: &Subject) -> String {
    storable(&format!("{}\n{}", subject.issuer, subject.sub))
}

/// A text as every database can store it: PostgreSQL knows no NUL. What is searched for is put so,
/// too; nothing that is stored holds the sign that stands in its place.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}

/// When a delivery is to be made; `None` once nothing is to be done any more.
pub(crate) fn due_at(delivery: &Delivery) -> Option<i64> {
    (delivery.state == State::Waiting).then(|| int(delivery.due_at.as_millis()))
}

/// A filter of credentials in the form in which columns are compared.
pub(crate) struct Filter {
    pub(crate) organization_id: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) folded_text: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) tag: Option<String>,
}

impl Filter {
    pub(crate) fn new(filter: &CredentialFilter) -> Self {
        Self {
            organization_id: filter.organization_id.as_ref().map(ToString::to_string),
            status: filter.status.as_deref().map(storable),
            folded_text: filter.text.as_ref().map(|text| storable(&text.to_lowercase())),
            text: filter.text.as_deref().map(storable),
            tag: filter.tag.as_ref().map(|tag| storable(&format!("\n{}\n", tag.to_lowercase()))),
        }
    }
}

/// The columns of an audit event.
pub(crate) struct EventRow {
    pub(crate) seq: u64,
    pub(crate) at: u64,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) subject: String,
    pub(crate) organization_id: Option<String>,
    pub(crate) detail: String,
    pub(crate) hash: String,
}

impl EventRow {
    pub(crate) fn read(self) -> Result<Event, StoreError> {
        let name = || format!("audit event {}", self.seq);
        let parse = |id: String| {
            id.parse::<OrganizationId>().map_err(|why| StoreError::damaged(name(), why))
        };
        Ok(Event {
            organization_id: self.organization_id.map(parse).transpose()?,
            actor: document::read(&self.actor, name)?,
            detail: document::read(&self.detail, name)?,
            seq: self.seq,
            at: Timestamp::from_millis(self.at),
            action: self.action,
            subject: self.subject,
            hash: self.hash,
        })
    }
}

/// The columns of a roll-up. `api_id` is empty where the API never became clear.
pub(crate) struct UsageRow {
    pub(crate) hour: u64,
    pub(crate) secret: u16,
    pub(crate) api_id: String,
    pub(crate) ending: String,
    pub(crate) count: u64,
    pub(crate) last: LastRow,
}

impl UsageRow {
    pub(crate) fn read(self, client_id: &ClientId) -> Result<Usage, StoreError> {
        let damaged = |why: &dyn std::fmt::Display| StoreError::damaged(usage_of(client_id), why);
        let endings = [Ending::Issued, Ending::Refused];
        let ending = endings.into_iter().find(|known| known.word() == self.ending);
        let api_id = (!self.api_id.is_empty()).then(|| self.api_id.parse::<ApiId>()).transpose();
        let last = self.last.read(self.secret, client_id)?;
        let slot = Slot {
            client_id: client_id.clone(),
            secret: self.secret,
            api_id: api_id.map_err(|why| damaged(&why))?,
            ending: ending.ok_or_else(|| damaged(&"an unknown ending"))?,
            hour: self.hour,
        };
        let LastUsed { last_at, last_address, .. } = last;
        Ok(Usage { slot, count: self.count, last_at, last_address })
    }
}

/// The columns of a last use.
pub(crate) struct LastRow {
    pub(crate) at: u64,
    pub(crate) address: Option<String>,
}

impl LastRow {
    pub(crate) fn read(self, secret: u16, client_id: &ClientId) -> Result<LastUsed, StoreError> {
        let address = self.address.map(|text| text.parse()).transpose();
        Ok(LastUsed {
            secret,
            last_at: Timestamp::from_millis(self.at),
            last_address: address.map_err(|why| StoreError::damaged(usage_of(client_id), why))?,
        })
    }
}

/// The columns of a sighting. Both texts are empty where nobody knows.
pub(crate) struct SightingRow {
    pub(crate) address: String,
    pub(crate) library: String,
    pub(crate) count: u64,
    pub(crate) first_at: u64,
    pub(crate) last_at: u64,
}

impl SightingRow {
    pub(crate) fn read(self, client_id: ClientId) -> Result<Sighting, StoreError> {
        let address = (!self.address.is_empty()).then(|| self.address.parse()).transpose();
        let damaged = |why| StoreError::damaged(format!("a sighting of {client_id}"), why);
        Ok(Sighting {
            address: address.map_err(damaged)?,
            client_id,
            library: self.library.into(),
            count: self.count,
            first_at: Timestamp::from_millis(self.first_at),
            last_at: Timestamp::from_millis(self.last_at),
        })
    }
}

/// The id in a column of `row`.
pub(crate) fn client_id(text: &str, row: &str) -> Result<ClientId, StoreError> {
    text.parse().map_err(|why| StoreError::damaged(format!("{row} {text}"), why))
}

fn usage_of(client_id: &ClientId) -> String {
    format!("usage of {client_id}")
}
