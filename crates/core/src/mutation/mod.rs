//! Mutations: everything that can be written. A mutation is applied to the state that the store
//! finds inside its transaction, so that two writers can never both act on an old state.

mod apply;
mod conflict;
mod people;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use hallpass_token::jose::Algorithm;

pub use self::{
    apply::{Made, Outcome},
    conflict::Conflict,
};
use crate::{
    Api, ClientId, Credential, Organization, OrganizationId, Person, PersonId, SecretId, Session,
    Timestamp,
    change::{Key, Version},
    credential::{LiveTokens, NewSecret, Settings},
    import,
    opaque::OpaqueDigest,
    organization::OrganizationStep,
    person::PersonStep,
    ring::KeyRecord,
    secret::{ForeignDigest, Proven},
    text::Note,
    vault::Vault,
};

/// Something to write. Its parts are valid by themselves; whether it fits is decided by
/// [`Mutation::apply`].
#[derive(Clone, Debug)]
pub enum Mutation {
    /// Makes an organization.
    AddOrganization(Organization),
    /// Kills everything that the organization owns, until resumed.
    SuspendOrganization(OrganizationId),
    /// Ends a suspension; what was killed stays dead.
    ResumeOrganization(OrganizationId),
    /// Changes an organization in a way that kills nothing.
    ChangeOrganization(OrganizationId, OrganizationStep),
    /// Makes an API.
    AddApi(Api),
    /// Changes an API; its id stays.
    UpdateApi(Api),
    /// Makes a pending credential, or one that is active at once.
    AddCredential(Box<Credential>),
    /// Takes over a credential that another server has made.
    ImportCredential(Box<Credential>, import::Source),
    /// Lets a pending credential get tokens.
    ActivateCredential(ClientId),
    /// Lets a pending credential wait until somebody approves it, which activates it.
    AskApproval(ClientId),
    /// Removes a pending credential before its time: its maker or an approver does not want it.
    DiscardCredential(ClientId),
    /// Changes what people may change of a credential.
    UpdateCredential(ClientId, Box<Settings>),
    /// Refuses tokens and kills the live ones, until resumed.
    PauseCredential(ClientId),
    /// Ends a pause.
    ResumeCredential(ClientId),
    /// Ends a credential for good.
    RevokeCredential(ClientId),
    /// Removes the row of a revoked credential.
    DeleteCredential(ClientId),
    /// Does what is due because something of the credential has expired: kills, or, for a
    /// pending one, the end.
    ExpireCredential(ClientId),
    /// Adds a secret, and may give the others an end date.
    AddSecret {
        /// The credential.
        client_id: ClientId,
        /// The secret, digested.
        secret: NewSecret,
        /// When the other secrets end; `None` leaves them as they are.
        others_expire_at: Option<Timestamp>,
    },
    /// Retires a secret.
    RetireSecret {
        /// The credential.
        client_id: ClientId,
        /// Which of its secrets.
        secret_id: SecretId,
        /// What becomes of the tokens that it has minted.
        live: LiveTokens,
    },
    /// Says where a secret is kept.
    NoteSecret {
        /// The credential.
        client_id: ClientId,
        /// Which of its secrets.
        secret_id: SecretId,
        /// Where it is kept, in its owner's words.
        note: Note,
    },
    /// Kills the live tokens of a secret, and keeps the secret.
    KillTokens {
        /// The credential.
        client_id: ClientId,
        /// Which of its secrets.
        secret_id: SecretId,
    },
    /// Puts our digest in the place of a foreign one.
    UpgradeSecret {
        /// The credential.
        client_id: ClientId,
        /// Which of its secrets.
        secret_id: SecretId,
        /// The digest by which it was proven.
        was: Arc<ForeignDigest>,
        /// What is kept instead.
        proven: Proven,
    },
    /// Retires a secret that strangers have seen, even the last one, and kills its tokens.
    RetireLeakedSecret {
        /// The credential.
        client_id: ClientId,
        /// Which of its secrets.
        secret_id: SecretId,
    },
    /// Kills one token (RFC 7009).
    RevokeToken {
        /// The credential that owns the token.
        client_id: ClientId,
        /// The token's `jti`.
        jti: String,
        /// The token's `exp`, in Unix seconds.
        exp_s: u64,
    },
    /// Adds a key to a ring.
    AddKey {
        /// The ring's key, with the dates from which it is published and signs.
        key: Box<KeyRecord>,
        /// The kid of the key that was the newest when this one was made.
        after: Option<String>,
    },
    /// Kills a compromised key and all tokens that it has signed.
    KillKey {
        /// The ring's algorithm.
        algorithm: Algorithm,
        /// Which of its keys.
        kid: String,
        /// A key that signs from now on.
        replacement: Option<Box<KeyRecord>>,
    },
    /// Drops the keys of a ring of which no token can be alive.
    DropGoneKeys(Algorithm),
    /// Makes a person.
    AddPerson(Box<Person>),
    /// Changes a person.
    ChangePerson(PersonId, PersonStep),
    /// A person signs in.
    BeginSession(Box<Session>),
    /// A person who has signed in proves again who they are.
    ConfirmSession(OpaqueDigest),
    /// A person signs out, or is signed out.
    EndSession(OpaqueDigest),
    /// Something else, if the row is still as its maker has seen it.
    IfUnchanged(Version, Box<Mutation>),
    /// Stores the wrapped data keys: at first start, and when the master key changes.
    SetVault {
        /// The vault as it shall be.
        vault: Vault,
        /// Fingerprint of the master key that wraps it now; `None` before the first start.
        replaces: Option<String>,
    },
}

