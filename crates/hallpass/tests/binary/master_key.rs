//! A change of the master key: nodes go on, the new key opens everything, and the old one is
//! refused by name.

use crate::{
    node::{Node, SERVE},
    place::{BOOKS, Place, mode, text},
    process::within_limit,
};

#[tokio::test]
async fn a_changed_master_key_opens_everything_and_the_old_one_nothing() {
    let place = Place::set_up().await;
    let login = place.reader("reports").await;
    let node = Node::start(&place, &[]).await;
    let before = node.token(&login).await.unwrap();
    let change = place.ask(&["key", "change-master", "--new-file", "new.key"]).await;
    assert_eq!(mode(&place.path("new.key")), 0o600);

    // A node that runs goes on, and takes over what is sealed after the change.
    let rotate = ["key", "rotate", "--lead", "0s", "--master-key-file", "new.key"];
    let rotated = text(&place.ask(&rotate).await, "kid");
    let taken_over = async { while !node.jwks().await.kids().contains(&rotated.as_str()) {} };
    within_limit("taking over a key sealed after the change", taken_over).await;
    let between = node.token(&login).await.unwrap();
    node.stop().await;

    let why = place.refused(&SERVE).await;
    for words in [&text(&change, "old"), &text(&change, "new"), "master key"] {
        assert!(why.contains(words), "{why}");
    }

    let node = Node::start(&place, &["--master-key-file", "new.key"]).await;
    let after = node.token(&login).await.unwrap();
    let jwks = node.jwks().await;
    for token in [before, between, after] {
        jwks.verify(&token, BOOKS).unwrap();
    }
    node.stop().await;
}
