//! `hallpass init`: database and master key.

use serde_json::json;

use crate::{config::Config, installation::Installation, output::Output};

pub(super) async fn run(config: &Config, output: Output) -> anyhow::Result<()> {
    let (installation, master) = Installation::set_up(config).await?;
    let seq = installation.store.last_seq().await?;
    let database = config.database()?.to_string();
    let value = json!({
        "database": database,
        "master_key": master.fingerprint(),
        "change_seq": seq,
    });
    output.print(&value, || {
        format!(
            "The database is at {}, sealed under master key {}.\n\
             Keep a copy of the master key apart from the database's backups.\n\
             Next: hallpass organization add NAME, hallpass api add NAME --audience URL, \
             hallpass credential add NAME, hallpass serve.",
            database,
            master.fingerprint(),
        )
    });
    Ok(())
}
