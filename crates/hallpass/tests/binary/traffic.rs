//! What the command line tells of use, and does to several credentials at once, beside a running
//! server; and what it tells of people and nodes.

use serde_json::Value;

use crate::{
    node::Node,
    place::{Login, ORGANIZATION, Place},
    process::within_limit,
};

#[tokio::test]
async fn several_are_rotated_and_paused_and_their_traffic_is_told() {
    let place = Place::set_up().await;
    let one = place.reader("one").await;
    let two = place.reader("two").await;
    let node = Node::start(&place, &[]).await;
    node.token(&one).await.unwrap();
    // It reports soon after its start.
    let report = async {
        loop {
            let list = place.ask(&["node", "list"]).await;
            if !list.as_array().unwrap().is_empty() {
                return list;
            }
        }
    };
    let list = within_limit("a report", report).await;
    assert_eq!(list[0]["standing"], "healthy", "{list}");

    let rotated = place.ask(&["credential", "bulk-rotate", "one", "two", "--overlap", "1d"]).await;
    for (place_in, old) in [(0, &one), (1, &two)] {
        let new = rotated[place_in]["client_secret"].as_str().unwrap();
        assert_eq!(rotated[place_in]["client_id"], old.client_id.as_str());
        let login = Login { client_id: old.client_id.clone(), secret: new.to_owned() };
        node.caught_up(&place).await;
        node.token(&login).await.unwrap();
        node.token(old).await.unwrap();
    }
    let rotation = place.ask(&["credential", "rotation", "one"]).await;
    assert_eq!(rotation["secrets"].as_array().unwrap().len(), 2, "{rotation}");
    assert_eq!(rotation["is_done"], false);

    let paused = place.ask(&["credential", "bulk-pause", "one", "two"]).await;
    assert_eq!((&paused[0]["done"], &paused[1]["done"]), (&Value::Bool(true), &Value::Bool(true)));
    let again = place.ask(&["credential", "bulk-pause", "one"]).await;
    assert_eq!(again[0]["done"], false);
    assert!(again[0]["detail"].as_str().unwrap().contains("paused"), "{again}");
    node.caught_up(&place).await;
    assert!(node.token(&one).await.is_err());
    // What was counted is written when the server ends.
    node.stop().await;

    let list = place.ask(&["credential", "list", "--name", "one"]).await;
    assert_eq!(list[0]["secrets"][0]["last_used_from"], "127.0.0.1", "{list}");
    let none = place.ask(&["credential", "list", "--tag", "nothing"]).await;
    assert_eq!(none, Value::Array(Vec::new()));
    let usage = place.ask(&["credential", "usage", "one", "--last", "1d"]).await;
    assert_eq!(usage[0]["outcome"], "issued", "{usage}");
    let seen = place.ask(&["credential", "sightings", "one"]).await;
    assert_eq!(seen[0]["address"], "127.0.0.1", "{seen}");
    assert!(place.refused(&["credential", "activate", "one"]).await.contains("it is paused"));

    let action = ["audit", "list", "--action", "credential.pause"];
    let events = place.ask(&action).await;
    assert_eq!(events.as_array().unwrap().len(), 2, "{events}");
    let late = [&action[..], &["--since", "2100-01-01T00:00:00Z"]].concat();
    assert_eq!(place.ask(&late).await, Value::Array(Vec::new()));
    let wrong = place.refused(&["audit", "list", "--until", "tomorrow"]).await;
    assert!(wrong.contains("date with time and zone"), "{wrong}");
}

#[tokio::test]
async fn what_somebody_made_is_told_by_address_and_by_id() {
    let place = Place::set_up().await;
    let made = place.ask(&["operator", "add", "ada@example.com"]).await;
    let id = made["id"].as_str().unwrap();
    for called in ["ada@example.com", id] {
        let said = place.refused(&["member", "offboarding", ORGANIZATION, called]).await;
        assert!(said.contains("no such member"), "{called}: {said}");
    }
    let nobody = ["member", "offboarding", ORGANIZATION, "bob@example.com"];
    assert!(place.refused(&nobody).await.contains("nobody has the address"));
}
