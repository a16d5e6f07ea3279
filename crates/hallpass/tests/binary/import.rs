//! Moving from another server: its clients go on with the ids and secrets that they have.

use hallpass_core::{Image, change::Key};
use hallpass_store::{PostgresStore, SqliteStore, Store, postgres, sqlite, throwaway::Cluster};
use serde_json::{Value, json};

use crate::{
    node::Node,
    place::{BOOKS, Login, ORGANIZATION, Place},
    process::within_limit,
    quiet::gives_away,
};

const ID: &str = "b1f9a6e2-5c7d-4d0e-9a53-1f6f4c1f7c11";
const SECRET: &str = "old-secret-of-reports";
const BCRYPT: &str = "$2a$10$CCCCCCCCCCCCCCCCCCCCC.1VA7.1dlo670C3E9scxYoRTDfJeCThi";
const OTHER_ID: &str = "invoices";
const OTHER_SECRET: &str = "correct horse";
const PBKDF2: &str = "$pbkdf2-sha256$i=25000,l=32$MDEyMzQ1Njc4OWFiY2RlZg\
                      $LjzQQQfBu6oiuVew1rMcxHa9TJUIzcdEP64wW5xKh1M";

/// What every form of log-in must survive without help.
const AWKWARD: &str = "p+ss%41 w:rd/%zz-\u{e9}=&\"";

fn login(client_id: &str, secret: &str) -> Login {
    Login { client_id: client_id.to_owned(), secret: secret.to_owned() }
}

/// As the table `hydra_client` is handed out, a client a line.
fn hydra() -> String {
    let client = |id: &str, digest: &str| {
        json!({
            "id": id,
            "client_name": format!("Old {id}"),
            "client_secret": digest,
            "grant_types": "[\"client_credentials\"]",
            "token_endpoint_auth_method": "client_secret_basic",
            "scope": "read offline_access",
            "audience": format!("[\"{BOOKS}\"]"),
            "created_at": "2021-03-04T05:06:07",
        })
    };
    let mut public = client("public", "");
    public["token_endpoint_auth_method"] = json!("none");
    [client(ID, BCRYPT), public, client(OTHER_ID, PBKDF2)].map(|one| one.to_string()).join("\n")
}

async fn import(place: &Place, args: &[&str]) -> Value {
    let to = ["--organization", ORGANIZATION];
    place.ask(&[&["import"], args, &to[..]].concat()).await
}

fn counts(answer: &Value) -> (u64, u64, &Value) {
    let number = |name: &str| answer["report"][name].as_u64().unwrap();
    (number("read"), number("imported"), &answer["report"]["skipped"])
}

/// What is kept of a credential's secret.
async fn digest(store: &dyn Store, id: &str) -> String {
    match store.image(&Key::Credential(id.parse().unwrap())).await.unwrap() {
        Some(Image::Credential(own)) => String::from(own.secrets[0].digest.clone()),
        other => panic!("{other:?}"),
    }
}

/// The whole way: look first, take over, use, restart.
async fn moves(place: &Place, store: impl AsyncFn() -> Box<dyn Store>) {
    place.furnish().await;
    std::fs::write(place.path("hydra.json"), hydra()).unwrap();
    let node = Node::start(place, &[]).await;
    let read = ["hydra", "hydra.json"];
    let would = import(place, &[&read[..], &["--dry-run"]].concat()).await;
    assert_eq!(counts(&would), (3, 2, &json!({ "public_client": 1 })), "{would}");
    assert_eq!(would["report"]["secrets"], json!({ "bcrypt": 1, "pbkdf2": 1 }));
    assert_eq!(would["report"]["skipped_clients"][0]["line"], 2);
    assert_eq!(place.ask(&["credential", "list"]).await, json!([]), "a dry run changes nothing");
    let done = import(place, &read).await;
    assert_eq!(done["report"], would["report"]);
    let again = import(place, &read).await;
    let skipped = json!({ "already_there": 2, "public_client": 1 });
    assert_eq!(counts(&again), (3, 0, &skipped), "{again}");

    node.caught_up(place).await;
    let shown = place.ask(&["credential", "show", ID]).await;
    assert_eq!((&shown["name"], &shown["status"]), (&json!(format!("Old {ID}")), &json!("active")));
    assert_eq!(shown["created_at"], "2021-03-04T05:06:07Z");
    assert_eq!(digest(&*store().await, ID).await, BCRYPT);
    assert!(node.no_token(&login(ID, "wrong")).await.contains("unknown client_id or wrong"));
    let token = node.token(&login(ID, SECRET)).await.unwrap();
    let claims = node.jwks().await.verify(&token, BOOKS).unwrap().claims;
    assert_eq!((&*claims.client_id, &*claims.scope), (ID, "read"));

    let upgraded = async {
        let events = ["audit", "list", "--subject", ID];
        while place.ask(&events).await[0]["action"] != "secret.upgrade" {}
    };
    within_limit("the upgrade", upgraded).await;
    let ours = digest(&*store().await, ID).await;
    assert!(!ours.contains('$') && ours.len() == 43, "{ours}");
    assert_eq!(node.metric("hallpass_imported_unused").await, 1);
    let shown = place.ask(&["credential", "show", ID]).await;
    assert_eq!(shown["secrets"][0]["last_four"], "orts");
    let events = place.ask(&["audit", "list", "--subject", ID]).await;
    let import = events.as_array().unwrap().last().unwrap();
    assert_eq!(
        (&import["action"], &import["detail"]["from"]),
        (&json!("credential.import"), &json!("hydra"))
    );
    let ended = node.stop().await;
    for text in [&ended.stdout, &ended.stderr, &events.to_string()] {
        assert!(!gives_away(text, SECRET) && !text.contains("$2a$"), "{text}");
    }

    let node = Node::start(place, &[]).await;
    node.token(&login(ID, SECRET)).await.unwrap();
    node.no_token(&login(ID, "wrong")).await;
    node.token(&login(OTHER_ID, OTHER_SECRET)).await.unwrap();
    assert_eq!(digest(&*store().await, ID).await, ours);
    place.ask(&["credential", "revoke", ID]).await;
    node.caught_up(place).await;
    assert!(node.no_token(&login(ID, SECRET)).await.contains("revoked"));
    place.whole_audit_log().await;
    node.stop().await;
}

