//! What a client of another server becomes here: which of its audiences and scopes are which APIs
//! and scopes.

use std::collections::BTreeMap;

use super::{Found, FoundSecret, Skip};
use crate::{
    Api, ApiId, ClientId, Scopes, Timestamp, api,
    credential::{Grant, Settings},
    organization::Policy,
};

/// Scopes of OpenID Connect, of Hydra and of Keycloak itself, which say something of people who
/// sign in or of the token's form. They are left out where no API has them.
const OF_PEOPLE: [&str; 14] = [
    "acr",
    "address",
    "basic",
    "email",
    "microprofile-jwt",
    "offline",
    "offline_access",
    "openid",
    "organization",
    "phone",
    "profile",
    "roles",
    "service_account",
    "web-origins",
];

/// How audiences and scopes are understood.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// The APIs that there are.
    pub apis: Vec<Api>,
    /// What a client may call whose audience the file does not name.
    pub default_api: Option<ApiId>,
    /// Audiences of the file that are APIs here under another name.
    pub audiences: BTreeMap<String, ApiId>,
    /// Scopes of the file that are called otherwise here; `None` leaves one out.
    pub scopes: BTreeMap<String, Option<String>>,
    /// What a client may do whose scopes the file does not name.
    pub default_scopes: Scopes,
}

/// What a client becomes here.
#[derive(Debug)]
pub struct Plan {
    /// Its id.
    pub client_id: ClientId,
    /// Name, grants, limits.
    pub settings: Settings,
    /// Its secret, or what is kept of it.
    pub secret: FoundSecret,
    /// When the secret ends, if ever.
    pub secret_expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Mapping {
    /// Decides what a client becomes at `now`, in an organization with this policy.
    ///
    /// # Errors
    /// Why it is not taken over.
    pub fn plan(&self, found: Found, policy: &Policy, now: Timestamp) -> Result<Plan, Skip> {
        let grants = self.grants(&found)?;
        let settings = Settings {
            description: found.description,
            tags: found.tags,
            allow_list: found.allow_list,
            expires_at: found.expires_at,
            ..Settings::new(found.name, grants)
        };
        policy.check_settings(&settings).map_err(|why| Skip::Policy(why.to_string()))?;
        let ends = [settings.expires_at, found.secret_expires_at];
        if ends.into_iter().flatten().any(|end| end <= now) {
            return Err(Skip::Expired);
        }
        // A policy that lets no secret live for ever gives this one an end.
        let life = policy.secret_life_at_most_s.map(|secs| now.plus_secs(secs));
        Ok(Plan {
            client_id: found.client_id,
            settings,
            secret: found.secret,
            secret_expires_at: found.secret_expires_at.into_iter().chain(life).min(),
            created_at: found.created_at.unwrap_or(now).min(now),
        })
    }

    /// What it may do, at which APIs: each scope wherever an API has it.
    fn grants(&self, found: &Found) -> Result<Vec<Grant>, Skip> {
        let apis = self.apis_of(found)?;
        let scopes = self.scopes_of(found, &apis)?;
        let grant =
            |api: &&Api| Grant { api_id: api.id.clone(), scopes: scopes.intersection(&api.scopes) };
        Ok(apis.iter().map(grant).collect())
    }

    fn apis_of(&self, found: &Found) -> Result<Vec<&Api>, Skip> {
        let with_id = |id: &ApiId| self.apis.iter().find(|api| api.id == *id);
        let mut apis: Vec<&Api> = Vec::new();
        for audience in &found.audiences {
            let of_audience = || {
                let is = |api: &&Api| {
                    api.audience.comparable() == api::comparable(audience)
                        && !api.id.is_management()
                };
                self.apis.iter().find(is)
            };
            let api = match self.audiences.get(audience) {
                Some(id) => with_id(id),
                None => of_audience(),
            };
            let api = api.ok_or_else(|| Skip::UnknownAudience(shortened(audience)))?;
            if !apis.iter().any(|known| known.id == api.id) {
                apis.push(api);
            }
        }
        if apis.is_empty() {
            apis.push(self.default_api.as_ref().and_then(with_id).ok_or(Skip::NoApi)?);
        }
        Ok(apis)
    }

    fn scopes_of(&self, found: &Found, apis: &[&Api]) -> Result<Scopes, Skip> {
        let is_known = |scope: &str| apis.iter().any(|api| api.scopes.contains(scope));
        let mut scopes = Vec::new();
        for scope in &found.scopes {
            let meant = match self.scopes.get(scope) {
                Some(None) => continue,
                Some(Some(other)) => other,
                None if OF_PEOPLE.contains(&scope.as_str()) && !is_known(scope) => continue,
                None => scope,
            };
            if !is_known(meant) {
                return Err(Skip::UnknownScope(shortened(meant)));
            }
            scopes.push(meant.as_str());
        }
        if scopes.is_empty() {
            return Ok(self.default_scopes.clone());
        }
        Ok(Scopes::from_words(scopes))
    }
}

/// So much of a word of the file as a line can hold.
fn shortened(word: &str) -> String {
    word.chars().take(100).collect()
}
