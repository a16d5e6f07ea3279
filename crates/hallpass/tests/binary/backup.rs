//! A backup that was made beside a running server is a whole installation, together with the
//! master key.

use crate::{
    node::Node,
    place::{BOOKS, Place, mode},
};

#[tokio::test]
async fn a_backup_beside_a_running_server_restores() {
    let place = Place::set_up().await;
    let (kept, revoked) = (place.reader("kept").await, place.reader("revoked").await);
    place.ask(&["credential", "revoke", "revoked"]).await;
    let node = Node::start(&place, &[]).await;
    let token = node.token(&kept).await.unwrap();

    // Others write all the while.
    let backup = ["backup", "copy.db"];
    let (_, _, copied) =
        tokio::join!(place.reader("meanwhile"), place.reader("also"), place.ask(&backup));
    assert_eq!(copied["file"], "copy.db");
    assert_eq!(mode(&place.path("copy.db")), 0o600);
    let why = place.refused(&backup).await;
    assert!(why.contains("choose another name"), "{why}");
    node.stop().await;

    let restored = Place::empty();
    std::fs::create_dir(restored.data()).unwrap();
    for (from, to) in
        [(place.path("copy.db"), "hallpass.db"), (place.data().join("master.key"), "master.key")]
    {
        std::fs::copy(from, restored.data().join(to)).unwrap();
    }
    restored.whole_audit_log().await;
    let node = Node::start(&restored, &[]).await;
    node.jwks().await.verify(&token, BOOKS).unwrap();
    let again = node.token(&kept).await.unwrap();
    node.jwks().await.verify(&again, BOOKS).unwrap();
    assert!(node.no_token(&revoked).await.contains("revoked"));

    // What was written meanwhile is in the copy as a whole or not at all; the rest is equal.
    let list = async |place: &Place| {
        let mut all = place.ask(&["credential", "list"]).await;
        let all = all.as_array_mut().unwrap();
        all.retain(|own| own["name"] == "kept" || own["name"] == "revoked");
        for own in all.iter_mut() {
            own["secrets"][0]["last_used_at"].take();
        }
        all.clone()
    };
    assert_eq!(list(&restored).await, list(&place).await);
    node.stop().await;
}

#[tokio::test]
async fn a_backup_without_its_master_key_says_so() {
    let place = Place::set_up().await;
    place.ask(&["backup", "copy.db"]).await;
    let restored = Place::empty();
    std::fs::create_dir(restored.data()).unwrap();
    std::fs::copy(place.path("copy.db"), restored.data().join("hallpass.db")).unwrap();
    for args in [&["serve"][..], &["credential", "list"]] {
        let why = restored.refused(args).await;
        assert!(why.contains("its master key does not") && why.contains("put it back"), "{why}");
        // A new one would make the old secrets worthless for good.
        assert!(!restored.data().join("master.key").exists());
    }
}
