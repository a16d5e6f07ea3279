//! Writing a mutation: the row, the audit event, the numbers, the change and the death. Runs
//! inside the writer's transaction; what a mutation does is decided by core.

use hallpass_core::{
    Change, Conflict, Mutation, Timestamp,
    audit::{Actor, Event},
    change::{Death, Effect},
};
use rusqlite::params;

use super::{
    rows,
    session::{Session, int, uint},
};
use crate::{
    StoreError, document,
    ledger::{self, Counter},
};

/// Writes everything that belongs to a mutation, or fails and has written some of it: the caller
/// rolls back.
pub(super) fn commit(
    session: &Session,
    mutation: &Mutation,
    actor: &Actor,
    at: Timestamp,
) -> Result<Change, StoreError> {
    let mut counter = read_counter(session)?;
    for key in mutation.requires() {
        if !rows::exists(session, &key)? {
            return Err(Conflict::NotFound(ledger::kind(&key)).into());
        }
    }
    let current = rows::image(session, &mutation.key())?;
    let ledger::Entry { change, event } = counter.enter(mutation, current, actor, at)?;
    match &change.effect {
        Effect::Put(image) => rows::put(session, image)?,
        Effect::Removed(key) => rows::remove(session, key)?,
        Effect::None => {}
    }
    if let Some(death) = &change.death {
        write_death(session, death)?;
    }
    write_event(session, &event)?;
    session.execute(
        "INSERT INTO changes (seq, at, document) VALUES (?1, ?2, ?3)",
        params![int(change.seq), int(at.as_millis()), document::write(&change, "a change")?],
    )?;
    write_counter(session, &counter)?;
    Ok(change)
}

fn read_counter(session: &Session) -> Result<Counter, StoreError> {
    let sql = "SELECT seq, feed_seq, audit_hash FROM installation";
    let row = session.first(sql, [], |row| Ok((uint(row, 0)?, uint(row, 1)?, row.get(2)?)))?;
    let (seq, feed_seq, audit_hash) = row.ok_or_else(rows::no_installation)?;
    Ok(Counter { seq, feed_seq, audit_hash, installation: rows::installation(session)? })
}

fn write_counter(session: &Session, counter: &Counter) -> Result<(), StoreError> {
    let vault = counter.installation.vault.as_ref();
    let vault = vault.map(|vault| document::write(vault, "the vault")).transpose()?;
    session.execute(
        "UPDATE installation
         SET seq = ?1, feed_seq = ?2, audit_hash = ?3, longest_lifetime_s = ?4, vault = ?5",
        params![
            int(counter.seq),
            int(counter.feed_seq),
            counter.audit_hash,
            int(counter.installation.longest_lifetime_s),
            vault,
        ],
    )?;
    Ok(())
}

fn write_death(session: &Session, death: &Death) -> Result<(), StoreError> {
    session.execute(
        "INSERT INTO feed (identity, feed_seq, until_s, document) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (identity) DO UPDATE SET
            feed_seq = excluded.feed_seq, until_s = excluded.until_s, document = excluded.document",
        params![
            death.entry.key(),
            int(death.feed_seq),
            int(death.entry.until_s),
            document::write(&death.entry, "a death")?,
        ],
    )?;
    Ok(())
}

fn write_event(session: &Session, event: &Event) -> Result<(), StoreError> {
    session.execute(
        "INSERT INTO audit
            (seq, at, actor, action, subject, organization_id, detail, hash, actor_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            int(event.seq),
            int(event.at.as_millis()),
            document::write(&event.actor, "an audit event")?,
            event.action,
            event.subject,
            event.organization_id.as_ref().map(|id| id.as_str()),
            document::write(&event.detail, "an audit event")?,
            event.hash,
            event.actor.id(),
        ],
    )?;
    Ok(())
}
