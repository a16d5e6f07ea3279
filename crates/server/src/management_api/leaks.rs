//! `POST /api/v1/leaks`: secrets that somebody has found, in bulk. Needs no token: having a secret
//! is proof enough to retire it. The answer names nobody and repeats no secret.

use aws_lc_rs::digest;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hallpass_core::audit::Actor;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    Problem,
    answer::{self, RateLimit},
    body::{self, Json},
    problem,
};
use crate::{
    app::App,
    management::{
        Act, Caller, Power,
        leaks::{self, Verdict},
    },
    web::{limits, visitor::Stranger},
};

/// Secrets of one report at most.
pub(crate) const AT_MOST: usize = 100;

/// Secrets that somebody has found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Report {
    /// Up to 100, each as it was found.
    secrets: Vec<String>,
}

/// A finding as secret scanners send it to their partners.
#[derive(Deserialize, ToSchema)]
pub(super) struct PartnerFinding {
    /// The secret.
    token: String,
    /// The scanner's name for its kind: repeated in the answer.
    #[serde(rename = "type", default)]
    kind: String,
}

/// A report, in one of two forms.
#[derive(ToSchema)]
#[schema(as = LeakReport)]
#[expect(dead_code, reason = "only described: which form it is shows in its first character")]
pub(super) enum AnyReport {
    /// Our own.
    Secrets(Report),
    /// A secret scanner's.
    Partner(Vec<PartnerFinding>),
}

/// What became of the secrets, in their order.
#[derive(Serialize, ToSchema)]
pub(super) struct Verdicts {
    items: Vec<Item>,
}

/// What became of one.
#[derive(Serialize, ToSchema)]
struct Item {
    verdict: Verdict,
}

/// What a secret scanner is told.
#[derive(Serialize, ToSchema)]
struct PartnerVerdict {
    /// SHA-256 of the secret, in base64.
    token_hash: String,
    token_type: String,
    /// `true_positive` if this installation has made it, else `false_positive`.
    label: &'static str,
}

/// Report secrets that were found. Those that are alive are retired at once, with their tokens.
#[utoipa::path(post, path = "/api/v1/leaks", tag = "Leaks", security(()),
    request_body = AnyReport,
    responses(
        (status = 200, description = "What became of each; an array for a scanner's report",
            body = Verdicts),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn report(
    State(app): State<App>,
    Stranger { address, .. }: Stranger,
    Json { value, .. }: Json<Value>,
) -> Result<Response, Problem> {
    let left = app.leak_reports.count(&limits::network(address), app.clock.now());
    let limit = RateLimit::of(left);
    if limit.is_exceeded() {
        app.metrics.leak_reports_limited.inc();
        let mut response = Problem::too_many(limit.resets_s()).into_response();
        limit.write(response.headers_mut());
        return Ok(response);
    }
    let finder = Caller { actor: Actor::Finder { address }, power: Power::Nobody };
    let act = app.act(&finder);
    let mut response = if value.is_array() {
        let findings: Vec<PartnerFinding> = body::value(value)?;
        to_scanner(&act, findings).await?
    } else {
        let report: Report = body::value(value)?;
        let verdicts = verdicts(&act, report.secrets.iter().map(String::as_str)).await?;
        let items = verdicts.into_iter().map(|verdict| Item { verdict }).collect();
        answer::json(StatusCode::OK, &Verdicts { items })
    };
    limit.write(response.headers_mut());
    Ok(response)
}

async fn verdicts<'s>(
    act: &Act<'_>,
    secrets: impl ExactSizeIterator<Item = &'s str>,
) -> Result<Vec<Verdict>, Problem> {
    if secrets.len() > AT_MOST {
        return Err(Problem::invalid("secrets", format!("a report has at most {AT_MOST} secrets")));
    }
    let mut verdicts = Vec::with_capacity(secrets.len());
    for secret in secrets {
        verdicts.push(leaks::report(act, secret).await?);
    }
    Ok(verdicts)
}

async fn to_scanner(act: &Act<'_>, findings: Vec<PartnerFinding>) -> Result<Response, Problem> {
    let verdicts = verdicts(act, findings.iter().map(|one| one.token.as_str())).await?;
    let item = |(finding, verdict): (PartnerFinding, Verdict)| PartnerVerdict {
        token_hash: STANDARD.encode(digest::digest(&digest::SHA256, finding.token.as_bytes())),
        token_type: finding.kind,
        label: if verdict.is_known() { "true_positive" } else { "false_positive" },
    };
    let items: Vec<_> = findings.into_iter().zip(verdicts).map(item).collect();
    Ok(answer::json(StatusCode::OK, &items))
}
