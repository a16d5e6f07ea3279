//! What is not a good token request is refused with the code of RFC 6749 §5.2, in JSON whatever
//! was asked for, and never repeats what was sent.

use hallpass_core::{Mutation, Timestamp};
use http::Method;

use crate::{
    ask::{Answer, Ask, JSON},
    node::{BOOKS, Login, NOW_S, Node, ask_token, client_id, organization_id, secret},
};

const GRANT: &str = "grant_type=client_credentials";
/// Stands in whatever the tests send, and must not come back.
const MARK: &str = "zebra";

/// Sends it, and checks that nothing of it is repeated.
async fn refused(node: &Node, ask: Ask) -> Answer {
    let answer = node.send(ask.header("accept", "text/html,application/xhtml+xml")).await;
    assert!(!answer.text().contains(MARK), "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json");
    answer
}

async fn check(node: &Node, rows: Vec<(&str, Ask, (u16, &str))>) {
    for (what, ask, (status, code)) in rows {
        let answer = refused(node, ask).await;
        assert_eq!(answer.outcome(), (status, code.to_owned()), "{what}: {}", answer.text());
    }
}

#[tokio::test]
async fn malformed_forms_are_refused() {
    const BAD: (u16, &str) = (400, "invalid_request");
    let node = Node::start().with_credential("reports").await;
    let login = Login::of("reports");
    let (id, secret) = login.pair();
    let basic = |body: &str| ask_token("reports").form(body.to_owned());
    let posted = |more: &str| {
        Ask::token().form(format!("{GRANT}&client_id={id}&client_secret={secret}{more}"))
    };
    let many: String = (0..64).map(|number| format!("&x{number}=1")).collect();
    check(
        &node,
        vec![
            ("no grant_type", basic("scope=books:read"), BAD),
            ("an empty grant_type", basic("grant_type="), BAD),
            ("another grant", basic("grant_type=password"), (400, "unsupported_grant_type")),
            (
                "another case",
                basic("grant_type=Client_Credentials"),
                (400, "unsupported_grant_type"),
            ),
            ("a mark", basic("grant_type=zebra"), (400, "unsupported_grant_type")),
            ("grant_type twice", basic(&format!("{GRANT}&{GRANT}")), BAD),
            ("twice, once empty", basic(&format!("{GRANT}&grant_type=")), BAD),
            ("unknown, twice", basic(&format!("{GRANT}&zebra=1&zebra=2")), BAD),
            ("scope twice", basic(&format!("{GRANT}&scope=a&scope=b")), BAD),
            ("client_id twice", posted(&format!("&client_id={id}")), BAD),
            ("secret twice", posted(&format!("&client_secret={secret}")), BAD),
            ("twice by other spelling", basic(&format!("{GRANT}&gr%61nt_type=zebra")), BAD),
            ("too many", basic(&format!("{GRANT}{many}")), BAD),
            ("half a percent", basic(&format!("{GRANT}&zebra=%4")), BAD),
            ("no hex", basic(&format!("{GRANT}&scope=%zebra")), BAD),
            ("a percent in a name", basic(&format!("{GRANT}&zebra%=x")), BAD),
            ("encoded bytes that are no UTF-8", basic(&format!("{GRANT}&zebra=%FF")), BAD),
            ("bytes that are no UTF-8", ask_token("reports").form(&b"zebra=\xFF"[..]), BAD),
            (
                "a scope in quotes",
                basic(&format!("{GRANT}&scope=%22zebra%22")),
                (400, "invalid_scope"),
            ),
            (
                "two resources",
                basic(&format!("{GRANT}&resource={BOOKS}&resource=urn:zebra")),
                (400, "invalid_target"),
            ),
            (
                "an audience beside",
                basic(&format!("{GRANT}&resource={BOOKS}&audience=urn:x")),
                (400, "invalid_target"),
            ),
            ("JSON as form", basic(r#"{"grant_type":"client_credentials"}"#), BAD),
        ],
    )
    .await;
}

#[tokio::test]
async fn malformed_json_is_an_invalid_request() {
    const BAD: (u16, &str) = (400, "invalid_request");
    let node = Node::start().with_credential("reports").await;
    let json = |body: &str| ask_token("reports").json(body.to_owned());
    let ask = |member: &str| json(&format!(r#"{{"grant_type":"client_credentials",{member}}}"#));
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(9000), close.repeat(9000));
    check(
        &node,
        vec![
            ("no object", json(r#"["grant_type","client_credentials"]"#), BAD),
            ("a text", json(r#""client_credentials""#), BAD),
            ("null", json("null"), BAD),
            ("nothing but blanks", json("  "), BAD),
            ("cut off", json(r#"{"grant_type":"client_credentials""#), BAD),
            ("two objects", json(r#"{"grant_type":"client_credentials"}{}"#), BAD),
            ("a comma too many", json(r#"{"grant_type":"client_credentials",}"#), BAD),
            ("no quotes", json("{grant_type:zebra}"), BAD),
            ("no UTF-8", ask_token("reports").json(&b"{\"zebra\":\"\xFF\"}"[..]), BAD),
            ("half a surrogate", ask(r#""scope":"\ud800""#), BAD),
            ("a number as text", json(r#"{"grant_type":1}"#), BAD),
            ("a list as text", json(r#"{"grant_type":["client_credentials"]}"#), BAD),
            ("an object as text", ask(r#""scope":{"zebra":1}"#), BAD),
            ("true as text", ask(r#""client_id":true"#), BAD),
            ("a list of numbers", ask(r#""resource":[1]"#), BAD),
            ("a member twice", ask(r#""grant_type":"client_credentials""#), BAD),
            ("an unknown one twice", ask(r#""zebra":1,"zebra":2"#), BAD),
            ("twice by other spelling", ask(r#""gr\u0061nt_type":"zebra""#), BAD),
            ("deep lists", ask(&format!(r#""zebra":{}"#, deep("[", "]"))), BAD),
            // Passed over without going down, so their depth does not matter.
            (
                "deep objects",
                ask(&format!(r#""zebra":{}"#, deep(r#"{"a":"#, "}"))),
                (200, "no error"),
            ),
            ("deep from the start", json(&"[".repeat(60_000)), BAD),
        ],
    )
    .await;
}

#[tokio::test]
async fn kinds_of_body_that_are_not_read_are_invalid_requests() {
    const BAD: (u16, &str) = (400, "invalid_request");
    let node = Node::start().with_credential("reports").await;
    let of_kind = |kind: &str| ask_token("reports").body(kind, GRANT);
    let mut no_kind = of_kind("x");
    no_kind.headers.remove("content-type");
    let mut not_text = no_kind.clone();
    let bytes = http::HeaderValue::from_bytes(b"\xFF").unwrap();
    not_text.headers.insert("content-type", bytes);
    check(
        &node,
        vec![
            ("none", no_kind, BAD),
            ("two", ask_token("reports").form(GRANT).header("content-type", JSON), BAD),
            ("no text", not_text, BAD),
            ("empty", of_kind(""), BAD),
            ("plain text", of_kind("text/plain"), BAD),
            ("a longer name", of_kind("application/jsonzebra"), BAD),
            ("JSON of another type", of_kind("application/ld+json"), BAD),
            ("multipart", of_kind("multipart/form-data; boundary=zebra"), BAD),
        ],
    )
    .await;
}

#[tokio::test]
async fn logins_that_fail_are_answered_by_the_way_they_came() {
    const BAD: (u16, &str) = (400, "invalid_request");
    let node = Node::start().with_credential("reports").await;
    let login = Login::of("reports");
    let (id, secret) = login.pair();
    let other = crate::node::secret("other");
    let basic = |login| Ask::token().basic(login).form(GRANT);
    let header = |value: &str| Ask::token().header("authorization", value).form(GRANT);
    let posted = |more: &str| Ask::token().form(format!("{GRANT}{more}"));
    let right = || ask_token("reports");
    let padded = format!("{secret}\0");
    check(
        &node,
        vec![
            ("no login", posted(""), (401, "invalid_client")),
            ("only an id", posted(&format!("&client_id={id}")), (401, "invalid_client")),
            ("wrong secret, Basic", basic((id, &other)), (401, "invalid_client")),
            ("unknown, Basic", basic(("zebra", &other)), (401, "invalid_client")),
            ("nothing, Basic", basic(("", "")), (401, "invalid_client")),
            ("no secret, Basic", basic((id, "")), (401, "invalid_client")),
            ("a byte more", basic((id, &padded)), (401, "invalid_client")),
            ("a blank more", basic((id, &format!("{secret}+"))), (401, "invalid_client")),
            ("in capitals", basic((id, &secret.to_uppercase())), (401, "invalid_client")),
            ("swapped", basic((secret, id)), (401, "invalid_client")),
            ("a zebra", basic((id, "zebra")), (401, "invalid_client")),
            (
                "wrong secret, form",
                posted(&format!("&client_id={id}&client_secret={other}")),
                (400, "invalid_client"),
            ),
            (
                "wrong secret, JSON",
                Ask::token().json(format!(
                    r#"{{"grant_type":"client_credentials","client_id":"{id}",
                        "client_secret":"zebra"}}"#
                )),
                (400, "invalid_client"),
            ),
            ("a secret without id", posted(&format!("&client_secret={secret}")), BAD),
            ("Basic and a secret", right().form(format!("{GRANT}&client_secret={secret}")), BAD),
            (
                "Basic and both",
                right().form(format!("{GRANT}&client_id={id}&client_secret={secret}")),
                BAD,
            ),
            (
                "Basic and an assertion",
                right().form(format!("{GRANT}&client_assertion=zebra")),
                BAD,
            ),
            ("another client_id", right().form(format!("{GRANT}&client_id=zebra")), BAD),
            ("an assertion", posted("&client_assertion=zebra"), (400, "unauthorized_client")),
            ("two headers", basic(login.pair()).basic(login.pair()), BAD),
            ("a Bearer token", header("Bearer zebra"), BAD),
            ("another scheme", header("Digest username=zebra"), BAD),
            ("no scheme", header("zebra"), BAD),
            ("an empty header", header(""), BAD),
            ("Basic and nothing", header("Basic"), BAD),
            ("no base64", header("Basic zebra!"), BAD),
            ("base64url", header("Basic Pz8_Pz8-"), BAD),
            ("no colon", header("Basic emVicmE="), BAD),
            ("no UTF-8", header("Basic //86"), BAD),
            ("a broken percent", basic(("zebra%", "zebra%4")), BAD),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_stands_in_the_query_is_refused_if_it_is_secret() {
    const BAD: (u16, &str) = (400, "invalid_request");
    let node = Node::start().with_credential("reports").await;
    let login = Login::of("reports");
    let (id, secret) = login.pair();
    let at = |query: &str| ask_token("reports").form(GRANT).at(&format!("/oauth/token?{query}"));
    let all = format!("{GRANT}&client_id={id}&client_secret={secret}");
    check(
        &node,
        vec![
            ("all of it", Ask::post(&format!("/oauth/token?{all}")), BAD),
            ("the secret", at(&format!("client_secret={secret}")), BAD),
            ("a token", at("x=1&token=zebra"), BAD),
            ("an assertion", at("client_assertion=zebra"), BAD),
            ("the grant", at(GRANT), BAD),
        ],
    )
    .await;
}

#[tokio::test]
async fn other_methods_and_other_paths_are_refused_in_json() {
    let node = Node::start().await;
    let methods = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "ZEBRA"];
    for method in methods.map(|name| Method::from_bytes(name.as_bytes()).unwrap()) {
        for path in ["/oauth/token", "/oauth/revoke", "/oauth/introspect"] {
            let answer = node.send(Ask::new(method.clone(), path)).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.header("allow"), "POST", "{method} {path}");
        }
    }
    for path in [
        "/zebra",
        "/oauth",
        "/oauth/token/",
        "/oauth//token",
        "/OAuth/token",
        "/oauth/%74oken",
        "/oauth/token/../token",
        "/.well-known/zebra",
    ] {
        let answer = refused(&node, Ask::post("/").at(path)).await;
        assert_eq!(answer.outcome(), (404, "invalid_request".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn an_unknown_client_and_a_wrong_secret_get_the_same_answer() {
    let node = Node::start().with_credential("reports").with_pending("new").await;
    node.commit(Mutation::RevokeCredential(client_id("new"))).await;
    let posted = |id: &str, secret: &str| {
        Ask::token().form(format!("{GRANT}&client_id={id}&client_secret={secret}"))
    };
    for way in [|id: &str, secret: &str| Ask::token().basic((id, secret)), posted] {
        let mut answers = Vec::new();
        for name in ["reports", "new", "nobody"] {
            let ask = way(client_id(name).as_str(), &secret("other"));
            let answer = refused(&node, ask).await;
            answers.push((answer.status, answer.headers, answer.body));
        }
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[0], answers[2]);
    }
}

#[tokio::test]
async fn a_slip_in_a_login_is_named_without_looking_anything_up() {
    let node = Node::start().with_credential("reports").await;
    let login = Login::of("reports");
    let (id, secret) = login.pair();
    for (id, secret, hint) in [
        (secret, id, "swapped"),
        (id, id, "has the form of a client_id"),
        (id, &format!("{secret}%0A"), "a line break"),
        (id, &secret[..52], "checksum"),
        (id, "guess", "unknown client_id or wrong client_secret"),
    ] {
        let answer = refused(&node, Ask::token().basic((id, secret))).await;
        assert!(answer.description().contains(hint), "{hint}: {}", answer.description());
    }
}

#[tokio::test]
async fn whoever_proves_the_secret_hears_why_it_is_of_no_use() {
    let in_an_hour = Timestamp::from_secs(NOW_S + 3600);
    let node = Node::start()
        .with_pending("pending")
        .with_credential("paused")
        .with_credential("revoked")
        .with_credential_that("expired", |settings| settings.expires_at = Some(in_an_hour))
        .with_credential("old-secret")
        .with_credential("suspended")
        .await;
    node.commit(Mutation::PauseCredential(client_id("paused"))).await;
    node.commit(Mutation::RevokeCredential(client_id("revoked"))).await;
    let secret = node.new_secret("newer");
    let others_expire_at = Some(in_an_hour);
    let id = client_id("old-secret");
    node.commit(Mutation::AddSecret { client_id: id, secret, others_expire_at }).await;
    let pass =
        Ask::token().basic((client_id("old-secret").as_str(), &crate::node::secret("newer")));
    node.pass_s(3601).await;
    let mut said = String::new();
    for name in ["pending", "paused", "revoked", "expired", "old-secret"] {
        let answer = refused(&node, ask_token(name)).await;
        assert_eq!(answer.outcome(), (401, "invalid_client".to_owned()), "{name}");
        said += &format!("{name}: {}\n", answer.description());
    }
    // The credential's newer secret works on.
    node.send(pass).await.token();
    node.token("suspended").await;
    node.commit(Mutation::SuspendOrganization(organization_id())).await;
    let answer = refused(&node, ask_token("suspended")).await;
    said += &format!("suspended: {}\n", answer.description());
    insta::assert_snapshot!(said, @"
    pending: this credential is pending: activate it first
    paused: this credential is paused: resume it to get tokens
    revoked: this credential is revoked: make a new one
    expired: this credential expired on 2025-11-24 17:00 UTC: make a new one
    old-secret: this client_secret expired on 2025-11-24 17:00 UTC: use the credential's newer one
    suspended: the organization of this credential is suspended: ask the API's provider
    ");
}
