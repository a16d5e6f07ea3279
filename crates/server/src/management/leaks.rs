//! The leak desk: whoever shows a secret has proven that they have it, and that is proof enough to
//! retire it. They learn whether it was alive, and of nobody whose it is. No secret that is shown
//! here is kept, logged or repeated.

use hallpass_core::{
    ClientId, Conflict, Credential, Image, Mutation, SecretId, Timestamp,
    change::Key,
    credential::{SecretRecord, SecretStatus, Status},
    secret::{Digest, Pepper, Secret, Shape},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Act, ManagementError};

/// How long a proof is good, in seconds: between showing a secret and one more click.
const PROOF_S: u64 = 900;

/// What became of a secret that was shown.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It does not have the form of our secrets.
    NotOurs,
    /// It begins like one of ours, but its checksum is wrong: characters are missing or changed.
    Damaged,
    /// It has our form, and opens nothing here: it is of another installation, or was removed.
    Unknown,
    /// It had been retired before, or had expired, or its credential was revoked.
    AlreadyDead,
    /// It opens something, and has not been retired yet.
    Alive,
    /// It was alive, and has just been retired, with every token that it had minted.
    Retired,
}

impl Verdict {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotOurs => "not_ours",
            Self::Damaged => "damaged",
            Self::Unknown => "unknown",
            Self::AlreadyDead => "already_dead",
            Self::Alive => "alive",
            Self::Retired => "retired",
        }
    }

    /// Whether this installation has made it.
    pub fn is_known(self) -> bool {
        matches!(self, Self::AlreadyDead | Self::Alive | Self::Retired)
    }
}

/// That somebody has shown this secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proof {
    client_id: ClientId,
    secret_id: SecretId,
}

/// What a shown secret turns out to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// What became of it so far.
    pub verdict: Verdict,
    /// By which it can be retired, or marked as found: one, unless it was imported twice.
    pub proofs: Vec<Proof>,
}

impl Finding {
    fn of(verdict: Verdict) -> Self {
        Self { verdict, proofs: Vec::new() }
    }
}

/// Looks a secret up. Changes nothing.
pub async fn look(act: &Act<'_>, shown: &str) -> Result<Finding, ManagementError> {
    let shown = Secret::presented(shown.trim().to_owned());
    match shown.shape() {
        Shape::Whole | Shape::Padded => {}
        Shape::Damaged => return Ok(Finding::of(Verdict::Damaged)),
        Shape::ClientId | Shape::Token | Shape::Foreign => {
            return Ok(Finding::of(Verdict::NotOurs));
        }
    }
    let digest = act.pepper.digest(&shown);
    let mut finding = Finding::of(Verdict::Unknown);
    for client_id in act.store.owners_of_secret(&digest).await? {
        let Some(Image::Credential(credential)) =
            act.store.image(&Key::Credential(client_id)).await?
        else {
            continue;
        };
        let Some(secret) = with_digest(&credential, &digest) else { continue };
        let is_alive = opens(&credential, secret, act.now);
        if is_alive || finding.verdict == Verdict::Unknown {
            finding.verdict = if is_alive { Verdict::Alive } else { Verdict::AlreadyDead };
        }
        // One that was retired in peace may have left tokens alive: it is marked all the same.
        if can_be_marked(&credential, secret) {
            let secret_id = secret.id.clone();
            finding.proofs.push(Proof { client_id: credential.client_id, secret_id });
        }
    }
    Ok(finding)
}

fn with_digest<'c>(credential: &'c Credential, digest: &Digest) -> Option<&'c SecretRecord> {
    let is_of = |secret: &&SecretRecord| secret.digest.own().is_some_and(|own| own.matches(digest));
    credential.secrets.iter().find(is_of)
}

fn opens(credential: &Credential, secret: &SecretRecord, now: Timestamp) -> bool {
    can_be_marked(credential, secret)
        && secret.status(now) == SecretStatus::Usable
        && !credential.has_expired(now)
}

