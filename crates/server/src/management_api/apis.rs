//! `/api/v1/apis`: the protected resources that tokens are for. Everybody may see them, since
//! credentials are granted them; operators make and change them.

use std::collections::BTreeMap;

use axum::{extract::State, response::Response};
use hallpass_core::{
    Api, ApiId, Image, Scopes,
    api::{Audience, DEFAULT_TOKEN_LIFETIME_S},
    text::{Name, Note},
};
use hallpass_token::jose::{Algorithm, TokenType};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Problem, answer,
    body::{Ids, IfMatch, Json},
    once::{Key, Made, body_of, once},
    problem,
    program::Program,
    time::Moment,
};
use crate::{
    app::App,
    management::apis::{self as acts, Wanted},
};

const PATH: &str = "/api/v1/apis";

/// An API.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Api)]
pub(super) struct ApiView {
    #[schema(value_type = String)]
    id: ApiId,
    #[schema(value_type = String)]
    name: Name,
    #[schema(value_type = String)]
    description: Note,
    /// The `aud` of its tokens.
    #[schema(value_type = String)]
    audience: Audience,
    /// Every scope that a credential may be granted for it.
    scopes: Vec<String>,
    /// What scopes mean, by scope.
    #[schema(value_type = Object)]
    scope_descriptions: BTreeMap<String, Note>,
    token_lifetime_s: u64,
    /// `ES256`, `RS256` or `EdDSA`.
    #[schema(value_type = String)]
    algorithm: Algorithm,
    /// `at+jwt` or `JWT`.
    #[schema(value_type = String)]
    token_type: TokenType,
    #[schema(value_type = String, format = DateTime)]
    created_at: Moment,
}

impl From<&Api> for ApiView {
    fn from(api: &Api) -> Self {
        Self {
            id: api.id.clone(),
            name: api.name.clone(),
            description: api.description.clone(),
            audience: api.audience.clone(),
            scopes: api.scopes.iter().map(str::to_owned).collect(),
            scope_descriptions: api.scope_descriptions.clone(),
            token_lifetime_s: api.token_lifetime_s,
            algorithm: api.algorithm,
            token_type: api.token_type,
            created_at: Moment(api.created_at),
        }
    }
}

/// All APIs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Apis {
    /// By audience.
    items: Vec<ApiView>,
}

/// An API to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewApi {
    /// What people call it.
    #[schema(value_type = String)]
    name: Name,
    /// The `aud` of its tokens: an absolute URI.
    #[schema(value_type = String)]
    audience: Audience,
    /// What it is for.
    #[serde(default)]
    #[schema(value_type = String)]
    description: Note,
    /// Every scope that a credential may be granted for it.
    #[serde(default)]
    scopes: Vec<String>,
    /// What scopes mean, by scope.
    #[serde(default)]
    #[schema(value_type = Object)]
    scope_descriptions: BTreeMap<String, Note>,
    /// How long its tokens live, in seconds: 60 to 2592000, a day unless said.
    token_lifetime_s: Option<u64>,
    /// `ES256` unless said, `RS256` or `EdDSA`.
    #[schema(value_type = Option<String>)]
    algorithm: Option<Algorithm>,
    /// `at+jwt` unless said, or `JWT` for verifiers that refuse RFC 9068's type.
    #[schema(value_type = Option<String>)]
    token_type: Option<TokenType>,
}

/// A change of an API: what is not mentioned stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PatchApi {
    /// What people call it.
    #[schema(value_type = Option<String>)]
    name: Option<Name>,
    /// The `aud` of its tokens.
    #[schema(value_type = Option<String>)]
    audience: Option<Audience>,
    /// What it is for.
    #[schema(value_type = Option<String>)]
    description: Option<Note>,
    /// Every scope that a credential may be granted for it, all of them.
    scopes: Option<Vec<String>>,
    /// What scopes mean, by scope, all of them.
    #[schema(value_type = Option<Object>)]
    scope_descriptions: Option<BTreeMap<String, Note>>,
    /// How long its tokens live, in seconds.
    token_lifetime_s: Option<u64>,
    /// `ES256`, `RS256` or `EdDSA`.
    #[schema(value_type = Option<String>)]
    algorithm: Option<Algorithm>,
    /// `at+jwt` or `JWT`.
    #[schema(value_type = Option<String>)]
    token_type: Option<TokenType>,
}

