//! A small API that Hallpass protects: `GET /v1/books`, `GET /v1/books/{pk}`, `POST /v1/books`.
//! What protects it is in [`router`]; the rest is an ordinary axum program.

mod answer;
mod query;
mod shelf;

use std::sync::{Arc, PoisonError, RwLock};

use axum::{
    Json, Router,
    extract::{Path, Query, State, rejection::JsonRejection},
    response::Response,
    routing::get,
};
use hallpass_verifier::{Caller, Verifier};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    query::Selection,
    shelf::{Book, Shelf},
};

type Books = Arc<RwLock<Shelf>>;

/// What the API's tokens can be good for.
pub const SCOPES: [&str; 2] = ["books:read", "books:write"];

/// The API, protected: reading takes the scope `books:read`, adding takes `books:write`. If the
/// verifier publishes metadata, they are served to everybody.
pub fn router(verifier: &Verifier) -> Router {
    let [read, write] = SCOPES.map(|scope| verifier.layer().scope(scope));
    let routes = routes(|routes| routes.route_layer(read), |routes| routes.route_layer(write));
    match verifier.resource_metadata() {
        Some(metadata) => routes.layer(metadata.layer()),
        None => routes,
    }
}

/// The routes, with what guards reading and what guards writing.
fn routes(
    guard_reads: impl FnOnce(Router<Books>) -> Router<Books>,
    guard_writes: impl FnOnce(Router<Books>) -> Router<Books>,
) -> Router {
    let reads = Router::new().route("/v1/books", get(list)).route("/v1/books/{pk}", get(one));
    let writes = Router::new().route("/v1/books", axum::routing::post(add));
    guard_reads(reads)
        .merge(guard_writes(writes))
        .fallback(async || answer::not_found("there is nothing at this path; try /v1/books"))
        .with_state(Books::default())
}

async fn list(State(books): State<Books>, Query(pairs): Query<Vec<(String, String)>>) -> Response {
    let selection = match Selection::parse(&pairs) {
        Ok(selection) => selection,
        Err(why) => return answer::bad_request(&why),
    };
    let shelf = books.read().unwrap_or_else(PoisonError::into_inner);
    let found = selection.select(&shelf);
    let Some(limit) = selection.limit else { return answer::ok(&found) };
    let total = found.len();
    let page: Vec<_> = found.into_iter().skip(selection.offset).take(limit).collect();
    let links = selection.links(limit, total);
    answer::ok(&Page { limit, books: page, total_book_count: total, links })
}

/// A page of a list.
#[derive(Serialize)]
struct Page<'a> {
    limit: usize,
    books: Vec<&'a Book>,
    total_book_count: usize,
    #[serde(rename = "_links")]
    links: Value,
}

async fn one(State(books): State<Books>, Path(pk): Path<String>) -> Response {
    let shelf = books.read().unwrap_or_else(PoisonError::into_inner);
    match shelf.books.iter().find(|book| book.pk.to_string() == pk) {
        Some(book) => answer::ok(book),
        None => answer::not_found("there is no book of this pk"),
    }
}

/// What a new book is made of.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewBook {
    name: String,
    #[serde(default)]
    is_public: bool,
}

async fn add(
    State(books): State<Books>,
    caller: Caller,
    new: Result<Json<NewBook>, JsonRejection>,
) -> Response {
    let new = match new {
        Ok(Json(new)) if !new.name.trim().is_empty() => new,
        Ok(_) => return answer::bad_request("name must not be empty"),
        Err(why) => return answer::bad_request(&why.body_text()),
    };
    let mut shelf = books.write().unwrap_or_else(PoisonError::into_inner);
    let owner = caller.organization().unwrap_or("nobody");
    let book = Book::new(shelf.next_pk(), &new.name, new.is_public, owner);
    shelf.books.push(book.clone());
    answer::created(&book)
}

#[cfg(test)]
mod tests;
