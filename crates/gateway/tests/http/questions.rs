//! What proxies are told, each in its own way of asking.

use serde_json::json;

use crate::{
    issuer::LOANS,
    world::{RULES, Short, World, short, within},
};

#[tokio::test]
async fn a_request_gets_through_by_its_rule_and_by_no_other() {
    let world = World::start("", RULES).await;
    let reader = world.issuer.token("books:read");
    let writer = world.issuer.token("books:read books:write");
    let lender = world.issuer.token_but(json!({ "aud": LOANS }));
    let old = world.issuer.token_but(json!({ "exp": 1_000_000_000 }));
    for (method, target, token, status, error) in [
        ("GET", "/v1/books", Some(&reader), 200, ""),
        ("HEAD", "/v1/books/7?x=/../y", Some(&reader), 200, ""),
        ("POST", "/v1/books", Some(&writer), 200, ""),
        ("POST", "/v1/books", Some(&reader), 403, "insufficient_scope"),
        ("GET", "/v1/books", None, 401, "missing_token"),
        ("GET", "/v1/books", Some(&old), 401, "invalid_token"),
        ("GET", "/v1/books", Some(&lender), 401, "invalid_token"),
        ("GET", "/v1/loans", Some(&lender), 200, ""),
        ("GET", "/v1/loans", Some(&reader), 401, "invalid_token"),
        ("DELETE", "/v1/books/7", Some(&writer), 403, "forbidden"),
        ("GET", "/", Some(&writer), 403, "forbidden"),
        ("GET", "/health", None, 200, ""),
        ("GET", "/health", Some(&reader), 200, ""),
        ("GET", "/health", Some(&old), 401, "invalid_token"),
        ("GET", "/v1/books/../loans", Some(&reader), 400, "invalid_request"),
    ] {
        let response = world.ask(method, target, token.map(String::as_str)).await;
        let error_header = response.headers().get("x-hallpass-error").cloned();
        let got = short(response).await;
        assert_eq!(got, Short { status, error: error.to_owned() }, "{method} {target}");
        let in_header = error_header.map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(in_header.unwrap_or_default(), error, "{method} {target}");
    }
}

