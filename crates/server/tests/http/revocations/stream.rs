//! `GET /revocations/stream`: what died, as it dies.

use axum::body::Body;
use hallpass_core::Mutation;
use http_body_util::BodyExt;

use crate::{
    ask::Ask,
    node::{NOW_S, Node, client_id},
    wire::{client, within},
};

const PATH: &str = "/revocations/stream";

struct Reader(http::Response<Body>);

impl Reader {
    async fn open(node: &Node, ask: Ask) -> Self {
        let response = node.open(ask).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self(response)
    }

    async fn after(node: &Node, seq: u64) -> Self {
        Self::open(node, Ask::get(&format!("{PATH}?after={seq}"))).await
    }

    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        let frame = within("an event", self.0.body_mut().frame()).await?;
        Some(String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap())
    }

    /// Kind and number of the next event.
    async fn brief(&mut self) -> String {
        let event = self.next().await.unwrap();
        let kind = event.lines().find_map(|line| line.strip_prefix("event: ")).unwrap();
        let data = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        format!("{kind} {}", data["seq"])
    }
}

/// A node on which as many credentials as that have died, one after the other.
async fn node_of_deaths(deaths: u64) -> Node {
    let mut start = Node::start().with_credential("last");
    for number in 1..=deaths {
        start = start.with_credential(&format!("dead-{number}"));
    }
    let node = start.await;
    for number in 1..=deaths {
        node.commit(Mutation::RevokeCredential(client_id(&format!("dead-{number}")))).await;
    }
    node
}

async fn kill_the_last(node: &Node) {
    node.commit(Mutation::RevokeCredential(client_id("last"))).await;
}

