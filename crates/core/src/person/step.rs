//! The steps of a person's life, and what each does to their means of proof. Every change of a
//! means that others could hold ends the sessions that it may have begun.

use super::{Link, PASSKEYS_AT_MOST, Passkey, PasswordDigest, Person, Subject};
use crate::{Conflict, Timestamp, opaque::OpaqueDigest, text::Name};

/// Something that happens to a person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PersonStep {
    /// They are called otherwise.
    Rename(Name),
    /// They set a password; a link that let them in is used up, and every session ends.
    SetPassword(PasswordDigest),
    /// They add a passkey.
    AddPasskey(Box<Passkey>),
    /// A passkey let them in: its counter moved.
    UsePasskey {
        /// Which.
        id: String,
        /// What the WebAuthn library keeps of it from now on.
        state: serde_json::Value,
    },
    /// A passkey is called otherwise.
    RenamePasskey {
        /// Which.
        id: String,
        /// How from now on.
        name: Name,
    },
    /// They remove a passkey; every session ends.
    RemovePasskey {
        /// Which.
        id: String,
    },
    /// They get new recovery codes in place of the old ones.
    SetRecoveryCodes(Vec<OpaqueDigest>),
    /// A recovery code let them in, and is used up.
    UseRecoveryCode(OpaqueDigest),
    /// A link is sent or shown to them, in place of an earlier one.
    SetLink(Link),
    /// The link let them in, and is used up. Whoever needed one has lost what let them in before,
    /// and somebody else may have found it: they start over.
    UseLink(OpaqueDigest),
    /// Somebody else may hold what let them in, and from now on does not.
    StartOver,
    /// An OpenID Connect provider vouched for them for the first time.
    AddSubject(Subject),
    /// Power over the installation is given or taken. Whoever gets it starts over: an address is a
    /// name that anybody may have given to an account of theirs.
    SetOperator(bool),
    /// They sign out everywhere.
    EndSessions,
}

impl Person {
    /// The person after a step, or why it cannot be taken.
    pub fn after(mut self, step: &PersonStep, now: Timestamp) -> Result<Self, Conflict> {
        match step {
            PersonStep::Rename(name) => self.name = name.clone(),
            PersonStep::SetPassword(digest) => {
                self.password = Some(digest.clone());
                self.link = None;
                self.end_sessions(now);
            }
            PersonStep::AddPasskey(passkey) => {
                if self.passkey(&passkey.id).is_some() {
                    return Err(Conflict::AlreadyExists("the passkey"));
                }
                if self.passkeys.len() >= PASSKEYS_AT_MOST {
                    return Err(Conflict::TooMany("passkeys"));
                }
                self.passkeys.push((**passkey).clone());
            }
            PersonStep::UsePasskey { id, state } => {
                let passkey = self.passkeys.iter_mut().find(|passkey| passkey.id == *id);
                let passkey = passkey.ok_or(Conflict::NotFound("passkey"))?;
                passkey.state = state.clone();
                passkey.last_used_at = Some(now);
            }
            PersonStep::RenamePasskey { id, name } => {
                let passkey = self.passkeys.iter_mut().find(|passkey| passkey.id == *id);
                passkey.ok_or(Conflict::NotFound("passkey"))?.name = name.clone();
            }
            PersonStep::RemovePasskey { id } => {
                let before = self.passkeys.len();
                self.passkeys.retain(|passkey| passkey.id != *id);
                if self.passkeys.len() == before {
                    return Err(Conflict::NotFound("passkey"));
                }
                self.end_sessions(now);
            }
            PersonStep::SetRecoveryCodes(codes) => self.recovery_codes = codes.clone(),
            PersonStep::UseRecoveryCode(code) => {
                // Decided inside the store's transaction: a code opens one session, not two.
                let at = self.recovery_codes.iter().position(|known| known == code);
                self.recovery_codes.remove(at.ok_or(Conflict::UsedUp("recovery code"))?);
            }
            PersonStep::SetLink(link) => self.link = Some(link.clone()),
            PersonStep::UseLink(digest) => {
                if !self.is_let_in_by(digest, now) {
                    return Err(Conflict::UsedUp("link"));
                }
                self.start_over(now);
            }
            PersonStep::StartOver => self.start_over(now),
            PersonStep::AddSubject(subject) => {
                if self.subjects.contains(subject) {
                    return Err(Conflict::AlreadyExists("the link to the provider"));
                }
                self.subjects.push(subject.clone());
            }
            PersonStep::SetOperator(true) => {
                self.is_operator = true;
                self.start_over(now);
            }
            PersonStep::SetOperator(false) => {
                self.is_operator = false;
                self.end_sessions(now);
            }
            PersonStep::EndSessions => self.end_sessions(now),
        }
        Ok(self)
    }

    /// Nothing that let them in before does so any more.
    fn start_over(&mut self, now: Timestamp) {
        self.password = None;
        self.passkeys.clear();
        self.recovery_codes.clear();
        self.subjects.clear();
        self.link = None;
        self.end_sessions(now);
    }

    /// Sessions are told apart by when they began, in milliseconds, so that one begun together
    /// with this is over too: whoever ends sessions begins theirs afterwards.
    fn end_sessions(&mut self, now: Timestamp) {
        self.sessions_from = Timestamp::from_millis(now.as_millis() + 1);
    }
}

impl PersonStep {
    /// What the audit log calls it.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Rename(_) => "person.rename",
            Self::SetPassword(_) => "person.set_password",
            Self::AddPasskey(_) => "person.add_passkey",
            Self::UsePasskey { .. } => "person.use_passkey",
            Self::RenamePasskey { .. } => "person.rename_passkey",
            Self::RemovePasskey { .. } => "person.remove_passkey",
            Self::SetRecoveryCodes(_) => "person.set_recovery_codes",
            Self::UseRecoveryCode(_) => "person.use_recovery_code",
            Self::SetLink(_) => "person.set_link",
            Self::UseLink(_) => "person.use_link",
            Self::StartOver => "person.start_over",
            Self::AddSubject(_) => "person.add_subject",
            Self::SetOperator(_) => "person.set_operator",
            Self::EndSessions => "person.end_sessions",
        }
    }

    /// What the audit log says beside: nothing by which anybody could get in.
    pub fn detail(&self) -> serde_json::Value {
        match self {
            Self::Rename(name) => serde_json::json!({ "name": name }),
            Self::AddPasskey(passkey) => serde_json::json!({ "passkey": passkey.name }),
            Self::UsePasskey { id, .. } | Self::RemovePasskey { id } => {
                serde_json::json!({ "passkey": id })
            }
            Self::RenamePasskey { id, name } => {
                serde_json::json!({ "passkey": id, "name": name })
            }
            Self::AddSubject(subject) => serde_json::json!({ "issuer": subject.issuer }),
            Self::SetOperator(is_operator) => serde_json::json!({ "operator": is_operator }),
            Self::SetLink(link) => serde_json::json!({ "expires_at": link.expires_at }),
            _ => serde_json::json!({}),
        }
    }
}
