//! What a credential takes in the directory. A child of its own, with nothing but a directory in
//! it, is looked at by Linux before and after the credentials come, so that the tables' spare
//! room and the allocator's losses count too.

use std::time::Duration;

use anyhow::Result;
use hallpass_core::{Image, directory::Directory, secret::Pepper};
use serde::{Deserialize, Serialize};

use crate::{
    Plan,
    child::{self, Child},
    machine, node, population,
    table::{Row, number},
};

/// What the child says.
#[derive(Debug, Deserialize, Serialize)]
struct Grown {
    before: u64,
    after: u64,
    credentials: usize,
}

/// The rows about memory.
pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>> {
    let credentials = plan.either(100_000, 1_000_000);
    let args = ["directory".to_owned(), format!("--credentials={credentials}")];
    let grown: Grown = Child::start(None, &args)?.hear(Duration::from_secs(60))?;
    let each = grown.after.saturating_sub(grown.before) as f64 / grown.credentials as f64;
    let note = format!(
        "resident memory over {} credentials, one organization for ten",
        number(grown.credentials as f64)
    );
    Ok(vec![
        Row::at_most("memory of a credential in the directory", each, 200.0, "bytes").noting(&note),
    ])
}

/// In a child: fills a directory and says what it took.
pub(crate) fn fill(credentials: u32) -> Result<()> {
    let directory = Directory::new(Pepper::new([9; 32]));
    let now = node::now();
    let put = |number| -> Result<()> {
        if let Some(organization) = population::organization(number, now)? {
            directory.put(&Image::Organization(organization));
        }
        let credential = population::credential(number, &directory.pepper, now)?;
        directory.put(&Image::Credential(Box::new(credential)));
        Ok(())
    };
    directory.put(&Image::Api(population::api(now)?));
    // What the first ones touch is touched once, however many follow.
    let warm = 100.min(credentials);
    (0..warm).try_for_each(put)?;
    let pid = std::process::id();
    let before = machine::resident_bytes(pid)?;
    (warm..credentials).try_for_each(put)?;
    let after = machine::resident_bytes(pid)?;
    child::say(&Grown { before, after, credentials: directory.len() - warm as usize })
}
