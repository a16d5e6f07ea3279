//! The leak desk: anybody may show a secret; one more click retires it; nothing repeats it.

use hallpass_core::{Mutation, secret::Secret};
use serde_json::Value;

use crate::{
    ask::{Answer, Ask},
    node::{Node, client_id, secret},
};

fn form(fields: &[(&str, &str)]) -> String {
    let encode =
        |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

async fn post(node: &Node, fields: &[(&str, &str)]) -> Answer {
    let ask = Ask::post("/leaks").header("sec-fetch-site", "same-origin");
    node.send(ask.header("accept", "text/html").form(form(fields))).await
}

/// The proofs that a page carries.
fn proofs(page: &Answer) -> Vec<String> {
    let mut rest = page.text();
    let mut proofs = Vec::new();
    while let Some(at) = rest.find("name=\"proof\" value=\"") {
        rest = &rest[at + 20..];
        proofs.push(rest[..rest.find('"').unwrap()].to_owned());
    }
    proofs
}

#[tokio::test]
async fn a_found_secret_is_shown_confirmed_and_dead() {
    let start = Node::start().with_credential("reports").with_credential("prints");
    let node = start.await;
    let token = node.token("reports").await;
    let text = format!("export KEY={}\nand {}", secret("reports"), secret("prints"));
    let page = post(&node, &[("text", &text)]).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(page.header("cache-control"), "no-store");
    for name in ["reports", "prints"] {
        assert!(!page.text().contains(&secret(name)), "the page repeats a secret");
        assert!(!page.text().contains("Customer"), "the page names the owner");
    }
    assert!(node.is_active(&token).await, "looking kills nothing");

    let proofs = proofs(&page);
    assert_eq!(proofs.len(), 2);
    let fields: Vec<_> = proofs.iter().map(|proof| ("proof", proof.as_str())).collect();
    for _ in 0..2 {
        // A form that is sent twice has done its work the first time.
        let done = post(&node, &fields).await;
        assert_eq!((done.status.as_u16(), done.header("location")), (303, "/leaks"));
    }
    assert!(!node.is_active(&token).await);
    assert_eq!(node.request_token("prints").await.status, 401);
    let again = post(&node, &[("text", &text)]).await;
    assert!(again.text().contains("Dead") && !again.text().contains("name=\"proof\""));
}

#[tokio::test]
async fn what_cannot_be_retired_is_said() {
    let node = Node::start().with_credential("revoked").await;
    node.commit(Mutation::RevokeCredential(client_id("revoked"))).await;
    let stranger = Secret::from_entropy([0xEE; 32]).expose().to_owned();
    let cut = secret("revoked")[..50].to_owned();
    for (text, status, says) in [
        (secret("revoked"), 200, "Dead"),
        (stranger, 200, "Unknown"),
        (cut, 200, "Damaged"),
        ("nothing here".to_owned(), 422, "nothing in it that looks like a secret"),
        (String::new(), 422, "nothing in it that looks like a secret"),
    ] {
        let page = post(&node, &[("text", &text)]).await;
        assert_eq!(page.status.as_u16(), status, "{text}");
        assert!(page.text().contains(says), "{text}: {}", page.text());
        assert!(!page.text().contains("name=\"proof\""), "{text}");
    }
}

#[tokio::test]
async fn a_proof_cannot_be_made_up_and_ends() {
    let node = Node::start().with_credential("reports").await;
    let page = post(&node, &[("text", &secret("reports"))]).await;
    let proof = proofs(&page).remove(0);
    let forged = format!("{}x", &proof[..proof.len() - 1]);
    assert_eq!(post(&node, &[("proof", &forged)]).await.status, 422);
    node.pass_s(900).await;
    let late = post(&node, &[("proof", &proof)]).await;
    assert_eq!(late.status, 422);
    assert!(late.text().contains("waited too long"));
    assert_eq!(node.request_token("reports").await.status, 200);
    let events = node.dead().await;
    assert_eq!(events, [Value::Null; 0]);
}

#[tokio::test]
async fn the_desk_is_open_to_all_and_counted_by_network() {
    let node = Node::start().with_config(|config| config.leak_reports_per_minute = 1).await;
    let desk = node.send(Ask::get("/leaks")).await;
    assert_eq!(desk.status, 200);
    assert!(desk.text().contains("<h1>Leak desk</h1>"));
    assert_eq!(post(&node, &[("text", "x")]).await.status, 422);
    let limited = post(&node, &[("text", "x")]).await;
    assert_eq!(limited.status, 429);
}
