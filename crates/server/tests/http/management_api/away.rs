//! The database goes away right after something was written: whoever asked for it must not be told
//! that nothing was changed, or they would do it again.

use serde_json::json;

use super::program::{EVERYTHING, Program, node};
use crate::node::{Node, client_id};

const OPERATOR: &str = "organizations:write keys:read keys:write";

#[tokio::test]
async fn what_was_written_is_never_called_unwritten() {
    let start = Node::start().with_credential("reports");
    let node = node(start, &[("owner", EVERYTHING), ("operator", OPERATOR)]).await;
    let owner = Program::of(&node, "owner").await;
    let operator = Program::of(&node, "operator").await;
    let later = json!({
        "name": "later", "pending": true,
        "grants": [{ "audience": "https://api.example.com/books", "scopes": ["books:read"] }],
    });
    let pending = owner.post("/credentials", &later).await.value();
    let pending = pending["credential"]["client_id"].as_str().unwrap().to_owned();
    let own = format!("/credentials/{}", client_id("reports"));
    let kid = operator.get("/keys").await.value()["items"][0]["kid"].as_str().unwrap().to_owned();
    for (program, path, body, commits) in [
        // It is saved as it is, and then activated.
        (&owner, format!("/credentials/{pending}/activate"), json!({}), 2),
        (&owner, format!("{own}/secrets"), json!({ "note": "vault" }), 1),
        (&owner, format!("{own}/pause"), json!({}), 1),
        (&owner, format!("{own}/resume"), json!({}), 1),
        (&owner, format!("{own}/revoke"), json!({}), 1),
        (&operator, "/organizations".to_owned(), json!({ "name": "Branch" }), 1),
        (&operator, "/keys/rotate".to_owned(), json!({ "algorithm": "ES256" }), 1),
        (&operator, format!("/keys/{kid}/kill"), json!({}), 1),
    ] {
        let before = node.store.commits();
        node.store.go_away_after(commits);
        let answer = program.post(&path, &body).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
        node.store.come_back();
        assert_eq!(node.store.commits(), before + commits, "{path}");
    }
}
