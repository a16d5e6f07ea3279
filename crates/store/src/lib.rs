//! Where the installation's state is kept: the [`Store`] trait, and all SQL. No other crate
//! knows a database. It decides nothing: what a mutation does is `hallpass_core`'s to say, and
//! nothing here reads a clock or logs.

mod chain;
mod columns;
#[cfg(test)]
mod contract;
mod copy;
mod counters;
mod document;
mod error;
mod hash;
pub mod ledger;
mod loading;
mod migrations;
mod nodes;
mod notices;
mod people;
pub mod postgres;
mod query;
mod receipts;
pub mod sqlite;
#[cfg(any(test, feature = "throwaway"))]
pub mod throwaway;
mod trace;

use async_trait::async_trait;
use hallpass_core::{
    Api, Change, ClientId, Credential, Image, Installation, Mutation, Organization, OrganizationId,
    Timestamp,
    audit::{Actor, Event},
    change::Key,
    ring::Ring,
    usage::{Sighting, Usage},
};

pub use self::{
    copy::{Copied, Counted, How, Whole, copy},
    error::StoreError,
    migrations::{Plan, Step},
    nodes::{Node, Nodes, Report},
    notices::{Notices, Used},
    people::{People, PersonBy, SeenSession},
    postgres::PostgresStore,
    query::{
        AuditFilter, Chain, Counts, CredentialCounts, CredentialFilter, DailyUsage, Feed, LastUsed,
        Newest, Part, Pool, Pruned, Retention, Snapshot,
    },
    receipts::{Answer, Claim, Receipts, Request},
    sqlite::SqliteStore,
};

