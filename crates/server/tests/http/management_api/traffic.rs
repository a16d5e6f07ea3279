//! How a credential is used, and its secrets rotated: one with the traffic watched, several in one
//! go.

use hallpass_core::{
    Mutation,
    usage::{Ending, Sighting, Slot, Usage},
};
use hallpass_server::clock::Clock;
use hallpass_store::Store;
use http::Method;
use serde_json::{Value, json};

use super::program::{EVERYTHING, Program, add_foreign, node, power};
use crate::{
    ask::{Answer, Ask},
    node::{NOW, Node, api_id, client_id, secret, secret_id},
};

/// Tokens that a secret, by its place, got just now.
async fn used(node: &Node, place: u16, count: u64) {
    let last_at = node.clock.now();
    let slot = Slot {
        client_id: client_id("reports"),
        secret: place,
        api_id: Some(api_id("books")),
        ending: Ending::Issued,
        hour: last_at.as_secs() / 3600,
    };
    let last_address = Some("192.0.2.7".parse().unwrap());
    node.store.record_usage(&[Usage { slot, count, last_at, last_address }]).await.unwrap();
}

fn at(end: &str) -> String {
    format!("/credentials/{}{end}", client_id("reports"))
}

#[tokio::test]
async fn a_rotation_is_watched_until_the_old_secret_can_be_retired() {
    let start = Node::start().with_credential("reports");
    let node = node(start, &[("program", EVERYTHING)]).await;
    let program = Program::of(&node, "program").await;
    let rotation = async || program.get(&at("/rotation")).await.value();
    let new = program.post(&at("/secrets"), &json!({})).await.value();
    let untouched = rotation().await;
    assert_eq!((&untouched["moved_percent"], &untouched["is_done"]), (&Value::Null, &json!(false)));
    assert_eq!(untouched["secrets"][0]["secret_id"], new["secret"]["id"]);
    assert_eq!(untouched["secrets"][1]["traffic"], "never");

    used(&node, 0, 2).await;
    used(&node, 1, 6).await;
    let moving = rotation().await;
    assert_eq!((&moving["moved_percent"], &moving["is_done"]), (&json!(75), &json!(false)));
    let old = &moving["secrets"][1];
    assert_eq!((&old["traffic"], &old["safe_to_retire"]), (&json!("in_use"), &json!(false)));
    assert_eq!((&old["live_tokens"], &old["tokens_last_day"]), (&json!(2), &json!(2)));
    assert_eq!(old["last_used_from"], "192.0.2.7");

    // The longest life of its tokens goes by, and only the new one is used.
    node.pass_s(moving["quiet_after_s"].as_u64().unwrap() + 1).await;
    used(&node, 1, 1).await;
    let program = Program::of(&node, "program").await;
    let done = program.get(&at("/rotation")).await.value();
    assert_eq!((&done["is_done"], &done["moved_percent"]), (&json!(true), &json!(100)));
    let old = &done["secrets"][1];
    assert_eq!((&old["traffic"], &old["safe_to_retire"]), (&json!("quiet"), &json!(true)));
    assert_eq!(done["secrets"][0]["safe_to_retire"], false);
    let retire = at(&format!("/secrets/{}/retire", old["secret_id"].as_str().unwrap()));
    assert_eq!(program.post(&retire, &json!({})).await.status, 200);
    let after = program.get(&at("/rotation")).await.value();
    assert_eq!(after["secrets"][1]["status"], "retired");
    assert_eq!(after["secrets"][1]["safe_to_retire"], false, "it is retired already");
}

