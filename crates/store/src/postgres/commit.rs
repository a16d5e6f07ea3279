//! Writing mutations: the rows one by one, and for all that share a transaction the audit events,
//! the changes, the deaths and the counter row together. What a mutation does is decided by core.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use futures_util::future::{try_join, try_join_all};
use hallpass_core::{
    Change, Conflict, Image, Installation, Mutation, Timestamp,
    audit::Actor,
    change::{Death, Key},
};

use super::{
    failure::{Failure, Result},
    rows,
    session::{Session, Sight, Step, get, int, uint},
};
use crate::{
    StoreError, document,
    ledger::{self, Counter, Entry},
};

/// The counter row, which nobody else can have until the transaction ends, and what is to be
/// written when it does.
pub(super) struct Book {
    counter: Counter,
    token: String,
    entries: Vec<Entry>,
}

/// By what a transaction is known again.
pub(super) struct Mark {
    seq: u64,
    token: String,
}

impl Book {
    /// Begins a transaction and takes the counter row, when it is this one's turn.
    pub(super) async fn open(session: &Session) -> Result<Self> {
        let sql = "SELECT seq, feed_seq, audit_hash, longest_lifetime_s, vault,
                gen_random_uuid()::text
             FROM installation WHERE id = 1 FOR UPDATE";
        let read = |row: &_| {
            let vault = get::<Option<&str>>(row, 4)?;
            let vault = vault.map(|text| document::read(text, || "the vault".to_owned()));
            let installation =
                Installation { longest_lifetime_s: uint(row, 3)?, vault: vault.transpose()? };
            let (seq, feed_seq) = (uint(row, 0)?, uint(row, 1)?);
            let counter = Counter { seq, feed_seq, audit_hash: get(row, 2)?, installation };
            Ok(Self { counter, token: get(row, 5)?, entries: Vec::new() })
        };
        let (begin, taken) = (session.begin(Sight::Now), session.first(sql, &[], read));
        let ((), book) = try_join(begin, taken).await?;
        Ok(book.ok_or_else(rows::no_installation)?)
    }

