//! What mutations do to rows, and what the feed hears of them.

use hallpass_token::{
    feed::{Entry, Subject},
    jose::Algorithm,
};

use std::sync::Arc;

use super::*;
use crate::{
    Installation, Timestamp,
    change::{Effect, Image},
    credential::Status,
    import::Source,
    secret::{Pepper, Proven, Secret},
};

const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);
const MADE: Made<'static> = Made { at: NOW, by: "operator" };

fn installation() -> Installation {
    Installation { longest_lifetime_s: 3600, vault: None }
}

fn new_secret(number: u8) -> NewSecret {
    let secret = Secret::from_entropy([number; 32]);
    NewSecret::new(SecretId::from_entropy([number; 16]), &secret, &Pepper::new([9; 32]))
}

fn credential() -> Credential {
    let settings = Settings::new("reports".parse().unwrap(), Vec::new());
    let ids = (ClientId::from_entropy([1; 16]), OrganizationId::from_entropy([2; 16]));
    Credential::pending(ids.0, ids.1, settings, &new_secret(1), (NOW, "operator"))
        .activate(NOW)
        .unwrap()
        .add_secret(&new_secret(2), None, (NOW, "operator"))
        .unwrap()
}

fn image(credential: Credential) -> Option<Image> {
    Some(Image::Credential(Box::new(credential)))
}

fn apply(mutation: &Mutation, current: Option<Image>) -> Result<Outcome, Conflict> {
    mutation.apply(current, &installation(), MADE)
}

#[test]
fn every_way_to_kill_reaches_the_feed() {
    let own = credential();
    let id = own.client_id.clone();
    let secret_id = own.secrets[0].id.clone();
    let organization =
        Organization::new(own.organization_id.clone(), "Example".parse().unwrap(), NOW);
    let revoked = own.clone().revoke(&installation(), NOW).unwrap();
    let mut expired = own.clone();
    expired.settings.expires_at = Some(NOW);
    let retire = Mutation::RetireSecret {
        client_id: id.clone(),
        secret_id: secret_id.clone(),
        live: LiveTokens::Kill,
    };
    let revoke_token =
        Mutation::RevokeToken { client_id: id.clone(), jti: "jti".into(), exp_s: 1_764_003_600 };
    let cases = [
        (Mutation::RevokeCredential(id.clone()), image(own.clone())),
        (Mutation::PauseCredential(id.clone()), image(own.clone())),
        (Mutation::DeleteCredential(id.clone()), image(revoked)),
        (Mutation::ExpireCredential(id.clone()), image(expired)),
        (
            Mutation::RetireLeakedSecret { client_id: id.clone(), secret_id: secret_id.clone() },
            image(own.clone()),
        ),
        (Mutation::KillTokens { client_id: id, secret_id }, image(own.clone())),
        (retire, image(own.clone())),
        (revoke_token, image(own)),
        (
            Mutation::SuspendOrganization(organization.id.clone()),
            Some(Image::Organization(organization)),
        ),
    ];
    for (mutation, current) in cases {
        let outcome = apply(&mutation, current).unwrap();
        assert!(outcome.death.is_some(), "{mutation:?}");
    }
}

#[test]
fn what_kills_nothing_leaves_the_feed_alone() {
    let own = credential();
    let id = own.client_id.clone();
    for mutation in [
        Mutation::AddSecret {
            client_id: id.clone(),
            secret: new_secret(3),
            others_expire_at: None,
        },
        Mutation::RetireSecret {
            client_id: id.clone(),
            secret_id: own.secrets[0].id.clone(),
            live: LiveTokens::Keep,
        },
        Mutation::NoteSecret {
            client_id: id.clone(),
            secret_id: own.secrets[0].id.clone(),
            note: "vault".parse().unwrap(),
        },
        Mutation::UpdateCredential(id, Box::new(own.settings.clone())),
    ] {
        assert_eq!(apply(&mutation, image(own.clone())).unwrap().death, None, "{mutation:?}");
    }
}

const BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";

fn imported() -> Credential {
    let settings = Settings::new("reports".parse().unwrap(), Vec::new());
    let secret = NewSecret::imported(SecretId::from_entropy([1; 16]), BCRYPT.parse().unwrap());
    let ids = ("reports".parse().unwrap(), OrganizationId::from_entropy([2; 16]));
    Credential::imported(ids.0, ids.1, settings, &secret, (NOW, "operator"))
}

fn upgrade(own: &Credential, was: &str) -> Mutation {
    let secret = Secret::presented("correct horse".to_owned());
    Mutation::UpgradeSecret {
        client_id: own.client_id.clone(),
        secret_id: own.secrets[0].id.clone(),
        was: Arc::new(was.parse().unwrap()),
        proven: Proven::of(&secret, &Pepper::new([9; 32])),
    }
}

