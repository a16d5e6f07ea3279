//! `hallpass member offboarding`: what somebody made, and which secrets they saw.

use anyhow::Context;
use hallpass_core::{Email, PersonId};
use hallpass_server::management::offboarding::{self, Known};
use hallpass_store::PersonBy;
use serde_json::{Value, json};

use crate::{
    installation::Installation,
    output::{Output, table},
    when,
};

/// Also of somebody who has left, who is found by their address or, without an account, by id.
pub(super) async fn show(
    organization: &str,
    called: &str,
    installation: &Installation,
    output: Output,
) -> anyhow::Result<()> {
    let own = installation.organization(organization).await?;
    let person_id = person_id(called, installation).await?;
    let found = offboarding::of(&installation.act(), &own.id, &person_id).await?;
    let value = json!({
        "person_id": person_id,
        "is_member": found.is_member,
        "is_cut": found.is_cut,
        "credentials": found.known.iter().map(value).collect::<Vec<_>>(),
    });
    output.print(&value, || {
        let rows: Vec<_> = found.known.iter().map(row).collect();
        let names = ["name", "client id", "status", "they", "when", "secrets that still work"];
        let mut text = table(&names, &rows);
        if found.is_cut {
            text += "\n\nThey have done more than was looked at; `hallpass audit list` has it.";
        }
        text
    });
    Ok(())
}

async fn person_id(called: &str, installation: &Installation) -> anyhow::Result<PersonId> {
    if let Ok(id) = called.parse() {
        return Ok(id);
    }
    let email: Email = called.parse()?;
    let found = installation.store.find_person(&PersonBy::FoldedEmail(email.folded())).await?;
    let person = found.with_context(|| format!("nobody has the address {email}; use the id"))?;
    Ok(person.id)
}

fn value(known: &Known) -> Value {
    json!({
        "client_id": known.credential.client_id,
        "name": known.credential.settings.name,
        "status": known.credential.status.word(),
        "made_it": known.made_it,
        "seen_at": when::utc(known.seen_at),
        "alive": known.alive,
    })
}

fn row(known: &Known) -> Vec<String> {
    vec![
        known.credential.settings.name.to_string(),
        known.credential.client_id.to_string(),
        known.credential.status.word().to_owned(),
        if known.made_it { "made it" } else { "added a secret" }.to_owned(),
        when::utc(known.seen_at),
        known.alive.len().to_string(),
    ]
}
