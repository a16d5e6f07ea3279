//! Several credentials in one go. What cannot be done to one does not hold up the others.

use hallpass_core::{ClientId, secret::Secret};
use hallpass_server::management::bulk::{self, Each};
use serde_json::{Value, json};

use crate::{
    installation::{Installation, now},
    output::{Output, table},
    when,
};

/// `hallpass credential bulk-pause`.
pub(super) async fn pause(
    called: &[String],
    installation: &Installation,
    output: Output,
) -> anyhow::Result<()> {
    let act = installation.act();
    let chosen = bulk::find(&act, None, &ids(called, installation).await?).await?;
    let all = bulk::pause(&act, chosen).await?;
    let values: Vec<_> = all.iter().map(value).collect();
    output.print(&values, || {
        let rows: Vec<_> = all.iter().map(|one| row(one, "paused")).collect();
        table(&["name", "client id", "outcome"], &rows)
    });
    Ok(())
}

/// `hallpass credential bulk-rotate`.
pub(super) async fn rotate(
    called: &[String],
    overlap: &str,
    installation: &Installation,
    output: Output,
) -> anyhow::Result<()> {
    let act = installation.act();
    let others_expire_at = when::point(overlap, now())?;
    let chosen = bulk::find(&act, None, &ids(called, installation).await?).await?;
    let all = bulk::rotate(&act, chosen, Some(others_expire_at)).await?;
    let with_secret = |one: &Each<Secret>| {
        let mut value = value(one);
        value["client_secret"] = json!(one.outcome.as_ref().ok().map(Secret::expose));
        value
    };
    let values: Vec<_> = all.iter().map(with_secret).collect();
    output.print(&values, || {
        let cell = |one: &Each<Secret>| {
            let secret = one.outcome.as_ref().ok().map(Secret::expose);
            row(one, secret.unwrap_or_default())
        };
        let rows: Vec<_> = all.iter().map(cell).collect();
        format!(
            "{}\n\nThe new secrets are not shown again. The others work until {}.",
            table(&["name", "client id", "new secret"], &rows),
            when::utc(others_expire_at)
        )
    });
    Ok(())
}

async fn ids(called: &[String], installation: &Installation) -> anyhow::Result<Vec<ClientId>> {
    let mut ids = Vec::new();
    for one in called {
        ids.push(installation.credential(one).await?.client_id);
    }
    Ok(ids)
}

fn value<T>(one: &Each<T>) -> Value {
    json!({
        "client_id": one.credential.client_id,
        "done": one.outcome.is_ok(),
        "detail": one.outcome.as_ref().err().map(ToString::to_string),
    })
}

fn row<T>(one: &Each<T>, done: &str) -> Vec<String> {
    let why = one.outcome.as_ref().err().map(ToString::to_string);
    vec![
        one.credential.settings.name.to_string(),
        one.credential.client_id.to_string(),
        why.unwrap_or_else(|| done.to_owned()),
    ]
}
