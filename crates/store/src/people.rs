//! Reading what concerns people: who signs in, where they belong, which sessions are open. A part
//! of [`Store`](crate::Store), apart because nothing but the dashboard needs it.

use async_trait::async_trait;
use hallpass_core::{
    ClientId, Organization, Person, PersonId, Session, Timestamp, opaque::OpaqueDigest,
    person::Subject, secret::Digest,
};

use crate::StoreError;

/// What a person is found by. Each finds one at most.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PersonBy {
    /// Their e-mail address, in the form in which addresses are compared.
    FoldedEmail(String),
    /// The link that was sent to them; it may have expired.
    Link(OpaqueDigest),
    /// One of their passkeys.
    Passkey(String),
    /// Who they are to an OpenID Connect provider.
    Subject(Subject),
}

/// A session, and when its person was last seen in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SeenSession {
    /// The session; it may be over.
    pub session: Session,
    /// The last request, give or take the period in which they are noted.
    pub seen_at: Timestamp,
}

/// Reads about people. Errors are those of [`Store`](crate::Store).
#[async_trait]
pub trait People {
    /// The person of whom this is a name.
    async fn find_person(&self, by: &PersonBy) -> Result<Option<Person>, StoreError>;

    /// The people of these ids, as far as they exist, in any order.
    async fn people(&self, ids: &[PersonId]) -> Result<Vec<Person>, StoreError>;

    /// Everyone with power over the installation, in the order of their ids.
    async fn operators(&self) -> Result<Vec<Person>, StoreError>;

    /// The organizations to which a person belongs, by name.
    async fn organizations_of(&self, id: &PersonId) -> Result<Vec<Organization>, StoreError>;

    /// The organization that has sent this invitation; it may have expired.
    async fn inviting(&self, digest: &OpaqueDigest) -> Result<Option<Organization>, StoreError>;

    /// One session.
    async fn session(&self, id: &OpaqueDigest) -> Result<Option<SeenSession>, StoreError>;

    /// The sessions of a person, the latest first.
    async fn sessions(&self, id: &PersonId) -> Result<Vec<SeenSession>, StoreError>;

    /// Notes that a person was seen. Not a mutation: losing it ends an idle session earlier.
    async fn see_session(&self, id: &OpaqueDigest, at: Timestamp) -> Result<(), StoreError>;

    /// The credentials that have a secret of this digest, retired ones and dead ones too: one at
    /// most, unless the same secret was imported twice.
    async fn owners_of_secret(&self, digest: &Digest) -> Result<Vec<ClientId>, StoreError>;
}
