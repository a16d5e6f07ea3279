//! Webhooks and mail: what is told, to whom, how it is signed, and that nothing is told twice or
//! lost. The receiver is a real one, on loopback.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU16, Ordering},
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD};
use hallpass_core::{
    Mutation, WebhookId,
    delivery::{Answer, State as Progress, TRIES_AT_MOST},
    notice::Kind,
    permission::Role,
    usage::Sighting,
    webhook::SigningSecret,
};
use hallpass_server::{
    management::webhooks::{self, Made, Wanted},
    notices::{follow, send, watch_addresses, watch_ends},
};
use http::{HeaderMap, StatusCode};

use crate::{
    browser::Browser,
    node::{Node, client_id, organization_id, secret_id},
    people::at_the_machine,
};

fn at(end: &str) -> String {
    format!("/organizations/{}/settings{end}", organization_id())
}

/// A receiver: what it got, and what it answers.
#[derive(Clone)]
struct Receiver {
    url: String,
    got: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    status: Arc<AtomicU16>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let status = Arc::new(AtomicU16::new(204));
        let receiver = Self { url, got: Arc::default(), status };
        let take = async |State(own): State<Self>, headers: HeaderMap, body: Bytes| {
            own.got.lock().unwrap().push((headers, body));
            let status = StatusCode::from_u16(own.status.load(Ordering::Relaxed)).unwrap();
            let elsewhere = [("location", format!("{}/elsewhere", own.url))];
            (status, elsewhere)
        };
        let router = Router::new()
            .route("/hook", post(take))
            .route("/hook/elsewhere", post(take))
            .with_state(receiver.clone());
        tokio::spawn(async { axum::serve(listener, router).await });
        receiver
    }

    fn answers(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    fn types(&self) -> Vec<String> {
        let got = self.got.lock().unwrap();
        let of = |body: &Bytes| serde_json::from_slice::<serde_json::Value>(body).unwrap();
        got.iter().map(|(_, body)| of(body)["type"].as_str().unwrap().to_owned()).collect()
    }

    fn taken(&self) -> Vec<(HeaderMap, Bytes)> {
        self.got.lock().unwrap().clone()
    }
}

/// A node that may call loopback.
async fn node() -> Node {
    let loopback = || vec!["127.0.0.0/8".parse().unwrap()];
    Node::start()
        .with_config(|config| config.webhook_networks = loopback())
        .with_credential("reports")
        .await
}

async fn add(node: &Node, url: &str, kinds: &[Kind]) -> Made {
    let machine = at_the_machine();
    let act = node.app.act(&machine);
    let kinds = kinds.iter().copied().collect();
    let wanted = Wanted { url: url.parse().unwrap(), kinds, is_paused: false };
    webhooks::add(&act, &organization_id(), wanted).await.unwrap()
}

async fn tell(node: &Node) {
    follow(node.app.clone()).await;
    send(node.app.clone()).await;
}

async fn states(node: &Node) -> Vec<Progress> {
    let all = node.app.store.deliveries(&organization_id(), None, 99).await.unwrap();
    all.iter().map(|one| one.state).collect()
}

#[tokio::test]
async fn what_happens_is_told_once_and_signed() {
    let node = node().await;
    let receiver = Receiver::start().await;
    let made = add(&node, &receiver.url, &Kind::ALL).await;
    node.commit(Mutation::PauseCredential(client_id("reports"))).await;
    node.commit(Mutation::ResumeCredential(client_id("reports"))).await;
    let leaked = Mutation::RetireLeakedSecret {
        client_id: client_id("reports"),
        secret_id: secret_id("reports"),
    };
    node.commit(leaked).await;
    node.commit(Mutation::RevokeCredential(client_id("reports"))).await;
    node.commit(Mutation::SuspendOrganization(organization_id())).await;
    for _ in 0..3 {
        tell(&node).await;
    }
    let mut types = receiver.types();
    types.sort();
    let wanted =
        ["credential.paused", "credential.revoked", "organization.suspended", "secret.leaked"];
    assert_eq!(types, wanted);

    let (headers, body) = receiver.taken().remove(0);
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/json");
    assert!(header("user-agent").starts_with("Hallpass/"));
    let text = std::str::from_utf8(&body).unwrap();
    let timestamp_s: u64 = header("webhook-timestamp").parse().unwrap();
    // As the receiver's library does it: from the secret as it was shown.
    let shown = made.secret.expose();
    let bytes = STANDARD.decode(shown.strip_prefix("whsec_").unwrap()).unwrap();
    let secret = SigningSecret::from_bytes(bytes.into());
    assert_eq!(header("webhook-signature"), secret.sign(&header("webhook-id"), timestamp_s, text));
    let body: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(body["data"]["organization_id"], organization_id().as_str());
    assert_eq!(body["data"]["by"], "operator tester");
    assert!(!text.contains(&crate::node::secret("reports")));
}

