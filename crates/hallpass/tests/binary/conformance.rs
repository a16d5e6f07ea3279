//! The feed of the real server, as docs/feed.md says it is.

use conformance::{Kill, check};

use crate::{node::Node, place::Place};

#[tokio::test]
async fn the_feed_is_as_its_specification_says() {
    let place = Place::set_up().await;
    place.reader("reports").await;
    let doomed = place.reader("doomed").await;
    place.ask(&["credential", "revoke", "doomed", "--yes"]).await;
    // Its issuer is where it listens, as whoever looks from outside must find it.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let issuer = format!("http://127.0.0.1:{port}");
    let node = Node::start(&place, &["--issuer", &issuer, "--listen", &issuer[7..]]).await;
    let kill: Kill = Box::pin(async move {
        place.ask(&["credential", "revoke", "reports", "--yes"]).await;
        Ok(())
    });
    let report = check(&issuer, Some(kill)).await;
    assert!(report.broken().next().is_none(), "{report}");
    node.no_token(&doomed).await;
    node.stop().await;
}
