//! The way of somebody new to the first answer of the API, as the page tells it: by curl, then in
//! a program with a library that strangers have written. It says how long it takes.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::net::TcpListener;

use crate::{
    credentials::{begin_at, downloaded, is_enabled, paste, text_of},
    people::PASSWORD,
    site::Site,
};

/// The Books API, protected by tokens of a site.
struct Books {
    /// Where it is, which is its audience as well.
    url: String,
    _state: tempfile::TempDir,
}

impl Books {
    /// Its address must be known before the site knows of it.
    async fn place() -> (TcpListener, String) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/v1/books", listener.local_addr().unwrap());
        (listener, url)
    }

    async fn open(site: &Site, listener: TcpListener, url: String) -> Self {
        let state = tempfile::tempdir().unwrap();
        let verifier = hallpass_verifier::Verifier::builder(&*site.url, &*url);
        let verifier = verifier.state_dir(state.path()).start().await.unwrap();
        let router = books::router(&verifier);
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { url, _state: state }
    }
}

// The API answers while curl waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn from_signing_in_to_a_token_in_six_clicks() {
    let (listener, audience) = Books::place().await;
    let Some((browser, site, downloads)) = begin_at(&audience, "developer").await else { return };
    let books = Books::open(&site, listener, audience).await;
    browser.sign_out_everywhere(&site).await;

    let begun = Instant::now();
    browser.fill("E-mail", "ada@example.com").await;
    browser.fill("Password", PASSWORD).await;
    browser.click("Sign in").await; // The first click.
    browser.says("Your first credential").await;
    browser.click("Add API credential").await; // The second.
    assert!(!is_enabled(&browser, "#add").await);
    browser.fill("Name", "Nightly reports").await;
    browser.click("Download JSON").await; // The third.
    let file = downloaded(downloads.path()).await;
    assert!(is_enabled(&browser, "#add").await);
    browser.click("Add credential").await; // The fourth.
    browser.says("Waiting for your first request").await;
    let lines = [text_of(&browser, "read-secret").await, text_of(&browser, "curl").await];
    let answer = paste(downloads.path(), &lines); // The fifth and the sixth: two lines are copied.
    assert_eq!(answer["token_type"], "Bearer", "{answer}");
    let token = answer["access_token"].as_str().unwrap();
    let call =
        format!("curl -s --oauth2-bearer {token} {} -o books.out -w '%{{http_code}}'", books.url);
    assert_eq!(paste(downloads.path(), &[call]), 200);
    let took = begun.elapsed();
    println!("From signing in to the API's first 200: 6 clicks, {:.1} s", took.as_secs_f64());
    assert!(took < Duration::from_secs(120));

    let written: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let members: Vec<_> = written.as_object().unwrap().keys().map(String::as_str).collect();
    let known =
        "client_id client_secret issuer token_endpoint audience scope clientId clientSecret";
    let mut known: Vec<_> = known.split(' ').collect();
    known.sort_unstable();
    let mut sorted = members.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, known);
    assert_eq!(written["issuer"], site.url);
    assert_eq!(written["token_endpoint"], site.at("/oauth/token"));
    assert_eq!(written["audience"], books.url);
    assert_eq!(written["scope"], "books:read");
    assert_eq!(written["clientSecret"], written["client_secret"]);
    // The light turns green by itself, and says from where.
    browser.says("The first request came").await;
    browser.check_console("first request").await;

    // What the page says to write into a program, in a program.
    browser.click("Node.js").await;
    browser.says("openid-client").await;
    let snippet = text_of(&browser, "snippet").await;
    // Only here is the server without TLS.
    let snippet =
        snippet.replace(r#""oauth2" }"#, r#""oauth2", execute: [client.allowInsecureRequests] }"#);
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/node_modules");
    std::os::unix::fs::symlink(tests, downloads.path().join("node_modules")).unwrap();
    fs::write(downloads.path().join("call.mjs"), snippet).unwrap();
    let run = [text_of(&browser, "read-secret").await, "node call.mjs".to_owned()];
    assert_eq!(paste(downloads.path(), &run), 200);
}