fn credential_of(outcome: Outcome) -> Credential {
    match outcome.effect {
        Effect::Put(Image::Credential(credential)) => *credential,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_imported_credential_is_active_and_its_import_is_in_the_audit_log() {
    let import = Mutation::ImportCredential(Box::new(imported()), Source::Hydra);
    let outcome = apply(&import, None).unwrap();
    assert_eq!(
        (outcome.deed.action, &outcome.deed.detail["from"]),
        ("credential.import", &"hydra".into())
    );
    let own = credential_of(outcome);
    assert_eq!(own.status, Status::Active);
    let again = apply(&import, image(own.clone()));
    assert_eq!(again, Err(Conflict::AlreadyExists("the credential")));
    // What is stored reads back.
    let stored = serde_json::to_string(&own).unwrap();
    assert_eq!(serde_json::from_str::<Credential>(&stored).unwrap(), own);
    assert!(stored.contains(BCRYPT), "{stored}");
}

#[test]
fn a_secret_is_upgraded_once_and_nothing_of_it_dies() {
    let own = imported();
    let outcome = apply(&upgrade(&own, BCRYPT), image(own.clone())).unwrap();
    assert_eq!((&outcome.death, outcome.deed.action), (&None, "secret.upgrade"));
    assert!(!outcome.deed.detail.to_string().contains('$'), "{}", outcome.deed.detail);
    let upgraded = credential_of(outcome);
    let (before, after) = (&own.secrets[0], &upgraded.secrets[0]);
    assert_eq!((&*after.last_four, after.generation), ("orse", before.generation));
    assert!(after.digest.own().is_some() && before.digest.own().is_none());
    let other = BCRYPT.replace("Qc6e", "Qc6u");
    for (mutation, current) in
        [(upgrade(&own, BCRYPT), upgraded), (upgrade(&own, &other), own.clone())]
    {
        assert_eq!(apply(&mutation, image(current)), Err(Conflict::ChangedMeanwhile));
    }
    let revoked = own.clone().revoke(&installation(), NOW).unwrap();
    assert!(matches!(
        apply(&upgrade(&own, BCRYPT), image(revoked)),
        Err(Conflict::WrongStatus { .. })
    ));
}

#[test]
fn a_pending_credential_that_expires_leaves_no_trace_in_the_feed() {
    let mut own = credential();
    own.status = Status::Pending { expires_at: NOW };
    let outcome = apply(&Mutation::ExpireCredential(own.client_id.clone()), image(own)).unwrap();
    assert!(matches!(outcome.effect, Effect::Removed(_)));
    assert_eq!(outcome.death, None);
}

#[test]
fn a_resumed_organization_keeps_earlier_tokens_dead() {
    let mut organization = Organization::new(
        OrganizationId::from_entropy([2; 16]),
        "Example".parse().unwrap(),
        Timestamp::default(),
    );
    let id = organization.id.clone();
    let suspend = Mutation::SuspendOrganization(id.clone());
    let suspended = apply(&suspend, Some(Image::Organization(organization.clone()))).unwrap();
    let Some(Entry { subject: Subject::Organization { before_s, .. }, .. }) = suspended.death
    else {
        panic!("no death");
    };
    assert_eq!(before_s, None);
    organization.status = crate::organization::OrganizationStatus::Suspended;
    let resume = Mutation::ResumeOrganization(id);
    let resumed = apply(&resume, Some(Image::Organization(organization.clone()))).unwrap();
    let Some(Entry { subject: Subject::Organization { before_s, .. }, .. }) = resumed.death else {
        panic!("no death");
    };
    assert_eq!(before_s, Some(NOW.as_secs()));
    organization.suspended_at = Some(NOW);
    let within_a_second = apply(&resume, Some(Image::Organization(organization.clone()))).unwrap();
    let Some(Entry { subject: Subject::Organization { before_s, .. }, .. }) = within_a_second.death
    else {
        panic!("no death");
    };
    assert_eq!(before_s, Some(NOW.as_secs() + 1));
    let again = apply(&suspend, Some(Image::Organization(organization)));
    assert_eq!(again, Err(Conflict::AlreadyThere("suspended")));
}

#[test]
fn what_does_not_exist_is_named() {
    let id = ClientId::from_entropy([1; 16]);
    for (mutation, missing) in [
        (Mutation::RevokeCredential(id), "credential"),
        (Mutation::SuspendOrganization(OrganizationId::from_entropy([2; 16])), "organization"),
    ] {
        assert_eq!(apply(&mutation, None), Err(Conflict::NotFound(missing)));
    }
    let exists = apply(&Mutation::AddCredential(Box::new(credential())), image(credential()));
    assert_eq!(exists, Err(Conflict::AlreadyExists("the credential")));
}

mod keys {
    use hallpass_token::jose::SigningKey;

    use super::*;
    use crate::{
        ring::{KeyStatus, Ring},
        vault::OpenVault,
    };

    fn record(signs_from: Timestamp) -> KeyRecord {
        let (key, der) = SigningKey::generate(Algorithm::Es256).unwrap();
        let vault = OpenVault::from_entropy([1; 32], [2; 32]);
        KeyRecord {
            kid: key.kid().to_owned(),
            public: key.public_jwk(),
            sealed: vault.seal_key(key.kid(), &der, [3; 12]).unwrap(),
            published_at: NOW,
            signs_from,
            killed_at: None,
        }
    }

    fn ring_of(outcome: Outcome) -> Ring {
        match outcome.effect {
            Effect::Put(Image::Ring(ring)) => ring,
            other => panic!("{other:?}"),
        }
    }

    fn add(ring: &Ring, key: &KeyRecord, after: Option<&KeyRecord>) -> Result<Ring, Conflict> {
        let after = after.map(|key| key.kid.clone());
        let mutation = Mutation::AddKey { key: Box::new(key.clone()), after };
        apply(&mutation, Some(Image::Ring(ring.clone()))).map(ring_of)
    }

    #[test]
    fn a_key_is_published_then_signs_then_stays_published_then_goes() {
        let (first, second) = (record(NOW), record(NOW.plus_secs(1000)));
        let ring = add(&Ring::new(Algorithm::Es256), &first, None).unwrap();
        let ring = add(&ring, &second, Some(&first)).unwrap();
        let gone = 1000 + 3600 + crate::installation::FEED_MARGIN_S;
        for (after, signs, first_is, second_is) in [
            (0, &first, KeyStatus::Signing, KeyStatus::Published),
            (999, &first, KeyStatus::Signing, KeyStatus::Published),
            (1000, &second, KeyStatus::Retired, KeyStatus::Signing),
            (gone - 1, &second, KeyStatus::Retired, KeyStatus::Signing),
            (gone, &second, KeyStatus::Gone, KeyStatus::Signing),
        ] {
            let now = NOW.plus_secs(after);
            assert_eq!(ring.signing(now).unwrap().kid, signs.kid, "{after}");
            assert_eq!(ring.status(&first, now, 3600), first_is, "{after}");
            assert_eq!(ring.status(&second, now, 3600), second_is, "{after}");
        }
        assert_eq!(ring.published(NOW.plus_secs(gone), 3600).len(), 1);
        let later = Made { at: NOW.plus_secs(gone), by: "server" };
        let dropped = Mutation::DropGoneKeys(Algorithm::Es256)
            .apply(Some(Image::Ring(ring)), &installation(), later)
            .unwrap();
        assert_eq!(ring_of(dropped).keys.len(), 1);
    }

    #[test]
    fn two_rotations_at_once_add_one_key() {
        let first = record(NOW);
        let ring = add(&Ring::new(Algorithm::Es256), &first, None).unwrap();
        let ring = add(&ring, &record(NOW.plus_secs(9)), Some(&first)).unwrap();
        let second = add(&ring, &record(NOW.plus_secs(9)), Some(&first));
        assert_eq!(second, Err(Conflict::RotatedMeanwhile));
    }

    #[test]
    fn a_killed_key_leaves_the_jwks_at_once_and_is_replaced() {
        let (first, second) = (record(NOW), record(NOW));
        let ring = add(&Ring::new(Algorithm::Es256), &first, None).unwrap();
        let kill = |replacement| Mutation::KillKey {
            algorithm: Algorithm::Es256,
            kid: first.kid.clone(),
            replacement,
        };
        let alone = apply(&kill(None), Some(Image::Ring(ring.clone())));
        assert_eq!(alone, Err(Conflict::NoSigningKey));
        let killed = apply(&kill(Some(Box::new(second.clone()))), Some(Image::Ring(ring))).unwrap();
        assert!(
            matches!(&killed.death, Some(Entry { subject: Subject::Key { kid }, .. }) if *kid == first.kid)
        );
        let ring = ring_of(killed);
        assert_eq!(ring.signing(NOW).unwrap().kid, second.kid);
        let behind = NOW.minus_secs(2);
        assert_eq!(ring.signing(behind).unwrap().kid, second.kid, "on a node with another clock");
        assert_eq!(ring.published(NOW, 3600).len(), 1);
        let again = apply(&kill(None), Some(Image::Ring(ring)));
        assert_eq!(again, Err(Conflict::AlreadyKilled));
    }
}
