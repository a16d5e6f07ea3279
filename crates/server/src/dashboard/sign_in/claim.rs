//! Somebody says that they are a person. Counted as a failed try before anything is looked at;
//! and once they have proved it, the one way in.

use hallpass_core::{Email, Person, Timestamp, opaque::Opaque, session::Means};
use hallpass_store::PersonBy;
use http::header;
use tracing::info;

use crate::{
    app::App,
    management::{
        Caller,
        sessions::{self, Entrance},
    },
    web::{
        error_page::PageError,
        known_browser::KnownBrowser,
        redirect::Redirect,
        session,
        tries::{Trier, Try},
        visitor::Stranger,
    },
};

/// A claim that is not proved yet.
#[derive(Debug)]
pub(crate) struct Claim {
    /// Whom the address belongs to, if anybody.
    pub(crate) person: Option<Person>,
    counted: Try,
}

impl Claim {
    /// Somebody claims to be the person of this address.
    pub(crate) async fn begin(
        app: &App,
        stranger: &Stranger,
        email: &str,
    ) -> Result<Self, PageError> {
        let typed = email.parse::<Email>();
        let folded = typed.map_or_else(|_| email.trim().to_lowercase(), |email| email.folded());
        let person = app.store.find_person(&PersonBy::FoldedEmail(folded.clone())).await?;
        Self::of(app, stranger, person, &folded)
    }

    /// Somebody claims to be this person; `name` is what tries at them are counted under.
    pub(crate) fn of(
        app: &App,
        stranger: &Stranger,
        person: Option<Person>,
        name: &str,
    ) -> Result<Self, PageError> {
        let browser = KnownBrowser::of(app, &stranger.headers);
        let trier = Trier {
            person: Opaque::presented(name).digest(),
            from: stranger.address,
            browser: person.as_ref().and_then(|person| browser.known_to(&person.id)),
        };
        match app.tries.begin(&trier, app.clock.now()) {
            Ok(counted) => Ok(Self { person, counted }),
            Err(retry_after_s) => {
                app.metrics.signed_in("limited");
                Err(PageError::TooManyTries { retry_after_s })
            }
        }
    }

    /// They have proved it.
    pub(crate) fn proved(self) -> Option<Person> {
        self.counted.was_right();
        self.person
    }
}

/// Begins a session for a person who has proved who they are, under a name that nobody could
/// have known before, in place of any that the browser had.
pub(crate) async fn let_in(
    app: &App,
    stranger: &Stranger,
    person: &Person,
    means: Means,
    path: &str,
) -> Result<Redirect, PageError> {
    enter(app, stranger, person, entrance(app, stranger, means), path).await
}

/// The same for a person whom a provider vouches for, which says when they proved who they are, or
/// does not.
pub(crate) async fn let_in_vouched(
    app: &App,
    stranger: &Stranger,
    person: &Person,
    proved_at: Option<Timestamp>,
    path: &str,
) -> Result<Redirect, PageError> {
    let entrance = Entrance { proved_at, ..entrance(app, stranger, Means::SingleSignOn) };
    enter(app, stranger, person, entrance, path).await
}

/// Somebody who has proved just now who they are.
fn entrance(app: &App, stranger: &Stranger, means: Means) -> Entrance {
    Entrance {
        means,
        proved_at: Some(app.clock.now()),
        arrived_at: stranger.arrived_at,
        address: stranger.address,
        browser: browser(stranger),
        lasts_s: app.config.session_s,
    }
}

async fn enter(
    app: &App,
    stranger: &Stranger,
    person: &Person,
    entrance: Entrance,
    path: &str,
) -> Result<Redirect, PageError> {
    if let Some((before, session)) = session::of(app, &stranger.headers).await? {
        let caller = Caller::person(&before, &[], stranger.address);
        sessions::end(&app.act(&caller), &before, &session.id).await?;
    }
    let caller = Caller::person(person, &[], stranger.address);
    let means = entrance.means;
    let begun = sessions::begin(&app.act(&caller), person, entrance).await?;
    app.metrics.signed_in(means.word());
    info!(person.id = %person.id, means = means.word(), "Signed in");
    let known = KnownBrowser::of(app, &stranger.headers).meet(app, &person.id);
    let cookies = [session::begin(&app.config, &begun.text), known];
    let way = Redirect::to(app, path);
    Ok(cookies.into_iter().flatten().fold(way, Redirect::setting))
}

/// What the browser says it is, as far as that is fit to be kept.
fn browser(stranger: &Stranger) -> hallpass_core::text::Note {
    let said = stranger.headers.get(header::USER_AGENT).and_then(|said| said.to_str().ok());
    let said: String = said.unwrap_or_default().chars().take(300).collect();
    said.parse().unwrap_or_default()
}
