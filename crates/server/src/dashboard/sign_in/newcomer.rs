//! The form of somebody who has no account yet: set-up, and invitations.

use hallpass_core::{Email, text::Name};
use serde::Deserialize;

use crate::{
    app::App, dashboard::typed::sentence, management::people::Newcomer, passwords::Password,
    web::error_page::PageError,
};

/// What was typed.
#[derive(Debug, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) email: String,
    pub(crate) password: Password,
}

/// What is wrong with it, for each field; empty if nothing is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Wrong {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) password: String,
}

impl Typed {
    /// Who they will be, or what is wrong.
    pub(crate) async fn newcomer(self, app: &App) -> Result<Result<Newcomer, Wrong>, PageError> {
        let name = self.name.parse::<Name>().map_err(|why| sentence(&why));
        let email = self.email.parse::<Email>().map_err(|why| sentence(&why));
        let strength = self.password.check(&[&self.name, &self.email]);
        let strength = strength.map_err(|why| sentence(&why));
        match (name, email, strength) {
            (Ok(name), Ok(email), Ok(())) => {
                let password = app.passwords.digest(self.password).await?;
                Ok(Ok(Newcomer { email, name, password }))
            }
            (name, email, strength) => Ok(Err(Wrong {
                name: name.err().unwrap_or_default(),
                email: email.err().unwrap_or_default(),
                password: strength.err().unwrap_or_default(),
            })),
        }
    }
}
