//! What each mutation does to the row that it is about. Rules of a credential's own life are in
//! `credential`; here is what the feed and the audit log hear of them.

use hallpass_token::{
    feed::{self, Entry, Subject},
    revocation::Handle,
};
use serde_json::json;

use super::{Conflict, Mutation, people};
use crate::{
    Api, Credential, Installation, Organization, Timestamp,
    audit::Deed,
    change::{Effect, Image, Key},
    credential::{LiveTokens, Status},
    organization::OrganizationStatus,
    ring::Ring,
};

/// What a mutation comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// What becomes of the row.
    pub effect: Effect,
    /// What dies.
    pub death: Option<Entry>,
    /// What the audit log says.
    pub deed: Deed,
}

/// The moment and the maker of a mutation.
#[derive(Clone, Copy, Debug)]
pub struct Made<'a> {
    /// When.
    pub at: Timestamp,
    /// By whom, in words.
    pub by: &'a str,
}

impl Mutation {
    /// Decides what the mutation does to the row as it is now. Same inputs, same outcome.
    pub fn apply(
        &self,
        current: Option<Image>,
        inst: &Installation,
        made: Made<'_>,
    ) -> Result<Outcome, Conflict> {
        if let Self::IfUnchanged(seen, then) = self {
            return match &current {
                Some(image) if image.version() == *seen => then.apply(current, inst, made),
                _ => Err(Conflict::ChangedMeanwhile),
            };
        }
        match (self.key(), current) {
            (Key::Organization(_), None) => self.on_organization(None, inst, made),
            (Key::Organization(_), Some(Image::Organization(now))) => {
                self.on_organization(Some(now), inst, made)
            }
            (Key::Api(_), None) => self.on_api(None),
            (Key::Api(_), Some(Image::Api(now))) => self.on_api(Some(now)),
            (Key::Credential(_), None) => self.on_credential(None, inst, made),
            (Key::Credential(_), Some(Image::Credential(now))) => {
                self.on_credential(Some(*now), inst, made)
            }
            (Key::Ring(algorithm), None) => self.on_ring(Ring::new(algorithm), inst, made.at),
            (Key::Ring(_), Some(Image::Ring(now))) => self.on_ring(now, inst, made.at),
            (Key::Person(_), None) => self.on_person(None, made.at),
            (Key::Person(_), Some(Image::Person(now))) => self.on_person(Some(*now), made.at),
            (Key::Session(_), None) => self.on_session(None, made.at),
            (Key::Session(_), Some(Image::Session(now))) => self.on_session(Some(*now), made.at),
            (Key::Vault, now) => self.on_vault(now),
            _ => Err(Conflict::NotFound("row of this kind")),
        }
    }

    fn on_organization(
        &self,
        current: Option<Organization>,
        inst: &Installation,
        made: Made<'_>,
    ) -> Result<Outcome, Conflict> {
        let missing = || Conflict::NotFound("organization");
        let switch = |to: OrganizationStatus, word, action| {
            let mut organization = current.clone().ok_or_else(missing)?;
            if organization.status == to {
                return Err(Conflict::AlreadyThere(word));
            }
            organization.status = to;
            if to == OrganizationStatus::Suspended {
                organization.suspended_at = Some(made.at);
            }
            let death = Some(organization.death(inst, made.at));
            Ok(Outcome::put(Image::Organization(organization), death, action, json!({})))
        };
        match self {
            Self::AddOrganization(_) if current.is_some() => {
                Err(Conflict::AlreadyExists("the organization"))
            }
            Self::AddOrganization(new) => {
                let detail = json!({ "name": new.name });
                let image = Image::Organization(new.clone());
                Ok(Outcome::put(image, None, "organization.add", detail))
            }
            Self::ChangeOrganization(_, step) => {
                let organization = current.ok_or_else(missing)?.after(step, made.at)?;
                let image = Image::Organization(organization);
                Ok(Outcome::put(image, None, step.action(), step.detail()))
            }
            Self::SuspendOrganization(_) => {
                switch(OrganizationStatus::Suspended, "suspended", "organization.suspend")
            }
            _ => switch(OrganizationStatus::Active, "active", "organization.resume"),
        }
    }

