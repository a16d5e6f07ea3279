//! The start page has nothing of its own: it leads on to where a person has most to do.

use axum::extract::State;

use crate::{
    app::App,
    web::{redirect::Redirect, visitor::Visitor},
};

/// `GET /`.
pub(super) async fn page(State(app): State<App>, visitor: Visitor) -> Redirect {
    let path = match visitor.organizations.first() {
        Some(own) => format!("/organizations/{}/credentials", own.id),
        None if visitor.caller.is_operator() => "/organizations".to_owned(),
        None => "/account".to_owned(),
    };
    Redirect::to(&app, &path)
}