#[tokio::test]
async fn a_reader_gets_what_it_missed_a_heartbeat_and_then_what_dies() {
    let node = node_of_deaths(2).await;
    let mut reader = Reader::after(&node, 1).await;
    let mut said = reader.next().await.unwrap() + &reader.next().await.unwrap();
    node.pass_s(3).await;
    kill_the_last(&node).await;
    node.app.live.feed.beat(node.app.live.as_of());
    said += &(reader.next().await.unwrap() + &reader.next().await.unwrap());
    insta::assert_snapshot!(said, @r#"
    event: revocation
    id: 2
    data: {"h":"RnYW72dOYSpwEnYMYxuGFA","until":1764108300,"seq":2}

    event: heartbeat
    data: {"seq":2,"as_of":1764000000}

    event: revocation
    id: 3
    data: {"h":"y7LwvnQIeZSVZCAjsdYlrA","until":1764108303,"seq":3}

    event: heartbeat
    data: {"seq":3,"as_of":1764000003}
    "#);
}

#[tokio::test]
async fn a_reader_may_begin_anywhere() {
    for (ask, first) in [
        (Ask::get(PATH), "heartbeat 3"),
        (Ask::get("/revocations/stream?after="), "invalid"),
        (Ask::get("/revocations/stream?after=3"), "heartbeat 3"),
        (Ask::get("/revocations/stream?after=2"), "revocation 3"),
        (Ask::get("/revocations/stream?after=0"), "revocation 1"),
        (Ask::get("/revocations/stream?x=1&after=2"), "revocation 3"),
        // A browser that reconnects says where it is, whatever its address says.
        (Ask::get("/revocations/stream?after=0").header("last-event-id", "2"), "revocation 3"),
        (Ask::get(PATH).header("last-event-id", "1"), "revocation 2"),
        // From the future: another database, perhaps.
        (Ask::get("/revocations/stream?after=4"), "reset 3"),
        (Ask::get("/revocations/stream?after=18446744073709551615"), "reset 3"),
        (Ask::get("/revocations/stream?after=18446744073709551616"), "invalid"),
        (Ask::get("/revocations/stream?after=-1"), "invalid"),
        (Ask::get("/revocations/stream?after=two"), "invalid"),
        (Ask::get("/revocations/stream?after=1.5"), "invalid"),
        (Ask::get("/revocations/stream?after=1&after=2"), "invalid"),
        (Ask::get("/revocations/stream?after=%FF"), "invalid"),
        (Ask::get("/revocations/stream?after=%"), "invalid"),
        (Ask::get(PATH).header("last-event-id", "x"), "invalid"),
    ] {
        let node = node_of_deaths(3).await;
        let what = format!("{} {:?}", ask.path, ask.headers);
        if first == "invalid" {
            let answer = node.send(ask).await;
            assert_eq!(answer.outcome(), (400, "invalid_request".to_owned()), "{what}");
        } else {
            assert_eq!(Reader::open(&node, ask).await.brief().await, first, "{what}");
        }
    }
}

#[tokio::test]
async fn a_reader_that_missed_too_much_is_told_to_start_over() {
    // After a restart the node remembers what is dead, but not one by one.
    let node = node_of_deaths(2).await.restarted().await;
    for (after, events) in [(0, ["reset 2", "heartbeat 2"]), (1, ["reset 2", "heartbeat 2"])] {
        let mut reader = Reader::after(&node, after).await;
        assert_eq!([reader.brief().await, reader.brief().await], events);
    }
    let mut reader = Reader::after(&node, 2).await;
    assert_eq!(reader.brief().await, "heartbeat 2");
    kill_the_last(&node).await;
    assert_eq!(reader.brief().await, "revocation 3");
    assert_eq!(Reader::after(&node, 2).await.brief().await, "revocation 3");
}

#[tokio::test]
async fn heartbeats_stop_vouching_while_the_database_is_away() {
    let node = node_of_deaths(0).await;
    let mut reader = Reader::after(&node, 0).await;
    reader.next().await.unwrap();
    for (away, pass_s, as_of) in [(false, 10, 10), (true, 10, 10), (true, 50, 10), (false, 1, 71)] {
        if away {
            node.store.go_away();
            node.pass_blind_s(pass_s).await;
        } else {
            node.store.come_back();
            node.pass_s(pass_s).await;
        }
        node.app.live.feed.beat(node.app.live.as_of());
        let beat = reader.next().await.unwrap();
        let wanted =
            format!("event: heartbeat\ndata: {{\"seq\":0,\"as_of\":{}}}\n\n", NOW_S + as_of);
        assert_eq!(beat, wanted);
    }
}

#[tokio::test]
async fn streams_end_when_the_node_closes_and_are_counted_while_open() {
    let node = node_of_deaths(0).await;
    let mut readers = [Reader::after(&node, 0).await, Reader::after(&node, 0).await];
    assert_eq!(node.app.live.feed.readers().len(), 2);
    for reader in &mut readers {
        reader.next().await.unwrap();
    }
    let told = || -> Vec<u64> {
        node.app.live.feed.readers().slowest(9).iter().map(|reader| reader.sent()).collect()
    };
    assert_eq!(told(), [0, 0]);
    kill_the_last(&node).await;
    assert!(readers[1].next().await.unwrap().starts_with("event: revocation"));
    assert_eq!(told(), [0, 1], "those that have been told least come first");
    assert!(readers[0].next().await.unwrap().starts_with("event: revocation"));
    node.app.closing.cancel();
    for reader in &mut readers {
        assert_eq!(reader.next().await, None);
    }
    drop(readers);
    assert_eq!(node.app.live.feed.readers().len(), 0);
}

#[tokio::test]
async fn events_come_over_the_wire_as_they_happen() {
    let node = node_of_deaths(1).await.listen().await.keeping_house();
    for version in ["HTTP/1.1", "HTTP/2"] {
        let client =
            client(
                |builder| {
                    if version == "HTTP/2" { builder.http2_prior_knowledge() } else { builder }
                },
            );
        let url = format!("http://{}{PATH}?after=0", node.public);
        let mut response = within("the head", client.get(url).send()).await.unwrap();
        let mut came = String::new();
        let mut until = async |wanted: &str| {
            while !came.contains(wanted) {
                let chunk = within(wanted, response.chunk()).await.unwrap().unwrap();
                came.push_str(std::str::from_utf8(&chunk).unwrap());
            }
        };
        until("event: heartbeat").await;
        if version == "HTTP/1.1" {
            kill_the_last(&node).await;
        }
        until("event: revocation\nid: 2\n").await;
    }
}
