//! Finds things by whatever people call them: id, name or audience. What is ambiguous is
//! refused, never guessed.

use anyhow::{Context, bail};
use hallpass_core::{
    Api, ClientId, Credential, Image, Organization, change::Key, credential::SecretRecord,
};
use hallpass_store::CredentialFilter;

use crate::installation::Installation;

impl Installation {
    /// An organization by id or name.
    pub(super) async fn organization(&self, called: &str) -> anyhow::Result<Organization> {
        let all = self.store.organizations().await?;
        let found =
            all.into_iter().find(|org| org.id.as_str() == called || org.name.as_str() == called);
        found.with_context(|| {
            format!("there is no organization {called:?}; see `hallpass organization list`")
        })
    }

    /// An API by id, audience or name.
    pub(super) async fn api(&self, called: &str) -> anyhow::Result<Api> {
        let all = self.store.apis().await?;
        let is = |api: &&Api| {
            api.id.as_str() == called
                || api.audience.comparable() == hallpass_core::api::comparable(called)
                || api.name.as_str() == called
        };
        let mut found = all.iter().filter(is);
        match (found.next(), found.next()) {
            (Some(api), None) => Ok(api.clone()),
            (Some(_), Some(_)) => bail!("several APIs are called {called:?}; use the audience"),
            _ => bail!("there is no API {called:?}; see `hallpass api list`"),
        }
    }

    /// A credential by client id, or by name if only one has it.
    pub(super) async fn credential(&self, called: &str) -> anyhow::Result<Credential> {
        if let Ok(client_id) = called.parse::<ClientId>() {
            let is_own = client_id.is_own();
            match self.store.image(&Key::Credential(client_id)).await? {
                Some(Image::Credential(credential)) => return Ok(*credential),
                _ if is_own => {
                    bail!("there is no credential {called}; see `hallpass credential list`")
                }
                // Many a name could be the id of an imported credential.
                _ => {}
            }
        }
        let filter =
            CredentialFilter { text: Some(called.to_owned()), ..CredentialFilter::default() };
        let mut named = self.store.credentials(&filter, None, 1000).await?;
        named.retain(|credential| credential.settings.name.as_str() == called);
        match named.len() {
            1 => Ok(named.remove(0)),
            0 => bail!("there is no credential {called:?}; see `hallpass credential list`"),
            _ => bail!("several credentials are called {called:?}; use the client id"),
        }
    }
}

/// A secret of a credential by id or by its last four characters.
pub(super) fn secret<'c>(
    credential: &'c Credential,
    called: &str,
) -> anyhow::Result<&'c SecretRecord> {
    let ends_so = |one: &SecretRecord| !one.last_four.is_empty() && one.last_four == called;
    let is = |one: &&SecretRecord| one.id.as_str() == called || ends_so(one);
    let mut found = credential.secrets.iter().filter(is);
    match (found.next(), found.next()) {
        (Some(secret), None) => Ok(secret),
        (Some(_), Some(_)) => bail!("several secrets end in {called:?}; use the secret's id"),
        _ => bail!(
            "the credential has no secret {called:?}; `hallpass credential show {}` lists them",
            credential.client_id
        ),
    }
}
