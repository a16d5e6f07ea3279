//! The API itself, without its guard; that the guard is there is shown in the last test.

use axum::{
    body::Body,
    http::{Request, header},
};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;

async fn ask(router: Router, method: &str, path: &str, body: &str) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap())
}

async fn list(query: &str) -> (u16, Value) {
    let open = routes(|routes| routes, |routes| routes);
    let (status, body) = ask(open, "GET", &format!("/v1/books{query}"), "").await;
    assert_eq!(body["status"], status);
    (status, body["response"].clone())
}

#[tokio::test]
async fn books_have_the_members_that_clients_read() {
    let (_, books) = list("").await;
    assert_eq!(books.as_array().unwrap().len(), 12);
    let mut members: Vec<_> = books[0].as_object().unwrap().keys().cloned().collect();
    members.sort();
    let wanted = [
        "book_type",
        "book_uuid",
        "created",
        "created_ts",
        "id",
        "is_public",
        "name",
        "owner_email",
        "pk",
        "xid",
    ];
    assert_eq!(members, wanted);
}

#[tokio::test]
async fn lists_are_paged_ordered_and_searched() {
    for (query, total, names) in [
        ("?limit=2", 12, vec!["A Book of Bread", "Birds of the Coast"]),
        ("?limit=1&offset=11", 12, vec!["Maps and Their Makers"]),
        ("?limit=5&offset=99", 12, vec![]),
        ("?limit=1&order_by=name&order=desc", 12, vec!["Maps and Their Makers"]),
        ("?limit=1&order_by=created&order=desc", 12, vec!["Maps and Their Makers"]),
        ("?limit=9&search=OF%20the", 2, vec!["Birds of the Coast", "Harbours of the North"]),
        ("?limit=9&name=Deserts", 1, vec!["Deserts"]),
        ("?limit=9&name=deserts", 0, vec![]),
    ] {
        let (status, page) = list(query).await;
        assert_eq!((status, &page["total_book_count"]), (200, &Value::from(total)), "{query}");
        let got: Vec<_> = page["books"].as_array().unwrap().iter().collect();
        let got: Vec<_> = got.iter().map(|book| book["name"].as_str().unwrap()).collect();
        assert_eq!(got, names, "{query}");
    }
    let (_, page) = list("?limit=5&offset=5&search=e").await;
    assert_eq!(page["_links"]["next"], "/v1/books?limit=5&offset=10&search=e");
    assert_eq!(page["_links"]["prev"], "/v1/books?limit=5&offset=0&search=e");
}

#[tokio::test]
async fn bad_queries_are_explained() {
    for query in
        ["?limit=0", "?limit=101", "?limit=x", "?offset=-1", "?order_by=x", "?order=up", "?page=2"]
    {
        let (status, _) = list(query).await;
        assert_eq!(status, 400, "{query}");
    }
}

#[tokio::test]
async fn single_books_and_what_is_not_there() {
    let open = || routes(|routes| routes, |routes| routes);
    for (method, path, body, wanted) in [
        ("GET", "/v1/books/3", "", 200),
        ("GET", "/v1/books/99", "", 404),
        ("GET", "/v1/books/x", "", 404),
        ("GET", "/v1/films", "", 404),
    ] {
        assert_eq!(ask(open(), method, path, body).await.0, wanted, "{method} {path}");
    }
}

#[tokio::test]
async fn every_route_asks_for_a_token() {
    // No issuer there: without a token it does not matter.
    let verifier = Verifier::builder("http://127.0.0.1:9", "http://127.0.0.1:8430");
    let verifier = verifier.start().await.unwrap();
    for (method, path) in [("GET", "/v1/books"), ("GET", "/v1/books/1"), ("POST", "/v1/books")] {
        let (status, _) = ask(router(&verifier), method, path, "{}").await;
        assert_eq!(status, 401, "{method} {path}");
    }
}

#[tokio::test]
async fn whoever_has_no_token_finds_out_where_to_get_one() {
    let verifier = Verifier::builder("http://127.0.0.1:9", "http://127.0.0.1:8430/v1");
    let verifier = verifier.publish_metadata(SCOPES).start().await.unwrap();
    let metadata = verifier.resource_metadata().unwrap().clone();
    let request = Request::get("/v1/books").body(Body::empty()).unwrap();
    let refused = router(&verifier).oneshot(request).await.unwrap();
    let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
    let named = format!("resource_metadata=\"{}\"", metadata.url());
    assert!(challenge.contains(&named), "{challenge}");
    let (status, document) = ask(router(&verifier), "GET", metadata.path(), "").await;
    assert_eq!(status, 200);
    // RFC 9728 §3.3: what the document names is what was asked about.
    assert_eq!(document["resource"], "http://127.0.0.1:8430/v1");
    assert_eq!(document["authorization_servers"], serde_json::json!(["http://127.0.0.1:9"]));
    assert_eq!(document["scopes_supported"], serde_json::json!(SCOPES));
    // Nothing else is open because of it.
    let (status, _) = ask(router(&verifier), "GET", &format!("{}/x", metadata.path()), "").await;
    assert_eq!(status, 404);
}
