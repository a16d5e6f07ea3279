//! The feed of the real server, as docs/feed.md says it is.

use conformance::{Kill, check};
use faults::line::Line;

use crate::{node::Node, place::Place};

#[tokio::test]
async fn the_feed_is_as_its_specification_says() {
    let place = Place::set_up().await;
    place.reader("reports").await;
    let dead = place.reader("dead").await;
    place.ask(&["credential", "revoke", "dead"]).await;
    // Whoever looks from outside must find the issuer where its name says.
    let line = Line::lay().await.unwrap();
    let issuer = format!("http://{}", line.address);
    let node = Node::start(&place, &["--issuer", &issuer]).await;
    line.join(node.address);
    let kill: Kill = Box::pin(async move {
        place.ask(&["credential", "revoke", "reports"]).await;
        Ok(())
    });
    let report = check(&issuer, Some(kill)).await;
    assert!(report.broken().next().is_none(), "{report}");
    node.no_token(&dead).await;
    node.stop().await;
}
