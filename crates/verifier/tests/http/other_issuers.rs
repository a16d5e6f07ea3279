//! Issuers that are not Hallpass: RFC 9068 is all that they need to speak.

use hallpass_token::jose::{Algorithm, TokenType};
use hallpass_verifier::Revocations;
use serde_json::json;

use crate::{
    api::Api,
    issuer::{Issuer, METADATA, OPENID},
    trouble::Trouble,
};

#[tokio::test]
async fn tokens_of_any_rfc_9068_issuer_pass() {
    for algorithm in Algorithm::ALL {
        let issuer = Issuer::with(algorithm, false).await;
        let verifier = issuer.verifier().await;
        let api = Api::start(&verifier).await;
        // Several audiences, fractions of seconds, and claims that nobody here knows.
        let theirs = json!({
            "aud": ["https://other.example.com", "https://books.example.com/"],
            "gen": null, "org": null, "groups": ["a"], "auth_time": 1.5,
        });
        for (token, status) in [
            (issuer.token_but(theirs), 200),
            (issuer.token_but(json!({"aud": ["https://other.example.com"]})), 401),
            (issuer.sign(TokenType::Jwt, &issuer.claims()), 401),
        ] {
            assert_eq!(api.status(&token).await, status, "{algorithm}");
        }
        // Without a feed a token lives until it expires, and that is said and no alarm.
        let now = verifier.status();
        assert_eq!((now.ready, now.feed.offered, now.feed.blind), (true, Some(false), false));
        issuer.clock.advance(std::time::Duration::from_secs(80_000));
        assert_eq!(api.status(&issuer.token()).await, 200, "{algorithm}");
        assert!(verifier.metrics_text().contains("\nhallpass_verifier_feed_offered 0\n"));
    }
}

#[tokio::test]
async fn metadata_are_found_where_issuers_put_them() {
    let page = Trouble::Says("text/html", "<html>Sign in</html>".to_owned());
    for (first, second, status) in [
        (None, Some(Trouble::Status(404)), 200),
        (Some(Trouble::Status(404)), None, 200),
        (Some(Trouble::Status(400)), None, 200),
        (Some(Trouble::Status(403)), None, 200),
        (Some(Trouble::Moved("/login".to_owned())), None, 200),
        (Some(page), None, 200),
        // A server that fails may be well in a moment, and then it has what it has.
        (Some(Trouble::Status(500)), None, 503),
        (Some(Trouble::Status(404)), Some(Trouble::Status(404)), 503),
    ] {
        let issuer = Issuer::with(Algorithm::Rs256, false).await;
        let case = format!("{first:?} {second:?}");
        for (path, trouble) in [(METADATA, first), (OPENID, second)] {
            if let Some(trouble) = trouble {
                issuer.misbehave(path, trouble);
            }
        }
        let api = Api::start(&issuer.verifier().await).await;
        assert_eq!(api.status(&issuer.token()).await, status, "{case}");
        assert_eq!(issuer.asked("/login"), 0, "{case}");
    }
}

#[tokio::test]
async fn who_demands_a_feed_gets_nothing_past_an_issuer_without() {
    for (revocations, status) in
        [(Revocations::Required, 503), (Revocations::IfOffered, 200), (Revocations::Off, 200)]
    {
        let issuer = Issuer::with(Algorithm::Rs256, false).await;
        let verifier = issuer.builder().revocations(revocations).start().await.unwrap();
        let api = Api::start(&verifier).await;
        assert_eq!(api.status(&issuer.token()).await, status, "{revocations:?}");
        assert_eq!(verifier.status().ready, status == 200, "{revocations:?}");
    }
}

#[tokio::test]
async fn only_chosen_algorithms_pass() {
    let issuer = Issuer::with(Algorithm::Es256, false).await;
    for (algorithms, status) in
        [(&[Algorithm::Rs256][..], 401), (&[Algorithm::Rs256, Algorithm::Es256][..], 200)]
    {
        let verifier = issuer.builder().algorithms(algorithms).start().await.unwrap();
        assert_eq!(Api::start(&verifier).await.status(&issuer.token()).await, status);
    }
}
