//! Why a mutation is refused. Each message says what is wrong and what to do.

use crate::credential::Status;

/// Why a mutation was refused: the state is not what its maker thought.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Conflict {
    /// What it is about does not exist.
    #[error("no such {0}: it may have been deleted, or the id is mistyped")]
    NotFound(&'static str),
    /// The row is not as its maker has seen it.
    #[error("somebody changed it since you looked; look at it again before you change it")]
    ChangedMeanwhile,
    /// What it would make exists.
    #[error("{0} already exists")]
    AlreadyExists(&'static str),
    /// Another row has this value, which must be unique.
    #[error("{0} is taken; choose another")]
    Taken(&'static str),
    /// The step makes no sense in this state.
    #[error("cannot {verb} this credential: it is {is}{}", remedy(verb, is))]
    WrongStatus {
        /// What was to be done.
        verb: &'static str,
        /// What the credential is.
        is: &'static str,
    },
    /// The organization is already what it should become.
    #[error("the organization is already {0}")]
    AlreadyThere(&'static str),
    /// A pending credential waited too long.
    #[error("the pending credential has expired; make a new one")]
    PendingExpired,
    /// The credential has no secret of this id.
    #[error("the credential has no such secret; `credential show` lists its secrets")]
    NoSuchSecret,
    /// The secret is retired.
    #[error("the secret is already retired")]
    AlreadyRetired,
    /// Nothing would be left to log in with.
    #[error(
        "this is the credential's last usable secret: add another first, \
         or pause or revoke the credential"
    )]
    LastSecret,
    /// More than anybody needs.
    #[error("the credential has as many usable secrets as are allowed (10); retire one first")]
    TooManySecrets,
    /// More than anybody needs.
    #[error("there are as many {0} as are allowed; remove one first")]
    TooMany(&'static str),
    /// It works once, or until it expires.
    #[error("this {0} has been used, was replaced, or has expired; ask for a new one")]
    UsedUp(&'static str),
    /// The person belongs to the organization.
    #[error("this person is already a member")]
    AlreadyMember,
    /// The person was taken out of the organization, or has left it.
    #[error("this person has left the organization: invite them")]
    HasLeft,
    /// Nobody would be left to manage the organization.
    #[error("this is the organization's last owner: make somebody else an owner first")]
    LastOwner,
    /// Nothing was due.
    #[error("nothing has expired")]
    NothingExpired,
    /// Another node or person added a key in the meantime.
    #[error("the key ring was rotated meanwhile; look at `key list` before rotating again")]
    RotatedMeanwhile,
    /// The ring has no key of this kid.
    #[error("no such key; `key list` lists them")]
    NoSuchKey,
    /// The key is dead.
    #[error("the key is already killed")]
    AlreadyKilled,
    /// The ring would have nothing to sign with.
    #[error("killing this key would leave nothing to sign with; give a replacement")]
    NoSigningKey,
    /// Somebody else changed the master key in the meantime.
    #[error("the vault was changed meanwhile; start again")]
    VaultChanged,
}

impl Conflict {
    pub(crate) fn wrong_status(verb: &'static str, status: Status) -> Self {
        Self::WrongStatus { verb, is: status.word() }
    }
}

/// What to do instead; empty if nothing helps.
fn remedy(verb: &str, is: &str) -> &'static str {
    match (verb, is) {
        ("delete", _) => "; revoke it first",
        (_, "revoked") => ", for good; add a new one",
        _ => "",
    }
}