#[tokio::test]
async fn a_webhook_hears_of_what_it_asked_for_and_of_nobody_else() {
    let node = node().await;
    let receiver = Receiver::start().await;
    let made = add(&node, &receiver.url, &[Kind::Leaked]).await;
    node.member_elsewhere("eve", Role::Owner).await;
    let other = crate::people::other_organization_id();
    node.commit(Mutation::SuspendOrganization(other)).await;
    node.commit(Mutation::PauseCredential(client_id("reports"))).await;
    tell(&node).await;
    assert_eq!(receiver.types(), Vec::<String>::new());

    let machine = at_the_machine();
    let act = node.app.act(&machine);
    let wanted =
        Wanted { url: receiver.url.parse().unwrap(), kinds: Kind::ALL.into(), is_paused: true };
    let id = &made.webhook.id;
    webhooks::update(&act, &organization_id(), id, wanted).await.unwrap();
    node.commit(Mutation::ResumeCredential(client_id("reports"))).await;
    node.commit(Mutation::PauseCredential(client_id("reports"))).await;
    tell(&node).await;
    assert_eq!(receiver.types(), Vec::<String>::new(), "paused");
}

#[tokio::test]
async fn who_does_not_answer_is_tried_again_and_at_last_given_up() {
    let node = node().await;
    let receiver = Receiver::start().await;
    add(&node, &receiver.url, &Kind::ALL).await;
    receiver.answers(503);
    node.commit(Mutation::PauseCredential(client_id("reports"))).await;
    tell(&node).await;
    tell(&node).await;
    assert_eq!(receiver.types().len(), 1, "not again at once");
    for (secs, tries) in [(4, 1), (1, 2), (29, 2), (1, 3)] {
        node.pass_s(secs).await;
        tell(&node).await;
        assert_eq!(receiver.types().len(), tries, "after {secs} s more");
    }
    // A redirect is no success, and nobody goes where it leads.
    receiver.answers(307);
    node.pass_s(120).await;
    tell(&node).await;
    assert_eq!(receiver.types().len(), 4);
    for _ in 0..20 {
        node.pass_s(86_400).await;
        tell(&node).await;
    }
    assert_eq!(receiver.types().len(), TRIES_AT_MOST);
    assert_eq!(states(&node).await, [Progress::GivenUp]);
    let ids: Vec<_> =
        receiver.taken().iter().map(|(headers, _)| headers["webhook-id"].clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "a receiver can tell a repetition");
}

#[tokio::test]
async fn nothing_is_lost_or_told_twice_over_a_restart_and_by_two_nodes() {
    let node = node().await;
    let receiver = Receiver::start().await;
    add(&node, &receiver.url, &Kind::ALL).await;
    node.commit(Mutation::PauseCredential(client_id("reports"))).await;
    // Told, taken, and then the process dies: its lease runs out, and another sends.
    follow(node.app.clone()).await;
    let now = hallpass_server::clock::Clock::now(&*node.clock);
    let taken = node.app.store.take_due(now, now.plus_secs(60), 9).await.unwrap();
    assert_eq!(taken.len(), 1);
    let node = node.restarted().await;
    tell(&node).await;
    assert_eq!(receiver.types().len(), 0, "it may still be on its way");
    node.pass_s(60).await;
    tell(&node).await;
    assert_eq!(receiver.types(), ["credential.paused"]);

    // Two nodes on one database look at the same moment.
    let other = node.other_node().await;
    for _ in 0..10 {
        node.commit(Mutation::ResumeCredential(client_id("reports"))).await;
        node.commit(Mutation::PauseCredential(client_id("reports"))).await;
    }
    other.live.catch_up().await.unwrap();
    tokio::join!(follow(node.app.clone()), follow(other.clone()));
    tokio::join!(send(node.app.clone()), send(other.clone()));
    assert_eq!(receiver.types().len(), 11);
    let mut ids: Vec<_> = receiver
        .taken()
        .iter()
        .map(|(headers, _)| headers["webhook-id"].to_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 11);
}

