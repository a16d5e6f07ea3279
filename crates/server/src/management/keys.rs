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

/// A killed key.
#[derive(Clone, Debug)]
pub struct Killed {
    /// Of which ring.
    pub algorithm: Algorithm,
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
pub async fn rotate(act: &Act<'_>, next: Next) -> Result<KeyRecord, ManagementError> {
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
    match change.effect {
        Effect::Put(Image::Ring(Ring { mut keys, .. })) => keys.pop(),
        _ => None,
    }
    .ok_or(ManagementError::NotFound("signing key"))
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
    let signing = rotation.ring(algorithm).await?.signing(act.now).map(|key| key.kid.clone());
    Ok(Killed { algorithm, change, signing })
}

fn rotation<'a>(act: &'a Act<'_>) -> Rotation<'a> {
    Rotation { store: act.store, vault: act.vault, actor: &act.caller.actor, now: act.now }
}
