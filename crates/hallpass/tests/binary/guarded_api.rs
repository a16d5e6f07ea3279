//! The Books API behind the verifier library, with the real server behind that: whatever kills
//! at the command line or at an endpoint is refused by the API within a second, and when the API
//! is cut off it knows that, says so, and catches up.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use faults::line::Line;
use hallpass_verifier::Verifier;
use reqwest::Client;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    journey::PROMISED,
    node::Node,
    place::{Login, ORGANIZATION, Place, text},
    process::within_limit,
};

pub(crate) const LIBRARY: &str = "https://library.example.com";
const OTHER_ORGANIZATION: &str = "Example Archive";

/// The Books API as an API's provider runs it.
pub(crate) struct Books {
    pub(crate) verifier: Verifier,
    url: String,
    http: Client,
    serving: JoinHandle<()>,
}

impl Books {
    pub(crate) async fn open(line: &Line, state: &Path) -> Self {
        let verifier =
            Verifier::builder(format!("http://{}", line.address), LIBRARY).state_dir(state).start();
        let verifier = within_limit("a verifier", verifier).await.unwrap();
        let router = books::router(&verifier);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/books", listener.local_addr().unwrap());
        let serving = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        let http = Client::builder().no_proxy().build().unwrap();
        Self { verifier, url, http, serving }
    }

    pub(crate) async fn close(self) {
        self.serving.abort();
        within_limit("the verifier's end", self.verifier.shutdown()).await;
    }

    /// The status of a call with this token.
    pub(crate) async fn answers(&self, token: &str) -> u16 {
        let call = self.http.get(&self.url).bearer_auth(token).send();
        within_limit("the API's answer", call).await.unwrap().status().as_u16()
    }