    /// Writes the row of one mutation. A refusal leaves nothing of it, and the others alone.
    pub(super) async fn enter(
        &mut self,
        session: &Session,
        mutation: &Mutation,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<Change> {
        let current = self.current(session, mutation).await?;
        let mut counter = self.counter.clone();
        // One mutation that panics must not end writing for all.
        let entered =
            catch_unwind(AssertUnwindSafe(|| counter.enter(mutation, current, actor, at)));
        let panicked = |_| StoreError::unavailable("a write panicked, which is a bug in Hallpass");
        let entry = entered.map_err(panicked)??;
        let mut steps = rows::effect(&entry.change.effect)?;
        if !steps.is_empty() {
            steps.insert(0, Step::new("SAVEPOINT mutation", Vec::new()));
            steps.push(Step::new("RELEASE SAVEPOINT mutation", Vec::new()));
            if let Err(failure) = session.pipeline(&steps).await {
                if matches!(failure, Failure::Refused(_)) {
                    session.script("ROLLBACK TO SAVEPOINT mutation").await?;
                }
                return Err(failure);
            }
        }
        let change = entry.change.clone();
        self.counter = counter;
        self.entries.push(entry);
        Ok(change)
    }

    /// The row that the mutation is about. Refuses one that needs what is not there.
    async fn current(&self, session: &Session, mutation: &Mutation) -> Result<Option<Image>> {
        let (key, required) = (mutation.key(), mutation.requires());
        let image = async {
            match key {
                // Its row is written last.
                Key::Vault => Ok(self.counter.installation.vault.clone().map(Image::Vault)),
                key => rows::image(session, &key).await,
            }
        };
        let required = try_join_all(required.into_iter().map(|key| async move {
            let missing = !rows::exists(session, &key).await?;
            Ok(missing.then(|| ledger::kind(&key)))
        }));
        let (missing, image) = try_join(required, image).await?;
        match missing.into_iter().flatten().next() {
            Some(kind) => Err(Conflict::NotFound(kind).into()),
            None => Ok(image),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How the transaction is known again.
    pub(super) fn mark(&self) -> Mark {
        Mark { seq: self.counter.seq, token: self.token.clone() }
    }

    /// Writes the logs and the counter row, and ends the transaction. After a failure, nobody
    /// knows whether it took place until [`took_place`] has looked.
    pub(super) async fn close(&self, session: &Session) -> Result<()> {
        let mut steps = vec![self.changes()?, self.events()?];
        steps.extend(self.deaths()?);
        steps.push(self.counter()?);
        steps.push(Step::new("COMMIT", Vec::new()));
        session.pipeline(&steps).await?;
        session.has_ended();
        Ok(())
    }

    fn changes(&self) -> std::result::Result<Step, StoreError> {
        let changes = || self.entries.iter().map(|entry| &entry.change);
        let documents = changes().map(|change| document::write(change, "a change"));
        Ok(Step::new(
            "INSERT INTO changes (seq, at, token, document)
             SELECT seq, at, $1::text, document
             FROM unnest($2::bigint[], $3::bigint[], $4::text[]) AS new (seq, at, document)",
            vec![
                Box::new(self.token.clone()),
                Box::new(changes().map(|change| int(change.seq)).collect::<Vec<_>>()),
                Box::new(changes().map(|change| int(change.at.as_millis())).collect::<Vec<_>>()),
                Box::new(documents.collect::<std::result::Result<Vec<_>, _>>()?),
            ],
        ))
    }

    fn events(&self) -> std::result::Result<Step, StoreError> {
        let events = || self.entries.iter().map(|entry| &entry.event);
        let actors = events().map(|event| document::write(&event.actor, "an audit event"));
        let details = events().map(|event| document::write(&event.detail, "an audit event"));
        let organizations =
            events().map(|event| event.organization_id.as_ref().map(ToString::to_string));
        let actor_ids = events().map(|event| event.actor.id().map(str::to_owned));
        Ok(Step::new(
            "INSERT INTO audit
                (seq, at, actor, action, subject, organization_id, detail, hash, actor_id)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[],
                $6::text[], $7::text[], $8::text[], $9::text[])",
            vec![
                Box::new(events().map(|event| int(event.seq)).collect::<Vec<_>>()),
                Box::new(events().map(|event| int(event.at.as_millis())).collect::<Vec<_>>()),
                Box::new(actors.collect::<std::result::Result<Vec<_>, _>>()?),
                Box::new(events().map(|event| event.action.clone()).collect::<Vec<_>>()),
                Box::new(events().map(|event| event.subject.clone()).collect::<Vec<_>>()),
                Box::new(organizations.collect::<Vec<_>>()),
                Box::new(details.collect::<std::result::Result<Vec<_>, _>>()?),
                Box::new(events().map(|event| event.hash.clone()).collect::<Vec<_>>()),
                Box::new(actor_ids.collect::<Vec<_>>()),
            ],
        ))
    }

    /// The deaths, if there are any. Of those of one thing the last, since one statement cannot
    /// write a row twice.
    fn deaths(&self) -> std::result::Result<Option<Step>, StoreError> {
        let deaths = self.entries.iter().filter_map(|entry| entry.change.death.as_ref());
        let last: HashMap<String, &Death> =
            deaths.map(|death| (death.entry.key(), death)).collect();
        if last.is_empty() {
            return Ok(None);
        }
        let documents = last.values().map(|death| document::write(&death.entry, "a death"));
        Ok(Some(Step::new(
            "INSERT INTO feed (identity, feed_seq, until_s, document)
             SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[])
             ON CONFLICT (identity) DO UPDATE SET feed_seq = excluded.feed_seq,
                until_s = excluded.until_s, document = excluded.document",
            vec![
                Box::new(last.keys().cloned().collect::<Vec<_>>()),
                Box::new(last.values().map(|death| int(death.feed_seq)).collect::<Vec<_>>()),
                Box::new(last.values().map(|death| int(death.entry.until_s)).collect::<Vec<_>>()),
                Box::new(documents.collect::<std::result::Result<Vec<_>, _>>()?),
            ],
        )))
    }

    fn counter(&self) -> std::result::Result<Step, StoreError> {
        let Counter { seq, feed_seq, audit_hash, installation } = &self.counter;
        let vault = installation.vault.as_ref();
        let vault = vault.map(|vault| document::write(vault, "the vault")).transpose()?;
        Ok(Step::new(
            "UPDATE installation
             SET seq = $1, feed_seq = $2, audit_hash = $3, longest_lifetime_s = $4, vault = $5
             WHERE id = 1",
            vec![
                Box::new(int(*seq)),
                Box::new(int(*feed_seq)),
                Box::new(audit_hash.clone()),
                Box::new(int(installation.longest_lifetime_s)),
                Box::new(vault),
            ],
        ))
    }
}

/// Whether a transaction took place whose COMMIT nobody answered.
///
/// It writes the counter row, which that transaction holds: so it waits until that one has ended,
/// and once this is through, that one can't take place any more.
pub(super) async fn took_place(session: &Session, mark: &Mark) -> Result<bool> {
    session
        .transaction(async {
            session.execute("UPDATE installation SET seq = seq WHERE id = 1", &[]).await?;
            let sql = "SELECT 1 FROM changes WHERE seq = $1 AND token = $2";
            Ok(!session.rows(sql, &[&int(mark.seq), &mark.token]).await?.is_empty())
        })
        .await
}
