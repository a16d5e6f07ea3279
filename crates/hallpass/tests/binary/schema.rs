//! The schema: who upgrades it, and which binaries work with which.

use std::fs;

use hallpass_store::sqlite::edit;

use crate::{
    node::Node,
    place::{Place, text},
};

#[tokio::test]
async fn an_older_schema_is_upgraded_by_the_server_or_by_hand_and_by_nothing_else() {
    let place = Place::set_up().await;
    let login = place.reader("reports").await;
    let database = place.data().join("hallpass.db");
    // As the release before the last migration left it.
    for sql in ["DROP TABLE nodes", "DELETE FROM migrations WHERE number >= 6"] {
        edit(&database, sql).unwrap();
    }
    let older = fs::read(&database).unwrap();
    for args in [&["audit", "verify"][..], &["doctor"], &["backup", "a.db"], &["copy", "--to", "a"]]
    {
        let says = place.refused(args).await;
        assert!(says.contains("`hallpass migrate --plan`"), "{args:?}: {says}");
    }
    for _ in 0..2 {
        let plan = place.ask(&["migrate", "--plan"]).await;
        assert_eq!(plan["schema"], 5);
        assert_eq!(text(&plan["steps"][0], "name"), "0006_nodes");
        assert_eq!(plan["steps"][0]["contracts"], serde_json::Value::Null);
    }
    let says = place.run(&["migrate", "--plan"]).await.stdout;
    for words in ["0006_nodes", "What each node said", "only adds", "Nothing was changed"] {
        assert!(says.contains(words), "{says}");
    }
    let done = place.run(&["migrate"]).await.stdout;
    assert!(done.contains("0006_nodes") && done.contains("Done."), "{done}");
    assert_eq!(place.ask(&["migrate"]).await["steps"], serde_json::json!([]));
    place.whole_audit_log().await;

    fs::write(&database, older).unwrap();
    let node = Node::start(&place, &[]).await;
    node.token(&login).await.unwrap();
    node.stop().await;
    assert_eq!(place.ask(&["migrate", "--plan"]).await["steps"], serde_json::json!([]));
}

#[tokio::test]
async fn a_newer_schema_is_used_if_it_only_grew_and_refused_otherwise() {
    let place = Place::set_up().await;
    let login = place.reader("reports").await;
    let database = place.data().join("hallpass.db");
    let known = place.ask(&["migrate", "--plan"]).await["known"].as_u64().unwrap();
    for sql in [
        "ALTER TABLE credentials ADD COLUMN later TEXT",
        "CREATE TABLE later (a TEXT)",
        &format!("INSERT INTO migrations VALUES ({known} + 1, '0099_later', 'of a newer', 1)"),
    ] {
        edit(&database, sql).unwrap();
    }
    let node = Node::start(&place, &[]).await;
    place.reader("more").await;
    node.token(&login).await.unwrap();
    node.stop().await;
    place.whole_audit_log().await;
    let says = place.run(&["migrate", "--plan"]).await.stdout;
    assert!(says.contains("of a newer Hallpass") && says.contains("works with it"), "{says}");

    edit(&database, "UPDATE migrations SET oldest = 99 WHERE name = '0099_later'").unwrap();
    for args in [&["serve"][..], &["audit", "verify"], &["migrate"], &["migrate", "--plan"]] {
        let says = place.refused(args).await;
        assert!(says.contains("run the newer Hallpass"), "{args:?}: {says}");
    }
}
