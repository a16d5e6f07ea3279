//! What the server's log is like: one event a line, for machines or for people, and nobody who
//! sends something can write a line of it.

use reqwest::Method;
use serde_json::Value;

use crate::{
    node::Node,
    place::{Login, Place},
};

/// Would begin a line of its own, move a terminal's cursor, or end a JSON string.
const FORGED: &str = "x\n2026-01-01T00:00:00Z  INFO forged: all is well\u{1b}[1A\",\"forged\":1";

/// Sends the forgery wherever text can be sent.
async fn forge(node: &Node) {
    let login = Login { client_id: FORGED.to_owned(), secret: FORGED.to_owned() };
    node.token(&login).await.unwrap_err();
    let form = [("grant_type", FORGED), ("scope", FORGED), ("token", FORGED), (FORGED, "")];
    for path in ["/oauth/token", "/oauth/revoke", "/oauth/introspect"] {
        node.post(path, &login, &form).await.unwrap_err();
    }
    let encoded = "/forged%0A%1B%5B1A?forged=%0Aforged";
    node.get(encoded).await.unwrap_err();
    let odd = Method::from_bytes(b"forged|`'").unwrap();
    for name in ["x-request-id", "x-forwarded-for", "user-agent", "referer", "traceparent"] {
        let request = node.request(odd.clone(), "/healthz").header(name, "forged\t\u{80}forged");
        request.send().await.unwrap().text().await.unwrap();
    }
}

async fn log_of(format: &str) -> (String, String) {
    let place = Place::set_up().await;
    // Refused for its own sake: the id is of the right form, so the log may name it.
    let login = place.reader("reports").await;
    let wrong = Login { secret: "hps_wrong".to_owned(), ..login.clone() };
    let node = Node::start(&place, &["--log-format", format]).await;
    node.no_token(&wrong).await;
    forge(&node).await;
    (node.stop().await.stderr, login.client_id)
}

#[tokio::test]
async fn for_machines_every_line_is_an_object_with_the_same_members() {
    let (log, client_id) = log_of("json").await;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        for member in ["timestamp", "level", "target", "message"] {
            assert!(line[member].is_string(), "no {member}: {line}");
        }
        assert!(line.get("forged").is_none(), "{line}");
    }
    assert!(!log.contains("forged"), "{log}");
    // Why a login failed can be found by its client and by its request.
    let failed = lines.iter().find(|line| line["message"] == "Client authentication failed");
    let failed = failed.unwrap();
    assert_eq!(failed["client.id"], *client_id);
    let same = |line: &&Value| line["request.id"] == failed["request.id"];
    let answered = lines.iter().filter(same).find(|line| line["message"] == "Answered").unwrap();
    assert_eq!((&answered["status"], &answered["endpoint"]), (&401.into(), &"token".into()));
}

#[tokio::test]
async fn for_people_every_event_is_one_line_that_begins_with_its_time() {
    let (log, _) = log_of("pretty").await;
    assert!(log.lines().count() > 10, "{log}");
    for line in log.lines() {
        let (time, rest) = line.split_once(' ').unwrap();
        assert!(time.ends_with('Z') && time.len() == 27, "{line}");
        let level = rest.split_whitespace().next().unwrap();
        assert!(["INFO", "WARN", "ERROR"].contains(&level), "{line}");
    }
    assert!(!log.contains("forged") && !log.contains('\u{1b}'), "{log}");
}

#[tokio::test]
async fn the_number_of_an_answer_is_in_the_log() {
    let place = Place::set_up().await;
    let node = Node::start(&place, &[]).await;
    let mut numbers = Vec::new();
    for path in ["/oauth/token", "/nowhere", "/revocations"] {
        // What a caller says of its own is not believed: two could say the same.
        let request = node.request(Method::GET, path).header("x-request-id", "forged");
        let answer = request.send().await.unwrap();
        numbers.push(answer.headers()["x-request-id"].to_str().unwrap().to_owned());
    }
    let log = node.stop().await.stderr;
    for number in numbers {
        let lines = log.lines().filter(|line| line.contains(&number)).count();
        assert_eq!(lines, 1, "{number} in {log}");
    }
}