#[tokio::test]
async fn addresses_inside_are_not_called() {
    let receiver = Receiver::start().await;
    let node = Node::start().with_credential("reports").await;
    let port = receiver.url.rsplit_once(':').unwrap().1;
    for url in [
        receiver.url.clone(),
        format!("http://localhost:{port}"),
        format!("https://127.0.0.1:{port}"),
        format!("https://0x7f000001:{port}"),
        format!("https://2130706433:{port}"),
        format!("https://127.1:{port}"),
        format!("https://[::ffff:127.0.0.1]:{port}"),
        format!("https://[::1]:{port}"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://10.0.0.1/".to_owned(),
    ] {
        add(&node, &url, &[Kind::Stopped]).await;
    }
    node.commit(Mutation::PauseCredential(client_id("reports"))).await;
    tell(&node).await;
    assert_eq!(receiver.types(), Vec::<String>::new());
    let all = node.app.store.deliveries(&organization_id(), None, 99).await.unwrap();
    assert_eq!(all.len(), 10);
    for delivery in all {
        let Answer::Trouble(why) = &delivery.tries[0].answer else { panic!("{delivery:?}") };
        assert!(why.contains("the address is not public"), "{why}");
    }
}

#[tokio::test]
async fn what_comes_by_itself_is_told() {
    let node = node().await;
    let receiver = Receiver::start().await;
    add(&node, &receiver.url, &[Kind::Expiring, Kind::Unused, Kind::NewAddress]).await;
    let now = hallpass_server::clock::Clock::now(&*node.clock);
    let mut settings = hallpass_core::credential::Settings::new(
        "Ends".parse().unwrap(),
        vec![crate::node::grant("books", "books:read")],
    );
    settings.expires_at = Some(now.plus_secs(10 * 86_400));
    node.add_credential("ends", settings, true).await;
    let seen = |last_byte: u8, at_s: u64| Sighting {
        client_id: client_id("reports"),
        address: Some([192, 0, 2, last_byte].into()),
        library: "curl".into(),
        count: 1,
        first_at: now.plus_secs(at_s),
        last_at: now.plus_secs(at_s),
    };
    node.app.store.record_sightings(&[seen(1, 0), seen(2, 1)]).await.unwrap();
    node.pass_s(2).await;
    let look = async || {
        watch_ends(node.app.clone()).await;
        watch_addresses(node.app.clone()).await;
        tell(&node).await;
    };
    for _ in 0..3 {
        look().await;
    }
    let mut types = receiver.types();
    types.sort();
    assert_eq!(types, ["credential.expiring", "credential.new_address"]);
    for (days, more) in [(3, 1), (1, 0), (5, 1), (80, 0), (2, 3)] {
        let before = receiver.types().len();
        node.pass_s(days * 86_400).await;
        look().await;
        assert_eq!(receiver.types().len() - before, more, "{days} days later");
    }
    assert!(receiver.types().iter().any(|one| one == "credential.unused"));
}

#[tokio::test]
async fn a_webhook_is_added_tried_changed_and_removed() {
    let node = node().await;
    let receiver = Receiver::start().await;
    let ada = node.member("ada", Role::Admin).await;
    let mut browser = Browser::new(&node).with_cookie(&node.signed_in(&ada).await);
    let new = at("/webhooks/new");
    for (url, says) in [
        ("http://hooks.example.com", "A webhook is an https URL"),
        ("nonsense", "A webhook is an https URL"),
        ("https://user:secret@hooks.example.com", "must not hold a login"),
    ] {
        let answer = browser.post(&new, &[("url", url), ("kinds", "leaked")]).await;
        assert_eq!(answer.status, 422, "{url}");
        assert!(answer.text().contains(says), "{}", answer.text());
        assert!(answer.text().contains(&format!("value=\"{url}\"")), "typed is kept");
    }
    let none = browser.post(&new, &[("url", &receiver.url)]).await;
    assert!(none.status == 422 && none.text().contains("Choose at least one"));

    let form = [("url", receiver.url.as_str()), ("kinds", "leaked"), ("kinds", "stopped")];
    let made = browser.post(&new, &form).await;
    assert_eq!(made.status, 200);
    assert!(made.text().contains("whsec_"));
    let list = browser.get(&at("/notices")).await;
    assert!(list.text().contains(&receiver.url) && !list.text().contains("whsec_"));
    let id: WebhookId =
        list.path(&at("/webhooks/whk_")).rsplit('/').next().unwrap().parse().unwrap();
    let own = at(&format!("/webhooks/{id}"));

    let tried = browser.post(&format!("{own}/test"), &[]).await;
    assert_eq!(tried.goes_to(), at("/deliveries"));
    tell(&node).await;
    assert_eq!(receiver.types(), ["webhook.test"]);
    let log = browser.get(&at("/deliveries")).await;
    for says in ["ada@example.com tries whether this webhook works.", "delivered", "answered 204"] {
        assert!(log.text().contains(says), "{says}: {}", log.text());
    }
    assert!(!log.text().contains("/hook\""), "the path of a webhook may let people in");
    let again = log.path(&at("/deliveries/msg_"));
    assert_eq!(browser.post(&again, &[]).await.goes_to(), at("/deliveries"));
    tell(&node).await;
    assert_eq!(receiver.types().len(), 2);

    let paused = [("url", receiver.url.as_str()), ("kinds", "leaked"), ("paused", "yes")];
    assert_eq!(browser.post(&own, &paused).await.goes_to(), at("/notices"));
    assert!(browser.get(&at("/notices")).await.text().contains("Paused"));
    let other = browser.post(&format!("{own}/secret"), &[]).await;
    assert!(other.text().contains("whsec_"));
    assert_eq!(browser.post(&format!("{own}/remove"), &[]).await.goes_to(), at("/notices"));
    assert_eq!(browser.post(&format!("{own}/remove"), &[]).await.status, 404, "sent twice");
    assert_eq!(browser.get(&own).await.status, 404);
}

#[tokio::test]
async fn only_owners_and_admins_see_and_change_webhooks() {
    let node = node().await;
    let made = add(&node, "https://hooks.example.com/secret-path", &Kind::ALL).await;
    let own = at(&format!("/webhooks/{}", made.webhook.id));
    let before = node.app.store.last_seq().await.unwrap();
    for role in [Role::Developer, Role::Auditor] {
        let person = node.member(role.word(), role).await;
        let mut browser = Browser::new(&node).with_cookie(&node.signed_in(&person).await);
        for path in [at("/notices"), at("/webhooks/new"), own.clone(), at("/deliveries")] {
            let answer = browser.get(&path).await;
            assert_eq!(answer.status, 403, "{path} as {role}");
            assert!(!answer.text().contains("secret-path"));
        }
        let form = [("url", "https://x.example.com"), ("kinds", "leaked")];
        for end in ["", "/secret", "/test", "/remove"] {
            assert_eq!(browser.post(&format!("{own}{end}"), &form).await.status, 403, "{end}");
        }
        for path in [at("/webhooks/new"), at("/notices")] {
            assert_eq!(browser.post(&path, &form).await.status, 403, "{path}");
        }
    }
    // Two members were added, and signed in.
    assert_eq!(node.app.store.last_seq().await.unwrap(), before + 6);
    assert_eq!(states(&node).await, []);
}
