//! What was acknowledged, credential by credential. Whoever was not told how a change ended holds
//! neither outcome against anybody, and touches that credential no more.

use std::sync::{Mutex, PoisonError};

use hallpass_core::Credential;

use crate::site::Login;

/// What a credential looks like, as far as it was changed here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum State {
    /// Never made, or deleted.
    Absent,
    There(Look),
}

/// The look of one that is there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Look {
    pub(crate) status: &'static str,
    pub(crate) description: String,
    /// The retired ones too.
    pub(crate) secrets: usize,
    pub(crate) retired: usize,
}

/// One credential's page.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// No other has it.
    pub(crate) name: String,
    /// `None`: its making was not acknowledged.
    pub(crate) client_id: Option<String>,
    /// A login that works while it is active.
    pub(crate) login: Option<Login>,
    /// What it may be: one, unless somebody does not know how a change ended.
    pub(crate) may_be: Vec<State>,
}

impl Account {
    /// Nothing was made yet.
    pub(crate) fn open(name: String) -> Self {
        Self { name, client_id: None, login: None, may_be: vec![State::Absent] }
    }

    /// What it is, if that is known.
    pub(crate) fn state(&self) -> Option<&State> {
        match &self.may_be[..] {
            [state] => Some(state),
            _ => None,
        }
    }
}

impl State {
    /// A credential as the database has it.
    pub(crate) fn of(credential: Option<&Credential>) -> Self {
        credential.map_or(Self::Absent, |credential| {
            let retired = credential.secrets.iter().filter(|secret| secret.retired_at.is_some());
            Self::There(Look {
                status: credential.status.word(),
                description: credential.settings.description.as_str().to_owned(),
                secrets: credential.secrets.len(),
                retired: retired.count(),
            })
        })
    }
}

/// All accounts that are closed.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Vec<Account>>);

impl Ledger {
    /// Nobody changes it any more.
    pub(crate) fn close(&self, account: Account) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(account);
    }

    /// All that were closed so far.
    pub(crate) fn accounts(&self) -> Vec<Account> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
