//! Organizations, their members, APIs and keys through the API, as operators' programs run an
//! installation, and owners' programs their organization.

use hallpass_core::{Mutation, organization::OrganizationStep, permission::Role};
use http::Method;
use serde_json::{Value, json};

use super::program::{EVERYTHING, Program, add_foreign, node, power};
use crate::{
    ask::Ask,
    node::{Node, api_id, organization_id},
};

const OPERATOR: &str = "organizations:read organizations:write apis:write keys:read keys:write \
                        credentials:write-all credentials:read-all";

fn names(answer: &Value) -> Vec<&str> {
    let items = answer["items"].as_array().unwrap().iter();
    items.map(|item| item["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_operators_program_makes_an_organization_and_stops_it() {
    let node = node(Node::start(), &[("operator", OPERATOR), ("owner", EVERYTHING)]).await;
    let operator = Program::of(&node, "operator").await;
    let owner = Program::of(&node, "owner").await;
    let made = operator.post("/organizations", &json!({ "name": "Branch" })).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.value()["id"].as_str().unwrap().to_owned();
    assert!(made.header("location").ends_with(&id));
    let taken = operator.post("/organizations", &json!({ "name": "Branch" })).await;
    assert_eq!(taken.problem(), (409, "conflict".to_owned()));
    assert_eq!(names(&operator.get("/organizations").await.value()), ["Branch", "Customer"]);
    assert_eq!(names(&operator.get("/organizations?limit=1").await.value()), ["Branch"]);
    assert_eq!(names(&owner.get("/organizations").await.value()), ["Customer"]);
    assert_eq!(owner.get(&format!("/organizations/{id}")).await.status, 404);

    let audience = "https://api.example.com/books";
    let new = json!({
        "name": "theirs", "organization_id": id,
        "grants": [{ "audience": audience, "scopes": ["books:read"] }],
    });
    let made = operator.post("/credentials", &new).await.value();
    let client = made["credential"]["client_id"].as_str().unwrap();
    let login = (client, made["client_secret"].as_str().unwrap());
    let token = node.send(Ask::token().basic(login)).await.token();
    let at = format!("/organizations/{id}");
    for (step, status, alive) in [("suspend", "suspended", 401), ("resume", "active", 200)] {
        let answer = operator.post(&format!("{at}/{step}"), &json!({})).await;
        assert_eq!(answer.value()["status"], status);
        assert_eq!(node.send(Ask::token().basic(login)).await.status, alive, "{step}");
        assert!(!node.is_active(&token).await, "what was killed stays dead");
    }
}

#[tokio::test]
async fn a_policy_is_set_by_whoever_has_seen_the_last_one() {
    let node = node(Node::start(), &[("owner", EVERYTHING)]).await;
    let owner = Program::of(&node, "owner").await;
    let at = format!("/organizations/{}", organization_id());
    let seen = owner.get(&at).await.header("etag").to_owned();
    let policy = |secs: Value| {
        json!({
            "secret_life_at_most_s": secs, "allow_list_required": true, "approval_required": false,
        })
    };
    let put = async |seen: &str, body: &Value| {
        let ask = Ask::api(Method::PUT, &format!("{at}/policy")).header("if-match", seen);
        owner.ask(ask.json(body.to_string())).await
    };
    assert_eq!(put(&seen, &policy(json!(60))).await.problem().0, 422);
    assert_eq!(put(&seen, &json!({ "allow_list_required": true })).await.problem().0, 422);
    let set = put(&seen, &policy(json!(86_400))).await;
    assert_eq!(set.value()["policy"], policy(json!(86_400)));
    assert_eq!(put(&seen, &policy(Value::Null)).await.problem(), (412, "changed".to_owned()));
    let renamed = owner.patch(&at, set.header("etag"), &json!({ "name": "Renamed" })).await;
    assert_eq!(renamed.value()["name"], "Renamed");
}

#[tokio::test]
async fn members_are_invited_changed_and_taken_out() {
    let programs = [("owner", EVERYTHING), ("few", "members:read members:write")];
    let node = node(Node::start(), &programs).await;
    let person = node.member("ada", Role::Owner).await;
    let (owner, few) = (Program::of(&node, "owner").await, Program::of(&node, "few").await);
    let at = format!("/organizations/{}", organization_id());
    let invitations = format!("{at}/invitations");
    let new = |role: &str| json!({ "email": "bob@example.com", "role": role });
    for (program, role, status) in [
        (&few, "owner", 403),
        // Nobody makes somebody mightier than they are.
        (&few, "auditor", 403),
        (&owner, "boss", 422),
        (&owner, "owner", 201),
        (&owner, "developer", 201),
    ] {
        let answer = program.post(&invitations, &new(role)).await;
        assert_eq!(answer.status.as_u16(), status, "{role}: {}", answer.text());
        if status == 201 {
            let body = answer.value();
            let link = body["link"].as_str().unwrap();
            assert!(link.starts_with("https://auth.example.com/invitations/"), "{link}");
            let listed = program.get(&invitations).await;
            let secret = link.rsplit('/').next().unwrap();
            assert!(!listed.text().contains(secret), "the link is shown once");
        }
    }
    let listed = few.get(&invitations).await.value();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "the second replaced the first");
    let invitation = listed["items"][0]["id"].as_str().unwrap();
    assert_eq!(owner.delete(&format!("{invitations}/{invitation}")).await.status, 204);
    assert_eq!(owner.delete(&format!("{invitations}/{invitation}")).await.status, 404);

    let members = few.get(&format!("{at}/members")).await.value();
    assert_eq!(members["items"][0]["email"], "ada@example.com");
    assert_eq!(members["items"][0]["has_passkey"], false);
    let own = format!("{at}/members/{}", person.id);
    let patch =
        |role: &str| Ask::api(Method::PATCH, &own).json(json!({ "role": role }).to_string());
    assert_eq!(few.ask(patch("developer")).await.status, 403, "owners are owners' to unmake");
    assert_eq!(owner.ask(patch("developer")).await.problem(), (409, "conflict".to_owned()));
    let second = node.member("bob", Role::Owner).await;
    assert_eq!(owner.ask(patch("developer")).await.status, 204);
    assert_eq!(owner.delete(&format!("{at}/members/{}", person.id)).await.status, 204);
    let left = few.get(&format!("{at}/members")).await.value();
    assert_eq!(left["items"][0]["person_id"], second.id.as_str());
}

#[tokio::test]
async fn apis_are_seen_by_all_and_changed_by_operators() {
    let node = node(Node::start(), &[("operator", OPERATOR), ("owner", EVERYTHING)]).await;
    let operator = Program::of(&node, "operator").await;
    let owner = Program::of(&node, "owner").await;
    assert_eq!(names(&owner.get("/apis").await.value()), ["books", "Hallpass management API"]);
    let new = json!({
        "name": "Moons", "audience": "https://moons.example", "scopes": ["moons:read"],
        "scope_descriptions": { "moons:read": "see moons" }, "token_lifetime_s": 600,
    });
    let made = operator.post("/apis", &new).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let at = format!("/apis/{}", made.value()["id"].as_str().unwrap());
    let seen = operator.get(&at).await.header("etag").to_owned();
    let patch = json!({ "token_lifetime_s": 60, "scopes": ["moons:read", "moons:write"] });
    let changed = operator.patch(&at, &seen, &patch).await.value();
    assert_eq!((&changed["token_lifetime_s"], &changed["name"]), (&json!(60), &json!("Moons")));
    assert_eq!(changed["scope_descriptions"], json!({ "moons:read": "see moons" }));
    assert_eq!(operator.patch(&at, &seen, &patch).await.status, 412);
    for (body, field) in [
        (json!({ "name": "x", "audience": "x" }), "audience"),
        (json!({ "name": "x", "audience": "https://x.example", "scopes": ["a b"] }), "scopes"),
        (json!({ "name": "x", "audience": "https://x.example", "algorithm": "none" }), "algorithm"),
        (json!({ "name": "x", "audience": "https://x.example", "id": "x" }), "id"),
    ] {
        let answer = operator.post("/apis", &body).await;
        let got = (answer.status.as_u16(), answer.wrong_field());
        if field != "scopes" {
            assert_eq!(got, (422, field.to_owned()), "{body}");
        }
    }
    // What lets programs in cannot be turned into something else.
    let own = "/apis/api_0000000000000000000000";
    let seen = operator.get(own).await.header("etag").to_owned();
    let wrong = operator.patch(own, &seen, &json!({ "audience": "https://x.example" })).await;
    assert_eq!((wrong.status.as_u16(), wrong.wrong_field()), (422, "audience".to_owned()));
    let longer = operator.patch(own, &seen, &json!({ "token_lifetime_s": 7200 })).await;
    assert_eq!(longer.status, 200);
    assert_eq!(owner.get(&format!("/apis/{}", api_id("books"))).await.status, 200);
}

#[tokio::test]
async fn keys_are_rotated_and_killed_and_no_private_half_is_shown() {
    let start = Node::start().with_credential("reports");
    let node = node(start, &[("operator", OPERATOR)]).await;
    let operator = Program::of(&node, "operator").await;
    let token = node.token("reports").await;
    let keys = operator.get("/keys").await;
    assert!(!keys.text().contains("sealed"), "{}", keys.text());
    let first = keys.value()["items"][0]["kid"].as_str().unwrap().to_owned();
    let rotate = json!({ "algorithm": "ES256", "after": first });
    let rotated = operator.post("/keys/rotate", &rotate).await.value();
    let statuses: Vec<_> =
        rotated["items"].as_array().unwrap().iter().map(|key| &key["status"]).collect();
    assert_eq!(statuses, ["signing", "published"]);
    let again = operator.post("/keys/rotate", &rotate).await;
    assert_eq!(again.problem(), (409, "conflict".to_owned()));
    let killed = operator.post(&format!("/keys/{first}/kill"), &json!({})).await;
    assert_eq!(killed.status, 200, "{}", killed.text());
    assert!(!node.is_active(&token).await);
    // The caller's own token was signed by it, too.
    assert_eq!(operator.get("/keys").await.status, 401);
    let operator = Program::of(&node, "operator").await;
    assert_eq!(operator.get("/keys").await.status, 200);
}

#[tokio::test]
async fn what_is_of_other_organizations_is_not_found() {
    let node = node(Node::start(), &[("owner", EVERYTHING)]).await;
    let other = add_foreign(&node, "theirs", power("theirs", EVERYTHING)).await;
    let person = node.member("eve", Role::Developer).await;
    let step = OrganizationStep::AddMember(person.id.clone(), Role::Owner);
    node.commit(Mutation::ChangeOrganization(other.clone(), step)).await;
    let owner = Program::of(&node, "owner").await;
    let before = node.app.store.last_seq().await.unwrap();
    let at = format!("/organizations/{other}");
    let policy = json!({
        "secret_life_at_most_s": null, "allow_list_required": false, "approval_required": false,
    });
    for (method, path, body) in [
        ("GET", String::new(), json!({})),
        ("PATCH", String::new(), json!({ "name": "x" })),
        ("PUT", "/policy".to_owned(), policy),
        ("GET", "/members".to_owned(), json!({})),
        ("PATCH", format!("/members/{}", person.id), json!({ "role": "auditor" })),
        ("DELETE", format!("/members/{}", person.id), json!({})),
        ("GET", "/invitations".to_owned(), json!({})),
        ("POST", "/invitations".to_owned(), json!({ "email": "a@b.example", "role": "owner" })),
    ] {
        let ask = Ask::api(method.parse().unwrap(), &format!("{at}{path}"));
        let ask = ask.header("if-match", "\"x\"").json(body.to_string());
        assert_eq!(owner.ask(ask).await.problem().0, 404, "{method} {path}");
    }
    assert_eq!(node.app.store.last_seq().await.unwrap(), before, "something was written");
}
