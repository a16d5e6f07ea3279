//! Every way in which real clients write a token request is understood, and the answer is always
//! the same.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use insta::assert_snapshot;

use crate::{
    ask::{Ask, FORM},
    node::{BOOKS, Login, Node, ask_token},
};

const GRANT: &str = "grant_type=client_credentials";

#[tokio::test]
async fn every_form_of_request_gets_a_token() {
    let node = Node::start().with_credential("reports").await;
    let login = Login::of("reports");
    let (id, secret) = login.pair();
    let basic = || ask_token("reports");
    let scheme = |scheme: &str| {
        let token = STANDARD_NO_PAD.encode(format!("{id}:{secret}"));
        Ask::token().header("authorization", &format!("{scheme} {token}")).form(GRANT)
    };
    let in_body = format!("{GRANT}&client_id={id}&client_secret={secret}");
    let in_json = format!(
        r#"{{"grant_type":"client_credentials","client_id":"{id}","client_secret":"{secret}"}}"#
    );
    let encoded: String = id.bytes().map(|byte| format!("%{byte:02x}")).collect();
    for (what, ask) in [
        ("Basic and a form", basic().form(GRANT)),
        ("Basic and nothing else", basic()),
        ("Basic, an empty body of a kind", basic().form("")),
        ("Basic and an empty object", basic().json("{}")),
        ("Basic and JSON", basic().json(r#"{"grant_type":"client_credentials"}"#)),
        ("Basic, percent-encoded", Ask::token().basic((&encoded, secret)).form(GRANT)),
        ("basic, no padding", scheme("basic")),
        ("BASIC", scheme("BASIC")),
        ("the same client_id twice", basic().form(format!("{GRANT}&client_id={id}"))),
        ("an empty secret beside Basic", basic().form(format!("{GRANT}&client_secret="))),
        ("the form's body", Ask::token().form(in_body.clone())),
        ("charset", Ask::token().body(&format!("{FORM}; charset=UTF-8"), in_body.clone())),
        ("kind in capitals", Ask::token().body(&FORM.to_uppercase(), in_body.clone())),
        ("a percent-encoded grant", {
            let body = in_body.replace("client_credentials", "client%5Fcredentials");
            Ask::token().form(body)
        }),
        ("blanks as +", Ask::token().form(format!("{in_body}&scope=books:read+books:write"))),
        ("blanks as %20", Ask::token().form(format!("{in_body}&scope=books:read%20books:write"))),
        ("scopes reversed", Ask::token().form(format!("{in_body}&scope=books:write books:read"))),
        ("empty parameters", Ask::token().form(format!("&{in_body}&scope=&resource=&audience&"))),
        ("unknown parameters", Ask::token().form(format!("{in_body}&colour=green&x"))),
        ("JSON", Ask::token().json(in_json.clone())),
        ("JSON, charset", Ask::token().body("application/json;charset=utf-8", in_json.clone())),
        ("JSON, indented", Ask::token().json(in_json.replace(',', ",\r\n\t"))),
        ("JSON, a line break after", Ask::token().json(format!("\n{in_json}\n"))),
        ("JSON, other order", {
            let body = format!(
                r#"{{"client_secret":"{secret}","client_id":"{id}",
                    "grant_type":"client_credentials"}}"#
            );
            Ask::token().json(body)
        }),
        ("JSON, escapes", Ask::token().json(in_json.replace("client_c", r"client\u005fc"))),
        ("JSON, more members", {
            let more = r#"{"scope":null,"x":{"y":[1,true,null,-1,0.5]},"#;
            Ask::token().json(in_json.replacen('{', more, 1))
        }),
        ("another query", basic().form(GRANT).at("/oauth/token?trace=1")),
        ("asking for HTML", basic().form(GRANT).header("accept", "text/html, */*;q=0.1")),
        ("the resource", basic().form(format!("{GRANT}&resource={BOOKS}"))),
        ("the resource twice", basic().form(format!("{GRANT}&resource={BOOKS}&resource={BOOKS}/"))),
        ("the audience", basic().form(format!("{GRANT}&audience={BOOKS}/"))),
        ("both", basic().form(format!("{GRANT}&audience={BOOKS}&resource={BOOKS}"))),
        ("JSON resources", {
            let body = format!(r#"{{"grant_type":"client_credentials","resource":["{BOOKS}"]}}"#);
            basic().json(body)
        }),
    ] {
        let answer = node.send(ask).await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
        assert_eq!(answer.value()["scope"], "books:read books:write", "{what}");
    }
}

#[tokio::test]
async fn a_success_has_the_members_of_rfc_6749_section_5_1() {
    let node = Node::start().with_credential("reports").await;
    let answer = node.request_token("reports").await;
    assert_snapshot!(answer.status, @"200 OK");
    assert_snapshot!(answer.header("content-type"), @"application/json");
    assert_snapshot!(answer.header("cache-control"), @"no-store");
    assert_snapshot!(answer.header("pragma"), @"no-cache");
    assert_snapshot!(answer.header("hallpass-secret-expires"), @"");
    assert_snapshot!(
        answer.redacted_body(),
        @r#"{"access_token":"[jwt]","token_type":"Bearer","expires_in":86400,"scope":"books:read books:write","refresh_after":43200}"#
    );
}

#[tokio::test]
async fn a_body_of_64_kib_is_read_and_a_longer_one_is_not() {
    let node = Node::start().with_credential("reports").await;
    let filled = |length: usize| {
        let body = format!("{GRANT}&x=");
        let rest = "y".repeat(length - body.len());
        ask_token("reports").form(body + &rest)
    };
    for (length, outcome) in [(65_536, (200, "no error")), (65_537, (413, "invalid_request"))] {
        let answer = node.send(filled(length)).await;
        assert_eq!(answer.outcome(), (outcome.0, outcome.1.to_owned()), "{length}");
    }
}

#[tokio::test]
async fn the_answer_says_when_the_secret_ends_from_30_days_before() {
    const DAY_S: u64 = 86_400;
    for (ends_in_s, warning) in [
        (None, ""),
        (Some(31 * DAY_S), ""),
        (Some(29 * DAY_S), "Tue, 23 Dec 2025 16:00:00 GMT"),
        (Some(7200), "Mon, 24 Nov 2025 18:00:00 GMT"),
    ] {
        let end = |secs| hallpass_core::Timestamp::from_secs(crate::node::NOW_S + secs);
        let node = Node::start()
            .with_credential_that("reports", |settings| settings.expires_at = ends_in_s.map(end))
            .await;
        let answer = node.request_token("reports").await;
        assert_eq!(answer.header("hallpass-secret-expires"), warning, "{ends_in_s:?}");
        // A token does not outlive what it was minted with.
        let wanted = ends_in_s.map_or(DAY_S, |secs| secs.min(DAY_S));
        assert_eq!(answer.value()["expires_in"], wanted, "{ends_in_s:?}");
        assert_eq!(answer.value()["refresh_after"], wanted / 2, "{ends_in_s:?}");
    }
}
