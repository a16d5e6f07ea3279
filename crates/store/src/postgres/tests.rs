//! The contract on PostgreSQL.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OnceCell;

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
}
