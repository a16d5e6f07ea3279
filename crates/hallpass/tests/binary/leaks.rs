//! Found secrets, retired at the machine, and the document of the API.

use serde_json::{Value, json};

use crate::{node::Node, place::Place};

#[tokio::test]
async fn secrets_in_a_text_are_retired_beside_a_running_server() {
    let place = Place::set_up().await;
    let (leaked, kept) = (place.reader("leaked").await, place.reader("kept").await);
    let node = Node::start(&place, &[]).await;
    let token = node.token(&leaked).await.unwrap();
    let text = format!("KEY={}\nOLD={}\n", leaked.secret, &leaked.secret[..40]);
    let report = |args: &[&str]| place.command(&[&["leak", "report"], args].concat());

    let ended = place.run_with(report(&["-", "--json"]), &text).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let last_four = &leaked.secret[leaked.secret.len() - 4..];
    let wanted = json!([
        { "last_four": last_four, "verdict": "retired" },
        { "last_four": "", "verdict": "damaged" },
    ]);
    assert_eq!(serde_json::from_str::<Value>(&ended.stdout).unwrap(), wanted);
    node.caught_up(&place).await;
    assert!(node.token(&leaked).await.is_err(), "{token}");
    node.token(&kept).await.unwrap();

    std::fs::write(place.path("found.txt"), &text).unwrap();
    let again = place.run_with(report(&["found.txt"]), "").await;
    assert!(again.stdout.contains("already_dead"), "{again:?}");
    for (args, stdin, says) in [
        (&["-"][..], "nothing", "nothing in it that looks like a secret"),
        (&["missing.txt"], "", "cannot read missing.txt"),
    ] {
        let ended = place.run_with(report(args), stdin).await;
        assert_eq!(ended.code, Some(1), "{args:?}");
        assert!(ended.stderr.contains(says), "{ended:?}");
    }
    node.stop().await;
}

#[tokio::test]
async fn the_document_is_printed_without_an_installation() {
    let place = Place::empty();
    let ended = place.run(&["openapi", "--issuer", "https://auth.example.com"]).await;
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["servers"][0]["url"], "https://auth.example.com");
    assert!(!place.data().exists());
}
