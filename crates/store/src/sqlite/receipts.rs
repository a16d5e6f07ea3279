//! Receipts in SQLite: one row each, written by the one writing thread, so that of several who
//! claim the same one succeeds.

use async_trait::async_trait;
use hallpass_core::Timestamp;
use rusqlite::params;

use super::{
    SqliteStore,
    session::{Session, int, uint},
};
use crate::{
    StoreError, document,
    receipts::{Answer, Claim, KEPT_S, Receipts, Request},
};

#[async_trait]
impl Receipts for SqliteStore {
    async fn claim(&self, request: &Request, now: Timestamp) -> Result<Claim, StoreError> {
        let request = request.clone();
        self.writer.run(move |session| claim(session, &request, now)).await
    }

    async fn settle(&self, request: &Request, answer: &Answer) -> Result<(), StoreError> {
        let (request, answer) = (request.clone(), document::write(answer, "a receipt")?);
        let work = move |session: &Session| {
            let sql = "UPDATE receipts SET answer = ?3 WHERE owner = ?1 AND key = ?2";
            session.execute(sql, params![request.owner.as_str(), request.key, answer]).map(drop)
        };
        self.writer.run(work).await
    }

    async fn release(&self, request: &Request) -> Result<(), StoreError> {
        let request = request.clone();
        let work = move |session: &Session| {
            let sql = "DELETE FROM receipts WHERE owner = ?1 AND key = ?2 AND answer IS NULL";
            session.execute(sql, params![request.owner.as_str(), request.key]).map(drop)
        };
        self.writer.run(work).await
    }
}

fn claim(session: &Session, request: &Request, now: Timestamp) -> Result<Claim, StoreError> {
    let Request { owner, key, digest } = request;
    let old = int(now.minus_secs(KEPT_S).as_millis());
    let sql = "DELETE FROM receipts WHERE owner = ?1 AND key = ?2 AND begun_at <= ?3";
    session.execute(sql, params![owner.as_str(), key, old])?;
    let sql = "INSERT INTO receipts (owner, key, request, begun_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING";
    let begun_at = int(now.as_millis());
    if session.execute(sql, params![owner.as_str(), key, digest, begun_at])? == 1 {
        return Ok(Claim::New);
    }
    let sql = "SELECT request, begun_at, answer FROM receipts WHERE owner = ?1 AND key = ?2";
    let found = session.first(sql, params![owner.as_str(), key], |row| {
        let (asked, since) = (row.get::<_, String>(0)?, Timestamp::from_millis(uint(row, 1)?));
        Ok((asked, since, row.get::<_, Option<String>>(2)?))
    })?;
    Ok(match found {
        Some((asked, ..)) if asked != *digest => Claim::Other,
        Some((_, since, None)) => Claim::Open { since },
        Some((_, _, Some(answer))) => {
            Claim::Answered(document::read(&answer, || format!("a receipt of {owner}"))?)
        }
        None => Claim::Open { since: now },
    })
}
