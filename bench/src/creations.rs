//! Credentials created in a second, each on disk and in the directory before its caller hears of
//! it. Many callers wait at once, as those of a busy management API do; their transactions are
//! shared. Beside it stands how often this disk syncs in a second: one by one it would be that.

use std::{
    fs::File,
    io::Write as _,
    time::{Duration, Instant},
};

use anyhow::Result;

use crate::{
    Plan,
    cluster::Cluster,
    issuer::{Issuer, Shape},
    node::Created,
    table::{Row, number},
};

/// For all of them.
const AT_MOST: Duration = Duration::from_secs(120);

/// The rows about creation on SQLite.
pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>> {
    let node = Issuer::node(plan, &shape())?;
    Ok(vec![row(plan, node, "SQLite", 5000.0)?])
}

/// The same on PostgreSQL with `fsync` on.
pub(crate) fn on_postgres(plan: &Plan, cluster: &Cluster) -> Result<Row> {
    let node = cluster.node(plan, shape())?;
    row(plan, node, "PostgreSQL", 1000.0)
}

fn shape() -> Shape {
    Shape { stored: 1, credentials: 1, unpinned: true, ..Shape::default() }
}

fn row(plan: &Plan, mut node: Issuer, store: &str, target: f64) -> Result<Row> {
    let count = plan.either(2000, 20_000);
    let created: Created = node.child.ask(&format!("create {count}"), AT_MOST)?;
    let rate = f64::from(created.credentials) / created.seconds;
    let syncs = syncs_per_s()?;
    let what = format!("durable creations of credentials on {store}");
    Ok(Row::at_least(what, rate, target, "/s")
        .noting(&format!("this disk: {} syncs/s", number(syncs))))
}

/// How often this disk takes a page and says that it is safe, one at a time.
fn syncs_per_s() -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let mut file = File::create(folder.path().join("page"))?;
    let begun = Instant::now();
    let mut syncs = 0;
    while begun.elapsed() < Duration::from_millis(500) {
        file.write_all(&[1; 4096])?;
        file.sync_data()?;
        syncs += 1;
    }
    Ok(f64::from(syncs) / begun.elapsed().as_secs_f64())
}
