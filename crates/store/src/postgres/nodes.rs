//! Reports of nodes in PostgreSQL: one row each.

use std::net::SocketAddr;

use async_trait::async_trait;
use hallpass_core::Timestamp;
use tokio_postgres::Row;

use super::{
    PostgresStore,
    again::again,
    session::{get, int, uint},
};
use crate::{
    StoreError,
    nodes::{AT_MOST, Node, Nodes, Report, address},
};

#[async_trait]
impl Nodes for PostgresStore {
    async fn put_node(&self, report: &Report) -> Result<(), StoreError> {
        let sql = "INSERT INTO nodes (name, address, version, issuer, started_at, said_at,
                every_s, as_of, applied, newest)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, seq FROM installation
             ON CONFLICT (name, address) DO UPDATE SET version = excluded.version,
                issuer = excluded.issuer, started_at = excluded.started_at,
                said_at = excluded.said_at, every_s = excluded.every_s, as_of = excluded.as_of,
                applied = excluded.applied, newest = excluded.newest";
        let times = [report.started_at, report.said_at, report.as_of];
        let [started_at, said_at, as_of] = times.map(|time| int(time.as_millis()));
        let (every_s, applied) = (int(report.every_s), int(report.applied));
        let address = report.address.to_string();
        let Report { name, version, issuer, .. } = report;
        let ids: [&(dyn tokio_postgres::types::ToSql + Sync); 9] =
            [name, &address, version, issuer, &started_at, &said_at, &every_s, &as_of, &applied];
        self.execute(sql, &ids).await.map(drop)
    }

    async fn drop_node(&self, name: &str, address: SocketAddr) -> Result<(), StoreError> {
        let sql = "DELETE FROM nodes WHERE name = $1 AND address = $2";
        self.execute(sql, &[&name, &address.to_string()]).await.map(drop)
    }

    async fn nodes(&self) -> Result<Vec<Node>, StoreError> {
        let sql = "SELECT name, address, version, issuer, started_at, said_at, every_s, as_of,
                applied, newest
             FROM nodes ORDER BY name, address LIMIT $1";
        let most = int(AT_MOST as u64);
        let look = || async { self.session().await?.all(sql, &[&most], read).await };
        again(&self.counters, look).await
    }
}

fn read(row: &Row) -> Result<Node, StoreError> {
    let time = |column| uint(row, column).map(Timestamp::from_millis);
    let report = Report {
        name: get(row, 0)?,
        address: address(get(row, 1)?)?,
        version: get(row, 2)?,
        issuer: get(row, 3)?,
        started_at: time(4)?,
        said_at: time(5)?,
        every_s: uint(row, 6)?,
        as_of: time(7)?,
        applied: uint(row, 8)?,
    };
    Ok(Node { report, newest: uint(row, 9)? })
}
