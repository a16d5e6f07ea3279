//! Secrets that are planted all along a journey of people and programs, and looked for afterwards
//! wherever the server leaves something: output at its most talkative, metrics, audit log, answers
//! that refuse, and what is in the database.

use hallpass_store::throwaway::Cluster;
use reqwest::{Method, Response};
use serde_json::Value;

use crate::{
    collector::Collector,
    node::Node,
    place::{ISSUER, ORGANIZATION, Place, text},
    quiet::{gives_away, send_everywhere},
};

/// Where nobody types them, so that whatever holds them leaked them.
const PASSWORDS: [&str; 3] = ["tq8VdZr31kWm9ypLx", "Hn5sGc27vBqRt0weK", "never-right-Jk4uXo8zPd6f"];
const DATABASE_PASSWORD: &str = "db7QmWl2RsYv5TnEaZ";

/// What was planted, and what was found lying about.
#[derive(Default)]
struct Hunt {
    planted: Vec<(&'static str, String)>,
    found: Vec<(&'static str, String)>,
}

impl Hunt {
    fn plant(&mut self, what: &'static str, secret: impl Into<String>) {
        let secret = secret.into();
        assert!(secret.len() >= 8, "{what} is too short to be looked for: {secret}");
        self.planted.push((what, secret));
    }

    fn find(&mut self, place: &'static str, text: impl Into<String>) {
        self.found.push((place, text.into()));
    }

    fn assert_clean(&self) {
        for (what, secret) in &self.planted {
            for (place, text) in &self.found {
                assert!(!gives_away(text, secret), "{what} is in {place}: {secret}");
            }
        }
    }
}

/// Somebody at a browser.
struct Person<'n> {
    node: &'n Node,
    cookie: String,
}

impl Person<'_> {
    async fn send(
        &mut self,
        hunt: &mut Hunt,
        method: Method,
        path: &str,
        form: &[(&str, &str)],
    ) -> String {
        let request = self.node.request(method, path).header("accept", "text/html");
        let request = request.header("sec-fetch-site", "same-origin").header("origin", ISSUER);
        let response = request.header("cookie", &self.cookie).form(form).send().await.unwrap();
        self.keep(hunt, &response);
        let refused = response.status().as_u16() >= 400;
        let page = response.text().await.unwrap();
        if refused {
            hunt.find("an answer that refuses", page.clone());
        }
        page
    }

    /// Keeps the cookies of an answer, each of which is a secret.
    fn keep(&mut self, hunt: &mut Hunt, response: &Response) {
        for cookie in response.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if name == "hallpass" && !value.is_empty() {
                hunt.plant("a session", value);
                self.cookie = pair.to_owned();
            }
        }
    }
}

/// What follows the last slash of a link, planted.
fn token_of(hunt: &mut Hunt, what: &'static str, link: &str) -> String {
    let token = link.trim().rsplit('/').next().unwrap().to_owned();
    hunt.plant(what, token.clone());
    token
}

async fn live(hunt: &mut Hunt, place: &Place, node: &mut Node) {
    let printed = node.process().prints_text("/setup/").await;
    let link = printed.split_whitespace().find(|word| word.contains("/setup/")).unwrap();
    let set_up = token_of(hunt, "the set-up link", link);
    let node = &*node;
    let mut olga = Person { node, cookie: String::new() };
    let email = "olga@example.com";
    let form = [("name", "Olga"), ("email", email), ("password", PASSWORDS[0])];
    olga.send(hunt, Method::POST, &format!("/setup/{set_up}"), &form).await;
    assert!(!olga.cookie.is_empty(), "nobody was let in");
    olga.send(hunt, Method::POST, &format!("/setup/{set_up}"), &form).await;
    let page = olga.send(hunt, Method::POST, "/account/recovery-codes", &[]).await;
    let codes = page.split_once("<code id=\"codes\">").unwrap().1.split_once("</code>").unwrap().0;
    let codes: Vec<_> = codes.lines().map(str::to_owned).collect();
    for code in &codes {
        hunt.plant("a recovery code", code.clone());
    }

    let mut stranger = Person { node, cookie: String::new() };
    for password in [PASSWORDS[2], PASSWORDS[0]] {
        let form = [("email", email), ("password", password)];
        stranger.send(hunt, Method::POST, "/sign-in", &form).await;
    }
    assert!(!stranger.cookie.is_empty(), "the right password did not let in");
    stranger.cookie.clear();
    for _ in 0..2 {
        let form = [("email", email), ("code", &*codes[0])];
        stranger.send(hunt, Method::POST, "/recover", &form).await;
    }
    assert!(!stranger.cookie.is_empty(), "the code did not let in");

    let invite = ["member", "invite", ORGANIZATION, "ada@example.com"];
    let link = text(&place.ask(&invite).await, "link");
    let invitation = token_of(hunt, "an invitation", &link);
    node.caught_up(place).await;
    let path = format!("/invitations/{invitation}");
    let mut ada = Person { node, cookie: String::new() };
    ada.send(hunt, Method::GET, &path, &[]).await;
    let form = [("name", "Ada"), ("email", "ada@example.com"), ("password", PASSWORDS[1])];
    ada.send(hunt, Method::POST, &path, &form).await;
    assert!(!ada.cookie.is_empty(), "the invitation did not let in");
    ada.send(hunt, Method::GET, &path, &[]).await;
    ada.send(hunt, Method::GET, &format!("{path}/nowhere"), &[]).await;
    let link = text(&place.ask(&["person", "link", "ada@example.com"]).await, "link");
    let token = token_of(hunt, "a link that lets in", &link);
    node.caught_up(place).await;
    let mut elsewhere = Person { node, cookie: String::new() };
    let path = format!("/sign-in/link/{token}");
    for method in [Method::GET, Method::POST, Method::POST] {
        elsewhere.send(hunt, method, &path, &[]).await;
    }
    ada.send(hunt, Method::POST, "/sign-out", &[]).await;
}