#[tokio::test]
async fn where_a_credential_was_seen_from_is_told() {
    let start = Node::start().with_credential("reports");
    let node = node(start, &[("program", "credentials:read")]).await;
    let program = Program::of(&node, "program").await;
    assert_eq!(program.get(&at("/sightings")).await.value(), json!({ "items": [] }));
    let seen = |address: Option<&str>, library: &str, count| Sighting {
        client_id: client_id("reports"),
        address: address.map(|text| text.parse().unwrap()),
        library: library.into(),
        count,
        first_at: NOW,
        last_at: NOW.plus_secs(count),
    };
    let rows = [seen(Some("192.0.2.7"), "python-requests/2.32.3", 12), seen(None, "", 1)];
    node.store.record_sightings(&rows).await.unwrap();
    let body = program.get(&at("/sightings")).await.value();
    assert_eq!(
        body["items"][0],
        json!({
            "address": "192.0.2.7", "library": "python-requests/2.32.3", "count": 12,
            "first_at": "2025-11-24T16:00:00.999Z", "last_at": "2025-11-24T16:00:12.999Z",
        })
    );
    assert_eq!(
        (&body["items"][1]["address"], &body["items"][1]["library"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn a_note_says_where_a_secret_is_kept() {
    let start = Node::start().with_credential("reports");
    let node = node(start, &[("program", "credentials:read credentials:write")]).await;
    let program = Program::of(&node, "program").await;
    let own = at(&format!("/secrets/{}", secret_id("reports")));
    let seen = program.get(&own).await;
    assert_eq!((&seen.value()["note"], &seen.value()["status"]), (&json!(""), &json!("usable")));
    let tag = seen.header("etag").to_owned();
    assert_eq!(program.get(&at("")).await.header("etag"), tag, "it is in its credential's row");
    let noted = program.patch(&own, &tag, &json!({ "note": "vault/reports" })).await;
    assert_eq!(noted.value()["note"], "vault/reports");
    let now = noted.header("etag").to_owned();
    let before = node.app.store.last_seq().await.unwrap();
    for (seen, body, status) in [
        (&*tag, json!({ "note": "elsewhere" }), 412),
        (&*tag, json!({ "note": "vault/reports" }), 412),
        (&*now, json!({ "note": "vault/reports" }), 200),
        (&*now, json!({ "note": "a\nb" }), 422),
        (&*now, json!({ "note": null }), 422),
        (&*now, json!({ "last_four": "ABCD" }), 422),
    ] {
        let answer = program.patch(&own, seen, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text());
    }
    let blind = Ask::api(Method::PATCH, &own).json(json!({ "note": "x" }).to_string());
    assert_eq!(program.ask(blind).await.problem(), (428, "version-missing".to_owned()));
    let missing = program.get(&at(&format!("/secrets/{}", secret_id("other")))).await;
    assert_eq!(missing.problem(), (404, "not-found".to_owned()));
    assert_eq!(node.app.store.last_seq().await.unwrap(), before, "nothing else was written");
}

async fn rotate(program: &Program<'_>, key: &str, body: &Value) -> Answer {
    let ask = Ask::api(Method::POST, "/credentials/bulk/rotate").header("idempotency-key", key);
    program.ask(ask.json(body.to_string())).await
}

#[tokio::test]
async fn several_are_rotated_and_their_secrets_are_shown_once() {
    let start = Node::start().with_credential("reports").with_credential("prints");
    let node = node(start.with_credential("over"), &[("program", EVERYTHING)]).await;
    let program = Program::of(&node, "program").await;
    node.commit(Mutation::RevokeCredential(client_id("over"))).await;
    let ids = [client_id("reports"), client_id("over"), client_id("prints"), client_id("reports")];
    let end = "2025-12-01T00:00:00Z";
    let body = json!({ "client_ids": ids, "others_expire_at": end });
    let first = rotate(&program, "k", &body).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let items = first.value()["items"].as_array().unwrap().clone();
    let done: Vec<_> = items.iter().map(|one| one["done"].as_bool().unwrap()).collect();
    assert_eq!(done, [true, false, true], "one that is named twice counts once");
    assert!(items[1]["detail"].as_str().unwrap().contains("revoked"), "{}", items[1]);
    assert_eq!(items[1]["client_secret"], Value::Null);
    for (place, name) in [(0, "reports"), (2, "prints")] {
        let new = items[place]["client_secret"].as_str().unwrap();
        for secret in [new, &secret(name)] {
            let login = (items[place]["client_id"].as_str().unwrap(), secret);
            assert_eq!(node.send(Ask::token().basic(login)).await.status, 200, "{name}");
        }
        let own = program.get(&format!("/credentials/{}", client_id(name))).await.value();
        assert_eq!(own["secrets"][0]["expires_at"], end);
        assert_eq!(own["secrets"][1]["expires_at"], Value::Null);
    }
    let again = rotate(&program, "k", &body).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    for (place, has_remark) in [(0, true), (1, false), (2, true)] {
        let item = &again.value()["items"][place];
        assert_eq!(item["client_secret"], Value::Null);
        assert_eq!(item["client_secret_remark"].is_string(), has_remark, "{item}");
    }
}

#[tokio::test]
async fn several_are_paused_and_one_that_cannot_be_holds_up_nobody() {
    let start = Node::start().with_credential("reports").with_credential("prints");
    let node = node(start, &[("program", EVERYTHING)]).await;
    let program = Program::of(&node, "program").await;
    node.commit(Mutation::PauseCredential(client_id("reports"))).await;
    let token = node.token("prints").await;
    let body = json!({ "client_ids": [client_id("reports"), client_id("prints")] });
    let answer = program.post("/credentials/bulk/pause", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let items = answer.value()["items"].clone();
    assert_eq!((&items[0]["done"], &items[1]["done"]), (&json!(false), &json!(true)));
    assert!(items[0]["detail"].as_str().unwrap().contains("paused"), "{items}");
    assert!(!node.is_active(&token).await);
}

#[tokio::test]
async fn several_means_one_to_twenty_five_of_ones_own() {
    let start = Node::start().with_credential("reports");
    let node = node(start, &[("program", EVERYTHING)]).await;
    add_foreign(&node, "theirs", power("theirs", "credentials:read")).await;
    // Whoever gets its secret would get its power.
    let mighty = power("mighty", "organizations:write");
    node.add_credential("mighty", mighty, true).await;
    let program = Program::of(&node, "program").await;
    let before = node.app.store.last_seq().await.unwrap();
    let own = client_id("reports");
    let many: Vec<_> = (0..26).map(|number| client_id(&number.to_string())).collect();
    for (body, status) in [
        (json!({}), 422),
        (json!({ "client_ids": [] }), 422),
        (json!({ "client_ids": many }), 422),
        (json!({ "client_ids": ["not an id"] }), 422),
        (json!({ "client_ids": ["reports"] }), 404),
        (json!({ "client_ids": [own], "note": "x" }), 422),
        (json!({ "client_ids": [own, client_id("theirs")] }), 404),
        (json!({ "client_ids": [own, client_id("nobody")] }), 404),
    ] {
        for path in ["/credentials/bulk/pause", "/credentials/bulk/rotate"] {
            let answer = program.post(path, &body).await;
            assert_eq!(answer.status.as_u16(), status, "{path} {body}: {}", answer.text());
        }
    }
    for (body, status) in [
        (json!({ "client_ids": [own], "others_expire_at": "2020-01-01T00:00:00Z" }), 422),
        (json!({ "client_ids": [client_id("mighty"), own] }), 403),
    ] {
        let answer = program.post("/credentials/bulk/rotate", &body).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text());
    }
    assert_eq!(node.app.store.last_seq().await.unwrap(), before, "something was written");
    // Once a secret was made, it reaches whoever asked for it.
    let body = json!({ "client_ids": [own, client_id("mighty")] });
    let mixed = program.post("/credentials/bulk/rotate", &body).await;
    assert_eq!(mixed.status, 201, "{}", mixed.text());
    let items = mixed.value()["items"].clone();
    assert!(items[0]["client_secret"].is_string() && items[1]["client_secret"].is_null());
    assert!(items[1]["detail"].as_str().unwrap().contains("more power"), "{items}");
}

#[tokio::test]
async fn a_list_tells_how_each_was_used_lately_if_it_is_asked() {
    let start = Node::start().with_credential("reports");
    let programs = [("program", "credentials:read"), ("operator", "credentials:read-all")];
    let node = node(start, &programs).await;
    add_foreign(&node, "theirs", power("theirs", "credentials:read")).await;
    used(&node, 0, 3).await;
    let program = Program::of(&node, "program").await;
    let path = "/credentials?usage=true&limit=1&q=reports";
    let body = program.get(path).await.value();
    let usage = &body["items"][0]["usage"];
    assert_eq!(usage["last_used_at"], "2025-11-24T16:00:00.999Z", "{body}");
    assert_eq!(usage["last_used_from"], "192.0.2.7");
    let days = usage["tokens_by_day"].as_array().unwrap();
    assert_eq!((days.len(), &days[13], &days[12]), (14, &json!(3), &json!(0)));
    let plain = program.get("/credentials?q=reports").await.value();
    assert_eq!(plain["items"][0].get("usage"), None);
    let first = program.get("/credentials?usage=true&limit=1").await.value();
    assert!(first["next"].as_str().unwrap().contains("usage=true"), "{first}");

    let operator = Program::of(&node, "operator").await;
    let all = operator.get("/credentials?usage=true&organization_id=*").await.value();
    let items = all["items"].as_array().unwrap();
    let never = items.iter().find(|one| one["name"] == "theirs").unwrap();
    assert_eq!(never["usage"]["last_used_at"], Value::Null);
    assert_eq!(program.get("/credentials?usage=true&organization_id=*").await.status, 403);
    assert_eq!(program.get("/credentials?usage=much").await.problem().0, 422);
}
