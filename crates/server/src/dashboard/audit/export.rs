//! The audit log as a file, written as it is read, and never longer than a bound: who wants more
//! asks for fewer days. In a spreadsheet no cell is a formula, whatever somebody has typed.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use hallpass_core::{audit::Event, permission::Permission};
use hallpass_store::AuditFilter;
use http::header;

use super::asked::Asked;
use crate::{
    app::App,
    dashboard::{csv, time::Moment},
    management::{Caller, ManagementError, audit},
    web::{
        error_page::PageError,
        form::Query,
        visitor::{Here, OperatorHere},
    },
};

/// Events in one file.
const EVENTS_AT_MOST: usize = 100_000;

/// Events that are read in one go.
const AT_ONCE: usize = 1000;

const HEAD: &str = "number,at,who,who_id,from,action,what,subject,organization_id,detail,hash\r\n";

/// How a file is written.
#[derive(Clone, Copy)]
enum Form {
    Csv,
    /// One event on each line.
    Json,
}

/// What is left to write.
struct Rest {
    app: App,
    caller: Caller,
    filter: AuditFilter,
    before: Option<u64>,
    left: usize,
    form: Form,
}

pub(super) async fn csv_of_organization(
    app: State<App>,
    here: Here,
    asked: Query<Asked>,
) -> Result<Response, PageError> {
    of_organization(app, here, asked, Form::Csv)
}

pub(super) async fn json_of_organization(
    app: State<App>,
    here: Here,
    asked: Query<Asked>,
) -> Result<Response, PageError> {
    of_organization(app, here, asked, Form::Json)
}

fn of_organization(
    State(app): State<App>,
    here: Here,
    Query(mut asked): Query<Asked>,
    form: Form,
) -> Result<Response, PageError> {
    if !here.may(Permission::ReadAudit) {
        return Err(ManagementError::Forbidden(Permission::ReadAudit.verb()).into());
    }
    let filter = asked.read(Some(&here.organization.id));
    write(app, here.visitor.caller, filter, (asked, form))
}

pub(super) async fn csv_of_all(
    State(app): State<App>,
    OperatorHere(visitor): OperatorHere,
    Query(mut asked): Query<Asked>,
) -> Result<Response, PageError> {
    let filter = asked.read(None);
    write(app, visitor.caller, filter, (asked, Form::Csv))
}

pub(super) async fn json_of_all(
    State(app): State<App>,
    OperatorHere(visitor): OperatorHere,
    Query(mut asked): Query<Asked>,
) -> Result<Response, PageError> {
    let filter = asked.read(None);
    write(app, visitor.caller, filter, (asked, Form::Json))
}

fn write(
    app: App,
    caller: Caller,
    filter: Option<AuditFilter>,
    (asked, form): (Asked, Form),
) -> Result<Response, PageError> {
    let Some(filter) = filter else { return Err(PageError::BadInput(asked.wrong)) };
    let rest = Rest { app, caller, filter, before: None, left: EVENTS_AT_MOST, form };
    let lines = stream::try_unfold(Some(rest), async |rest| match rest {
        Some(rest) => rest.write().await.map(Some),
        None => Ok::<_, ManagementError>(None),
    });
    let (kind, disposition, head) = match form {
        Form::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"audit.csv\"", HEAD),
        Form::Json => ("application/x-ndjson", "attachment; filename=\"audit.json\"", ""),
    };
    let head = stream::once(async move { Ok(Bytes::from_static(head.as_bytes())) });
    let body = Body::from_stream(head.chain(Box::pin(lines)));
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, body).into_response())
}

impl Rest {
    /// The next lines, and what is left after them.
    async fn write(mut self) -> Result<(Bytes, Option<Self>), ManagementError> {
        let act = self.app.act(&self.caller);
        let limit = AT_ONCE.min(self.left);
        let events = audit::list(&act, &self.filter, self.before, limit).await?;
        let lines: String = events.iter().map(|event| line(event, self.form)).collect();
        self.before = events.last().map(|last| last.seq);
        self.left -= events.len();
        let is_last = events.len() < limit || self.left == 0;
        Ok((Bytes::from(lines), (!is_last).then_some(self)))
    }
}

fn line(event: &Event, form: Form) -> String {
    match form {
        Form::Json => serde_json::to_string(event).unwrap_or_default() + "\n",
        Form::Csv => csv::line(&[
            event.seq.to_string(),
            Moment::new(event.at, event.at).iso(),
            event.actor.to_string(),
            event.actor.id().unwrap_or_default().to_owned(),
            super::from(&event.actor),
            event.action.clone(),
            super::words::says(&event.action).to_owned(),
            event.subject.clone(),
            event.organization_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            event.detail.to_string(),
            event.hash.clone(),
        ]),
    }
}
