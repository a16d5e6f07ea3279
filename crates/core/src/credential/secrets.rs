//! What is kept of a secret: never the secret.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Generation;
use crate::{
    SecretId, Timestamp,
    secret::{ForeignDigest, Pepper, Secret, StoredDigest},
    text::Note,
};

/// Whether a secret opens anything.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SecretStatus {
    /// It does.
    Usable,
    /// Its own end date has passed.
    Expired,
    /// Somebody retired it.
    Retired,
}

impl SecretStatus {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Usable => "usable",
            Self::Expired => "expired",
            Self::Retired => "retired",
        }
    }
}

/// One secret of a credential.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct SecretRecord {
    /// Its id, by which people name it.
    pub id: SecretId,
    /// What is stored instead of the secret.
    pub digest: StoredDigest,
    /// The last four characters, for matching against a vault; empty until an imported secret is
    /// used for the first time.
    pub last_four: String,
    /// Where it was put, in its owner's words.
    #[serde(default)]
    pub note: Note,
    /// The generation under which it mints.
    pub generation: Generation,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it stops working, if ever. The tokens it minted end with it.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// When it was retired, if it was.
    #[serde(default)]
    pub retired_at: Option<Timestamp>,
    /// When somebody showed that they had found it, if anybody did.
    #[serde(default)]
    pub leaked_at: Option<Timestamp>,
    /// The expiry whose kill has been done.
    #[serde(default)]
    pub(super) expired_at: Option<Timestamp>,
}

/// A secret on its way into a credential, which will give it a generation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewSecret {
    pub(super) id: SecretId,
    pub(super) digest: StoredDigest,
    pub(super) last_four: String,
    /// Where it will be put, in its owner's words.
    pub note: Note,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
}

impl NewSecret {
    /// Digests the secret. The clear text stays with the caller, to be shown once.
    pub fn new(id: SecretId, secret: &Secret, pepper: &Pepper) -> Self {
        Self {
            id,
            digest: StoredDigest::Own(pepper.digest(secret)),
            last_four: secret.last_four(),
            note: Note::default(),
            expires_at: None,
        }
    }

    /// A secret of which another server kept this digest. Nobody here knows the secret.
    pub fn imported(id: SecretId, digest: ForeignDigest) -> Self {
        Self {
            id,
            digest: StoredDigest::Foreign(Arc::new(digest)),
            last_four: String::new(),
            note: Note::default(),
            expires_at: None,
        }
    }

    /// The id that the secret will have.
    pub fn id(&self) -> &SecretId {
        &self.id
    }

    pub(super) fn record(&self, generation: Generation, at: Timestamp, by: &str) -> SecretRecord {
        SecretRecord {
            id: self.id.clone(),
            digest: self.digest.clone(),
            last_four: self.last_four.clone(),
            note: self.note.clone(),
            generation,
            created_at: at,
            created_by: by.to_owned(),
            expires_at: self.expires_at,
            retired_at: None,
            leaked_at: None,
            expired_at: None,
        }
    }
}

impl SecretRecord {
    /// Whether it opens anything at `now`.
    pub fn status(&self, now: Timestamp) -> SecretStatus {
        if self.retired_at.is_some() {
            SecretStatus::Retired
        } else if self.expires_at.is_some_and(|at| at <= now) {
            SecretStatus::Expired
        } else {
            SecretStatus::Usable
        }
    }

    /// How people tell it from others: `…4Zta`.
    pub fn ends_in(&self) -> String {
        if self.last_four.is_empty() {
            "imported, not used yet".to_owned()
        } else {
            format!("…{}", self.last_four)
        }
    }

    pub(super) fn unhandled_expiry(&self) -> Option<Timestamp> {
        self.expires_at.filter(|at| self.retired_at.is_none() && self.expired_at != Some(*at))
    }
}
