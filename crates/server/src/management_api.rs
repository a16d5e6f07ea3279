//! The management API, `/api/v1`: what the dashboard does, for programs, in JSON. Its callers
//! bring tokens of Hallpass's own; every act goes through `management`, which decides. Nothing
//! here makes a rule, and no route is without a token check but those listed as public.

mod answer;
mod apis;
mod audit;
mod audit_chain;
mod body;
mod bulk;
mod challenge;
mod credentials;
mod deliveries;
mod docs;
mod feed;
mod keys;
mod leaks;
mod mailed;
mod members;
mod moving;
mod nodes;
mod offboarding;
mod once;
mod openapi;
mod organizations;
mod page;
mod problem;
mod program;
mod secrets;
mod sign_on;
mod time;
mod usage;
mod webhooks;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use self::openapi::document as openapi;
pub(crate) use self::problem::Problem;
use self::{answer::RateLimit, program::Program};
use crate::{app::App, dashboard};

const DOCUMENT: &str = "/api/v1/openapi.json";

/// Every route of the API.
pub(crate) fn routes(app: &App) -> Router<App> {
    let state = || app.clone();
    // The outer layer also finishes what the inner one refuses.
    let (router, _) = guarded()
        .layer(middleware::from_fn_with_state(state(), authenticate))
        .merge(open())
        .layer(middleware::from_fn_with_state(state(), finish))
        .split_for_parts();
    let page = Router::new().route("/api/docs", get(docs::show));
    router.route(DOCUMENT, get(openapi::show)).merge(dashboard::dressed(app, page))
}

/// The routes as OpenAPI knows them.
fn document() -> OpenApi {
    guarded().merge(open()).into_openapi()
}

/// What only programs with a token reach.
fn guarded() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(credentials::list, credentials::create))
        .routes(routes!(credentials::show, credentials::update, credentials::delete))
        .routes(routes!(credentials::activate))
        .routes(routes!(credentials::approve))
        .routes(routes!(credentials::discard))
        .routes(routes!(credentials::pause))
        .routes(routes!(credentials::resume))
        .routes(routes!(credentials::revoke))
        .routes(routes!(secrets::list, secrets::create))
        .routes(routes!(secrets::show, secrets::update))
        .routes(routes!(secrets::retire))
        .routes(routes!(secrets::kill_tokens))
        .routes(routes!(secrets::report_leaked))
        .routes(routes!(usage::show))
        .routes(routes!(moving::show))
        .routes(routes!(moving::sightings))
        .routes(routes!(bulk::pause))
        .routes(routes!(bulk::rotate))
        .routes(routes!(organizations::list, organizations::create))
        .routes(routes!(organizations::show, organizations::rename))
        .routes(routes!(organizations::set_policy))
        .routes(routes!(organizations::suspend))
        .routes(routes!(organizations::resume))
        .routes(routes!(members::list))
        .routes(routes!(members::set_role, members::remove))
        .routes(routes!(offboarding::show))
        .routes(routes!(members::invitations, members::invite))
        .routes(routes!(members::withdraw))
        .routes(routes!(sign_on::show, sign_on::set, sign_on::remove))
        .routes(routes!(mailed::show, mailed::set))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::show, webhooks::update, webhooks::remove))
        .routes(routes!(webhooks::rotate_secret))
        .routes(routes!(webhooks::test))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::show))
        .routes(routes!(deliveries::send_again))
        .routes(routes!(apis::list, apis::create))
        .routes(routes!(apis::show, apis::update))
        .routes(routes!(keys::list))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::kill))
        .routes(routes!(audit::list))
        .routes(routes!(audit_chain::show))
        .routes(routes!(audit_chain::verify))
        .routes(routes!(feed::show))
        .routes(routes!(nodes::list))
        .routes(routes!(nodes::followers))
        .routes(routes!(nodes::findings))
}

/// What anybody reaches.
fn open() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(leaks::report))
}

/// Lets a request in whose token is good, and counts it.
async fn authenticate(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let program = Program::of(&app, request.headers(), request.extensions()).await?;
    let now = app.clock.now();
    let limit = RateLimit::of(app.management_calls.count(program.client_id.as_str(), now));
    let mut response = if limit.is_exceeded() {
        app.metrics.management_limited.inc();
        Problem::too_many(limit.resets_s()).into_response()
    } else {
        request.extensions_mut().insert(program);
        next.run(request).await
    };
    limit.write(response.headers_mut());
    Ok(response)
}

/// Gives problems their body, and every answer its headers.
async fn finish(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        problem.dress(&app, &mut response);
    }
    answer::never_kept(response.headers_mut());
    response
}
