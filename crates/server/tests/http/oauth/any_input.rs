//! Whatever anybody sends to whichever path: an answer that keeps the rules of all answers, and
//! never a defect of ours.

use axum::http::{HeaderValue, Method};
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    test_runner::{Config, TestRunner},
};
use tokio::runtime::Runtime;

use crate::{
    ask::{Ask, FORM, JSON},
    node::{Login, Node},
};

fn path() -> impl Strategy<Value = String> {
    let known = proptest::sample::select(vec![
        "/oauth/token",
        "/oauth/revoke",
        "/oauth/introspect",
        "/revocations",
        "/.well-known/jwks.json",
        "/.well-known/openid-configuration",
        "/healthz",
        "/readyz",
    ]);
    let query = "\\?[!-~]{0,40}";
    prop_oneof![
        4 => known.prop_map(str::to_owned),
        2 => (proptest::sample::select(vec!["/oauth/token", "/revocations"]), query)
            .prop_map(|(path, query)| format!("{path}{query}")),
        1 => "/[!-~]{0,40}",
    ]
    .prop_filter("a path that HTTP allows", |path| path.parse::<http::Uri>().is_ok())
}

fn header(usual: &'static [&'static str]) -> impl Strategy<Value = Option<HeaderValue>> {
    let bytes = vec(any::<u8>(), 0..60)
        .prop_filter_map("a header's value", |bytes| HeaderValue::from_bytes(&bytes).ok());
    prop_oneof![
        Just(None),
        proptest::sample::select(usual).prop_map(|text| Some(HeaderValue::from_static(text))),
        bytes.prop_map(Some),
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..300),
        "(grant_type|client_id|client_secret|scope|resource|token|[a-z]{1,3}){1,2}[=&%+\\[\"a-f0-9]{0,60}"
            .prop_map(String::into_bytes),
        "[\\[{\":,0-9a-z\\\\ }\\]]{0,120}".prop_map(String::into_bytes),
    ]
}

fn method() -> impl Strategy<Value = Method> {
    prop_oneof![
        6 => Just(Method::POST),
        2 => Just(Method::GET),
        1 => Just(Method::HEAD),
        1 => Just(Method::OPTIONS),
    ]
}

#[test]
fn no_input_at_all_is_a_defect_of_ours() {
    let runtime = Runtime::new().unwrap();
    let node = runtime.block_on(Node::start().with_credential("reports").into_future());
    let right = Box::leak(Box::new(format!("Basic {}", {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let login = Login::of("reports");
        STANDARD.encode(format!("{}:{}", login.id, login.secret))
    })));
    let logins: &'static [&'static str] =
        Box::leak(Box::new([right.as_str(), "Basic Og==", "Bearer x"]));
    let kinds: &'static [&'static str] = &[FORM, JSON];
    let any_ask = (method(), path(), header(kinds), header(logins), header(&["0"]), body());
    let mut runner =
        TestRunner::new(Config { cases: 2000, failure_persistence: None, ..Config::default() });
    let checked = runner.run(&any_ask, |(method, path, kind, login, etag, body)| {
        let mut ask = Ask::new(method, &path);
        ask.body = body.into();
        for (name, value) in
            [("content-type", kind), ("authorization", login), ("if-none-match", etag)]
        {
            ask.headers.extend(value.map(|value| (http::HeaderName::from_static(name), value)));
        }
        let answer = runtime.block_on(node.send(ask));
        proptest::prop_assert!(answer.status.as_u16() < 500, "{answer:?}");
        Ok(())
    });
    checked.unwrap();
}
