//! A reckoning that never complains proves nothing: each loss is made here, and must be found.

use hallpass_core::{
    ClientId, Mutation, Organization, OrganizationId, SecretId,
    audit::Actor,
    credential::{NewSecret, Settings},
    secret::{Pepper, Secret},
};

use super::*;
use crate::ledger::Look;

const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);

/// A database with a pending credential and an active one, and the ledger of both.
async fn database() -> (tempfile::TempDir, PathBuf, Vec<Account>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hallpass.db");
    let store = SqliteStore::open(&path, sqlite::Options::default()).unwrap();
    let owner = OrganizationId::from_entropy([1; 16]);
    let organization = Organization::new(owner.clone(), "Library".parse().unwrap(), NOW);
    let commit = async |mutation| store.commit(&mutation, &Actor::Server, NOW).await.unwrap();
    commit(Mutation::AddOrganization(organization)).await;
    let secret = Secret::from_entropy([2; 32]);
    let secret = NewSecret::new(SecretId::from_entropy([3; 16]), &secret, &Pepper::new([4; 32]));
    let mut accounts = Vec::new();
    for (number, status) in [(5, "pending"), (6, "active")] {
        let name = format!("credential {number}");
        let id = ClientId::from_entropy([number; 16]);
        let settings = Settings::new(name.parse().unwrap(), Vec::new());
        let own = Credential::pending(id.clone(), owner.clone(), settings, &secret, (NOW, "a"));
        commit(Mutation::AddCredential(Box::new(own))).await;
        if status == "active" {
            commit(Mutation::ActivateCredential(id.clone())).await;
        }
        accounts.push(Account {
            client_id: Some(id.to_string()),
            may_be: vec![there(status)],
            ..Account::open(name)
        });
    }
    (folder, path, accounts)
}

fn there(status: &'static str) -> State {
    State::There(Look { status, description: String::new(), secrets: 1, retired: 0 })
}

/// What the reckoning finds broken.
async fn broken(path: &std::path::Path, accounts: &[Account]) -> String {
    Database::File(path.to_owned()).reckon(accounts).await.unwrap().broken.join("\n")
}

#[tokio::test]
async fn every_loss_is_found() {
    for (edit, wanted) in [
        ("UPDATE credentials SET status = status", ""),
        ("DELETE FROM credentials WHERE status = 'active'", "it is Absent and was acknowledged"),
        ("DELETE FROM credentials WHERE status = 'active'", "the log has it and there is no row"),
        (
            "UPDATE credentials SET document = replace(document, 'credential 6', 'credential 7')",
            "the row is not what the log says",
        ),
        ("DELETE FROM changes WHERE seq = 2", "a gap"),
        ("UPDATE changes SET seq = 9 WHERE seq = 4", "a gap"),
        ("UPDATE audit SET actor = '\"cli\"' WHERE seq = 2", "the audit log of 4 changes"),
        ("DELETE FROM audit WHERE seq = 4", "the audit log of 4 changes"),
        ("UPDATE credentials SET next_expiry_at = NULL", "nobody will take it away"),
    ] {
        let (_folder, path, accounts) = database().await;
        sqlite::edit(&path, edit).unwrap();
        let found = broken(&path, &accounts).await;
        assert!(
            found.contains(wanted) && (wanted.is_empty() == found.is_empty()),
            "{edit}: {found}"
        );
    }
}

#[tokio::test]
async fn who_was_not_told_how_a_change_ended_holds_neither_end_against_anybody() {
    let (_folder, path, accounts) = database().await;
    for (may_be, wanted) in [
        (vec![there("active"), there("paused")], ""),
        (vec![State::Absent, there("active")], ""),
        (vec![there("paused"), there("revoked")], "was acknowledged as"),
        (vec![State::Absent], "was acknowledged as"),
    ] {
        let mut accounts = accounts.clone();
        accounts[1].may_be = may_be;
        let found = broken(&path, &accounts).await;
        assert!(found.contains(wanted) && (wanted.is_empty() == found.is_empty()), "{found}");
    }
    let mut twice = accounts.clone();
    twice[1].client_id = twice[0].client_id.clone();
    assert!(broken(&path, &twice).await.contains("made 1 times, under another id"));
}
