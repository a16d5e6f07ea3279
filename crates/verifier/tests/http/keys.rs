//! The issuer's keys: found when a token needs them, kept when they cannot be had, and never
//! taken from where they should not be. No flood of tokens makes the issuer answer a flood.

use std::time::Duration;

use hallpass_token::jose::{Algorithm, TokenType};
use hallpass_verifier::{Revocations, StartError, Verifier, WhenStale};
use serde_json::json;

use crate::{
    api::Api,
    issuer::{AUDIENCE, Issuer, JWKS, METADATA, OPENID, hasty, key},
    trouble::{JSON, Trouble, hours_pass_until, until, within},
};

async fn verifier(issuer: &Issuer) -> Verifier {
    let mut timing = hasty();
    timing.request = Duration::from_millis(300);
    within("a start", issuer.builder().timing(timing).start()).await.unwrap()
}

#[tokio::test]
async fn a_flood_of_unknown_keys_causes_a_few_fetches() {
    let issuer = Issuer::start().await;
    let verifier = verifier(&issuer).await;
    let api = Api::start(&verifier).await;
    let stranger = key(Algorithm::Es256);
    let forged = |n: u32| {
        let mut claims = issuer.claims();
        claims["jti"] = n.into();
        stranger.sign(TokenType::AtJwt, claims.to_string().as_bytes()).unwrap()
    };
    let before = issuer.asked(JWKS);
    for (passed_s, allowed) in [(0, 3), (9, 3), (1, 4), (10, 5)] {
        issuer.clock.advance(Duration::from_secs(passed_s));
        let tokens: Vec<_> = (0..50).map(forged).collect();
        let asking = tokens.iter().map(|token| api.with("GET /books", token));
        for answer in futures_util::future::join_all(asking).await {
            assert_eq!(answer.short(), (401, "invalid_token".to_owned()));
        }
        // One after the other, so that no fetch can be shared.
        for token in &tokens[..10] {
            assert_eq!(api.status(token).await, 401);
        }
        assert_eq!(issuer.asked(JWKS) - before, allowed, "{passed_s}");
    }
    assert_eq!(issuer.asked(METADATA), 1, "keys are asked for, and nothing else");
    assert_eq!(api.status(&issuer.token()).await, 200, "who has a known key does not notice");
}

#[tokio::test]
async fn a_new_key_is_found_by_the_first_token_that_it_signed() {
    let issuer = Issuer::start().await;
    let verifier = verifier(&issuer).await;
    let api = Api::start(&verifier).await;
    let old = issuer.token();
    assert_eq!(api.status(&old).await, 200);
    issuer.rotate(true);
    let new = issuer.token();
    let asking = (0..20).map(|_| api.with("GET /books", &new));
    for answer in futures_util::future::join_all(asking).await {
        assert_eq!(answer.status, 200);
    }
    assert_eq!((api.status(&old).await, verifier.status().key_fetches), (200, 2));
    // A key that is no longer published vouches for nothing, cached or not.
    issuer.rotate(false);
    assert_eq!((api.status(&issuer.token()).await, api.status(&new).await), (200, 401));
    // `check` never waits: it says no at once, and knows better the next time.
    issuer.rotate(true);
    issuer.clock.advance(Duration::from_secs(10));
    let header = format!("Bearer {}", issuer.token());
    let check = || verifier.check(Some(header.as_bytes()));
    assert_eq!(check().unwrap_err().reason(), "unknown_key");
    until("the new key", || check().is_ok()).await;
}

#[tokio::test]
async fn keys_come_from_the_issuer_or_from_nowhere() {
    let issuer = Issuer::start().await;
    let evil = Issuer::start().await;
    let says = |value: &serde_json::Value| Trouble::Says(JSON, value.to_string());
    let metadata = issuer.metadata();
    let but = |name: &str, value: &str| {
        let mut metadata = issuer.metadata();
        metadata[name] = value.into();
        says(&metadata)
    };
    let cut = |value: &serde_json::Value| {
        let text = value.to_string();
        Trouble::Says(JSON, text[..text.len() - 2].to_owned())
    };
    let moved = |path: &str| Trouble::Moved(format!("{}{path}", evil.url));
    for (path, trouble) in [
        (METADATA, Trouble::Status(500)),
        (METADATA, moved(METADATA)),
        (METADATA, Trouble::Silent),
        (METADATA, Trouble::Endless(JSON, " ".repeat(4096))),
        (METADATA, Trouble::Hangs(JSON, "{".to_owned())),
        (METADATA, Trouble::Breaks(JSON, metadata.to_string()[..20].to_owned())),
        (METADATA, cut(&metadata)),
        (METADATA, Trouble::Status(404)),
        (METADATA, but("issuer", &evil.url)),
        (METADATA, but("issuer", &format!("{}/", issuer.url))),
        (METADATA, but("jwks_uri", "http://keys.example.com/keys")),
        (METADATA, but("jwks_uri", "file:///etc/keys")),
        (METADATA, but("revocation_feed_uri", "http://feed.example.com/revocations")),
        (JWKS, Trouble::Status(500)),
        (JWKS, Trouble::Status(404)),
        (JWKS, moved(JWKS)),
        (JWKS, Trouble::Silent),
        (JWKS, Trouble::Endless(JSON, " ".repeat(4096))),
        (JWKS, Trouble::Hangs(JSON, "{".to_owned())),
        (JWKS, Trouble::Breaks(JSON, issuer.jwks().to_string())),
        (JWKS, cut(&issuer.jwks())),
        (JWKS, says(&json!({"keys": []}))),
        (JWKS, says(&json!({"keys": vec![json!({"kty": "EC"}); 101]}))),
    ] {
        issuer.misbehave(path, trouble.clone());
        if path == METADATA {
            // What is not in the first place is looked for in the second.
            issuer.misbehave(OPENID, trouble.clone());
        }
        let verifier = verifier(&issuer).await;
        let api = Api::start(&verifier).await;
        issuer.is_asked(path, 1).await;
        let answer = api.with("GET /books", &issuer.token()).await;
        assert_eq!(answer.short(), (503, "temporarily_unavailable".to_owned()), "{trouble:?}");
        assert_eq!(answer.retry_after.as_deref(), Some("5"));
        assert_eq!(answer.challenge, None);
        // What is no token at all is no better for it.
        assert_eq!(api.status("garbage").await, 401);
        assert_eq!(api.ask("GET /books", &[]).await.status, 401);
        assert!(verifier.status().last_key_error.is_some(), "{trouble:?}");
        assert!(!verifier.status().ready);

        issuer.behave();
        within("readiness", verifier.wait_ready()).await;
        assert_eq!(api.status(&issuer.token()).await, 200, "{trouble:?}");
        assert_eq!(api.status(&evil.token()).await, 401);
        assert_eq!(verifier.status().last_key_error, None, "{trouble:?}");
    }
    assert_eq!(evil.asked(METADATA) + evil.asked(JWKS), 0, "no redirect was followed");
}

