//! The contract on PostgreSQL, and what only a server can do.

mod broken;
mod opening;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::sync::OnceCell;
use tokio_postgres::NoTls;

use super::{Address, Options, PostgresStore};
use crate::{
    Store,
    contract::{Bench, contract},
    throwaway::Cluster,
};

contract!(match Database::new().await {
    Some(database) => database,
    None => return,
});

/// A database of its own on the tests' server.
struct Database {
    cluster: &'static Cluster,
    name: String,
}

impl Database {
    async fn new() -> Option<Self> {
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        let cluster = Cluster::shared()?;
        let template = TEMPLATE.get_or_init(|| async {
            let name = cluster.create(None).await;
            PostgresStore::open(&address(cluster, &name), &Options::default()).await.unwrap();
            name
        });
        Some(Self { cluster, name: cluster.create(Some(template.await)).await })
    }

    /// On a server of its own, which ends with the tests.
    async fn on(cluster: Cluster) -> Self {
        let cluster: &'static Cluster = Box::leak(Box::new(cluster));
        Self { cluster, name: cluster.create(None).await }
    }

    /// Without a schema.
    async fn empty() -> Option<Self> {
        let cluster = Cluster::shared()?;
        Some(Self { cluster, name: cluster.create(None).await })
    }

    /// A connection beside all stores.
    async fn raw(&self) -> tokio_postgres::Client {
        let url = self.cluster.url(&self.name);
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// Waits until a session of the database is in this state.
    async fn until(&self, condition: &str) {
        let sql = format!(
            "SELECT pid FROM pg_stat_activity WHERE datname = '{}' AND {condition}",
            self.name
        );
        let waiting = async { while self.cluster.sql("postgres", &sql).await.is_empty() {} };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.expect(condition);
    }

    /// Cuts the connections that are in this state.
    async fn cut_where(&self, condition: &str) {
        let sql = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = '{}' AND pid <> pg_backend_pid() AND {condition}",
            self.name
        );
        self.cluster.sql("postgres", &sql).await;
    }

    fn address(&self) -> Address {
        address(self.cluster, &self.name)
    }
}

fn address(cluster: &Cluster, name: &str) -> Address {
    cluster.url(name).parse().unwrap()
}

#[async_trait]
impl Bench for Database {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(PostgresStore::open(&self.address(), &Options::default()).await.unwrap())
    }

    async fn edit(&self, sql: &str) {
        self.cluster.sql(&self.name, sql).await;
    }

    async fn cut(&self) {
        self.cut_where("TRUE").await;
    }
}