fn can_be_marked(credential: &Credential, secret: &SecretRecord) -> bool {
    !matches!(credential.status, Status::Revoked { .. }) && secret.leaked_at.is_none()
}

/// Retires a secret that was shown, even the last one, and kills its tokens. `true` if it had not
/// been done before.
pub async fn retire(act: &Act<'_>, proof: &Proof) -> Result<bool, ManagementError> {
    let Proof { client_id, secret_id } = proof.clone();
    match act.commit(&Mutation::RetireLeakedSecret { client_id, secret_id }).await {
        Ok(_) => Ok(true),
        // Somebody was quicker, by whichever way.
        Err(
            ManagementError::Conflict(
                Conflict::AlreadyRetired | Conflict::WrongStatus { .. } | Conflict::NoSuchSecret,
            )
            | ManagementError::NotFound(_),
        ) => Ok(false),
        Err(why) => Err(why),
    }
}

/// Looks a secret up, and retires it if there is anything to retire.
pub async fn report(act: &Act<'_>, shown: &str) -> Result<Verdict, ManagementError> {
    let finding = look(act, shown).await?;
    let mut is_done = false;
    for proof in &finding.proofs {
        is_done |= retire(act, proof).await?;
    }
    Ok(match finding.verdict {
        Verdict::Alive if is_done => Verdict::Retired,
        Verdict::Alive => Verdict::AlreadyDead,
        other => other,
    })
}

impl Proof {
    /// As a text that nobody but this installation can write, so that a page can carry the proof
    /// without the secret.
    pub fn sealed(&self, pepper: &Pepper, now: Timestamp) -> String {
        let until_s = now.plus_secs(PROOF_S).as_secs();
        let text = format!("{}.{}.{until_s}", self.client_id, self.secret_id);
        format!("{text}.{}", String::from(mac(pepper, &text)))
    }

    /// Reads such a text, while it is good.
    pub fn opened(text: &str, pepper: &Pepper, now: Timestamp) -> Option<Self> {
        let (text, seal) = text.rsplit_once('.')?;
        let seal = Digest::try_from(seal.to_owned()).ok()?;
        if !mac(pepper, text).matches(&seal) {
            return None;
        }
        let mut parts = text.split('.');
        let client_id = parts.next()?.parse().ok()?;
        let secret_id = parts.next()?.parse().ok()?;
        let until_s: u64 = parts.next()?.parse().ok()?;
        (now.as_secs() < until_s).then_some(Self { client_id, secret_id })
    }
}

/// HMAC under the pepper. The word before tells it from the digest of any secret.
fn mac(pepper: &Pepper, text: &str) -> Digest {
    pepper.digest(&Secret::presented(format!("leak-desk proof {text}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_good_for_a_while_and_cannot_be_written_by_others() {
        let pepper = Pepper::new([9; 32]);
        let now = Timestamp::from_secs(1_764_000_000);
        let proof = Proof {
            client_id: ClientId::from_entropy([1; 16]),
            secret_id: SecretId::from_entropy([2; 16]),
        };
        let text = proof.sealed(&pepper, now);
        for (secs, is_good) in [(0, true), (PROOF_S - 1, true), (PROOF_S, false)] {
            let opened = Proof::opened(&text, &pepper, now.plus_secs(secs));
            assert_eq!(opened, is_good.then(|| proof.clone()), "{secs}");
        }
        let other = Proof { secret_id: SecretId::from_entropy([3; 16]), ..proof };
        let (_, seal) = text.rsplit_once('.').unwrap();
        let (body, _) = other
            .sealed(&pepper, now)
            .rsplit_once('.')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        let later = text.replace("1764000900", "1764009000");
        for forged in ["", ".", &format!("{body}.{seal}"), &later, &text[1..], &format!("{text}x")]
        {
            assert_eq!(Proof::opened(forged, &pepper, now), None, "{forged}");
        }
        assert_eq!(Proof::opened(&text, &Pepper::new([8; 32]), now), None);
    }
}
