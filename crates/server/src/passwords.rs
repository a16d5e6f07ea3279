//! Passwords of people: digested slowly (argon2id), a few at a time, and refused when a guesser
//! would find them. Secrets of credentials are another matter: those cannot be guessed at all.

use std::{sync::Arc, time::Duration};

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use hallpass_core::person::PasswordDigest;
use serde::Deserialize;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;
use zxcvbn::{Score, zxcvbn};

use crate::entropy;

/// In characters.
pub const LENGTH_AT_LEAST: usize = 12;

/// In characters. Longer ones are no stronger.
pub const LENGTH_AT_MOST: usize = 256;

/// How many characters the estimator looks at: its work grows faster than the length.
const ESTIMATED: usize = 72;

/// How long a password waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// The digest of no password, checked where there is none to check, so that neither an unknown
/// address nor a person without a password answers sooner than a wrong password.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IG5vYm9keSEhIQ$\
                       AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password in the clear: digested or compared, then dropped. Prints nothing.
#[derive(Deserialize)]
#[serde(from = "String")]
pub struct Password(Zeroizing<String>);

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Why a password is not taken. Each message says what would be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WeakPassword {
    /// Too few characters.
    #[error("use at least {LENGTH_AT_LEAST} characters; several words are easy to remember")]
    TooShort,
    /// Too many characters.
    #[error("use at most {LENGTH_AT_MOST} characters")]
    TooLong,
    /// A guesser would find it.
    #[error(
        "this is easily guessed: {0} Try several words that have nothing to do with each other"
    )]
    Guessable(String),
}

/// All turns were taken for too long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Busy;

impl Password {
    /// Whether a person may have this password. `known` is what guessers know of them: their
    /// address, their name.
    pub fn check(&self, known: &[&str]) -> Result<(), WeakPassword> {
        let length = self.0.chars().count();
        if length < LENGTH_AT_LEAST {
            return Err(WeakPassword::TooShort);
        }
        if length > LENGTH_AT_MOST {
            return Err(WeakPassword::TooLong);
        }
        let head: Zeroizing<String> = Zeroizing::new(self.0.chars().take(ESTIMATED).collect());
        let known = known.iter().copied().chain(["hallpass"]);
        let parts: Vec<&str> =
            known.flat_map(|text| text.split(['@', '.', ' ', '-']).chain([text])).collect();
        let estimate = zxcvbn(&head, &parts);
        if estimate.score() >= Score::Three {
            return Ok(());
        }
        let why = estimate.feedback().and_then(|feedback| feedback.warning());
        let why = why.map_or_else(|| "it has too little in it.".to_owned(), |why| why.to_string());
        Err(WeakPassword::Guessable(why))
    }
}

/// Turns at the work that passwords take: each needs 19 MiB and tens of milliseconds, and
/// strangers must not be able to ask for all of the machine.
#[derive(Debug)]
pub struct Passwords {
    turns: Arc<Semaphore>,
}

impl Passwords {
    /// At most this many at once.
    pub fn new(at_once: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(at_once)) }
    }

    /// The digest to store.
    pub async fn digest(&self, password: Password) -> Result<PasswordDigest, Busy> {
        let salt = entropy::bytes::<16>();
        self.take_turn(move || {
            let digest = Argon2::default().hash_password_with_salt(password.0.as_bytes(), &salt);
            // Fails only for parameters that are not the defaults.
            digest.map(|digest| PasswordDigest(digest.to_string())).map_err(|_| Busy)
        })
        .await?
    }

    /// Whether it is the password of this digest. Takes as long where there is none.
    pub async fn matches(
        &self,
        password: Password,
        digest: Option<&PasswordDigest>,
    ) -> Result<bool, Busy> {
        let known = digest.map(|digest| digest.0.clone());
        self.take_turn(move || {
            let digest = PasswordHash::new(known.as_deref().unwrap_or(NOBODYS));
            let matches = digest.is_ok_and(|digest| {
                Argon2::default().verify_password(password.0.as_bytes(), &digest).is_ok()
            });
            matches && known.is_some()
        })
        .await
    }

    async fn take_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(Busy) };
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            // Kept to the end of the work, even if whoever waits for it has gone.
            drop(turn);
            done
        });
        done.await.map_err(|_| Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::from(text.to_owned())
    }

    #[test]
    fn passwords_that_guessers_try_are_refused() {
        let known = ["grace.hopper@example.com", "Grace Hopper"];
        for (text, ok) in [
            ("", false),
            ("k7#Vq9!zLm2", false), // Eleven characters.
            ("passwordpassword", false),
            ("Password1234!", false),
            ("qwertyuiop12", false),
            ("aaaaaaaaaaaaaaaa", false),
            ("abcdefghijklmnop", false),
            ("Grace.Hopper@example.com", false),
            ("hallpass1234", false),
            ("correct horse battery", true),
            ("k7#Vq9!zLm2x", true),
            ("пароль мой длинный рояль", true),
            ("long enough to be fine without any digit", true),
        ] {
            assert_eq!(password(text).check(&known).is_ok(), ok, "{text}");
        }
        let long = |length: usize| password(&"k7#Vq9!zLm2x".repeat(30)[..length]).check(&[]);
        assert_eq!(long(257), Err(WeakPassword::TooLong));
        assert_ne!(long(256), Err(WeakPassword::TooLong));
        let why = password("passwordpassword").check(&[]).unwrap_err().to_string();
        assert!(why.starts_with("this is easily guessed: "), "{why}");
    }

    #[tokio::test]
    async fn only_the_right_password_matches() {
        let passwords = Passwords::new(2);
        let right = "correct horse battery";
        let digest = passwords.digest(password(right)).await.unwrap();
        let again = passwords.digest(password(right)).await.unwrap();
        assert_ne!(digest, again, "a salt of its own");
        for (text, known, wanted) in [
            (right, Some(&digest), true),
            (right, Some(&again), true),
            ("Correct horse battery", Some(&digest), false),
            ("", Some(&digest), false),
            (right, None, false),
            (right, Some(&PasswordDigest("damaged".to_owned())), false),
        ] {
            assert_eq!(passwords.matches(password(text), known).await, Ok(wanted), "{text}");
        }
        assert!(digest.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", digest.0);
    }

    /// Otherwise it would be refused at once, and an unknown address would answer sooner.
    #[test]
    fn nobodys_digest_costs_as_much_as_any() {
        let digest = PasswordHash::new(NOBODYS).unwrap();
        assert_eq!(digest.hash.unwrap().len(), 32);
        let refusal = Argon2::default().verify_password(b"x", &digest).unwrap_err();
        assert_eq!(refusal, argon2::password_hash::Error::PasswordInvalid);
    }
}