/// The state of an installation, and its logs. Reads may multiply; writing state has one method,
/// so that no write can forget its audit event or its change.
///
/// Every method may fail with [`StoreError::Unavailable`] (try again) or
/// [`StoreError::Damaged`] (a row does not parse).
#[async_trait]
pub trait Store: Nodes + Notices + People + Receipts + Send + Sync + 'static {
    /// The one door: row, audit event, sequence number, change and death, in one transaction
    /// that is on disk when this returns. `at` is the caller's clock.
    ///
    /// Fails with [`StoreError::Conflict`] when the state is not what the mutation's maker
    /// thought (no sequence number is taken then), and with [`StoreError::Full`]. After
    /// [`StoreError::Unavailable`] nothing was written; after [`StoreError::Uncertain`] nobody
    /// knows.
    ///
    /// A future that is dropped does not undo anything: what was handed in is written.
    async fn commit(
        &self,
        mutation: &Mutation,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<Change, StoreError>;

    /// One row as it is now. `None` is an ordinary answer, not an error.
    async fn image(&self, key: &Key) -> Result<Option<Image>, StoreError>;

    /// What holds for the whole installation.
    async fn installation(&self) -> Result<Installation, StoreError>;

    /// Every organization, by name.
    async fn organizations(&self) -> Result<Vec<Organization>, StoreError>;

    /// Every API, by audience.
    async fn apis(&self) -> Result<Vec<Api>, StoreError>;

    /// Every key ring.
    async fn rings(&self) -> Result<Vec<Ring>, StoreError>;

    /// At most `limit` credentials whose id comes after `after`, in the order of their ids. The
    /// last id of one page is the `after` of the next.
    async fn credentials(
        &self,
        filter: &CredentialFilter,
        after: Option<&ClientId>,
        limit: usize,
    ) -> Result<Vec<Credential>, StoreError>;

    /// At most `limit` credentials, the newest first, that were made before `before`. The place of
    /// the last of one page is the `before` of the next.
    async fn newest_credentials(
        &self,
        filter: &CredentialFilter,
        before: Option<&Newest>,
        limit: usize,
    ) -> Result<Vec<Credential>, StoreError>;

    /// How many credentials there are.
    async fn count_credentials(&self, filter: &CredentialFilter) -> Result<u64, StoreError>;

    /// How many credentials each organization has, or one of them; those that have none are absent.
    async fn credential_counts(
        &self,
        of: Option<&OrganizationId>,
    ) -> Result<Vec<(OrganizationId, CredentialCounts)>, StoreError>;

    /// Hands over everything that there is as of one moment: vault, rings, organizations and APIs,
    /// then which moment that is, then the credentials, of which there may be very many.
    ///
    /// Changes that are committed meanwhile are not in it. Whoever applies them at once must not
    /// let an older image from here overwrite them.
    async fn load(&self, sink: &mut (dyn FnMut(Part) + Send)) -> Result<(), StoreError>;

    /// What is dead now: the live set of the revocation feed.
    async fn feed(&self) -> Result<Feed, StoreError>;

    /// At most `limit` changes that follow `seq`, in commit order and without a gap.
    ///
    /// Fails with [`StoreError::ChangesGone`] when the log does not continue at `seq`: its
    /// beginning has been pruned, or an older backup was restored. Load everything anew then.
    async fn changes_after(&self, seq: u64, limit: usize) -> Result<Vec<Change>, StoreError>;

    /// The number of the last change; 0 when there is none.
    async fn last_seq(&self) -> Result<u64, StoreError>;

    /// Whether the last change is another than `seen`, by whichever process. Made to be asked
    /// several times a second: costs microseconds while nothing happens.
    async fn changed_since(&self, seen: u64) -> Result<bool, StoreError>;

    /// At most `limit` credentials of which something has expired by `now` and awaits its
    /// [`Mutation::ExpireCredential`], the longest overdue first.
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<ClientId>, StoreError>;

    /// Removes what nobody needs any more, in small transactions that let other writes pass.
    /// Not a mutation: no reader can tell the difference.
    async fn prune(&self, now: Timestamp, keep: &Retention) -> Result<Pruned, StoreError>;

    /// Adds to the usage roll-ups. Usage of credentials that do not exist is dropped.
    ///
    /// After an error some of the rows may have been counted: don't hand them in again.
    async fn record_usage(&self, rows: &[Usage]) -> Result<(), StoreError>;

    /// The roll-ups of a credential from `since_hour` on (hours since the Unix epoch), oldest
    /// first.
    async fn usage(&self, client_id: &ClientId, since_hour: u64) -> Result<Vec<Usage>, StoreError>;

    /// When each secret of a credential was last used; those never used are absent.
    async fn last_used(&self, client_id: &ClientId) -> Result<Vec<LastUsed>, StoreError>;

    /// The same for many credentials at once.
    async fn last_used_of(
        &self,
        client_ids: &[ClientId],
    ) -> Result<Vec<(ClientId, LastUsed)>, StoreError>;

    /// How often these credentials were used on each day from `since_day` on (days since the Unix
    /// epoch). Days without use are absent.
    async fn daily_usage(
        &self,
        client_ids: &[ClientId],
        since_day: u64,
    ) -> Result<Vec<DailyUsage>, StoreError>;

    /// Adds to where credentials were seen. Of each the latest
    /// [`SIGHTINGS_AT_MOST`](hallpass_core::usage::SIGHTINGS_AT_MOST) are kept.
    ///
    /// As for [`Self::record_usage`], a batch that failed is lost.
    async fn record_sightings(&self, rows: &[Sighting]) -> Result<(), StoreError>;

    /// Where a credential was seen, and by what; the latest first.
    async fn sightings(&self, client_id: &ClientId) -> Result<Vec<Sighting>, StoreError>;

    /// At most `limit` audit events before `before_seq` (`None`: from the end), newest first.
    async fn audit(
        &self,
        filter: &AuditFilter,
        before_seq: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError>;

    /// Reads the whole audit log and recomputes its chain of hashes.
    async fn verify_audit_chain(&self) -> Result<Chain, StoreError>;

    /// What has been done so far, by this value alone.
    fn counts(&self) -> Counts;

    /// The connections that this value has, now. Asks nobody.
    fn pool(&self) -> Pool;
}
