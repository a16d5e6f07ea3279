//! The first start of an installation: data keys and a signing key. Doing it twice, or from two
//! processes at once, does it once.

use hallpass_core::{
    Conflict, Image, Mutation, Timestamp,
    audit::Actor,
    change::Key,
    vault::{MasterKey, OpenVault, Vault},
};
use hallpass_store::{Store, StoreError};
use hallpass_token::jose::Algorithm;

use crate::{
    entropy,
    rotation::{Rotation, RotationError},
};

/// Opens the vault. If there is none yet, makes it, and the first ES256 key with it.
pub async fn open_vault(
    store: &dyn Store,
    master: &MasterKey,
    actor: &Actor,
    now: Timestamp,
) -> Result<OpenVault, RotationError> {
    if stored_vault(store).await?.is_none() {
        let open = OpenVault::from_entropy(entropy::bytes(), entropy::bytes());
        let vault = open.wrap(master, [entropy::bytes(), entropy::bytes()])?;
        match store.commit(&Mutation::SetVault { vault, replaces: None }, actor, now).await {
            Ok(_) | Err(StoreError::Conflict(Conflict::VaultChanged)) => {}
            Err(why) => return Err(why.into()),
        }
    }
    let vault = stored_vault(store).await?.ok_or(StoreError::Conflict(Conflict::VaultChanged))?;
    let vault = vault.open(master)?;
    match (Rotation { store, vault: &vault, actor, now }).ensure(Algorithm::Es256).await {
        Ok(_) | Err(RotationError::Store(StoreError::Conflict(Conflict::RotatedMeanwhile))) => {
            Ok(vault)
        }
        Err(why) => Err(why),
    }
}

/// Wraps the data keys under another master key. Digests and signing keys stay as they are.
pub async fn change_master_key(
    store: &dyn Store,
    masters: (&MasterKey, &MasterKey),
    actor: &Actor,
    now: Timestamp,
) -> Result<(), RotationError> {
    let (old, new) = masters;
    let vault = stored_vault(store).await?.ok_or(StoreError::Conflict(Conflict::VaultChanged))?;
    let wrapped = vault.open(old)?.wrap(new, [entropy::bytes(), entropy::bytes()])?;
    let mutation = Mutation::SetVault { vault: wrapped, replaces: Some(vault.sealed_under) };
    store.commit(&mutation, actor, now).await?;
    Ok(())
}

async fn stored_vault(store: &dyn Store) -> Result<Option<Vault>, StoreError> {
    Ok(match store.image(&Key::Vault).await? {
        Some(Image::Vault(vault)) => Some(vault),
        _ => None,
    })
}
