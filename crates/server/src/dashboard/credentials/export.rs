//! `GET …/credentials.csv`: the same list for a spreadsheet, all of it, written as it is read. No
//! cell is a formula, whatever somebody has called a credential.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use hallpass_core::{Api, Timestamp, permission::Permission};
use hallpass_store::Newest;
use http::header;

use super::{query::Asked, words};
use crate::{
    app::App,
    dashboard::{csv, time::Moment},
    management::{
        Caller, ManagementError,
        listing::{self, Listed},
    },
    web::{error_page::PageError, form::Query, visitor::Here},
};

/// Credentials that are read in one go.
const AT_ONCE: usize = 500;

const HEAD: &str = "name,client_id,status,apis,scopes,usable_secrets,next_end,last_used_at,\
                    last_used_from,tokens_in_14_days,tags,made_at,made_by,description\r\n";

/// What is left to write.
struct Rest {
    app: App,
    caller: Caller,
    here: hallpass_core::OrganizationId,
    asked: Asked,
    apis: Vec<Api>,
    before: Option<Newest>,
}

/// The file.
pub(super) async fn file(
    State(app): State<App>,
    here: Here,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let caller = here.visitor.caller.clone();
    caller
        .must(Permission::ReadCredentials, &here.organization.id)
        .map_err(|_| PageError::NotFound)?;
    let apis = app.store.apis().await?;
    let here = here.organization.id;
    let rest = Rest { app, caller, here, asked: asked.first(), apis, before: None };
    let lines = stream::try_unfold(Some(rest), async |rest| match rest {
        Some(rest) => rest.write().await.map(Some),
        None => Ok::<_, ManagementError>(None),
    });
    let head = stream::once(async { Ok(Bytes::from_static(HEAD.as_bytes())) });
    let body = Body::from_stream(stream::StreamExt::chain(head, Box::pin(lines)));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"credentials.csv\""),
    ];
    Ok((headers, body).into_response())
}

impl Rest {
    /// The next lines, and what is left after them.
    async fn write(mut self) -> Result<(Bytes, Option<Self>), ManagementError> {
        let act = self.app.act(&self.caller);
        let (now, filter) = (act.now, self.asked.filter());
        let page = (self.before.as_ref(), AT_ONCE);
        let found = listing::newest(&act, Some(&self.here), &filter, page).await?;
        let lines: String = found.iter().map(|one| line(one, &self.apis, now)).collect();
        self.before = found.last().map(|last| Newest::of(&last.credential));
        let is_last = found.len() < AT_ONCE;
        Ok((Bytes::from(lines), (!is_last).then_some(self)))
    }
}

fn line(listed: &Listed, apis: &[Api], now: Timestamp) -> String {
    let own = &listed.credential;
    let settings = &own.settings;
    let scopes = settings.grants.iter().map(|grant| grant.scopes.as_str());
    let tags = settings.tags.iter().map(hallpass_core::text::Name::as_str);
    let used = listed.last_used.as_ref();
    let from = used.and_then(|used| used.last_address);
    let cells = [
        settings.name.to_string(),
        own.client_id.to_string(),
        own.status.word().to_owned(),
        words::apis(&settings.grants, apis).join("; "),
        scopes.collect::<Vec<_>>().join(" "),
        own.usable_secrets(now).count().to_string(),
        super::query::next_end(own, now).map_or_else(String::new, iso),
        used.map_or_else(String::new, |used| iso(used.last_at)),
        from.map_or_else(String::new, |from| from.to_string()),
        listed.daily.iter().sum::<u64>().to_string(),
        tags.collect::<Vec<_>>().join("; "),
        iso(own.created_at),
        own.created_by.clone(),
        settings.description.to_string(),
    ];
    csv::line(&cells)
}

fn iso(at: Timestamp) -> String {
    Moment::new(at, at).iso()
}
