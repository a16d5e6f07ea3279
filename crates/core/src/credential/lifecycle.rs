//! The steps of a credential's life, each refused in the states where it makes no sense. Every
//! step that kills does so here, so that none can forget the feed.

use super::{
    APPROVAL_S, Credential, PENDING_S, SECRETS_AT_MOST, Settings, Status, secrets::NewSecret,
};
use crate::{
    ClientId, Conflict, Installation, OrganizationId, SecretId, Timestamp,
    secret::{ForeignDigest, Proven, StoredDigest},
    text::Note,
};

/// What retiring a secret does to the tokens that it has minted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LiveTokens {
    /// They live until they expire.
    Keep,
    /// They die at once.
    Kill,
}

impl Credential {
    /// A pending credential with its first secret. It gets no tokens until it is activated.
    pub fn pending(
        client_id: ClientId,
        organization_id: OrganizationId,
        settings: Settings,
        secret: &NewSecret,
        made: (Timestamp, &str),
    ) -> Self {
        let (now, by) = made;
        Self {
            client_id,
            organization_id,
            status: Status::Pending { expires_at: now.plus_secs(PENDING_S) },
            settings,
            secrets: vec![secret.record(1, now, by)],
            created_at: now,
            created_by: by.to_owned(),
            approval_asked_by: None,
            generation: 1,
            dead: Vec::new(),
            all_dead_until: None,
            expired_at: None,
        }
    }

    /// A credential that another server has made: active at once, since it is in use there.
    pub fn imported(
        client_id: ClientId,
        organization_id: OrganizationId,
        settings: Settings,
        secret: &NewSecret,
        made: (Timestamp, &str),
    ) -> Self {
        let pending = Self::pending(client_id, organization_id, settings, secret, made);
        Self { status: Status::Active, ..pending }
    }

    /// Lets a pending credential get tokens.
    pub fn activate(mut self, now: Timestamp) -> Result<Self, Conflict> {
        match self.status {
            Status::Pending { expires_at } if now < expires_at => {
                self.status = Status::Active;
                self.approval_asked_by = None;
                Ok(self)
            }
            Status::Pending { .. } => Err(Conflict::PendingExpired),
            status => Err(Conflict::wrong_status("activate", status)),
        }
    }

    /// Lets a pending credential wait longer, until somebody activates or discards it.
    pub fn ask_approval(mut self, now: Timestamp, by: &str) -> Result<Self, Conflict> {
        match self.status {
            Status::Pending { expires_at } if now < expires_at => {
                self.status = Status::Pending { expires_at: now.plus_secs(APPROVAL_S) };
                self.approval_asked_by = Some(by.to_owned());
                Ok(self)
            }
            Status::Pending { .. } => Err(Conflict::PendingExpired),
            status => Err(Conflict::wrong_status("ask approval for", status)),
        }
    }

    /// Changes what people may change. An end date in the past kills at once.
    pub fn update(
        mut self,
        settings: Settings,
        inst: &Installation,
        now: Timestamp,
    ) -> Result<Self, Conflict> {
        self.refuse_revoked("change")?;
        self.settings = settings;
        if self.next_expiry().is_some_and(|at| at <= now) {
            self.expire(inst, now)
        } else {
            Ok(self)
        }
    }

    /// Refuses new tokens and kills the live ones, until resumed.
    pub fn pause(mut self, inst: &Installation, now: Timestamp) -> Result<Self, Conflict> {
        if self.status != Status::Active {
            return Err(Conflict::wrong_status("pause", self.status));
        }
        self.status = Status::Paused;
        self.kill_all(inst.until(now));
        Ok(self)
    }

    /// Lets a paused credential get tokens again. What was killed stays dead: the secrets mint
    /// under fresh generations.
    pub fn resume(mut self, inst: &Installation, now: Timestamp) -> Result<Self, Conflict> {
        if self.status != Status::Paused {
            return Err(Conflict::wrong_status("resume", self.status));
        }
        self.forget_expired(now);
        self.status = Status::Active;
        self.end_kill_all();
        self.kill_all_generations(inst.until(now));
        Ok(self)
    }

    /// Ends the credential for good and kills all of its tokens.
    pub fn revoke(mut self, inst: &Installation, now: Timestamp) -> Result<Self, Conflict> {
        self.refuse_revoked("revoke")?;
        self.status = Status::Revoked { at: now };
        self.kill_all(inst.until(now));
        Ok(self)
    }

    /// Whether the row may be removed: only after a revoke.
    pub fn may_be_deleted(&self) -> Result<(), Conflict> {
        match self.status {
            Status::Revoked { .. } => Ok(()),
            status => Err(Conflict::wrong_status("delete", status)),
        }
    }

