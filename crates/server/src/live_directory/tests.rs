//! Changes that come before their turn, or after it.

use hallpass_core::{
    ClientId, Credential, Organization, OrganizationId, SecretId,
    credential::{NewSecret, Settings},
    directory::EntryStatus,
    secret::{Pepper, Secret},
};
use hallpass_store::{SqliteStore, sqlite::Options};

use super::*;
use crate::{clock::ManualClock, first_start};

const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);

fn new_secret(number: u8) -> NewSecret {
    let secret = Secret::from_entropy([number; 32]);
    NewSecret::new(SecretId::from_entropy([number; 16]), &secret, &Pepper::new([9; 32]))
}

/// A live directory that has an active credential, and what another node then did to it: gave it a
/// secret, then revoked it.
async fn behind(store: Arc<dyn Store>) -> (Arc<LiveDirectory>, ClientId, [Change; 2]) {
    let actor = Actor::Server;
    let master = MasterKey::from_entropy([7; 32]);
    first_start::open_vault(&*store, &master, &actor, NOW).await.unwrap();
    let owner = OrganizationId::from_entropy([2; 16]);
    let organization = Organization::new(owner.clone(), "Example".parse().unwrap(), NOW);
    let client_id = ClientId::from_entropy([1; 16]);
    let settings = Settings::new("reports".parse().unwrap(), Vec::new());
    let made = (NOW, "operator");
    let new = Credential::pending(client_id.clone(), owner, settings, &new_secret(1), made);
    let new = Box::new(new.activate(NOW).unwrap());
    for first in [Mutation::AddOrganization(organization), Mutation::AddCredential(new)] {
        store.commit(&first, &actor, NOW).await.unwrap();
    }
    let clock = Arc::new(ManualClock::at(NOW));
    let live = LiveDirectory::load(store.clone(), &master, clock, 3600).await.unwrap();
    let add = Mutation::AddSecret {
        client_id: client_id.clone(),
        secret: new_secret(2),
        others_expire_at: None,
    };
    let added = store.commit(&add, &actor, NOW).await.unwrap();
    let revoke = Mutation::RevokeCredential(client_id.clone());
    let revoked = store.commit(&revoke, &actor, NOW).await.unwrap();
    (live, client_id, [added, revoked])
}

#[tokio::test]
async fn a_late_acknowledgement_does_not_bring_the_dead_back() {
    for is_log_read in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("hallpass.db"), Options::default());
        let (live, client_id, [added, revoked]) = behind(Arc::new(store.unwrap())).await;
        let status =
            || live.directory.look_up(client_id.as_str(), |entry| entry.map(|e| e.status()));
        let revoked_by_then = Some(EntryStatus::Revoked);
        if is_log_read {
            live.catch_up().await.unwrap();
        } else {
            live.apply_early(&mut *live.turn.lock().await, &revoked);
        }
        assert_eq!(status(), revoked_by_then, "{is_log_read}");
        // The acknowledgement was on its way for longer, and the log cannot be read just now.
        live.apply_early(&mut *live.turn.lock().await, &added);
        assert_eq!(status(), revoked_by_then, "{is_log_read}");
        if !is_log_read {
            live.apply(&mut *live.turn.lock().await, &added).unwrap();
            assert_eq!(status(), revoked_by_then, "the log is one behind");
        }
        live.catch_up().await.unwrap();
        assert_eq!(status(), revoked_by_then, "{is_log_read}");
        assert!(live.turn.lock().await.is_empty(), "{is_log_read}");
    }
}
