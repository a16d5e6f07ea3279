//! What callers get (RFC 6750 §3), and who they are to the handlers.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hallpass_token::jose::{Algorithm, TokenType};
use serde_json::json;

use crate::{
    api::Api,
    issuer::{Issuer, LIFETIME_S, NOW_S, key},
};

/// A token whose header says another algorithm, or more; the signature is that of a good one.
fn forged(issuer: &Issuer, algorithm: &str, more: &str) -> String {
    let (good, kid) = (issuer.token(), issuer.kid());
    let (_, rest) = good.split_once('.').unwrap();
    let header = format!(r#"{{"alg":"{algorithm}","typ":"at+jwt","kid":"{kid}"{more}}}"#);
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
}

#[tokio::test]
async fn requests_without_a_usable_token_are_challenged_as_rfc_6750_section_3_says() {
    let issuer = Issuer::start().await;
    let verifier = issuer.verifier().await;
    let api = Api::start(&verifier).await;
    let good = format!("Bearer {}", issuer.token());
    let good = good.as_bytes();
    let no_token = (401, "missing_token", r#"Bearer realm="books""#);
    let malformed = (
        400,
        "invalid_request",
        r#"Bearer realm="books", error="invalid_request", error_description="The Authorization header is malformed""#,
    );
    for (name, call, headers, (status, error, challenge)) in [
        ("nothing", "GET /books", vec![], no_token),
        ("Basic", "GET /books", vec![&b"Basic YTpi"[..]], no_token),
        ("a token that is bound", "GET /books", vec![&b"DPoP a.b.c"[..]], no_token),
        ("in the query", "GET /books?access_token=x", vec![], no_token),
        (
            "nothing, where a scope is asked for",
            "POST /books",
            vec![],
            (401, "missing_token", r#"Bearer realm="books", scope="books:write""#),
        ),
        ("no token after the scheme", "GET /books", vec![&b"Bearer"[..]], malformed),
        ("an empty header", "GET /books", vec![&b""[..]], malformed),
        ("two words", "GET /books", vec![&b"Bearer a b"[..]], malformed),
        ("not ASCII", "GET /books", vec![&b"Bearer \xc3\xa9"[..]], malformed),
        ("twice the same", "GET /books", vec![good, good], malformed),
        ("a good one and another", "GET /books", vec![good, &b"Basic YTpi"[..]], malformed),
        ("twice, to an open route", "GET /open", vec![good, good], malformed),
        ("Basic, to an open route", "GET /open", vec![&b"Basic YTpi"[..]], no_token),
    ] {
        let answer = api.ask(call, &headers).await;
        assert_eq!(answer.short(), (status, error.to_owned()), "{name}");
        assert_eq!(answer.challenge.as_deref(), Some(challenge), "{name}");
        assert_eq!(answer.cache_control.as_deref(), Some("no-store"), "{name}");
    }
    assert_eq!(verifier.status().accepted, 0);
}

/// Each of these tokens is refused everywhere, for this reason.
async fn are_invalid(issuer: &Issuer, tokens: Vec<(&str, String, &str)>) {
    let verifier = issuer.verifier().await;
    let api = Api::start(&verifier).await;
    for (name, token, description) in tokens {
        let answer = api.with("GET /books", &token).await;
        let expected = format!(
            r#"Bearer realm="books", error="invalid_token", error_description="{description}""#
        );
        assert_eq!(answer.challenge.as_deref(), Some(&*expected), "{name}");
        assert_eq!(answer.short(), (401, "invalid_token".to_owned()), "{name}");
        assert!(!answer.body.contains(&token[..token.len().min(20)]), "{name}: an echo");
        // A bad token is none the better where none is needed.
        assert_eq!(api.with("GET /open", &token).await.status, 401, "{name}");
    }
    assert_eq!((verifier.status().accepted, verifier.status().cached_tokens), (0, 0));
}

#[tokio::test]
async fn tokens_that_the_issuer_did_not_sign_like_this_are_invalid() {
    let issuer = Issuer::start().await;
    let good = issuer.token();
    let (body, _) = good.rsplit_once('.').unwrap();
    let stranger = key(Algorithm::Es256);
    let by_stranger =
        stranger.sign(TokenType::AtJwt, issuer.claims().to_string().as_bytes()).unwrap();
    let stolen_name = {
        let signature = by_stranger.rsplit_once('.').unwrap().1;
        format!("{body}.{signature}")
    };
    let malformed = "The access token is malformed";
    let algorithm = "The signing algorithm is not accepted";
    let tokens = vec![
        ("garbage", "garbage".to_owned(), malformed),
        ("no signature", format!("{body}."), malformed),
        ("dots", ".".repeat(6_000), malformed),
        ("too long", "a".repeat(8_193), malformed),
        ("cut off", good[..good.len() - 2].to_owned(), "The signature is wrong"),
        ("padded", format!("{good}="), malformed),
        ("unsigned", forged(&issuer, "none", ""), algorithm),
        ("keyed with a public key", forged(&issuer, "HS256", ""), algorithm),
        (
            "with a critical header",
            forged(&issuer, "ES256", r#","crit":["b64"],"b64":false"#),
            malformed,
        ),
        ("of another key", by_stranger, "The signing key is unknown"),
        ("of another key under our name", stolen_name, "The signature is wrong"),
        (
            "another kind",
            issuer.sign(TokenType::Jwt, &issuer.claims()),
            "This is not an access token",
        ),
    ];
    are_invalid(&issuer, tokens).await;
}

#[tokio::test]
async fn tokens_that_say_what_they_should_not_are_invalid() {
    let issuer = Issuer::start().await;
    let claim = "A claim is missing or has the wrong type";
    let expired = "The access token has expired";
    let tokens = vec![
        (
            "for another API",
            issuer.token_but(json!({"aud": "https://books.example.com.evil.example"})),
            "The access token is for another API",
        ),
        ("for nobody", issuer.token_but(json!({"aud": null})), claim),
        (
            "of another issuer",
            issuer.token_but(json!({"iss": format!("{}/", issuer.url)})),
            "The access token is from another issuer",
        ),
        ("without end", issuer.token_but(json!({"exp": null})), claim),
        ("with an end in words", issuer.token_but(json!({"exp": "tomorrow"})), claim),
        ("expired", issuer.token_but(json!({"exp": NOW_S - 30})), expired),
        (
            "not yet valid",
            issuer.token_but(json!({"nbf": NOW_S + 31})),
            "The access token is not valid yet; do the clocks of its issuer and of this API agree?",
        ),
        (
            "bound to a key",
            issuer.token_but(json!({"cnf": {"jkt": "x"}})),
            "The access token is bound to a key and is no Bearer token",
        ),
    ];
    are_invalid(&issuer, tokens).await;
}

#[tokio::test]
async fn scopes_are_asked_for_by_route_and_by_handler() {
    let issuer = Issuer::start().await;
    let api = Api::start(&issuer.verifier().await).await;
    for (call, scope, status, challenge) in [
        ("GET /books", "", 200, None),
        ("POST /books", "books:write", 200, None),
        ("POST /books", "a books:write b", 200, None),
        ("POST /books", "books:read", 403, Some(("books:write", true))),
        ("POST /books", "books:Write", 403, Some(("books:write", true))),
        ("POST /books", "books:writer", 403, Some(("books:write", true))),
        ("POST /books", "", 403, Some(("books:write", true))),
        ("GET /both", "books:write books:read", 200, None),
        ("GET /both", "books:read", 403, Some(("books:read books:write", true))),
        ("GET /fine", "books:archive", 200, None),
        ("GET /fine", "books:read", 403, Some(("books:archive", false))),
    ] {
        let answer = api.with(call, &issuer.token_but(json!({"scope": scope}))).await;
        assert_eq!(answer.status, status, "{call} {scope:?}");
        let expected = challenge.map(|(scope, by_layer)| {
            let realm = if by_layer { r#"realm="books", "# } else { "" };
            format!(
                r#"Bearer {realm}error="insufficient_scope", error_description="The access token lacks a required scope", scope="{scope}""#
            )
        });
        assert_eq!(answer.challenge, expected, "{call} {scope:?}");
    }
}

#[tokio::test]
async fn handlers_learn_who_calls() {
    let issuer = Issuer::start().await;
    let api = Api::start(&issuer.verifier().await).await;
    let nobody = json!({"scope": null, "org": null, "gen": null});
    for (call, token, expected) in [
        ("GET /books", Some(issuer.token()), (200, "reports org_library books:read t1")),
        ("GET /books", Some(issuer.token_but(nobody)), (200, "reports -  t1")),
        ("GET /open", Some(issuer.token()), (200, "reports")),
        ("GET /open", None, (200, "anonymous")),
    ] {
        let answer = match &token {
            Some(token) => api.with(call, token).await,
            None => api.ask(call, &[]).await,
        };
        assert_eq!((answer.status, &*answer.body), expected, "{call}");
    }
    // A route that somebody forgot to guard is a mistake in the program, and lets nobody in.
    for call in ["GET /unguarded", "GET /mistake"] {
        let answer = api.ask(call, &[]).await;
        assert_eq!(answer.short(), (500, "server_error".to_owned()), "{call}");
    }
    assert_eq!(api.with("GET /unguarded", &issuer.token()).await.status, 500);
}

#[tokio::test]
async fn a_jwt_by_its_plain_type_passes_only_where_that_was_chosen() {
    let issuer = Issuer::start().await;
    let token = issuer.sign(TokenType::Jwt, &issuer.claims());
    for (accept, status) in [(false, 401), (true, 200)] {
        let verifier = issuer.builder().accept_jwt_type(accept).start().await.unwrap();
        assert_eq!(Api::start(&verifier).await.status(&token).await, status);
    }
}

#[tokio::test]
async fn what_is_cached_is_who_calls_and_never_that_he_may() {
    let issuer = Issuer::start().await;
    let verifier = issuer.verifier().await;
    let other = verifier.for_audiences(["https://films.example.com"]).unwrap();
    let (books, films) = (Api::start(&verifier).await, Api::start(&other).await);
    let token = issuer.token();
    for _ in 0..2 {
        assert_eq!(books.status(&token).await, 200);
        assert_eq!(verifier.status().cached_tokens, 1, "one token, one place");
        // The same token, known by now: another API, another scope, another route.
        assert_eq!(films.status(&token).await, 401);
        assert_eq!(books.with("POST /books", &token).await.status, 403);
    }
    // One that differs in nothing but the signature's last bits is another token.
    let mut other_end = token.clone();
    let last = if other_end.ends_with('A') { 'Q' } else { 'A' };
    other_end.pop();
    other_end.push(last);
    assert_eq!(books.status(&other_end).await, 401);

    issuer.pass(std::time::Duration::from_secs(LIFETIME_S + 29));
    crate::freshness::sees(&verifier).await;
    assert_eq!(books.status(&token).await, 200, "within the leeway");
    issuer.pass(std::time::Duration::from_secs(1));
    crate::freshness::sees(&verifier).await;
    assert_eq!(books.status(&token).await, 401);
}
