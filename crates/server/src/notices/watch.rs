//! Looks for what nobody does: an end that is near, a credential that nobody uses, an address
//! that is new. Looking again, or from several nodes, tells nothing twice: a notice has a key, and
//! a webhook knows its keys for longer than any of these looks back.

use hallpass_core::{
    ClientId, Credential, Image,
    change::Key,
    credential::Status,
    notice::{self, EXPIRING_DAYS, Notice, UNUSED_DAYS},
};
use hallpass_store::StoreError;

use crate::app::App;

const DAY_S: u64 = 86_400;

/// Credentials in one go.
const PAGE: usize = 200;

/// For how long a credential is looked at after it has become unused, in seconds: an installation
/// that was off for a week still tells.
const UNUSED_LOOK_BACK_S: u64 = 7 * DAY_S;

/// How far back new addresses are looked for, in seconds.
const ADDRESS_LOOK_BACK_S: u64 = 6 * 3600;

/// New addresses in one go; with more than these, something else is wrong.
const ADDRESSES_AT_ONCE: usize = 500;

/// Looks for ends that are near, and for credentials that nobody uses.
pub async fn watch_ends(app: App) {
    let outcome = async {
        ends(&app).await?;
        unused(&app).await
    };
    let outcome = outcome.await;
    app.notices.note(&outcome);
}

/// Looks for addresses that are new.
pub async fn watch_addresses(app: App) {
    let outcome = addresses(&app).await;
    app.notices.note(&outcome);
}

async fn ends(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    let until = now.plus_secs(EXPIRING_DAYS[0] * DAY_S);
    let mut after: Option<ClientId> = None;
    loop {
        let page = app.store.expiring((now, until), after.as_ref(), PAGE).await?;
        for own in &page {
            tell(app, &notice::expiring(own, now)).await?;
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = Some(last.client_id.clone()),
            _ => return Ok(()),
        }
    }
}

async fn unused(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    let latest = now.minus_secs(UNUSED_DAYS * DAY_S);
    let within = (latest.minus_secs(UNUSED_LOOK_BACK_S), latest);
    let mut after: Option<ClientId> = None;
    loop {
        let page = app.store.last_used_within(within, after.as_ref(), PAGE).await?;
        for (own, used_at) in &page {
            tell(app, notice::unused(own, *used_at, now).as_slice()).await?;
        }
        match page.last() {
            Some((last, _)) if page.len() == PAGE => after = Some(last.client_id.clone()),
            _ => return Ok(()),
        }
    }
}

async fn addresses(app: &App) -> Result<(), StoreError> {
    let since = app.clock.now().minus_secs(ADDRESS_LOOK_BACK_S);
    for seen in app.store.new_addresses(since, ADDRESSES_AT_ONCE).await? {
        let Some(address) = seen.address else { continue };
        if let Some(own) = living(app, &seen.client_id).await? {
            tell(app, &[notice::new_address(&own, address, seen.first_at)]).await?;
        }
    }
    Ok(())
}

async fn living(app: &App, id: &ClientId) -> Result<Option<Credential>, StoreError> {
    Ok(match app.store.image(&Key::Credential(id.clone())).await? {
        Some(Image::Credential(own)) if own.status == Status::Active => Some(*own),
        _ => None,
    })
}

async fn tell(app: &App, notices: &[Notice]) -> Result<(), StoreError> {
    for notice in notices {
        let new = super::deliveries(app, notice).await?;
        if !new.is_empty() {
            app.metrics.notices_told.inc_by(app.store.tell_apart(&new).await?);
        }
    }
    Ok(())
}
