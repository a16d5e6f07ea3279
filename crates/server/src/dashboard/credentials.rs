//! The credentials of an organization: the list, the way to a new one, and the pages of each. All
//! that they do is done by `management`; here it is asked, and shown. A secret in the clear is in
//! the body of one answer, once, and nowhere else.

mod activity;
mod add;
mod bulk;
mod confirm;
mod danger;
mod draft;
mod edit;
mod export;
mod head;
mod list;
mod opened;
mod overview;
mod query;
mod ready;
mod rotate;
mod secrets;
mod shown_once;
mod snippets;
mod summary;
mod traffic;
mod words;

use axum::{
    Router,
    routing::{get, post},
};

use crate::app::App;

/// Every page of the credentials.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/organizations/{organization}/credentials", get(list::page).post(add::prepare))
        .route("/organizations/{organization}/credentials.csv", get(export::file))
        .route("/organizations/{organization}/credentials/bulk", get(bulk::ask).post(bulk::act))
        .route("/organizations/{organization}/credentials/rotated", get(bulk::rotated))
        .nest("/organizations/{organization}/credentials/{client_id}", of_one())
}

/// The pages of one credential, below its own address.
fn of_one() -> Router<App> {
    Router::new()
        .route("/", get(overview::page))
        .route("/new", get(add::form).post(add::finish))
        .route("/new/summary", post(add::sum_up))
        .route("/discard", post(add::discard))
        .route("/ready", get(ready::page))
        .route("/ready/light", get(ready::light))
        .route("/details", get(edit::about).post(edit::save_about))
        .route("/access", get(edit::access).post(edit::save_access))
        .route("/limits", get(edit::limits).post(edit::save_limits))
        .route("/secrets", get(secrets::page))
        .route("/secrets/{secret_id}/note", post(secrets::note))
        .route("/secrets/{secret_id}/{deed}", get(secrets::ask).post(secrets::act))
        .route("/rotate", get(rotate::page).post(rotate::add))
        .route("/rotate/moving", get(rotate::moving))
        .route("/activity", get(activity::page))
        .route("/danger", get(danger::page))
        .route("/approve", post(danger::approve))
        .route("/pause", get(danger::ask_pause).post(danger::pause))
        .route("/resume", post(danger::resume))
        .route("/revoke", post(danger::revoke))
        .route("/delete", post(danger::delete))
}
