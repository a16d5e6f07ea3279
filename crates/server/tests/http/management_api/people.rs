//! What people of an organization know, and where they sign in, through the API.

use hallpass_core::permission::Role;
use hallpass_server::management::{credentials, members, secrets};
use http::Method;
use serde_json::{Value, json};

use super::program::{EVERYTHING, Program, node};
use crate::{
    ask::Ask,
    mail::{mail_by, post_office},
    node::{Node, client_id, grant, organization_id},
    people::{at_the_machine, caller},
};

fn at(end: &str) -> String {
    format!("/organizations/{}{end}", organization_id())
}

#[tokio::test]
async fn what_a_leaver_made_and_saw_is_told_before_and_after() {
    let start = Node::start().with_credential("reports");
    let node = node(start, &[("program", EVERYTHING), ("reader", "members:read")]).await;
    let person = node.member("dev", Role::Developer).await;
    let mut dev = caller(&person);
    dev.power = at_the_machine().power;
    let act = node.app.act(&dev);
    let settings = hallpass_core::credential::Settings::new(
        "Made by dev".parse().unwrap(),
        vec![grant("books", "books:read")],
    );
    let (made, _) = credentials::add(&act, &organization_id(), settings).await.unwrap();
    let added =
        secrets::add(&act, &client_id("reports"), secrets::Wanted::default()).await.unwrap();

    let program = Program::of(&node, "program").await;
    let own = at(&format!("/members/{}/offboarding", person.id));
    let before = program.get(&own).await.value();
    assert_eq!((&before["is_member"], &before["is_cut"]), (&json!(true), &json!(false)));
    let items = before["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    let of = |id: &str| items.iter().find(|one| one["client_id"] == id).unwrap().clone();
    let theirs = of(made.credential.client_id.as_str());
    assert_eq!((&theirs["name"], &theirs["made_it"]), (&json!("Made by dev"), &json!(true)));
    assert_eq!(theirs["alive"], json!([made.credential.secrets[0].id]));
    let seen = of(client_id("reports").as_str());
    assert_eq!(
        (&seen["made_it"], &seen["alive"]),
        (&json!(false), &json!([added.credential.secrets[1].id]))
    );

    members::remove(&node.app.act(&at_the_machine()), &organization_id(), &person.id)
        .await
        .unwrap();
    let after = program.get(&own).await.value();
    assert_eq!((&after["is_member"], &after["items"]), (&json!(false), &before["items"]));
    let reader = Program::of(&node, "reader").await;
    assert_eq!(reader.get(&own).await.problem(), (403, "forbidden".to_owned()));
    let stranger = node.member_elsewhere("eve", Role::Owner).await;
    let of_stranger = at(&format!("/members/{}/offboarding", stranger.id));
    assert_eq!(program.get(&of_stranger).await.problem(), (404, "not-found".to_owned()));
}

#[tokio::test]
async fn a_provider_is_set_by_whoever_has_the_scope_for_it_and_its_secret_is_never_shown() {
    let programs = [("operator", "sign-on:write organizations:read"), ("owner", EVERYTHING)];
    let node = node(Node::start(), &programs).await;
    let operator = Program::of(&node, "operator").await;
    let own = at("/sign-on");
    assert_eq!(operator.get(&own).await.problem(), (404, "not-found".to_owned()));
    let put = async |seen: &str, body: &Value| {
        let ask = Ask::api(Method::PUT, &own);
        let ask = if seen.is_empty() { ask } else { ask.header("if-match", seen) };
        operator.ask(ask.json(body.to_string())).await
    };
    let wanted = json!({
        "issuer": "https://login.example.com", "client_id": "hallpass",
        "client_secret": "very-secret", "domains": ["example.com"],
    });
    let with = |member: &str, value: Value| {
        let mut body = wanted.clone();
        body[member] = value;
        body
    };
    let seen = operator.get(&at("")).await.header("etag").to_owned();
    for (seen, body, status) in [
        ("", wanted.clone(), 428),
        ("\"x\"", wanted.clone(), 412),
        (&*seen, with("issuer", json!("http://login.example.com")), 422),
        (&*seen, with("domains", json!([])), 422),
        (&*seen, with("default_role", json!("owner")), 422),
        (&*seen, with("more", json!(1)), 422),
        (&*seen, json!({ "issuer": "https://login.example.com" }), 422),
    ] {
        let answer = put(seen, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text());
    }
    let set = put(&seen, &wanted).await;
    assert_eq!(set.status, 200, "{}", set.text());
    let redirect_uri = set.value()["redirect_uri"].as_str().unwrap().to_owned();
    assert!(redirect_uri.starts_with("https://auth.example.com/sign-in/sso/"), "{redirect_uri}");
    assert_eq!(set.value()["default_role"], "developer");
    let shown = operator.get(&own).await;
    assert_eq!((shown.value(), shown.header("etag")), (set.value(), set.header("etag")));
    assert!(!shown.text().contains("very-secret"), "the secret is shown");
    let database = node.bytes_on_disk();
    assert!(!database.windows(11).any(|window| window == b"very-secret"), "it is not sealed");

    // Owners of the organization's programs cannot: whoever sets it decides who their members are.
    let owner = Program::of(&node, "owner").await;
    assert_eq!(owner.get(&own).await.problem(), (403, "forbidden".to_owned()));
    let stale = Ask::api(Method::DELETE, &own).header("if-match", &seen);
    assert_eq!(operator.ask(stale).await.problem(), (412, "changed".to_owned()));
    assert_eq!(operator.delete(&own).await.status, 204);
    assert_eq!(operator.get(&own).await.status, 404);
}

#[tokio::test]
async fn an_invitation_is_mailed_if_the_program_wants_it() {
    let new = |mail: bool| json!({ "email": "ada@example.com", "role": "auditor", "mail": mail });
    let (address, talking) = post_office(false).await;
    let with_mail = node(Node::start().with_config(mail_by(address)), &[("program", EVERYTHING)]);
    let with_mail = with_mail.await;
    let program = Program::of(&with_mail, "program").await;
    let silent = program.post(&at("/invitations"), &new(false)).await;
    assert_eq!((silent.status.as_u16(), &silent.value()["mailed"]), (201, &json!(false)));
    let mailed = program.post(&at("/invitations"), &new(true)).await;
    assert_eq!(mailed.value()["mailed"], true, "{}", mailed.text());
    let link = mailed.value()["link"].as_str().unwrap().to_owned();
    let said = talking.await.unwrap().replace("=\n", "").replace("=3D", "=");
    assert!(said.contains("RCPT TO:<ada@example.com>") && said.contains(&link), "{said}");

    // Without a mail server, or when it refuses, the invitation stands all the same.
    let (address, _talking) = post_office(true).await;
    for start in [Node::start(), Node::start().with_config(mail_by(address))] {
        let node = node(start, &[("program", EVERYTHING)]).await;
        let program = Program::of(&node, "program").await;
        let made = program.post(&at("/invitations"), &new(true)).await;
        assert_eq!((made.status.as_u16(), &made.value()["mailed"]), (201, &json!(false)));
        assert!(made.value()["link"].is_string());
    }
}
