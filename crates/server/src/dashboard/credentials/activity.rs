//! `GET …/{client_id}/activity`: who did what to this credential, from the audit log.

use askama::Template;
use axum::{extract::State, response::Response};
use hallpass_core::{audit::Event, permission::Permission};
use hallpass_store::AuditFilter;
use serde::Deserialize;

use super::{head::Head, opened::Opened};
use crate::{
    app::App,
    dashboard::{
        audit::{self, words},
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
    says: &'static str,
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
        says: words::says(&event.action),
        tone: words::tone(&event.action),
        by: event.actor.to_string(),
        at: Moment::new(event.at, now),
        from: if with_addresses { audit::from(&event.actor) } else { String::new() },
        detail: audit::detail(event),
    };
    page::show(&Activity {
        deeds: events.iter().take(PAGE).map(deed).collect(),
        first: if asked.before.is_some() { href } else { String::new() },
        next,
        head,
        page,
    })
}