    /// Adds a secret. Never kills anything; but an overlap without an end would be a hole, so
    /// the secrets that it replaces may be given an end date.
    pub fn add_secret(
        mut self,
        new: &NewSecret,
        others_expire_at: Option<Timestamp>,
        made: (Timestamp, &str),
    ) -> Result<Self, Conflict> {
        let (now, by) = made;
        self.refuse_revoked("add a secret to")?;
        if self.usable_secrets(now).count() >= SECRETS_AT_MOST {
            return Err(Conflict::TooManySecrets);
        }
        if let Some(end) = others_expire_at {
            for secret in self.secrets.iter_mut().filter(|secret| secret.retired_at.is_none()) {
                secret.expires_at = Some(secret.expires_at.map_or(end, |at| at.min(end)));
            }
        }
        let generation = self.fresh_generation();
        self.secrets.push(new.record(generation, now, by));
        Ok(self)
    }

    /// Retires a secret: it gets no more tokens.
    pub fn retire_secret(
        mut self,
        id: &SecretId,
        live: LiveTokens,
        inst: &Installation,
        now: Timestamp,
    ) -> Result<Self, Conflict> {
        self.refuse_revoked("retire a secret of")?;
        let at = self.position(id)?;
        if self.secrets[at].retired_at.is_some() && live == LiveTokens::Keep {
            return Err(Conflict::AlreadyRetired);
        }
        let others = self.usable_secrets(now).filter(|secret| secret.id != *id).count();
        if others == 0 && self.secrets[at].retired_at.is_none() {
            return Err(Conflict::LastSecret);
        }
        self.secrets[at].retired_at.get_or_insert(now);
        if live == LiveTokens::Kill {
            self.forget_expired(now);
            self.kill(self.secrets[at].generation, inst.until(now));
        }
        Ok(self)
    }

    /// Retires a secret that strangers have seen. That it may be the last one is no reason to
    /// leave it alive.
    pub fn retire_leaked_secret(
        mut self,
        id: &SecretId,
        inst: &Installation,
        now: Timestamp,
    ) -> Result<Self, Conflict> {
        self.refuse_revoked("retire a secret of")?;
        let at = self.position(id)?;
        if self.secrets[at].leaked_at.is_some() {
            return Err(Conflict::AlreadyRetired);
        }
        self.secrets[at].retired_at.get_or_insert(now);
        self.secrets[at].leaked_at = Some(now);
        self.forget_expired(now);
        self.kill(self.secrets[at].generation, inst.until(now));
        Ok(self)
    }

    /// Puts our digest in the place of the foreign one by which a secret was just proven. Kills
    /// nothing: it is the same secret.
    pub fn upgrade_secret(
        mut self,
        id: &SecretId,
        was: &ForeignDigest,
        proven: &Proven,
    ) -> Result<Self, Conflict> {
        self.refuse_revoked("upgrade a secret of")?;
        let at = self.position(id)?;
        let secret = &mut self.secrets[at];
        match &secret.digest {
            StoredDigest::Foreign(now) if **now == *was => {}
            _ => return Err(Conflict::ChangedMeanwhile),
        }
        secret.digest = StoredDigest::Own(proven.digest);
        secret.last_four.clone_from(&proven.last_four);
        Ok(self)
    }

    /// Says where a secret is kept.
    pub fn note_secret(mut self, id: &SecretId, note: Note) -> Result<Self, Conflict> {
        self.refuse_revoked("change a secret of")?;
        let at = self.position(id)?;
        self.secrets[at].note = note;
        Ok(self)
    }

    /// Kills the live tokens of one secret and keeps the secret.
    pub fn kill_tokens(
        mut self,
        id: &SecretId,
        inst: &Installation,
        now: Timestamp,
    ) -> Result<Self, Conflict> {
        self.refuse_revoked("kill tokens of")?;
        let at = self.position(id)?;
        self.forget_expired(now);
        self.kill(self.secrets[at].generation, inst.until(now));
        self.secrets[at].generation = self.fresh_generation();
        Ok(self)
    }

    /// Does the kills that are due because something has expired. Token expiries are capped by
    /// these dates already; the kill catches the tokens of a date that was brought forward.
    pub fn expire(mut self, inst: &Installation, now: Timestamp) -> Result<Self, Conflict> {
        if self.next_expiry().is_none_or(|at| at > now) {
            return Err(Conflict::NothingExpired);
        }
        self.forget_expired(now);
        if self.has_expired(now) {
            self.expired_at = self.settings.expires_at;
            self.kill_all_generations(inst.until(now));
        }
        for at in 0..self.secrets.len() {
            if self.secrets[at].unhandled_expiry().is_some_and(|end| end <= now) {
                self.secrets[at].expired_at = self.secrets[at].expires_at;
                self.kill(self.secrets[at].generation, inst.until(now));
                self.secrets[at].generation = self.fresh_generation();
            }
        }
        Ok(self)
    }

    fn refuse_revoked(&self, verb: &'static str) -> Result<(), Conflict> {
        match self.status {
            Status::Revoked { .. } => Err(Conflict::wrong_status(verb, self.status)),
            _ => Ok(()),
        }
    }

    fn position(&self, id: &SecretId) -> Result<usize, Conflict> {
        self.secrets.iter().position(|secret| secret.id == *id).ok_or(Conflict::NoSuchSecret)
    }
}
