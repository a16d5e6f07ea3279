//! `GET …/{client_id}`: what the credential is, how it is used, from where and by what.

use askama::Template;
use axum::{extract::State, response::Response};
use hallpass_core::{
    Api, Timestamp,
    credential::Status,
    usage::{Ending, Sighting, Usage},
};
use serde::Deserialize;

use super::{
    head::Head,
    opened::{Opened, api},
    summary,
    traffic::{self, Range},
    words,
};
use crate::{
    app::App,
    dashboard::{
        chart::Bars,
        page::{self, Page, Tab},
        time::Moment,
    },
    management::live_tokens,
    web::{error_page::PageError, form::Query},
};

/// Tokens a day and address beyond which a program hardly keeps any of them.
const WASTEFUL: u64 = 50;

/// How long a credential lies unused before its page says so, in seconds.
const UNUSED_S: u64 = 90 * 86_400;

/// Addresses and libraries that are shown.
const SHOWN: usize = 20;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    range: String,
}

#[derive(Template)]
#[template(path = "dashboard/credentials/overview.html")]
struct Overview {
    page: Page,
    head: Head,
    summary: String,
    issued_today: String,
    refused_today: String,
    live: String,
    usable: usize,
    last_used: Option<Moment>,
    last_from: String,
    bars: Bars,
    ranges: Vec<Tab>,
    places: Vec<Seen>,
    libraries: Vec<Seen>,
    grants: Vec<(String, String, String)>,
    tags: Vec<String>,
    made: Moment,
    made_by: String,
    hint: Option<String>,
}

/// An address or a library.
struct Seen {
    name: String,
    by: String,
    count: String,
    last: Moment,
}

/// The page.
pub(super) async fn page(
    State(app): State<App>,
    opened: Opened,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let own = &opened.own;
    let now = app.clock.now();
    let (head, page) = Head::of(&app, &opened, "").await?;
    let apis = app.store.apis().await?;
    let range = Range::asked(&asked.range);
    let since = range.since_hour(now).min(live_tokens::since_hour(&apis, now));
    let usage = app.store.usage(&own.client_id, since).await?;
    let used = app.store.last_used(&own.client_id).await?;
    let latest = used.into_iter().max_by_key(|used| used.last_at);
    let sightings = app.store.sightings(&own.client_id).await?;
    let (issued, refused) = last_day(&usage, now);
    let last_at = latest.as_ref().map(|used| used.last_at);
    let from = latest.and_then(|used| used.last_address);
    let policy = hallpass_core::organization::Policy::default();
    page::show(&Overview {
        summary: summary::sentence(&own.settings, &apis, policy),
        issued_today: words::count(issued),
        refused_today: words::count(refused),
        live: words::count(live_tokens::of_all(own, &usage, &apis, now)),
        usable: own.usable_secrets(now).count(),
        last_used: last_at.map(|at| Moment::new(at, now)),
        last_from: from.map_or_else(String::new, |from| from.to_string()),
        bars: traffic::bars(range, &usage, &apis, now),
        ranges: ranges(range, &head.href),
        places: places(&sightings, now),
        libraries: libraries(&sightings, now),
        grants: grants(&opened, &apis),
        tags: own.settings.tags.iter().map(ToString::to_string).collect(),
        made: Moment::new(own.created_at, now),
        made_by: own.created_by.clone(),
        hint: hint(&opened, (issued, &sightings), last_at, now),
        head,
        page,
    })
}

fn ranges(current: Range, href: &str) -> Vec<Tab> {
    let tab = |&(range, word, name): &(Range, &str, &str)| Tab {
        label: name.to_owned(),
        href: format!("{href}?range={word}#usage"),
        is_current: range == current,
    };
    Range::ALL.iter().map(tab).collect()
}

/// Tokens issued and requests refused in the last 24 hours, whole hours of them.
fn last_day(usage: &[Usage], now: Timestamp) -> (u64, u64) {
    let since = (now.as_secs() / 3600).saturating_sub(23);
    let of = |ending| {
        let rows = usage.iter().filter(|row| row.slot.hour >= since && row.slot.ending == ending);
        rows.map(|row| row.count).sum()
    };
    (of(Ending::Issued), of(Ending::Refused))
}

fn grants(opened: &Opened, apis: &[Api]) -> Vec<(String, String, String)> {
    let grant = |grant: &hallpass_core::credential::Grant| {
        let api = api(apis, &grant.api_id)?;
        let may: Vec<String> = grant.scopes.iter().map(|scope| words::scope(api, scope)).collect();
        Some((api.name.to_string(), api.audience.to_string(), may.join(", ")))
    };
    opened.own.settings.grants.iter().filter_map(grant).collect()
}

fn places(sightings: &[Sighting], now: Timestamp) -> Vec<Seen> {
    gathered(sightings, now, |one| {
        let address = one.address.map_or_else(|| "unknown".to_owned(), |a| a.to_string());
        (address, one.library.to_string())
    })
}

fn libraries(sightings: &[Sighting], now: Timestamp) -> Vec<Seen> {
    gathered(sightings, now, |one| {
        let library = if one.library.is_empty() { "unnamed" } else { &one.library };
        (library.to_owned(), String::new())
    })
}

/// Sightings by one of their halves, the latest first, as they come.
fn gathered(
    sightings: &[Sighting],
    now: Timestamp,
    halves: impl Fn(&Sighting) -> (String, String),
) -> Vec<Seen> {
    let mut all: Vec<(String, Vec<String>, u64, Timestamp)> = Vec::new();
    for one in sightings {
        let (name, by) = halves(one);
        match all.iter_mut().find(|(known, ..)| *known == name) {
            Some((_, others, count, _)) => {
                *count += one.count;
                if !by.is_empty() && !others.contains(&by) {
                    others.push(by);
                }
            }
            None => {
                let others = if by.is_empty() { Vec::new() } else { vec![by] };
                all.push((name, others, one.count, one.last_at));
            }
        }
    }
    let seen = |(name, by, count, last): (String, Vec<String>, u64, Timestamp)| Seen {
        name,
        by: by.join(", "),
        count: words::count(count),
        last: Moment::new(last, now),
    };
    all.into_iter().take(SHOWN).map(seen).collect()
}

/// The one thing that its owner should know first, if there is one.
fn hint(
    opened: &Opened,
    fetched: (u64, &[Sighting]),
    last_at: Option<Timestamp>,
    now: Timestamp,
) -> Option<String> {
    let (issued, sightings) = fetched;
    let day_ago = now.minus_secs(86_400);
    let today = sightings.iter().filter(|one| one.last_at >= day_ago);
    let addresses: std::collections::HashSet<_> = today.map(|one| one.address).collect();
    let needed = addresses.len().max(1) as u64;
    if issued > WASTEFUL * needed {
        return Some(format!(
            "Its programs fetched {} in the last 24 hours and need about {}: keep a token until it \
             ends instead of asking for one with each call.",
            words::counted(issued, "token"),
            needed * 2
        ));
    }
    let since = last_at.unwrap_or(opened.own.created_at);
    (opened.own.status == Status::Active && now.millis_since(since) > UNUSED_S * 1000).then(|| {
        "Nothing has used it for 90 days or more. If no program needs it, pause it, and revoke it \
         later."
            .to_owned()
    })
}
