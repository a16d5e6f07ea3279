//! What has died is refused from the moment on that the feed says so.

use hallpass_token::{
    feed::{Entry, Subject},
    revocation::Handle,
};
use serde_json::json;

use crate::{
    api::Api,
    issuer::{Issuer, NOW_S},
    trouble::within,
};

/// Tokens that differ in what the feed can name.
fn tokens(issuer: &Issuer) -> [(&'static str, String); 5] {
    [
        ("reports, first secret", issuer.token_but(json!({"gen": 1, "jti": "r1"}))),
        ("reports, second secret", issuer.token_but(json!({"gen": 2, "jti": "r2"}))),
        (
            "reports, a minute older",
            issuer.token_but(json!({"gen": 2, "jti": "r3", "iat": NOW_S - 60})),
        ),
        (
            "another of the organization",
            issuer.token_but(json!({"client_id": "import", "sub": "import", "jti": "i1"})),
        ),
        (
            "another's",
            issuer.token_but(json!({
                "client_id": "films", "sub": "films", "jti": "f1", "org": "org_cinema"
            })),
        ),
    ]
}

#[tokio::test]
async fn whatever_dies_is_refused_and_whatever_does_not_passes() {
    let credential = |generations: Option<&[u32]>| Subject::Credential {
        handle: Handle::of("reports"),
        generations: generations.map(<[u32]>::to_vec),
    };
    let organization =
        |before_s| Subject::Organization { handle: Handle::of("org_library"), before_s };
    let issuer = Issuer::start().await;
    let (kid, tokens) = (issuer.kid(), tokens(&issuer));
    for (name, deaths, passing) in [
        ("nothing", vec![], [true, true, true, true, true]),
        ("a credential", vec![credential(None)], [false, false, false, true, true]),
        ("a generation", vec![credential(Some(&[1]))], [false, true, true, true, true]),
        ("both generations", vec![credential(Some(&[1, 2]))], [false, false, false, true, true]),
        (
            "a pause that has ended",
            vec![credential(None), credential(Some(&[1]))],
            [false, true, true, true, true],
        ),
        (
            "one token",
            vec![Subject::Token { handle: Handle::of("r2") }],
            [true, false, true, true, true],
        ),
        ("an organization", vec![organization(None)], [false, false, false, false, true]),
        (
            "an organization that works again",
            vec![organization(None), organization(Some(NOW_S))],
            [true, true, false, true, true],
        ),
        ("the key", vec![Subject::Key { kid }], [false; 5]),
        (
            "somebody else's",
            vec![Subject::Key { kid: "k".to_owned() }, Subject::Token { handle: Handle::of("x") }],
            [true; 5],
        ),
    ] {
        issuer.set_back(0);
        let verifier = issuer.verifier().await;
        let api = Api::start(&verifier).await;
        // All are known and cached when death comes.
        for (token, text) in &tokens {
            assert_eq!(api.status(text).await, 200, "before: {token}");
        }
        for death in deaths {
            within("a death", verifier.applied(issuer.kill(death))).await;
        }
        // Neither who knew them alive, nor who meets them the first time.
        let later = issuer.verifier().await;
        for api in [&api, &Api::start(&later).await] {
            for ((token, text), passes) in tokens.iter().zip(passing) {
                let answer = api.with("GET /books", text).await;
                assert_eq!(answer.status == 200, passes, "{name}: {token}");
                if !passes {
                    let challenge = answer.challenge.unwrap();
                    assert!(challenge.contains("has been revoked"), "{challenge}");
                }
            }
        }
        let dead = passing.iter().filter(|passes| !**passes).count() as u64;
        let revoked = later.status().refused.into_iter().find(|(reason, _)| *reason == "revoked");
        assert_eq!(revoked.map_or(0, |(_, count)| count), dead, "{name}");
    }
}

#[tokio::test]
async fn an_entry_kills_until_its_time_and_no_longer() {
    let issuer = Issuer::start().await;
    let verifier = issuer.verifier().await;
    let api = Api::start(&verifier).await;
    let token = issuer.token();
    let subject = Subject::Token { handle: Handle::of("t1") };
    let seq = issuer.entry(Entry { subject, until_s: NOW_S + 3 });
    within("a death", verifier.applied(seq)).await;
    for (passed_s, status) in [(2, 401), (1, 200)] {
        issuer.pass(std::time::Duration::from_secs(passed_s));
        assert_eq!(api.status(&token).await, status, "{passed_s}");
    }
}

#[tokio::test]
async fn a_death_reaches_a_connected_verifier_within_a_second() {
    let issuer = Issuer::start().await;
    let verifier = issuer.verifier().await;
    let api = Api::start(&verifier).await;
    for name in 0..20 {
        let client = format!("client {name}");
        let token = issuer.token_but(json!({"client_id": client, "sub": client}));
        assert_eq!(api.status(&token).await, 200);
        let seq = issuer.kill_credential(&client);
        let acknowledged = std::time::Instant::now();
        within("a death", verifier.applied(seq)).await;
        assert_eq!(api.status(&token).await, 401);
        assert!(acknowledged.elapsed().as_secs() < 1, "{:?}", acknowledged.elapsed());
    }
    let feed = verifier.status().feed;
    assert_eq!((feed.snapshots, feed.gaps, feed.entries), (1, 0, 20));
}
