//! The session of a browser: a cookie that holds an opaque text, of which only the digest is
//! stored. Here is decided whether it is still good; whose it is, [`super::visitor`] says.

use hallpass_core::{Image, Person, Session, Timestamp, change::Key, opaque::Opaque};
use hallpass_store::{SeenSession, StoreError};
use http::{HeaderMap, HeaderValue};
use tracing::warn;

use super::cookie;
use crate::{app::App, config::Config};

const COOKIE: &str = "hallpass";

/// Between two notes of when a person was seen, in milliseconds.
const SEEN_EVERY_MS: u64 = 60_000;

/// The `Set-Cookie` that hands a session to the browser. It ends with the session.
pub(crate) fn begin(config: &Config, text: &Opaque) -> Option<HeaderValue> {
    cookie::set(config, COOKIE, text.expose(), config.session_s)
}

/// The `Set-Cookie` that takes the session away.
pub(crate) fn end(config: &Config) -> Option<HeaderValue> {
    cookie::set(config, COOKIE, "", 0)
}

/// Whose session a request brings, if it is still good.
pub(crate) async fn of(
    app: &App,
    headers: &HeaderMap,
) -> Result<Option<(Person, Session)>, StoreError> {
    let Some(text) = cookie::read(headers, &app.config, COOKIE) else { return Ok(None) };
    let now = app.clock.now();
    let Some(seen) = app.store.session(&Opaque::presented(&text).digest()).await? else {
        return Ok(None);
    };
    let key = Key::Person(seen.session.person_id.clone());
    let Some(Image::Person(person)) = app.store.image(&key).await? else { return Ok(None) };
    if !is_good(&seen, &person, app.config.session_idle_s, now) {
        return Ok(None);
    }
    if now.millis_since(seen.seen_at) >= SEEN_EVERY_MS
        && let Err(why) = app.store.see_session(&seen.session.id, now).await
    {
        // The page can be shown all the same; at worst the session ends earlier.
        warn!(%why, "Cannot note that a person was seen");
    }
    Ok(Some((*person, seen.session)))
}

/// Whether a session is neither over, nor forgotten, nor ended with others of its person.
fn is_good(seen: &SeenSession, person: &Person, idle_s: u64, now: Timestamp) -> bool {
    let SeenSession { session, seen_at } = seen;
    now < session.ends_at
        && now.millis_since(*seen_at) < idle_s * 1000
        && session.begun_at >= person.sessions_from
}

#[cfg(test)]
mod tests {
    use hallpass_core::{PersonId, person::PersonStep, session::Means};

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);

    fn person() -> Person {
        let id = PersonId::from_entropy([1; 16]);
        Person::new(id, "ada@example.com".parse().unwrap(), "Ada".parse().unwrap(), NOW)
    }

    fn seen_at(seen_at: Timestamp) -> SeenSession {
        let session = Session {
            id: Opaque::from_entropy([1; 32]).digest(),
            person_id: person().id,
            means: Means::Password,
            begun_at: NOW,
            ends_at: NOW.plus_secs(100),
            confirmed_at: NOW,
            address: None,
            browser: Default::default(),
        };
        SeenSession { session, seen_at }
    }

    #[test]
    fn sessions_end_absolutely_when_idle_and_when_told_to() {
        let ended = person().after(&PersonStep::EndSessions, NOW).unwrap();
        for (after_s, seen_s, person, good) in [
            (0, 0, person(), true),
            (99, 90, person(), true),
            (100, 99, person(), false),
            (29, 0, person(), true),
            (30, 0, person(), false),
            (1, 1, ended, false),
        ] {
            let seen = seen_at(NOW.plus_secs(seen_s));
            let is = is_good(&seen, &person, 30, NOW.plus_secs(after_s));
            assert_eq!(is, good, "{after_s} s, seen after {seen_s} s");
        }
    }
}
