//! `GET /api/docs`: the reference as a page, made of the OpenAPI document. Our own rather than a
//! vendored viewer, which would need inline styles and megabytes; every kind of problem has its
//! anchor here, since its `type` points to it.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::State, response::Response};
use serde_json::Value;

use super::{openapi, problem::Kind};
use crate::{
    app::App,
    dashboard::page::{self, Page},
    management::scopes,
    web::error_page::PageError,
};

#[derive(Template)]
#[template(path = "management_api/docs.html")]
struct Docs {
    page: Page,
    /// Lines to begin with.
    fetch: String,
    list: String,
    groups: Vec<Group>,
    schemas: Vec<Schema>,
    scopes: Vec<(String, String)>,
    problems: Vec<(&'static str, &'static str, u16)>,
}

/// Operations of one tag.
struct Group {
    tag: String,
    operations: Vec<Operation>,
}

struct Operation {
    method: String,
    path: String,
    summary: String,
    scopes: String,
    params: Vec<Member>,
    /// Name of the body's schema, if it has one.
    body: String,
    answers: Vec<Answer>,
}

struct Answer {
    status: String,
    description: String,
    schema: String,
}

struct Schema {
    name: String,
    description: String,
    members: Vec<Member>,
}

struct Member {
    name: String,
    kind: String,
    is_required: bool,
    description: String,
}

/// `GET /api/docs`.
pub(super) async fn show(State(app): State<App>, page: Page) -> Result<Response, PageError> {
    let document = openapi::document(&app.config);
    let scopes = scopes::all();
    let scopes =
        scopes.iter().map(|scope| (scope.to_owned(), scopes::meaning(scope).unwrap_or_default()));
    let problem = |kind: Kind| {
        let (code, title, status) = kind.parts();
        (code, title, status.as_u16())
    };
    let issuer = app.config.issuer.trim_end_matches('/');
    page::show(&Docs {
        page: page.titled("API reference"),
        fetch: format!(
            "curl -u CLIENT_ID:CLIENT_SECRET -d grant_type=client_credentials {issuer}/oauth/token"
        ),
        list: format!("curl --oauth2-bearer TOKEN {issuer}/api/v1/credentials"),
        groups: groups(&document),
        schemas: schemas(&document),
        scopes: scopes.collect(),
        problems: Kind::ALL.into_iter().map(problem).collect(),
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn groups(document: &Value) -> Vec<Group> {
    let mut by_tag: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
    for (path, item) in members(&document["paths"]) {
        for (method, operation) in members(item) {
            let own = self::operation(method, path, operation);
            by_tag.entry(text(&operation["tags"][0])).or_default().push(own);
        }
    }
    by_tag.into_iter().map(|(tag, operations)| Group { tag, operations }).collect()
}

fn operation(method: &str, path: &str, operation: &Value) -> Operation {
    let scopes = operation["security"][0]["token"].as_array().into_iter().flatten().map(text);
    let param = |param: &Value| Member {
        name: text(&param["name"]),
        kind: text(&param["in"]),
        is_required: param["required"].as_bool().unwrap_or(false),
        description: text(&param["description"]),
    };
    let answer = |(status, answer): (&String, &Value)| Answer {
        status: status.clone(),
        description: text(&answer["description"]),
        schema: name_of(content(answer)),
    };
    Operation {
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        scopes: scopes.collect::<Vec<_>>().join(" "),
        params: operation["parameters"].as_array().into_iter().flatten().map(param).collect(),
        body: name_of(content(&operation["requestBody"])),
        answers: members(&operation["responses"])
            .filter(|(status, _)| *status != "default")
            .map(answer)
            .collect(),
    }
}

/// The schema of the first kind of content.
fn content(of: &Value) -> &Value {
    members(&of["content"]).next().map_or(&Value::Null, |(_, content)| &content["schema"])
}

/// A schema in a word: the name of what it refers to, or its type.
fn name_of(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(one) = schema["oneOf"].as_array() {
        let known = one.iter().map(name_of).filter(|name| name != "null");
        return known.collect::<Vec<_>>().join(" or ");
    }
    if schema["properties"].get("items").is_some() {
        let items = name_of(&schema["properties"]["items"]["items"]);
        return format!("page of {items}");
    }
    if schema["type"] == "array" {
        return format!("list of {}", name_of(&schema["items"]));
    }
    match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).filter(|kind| kind != "null").collect(),
        kind => text(kind),
    }
}

fn schemas(document: &Value) -> Vec<Schema> {
    let schema = |(name, schema): (&String, &Value)| {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let member = |(name, member): (&String, &Value)| Member {
            name: name.clone(),
            kind: name_of(member),
            is_required: required.iter().any(|one| one == name),
            description: text(&member["description"]),
        };
        Schema {
            name: name.clone(),
            description: text(&schema["description"]),
            members: members(&schema["properties"]).map(member).collect(),
        }
    };
    let all = members(&document["components"]["schemas"]).map(schema);
    all.filter(|schema| !schema.members.is_empty()).collect()
}