async fn call(hunt: &mut Hunt, place: &Place, node: &Node) {
    let login = place.reader("reports").await;
    let own = ["--api", "Books", "--introspects", "Books"];
    let api = place.credential("the API's own", &own).await;
    node.caught_up(place).await;
    hunt.plant("a client secret", login.secret.clone());
    hunt.plant("a client secret", api.secret.clone());
    for answer in send_everywhere(node, &login).await {
        hunt.find("an answer to a program", answer);
    }
    let token = node.token(&login).await.unwrap();
    // Its head is no secret, and the same for all.
    for part in token.split('.').skip(1) {
        hunt.plant("an access token", part);
    }
    node.introspect(&api, &token).await;
    for path in ["/oauth/revoke", "/oauth/introspect"] {
        let wrong = node.post(path, &login, &[("token", &format!("{token}x"))]).await;
        hunt.find("an answer to a program", format!("{wrong:?}"));
    }
    node.post("/oauth/revoke", &login, &[("token", &token)]).await.unwrap();
    let rotated = place.ask(&["credential", "rotate", "reports"]).await;
    hunt.plant("a client secret", text(&rotated, "client_secret"));
    let mut command = place.command(&["leak", "report", "-"]);
    command.env("HALLPASS_LOG_LEVEL", "trace");
    let ended = place.run_with(command, &format!("KEY={}", api.secret)).await;
    hunt.find("the output of a command", format!("{ended:?}"));
    node.caught_up(place).await;
}

async fn look_around(hunt: &mut Hunt, place: &Place, node: &Node) {
    let metrics = node.metrics_page().await;
    assert!(metrics.contains("hallpass_token_requests_total"), "{metrics}");
    hunt.find("metrics", metrics);
    for path in ["/revocations", "/.well-known/jwks.json", "/.well-known/openid-configuration"] {
        hunt.find("a public page", node.get(path).await.unwrap().to_string());
    }
    for args in [
        &["audit", "list", "--limit", "200", "--json"][..],
        &["config", "show"],
        &["doctor"],
        &["credential", "list", "--json"],
        &["member", "list", ORGANIZATION, "--json"],
        &["operator", "list", "--json"],
        &["credential", "show", "nobody"],
    ] {
        let ended = place.run(args).await;
        hunt.find("the output of a command", format!("{ended:?}"));
    }
    let events: Value = place.ask(&["audit", "list", "--limit", "200"]).await;
    assert!(events.as_array().unwrap().len() > 10, "{events}");
}

async fn journey(place: Place, hunt: &mut Hunt) -> Place {
    place.furnish().await;
    let master = std::fs::read_to_string(place.data().join("master.key")).unwrap();
    hunt.plant("the master key", master.trim());
    for password in PASSWORDS {
        hunt.plant("a password", password);
    }
    let collector = Collector::start().await;
    let url = collector.url();
    let options = ["--log-level", "trace", "--node-report-s", "1", "--traces-endpoint", &*url];
    // Whoever follows a redirect by itself never sees the cookie that came with it.
    let builder = reqwest::Client::builder().no_proxy();
    let http = builder.redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut node = Node::start(&place, &options).await.with_client(http);
    live(hunt, &place, &mut node).await;
    call(hunt, &place, &node).await;
    look_around(hunt, &place, &node).await;
    let ended = node.stop().await;
    assert!(ended.stderr.contains("DEBUG"), "the log was not talkative");
    hunt.find("the log", ended.stderr);
    assert!(collector.spans().len() > 20, "nothing was traced");
    for body in collector.bodies() {
        hunt.find("a trace", String::from_utf8_lossy(&body));
    }
    // The one thing that is said aloud: where nobody but whoever started it reads it.
    let link = ended.stdout.split_whitespace().find(|word| word.contains("/setup/")).unwrap();
    hunt.find("standard output", ended.stdout.replace(link, ""));
    place
}

#[tokio::test]
async fn a_whole_journey_leaves_no_secret_anywhere() {
    let mut hunt = Hunt::default();
    let place = journey(Place::empty(), &mut hunt).await;
    for file in std::fs::read_dir(place.data()).unwrap() {
        let path = file.unwrap().path();
        if !path.ends_with("master.key") {
            let bytes = std::fs::read(&path).unwrap();
            hunt.find("a file", String::from_utf8_lossy(&bytes));
        }
    }
    assert!(hunt.found.iter().any(|(place, text)| *place == "a file" && text.contains("Olga")));
    hunt.assert_clean();
}

#[tokio::test]
async fn a_whole_journey_on_postgresql_leaves_no_secret_anywhere_either() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.create(None).await;
    // This server asks nobody for a password; the client holds one all the same.
    let url = format!("{}&password={DATABASE_PASSWORD}", cluster.url(&database));
    let mut hunt = Hunt::default();
    hunt.plant("the database's password", DATABASE_PASSWORD);
    let _place = journey(Place::with_database(&url), &mut hunt).await;
    let tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'";
    for table in cluster.sql(&database, tables).await {
        let rows = cluster.sql(&database, &format!("SELECT t::text FROM {table} t")).await;
        hunt.find("a table", rows.join("\n"));
    }
    assert!(hunt.found.iter().any(|(place, text)| *place == "a table" && text.contains("Olga")));
    hunt.assert_clean();
}