fn scopes(words: &[String]) -> Result<Scopes, Problem> {
    words.join(" ").parse().map_err(|why: hallpass_core::scopes::BadScopes| {
        Problem::invalid("scopes", why.to_string())
    })
}

impl NewApi {
    fn wanted(self) -> Result<Wanted, Problem> {
        Ok(Wanted {
            scopes: scopes(&self.scopes)?,
            name: self.name,
            description: self.description,
            audience: self.audience,
            scope_descriptions: self.scope_descriptions,
            token_lifetime_s: self.token_lifetime_s.unwrap_or(DEFAULT_TOKEN_LIFETIME_S),
            algorithm: self.algorithm.unwrap_or(Algorithm::Es256),
            token_type: self.token_type.unwrap_or(TokenType::AtJwt),
        })
    }
}

impl PatchApi {
    fn over(self, api: &Api) -> Result<Wanted, Problem> {
        let own = Wanted::like(api);
        Ok(Wanted {
            scopes: self.scopes.map_or(Ok(own.scopes), |words| scopes(&words))?,
            name: self.name.unwrap_or(own.name),
            description: self.description.unwrap_or(own.description),
            audience: self.audience.unwrap_or(own.audience),
            scope_descriptions: self.scope_descriptions.unwrap_or(own.scope_descriptions),
            token_lifetime_s: self.token_lifetime_s.unwrap_or(own.token_lifetime_s),
            algorithm: self.algorithm.unwrap_or(own.algorithm),
            token_type: self.token_type.unwrap_or(own.token_type),
        })
    }
}

/// List the APIs. There are few: they come in one page.
#[utoipa::path(get, path = "/api/v1/apis", tag = "APIs", security(("token" = [])),
    responses(
        (status = 200, description = "All APIs", body = Apis),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn list(State(app): State<App>, program: Program) -> Result<Response, Problem> {
    let all = acts::list(&app.act(&program.caller)).await?;
    let items = all.iter().map(ApiView::from).collect();
    Ok(answer::json(StatusCode::OK, &Apis { items }))
}

/// Show an API.
#[utoipa::path(get, path = "/api/v1/apis/{api_id}", tag = "APIs", security(("token" = [])),
    params(("api_id" = String, Path, description = "Which")),
    responses(
        (status = 200, description = "The API", body = ApiView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn show(
    State(app): State<App>,
    program: Program,
    Ids(id): Ids<ApiId>,
) -> Result<Response, Problem> {
    Ok(shown(acts::find(&app.act(&program.caller), &id).await?))
}

/// Make an API.
#[utoipa::path(post, path = "/api/v1/apis", tag = "APIs",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes asking again safe")),
    security(("token" = ["apis:write"])), request_body = NewApi,
    responses(
        (status = 201, description = "Made", body = ApiView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn create(
    State(app): State<App>,
    program: Program,
    key: Key,
    Json { value: new, digest }: Json<NewApi>,
) -> Result<Response, Problem> {
    let (own, caller) = (app.clone(), program.caller.clone());
    let work = async move {
        let made = acts::add(&own.act(&caller), new.wanted()?).await?;
        Ok(Made {
            path: format!("{PATH}/{}", made.id),
            body: body_of(&ApiView::from(&made))?,
            version: Some(Image::Api(made).version()),
            secrets: Vec::new(),
        })
    };
    once(&app, &program, (key, digest), work).await
}

/// Change an API: a merge patch (RFC 7396). No token dies by it.
#[utoipa::path(patch, path = "/api/v1/apis/{api_id}", tag = "APIs",
    params(("api_id" = String, Path, description = "Which"),
        ("If-Match" = String, Header, description = "The ETag of the version that you have seen")),
    security(("token" = ["apis:write"])), request_body = PatchApi,
    responses(
        (status = 200, description = "Changed", body = ApiView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn update(
    State(app): State<App>,
    program: Program,
    Ids(id): Ids<ApiId>,
    if_match: IfMatch,
    Json { value: patch, .. }: Json<PatchApi>,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller).only_if(Some(if_match.required()?));
    let wanted = patch.over(&acts::find(&act, &id).await?)?;
    Ok(shown(acts::update(&act, &id, wanted).await?))
}

fn shown(api: Api) -> Response {
    let view = ApiView::from(&api);
    answer::versioned(StatusCode::OK, &view, &Image::Api(api).version())
}
