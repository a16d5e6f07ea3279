//! Reports of nodes in SQLite: one row each.

use std::net::SocketAddr;

use async_trait::async_trait;
use hallpass_core::Timestamp;
use rusqlite::{Row, params};

use super::{
    SqliteStore,
    session::{Session, int, uint},
};
use crate::{
    StoreError,
    nodes::{AT_MOST, Node, Nodes, Report, address},
};

#[async_trait]
impl Nodes for SqliteStore {
    async fn put_node(&self, report: &Report) -> Result<(), StoreError> {
        let report = report.clone();
        self.writer.run(move |session| put(session, &report)).await
    }

    async fn drop_node(&self, name: &str, address: SocketAddr) -> Result<(), StoreError> {
        let name = name.to_owned();
        let work = move |session: &Session| {
            let sql = "DELETE FROM nodes WHERE name = ?1 AND address = ?2";
            session.execute(sql, params![name, address.to_string()]).map(drop)
        };
        self.writer.run(work).await
    }

    async fn nodes(&self) -> Result<Vec<Node>, StoreError> {
        let sql = "SELECT name, address, version, issuer, started_at, said_at, every_s, as_of,
                applied, newest
             FROM nodes ORDER BY name, address LIMIT ?1";
        self.readers.run(move |session| session.all(sql, [int(AT_MOST as u64)], read)).await
    }
}

fn put(session: &Session, report: &Report) -> Result<(), StoreError> {
    let sql = "INSERT INTO nodes (name, address, version, issuer, started_at, said_at, every_s,
            as_of, applied, newest)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, seq FROM installation WHERE true
         ON CONFLICT (name, address) DO UPDATE SET version = excluded.version,
            issuer = excluded.issuer, started_at = excluded.started_at,
            said_at = excluded.said_at, every_s = excluded.every_s, as_of = excluded.as_of,
            applied = excluded.applied, newest = excluded.newest";
    let values = params![
        report.name,
        report.address.to_string(),
        report.version,
        report.issuer,
        int(report.started_at.as_millis()),
        int(report.said_at.as_millis()),
        int(report.every_s),
        int(report.as_of.as_millis()),
        int(report.applied),
    ];
    session.execute(sql, values).map(drop)
}

fn read(row: &Row<'_>) -> Result<Node, StoreError> {
    let time = |column| uint(row, column).map(Timestamp::from_millis);
    let report = Report {
        name: row.get(0)?,
        address: address(&row.get::<_, String>(1)?)?,
        version: row.get(2)?,
        issuer: row.get(3)?,
        started_at: time(4)?,
        said_at: time(5)?,
        every_s: uint(row, 6)?,
        as_of: time(7)?,
        applied: uint(row, 8)?,
    };
    Ok(Node { report, newest: uint(row, 9)? })
}
