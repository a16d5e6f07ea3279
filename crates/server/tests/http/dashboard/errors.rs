//! What people see who went astray, and what programs get at the same addresses.

use http::{Method, StatusCode};
use insta::assert_snapshot;

use crate::{
    ask::{Answer, Ask},
    node::Node,
};

/// What Chromium sends when somebody follows a link.
const NAVIGATION: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn visit(path: &str) -> Ask {
    Ask::get(path).header("accept", NAVIGATION)
}

fn heading(page: &Answer) -> &str {
    let (_, rest) = page.text().split_once("<h1>").unwrap();
    rest.split_once("</h1>").unwrap().0
}

#[tokio::test]
async fn people_get_a_page_and_programs_get_json() {
    let node = Node::start().await;
    let odd = |ask: Ask, method| Ask { method, ..ask };
    for (ask, status, is_page) in [
        (visit("/nothing"), 404, true),
        (visit("/account/nothing"), 404, true),
        (visit("/assets/nothing"), 404, true),
        (odd(visit("/healthz"), Method::DELETE), 405, false),
        (odd(visit("/healthz"), Method::POST).header("sec-fetch-mode", "navigate"), 405, true),
        (visit("/oauth/token"), 405, false),
        (visit("/oauth/nothing"), 404, false),
        (visit("/.well-known/nothing"), 404, false),
        (visit("/revocations/nothing"), 404, false),
        (visit("/api/v1/nothing"), 404, false),
        (Ask::get("/nothing"), 404, false),
        (odd(visit("/nothing"), Method::POST), 404, false),
        (odd(visit("/nothing"), Method::POST).header("sec-fetch-mode", "navigate"), 404, true),
        (Ask::get("/nothing").header("accept", "*/*"), 404, false),
        (Ask::get("/nothing").header("accept", "application/json"), 404, false),
    ] {
        let answer = node.send(ask.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{ask:?}");
        assert_eq!(answer.is_page(), is_page, "{ask:?}");
    }
    assert_eq!(heading(&node.send(visit("/nothing")).await), "There is nothing here");
}

#[tokio::test]
async fn pages_are_closed_to_others() {
    let page = Node::start().await.send(visit("/nothing")).await;
    assert_snapshot!(
        page.header("content-security-policy"),
        @"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    );
    assert_snapshot!(page.header("strict-transport-security"), @"max-age=31536000");
    assert_snapshot!(page.header("cross-origin-opener-policy"), @"same-origin");
    assert_snapshot!(page.header("referrer-policy"), @"same-origin");
    assert_snapshot!(page.header("x-content-type-options"), @"nosniff");
    for refused in [" style=", " onclick=", "<style", "javascript:"] {
        assert!(!page.text().contains(refused), "{refused}");
    }
}

#[tokio::test]
async fn a_loopback_issuer_promises_no_tls() {
    let node = Node::start()
        .with_config(|config| config.issuer = "http://127.0.0.1:8420".to_owned())
        .await;
    assert_eq!(node.send(visit("/nothing")).await.header("strict-transport-security"), "");
}

#[tokio::test]
async fn links_begin_with_the_path_of_the_issuer() {
    let node = Node::start()
        .with_config(|config| config.issuer = "https://example.com/auth".to_owned())
        .await;
    for path in ["/auth/nothing", "/nothing"] {
        let page = node.send(visit(path)).await;
        assert!(page.text().contains(r#"href="/auth/assets/hallpass."#), "{path}");
        assert!(!page.text().contains(r#"href="/assets/"#), "{path}");
    }
    let page = node.send(visit("/nothing")).await;
    let css = page.text().split('"').find(|text| text.ends_with(".css")).unwrap();
    for path in [css, css.strip_prefix("/auth").unwrap()] {
        assert_eq!(node.send(Ask::get(path)).await.status, StatusCode::OK, "{path}");
    }
}
