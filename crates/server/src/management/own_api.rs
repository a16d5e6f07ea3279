//! Hallpass's own API: the row by which credentials are granted power over Hallpass. Every start
//! makes sure that it is there and says what this release knows; it never takes a scope away, so
//! that two releases can run side by side.

use std::collections::BTreeMap;

use hallpass_core::{
    Api, ApiId, Conflict, Image, Mutation, Scopes, Timestamp,
    api::{Audience, BadAudience},
    audit::Actor,
    change::Key,
    text::Note,
};
use hallpass_store::{Store, StoreError};

use super::scopes;

/// Its path below the issuer: with the issuer, its audience.
pub const PATH: &str = "/api/v1";

/// How long its tokens live when nothing else is said, in seconds. Shorter than others': they are
/// power over Hallpass.
const LIFETIME_S: u64 = 3600;

const NAME: &str = "Hallpass management API";
const DESCRIPTION: &str = "Hallpass itself: credentials, members, audit log, and for operators \
                           organizations, APIs and keys";

/// Why there is no such API.
#[derive(Debug, thiserror::Error)]
pub enum OwnApiError {
    /// The issuer makes no audience.
    #[error("the issuer cannot be part of the management API's audience: {0}")]
    Audience(#[from] BadAudience),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes the row, or brings it up to date. `audience` is the issuer's URL with [`PATH`].
pub async fn ensure(
    store: &dyn Store,
    audience: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), OwnApiError> {
    let audience: Audience = audience.parse()?;
    let mutation = match store.image(&Key::Api(ApiId::management())).await? {
        Some(Image::Api(api)) => match up_to_date(&api, audience) {
            Some(api) => Mutation::UpdateApi(api),
            None => return Ok(()),
        },
        _ => Mutation::AddApi(new(audience, now)),
    };
    match store.commit(&mutation, actor, now).await {
        // Another process was quicker.
        Ok(_) | Err(StoreError::Conflict(Conflict::AlreadyExists(_))) => Ok(()),
        Err(why) => Err(why.into()),
    }
}

fn new(audience: Audience, now: Timestamp) -> Api {
    // Both texts are within their limits, which a test sees.
    let name = NAME.parse().unwrap_or_else(|_| unreachable!("the name is a name"));
    let mut api = Api::new(ApiId::management(), name, audience, now);
    api.description = DESCRIPTION.parse().unwrap_or_default();
    api.scopes = scopes::all();
    api.scope_descriptions = descriptions();
    api.token_lifetime_s = LIFETIME_S;
    api
}

/// The row as it should be; `None` if it is.
fn up_to_date(api: &Api, audience: Audience) -> Option<Api> {
    let scopes = Scopes::from_words(api.scopes.iter().chain(scopes::all().iter()));
    let mut scope_descriptions = api.scope_descriptions.clone();
    scope_descriptions.extend(descriptions());
    let wanted = Api { audience, scopes, scope_descriptions, ..api.clone() };
    (wanted != *api).then_some(wanted)
}

fn descriptions() -> BTreeMap<String, Note> {
    let words = |scope: &str| Some((scope.to_owned(), scopes::meaning(scope)?.parse().ok()?));
    scopes::all().iter().filter_map(words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_follows_the_issuer_and_never_loses_a_scope() {
        let audience = |text: &str| text.parse::<Audience>().unwrap();
        let first = new(audience("https://a.example/api/v1"), Timestamp::default());
        assert_eq!(first.description.as_str(), DESCRIPTION);
        assert_eq!(up_to_date(&first, first.audience.clone()), None);

        let moved = up_to_date(&first, audience("https://b.example/api/v1")).unwrap();
        assert_eq!(moved.audience.as_str(), "https://b.example/api/v1");
        let later = Scopes::from_words(first.scopes.iter().chain(["moons:write"]));
        let of_later_release = Api { scopes: later, ..first.clone() };
        assert_eq!(up_to_date(&of_later_release, first.audience.clone()), None);
        let of_earlier = Api { scopes: "credentials:read".parse().unwrap(), ..first.clone() };
        assert_eq!(up_to_date(&of_earlier, first.audience).unwrap().scopes, scopes::all());
    }
}
