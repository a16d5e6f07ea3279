//! What is accepted and refused before any request is made. Nothing here uses the network.

use super::*;

fn builder() -> Builder {
    Builder::new("reports", Secret::new("hps_hush"))
}

fn told(outcome: Result<TokenSource, BuildError>) -> String {
    outcome.unwrap_err().to_string()
}

#[test]
fn what_cannot_work_or_is_not_safe_is_refused_before_the_first_request() {
    let at = |url: &str| told(builder().token_endpoint(url).build());
    let from = |url: &str| told(builder().issuer(url).build());
    for (told, wanted) in [
        (told(builder().build()), "give a token endpoint, or an issuer"),
        (told(Builder::new("", Secret::new("x")).build()), "the client id is empty"),
        (told(Builder::new("x", Secret::new("")).build()), "the client secret is empty"),
        (at("http://auth.example.com/token"), "the token endpoint must be https"),
        (at("/oauth/token"), "the token endpoint is not usable"),
        (at("ftp://127.0.0.1/token"), "must begin with https://"),
        (at("https://a:b@auth.example.com/token"), "a login does not belong"),
        (at("https://auth.example.com/token#x"), "must not have a fragment"),
        (from("http://auth.example.com"), "the issuer must be https"),
        (from("https://auth.example.com?x=1"), "an issuer has no query"),
    ] {
        assert!(told.contains(wanted), "{told}");
    }
}

#[test]
fn the_well_known_part_goes_before_the_path_of_the_issuer() {
    for (issuer, wanted) in [
        ("https://a.example", "https://a.example/.well-known/oauth-authorization-server"),
        ("https://a.example/", "https://a.example/.well-known/oauth-authorization-server"),
        ("https://a.example/t/1", "https://a.example/.well-known/oauth-authorization-server/t/1"),
        ("https://a.example/t/", "https://a.example/.well-known/oauth-authorization-server/t"),
        ("http://[::1]:90", "http://[::1]:90/.well-known/oauth-authorization-server"),
    ] {
        assert_eq!(metadata_url(issuer).unwrap().as_str(), wanted);
    }
}

#[test]
fn the_downloaded_file_is_enough() {
    for json in [
        r#"{"client_id":"reports","client_secret":"hps_hush","issuer":"https://a.example"}"#,
        r#"{"clientId":"reports","clientSecret":"hps_hush","issuer":"https://a.example",
            "audience":null,"name":"ignored","created":[1]}"#,
        r#"{"client_id":"reports","client_secret":"hps_hush",
            "token_endpoint":"https://a.example/oauth/token","scope":""}"#,
        r#"{"client_id":"reports","client_secret":"hps_hush","issuer":"https://a.example",
            "clientId":"reports","clientSecret":"hps_hush"}"#,
    ] {
        let builder = Builder::from_json(json).unwrap();
        assert_eq!((builder.client_id.as_str(), builder.secret.expose()), ("reports", "hps_hush"));
        assert_eq!(builder.parameters, []);
        builder.build().unwrap();
    }
    let full = r#"{"client_id":"a","client_secret":"b","audience":"https://api","scope":"x y"}"#;
    let builder = Builder::from_json(full).unwrap().audience("https://other");
    let wanted = [("scope", "x y".to_owned()), ("audience", "https://other".to_owned())];
    assert_eq!(builder.parameters, wanted);
}

#[test]
fn a_file_that_is_something_else_is_never_quoted() {
    for json in [
        "",
        "hps_hush",
        r#""hps_hush""#,
        r#"["hps_hush"]"#,
        r#"["reports","hps_hush",null,null,null,null]"#,
        "{}",
        r#"{"client_id":"reports"}"#,
        r#"{"client_id":{"hps_hush":1},"client_secret":"hps_hush"}"#,
        r#"{"client_id":"reports","client_secret":["hps_hush"]}"#,
        r#"{"client_id":"reports","client_secret":"hps_hush","clientSecret":"other"}"#,
        r#"{"client_id":"reports","clientId":"other","client_secret":"hps_hush"}"#,
    ] {
        let error = Builder::from_json(json).unwrap_err();
        assert!(matches!(error, BuildError::CredentialsFile { .. }), "{json}");
        assert!(!format!("{error} {error:?}").contains("hush"), "{json}: {error:?}");
    }
}

#[test]
fn nothing_secret_is_printed() {
    let builder = builder().token_endpoint("https://a.example/token?key=hush");
    assert_eq!(format!("{builder:?}"), r#"Builder { client_id: "reports", .. }"#);
    let source = builder.build().unwrap();
    assert_eq!(format!("{source:?}"), r#"TokenSource { client_id: "reports", .. }"#);
    assert_eq!(format!("{:?}", Secret::new("hush")), "Secret(..)");
}

#[test]
fn default_randomness_spreads_over_the_whole_range() {
    let numbers: Vec<f64> = (0..1000).map(|_| random()).collect();
    assert!(numbers.iter().all(|n| (0.0..=1.0).contains(n)));
    for tenth in 0..10 {
        let low = f64::from(tenth) / 10.0;
        let hits = numbers.iter().filter(|n| (low..low + 0.1).contains(*n)).count();
        assert!((50..=200).contains(&hits), "{hits} of 1000 in {low}");
    }
}
