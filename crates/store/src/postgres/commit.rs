//! Writing mutations: those that share a transaction are read together and written together. What a
//! mutation does is decided by core.

use std::{
    collections::{HashMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
};

use hallpass_core::{
    Change, Conflict, Image, Installation, Mutation, Timestamp,
    audit::Actor,
    change::{Death, Effect, Key},
};
use tokio_postgres::Row;

use super::{
    failure::{Failure, Result},
    rows::{self, ReadImage},
    session::{Session, Sight, Step, get, int, uint},
};
use crate::{
    StoreError, document,
    ledger::{self, Counter, Entry},
};

/// The counter row, which nobody else can have until the transaction ends, the rows that the
/// mutations are about, and what is to be written at the end.
pub(super) struct Book {
    counter: Counter,
    token: String,
    images: HashMap<Key, ReadImage>,
    there: HashSet<Key>,
    entries: Vec<Entry>,
}

/// By what a transaction is known again.
pub(super) struct Mark {
    seq: u64,
    token: String,
}

/// Why a transaction was not closed.
pub(super) enum Unclosed {
    /// The entry of this place has a value that is taken or does not fit: nothing was written.
    Refused(usize, StoreError),
    /// Nobody knows whether it took place until [`took_place`] has looked.
    Unknown(Failure),
}

impl Book {
    /// Begins a transaction, takes the counter row when it is this one's turn, and then reads what
    /// these mutations are about: all in one round trip.
    pub(super) async fn open<'a>(
        session: &Session,
        mutations: impl Iterator<Item = &'a Mutation> + Clone,
    ) -> Result<Self> {
        let images: HashSet<Key> = mutations.clone().map(Mutation::key).collect();
        let there: HashSet<Key> = mutations.flat_map(Mutation::requires).collect();
        let counter = "SELECT seq, feed_seq, audit_hash, longest_lifetime_s, vault,
                gen_random_uuid()::text
             FROM installation WHERE id = 1 FOR UPDATE";
        let mut steps =
            vec![Step::new(Sight::Now.begin(), Vec::new()), Step::new(counter, Vec::new())];
        let (images, there) = (rows::by_kind(images), rows::by_kind(there));
        steps.extend(images.iter().map(|(kind, keys)| kind.images(keys)));
        steps.extend(there.iter().map(|(kind, keys)| kind.ids(keys)));
        session.set_in_transaction(true);
        let answers = session.pipeline(&steps).await?;
        let mut answers = answers.iter().skip(1);
        let row = answers
            .next()
            .and_then(|answer| answer.rows.first())
            .ok_or_else(rows::no_installation)?;
        let mut book = Self::of(row)?;
        for ((kind, keys), answer) in images.iter().zip(answers.by_ref()) {
            book.images.extend(kind.read_images(keys, &answer.rows)?);
        }
        for ((kind, keys), answer) in there.iter().zip(answers) {
            book.there.extend(kind.read_ids(keys, &answer.rows)?);
        }
        Ok(book)
    }

    fn of(row: &Row) -> std::result::Result<Self, StoreError> {
        let vault = get::<Option<&str>>(row, 4)?;
        let vault =
            vault.map(|text| document::read(text, || "the vault".to_owned())).transpose()?;
        let installation = Installation { longest_lifetime_s: uint(row, 3)?, vault };
        let (seq, feed_seq) = (uint(row, 0)?, uint(row, 1)?);
        let counter = Counter { seq, feed_seq, audit_hash: get(row, 2)?, installation };
        let (images, there) = (HashMap::new(), HashSet::new());
        Ok(Self { counter, token: get(row, 5)?, images, there, entries: Vec::new() })
    }

    /// Enters one of the mutations that the book was opened for, or refuses it.
    pub(super) fn enter(
        &mut self,
        mutation: &Mutation,
        actor: &Actor,
        at: Timestamp,
    ) -> std::result::Result<Change, StoreError> {
        if let Some(missing) = mutation.requires().iter().find(|key| !self.there.contains(key)) {
            return Err(Conflict::NotFound(ledger::kind(missing)).into());
        }
        let current = match mutation.key() {
            Key::Vault => self.counter.installation.vault.clone().map(Image::Vault),
            key => self.images.get(&key).cloned().transpose()?,
        };
        let mut counter = self.counter.clone();
        // One mutation that panics must not end writing for all.
        let entered =
            catch_unwind(AssertUnwindSafe(|| counter.enter(mutation, current, actor, at)));
        let panicked = |_| StoreError::unavailable("a write panicked, which is a bug in Hallpass");
        let entry = entered.map_err(panicked)??;
        self.counter = counter;
        // What comes after it in this transaction sees what it did.
        match &entry.change.effect {
            Effect::Put(image) => {
                self.there.insert(image.key());
                self.images.insert(image.key(), Ok(image.clone()));
            }
            Effect::Removed(key) => {
                self.there.remove(key);
                self.images.remove(key);
            }
            Effect::None => {}
        }
        let change = entry.change.clone();
        self.entries.push(entry);
        Ok(change)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How the transaction is known again.
    pub(super) fn mark(&self) -> Mark {
        Mark { seq: self.counter.seq, token: self.token.clone() }
    }

    /// Writes rows, logs and the counter row, and ends the transaction: in one round trip.
    pub(super) async fn close(&self, session: &Session) -> std::result::Result<(), Unclosed> {
        let (mut steps, mut owners) = (Vec::new(), Vec::new());
        let unwritten = |error: StoreError| Unclosed::Unknown(error.into());
        for (place, entry) in self.entries.iter().enumerate() {
            steps.extend(rows::effect(&entry.change.effect).map_err(unwritten)?);
            owners.resize(steps.len(), place);
        }
        steps.extend(self.ends().map_err(unwritten)?);
        match session.pipeline(&steps).await {
            Ok(_) => {
                session.set_in_transaction(false);
                Ok(())
            }
            Err((step, Failure::Refused(error) | Failure::Unfit(error))) if step < owners.len() => {
                Err(Unclosed::Refused(owners[step], error))
            }
            Err((_, failure)) => Err(Unclosed::Unknown(failure)),
        }
    }

    fn ends(&self) -> std::result::Result<Vec<Step>, StoreError> {
        let mut steps = vec![self.changes()?, self.events()?];
        steps.extend(self.deaths()?);
        steps.push(self.counter()?);
        steps.push(Step::new("COMMIT", Vec::new()));
        Ok(steps)
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
