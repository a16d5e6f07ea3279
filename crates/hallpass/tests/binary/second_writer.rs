//! Several processes write to one database: no change is lost, and every node learns of each
//! within a second.

use std::time::Instant;

use hallpass_token::{feed::Subject, revocation::Handle};

use crate::{journey::PROMISED, node::Node, place::Place, stream::Stream};

#[tokio::test]
async fn two_nodes_and_many_commands_share_one_database() {
    let place = Place::set_up().await;
    let (one, two) = tokio::join!(Node::start(&place, &[]), Node::start(&place, &[]));
    let before = place.last_seq().await;

    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let made: Vec<_> = names.map(|name| place.reader(name)).into();
    let logins = futures_util::future::join_all(made).await;
    assert_eq!(place.last_seq().await, before + 8);

    let mut streams = [Stream::open(&one, 0).await, Stream::open(&two, 0).await];
    for (at, login) in logins.iter().enumerate() {
        for node in [&one, &two] {
            node.caught_up(&place).await;
            node.token(login).await.unwrap();
        }
        let killer = ["pause", "revoke"][at % 2];
        place.ask(&["credential", killer, &login.client_id]).await;
        let acknowledged = Instant::now();
        for (node, stream) in [&one, &two].into_iter().zip(&mut streams) {
            let Subject::Credential { handle, .. } = stream.death().await.subject else { panic!() };
            assert_eq!(handle, Handle::of(&login.client_id));
            node.no_token(login).await;
        }
        assert!(acknowledged.elapsed() < PROMISED, "{killer} after {:?}", acknowledged.elapsed());
    }
    assert_eq!(place.whole_audit_log().await, before + 16);
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn a_token_revoked_at_one_node_is_dead_at_the_other() {
    let place = Place::set_up().await;
    let login = place.reader("reports").await;
    let api = ["--api", "Books", "--introspects", "Books"];
    let api = place.credential("the API's own", &api).await;
    let (one, two) = tokio::join!(Node::start(&place, &[]), Node::start(&place, &[]));
    let mut stream = Stream::open(&two, 0).await;
    let (dead, alive) = (one.token(&login).await.unwrap(), one.token(&login).await.unwrap());

    one.post("/oauth/revoke", &login, &[("token", &dead)]).await.unwrap();
    let acknowledged = Instant::now();
    // The node that was asked knows at once.
    assert_eq!(one.introspect(&api, &dead).await["active"], false);
    stream.death().await;
    assert_eq!(two.introspect(&api, &dead).await["active"], false);
    assert!(acknowledged.elapsed() < PROMISED, "after {:?}", acknowledged.elapsed());
    assert_eq!(two.introspect(&api, &alive).await["active"], true);
    one.stop().await;
    two.stop().await;
}
