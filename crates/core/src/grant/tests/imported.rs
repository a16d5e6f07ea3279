//! What the token endpoint makes of secrets that another server has made.

use super::*;
use crate::{
    grant::{Login, authenticate, authenticate_proven, foreign},
    secret::ForeignDigest,
};

const DIGEST: &str = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
const ID: &str = "reports@example.com";

fn imported(new: &NewSecret) -> Credential {
    let owner = OrganizationId::from_entropy([1; 16]);
    Credential::imported(ID.parse().unwrap(), owner, settings(), new, (NOW, "operator"))
}

fn of_digest() -> Credential {
    let id = SecretId::from_entropy([1; 16]);
    imported(&NewSecret::imported(id, DIGEST.parse().unwrap()))
}

fn of_secret(secret: &str) -> Credential {
    let secret = Secret::presented(secret.to_owned());
    imported(&NewSecret::new(SecretId::from_entropy([1; 16]), &secret, &Pepper::new([9; 32])))
}

/// Logs in by HTTP Basic, with this text behind the colon.
fn log_in<R>(secret: &str, with: impl FnOnce(&Login<'_>) -> R) -> R {
    let header = format!("Basic {}", STANDARD.encode(format!("{ID}:{secret}")));
    let params = Params::default();
    with(&Login::exactly_one(Some(header.as_bytes()), &params).unwrap())
}

#[test]
fn a_secret_is_taken_percent_decoded_and_as_it_stands() {
    for (secret, header, right) in [
        ("a+b%41", "a%2Bb%2541", true), // As RFC 6749 §2.3.1 wants it.
        ("a+b%41", "a+b%41", true),     // As many libraries send it.
        ("a bA", "a+b%41", true),
        ("100%", "100%", true), // Cannot be decoded.
        ("100%", "100%25", true),
        ("a:b", "a:b", true),
        ("a+b%41", "a bA", false),
        ("a+b%41", "a+b%40", false),
        ("a+b%41", "a%252Bb%252541", false), // Decoded twice.
    ] {
        let directory = directory(of_secret(secret));
        let result = log_in(header, |login| authenticate(login, &directory, NOW, None));
        assert_eq!(result.is_ok(), right, "{secret} {header}");
    }
}

#[test]
fn a_foreign_digest_is_never_compared_on_the_way_of_a_token_request() {
    let directory = directory(of_digest());
    log_in("correct horse", |login| {
        let refused = authenticate(login, &directory, NOW, None).unwrap_err();
        assert_eq!(refused, Refusal::Unproven(Unproven::Plain));
        let candidates = foreign(login, &directory);
        assert_eq!(candidates.len(), 1);
        assert!(candidates[0].digest.is_of(&login.secret));
    });
    let params = Params::default();
    let header = basic("unknown", "correct horse");
    let login = Login::exactly_one(Some(header.as_bytes()), &params).unwrap();
    assert!(foreign(&login, &directory).is_empty());
}

/// The check takes its time, and the credential may have changed meanwhile.
#[test]
fn whoever_has_proven_a_foreign_digest_is_judged_by_what_holds_afterwards() {
    let digest: ForeignDigest = DIGEST.parse().unwrap();
    let inst = crate::Installation { longest_lifetime_s: 60, vault: None };
    let own = of_digest();
    let id = own.secrets[0].id.clone();
    let presented = Secret::presented("correct horse".to_owned());
    let proven = crate::secret::Proven::of(&presented, &Pepper::new([9; 32]));
    let mut other = of_digest();
    let text = DIGEST.replace("Qc6e", "Qc6u");
    let new = NewSecret::imported(id.clone(), text.parse().unwrap());
    other.secrets = imported(&new).secrets;
    let cases = [
        ("as it was", own.clone(), None),
        ("upgraded", own.clone().upgrade_secret(&id, &digest, &proven).unwrap(), None),
        ("paused", own.clone().pause(&inst, NOW).unwrap(), Some("invalid_client")),
        ("revoked", own.clone().revoke(&inst, NOW).unwrap(), Some("invalid_client")),
        ("leaked", own.retire_leaked_secret(&id, &inst, NOW).unwrap(), Some("invalid_client")),
        ("another", other, Some("invalid_client")),
    ];
    for (what, credential, refused) in cases {
        let directory = directory(credential);
        let result = log_in("correct horse", |login| {
            authenticate_proven(login, &digest, &directory, NOW, None)
        });
        assert_eq!(result.err().map(|refusal| refusal.code()), refused, "{what}");
    }
}