    fn on_api(&self, current: Option<Api>) -> Result<Outcome, Conflict> {
        let (api, action) = match (self, current) {
            (Self::AddApi(_), Some(_)) => return Err(Conflict::AlreadyExists("the API")),
            (Self::UpdateApi(_), None) => return Err(Conflict::NotFound("API")),
            (Self::AddApi(api), None) => (api, "api.add"),
            (Self::UpdateApi(api), Some(_)) => (api, "api.update"),
            _ => return Err(Conflict::NotFound("API")),
        };
        let detail = json!({
            "name": api.name,
            "audience": api.audience,
            "scopes": api.scopes,
            "scope_descriptions": api.scope_descriptions,
            "token_lifetime_s": api.token_lifetime_s,
            "algorithm": api.algorithm,
            "token_type": api.token_type,
        });
        Ok(Outcome::put(Image::Api(api.clone()), None, action, detail))
    }

    fn on_credential(
        &self,
        current: Option<Credential>,
        inst: &Installation,
        made: Made<'_>,
    ) -> Result<Outcome, Conflict> {
        if let Self::AddCredential(new) | Self::ImportCredential(new, _) = self {
            if current.is_some() {
                return Err(Conflict::AlreadyExists("the credential"));
            }
            let mut detail = json!({ "name": new.settings.name, "status": new.status.word() });
            let mut action = "credential.add";
            if let Self::ImportCredential(_, source) = self {
                detail["from"] = json!(source.word());
                action = "credential.import";
            }
            return Ok(Outcome::put(Image::Credential(new.clone()), None, action, detail));
        }
        let now = current.ok_or(Conflict::NotFound("credential"))?;
        let removed = |now: &Credential, death, action| Outcome {
            effect: Effect::Removed(Key::Credential(now.client_id.clone())),
            death,
            deed: deed_of(now, action, json!({ "name": now.settings.name })),
        };
        match self {
            Self::DeleteCredential(_) => {
                now.may_be_deleted()?;
                let death = Some(now.last_words(inst, made.at));
                Ok(removed(&now, death, "credential.delete"))
            }
            // A pending credential never got a token, so nothing of it needs to die.
            Self::ExpireCredential(_) if matches!(now.status, Status::Pending { .. }) => {
                if now.next_expiry().is_some_and(|at| at <= made.at) {
                    Ok(removed(&now, None, "credential.pending_expired"))
                } else {
                    Err(Conflict::NothingExpired)
                }
            }
            Self::DiscardCredential(_) => match now.status {
                Status::Pending { .. } => Ok(removed(&now, None, "credential.discard")),
                status => Err(Conflict::wrong_status("discard", status)),
            },
            Self::RevokeToken { jti, exp_s, .. } => Ok(Outcome {
                effect: Effect::None,
                death: Some(Entry {
                    subject: Subject::Token { handle: Handle::of(jti) },
                    until_s: feed::until_s(*exp_s),
                }),
                deed: deed_of(&now, "token.revoke", json!({ "jti": jti })),
            }),
            _ => self.on_living_credential(now, inst, made),
        }
    }

