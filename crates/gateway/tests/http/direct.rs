//! The gateway in front of an API: what goes through, what is taken away, and what happens when
//! the API is lost.

use reqwest::Method;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    upstream::Upstream,
    world::{RULES, Short, World, short, within},
};

async fn echoed(request: reqwest::RequestBuilder) -> Value {
    let response = within("an answer", request.send()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["x-from-upstream"], "yes");
    assert!(!response.headers().contains_key("keep-alive"), "meant for the gateway alone");
    response.json().await.unwrap()
}

#[tokio::test]
async fn what_gets_through_says_who_calls_and_nobody_else_can() {
    let upstream = Upstream::start().await;
    let world = World::start(&upstream.setting("http"), RULES).await;
    let token = world.issuer.token("books:read");
    let request = world
        .request(Method::GET, "/v1/books/7?q=%2F..")
        .bearer_auth(&token)
        .header("host", "api.example.com")
        .header("X-Hallpass-Client-Id", "hpc_evil")
        .header("X_Hallpass_Client_Id", "hpc_evil")
        .header("x-hallpass-scope", "admin")
        .header("x-http-method-override", "DELETE")
        .header("x-original-url", "/admin")
        .header("connection", "x-hallpass-client-id, x-secret-hop")
        .header("x-secret-hop", "1")
        .header("te", "trailers")
        .header("x-mine", "kept");
    let got = echoed(request).await;
    assert_eq!((&got["method"], &got["target"]), (&"GET".into(), &"/v1/books/7?q=%2F..".into()));
    let headers = got["headers"].as_object().unwrap();
    for (name, value) in [
        ("x-hallpass-client-id", Some("hpc_1")),
        ("x-hallpass-organization", Some("org_1")),
        ("x-hallpass-scope", Some("books:read")),
        ("host", Some("api.example.com")),
        ("x-forwarded-for", Some("127.0.0.1")),
        ("x-forwarded-host", Some("api.example.com")),
        ("x-forwarded-proto", Some("http")),
        ("x-mine", Some("kept")),
        ("te", Some("trailers")),
        ("x_hallpass_client_id", None),
        ("x-http-method-override", None),
        ("x-original-url", None),
        ("x-secret-hop", None),
        ("authorization", None),
    ] {
        let wanted = value.map(|value| Value::from(vec![value]));
        assert_eq!(headers.get(name), wanted.as_ref(), "{name}");
    }
    let nobody = world.request(Method::GET, "/health").header("x-hallpass-client-id", "hpc_evil");
    let got = echoed(nobody).await;
    assert!(got["headers"].get("x-hallpass-client-id").is_none());
}

#[tokio::test]
async fn the_token_goes_on_only_where_that_is_wanted() {
    let upstream = Upstream::start().await;
    let settings = format!("{}\npass_authorization = true", upstream.setting("http"));
    let world = World::start(&settings, RULES).await;
    let token = world.issuer.token("books:read");
    let got = echoed(world.request(Method::GET, "/v1/books").bearer_auth(&token)).await;
    assert_eq!(got["headers"]["authorization"], Value::from(vec![format!("Bearer {token}")]));
}

#[tokio::test]
async fn what_others_say_of_the_caller_counts_only_from_proxies() {
    let upstream = Upstream::start().await;
    let said = |request: reqwest::RequestBuilder| {
        request.header("x-forwarded-for", "203.0.113.7").header("x-forwarded-proto", "https")
    };
    let setting = upstream.setting("http");
    let nobody = format!("{setting}\ntrusted_proxies = []");
    for (settings, of, proto) in
        [(setting, "203.0.113.7, 127.0.0.1", "https"), (nobody, "127.0.0.1", "http")]
    {
        let world = World::start(&settings, RULES).await;
        let got = echoed(said(world.request(Method::GET, "/health"))).await;
        assert_eq!(got["headers"]["x-forwarded-for"], Value::from(vec![of]));
        assert_eq!(got["headers"]["x-forwarded-proto"], Value::from(vec![proto]));
    }
}

#[tokio::test]
async fn refusals_never_reach_the_api() {
    let upstream = Upstream::start().await;
    let world = World::start(&upstream.setting("http"), RULES).await;
    for (method, path, status) in [
        (Method::GET, "/v1/books", 401),
        (Method::DELETE, "/v1/books/7", 403),
        (Method::GET, "/nginx", 403),
        (Method::GET, "/healthz", 403),
        (Method::GET, "/v1%2Fbooks", 400),
        (Method::GET, "/v1/books;x", 400),
    ] {
        let response = within("an answer", world.request(method, path).send()).await.unwrap();
        assert!(!response.headers().contains_key("x-from-upstream"), "{path}");
        assert_eq!(response.status(), status, "{path}");
    }
    // What a client library would repair before it is sent.
    for path in ["/v1/books/%2e%2e/admin", "/v1/books/../../admin", "//health", "/health\\..\\x"] {
        let answer = world.raw(format!("GET {path} HTTP/1.0\r\nHost: a\r\n\r\n").as_bytes()).await;
        assert!(answer.contains(" 400 "), "{path}: {answer}");
    }
}

