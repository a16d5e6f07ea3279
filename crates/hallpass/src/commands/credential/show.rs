//! How a credential is shown: everything but digests.

use hallpass_core::{Api, Credential};
use hallpass_store::LastUsed;
use serde_json::{Value, json};

use crate::{
    installation::{Installation, now},
    output::{Output, table},
    when,
};

/// `hallpass credential show`.
pub(super) async fn show(
    called: &str,
    installation: &Installation,
    output: Output,
) -> anyhow::Result<()> {
    let own = installation.credential(called).await?;
    let apis = installation.store.apis().await?;
    let used = installation.store.last_used(&own.client_id).await?;
    output.print(&view(&own, &apis, &used), || text(&own, &apis, &used));
    Ok(())
}

/// One credential for scripts.
pub(super) fn view(own: &Credential, apis: &[Api], used: &[LastUsed]) -> Value {
    let secrets = own.secrets.iter().enumerate().map(|(place, secret)| {
        let used = used.iter().find(|used| usize::from(used.secret) == place);
        json!({
            "id": secret.id,
            "last_four": secret.last_four,
            "note": secret.note,
            "status": secret.status(now()).word(),
            "generation": secret.generation,
            "created_at": when::utc(secret.created_at),
            "created_by": secret.created_by,
            "expires_at": secret.expires_at.map(when::utc),
            "retired_at": secret.retired_at.map(when::utc),
            "last_used_at": used.map(|used| when::utc(used.last_at)),
            "last_used_from": used.and_then(|used| used.last_address),
        })
    });
    let grants = own.settings.grants.iter().map(|grant| {
        let api = apis.iter().find(|api| api.id == grant.api_id);
        json!({ "audience": api.map(|api| &api.audience), "scope": grant.scopes })
    });
    json!({
        "client_id": own.client_id,
        "organization_id": own.organization_id,
        "name": own.settings.name,
        "description": own.settings.description,
        "tags": own.settings.tags,
        "status": own.status.word(),
        "grants": grants.collect::<Vec<_>>(),
        "introspects": introspects(own, apis),
        "allow_from": own.settings.allow_list,
        "expires_at": own.settings.expires_at.map(when::utc),
        "created_at": when::utc(own.created_at),
        "created_by": own.created_by,
        "secrets": secrets.collect::<Vec<_>>(),
    })
}

/// The audiences of the APIs whose tokens it may introspect.
fn introspects<'a>(own: &Credential, apis: &'a [Api]) -> Vec<&'a str> {
    let ids = own.settings.introspects.iter();
    let found = ids.filter_map(|id| apis.iter().find(|api| api.id == *id));
    found.map(|api| api.audience.as_str()).collect()
}

/// What not every credential has, a line each.
fn extras(own: &Credential, apis: &[Api]) -> String {
    let tags: Vec<_> = own.settings.tags.iter().map(ToString::to_string).collect();
    let lines = [
        ("description:", own.settings.description.to_string()),
        ("tags:", tags.join(", ")),
        ("introspects:", introspects(own, apis).join(", ")),
    ];
    let given = lines.iter().filter(|(_, value)| !value.is_empty());
    given.map(|(name, value)| format!("\n{name:<14} {value}")).collect()
}

/// One line of the list.
pub(super) fn row(own: &Credential, apis: &[Api], used: &[LastUsed]) -> Vec<String> {
    let names = own.settings.grants.iter().filter_map(|grant| {
        apis.iter().find(|api| api.id == grant.api_id).map(|api| api.name.to_string())
    });
    vec![
        own.settings.name.to_string(),
        own.client_id.to_string(),
        own.status.word().to_owned(),
        names.collect::<Vec<_>>().join(", "),
        own.usable_secrets(now()).count().to_string(),
        when::utc_or_dash(used.iter().map(|used| used.last_at).max()),
        when::utc_or_dash(own.settings.expires_at),
    ]
}

fn text(own: &Credential, apis: &[Api], used: &[LastUsed]) -> String {
    let networks: Vec<_> = own.settings.allow_list.iter().map(ToString::to_string).collect();
    let from = if networks.is_empty() { "anywhere".to_owned() } else { networks.join(", ") };
    let grants = own.settings.grants.iter().map(|grant| {
        let api = apis.iter().find(|api| api.id == grant.api_id);
        let name = api.map_or("(unknown)", |api| api.name.as_str());
        let audience = api.map_or("", |api| api.audience.as_str());
        vec![name.to_owned(), audience.to_owned(), grant.scopes.to_string()]
    });
    let secrets = own.secrets.iter().enumerate().map(|(place, secret)| {
        let used = used.iter().find(|used| usize::from(used.secret) == place);
        vec![
            secret.ends_in(),
            secret.status(now()).word().to_owned(),
            secret.id.to_string(),
            when::utc(secret.created_at),
            when::utc_or_dash(secret.expires_at),
            used.map_or_else(|| "never".to_owned(), |used| when::utc(used.last_at)),
            secret.note.to_string(),
        ]
    });
    format!(
        "{name} is {status}.\n\nclient id:     {id}\norganization:  {organization}\n\
         created:       {created} by {by}\nexpires:       {expires}\nrequests from: {from}{extras}\n\n\
         {grants}\n\n{secrets}",
        name = own.settings.name,
        status = own.status.word(),
        id = own.client_id,
        organization = own.organization_id,
        created = when::utc(own.created_at),
        by = own.created_by,
        expires = when::utc_or_dash(own.settings.expires_at),
        extras = extras(own, apis),
        grants = table(&["API", "audience", "scopes"], &grants.collect::<Vec<_>>()),
        secrets = table(
            &["secret", "status", "id", "created", "expires", "last used", "note"],
            &secrets.collect::<Vec<_>>()
        ),
    )
}
