//! Acts on APIs. Everybody who signs in may read them, since credentials are made for them; only
//! operators change them. A change never kills a token, and [`meaning`] says what it does instead.

use std::collections::BTreeMap;

use hallpass_core::{
    Api, ApiId, Image, Mutation, Scopes,
    api::Audience,
    change::Key,
    permission::Duty,
    text::{Name, Note},
};
use hallpass_store::StoreError;
use hallpass_token::jose::{Algorithm, TokenType};

use super::{Act, ManagementError, Power};
use crate::rotation::{Rotation, RotationError};

/// How an API is to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// What people call it.
    pub name: Name,
    /// What it is for.
    pub description: Note,
    /// The `aud` of its tokens.
    pub audience: Audience,
    /// Every scope that a credential may be granted for it.
    pub scopes: Scopes,
    /// What scopes mean, in plain words.
    pub scope_descriptions: BTreeMap<String, Note>,
    /// How long its tokens live, in seconds.
    pub token_lifetime_s: u64,
    /// What its tokens are signed with.
    pub algorithm: Algorithm,
    /// The `typ` of its tokens.
    pub token_type: TokenType,
}

impl Wanted {
    /// An API as it is, to change some of it.
    pub fn like(api: &Api) -> Self {
        let api = api.clone();
        Self {
            name: api.name,
            description: api.description,
            audience: api.audience,
            scopes: api.scopes,
            scope_descriptions: api.scope_descriptions,
            token_lifetime_s: api.token_lifetime_s,
            algorithm: api.algorithm,
            token_type: api.token_type,
        }
    }

    fn made(self, api: Api) -> Result<Api, ManagementError> {
        let lifetime = api
            .with_token_lifetime(self.token_lifetime_s)
            .map_err(|why| ManagementError::invalid("token_lifetime", why))?;
        let mut api = lifetime.with_scopes(self.scopes, self.scope_descriptions);
        api.name = self.name;
        api.description = self.description;
        api.audience = self.audience;
        api.algorithm = self.algorithm;
        api.token_type = self.token_type;
        Ok(api)
    }
}

/// Every API, by audience.
pub async fn list(act: &Act<'_>) -> Result<Vec<Api>, ManagementError> {
    if matches!(act.caller.power, Power::Nobody) {
        return Err(ManagementError::NotFound("API"));
    }
    Ok(act.store.apis().await?)
}

/// One API.
pub async fn find(act: &Act<'_>, id: &ApiId) -> Result<Api, ManagementError> {
    if matches!(act.caller.power, Power::Nobody) {
        return Err(ManagementError::NotFound("API"));
    }
    match act.store.image(&Key::Api(id.clone())).await? {
        Some(Image::Api(api)) => Ok(api),
        _ => Err(ManagementError::NotFound("API")),
    }
}

/// Makes an API, and the first signing key of its algorithm if there is none.
pub async fn add(act: &Act<'_>, wanted: Wanted) -> Result<Api, ManagementError> {
    act.must_have(Duty::WriteApis)?;
    let id = ApiId::from_entropy(crate::entropy::bytes());
    let new = Api::new(id, wanted.name.clone(), wanted.audience.clone(), act.now);
    let api = wanted.made(new)?;
    ensure_key(act, api.algorithm).await?;
    act.commit(&Mutation::AddApi(api.clone())).await?;
    Ok(api)
}

/// Changes an API; its id stays.
pub async fn update(act: &Act<'_>, id: &ApiId, wanted: Wanted) -> Result<Api, ManagementError> {
    act.must_have(Duty::WriteApis)?;
    let own = find(act, id).await?;
    if id.is_management() && (wanted.audience != own.audience || wanted.scopes != own.scopes) {
        let why = "the audience and the scopes of Hallpass's own API follow from the issuer and \
                   the release";
        return Err(ManagementError::invalid("audience", why));
    }
    let api = wanted.made(own)?;
    ensure_key(act, api.algorithm).await?;
    act.commit(&Mutation::UpdateApi(api.clone())).await?;
    Ok(api)
}

/// Makes the first key of an algorithm before any token needs it.
async fn ensure_key(act: &Act<'_>, algorithm: Algorithm) -> Result<(), ManagementError> {
    let rotation =
        Rotation { store: act.store, vault: act.vault, actor: &act.caller.actor, now: act.now };
    match rotation.ensure(algorithm).await {
        // Somebody else may make it at the same time.
        Ok(_) | Err(RotationError::Store(StoreError::Conflict(_))) => {
            act.settle().await;
            Ok(())
        }
        Err(why) => Err(why.into()),
    }
}

