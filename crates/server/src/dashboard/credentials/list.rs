//! `GET /organizations/{organization}/credentials`: every credential with its use, newest first.
//! An organization without any gets the way to its first one instead.

use askama::Template;
use axum::{extract::State, response::Response};
use hallpass_core::{Api, Timestamp, permission::Permission};
use hallpass_store::Newest;

use super::{
    opened::{self, list_path},
    query::{self, Asked, STATUSES},
    words,
};
use crate::{
    app::App,
    dashboard::{
        chart::Spark,
        page::{self, Link, Page, Place},
        time::Moment,
    },
    management::listing::{self, DAYS, Listed},
    web::{error_page::PageError, form::Query, visitor::Here},
};

/// Credentials on one page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "dashboard/credentials/list.html")]
struct List {
    page: Page,
    /// Its own address, without a query.
    list: String,
    asked: Asked,
    statuses: [(&'static str, &'static str); 5],
    csv: String,
    rows: Vec<Row>,
    shown: String,
    first: String,
    next: String,
    may_write: bool,
    /// Nothing is there, whatever would be asked for.
    is_new: bool,
    has_apis: bool,
    token_endpoint: String,
}

/// A credential as the list shows it.
struct Row {
    name: String,
    href: String,
    id: String,
    masked: String,
    tags: Vec<Link>,
    apis: String,
    status: &'static str,
    secrets: String,
    next_end: Option<Moment>,
    last_used: Option<Moment>,
    last_from: String,
    spark: Spark,
    made_by: String,
    made: Moment,
    can_be_chosen: bool,
}

/// The page.
pub(super) async fn page(
    State(app): State<App>,
    here: Here,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let act = app.act(&here.visitor.caller);
    let filter = asked.filter();
    let place = asked.place();
    let id = &here.organization.id;
    let listed = listing::newest(&act, Some(id), &filter, (place.as_ref(), PAGE + 1)).await?;
    let total = listing::count(&act, Some(id), &filter).await?;
    let apis = app.store.apis().await?;
    let page = here.visitor.page.clone().titled("Credentials").at(Place::Credentials);
    let list = page.url(&list_path(&here));
    let next = match listed.get(PAGE - 1) {
        Some(last) if listed.len() > PAGE => {
            asked.following(&Newest::of(&last.credential)).address(&list)
        }
        _ => String::new(),
    };
    let rows: Vec<Row> =
        listed.iter().take(PAGE).map(|one| row(one, &page, &apis, act.now)).collect();
    let first = if place.is_some() { asked.first().address(&list) } else { String::new() };
    page::show(&List {
        shown: format!("{} of {}", rows.len(), words::counted(total, "credential")),
        csv: asked.first().address(&format!("{list}.csv")),
        is_new: total == 0 && !asked.is_narrow(),
        may_write: here.may(Permission::WriteCredentials),
        has_apis: apis.iter().any(|api| !api.id.is_management()),
        token_endpoint: app.config.url(crate::routes::TOKEN),
        statuses: STATUSES,
        page,
        list,
        asked,
        rows,
        first,
        next,
    })
}

fn row(listed: &Listed, page: &Page, apis: &[Api], now: Timestamp) -> Row {
    let own = &listed.credential;
    let usable = own.usable_secrets(now).count();
    let list = page.url(&format!("/organizations/{}/credentials", own.organization_id));
    let tag = |tag: &hallpass_core::text::Name| Link {
        label: tag.to_string(),
        href: Asked::tagged(tag.as_str()).address(&list),
    };
    let used = listed.last_used.as_ref();
    let from = used.and_then(|used| used.last_address);
    Row {
        name: own.settings.name.to_string(),
        href: page.url(&opened::path(own, "")),
        id: own.client_id.to_string(),
        masked: words::masked(&own.client_id),
        tags: own.settings.tags.iter().map(tag).collect(),
        apis: words::apis(&own.settings.grants, apis).join(", "),
        status: query::word(own, now),
        secrets: match usable {
            0 => "none usable".to_owned(),
            usable => format!("{usable} usable"),
        },
        next_end: query::next_end(own, now).map(|end| Moment::new(end, now)),
        last_used: used.map(|used| Moment::new(used.last_at, now)),
        last_from: from.map_or_else(String::new, |from| from.to_string()),
        spark: Spark::new(listed.daily.clone(), format!("tokens in the last {DAYS} days")),
        made_by: own.created_by.clone(),
        made: Moment::new(own.created_at, now),
        can_be_chosen: own.status == hallpass_core::credential::Status::Active,
    }
}