#[tokio::test]
async fn known_keys_outlive_whatever_becomes_of_the_issuer() {
    let mut issuer = Issuer::start().await;
    let verifier = verifier(&issuer).await;
    let api = Api::start(&verifier).await;
    let known = issuer.token();
    issuer.rotate(true);
    let unknown = issuer.token();
    for trouble in [
        Trouble::Status(500),
        Trouble::Says(JSON, json!({"keys": []}).to_string()),
        Trouble::Says(JSON, "{".to_owned()),
    ] {
        issuer.clock.advance(Duration::from_secs(30));
        issuer.misbehave(JWKS, trouble.clone());
        let answer = api.with("GET /books", &unknown).await;
        assert_eq!(answer.status, 503, "{trouble:?}: it may be a good one");
        assert_eq!(api.status(&known).await, 200, "{trouble:?}");
    }
    issuer.behave();
    issuer.vanish().await;
    assert_eq!((api.status(&known).await, api.status(&unknown).await), (200, 503));
    issuer.come_back().await;
    issuer.clock.advance(Duration::from_secs(30));
    crate::freshness::sees(&verifier).await;
    assert_eq!((api.status(&known).await, api.status(&unknown).await), (200, 200));
}

#[tokio::test]
async fn keys_are_refreshed_ahead_of_need_and_a_feed_that_is_new_is_found() {
    let issuer = Issuer::with(Algorithm::Es256, false).await;
    let lenient = verifier(&issuer).await;
    let strict = issuer.builder().revocations(Revocations::Required);
    let strict = within("a start", strict.when_stale(WhenStale::FailOpen).start()).await.unwrap();
    let apis = [Api::start(&lenient).await, Api::start(&strict).await];
    let token = issuer.token();
    assert_eq!((apis[0].status(&token).await, apis[1].status(&token).await), (200, 503));
    assert_eq!(lenient.status().feed.offered, Some(false));

    // The issuer is replaced by a Hallpass. Nothing fails, so nobody would have to ask.
    issuer.offer_feed(true);
    let seq = issuer.kill_credential("reports");
    issuer.rotate(true);
    let both = || [lenient.status(), strict.status()];
    // Without a token that needs it.
    let kid = issuer.kid();
    let found = || both().iter().all(|now| now.keys.contains(&kid) && now.feed.seq == Some(seq));
    hours_pass_until("key and feed", found).await;
    for api in &apis {
        assert_eq!(api.status(&token).await, 401);
    }
    // Metadata that name no feed any more do not bring the dead back.
    issuer.offer_feed(false);
    let before = both().map(|now| now.key_fetches);
    let again = || both().iter().zip(before).all(|(now, before)| now.key_fetches > before);
    hours_pass_until("new metadata", again).await;
    assert_eq!((apis[0].status(&token).await, apis[1].status(&token).await), (401, 401));
}

#[tokio::test]
async fn what_would_be_no_protection_does_not_start() {
    let start = |issuer: &str, audience: &str| Verifier::builder(issuer, audience);
    let good = "http://127.0.0.1:9";
    for (name, builder, expected) in [
        ("plain HTTP", start("http://auth.example.com", AUDIENCE), "issuer:"),
        ("no URL", start("auth.example.com", AUDIENCE), "issuer:"),
        ("no issuer", start("", AUDIENCE), "the policy names no issuer"),
        ("no audience", start(good, ""), "the policy names no audience"),
        ("an empty second audience", start(good, AUDIENCE).audience("/"), "the policy names no"),
        ("no algorithm", start(good, AUDIENCE).algorithms(&[]), "the policy allows no algorithm"),
        ("too much leeway", start(good, AUDIENCE).leeway_s(301), "a leeway of 301 s"),
        ("too little patience", start(good, AUDIENCE).max_staleness_s(4), "max_staleness_s is 4"),
        ("no folder", start(good, AUDIENCE).state_dir("/dev/null/x"), "state_dir:"),
        ("no certificates", start(good, AUDIENCE).ca_pem("-----BEGIN CERTIFICATE-----\nx"), "HTTP"),
    ] {
        let refused: StartError = builder.start().await.expect_err(name);
        assert!(refused.to_string().starts_with(expected), "{name}: {refused}");
    }
}