    /// The steps that leave a credential behind, changed.
    fn on_living_credential(
        &self,
        now: Credential,
        inst: &Installation,
        made: Made<'_>,
    ) -> Result<Outcome, Conflict> {
        let before = now.death();
        let at = made.at;
        let mut detail = json!({});
        let (next, action) = match self {
            Self::ActivateCredential(_) => (now.activate(at)?, "credential.activate"),
            Self::AskApproval(_) => (now.ask_approval(at, made.by)?, "credential.ask_approval"),
            Self::UpdateCredential(_, settings) => {
                detail = json!({ "settings": settings });
                (now.update((**settings).clone(), inst, at)?, "credential.update")
            }
            Self::PauseCredential(_) => (now.pause(inst, at)?, "credential.pause"),
            Self::ResumeCredential(_) => (now.resume(inst, at)?, "credential.resume"),
            Self::RevokeCredential(_) => (now.revoke(inst, at)?, "credential.revoke"),
            Self::ExpireCredential(_) => (now.expire(inst, at)?, "credential.expire"),
            Self::AddSecret { secret, others_expire_at, .. } => {
                detail = json!({ "secret": secret.id(), "others_expire_at": others_expire_at });
                (now.add_secret(secret, *others_expire_at, (at, made.by))?, "secret.add")
            }
            Self::RetireSecret { secret_id, live, .. } => {
                let killed = *live == LiveTokens::Kill;
                detail = json!({ "secret": secret_id, "tokens_killed": killed });
                (now.retire_secret(secret_id, *live, inst, at)?, "secret.retire")
            }
            Self::RetireLeakedSecret { secret_id, .. } => {
                detail = json!({ "secret": secret_id });
                (now.retire_leaked_secret(secret_id, inst, at)?, "secret.leaked")
            }
            Self::NoteSecret { secret_id, note, .. } => {
                detail = json!({ "secret": secret_id, "note": note });
                (now.note_secret(secret_id, note.clone())?, "secret.note")
            }
            Self::KillTokens { secret_id, .. } => {
                detail = json!({ "secret": secret_id });
                (now.kill_tokens(secret_id, inst, at)?, "secret.kill_tokens")
            }
            Self::UpgradeSecret { secret_id, was, proven, .. } => {
                detail = json!({ "secret": secret_id, "was": was.kind() });
                (now.upgrade_secret(secret_id, was, proven)?, "secret.upgrade")
            }
            _ => return Err(Conflict::NotFound("credential")),
        };
        // The feed speaks only when it has something new to say.
        let death = next.death().filter(|entry| before.as_ref() != Some(entry));
        Ok(Outcome::put(Image::Credential(Box::new(next)), death, action, detail))
    }

    fn on_ring(
        &self,
        ring: Ring,
        inst: &Installation,
        now: Timestamp,
    ) -> Result<Outcome, Conflict> {
        match self {
            Self::AddKey { key, after } => {
                let detail = json!({ "kid": key.kid, "signs_from": key.signs_from });
                let ring = ring.add((**key).clone(), after.as_deref())?;
                Ok(Outcome::put(Image::Ring(ring), None, "key.add", detail))
            }
            Self::KillKey { kid, replacement, .. } => {
                let new = replacement.as_deref().cloned();
                let detail = json!({ "kid": kid, "replacement": new.as_ref().map(|key| &key.kid) });
                let ring = ring.kill(kid, new, now)?;
                let death = Some(Ring::death(kid, inst, now));
                Ok(Outcome::put(Image::Ring(ring), death, "key.kill", detail))
            }
            _ => {
                let image = Image::Ring(ring.without_gone(inst, now));
                Ok(Outcome::put(image, None, "key.drop_gone", json!({})))
            }
        }
    }

    fn on_vault(&self, current: Option<Image>) -> Result<Outcome, Conflict> {
        let Self::SetVault { vault, replaces } = self else {
            return Err(Conflict::VaultChanged);
        };
        let sealed_under = match &current {
            Some(Image::Vault(vault)) => Some(vault.sealed_under.clone()),
            _ => None,
        };
        if sealed_under != *replaces {
            return Err(Conflict::VaultChanged);
        }
        let detail = json!({ "sealed_under": vault.sealed_under });
        Ok(Outcome::put(Image::Vault(vault.clone()), None, "vault.set", detail))
    }
}

impl Outcome {
    pub(super) fn put(
        image: Image,
        death: Option<Entry>,
        action: &'static str,
        detail: serde_json::Value,
    ) -> Self {
        let deed = match &image {
            Image::Credential(credential) => deed_of(credential, action, detail),
            Image::Organization(organization) => Deed {
                action,
                subject: organization.id.to_string(),
                organization_id: Some(organization.id.clone()),
                detail,
            },
            Image::Api(api) => {
                Deed { action, subject: api.id.to_string(), organization_id: None, detail }
            }
            Image::Ring(ring) => {
                Deed { action, subject: ring.algorithm.to_string(), organization_id: None, detail }
            }
            Image::Person(person) => {
                Deed { action, subject: person.id.to_string(), organization_id: None, detail }
            }
            Image::Session(session) => people::deed_of_session(session, action, detail),
            Image::Vault(_) => {
                Deed { action, subject: "vault".to_owned(), organization_id: None, detail }
            }
        };
        Self { effect: Effect::Put(image), death, deed }
    }
}

fn deed_of(credential: &Credential, action: &'static str, detail: serde_json::Value) -> Deed {
    Deed {
        action,
        subject: credential.client_id.to_string(),
        organization_id: Some(credential.organization_id.clone()),
        detail,
    }
}