#[tokio::test]
async fn the_api_is_told_who_calls() {
    let world = World::start("", RULES).await;
    let response = world.ask("GET", "/v1/books", Some(&world.issuer.token("books:read"))).await;
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    for (name, value) in [
        ("x-hallpass-client-id", "hpc_1"),
        ("x-hallpass-organization", "org_1"),
        ("x-hallpass-scope", "books:read"),
        ("x-hallpass-audience", "https://api.example.com/books"),
        ("x-hallpass-token-id", "t1"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(header(name), value);
    }
    assert!(header("x-hallpass-expires").parse::<u64>().unwrap() > 1_700_000_000);
    // Nobody is nobody, under every name: a proxy copies the empty one over the caller's own.
    let response = world.ask("GET", "/health", None).await;
    let ours = response.headers().iter().filter(|(name, _)| name.as_str().starts_with("x-hall"));
    let values: Vec<_> = ours.map(|(_, value)| value.as_bytes()).collect();
    assert_eq!(values, [b""; 6]);
    // A name that no header can carry is not shortened.
    let odd = world.issuer.token_but(json!({ "client_id": "a\r\nx: y", "sub": "a" }));
    let got = short(world.ask("GET", "/v1/books", Some(&odd)).await).await;
    assert_eq!(got, Short { status: 503, error: "server_error".to_owned() });
}

#[tokio::test]
async fn refusals_are_challenged_as_rfc_6750_and_rfc_9728_say() {
    let world = World::start("", RULES).await;
    let reader = world.issuer.token("books:read");
    let metadata =
        r#"resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/books""#;
    let realm = r#"Bearer realm="https://api.example.com/books""#;
    for (method, token, wanted) in [
        ("GET", None, format!(r#"{realm}, scope="books:read", {metadata}"#)),
        (
            "POST",
            Some(&reader),
            format!(
                r#"{realm}, error="insufficient_scope", error_description="The access token lacks a required scope", scope="books:read books:write", {metadata}"#
            ),
        ),
    ] {
        let response = world.ask(method, "/v1/books", token.map(String::as_str)).await;
        assert_eq!(response.headers()["www-authenticate"].to_str().unwrap(), wanted);
    }
    let path = "/.well-known/oauth-protected-resource/books";
    let response = within("metadata", world.request("GET".parse().unwrap(), path).send()).await;
    let document: serde_json::Value = response.unwrap().json().await.unwrap();
    assert_eq!(
        document,
        json!({
            "resource": "https://api.example.com/books",
            "authorization_servers": [world.issuer.url],
            "scopes_supported": ["books:read", "books:write"],
            "bearer_methods_supported": ["header"],
        })
    );
}

#[tokio::test]
async fn every_proxy_asks_in_its_own_way() {
    let world = World::start("", RULES).await;
    let reader = world.issuer.token("books:read");
    let ask = async |method: &str, path: &str, headers: &[(&str, &str)]| {
        let mut request = world.request(method.parse().unwrap(), path).bearer_auth(&reader);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        within("an answer", request.send()).await.unwrap().status().as_u16()
    };
    let forwarded = [("x-forwarded-method", "GET"), ("x-forwarded-uri", "/v1/books?a=b")];
    let wrong = [("x-forwarded-method", "POST"), ("x-forwarded-uri", "/v1/books")];
    for (method, path, headers, status) in [
        // Caddy and Traefik.
        ("GET", "/forward-auth", &forwarded[..], 200),
        ("GET", "/forward-auth", &wrong, 403),
        // Envoy, which sends the request itself.
        ("GET", "/ext-authz/v1/books/7?a=b", &[], 200),
        ("POST", "/ext-authz/v1/books", &[], 403),
        ("GET", "/ext-authz/health/", &[], 200),
        // What the caller itself could have sent is not looked at.
        ("GET", "/ext-authz/v1/loans", &forwarded, 401),
        ("GET", "/nginx", &forwarded, 400),
        ("GET", "/forward-auth", &forwarded[..1], 400),
        ("GET", "/elsewhere", &forwarded, 404),
    ] {
        assert_eq!(ask(method, path, headers).await, status, "{method} {path} {headers:?}");
    }
}

#[tokio::test]
async fn a_death_arrives_within_a_second() {
    let world = World::start("", RULES).await;
    let token = world.issuer.token("books:read");
    assert_eq!(world.status("GET", "/v1/books", Some(&token)).await, 200);
    let begun = std::time::Instant::now();
    world.issuer.kill("hpc_1");
    let waiting = async { while world.status("GET", "/v1/books", Some(&token)).await == 200 {} };
    within("a refusal", waiting).await;
    assert!(begun.elapsed().as_secs_f64() < 1.0, "after {:?}", begun.elapsed());
    assert_eq!(world.status("GET", "/v1/books", Some(&token)).await, 401);
}

/// A field of a message: a text, or a message of its own. Shorter than 128 bytes, or twice that.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let (low, high) = (bytes.len() as u8 | 0x80, u8::try_from(bytes.len() >> 7).unwrap());
    assert!(high < 0x80);
    [&[number << 3 | 2, low, high][..], bytes].concat()
}

#[tokio::test]
async fn envoy_asks_over_grpc() {
    let world = World::start("", RULES).await;
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let url = format!("http://{}/envoy.service.auth.v3.Authorization/Check", world.address);
    let ask = async |path: &str, token: Option<&str>| {
        let mut http = [field(2, b"GET"), field(4, path.as_bytes())].concat();
        if let Some(token) = token {
            let value = format!("Bearer {token}");
            let pair = [field(1, b"authorization"), field(2, value.as_bytes())].concat();
            http.extend(field(3, &pair));
        }
        let check = field(1, &field(4, &field(2, &http)));
        let length = u32::try_from(check.len()).unwrap().to_be_bytes();
        let frame = [&[0][..], &length, &check].concat();
        let asked = client.post(&url).header("content-type", "application/grpc").body(frame);
        let response = within("an answer", asked.send()).await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/grpc");
        String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned()
    };
    let passed = ask("/v1/books", Some(&world.issuer.token("books:read"))).await;
    assert!(passed.contains("x-hallpass-client-id") && passed.contains("hpc_1"), "{passed}");
    for (path, says) in [("/v1/books", "missing_token"), ("/elsewhere", "forbidden")] {
        let refused = ask(path, None).await;
        assert!(refused.contains(&format!(r#"{{"error":"{says}""#)), "{refused}");
    }
    // What is no message gets no answer that Envoy could take for a yes.
    let asked = client.post(&url).header("content-type", "application/grpc").body("nonsense");
    let response = within("an answer", asked.send()).await.unwrap();
    assert_eq!(response.headers()["grpc-status"], "3");
}
