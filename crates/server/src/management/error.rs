//! Why an act was not done. Each front gives these its own shape: a page, problem details, or a
//! line at the terminal.

use hallpass_core::{Conflict, organization::PolicyViolation, vault::VaultError};
use hallpass_store::StoreError;

use super::Denied;
use crate::rotation::RotationError;

/// Why an act was not done. Each message says what happened and what to do.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ManagementError {
    /// It does not exist, or the caller must not learn that it does.
    #[error("there is no such {0}, or you have no access to it")]
    NotFound(&'static str),
    /// The caller may not.
    #[error("you may not {0}: ask an owner or admin of the organization")]
    Forbidden(&'static str),
    /// Only operators may.
    #[error("only an operator of this installation may do this")]
    NotOperator,
    /// A value that was given is wrong.
    #[error("{field}: {why}")]
    Invalid {
        /// Which, by its name in forms and in JSON.
        field: &'static str,
        /// What is wrong with it and what would be right.
        why: String,
    },
    /// The organization's policy does not allow it.
    #[error(transparent)]
    Policy(#[from] PolicyViolation),
    /// The state is not what the caller thought.
    #[error(transparent)]
    Conflict(Conflict),
    /// Something could not be made, sealed or opened: a defect, or a vault that is damaged.
    #[error("{0}")]
    Key(String),
    /// The store.
    #[error(transparent)]
    Store(StoreError),
}

impl ManagementError {
    /// A refused value.
    pub fn invalid(field: &'static str, why: impl ToString) -> Self {
        Self::Invalid { field, why: why.to_string() }
    }

    /// What a caller is told who may not; `what` is what they asked about.
    pub(crate) fn denied(denied: Denied, what: &'static str) -> Self {
        match denied {
            Denied::Foreign => Self::NotFound(what),
            Denied::Lacking(permission) => Self::Forbidden(permission.verb()),
            Denied::NoOperator => Self::NotOperator,
        }
    }
}

impl From<Conflict> for ManagementError {
    fn from(conflict: Conflict) -> Self {
        match conflict {
            Conflict::NotFound(what) => Self::NotFound(what),
            other => Self::Conflict(other),
        }
    }
}

impl From<VaultError> for ManagementError {
    fn from(error: VaultError) -> Self {
        Self::Key(error.to_string())
    }
}

impl From<RotationError> for ManagementError {
    fn from(error: RotationError) -> Self {
        match error {
            RotationError::Store(error) => error.into(),
            other => Self::Key(other.to_string()),
        }
    }
}