#[tokio::test]
async fn both_versions_of_http_are_spoken_on_both_sides() {
    let upstream = Upstream::start().await;
    for (scheme, behind) in [("http", "HTTP/1.1"), ("h2c", "HTTP/2.0")] {
        let world = World::start(&upstream.setting(scheme), RULES).await;
        let token = world.issuer.token("books:read books:write");
        for http2 in [false, true] {
            let client = reqwest::Client::builder().no_proxy();
            let client = if http2 { client.http2_prior_knowledge() } else { client.http1_only() };
            let url = format!("http://{}/v1/books", world.address);
            let client = client.build().unwrap();
            let got = echoed(client.get(&url).bearer_auth(&token)).await;
            assert_eq!(got["version"], behind, "{scheme} {http2}");
            assert_eq!(got["headers"]["x-hallpass-client-id"], Value::from(vec!["hpc_1"]));
            let host = Value::from(vec![world.address.to_string()]);
            assert_eq!(got["headers"]["x-forwarded-host"], host, "{scheme} {http2}");
            // Ten megabytes, of which neither side holds more than a piece.
            let body = vec![b'x'; 10_000_000];
            let sent = client.put(format!("{url}/count")).bearer_auth(&token).body(body);
            let answer = within("a long body", sent.send()).await.unwrap();
            assert_eq!(answer.text().await.unwrap(), "10000000", "{scheme} {http2}");
        }
    }
}

#[tokio::test]
async fn an_upstream_over_tls_must_prove_itself() {
    let (address, pem) = Upstream::start_tls().await;
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.pem");
    std::fs::write(&ca, pem).unwrap();
    let trusted = format!("upstream_ca_file = {ca:?}");
    for (name, more, status) in [
        ("localhost", trusted.as_str(), 200),
        ("localhost", "", 502),
        ("127.0.0.1", trusted.as_str(), 502),
    ] {
        let setting = format!("upstream = \"https://{name}:{}\"\n{more}", address.port());
        let world = World::start(&setting, RULES).await;
        let asked = world.request(Method::GET, "/health").header("host", "api.example.com").send();
        let response = within("an answer", asked).await.unwrap();
        assert_eq!(response.status(), status, "{setting}");
        if status == 200 {
            let got: Value = response.json().await.unwrap();
            assert_eq!(got["headers"]["host"], Value::from(vec!["api.example.com"]));
        }
    }
}

#[tokio::test]
async fn an_answer_comes_piece_by_piece() {
    let upstream = Upstream::start().await;
    let world = World::start(&upstream.setting("http"), RULES).await;
    let request = world.request(Method::GET, "/v1/books/stream");
    let request = request.bearer_auth(world.issuer.token("books:read"));
    let mut response = within("a head", request.send()).await.unwrap();
    for piece in ["one", "two", "three"] {
        upstream.pieces.send(piece).await.unwrap();
        // The next is sent only when this one has come.
        let came = within("a piece", response.chunk()).await.unwrap().unwrap();
        assert_eq!(came, piece);
    }
}

#[tokio::test]
async fn an_answer_under_way_breaks_off_with_its_token() {
    let upstream = Upstream::start().await;
    let world = World::start(&upstream.setting("http"), RULES).await;
    let request = world.request(Method::GET, "/v1/books/stream");
    let request = request.bearer_auth(world.issuer.token("books:read"));
    let mut response = within("a head", request.send()).await.unwrap();
    upstream.pieces.send("one").await.unwrap();
    assert_eq!(within("a piece", response.chunk()).await.unwrap().unwrap(), "one");
    // The API says nothing more, and has not ended either.
    world.issuer.kill("hpc_1");
    assert!(within("the end", response.chunk()).await.is_err(), "it is not taken for the whole");
    world.says("hallpass_gateway_cut_total 1").await;
}

/// Opens a WebSocket, as far as a proxy sees it.
async fn upgraded(world: &World, token: &str) -> TcpStream {
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let head = format!(
        "GET /v1/books/socket HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n\
         Upgrade: websocket\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut came = Vec::new();
    while !came.ends_with(b"\r\n\r\n") {
        came.push(within("a head", stream.read_u8()).await.unwrap());
    }
    let came = String::from_utf8(came).unwrap().to_lowercase();
    assert!(came.starts_with("http/1.1 101 "), "{came}");
    assert!(came.contains("\r\nupgrade: websocket\r\n"), "{came}");
    stream
}

#[tokio::test]
async fn a_websocket_goes_through_and_ends_with_its_token() {
    let upstream = Upstream::start().await;
    let world = World::start(&upstream.setting("http"), RULES).await;
    let token = world.issuer.token("books:read");
    let mut stream = upgraded(&world, &token).await;
    stream.write_all(b"hello").await.unwrap();
    let mut came = [0; 5];
    within("an echo", stream.read_exact(&mut came)).await.unwrap();
    assert_eq!(&came, b"hello");
    world.issuer.kill("hpc_1");
    let left = within("the end", stream.read(&mut came)).await;
    assert!(matches!(left, Ok(0) | Err(_)), "{left:?}");
    world.says("hallpass_gateway_cut_total 1").await;
}

#[tokio::test]
async fn an_api_that_is_lost_is_named_as_such() {
    let upstream = Upstream::start().await;
    let settings = format!("{}\nupstream_timeout_s = 1", upstream.setting("http"));
    let world = World::start(&settings, RULES).await;
    let token = world.issuer.token("books:read");
    let call = async |path: &str| {
        let request = world.request(Method::GET, path).bearer_auth(&token);
        let response = within("an answer", request.send()).await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/json");
        short(response).await
    };
    let slow = Short { status: 504, error: "gateway_timeout".to_owned() };
    assert_eq!(call("/v1/books/silent").await, slow);
    drop(upstream);
    let away = Short { status: 502, error: "bad_gateway".to_owned() };
    // A kept connection may be found dead first, or the port be closed: both are the same.
    assert_eq!(call("/v1/books").await, away);
    assert_eq!(call("/v1/books").await, away);
    let (_, metrics) = world.page("/metrics").await;
    for line in [
        "hallpass_gateway_refused_total{reason=\"upstream_slow\"} 1",
        "hallpass_gateway_refused_total{reason=\"upstream_away\"} 2",
    ] {
        assert!(metrics.lines().any(|got| got == line), "{metrics}");
    }
}
