//! How a credential is used: by hour, from where and by what, and how far a rotation has come.

use hallpass_core::{Credential, Timestamp, permission::Permission, usage::Usage};
use hallpass_server::management::{
    credentials,
    moving::{Moving, Share, Traffic},
};
use serde_json::{Value, json};

use crate::{
    installation::{Installation, now},
    output::{Output, table},
    when,
};

const HOUR_S: u64 = 3600;

/// `hallpass credential usage`.
pub(super) async fn usage(
    called: &str,
    length_s: u64,
    installation: &Installation,
    output: Output,
) -> anyhow::Result<()> {
    let own = installation.credential(called).await?;
    let since_hour = now().minus_secs(length_s).as_secs() / HOUR_S;
    let rows = installation.store.usage(&own.client_id, since_hour).await?;
    let values: Vec<_> = rows.iter().map(|row| hour(&own, row)).collect();
    output.print(&values, || {
        let cell = |value: &Value, name: &str| match &value[name] {
            Value::String(text) => text.clone(),
            Value::Null => "-".to_owned(),
            other => other.to_string(),
        };
        let names = ["hour", "secret_id", "api_id", "outcome", "count"];
        let row = |value| names.iter().map(|name| cell(value, name)).collect();
        let rows: Vec<Vec<String>> = values.iter().map(row).collect();
        table(&["hour", "secret", "API", "outcome", "requests"], &rows)
    });
    Ok(())
}

fn hour(own: &Credential, row: &Usage) -> Value {
    let secret = own.secrets.get(usize::from(row.slot.secret));
    json!({
        "hour": when::utc(Timestamp::from_secs(row.slot.hour * HOUR_S)),
        "secret_id": secret.map(|secret| &secret.id),
        "api_id": row.slot.api_id,
        "outcome": row.slot.ending.word(),
        "count": row.count,
    })
}

/// `hallpass credential sightings`.
pub(super) async fn sightings(
    called: &str,
    installation: &Installation,
    output: Output,
) -> anyhow::Result<()> {
    let own = installation.credential(called).await?;
    let all = credentials::sightings(&installation.act(), &own.client_id).await?;
    let library = |text: &str| if text.is_empty() { None } else { Some(text.to_owned()) };
    let values: Vec<_> = all
        .iter()
        .map(|one| {
            json!({
                "address": one.address,
                "library": library(&one.library),
                "count": one.count,
                "first_at": when::utc(one.first_at),
                "last_at": when::utc(one.last_at),
            })
        })
        .collect();
    output.print(&values, || {
        let rows: Vec<_> = all
            .iter()
            .map(|one| {
                vec![
                    one.address.map_or_else(|| "unknown".to_owned(), |own| own.to_string()),
                    library(&one.library).unwrap_or_else(|| "unnamed".to_owned()),
                    one.count.to_string(),
                    when::utc(one.first_at),
                    when::utc(one.last_at),
                ]
            })
            .collect();
        table(&["address", "library", "requests", "first", "last"], &rows)
    });
    Ok(())
}

/// `hallpass credential rotation`.
pub(super) async fn rotation(
    called: &str,
    installation: &Installation,
    output: Output,
) -> anyhow::Result<()> {
    let act = installation.act();
    let client_id = installation.credential(called).await?.client_id;
    let own = credentials::find(&act, &client_id, Permission::ReadCredentials).await?;
    let moving = Moving::of(&act, &own).await?;
    let value = json!({
        "quiet_after_s": moving.quiet_after_s,
        "moved_percent": moving.moved(),
        "is_done": moving.is_done(),
        "secrets": moving.shares.iter().map(share).collect::<Vec<_>>(),
    });
    output.print(&value, || {
        let rows: Vec<_> = moving.shares.iter().map(row).collect();
        let names = ["secret", "ends in", "traffic", "this hour", "24 hours", "last used"];
        format!("{}\n\n{}", table(&names, &rows), says(&moving))
    });
    Ok(())
}

fn share(share: &Share) -> Value {
    let used = share.last_used.as_ref();
    json!({
        "secret_id": share.secret.id,
        "last_four": share.secret.last_four,
        "status": share.secret.status(now()).word(),
        "traffic": share.traffic.word(),
        "safe_to_retire": share.is_safe_to_retire(),
        "last_used_at": used.map(|used| when::utc(used.last_at)),
        "last_used_from": used.and_then(|used| used.last_address),
        "live_tokens": share.live_tokens,
        "tokens_last_hour": share.last_hour,
        "tokens_last_day": share.last_day,
    })
}

fn row(share: &Share) -> Vec<String> {
    let traffic = match share.traffic {
        _ if !share.is_usable => share.secret.status(now()).word(),
        Traffic::Never => "never used",
        Traffic::InUse => "in use",
        Traffic::Quiet => "quiet: safe to retire",
    };
    vec![
        share.secret.id.to_string(),
        share.secret.last_four.clone(),
        traffic.to_owned(),
        share.last_hour.to_string(),
        share.last_day.to_string(),
        when::utc_or_dash(share.last_used.as_ref().map(|used| used.last_at)),
    ]
}

fn says(moving: &Moving) -> String {
    let hours = moving.quiet_after_s.div_ceil(HOUR_S);
    match moving.moved() {
        _ if moving.is_done() => {
            "The old secrets have gone quiet, and the new one is in use: retire the old ones."
                .to_owned()
        }
        Some(percent) => format!(
            "{percent} % of the tokens of the last 24 hours went to the newest secret. Another is \
             quiet once {hours} h pass without a request."
        ),
        None => "No secret got a token in the last 24 hours.".to_owned(),
    }
}
