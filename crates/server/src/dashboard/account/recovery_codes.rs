//! Recovery codes: shown once, in the answer that makes them.

use askama::Template;
use axum::{extract::State, response::Response};
use hallpass_core::opaque::Opaque;
use zeroize::Zeroizing;

use crate::{
    app::App,
    dashboard::page::{self, Page},
    management::account,
    web::{error_page::PageError, visitor::Visitor},
};

#[derive(Template)]
#[template(path = "dashboard/account/recovery_codes.html")]
struct RecoveryCodes {
    page: Page,
    /// One on each line.
    codes: Zeroizing<String>,
}

/// `POST /account/recovery-codes`. Sent twice, the codes of the second answer count.
pub(super) async fn renew(State(app): State<App>, visitor: Visitor) -> Result<Response, PageError> {
    visitor.must_have_confirmed()?;
    let codes = account::renew_recovery_codes(&app.act(&visitor.caller), &visitor.person).await?;
    let page = visitor.page.titled("Recovery codes").below("Account", "/account").narrow();
    let codes: Vec<&str> = codes.iter().map(Opaque::expose).collect();
    page::show_secret(&RecoveryCodes { page, codes: Zeroizing::new(codes.join("\n")) })
}
