//! Acts on signing keys: what stands where, the next key, and the emergency. For operators alone.

use hallpass_core::{
    Change, Conflict, Image,
    change::Effect,
    permission::Duty,
    ring::{KeyRecord, Ring},
};
use hallpass_token::jose::Algorithm;

use super::{Act, ManagementError};
use crate::rotation::Rotation;

/// All rings, and what is needed to say where their keys stand.
#[derive(Clone, Debug)]
pub struct Rings {
    /// By algorithm.
    pub rings: Vec<Ring>,
    /// How long a token may live, in seconds: a retired key is gone that much later.
    pub longest_lifetime_s: u64,
}

/// The next key of a ring.
#[derive(Clone, Debug)]
pub struct Next {
    /// Of which ring.
    pub algorithm: Algorithm,
    /// How long it is published before it signs, in seconds.
    pub lead_s: u64,
    /// The kid of the newest key as the caller saw it: so a form that is sent twice rotates
    /// once. `None` if the caller did not look.
    pub after: Option<String>,
}

/// A key that was just published.
#[derive(Clone, Debug)]
pub struct Rotated {
    /// The key.
    pub key: KeyRecord,
    /// Its ring as it is now.
    pub ring: Ring,
}

/// A killed key.
#[derive(Clone, Debug)]
pub struct Killed {
    /// Its ring as it is now.
    pub ring: Ring,
    /// The change that killed it.
    pub change: Change,
    /// The kid of the key that signs now.
    pub signing: Option<String>,
}

/// Every ring.
pub async fn list(act: &Act<'_>) -> Result<Rings, ManagementError> {
    act.must_have(Duty::ReadKeys)?;
    let longest_lifetime_s = act.store.installation().await?.longest_lifetime_s;
    let mut rings = act.store.rings().await?;
    rings.sort_by_key(|ring| ring.algorithm.to_string());
    Ok(Rings { rings, longest_lifetime_s })
}

/// Publishes the next key of a ring, which signs once every verifier has had time to fetch it.
pub async fn rotate(act: &Act<'_>, next: Next) -> Result<Rotated, ManagementError> {
    act.must_have(Duty::WriteKeys)?;
    let rotation = rotation(act);
    if next.after.is_some() {
        let newest = rotation.ring(next.algorithm).await?.newest().map(|key| key.kid.clone());
        if newest != next.after {
            return Err(Conflict::RotatedMeanwhile.into());
        }
    }
    let change = rotation.rotate(next.algorithm, act.now.plus_secs(next.lead_s)).await?;
    act.settle().await;
    // The key that was just made comes last in its ring. The one that will sign last may be an
    // earlier one that the schedule has published.
    let ring = left_by(&change)?;
    let key = ring.keys.last().cloned().ok_or(ManagementError::NotFound("signing key"))?;
    Ok(Rotated { key, ring })
}

/// Kills a compromised key and every token that it has signed; a new one signs at once.
pub async fn kill(act: &Act<'_>, kid: &str) -> Result<Killed, ManagementError> {
    act.must_have(Duty::WriteKeys)?;
    let rings = act.store.rings().await?;
    let ring = rings.iter().find(|ring| ring.keys.iter().any(|key| key.kid == kid));
    let algorithm = ring.ok_or(ManagementError::NotFound("signing key"))?.algorithm;
    let rotation = rotation(act);
    let change = rotation.kill(algorithm, kid).await?;
    act.settle().await;
    let ring = left_by(&change)?;
    let signing = ring.signing(act.now).map(|key| key.kid.clone());
    Ok(Killed { ring, change, signing })
}

/// The ring by the change alone: what was written must not be called unwritten since nobody can
/// read it.
fn left_by(change: &Change) -> Result<Ring, ManagementError> {
    match &change.effect {
        Effect::Put(Image::Ring(ring)) => Ok(ring.clone()),
        _ => Err(ManagementError::NotFound("signing key")),
    }
}

fn rotation<'a>(act: &'a Act<'_>) -> Rotation<'a> {
    Rotation { store: act.store, vault: act.vault, actor: &act.caller.actor, now: act.now }
}