#[tokio::test]
async fn clients_of_hydra_go_on_with_their_secrets() {
    let place = Place::empty();
    let path = place.data().join("hallpass.db");
    let store = async || {
        let store = SqliteStore::open_existing(&path, sqlite::Options::default()).unwrap();
        Box::new(store) as Box<dyn Store>
    };
    moves(&place, store).await;
}

#[tokio::test]
async fn clients_of_hydra_go_on_with_their_secrets_on_postgresql() {
    let Some(cluster) = Cluster::shared() else { return };
    let url = cluster.url(&cluster.create(None).await);
    let place = Place::with_database(&url);
    let address = url.parse().unwrap();
    let store = async || {
        let options = postgres::Options::default();
        let store = PostgresStore::open_existing(&address, &options).await.unwrap();
        Box::new(store) as Box<dyn Store>
    };
    moves(&place, store).await;
}

/// Whether a library encodes what it sends by HTTP Basic, or not.
#[tokio::test]
async fn a_realm_of_keycloak_is_taken_over_whatever_its_secrets_hold() {
    let place = Place::set_up().await;
    let client = |id: &str, secret: &str| {
        json!({
            "clientId": id, "secret": secret, "serviceAccountsEnabled": true,
            "clientAuthenticatorType": "client-secret", "publicClient": false,
            "defaultClientScopes": ["profile", "books.read"],
        })
    };
    let clients = [client("svc.reports", AWKWARD), client("svc.masked", "**********")];
    let realm = json!({ "realm": "x", "users": [{ "username": "a" }], "clients": clients });
    std::fs::write(place.path("realm.json"), realm.to_string()).unwrap();
    let args = ["keycloak", "realm.json", "--api", "Books", "--scope-map", "books.read=read"];
    let done = import(&place, &args).await;
    assert_eq!(counts(&done), (2, 1, &json!({ "no_secret": 1 })), "{done}");
    let words = place.run(&[&["import"], &args[..], &["--org", ORGANIZATION]].concat()).await;
    assert!(words.stdout.contains("2 clients read: 0 imported, 2 skipped."), "{words:?}");
    assert!(words.stderr.contains("can be read by other accounts"), "{words:?}");
    for text in [&done.to_string(), &words.stdout, &words.stderr] {
        assert!(!text.contains("w:rd"), "{text}");
    }
    let node = Node::start(&place, &[]).await;
    let form = [("grant_type", "client_credentials"), ("scope", "read")];
    let encoded: String = AWKWARD.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for secret in [AWKWARD, &encoded] {
        node.post("/oauth/token", &login("svc.reports", secret), &form).await.unwrap();
    }
    let by_body = [&form[..], &[("client_id", "svc.reports"), ("client_secret", AWKWARD)]].concat();
    let request = node.request(reqwest::Method::POST, "/oauth/token").form(&by_body);
    assert_eq!(request.send().await.unwrap().status(), 200);
    // Only foreign digests are slow.
    assert_eq!(node.metric("hallpass_imported_unused").await, 0);
    node.stop().await;
}

#[tokio::test]
async fn bad_lines_are_named_and_spoil_no_others() {
    let place = Place::set_up().await;
    let line = |id: &str| json!({ "client_id": id, "secret": "zebra-zebra-zebra-zebra" });
    let text = format!("{}\n{{\"client_id\": zebra\n\n[]\n{}\n", line("a"), line("b"));
    let command = |args: &[&str]| {
        let to = ["import", "jsonl", "-", "--org", ORGANIZATION, "--api", BOOKS, "--json"];
        place.command(&[&to[..], args].concat())
    };
    let ended = place.run_with(command(&["--scopes", "read"]), &text).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let answer: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(counts(&answer), (4, 2, &json!({ "not_an_object": 2 })));
    let lines = answer["report"]["skipped_clients"].as_array().unwrap();
    let lines: Vec<&Value> = lines.iter().map(|one| &one["line"]).collect();
    assert_eq!(lines, [&json!(2), &json!(4)]);
    assert!(!ended.stdout.contains("zebra"), "{ended:?}");

    for (args, says) in [
        (
            &["import", "hydra", "missing.json", "--org", ORGANIZATION][..],
            "cannot read missing.json",
        ),
        (&["import", "hydra", "x", "--org", "Nobody"], "there is no organization"),
        (&["import", "hydra", "x", "--org", ORGANIZATION, "--api", "x"], "there is no API"),
        (&["import", "hydra", "x", "--org", ORGANIZATION, "--scopes", "x"], "has the scope \"x\""),
        (&["import", "hydra", "x", "--org", ORGANIZATION, "--scope-map", "x"], "write OLD=NEW"),
    ] {
        let refused = place.refused(args).await;
        assert!(refused.contains(says), "{args:?}: {refused}");
    }
    // A list that breaks off is taken over as far as it goes, and that is no success.
    let text = format!("[{}, ", json!({ "clientId": "c" }));
    let args = ["import", "keycloak", "-", "--org", ORGANIZATION];
    let ended = place.run_with(place.command(&args), &text).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("1 clients read: 0 imported, 1 skipped."), "{ended:?}");
    assert!(ended.stderr.contains("line 1: the file ends too soon"), "{ended:?}");
}