/// What a change of an API means for tokens and credentials that are in use, one sentence each.
/// Empty: nothing that anybody would notice.
pub fn meaning(now: &Api, wanted: &Wanted) -> Vec<String> {
    let mut says = Vec::new();
    let lives = spoken(now.token_lifetime_s);
    if now.audience.comparable() != wanted.audience.comparable() {
        says.push(format!(
            "New tokens say {} as their audience. Tokens that are in use keep {} until they \
             expire, within {lives}: the API must accept both until then. Clients that ask for \
             the old audience by name are refused from now on.",
            wanted.audience, now.audience
        ));
    }
    let gone: Vec<_> = now.scopes.iter().filter(|one| !wanted.scopes.contains(one)).collect();
    if !gone.is_empty() {
        says.push(format!(
            "No new token carries {}, whatever a credential was granted. Tokens that are in use \
             carry it until they expire, within {lives}.",
            gone.join(", ")
        ));
    }
    let come: Vec<_> = wanted.scopes.iter().filter(|one| !now.scopes.contains(one)).collect();
    if !come.is_empty() {
        says.push(format!(
            "{} can be granted from now on. No credential gets it by itself.",
            come.join(", ")
        ));
    }
    if now.token_lifetime_s != wanted.token_lifetime_s {
        says.push(format!(
            "New tokens live {}. Tokens that are in use keep the end that they have.",
            spoken(wanted.token_lifetime_s)
        ));
    }
    if now.algorithm != wanted.algorithm {
        says.push(format!(
            "New tokens are signed with {}. Verifiers that allow {} alone refuse them: allow \
             both first.",
            wanted.algorithm, now.algorithm
        ));
    }
    if now.token_type != wanted.token_type {
        says.push(format!(
            "New tokens say {} as their typ. Verifiers that insist on {} refuse them.",
            wanted.token_type, now.token_type
        ));
    }
    says
}

/// A lifetime as people say it.
pub fn spoken(secs: u64) -> String {
    let (count, unit) = match secs {
        secs if secs % 86_400 == 0 && secs > 86_400 => (secs / 86_400, "day"),
        secs if secs % 3600 == 0 => (secs / 3600, "hour"),
        secs if secs % 60 == 0 => (secs / 60, "minute"),
        secs => (secs, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use hallpass_core::Timestamp;

    use super::*;

    fn api() -> Api {
        let id = ApiId::from_entropy([1; 16]);
        let audience = "https://api.example.com".parse().unwrap();
        Api::new(id, "Books".parse().unwrap(), audience, Timestamp::default())
            .with_scopes("read write".parse().unwrap(), BTreeMap::new())
    }

    #[test]
    fn a_change_says_what_it_means_for_live_tokens() {
        type Edit = fn(&mut Wanted);
        let table: [(Edit, &str); 8] = [
            (|_| {}, ""),
            (|to| to.name = "Novels".parse().unwrap(), ""),
            (|to| to.audience = "https://api.example.com/".parse().unwrap(), ""),
            (|to| to.audience = "urn:books".parse().unwrap(), "keep https://api.example.com until"),
            (|to| to.scopes = "read".parse().unwrap(), "No new token carries write"),
            (|to| to.scopes = "burn read write".parse().unwrap(), "burn can be granted"),
            (|to| to.token_lifetime_s = 3600, "New tokens live 1 hour."),
            (|to| to.token_type = TokenType::Jwt, "New tokens say JWT"),
        ];
        for (edit, says) in table {
            let mut wanted = Wanted::like(&api());
            edit(&mut wanted);
            let meaning = meaning(&api(), &wanted);
            assert_eq!(meaning.len(), usize::from(!says.is_empty()), "{says}: {meaning:?}");
            assert!(meaning.concat().contains(says), "{says}: {meaning:?}");
        }
    }

    #[test]
    fn lifetimes_are_said_in_the_largest_whole_unit() {
        for (secs, words) in [
            (60, "1 minute"),
            (90, "90 seconds"),
            (3600, "1 hour"),
            (86_400, "24 hours"),
            (172_800, "2 days"),
        ] {
            assert_eq!(spoken(secs), words);
        }
    }
}
