//! `GET …/{client_id}/activity`: who did what to this credential, from the audit log.

use askama::Template;
use axum::{extract::State, response::Response};
use hallpass_core::{
    audit::{Actor, Event},
    permission::Permission,
};
use hallpass_store::AuditFilter;
use serde::Deserialize;

use super::{head::Head, opened::Opened};
use crate::{
    app::App,
    dashboard::{
        page::{self, Page},
        time::Moment,
    },
    web::{error_page::PageError, form::Query},
};

/// Events on one page.
const PAGE: usize = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    before: Option<u64>,
}

#[derive(Template)]
#[template(path = "dashboard/credentials/activity.html")]
struct Activity {
    page: Page,
    head: Head,
    deeds: Vec<Deed>,
    first: String,
    next: String,
}

struct Deed {
    says: String,
    tone: &'static str,
    by: String,
    at: Moment,
    from: String,
    detail: String,
}

/// The page.
pub(super) async fn page(
    State(app): State<App>,
    opened: Opened,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let own = &opened.own;
    let filter = AuditFilter {
        organization_id: Some(own.organization_id.clone()),
        subject: Some(own.client_id.to_string()),
        ..AuditFilter::default()
    };
    let events = app.store.audit(&filter, asked.before, PAGE + 1).await?;
    let (head, page) = Head::of(&app, &opened, "/activity").await?;
    let href = format!("{}/activity", head.href);
    let next = match events.get(PAGE - 1) {
        Some(last) if events.len() > PAGE => format!("{href}?before={}", last.seq),
        _ => String::new(),
    };
    // From where people act is for those who may read the whole log.
    let with_addresses = opened.here.may(Permission::ReadAudit);
    let now = app.clock.now();
    let deed = |event: &Event| Deed {
        says: says(event).to_owned(),
        tone: tone(&event.action),
        by: event.actor.to_string(),
        at: Moment::new(event.at, now),
        from: address(&event.actor).filter(|_| with_addresses).unwrap_or_default(),
        detail: match event.detail.as_object() {
            Some(detail) if !detail.is_empty() => {
                serde_json::to_string_pretty(detail).unwrap_or_default()
            }
            _ => String::new(),
        },
    };
    page::show(&Activity {
        deeds: events.iter().take(PAGE).map(deed).collect(),
        first: if asked.before.is_some() { href } else { String::new() },
        next,
        head,
        page,
    })
}

/// What was done, in words; the log's own word where there are none.
fn says(event: &Event) -> &str {
    match event.action.as_str() {
        "credential.add" => "Made",
        "credential.activate" => "Added: it gets tokens",
        "credential.ask_approval" => "Approval asked",
        "credential.update" => "Changed",
        "credential.pause" => "Paused: its tokens are dead",
        "credential.resume" => "Resumed",
        "credential.revoke" => "Revoked: its tokens are dead",
        "credential.expire" => "Something of it ended",
        "secret.add" => "Secret added",
        "secret.note" => "Said where a secret is kept",
        "secret.retire" => "Secret retired",
        "secret.leaked" => "Secret leaked: retired, its tokens are dead",
        "secret.kill_tokens" => "Tokens of a secret killed",
        "token.revoke" => "One token revoked",
        other => other,
    }
}

fn tone(action: &str) -> &'static str {
    match action {
        "credential.activate" | "credential.resume" | "secret.add" => "good",
        "credential.pause" | "credential.expire" | "secret.retire" => "warn",
        "credential.revoke" | "secret.leaked" | "secret.kill_tokens" | "token.revoke" => "bad",
        _ => "",
    }
}

fn address(actor: &Actor) -> Option<String> {
    match actor {
        Actor::Person { address, .. } | Actor::Finder { address } => {
            address.map(|address| address.to_string())
        }
        Actor::Credential { .. } | Actor::Operator { .. } | Actor::Server => None,
    }
}
