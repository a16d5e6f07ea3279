//! A browser in which somebody has signed in before. It proves nothing, and only keeps a person's
//! own tries apart from those of strangers, so that strangers cannot use them up.

use hallpass_core::{
    PersonId,
    opaque::{Opaque, OpaqueDigest},
};
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};

use super::carried::Purpose;
use crate::{app::App, entropy};

/// Browsers keep no cookie longer than 400 days.
const PURPOSE: Purpose = Purpose { cookie: "hallpass-known", lasts_s: 400 * 86_400 };

/// People who share a browser; those who have not signed in for longest are forgotten.
const PEOPLE_AT_MOST: usize = 5;

/// What such a browser carries.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct KnownBrowser {
    id: OpaqueDigest,
    people: Vec<PersonId>,
}

impl KnownBrowser {
    /// The browser of a request.
    pub(crate) fn of(app: &App, headers: &HeaderMap) -> Self {
        PURPOSE.take_back(app, headers).unwrap_or_else(|| Self {
            id: Opaque::from_entropy(entropy::bytes()).digest(),
            people: Vec::new(),
        })
    }

    /// Its name, if this person has signed in here before.
    pub(crate) fn known_to(&self, person_id: &PersonId) -> Option<OpaqueDigest> {
        self.people.contains(person_id).then(|| self.id.clone())
    }

    /// The `Set-Cookie` that makes it known to a person who has just signed in.
    pub(crate) fn meet(mut self, app: &App, person_id: &PersonId) -> Option<HeaderValue> {
        self.people.retain(|known| known != person_id);
        self.people.push(person_id.clone());
        let too_many = self.people.len().saturating_sub(PEOPLE_AT_MOST);
        self.people.drain(..too_many);
        PURPOSE.hand_over(app, &self)
    }
}
