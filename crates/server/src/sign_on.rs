//! Single sign-on: people sign in at their organization's own OpenID Connect provider (Core 1.0,
//! code flow with PKCE). Here is the talk with the provider; what becomes of a person whom it
//! vouches for, `management::sign_on` decides.

mod domains;
mod id_token;
mod provider;

use std::time::Duration;

use hallpass_core::{OrganizationId, organization::SignOn};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub(crate) use self::domains::SignOnDomains;
pub use self::id_token::Vouched;
use self::{
    id_token::Expected,
    provider::{Endpoints, Talk},
};
use crate::{
    app::App,
    config::Config,
    entropy,
    web::{carried::Purpose, tries::PEOPLE_PER_NETWORK},
};

/// How long somebody may take at their provider, in seconds.
const LASTS_S: u64 = 600;

/// For one answer of a provider.
const LIMIT: Duration = Duration::from_secs(10);

/// Talks with providers that go on at once: strangers ask for them, and a provider that is slow
/// must not hold more of this server.
pub(crate) const TALKS_AT_ONCE: usize = 64;

/// Talks for one network in a minute: as many as failed tries to sign in.
pub(crate) fn at_most(config: &Config) -> u32 {
    config.failed_sign_ins_per_minute.saturating_mul(PEOPLE_PER_NETWORK)
}

/// What the browser carries while somebody is at their provider.
pub(crate) const CARRIED: Purpose = Purpose { cookie: "hallpass-sign-on", lasts_s: LASTS_S };

/// Why nobody was let in. For the log; people learn that it did not work.
#[derive(Debug, thiserror::Error)]
pub enum NoSignOn {
    /// All places are taken.
    #[error("too many people sign in at providers at once")]
    Busy,
    /// The answer came from somebody else.
    #[error("another provider answered than was asked")]
    Other,
    /// The provider is away, or answers what makes no sense.
    #[error("the provider cannot be used: {0}")]
    Provider(String),
    /// Its ID token cannot be believed.
    #[error("the provider's ID token is refused: {0}")]
    IdToken(&'static str),
    /// The vault is damaged.
    #[error("the client secret cannot be opened")]
    Secret,
}

/// A way to the provider and back, for one browser.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Way {
    pub(crate) organization_id: OrganizationId,
    /// Comes back with the answer: only this browser's answer is taken.
    pub(crate) state: String,
    nonce: String,
    verifier: String,
    /// Where the person goes on to.
    pub(crate) next: String,
    /// When somebody must prove once more who they are: since when, in seconds.
    pub(crate) fresh_from_s: Option<u64>,
}

/// A text that nobody can guess.
fn unguessable() -> String {
    hallpass_core::opaque::Opaque::from_entropy(entropy::bytes()).expose().to_owned()
}

/// Begins a way: what the browser carries, and where it goes.
pub(crate) async fn begin(
    app: &App,
    id: OrganizationId,
    sign_on: &SignOn,
    next: &str,
    fresh_from_s: Option<u64>,
) -> Result<(Way, String), NoSignOn> {
    let _place = app.talks.try_acquire().map_err(|_| NoSignOn::Busy)?;
    let endpoints = Talk::new(sign_on)?.endpoints().await?;
    let way = Way {
        organization_id: id,
        state: unguessable(),
        nonce: unguessable(),
        verifier: unguessable(),
        next: next.to_owned(),
        fresh_from_s,
    };
    let callback = app.config.url(&callback_path(&way.organization_id));
    let url = endpoints.authorization(&sign_on.client_id, &callback, &way);
    Ok((way, url))
}

/// What a provider's answer brings, beside the state.
pub(crate) struct Brought<'a> {
    pub(crate) code: &'a str,
    /// Who answers, if they say so (RFC 9207).
    pub(crate) issuer: Option<&'a str>,
}

/// Ends a way: whom the provider vouches for.
pub(crate) async fn end(
    app: &App,
    sign_on: &SignOn,
    way: &Way,
    brought: Brought<'_>,
) -> Result<Vouched, NoSignOn> {
    let _place = app.talks.try_acquire().map_err(|_| NoSignOn::Busy)?;
    let vault = app.live.keys.vault();
    let name = secret_name(&way.organization_id);
    let secret = vault.open_key(&name, &sign_on.client_secret).map_err(|_| NoSignOn::Secret)?;
    let secret = std::str::from_utf8(&secret).map_err(|_| NoSignOn::Secret)?;
    let secret = Zeroizing::new(secret.to_owned());
    let talk = Talk::new(sign_on)?;
    let endpoints: Endpoints = talk.endpoints().await?;
    // Before the code goes anywhere: it may be another provider's.
    endpoints.check_answering(brought.issuer)?;
    let callback = app.config.url(&callback_path(&way.organization_id));
    let proof = (brought.code, way.verifier.as_str());
    let tokens = talk.exchange(&endpoints, proof, &callback, &secret).await?;
    let keys = talk.keys(&endpoints).await?;
    let expected = Expected {
        issuer: sign_on.issuer.as_str(),
        client_id: &sign_on.client_id,
        nonce: &way.nonce,
        now_s: app.clock.now().as_secs(),
        fresh_from_s: way.fresh_from_s,
    };
    let vouched = id_token::check(&tokens.id_token, &keys, &expected)?;
    if vouched.email.is_some() {
        return Ok(vouched);
    }
    let about = talk.user(&endpoints, &tokens).await?;
    Ok(match about {
        Some(about) => vouched.completed(about),
        None => vouched,
    })
}

/// Under which name an organization's client secret is sealed.
pub(crate) fn secret_name(id: &OrganizationId) -> String {
    format!("sign-on/{id}")
}

/// Where the provider of an organization sends people back to. Each has an address of its own
/// (RFC 9700 §4.4.2.2): were it shared, a provider could send somebody on to another one, and get
/// the code that the other one hands out.
pub fn callback_path(id: &OrganizationId) -> String {
    format!("/sign-in/sso/{id}/callback")
}
