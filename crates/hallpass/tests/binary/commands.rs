//! What the commands beside a running server do and say, one table per subject. Journeys, keys,
//! backups and crashes have their own files.

use serde_json::{Value, json};

use crate::{
    node::Node,
    place::{BOOKS, ORGANIZATION, Place, text},
    process::within_limit,
    stream::Stream,
};

/// One member of every element.
fn column(list: &Value, member: &str) -> Vec<Value> {
    list.as_array().unwrap().iter().map(|one| one[member].clone()).collect()
}

#[tokio::test]
async fn organizations_are_suspended_and_resumed_beside_a_running_server() {
    let place = Place::set_up().await;
    let client = place.reader("reports").await;
    let node = Node::start(&place, &[]).await;
    let mut stream = Stream::open(&node, 0).await;
    let token = node.token(&client).await.unwrap();
    let other = place.ask(&["org", "add", "Another"]).await;
    for (verb, called, status) in [
        ("suspend", ORGANIZATION.to_owned(), "suspended"),
        ("resume", ORGANIZATION.to_owned(), "active"),
        ("suspend", text(&other, "id"), "active"),
    ] {
        let answer = place.ask(&["organization", verb, &called]).await;
        node.applied(answer["change_seq"].as_u64().unwrap()).await;
        stream.death().await;
        let list = place.ask(&["organization", "list"]).await;
        let own = |one: &&Value| one["name"] == ORGANIZATION;
        let own = list.as_array().unwrap().iter().find(own).unwrap();
        assert_eq!(own["status"], status, "{verb} {called}");
        assert_eq!(node.token(&client).await.is_ok(), status == "active", "{verb} {called}");
        // What was killed stays dead.
        assert!(!stream.lets_in(&token, &node.jwks().await, BOOKS), "{verb} {called}");
    }
    node.stop().await;
}

#[tokio::test]
async fn apis_are_changed_beside_a_running_server() {
    let place = Place::set_up().await;
    let client = place.reader("reports").await;
    let node = Node::start(&place, &[]).await;
    for (option, value, member, wanted) in [
        ("--name", "Library", "name", json!("Library")),
        ("--description", "All that is read", "description", json!("All that is read")),
        ("--scope", "read", "scopes", json!("read")),
        ("--lifetime", "1h", "token_lifetime_s", json!(3600)),
        ("--typ", "JWT", "token_type", json!("JWT")),
        ("--algorithm", "EdDSA", "algorithm", json!("EdDSA")),
    ] {
        let answer = place.ask(&["api", "update", BOOKS, option, value]).await;
        assert_eq!(answer[member], wanted, "{option}");
        let mut list = place.ask(&["api", "list"]).await;
        // Every installation has its own API beside.
        let own = |api: &Value| api["name"] == "Hallpass management API";
        list.as_array_mut().unwrap().retain(|api| !own(api));
        assert_eq!(column(&list, member), [wanted], "{option}");
        node.caught_up(&place).await;
        node.token(&client).await.unwrap();
    }
    let form = [("grant_type", "client_credentials")];
    let answer = node.post("/oauth/token", &client, &form).await.unwrap();
    assert_eq!((&answer["scope"], &answer["expires_in"]), (&json!("read"), &json!(3600)));
    node.stop().await;
}

#[tokio::test]
async fn every_setting_of_a_credential_can_be_changed_beside_a_running_server() {
    let place = Place::set_up().await;
    place.reader("reports").await;
    let node = Node::start(&place, &[]).await;
    let own = text(&place.ask(&["credential", "show", "reports"]).await, "client_id");
    let in_2027 = "2027-01-31T12:00:00Z";
    let narrow = format!("{BOOKS}=read");
    for (options, member, wanted) in [
        (&["--name", "Nightly"][..], "name", json!("Nightly")),
        (&["--description", "at night"], "description", json!("at night")),
        (&["--tag", "a", "--tag", "b"], "tags", json!(["a", "b"])),
        (&["--tag", "c"], "tags", json!(["c"])),
        (&["--expires", in_2027], "expires_at", json!(in_2027)),
        (&["--never-expires"], "expires_at", json!(null)),
        (&["--allow-from", "192.0.2.0/24"], "allow_from", json!(["192.0.2.0/24"])),
        (&["--allow-anywhere"], "allow_from", json!([])),
        (&["--introspects", "Books"], "introspects", json!([BOOKS])),
        (&["--api", &narrow], "grants", json!([{ "audience": BOOKS, "scope": "read" }])),
    ] {
        let answer = place.ask(&[&["credential", "update", &own][..], options].concat()).await;
        assert_eq!(answer[member], wanted, "{options:?}");
        let shown = place.ask(&["credential", "show", &own]).await;
        assert_eq!(shown, answer, "{options:?}");
        node.caught_up(&place).await;
    }
    node.stop().await;
}

