//! Receipts in PostgreSQL: one row each, whose key is unique, so that of several who claim the
//! same one succeeds.

use async_trait::async_trait;
use hallpass_core::Timestamp;

use super::{
    PostgresStore,
    again::again,
    failure::Result,
    session::{Session, get, int, uint},
};
use crate::{
    StoreError, document,
    receipts::{Answer, Claim, KEPT_S, Receipts, Request},
};

#[async_trait]
impl Receipts for PostgresStore {
    async fn claim(
        &self,
        request: &Request,
        now: Timestamp,
    ) -> std::result::Result<Claim, StoreError> {
        again(&self.counters, || async {
            let session = self.session().await?;
            session.transaction(claim(&session, request, now)).await
        })
        .await
    }

    async fn settle(
        &self,
        request: &Request,
        answer: &Answer,
    ) -> std::result::Result<(), StoreError> {
        let answer = document::write(answer, "a receipt")?;
        let sql = "UPDATE receipts SET answer = $3 WHERE owner = $1 AND key = $2";
        self.execute(sql, &[&request.owner.as_str(), &request.key, &answer]).await.map(drop)
    }

    async fn release(&self, request: &Request) -> std::result::Result<(), StoreError> {
        let sql = "DELETE FROM receipts WHERE owner = $1 AND key = $2 AND answer IS NULL";
        self.execute(sql, &[&request.owner.as_str(), &request.key]).await.map(drop)
    }
}

async fn claim(session: &Session, request: &Request, now: Timestamp) -> Result<Claim> {
    let Request { owner, key, digest } = request;
    let old = int(now.minus_secs(KEPT_S).as_millis());
    let sql = "DELETE FROM receipts WHERE owner = $1 AND key = $2 AND begun_at <= $3";
    session.execute(sql, &[&owner.as_str(), key, &old]).await?;
    let sql = "INSERT INTO receipts (owner, key, request, begun_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING";
    let begun_at = int(now.as_millis());
    if session.execute(sql, &[&owner.as_str(), key, digest, &begun_at]).await? == 1 {
        return Ok(Claim::New);
    }
    let sql = "SELECT request, begun_at, answer FROM receipts WHERE owner = $1 AND key = $2";
    let read = |row: &_| {
        let since = Timestamp::from_millis(uint(row, 1)?);
        Ok((get::<String>(row, 0)?, since, get::<Option<String>>(row, 2)?))
    };
    Ok(match session.first(sql, &[&owner.as_str(), key], read).await? {
        Some((asked, ..)) if asked != *digest => Claim::Other,
        Some((_, since, None)) => Claim::Open { since },
        Some((_, _, Some(answer))) => {
            Claim::Answered(document::read(&answer, || format!("a receipt of {owner}"))?)
        }
        None => Claim::Open { since: now },
    })
}