    /// Waits until a token is refused, and nothing but refused, for being dead.
    pub(crate) async fn refuses(&self, token: &str) {
        let waiting = async { while self.answers(token).await == 200 {} };
        within_limit("a refusal", waiting).await;
        let call = self.http.get(&self.url).bearer_auth(token).send().await.unwrap();
        assert_eq!(call.status(), 401);
        let challenge = call.headers()["www-authenticate"].to_str().unwrap();
        assert!(challenge.contains(r#"error="invalid_token""#), "{challenge}");
        assert!(challenge.contains("revoked"), "{challenge}");
    }

    /// Waits until the verifier says of itself that this is so.
    pub(crate) async fn says(&self, what: &str) {
        let line = format!("hallpass_verifier_{what}");
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        let waiting = async {
            while !self.verifier.metrics_text().lines().any(|one| one == line) {
                looks.tick().await;
            }
        };
        within_limit(what, waiting).await;
    }
}

/// Server, network and API.
struct Guarded {
    place: Place,
    line: Line,
    node: Node,
    books: Books,
}

impl Guarded {
    async fn begin() -> Self {
        let place = Place::set_up().await;
        place.ask(&["organization", "add", OTHER_ORGANIZATION]).await;
        let api = ["api", "add", "Library", "--audience", LIBRARY];
        let scopes = ["--scope", "books:read", "--scope", "books:write"];
        place.ask(&[&api[..], &scopes].concat()).await;
        let line = Line::lay().await.unwrap();
        let node = Self::node(&place, &line).await;
        let books = Books::open(&line, &place.path("verifier")).await;
        Self { place, line, node, books }
    }

    /// A server whose tokens and metadata name the line.
    async fn node(place: &Place, line: &Line) -> Node {
        let issuer = format!("http://{}", line.address);
        let node = Node::start(place, &["--issuer", &issuer]).await;
        line.join(node.address);
        node
    }

    async fn credential(&self, organization: &str, name: &str) -> Login {
        let args = ["credential", "add", name, "--organization", organization, "--api", LIBRARY];
        Login::of(&self.place.ask(&args).await)
    }

    /// A token that the API takes.
    async fn token(&self, login: &Login) -> String {
        self.node.caught_up(&self.place).await;
        let token = self.node.token(login).await.unwrap();
        assert_eq!(self.books.answers(&token).await, 200);
        token
    }

    async fn secret_id(&self, login: &Login, place: usize) -> String {
        let shown = self.place.ask(&["credential", "show", &login.client_id]).await;
        text(&shown["secrets"][place], "id")
    }

    /// Runs a command that kills, and returns when it was acknowledged.
    async fn kill(&self, args: &[&str]) -> Instant {
        let _: Value = self.place.ask(args).await;
        Instant::now()
    }

    /// The token dies within the promised time.
    async fn dies(&self, token: &str, how: &str, acknowledged: Instant) {
        self.books.refuses(token).await;
        assert!(acknowledged.elapsed() < PROMISED, "{how}: after {:?}", acknowledged.elapsed());
    }
}

#[tokio::test]
async fn every_way_to_kill_reaches_the_api_within_a_second() {
    let all = Guarded::begin().await;
    let bystander = all.credential(OTHER_ORGANIZATION, "bystander").await;
    let bystander = all.token(&bystander).await;

    for (how, args) in [
        ("pause", &["credential", "pause", "CREDENTIAL"][..]),
        ("revoke", &["credential", "revoke", "CREDENTIAL"]),
        (
            "an end date in the past",
            &["credential", "update", "CREDENTIAL", "--expires", "2026-01-01T00:00:00Z"],
        ),
        ("retire and kill", &["secret", "retire", "CREDENTIAL", "SECRET", "--kill-tokens"]),
        ("kill the tokens of a secret", &["secret", "kill-tokens", "CREDENTIAL", "SECRET"]),
    ] {
        let login = all.credential(ORGANIZATION, how).await;
        let token = all.token(&login).await;
        let secret = all.secret_id(&login, 0).await;
        let second = all.place.ask(&["secret", "add", &login.client_id]).await;
        let by_second = all.token(&Login::of(&second)).await;
        let filled = args.iter().map(|arg| match *arg {
            "CREDENTIAL" => login.client_id.as_str(),
            "SECRET" => secret.as_str(),
            arg => arg,
        });
        let acknowledged = all.kill(&filled.collect::<Vec<_>>()).await;
        all.dies(&token, how, acknowledged).await;
        // What dies with a secret is what it minted, and nothing else.
        match args[0] {
            "secret" => assert_eq!(all.books.answers(&by_second).await, 200, "{how}"),
            _ => all.dies(&by_second, how, acknowledged).await,
        }
    }

    // A token that its own client revokes (RFC 7009), and no other of the credential.
    let login = all.credential(ORGANIZATION, "one token").await;
    let (dead, alive) = (all.token(&login).await, all.token(&login).await);
    all.node.post("/oauth/revoke", &login, &[("token", &dead)]).await.unwrap();
    all.dies(&dead, "RFC 7009", Instant::now()).await;
    assert_eq!(all.books.answers(&alive).await, 200);

    // An end date that comes nearer than the tokens' own, and is reached.
    let expires = ["credential", "update", &login.client_id, "--expires", "1s"];
    all.kill(&expires).await;
    all.books.refuses(&alive).await;

    // Deleting kills what revoking killed, and what is deleted stays dead.
    let login = all.credential(ORGANIZATION, "deleted").await;
    let deleted = all.token(&login).await;
    all.kill(&["credential", "revoke", &login.client_id]).await;
    let acknowledged = all.kill(&["credential", "delete", &login.client_id]).await;
    all.dies(&deleted, "delete", acknowledged).await;

    // An organization, and then only what it fetches after it may work again.
    let login = all.credential(ORGANIZATION, "of the organization").await;
    let suspended = all.token(&login).await;
    let acknowledged = all.kill(&["organization", "suspend", ORGANIZATION]).await;
    all.dies(&suspended, "suspend", acknowledged).await;
    let resumed = all.kill(&["organization", "resume", ORGANIZATION]).await;
    all.books.refuses(&suspended).await;
    assert!(resumed.elapsed() < PROMISED);
    assert_eq!(all.books.answers(&bystander).await, 200);

    // A signing key takes everybody's tokens along; new ones are of a new key.
    let kid = all.place.ask(&["key", "list"]).await;
    let acknowledged = all.kill(&["key", "kill", &text(&kid[0], "kid"), "--yes"]).await;
    all.dies(&bystander, "key kill", acknowledged).await;
    let login = all.credential(OTHER_ORGANIZATION, "under the new key").await;
    all.token(&login).await;

    // An API that starts now has heard of all of it.
    let later = Books::open(&all.line, &all.place.path("later")).await;
    for token in [&dead, &deleted, &suspended, &bystander] {
        assert_eq!(later.answers(token).await, 401);
    }
    let feed = all.books.verifier.status().feed;
    assert_eq!((feed.gaps, feed.unreadable, feed.not_understood), (0, 0, 0), "{feed:?}");
    later.close().await;
    all.books.close().await;
    all.node.stop().await;
}

#[tokio::test]
async fn a_paused_credential_comes_back_and_its_old_tokens_do_not() {
    let all = Guarded::begin().await;
    let login = all.credential(ORGANIZATION, "reports").await;
    let before = all.token(&login).await;
    all.kill(&["credential", "pause", &login.client_id]).await;
    all.books.refuses(&before).await;
    let resumed = all.place.ask(&["credential", "resume", &login.client_id]).await;
    let applied = all.books.verifier.applied(resumed["feed_seq"].as_u64().unwrap());
    within_limit("the resumption", applied).await;
    all.token(&login).await;
    assert_eq!(all.books.answers(&before).await, 401);
    all.books.close().await;
    all.node.stop().await;
}

#[tokio::test]
async fn an_api_that_is_cut_off_knows_it_and_catches_up() {
    let all = Guarded::begin().await;
    let (one, two) =
        (all.credential(ORGANIZATION, "one").await, all.credential(ORGANIZATION, "two").await);
    let (dies_meanwhile, lives) = (all.token(&one).await, all.token(&two).await);
    all.books.says("feed_blind 0").await;

    // The server ends; the API does not, and says that it is blind.
    let Guarded { place, line, node, books } = all;
    line.cut();
    node.stop().await;
    books.says("feed_blind 1").await;
    place.ask(&["credential", "revoke", &one.client_id]).await;
    for token in [&dies_meanwhile, &lives] {
        assert_eq!(books.answers(token).await, 200, "within max_staleness");
    }
    let now = books.verifier.status();
    assert!(now.ready && now.feed.blind && !now.feed.stale, "{now:?}");
    assert!(now.last_feed_error.is_some());

    // Even the API's own program may end and start again meanwhile.
    books.close().await;
    let books = Books::open(&line, &place.path("verifier")).await;
    assert_eq!(books.answers(&lives).await, 200);
    books.says("feed_blind 1").await;

    let node = Guarded::node(&place, &line).await;
    books.refuses(&dies_meanwhile).await;
    books.says("feed_blind 0").await;
    assert_eq!(books.answers(&lives).await, 200);
    let all = Guarded { place, line, node, books };
    let acknowledged = all.kill(&["credential", "revoke", &two.client_id]).await;
    all.dies(&lives, "after the return", acknowledged).await;
    all.books.close().await;
    all.node.stop().await;
}