#[tokio::test]
async fn credentials_are_listed_by_what_one_knows_of_them() {
    let place = Place::set_up().await;
    place.ask(&["organization", "add", "Another"]).await;
    for (name, owner) in [("reports a", ORGANIZATION), ("reports b", "Another"), ("c", "Another")] {
        place.ask(&["credential", "add", name, "--organization", owner, "--api", BOOKS]).await;
    }
    place.ask(&["credential", "pause", "reports a"]).await;
    place.ask(&["credential", "revoke", "c"]).await;
    for (options, wanted) in [
        (&[][..], &["reports a", "reports b", "c"][..]),
        (&["--organization", "Another"], &["reports b", "c"]),
        (&["--status", "active"], &["reports b"]),
        (&["--status", "paused"], &["reports a"]),
        (&["--status", "revoked"], &["c"]),
        (&["--status", "pending"], &[]),
        (&["--name", "report"], &["reports a", "reports b"]),
        (&["--name", "report", "--organization", "Another"], &["reports b"]),
        (&["--name", "%"], &[]),
    ] {
        let list = place.ask(&[&["credential", "list"][..], options].concat()).await;
        let mut names = column(&list, "name");
        names.sort_by_key(|name| wanted.iter().position(|wanted| name == wanted));
        assert_eq!(names, wanted, "{options:?}");
    }
    let two = place.ask(&["credential", "list", "--limit", "2"]).await;
    assert_eq!(two.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_second_secret_works_beside_the_first_and_ends_when_it_was_told() {
    let place = Place::set_up().await;
    let first = place.reader("reports").await;
    let node = Node::start(&place, &[]).await;
    let add = ["secret", "add", "reports", "--note", "vault", "--expires", "5s"];
    let second = crate::place::Login::of(&place.ask(&add).await);
    node.caught_up(&place).await;
    for login in [&first, &second] {
        node.token(login).await.unwrap();
    }
    // Tokens end on a full second, so the last one is a little earlier.
    let ended = async || {
        let shown = place.ask(&["credential", "show", "reports"]).await;
        column(&shown["secrets"], "status") == ["usable", "expired"]
    };
    let ends = async { while node.token(&second).await.is_ok() || !ended().await {} };
    crate::process::within_limit("the end of a secret", ends).await;
    assert!(node.no_token(&second).await.contains("expired"));
    node.token(&first).await.unwrap();
    let shown = place.ask(&["credential", "show", "reports"]).await;
    assert_eq!(column(&shown["secrets"], "note"), ["", "vault"]);
    node.stop().await;
}

#[tokio::test]
async fn the_feed_is_shown_as_verifiers_read_it() {
    let place = Place::set_up().await;
    for name in ["a", "b"] {
        place.reader(name).await;
        place.ask(&["credential", "revoke", name]).await;
    }
    let node = Node::start(&place, &[]).await;
    let (mut shown, mut read) =
        (place.ask(&["feed", "show"]).await, node.get("/revocations").await.unwrap());
    for feed in [&mut shown, &mut read] {
        assert!(feed["as_of"].take().as_u64().unwrap() > 0);
        feed["entries"].as_array_mut().unwrap().sort_by_key(ToString::to_string);
    }
    assert_eq!(shown, read);
    assert_eq!(shown["entries"].as_array().unwrap().len(), 2);
    node.stop().await;
}

#[tokio::test]
async fn the_audit_log_says_who_did_what_and_is_searched() {
    let place = Place::set_up().await;
    let reports = place.reader("reports").await.client_id;
    let node = Node::start(&place, &[]).await;
    place.ask(&["credential", "pause", "reports"]).await;
    place.ask(&["organization", "add", "Another"]).await;
    let list = async |options: &[&str]| {
        let events = place.ask(&[&["audit", "list"][..], options].concat()).await;
        assert!(column(&events, "actor").iter().all(|actor| actor.to_string().contains("tester")));
        column(&events, "action")
    };
    let of_reports = ["credential.pause", "credential.add"];
    assert_eq!(list(&["--subject", &reports]).await, of_reports);
    let of_its_owner = [&of_reports[..], &["organization.add"]].concat();
    assert_eq!(list(&["--organization", ORGANIZATION]).await, of_its_owner);
    assert_eq!(list(&["--limit", "1"]).await, ["organization.add"]);
    let last = place.last_seq().await.to_string();
    assert_eq!(list(&["--before", &last, "--limit", "2"]).await, of_reports);
    node.stop().await;
}

#[tokio::test]
async fn a_command_beside_nothing_does_nothing_twice() {
    let place = Place::empty();
    let first = place.ask(&["init"]).await;
    assert_eq!(place.ask(&["init"]).await, first);
    assert_eq!(place.ask(&["key", "list"]).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_doctor_finds_what_is_wrong_and_says_what_to_do() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::set_up().await;
    let findings = place.ask(&["doctor"]).await;
    assert!(column(&findings, "fine").iter().all(|fine| fine == true), "{findings}");
    let open = |name: &str, mode| {
        let file = place.data().join(name);
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let https = ["--issuer", "https://auth.example.com"];
    let beyond = [&https[..], &["--listen", "0.0.0.0:8420"]].concat();
    for (options, says) in [
        (&["--listen", "0.0.0.0:8420"][..], "set an https issuer"),
        (&beyond, "without TLS"),
        (&["--metrics-listen", "0.0.0.0:8421"], "check that only operators reach it"),
        (&https, "the proxy as the only caller"),
        (&["--trusted-proxies", "0.0.0.0/0"], "passes for any address"),
    ] {
        troubled(&place, options, says).await;
    }
    for (name, says) in [("hallpass.db", "hallpass.db can be read"), ("master.key", "chmod 600")] {
        open(name, 0o644);
        troubled(&place, &[], says).await;
        open(name, 0o600);
    }
    place.ask(&["key", "rotate", "--lead", "1m"]).await;
    troubled(&place, &[], "only 60 s after it was published").await;
}

#[tokio::test]
async fn the_doctor_knows_the_nodes_that_run_and_misses_one_that_died() {
    let place = Place::set_up().await;
    let start = async || {
        let options = ["--node-name", "first", "--node-report-s", "1"];
        Node::start(&place, &options).await
    };
    let says = async |wanted: &str| place.run(&["doctor"]).await.stdout.contains(wanted);
    let until = async |wanted: &str| {
        within_limit(wanted, async { while !says(wanted).await {} }).await;
    };
    let node = start().await;
    until("One node reports, and it sees its database.").await;
    // One that is told to end takes its report away.
    node.stop().await;
    assert!(!says("ode reports").await && !says("first").await);
    let node = start().await;
    until("One node reports").await;
    node.kill().await;
    until("was last heard of").await;
    assert!(says("Node first at 127.0.0.1:").await);
}

/// `doctor` finds one thing wrong, and its exit code says so.
async fn troubled(place: &Place, options: &[&str], says: &str) {
    let args = [&["doctor", "--json"][..], options].concat();
    let ended = place.run(&args).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let findings: Value = serde_json::from_str(&ended.stdout).unwrap();
    let mut bad = findings.as_array().unwrap().clone();
    bad.retain(|finding| finding["fine"] == false);
    assert!(bad.iter().any(|finding| text(finding, "says").contains(says)), "{says}: {ended:?}");
    let summary = format!("{} of {} findings", bad.len(), findings.as_array().unwrap().len());
    assert!(ended.stderr.contains(&summary), "{ended:?}");
}

#[tokio::test]
async fn an_edited_audit_log_is_found() {
    let place = Place::set_up().await;
    let path = place.data().join("hallpass.db");
    // Nobody has the database open, so everything is in this one file.
    let mut bytes = std::fs::read(&path).unwrap();
    let (was, becomes) = (b"organization.add", b"organization.ask");
    let at = bytes.windows(was.len()).position(|here| here == was).unwrap();
    bytes[at..at + was.len()].copy_from_slice(becomes);
    std::fs::write(&path, bytes).unwrap();
    for args in [&["audit", "verify", "--json"], &["audit", "verify", "--data-dir=hallpass-data"]] {
        assert!(place.refused(&args[..]).await.contains("tampered with"), "{args:?}");
    }
    troubled(&place, &[], "tampered with").await;
}

#[tokio::test]
async fn answers_for_people_are_tables_and_sentences() {
    let place = Place::set_up().await;
    let reports = place.reader("reports").await;
    let extras =
        ["--description", "at night", "--tag", "a", "--tag", "b", "--introspects", "Books"];
    place.ask(&[&["credential", "update", "reports"][..], &extras].concat()).await;
    let extras = ["description:   at night", "tags:          a, b", "introspects:   https://books"];
    for (args, says) in [
        (&["credential", "show", "reports"][..], &extras[..]),
        (&["organization", "list"], &["NAME", "Example Library", "active"]),
        (&["api", "list"], &["AUDIENCE", BOOKS, "read write", "86400 s", "ES256", "at+jwt"]),
        (&["credential", "list"], &["CLIENT ID", "reports", &reports.client_id, "active"]),
        (&["credential", "show", "reports"], &[&reports.client_id, "LAST USED", "usable"]),
        (&["key", "list"], &["KID", "ES256", "signing"]),
        (&["audit", "list"], &["WHO", "operator tester", "credential.add"]),
        (&["audit", "verify"], &["is whole"]),
        (&["feed", "show"], &["0 entries at 0"]),
        (&["doctor"], &["ok      The master key opens the vault."]),
        (&["credential", "pause", "reports"], &["Paused reports"]),
        (&["credential", "resume", "reports"], &["Resumed reports", "stay dead"]),
        (&["secret", "add", "reports"], &["client_secret:  hps_", "curl -u hpc_"]),
    ] {
        let ended = place.run(args).await;
        assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{args:?}: {ended:?}");
        for words in says {
            assert!(ended.stdout.contains(words), "{args:?} does not say {words:?}: {ended:?}");
        }
    }
}

#[tokio::test]
async fn shells_can_complete_every_command() {
    let place = Place::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = place.run(&["completions", shell]).await;
        assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{shell}");
        for word in ["credential", "kill-tokens", "change-master", "connections-at-most"] {
            assert!(ended.stdout.contains(word), "{shell} cannot complete {word}");
        }
    }
}
