//! `GET /assets/…`: kept for ever under a name that changes with the content.

use http::StatusCode;

use crate::{ask::Ask, node::Node};

/// The address of a file, as a page names it.
async fn address(node: &Node, end: &str) -> String {
    let page = node.send(Ask::get("/nothing").header("accept", "text/html")).await;
    let mut quoted = page.text().split('"');
    quoted.find(|text| text.contains("/assets/") && text.ends_with(end)).unwrap().to_owned()
}

#[tokio::test]
async fn files_are_kept_for_ever_and_read_by_nobody_else() {
    let node = Node::start().await;
    for (end, kind) in [
        (".css", "text/css; charset=utf-8"),
        (".js", "text/javascript; charset=utf-8"),
        (".svg", "image/svg+xml"),
    ] {
        let path = address(&node, end).await;
        let file = node.send(Ask::get(&path)).await;
        assert_eq!(file.status, StatusCode::OK, "{path}");
        assert_eq!(file.header("content-type"), kind);
        assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(file.header("x-content-type-options"), "nosniff");
        assert_eq!(file.header("cross-origin-resource-policy"), "same-origin");
        let again = Ask::get(&path).header("if-none-match", file.header("etag"));
        assert_eq!(node.send(again).await.status, StatusCode::NOT_MODIFIED);
    }
}

#[tokio::test]
async fn names_of_another_release_lead_nowhere() {
    let node = Node::start().await;
    for path in
        ["/assets/hallpass.css", "/assets/hallpass.000000000000.css", "/assets/..%2fCargo.toml"]
    {
        assert_eq!(node.send(Ask::get(path)).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