impl Mutation {
    /// The row that it is about. The store reads it, and locks it, before it applies.
    pub fn key(&self) -> Key {
        match self {
            Self::AddOrganization(organization) => Key::Organization(organization.id.clone()),
            Self::SuspendOrganization(id)
            | Self::ResumeOrganization(id)
            | Self::ChangeOrganization(id, _) => Key::Organization(id.clone()),
            Self::AddApi(api) | Self::UpdateApi(api) => Key::Api(api.id.clone()),
            Self::AddCredential(credential) | Self::ImportCredential(credential, _) => {
                Key::Credential(credential.client_id.clone())
            }
            Self::ActivateCredential(id)
            | Self::AskApproval(id)
            | Self::DiscardCredential(id)
            | Self::UpdateCredential(id, _)
            | Self::PauseCredential(id)
            | Self::ResumeCredential(id)
            | Self::RevokeCredential(id)
            | Self::DeleteCredential(id)
            | Self::ExpireCredential(id)
            | Self::AddSecret { client_id: id, .. }
            | Self::RetireSecret { client_id: id, .. }
            | Self::NoteSecret { client_id: id, .. }
            | Self::KillTokens { client_id: id, .. }
            | Self::UpgradeSecret { client_id: id, .. }
            | Self::RetireLeakedSecret { client_id: id, .. }
            | Self::RevokeToken { client_id: id, .. } => Key::Credential(id.clone()),
            Self::AddKey { key, .. } => Key::Ring(key.public.algorithm()),
            Self::KillKey { algorithm, .. } | Self::DropGoneKeys(algorithm) => {
                Key::Ring(*algorithm)
            }
            Self::AddPerson(person) => Key::Person(person.id.clone()),
            Self::ChangePerson(id, _) => Key::Person(id.clone()),
            Self::BeginSession(session) => Key::Session(session.id.clone()),
            Self::ConfirmSession(id) | Self::EndSession(id) => Key::Session(id.clone()),
            Self::IfUnchanged(_, then) => then.key(),
            Self::SetVault { .. } => Key::Vault,
        }
    }

    /// Rows that must exist for it to make sense. The store looks inside its transaction.
    pub fn requires(&self) -> Vec<Key> {
        let of_settings = |settings: &Settings| {
            let granted = settings.grants.iter().map(|grant| &grant.api_id);
            let apis = granted.chain(&settings.introspects);
            apis.map(|id| Key::Api(id.clone())).collect::<Vec<_>>()
        };
        match self {
            Self::AddCredential(credential) | Self::ImportCredential(credential, _) => {
                let mut keys = of_settings(&credential.settings);
                keys.push(Key::Organization(credential.organization_id.clone()));
                keys
            }
            Self::UpdateCredential(_, settings) => of_settings(settings),
            Self::ChangeOrganization(
                _,
                OrganizationStep::AddMember(person_id, _)
                | OrganizationStep::Accept { person_id, .. },
            ) => vec![Key::Person(person_id.clone())],
            Self::BeginSession(session) => vec![Key::Person(session.person_id.clone())],
            Self::IfUnchanged(_, then) => then.requires(),
            _ => Vec::new(),
        }
    }
}
