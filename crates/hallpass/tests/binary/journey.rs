//! A credential's whole life, by the command line beside a running server. Each step looks at
//! what the client, the API and the operator then see.

use std::time::{Duration, Instant};

use hallpass_token::jose::{Jws, Typ};

use crate::{
    node::Node,
    place::{ISSUER, Login, Place, text},
    stream::Stream,
};

/// How soon a kill is known everywhere (DESIGN, invariant 3).
pub(crate) const PROMISED: Duration = Duration::from_secs(1);

/// A provider's API, one of its clients, and all who watch.
struct Journey {
    place: Place,
    node: Node,
    stream: Stream,
    audience: String,
    client: Login,
    /// The API's own credential, by which it introspects.
    api: Login,
}

#[tokio::test]
async fn a_credential_lives_from_its_making_to_its_deletion() {
    for (algorithm, typ) in
        [("ES256", "at+jwt"), ("RS256", "JWT"), ("EdDSA", "at+jwt"), ("ES256", "JWT")]
    {
        let mut journey = Journey::begin(algorithm, typ).await;
        journey.makes_tokens_that_say_what_they_should(algorithm, typ).await;
        journey.pauses_and_resumes().await;
        let second = journey.rotates().await;
        journey.kills_tokens_and_keeps_the_secret(&second).await;
        journey.revokes_and_deletes(&second).await;
        journey.end().await;
    }
}

impl Journey {
    async fn begin(algorithm: &str, typ: &str) -> Self {
        let place = Place::set_up().await;
        let node = Node::start(&place, &[]).await;
        let stream = Stream::open(&node, 0).await;
        // Made beside the running server, the first key of the algorithm included.
        let audience = format!("https://{}.example.com", algorithm.to_lowercase());
        let api = ["api", "add", algorithm, "--audience", &audience, "--scope", "read"];
        let kind = ["--scope", "write", "--algorithm", algorithm, "--typ", typ];
        place.ask(&[&api[..], &kind].concat()).await;
        let narrow = format!("{audience}=read");
        let client = place.credential("reports", &["--api", &narrow]).await;
        let own = ["--api", &audience, "--introspects", algorithm];
        let api = place.credential("the API's own", &own).await;
        node.caught_up(&place).await;
        Self { place, node, stream, audience, client, api }
    }

    async fn makes_tokens_that_say_what_they_should(&self, algorithm: &str, typ: &str) {
        let token = self.token(&self.client).await;
        let claims = self.place.ask(&["token", "inspect", &token]).await["claims"].take();
        for (claim, wanted) in [
            ("iss", ISSUER),
            ("aud", &self.audience),
            ("sub", &self.client.client_id),
            ("client_id", &self.client.client_id),
            ("scope", "read"),
        ] {
            assert_eq!(claims[claim], wanted, "{algorithm}");
        }
        let seconds = |claim: &str| claims[claim].as_u64().unwrap();
        assert_eq!(seconds("exp") - seconds("iat"), 86_400);
        let header = Jws::parse(&token).unwrap().header().clone();
        assert_eq!(header.algorithm.to_string(), algorithm);
        assert_eq!(header.typ, Typ::Known(typ.parse().unwrap()));
        self.watched(&token, true).await;
    }

    async fn pauses_and_resumes(&mut self) {
        let before = self.token(&self.client).await;
        self.kill(&["credential", "pause", "reports"]).await;
        self.watched(&before, false).await;
        assert!(self.node.no_token(&self.client).await.contains("paused"));

        self.kill(&["credential", "resume", "reports"]).await;
        self.watched(&before, false).await;
        let after = self.token(&self.client).await;
        self.watched(&after, true).await;
    }

    /// Returns the login with the new secret.
    async fn rotates(&mut self) -> Login {
        let (first, own) = (self.client.clone(), self.secret_id(0).await);
        let second = self.place.ask(&["credential", "rotate", "reports", "--overlap", "7d"]).await;
        let second = Login::of(&second);
        assert_eq!(second.client_id, first.client_id);
        self.node.caught_up(&self.place).await;
        let (by_first, by_second) = (self.token(&first).await, self.token(&second).await);

        self.place.ask(&["secret", "retire", "reports", &own]).await;
        self.node.caught_up(&self.place).await;
        self.node.no_token(&first).await;
        self.watched(&by_first, true).await;

        let retire = ["secret", "retire", "reports", &own, "--kill-tokens"];
        self.kill(&retire).await;
        self.watched(&by_first, false).await;
        self.watched(&by_second, true).await;
        self.watched(&self.token(&second).await, true).await;
        second
    }

    async fn kills_tokens_and_keeps_the_secret(&mut self, login: &Login) {
        let before = self.token(login).await;
        let last_four = login.secret[login.secret.len() - 4..].to_owned();
        self.kill(&["secret", "kill-tokens", "reports", &last_four]).await;
        self.watched(&before, false).await;
        self.watched(&self.token(login).await, true).await;
    }

    async fn revokes_and_deletes(&mut self, login: &Login) {
        let token = self.token(login).await;
        self.kill(&["credential", "revoke", "reports"]).await;
        self.watched(&token, false).await;
        assert!(self.node.no_token(login).await.contains("revoked"));

        self.kill(&["credential", "delete", "reports"]).await;
        self.watched(&token, false).await;
        // Nobody is told that it ever was.
        assert_eq!(self.node.no_token(login).await, self.node.no_token(&stranger(login)).await);
        let left = self.place.ask(&["credential", "list"]).await;
        let names: Vec<_> = left.as_array().unwrap().iter().map(|own| text(own, "name")).collect();
        assert_eq!(names, ["the API's own"]);
    }

    async fn end(self) {
        let events = self.place.whole_audit_log().await;
        assert_eq!(events, self.place.last_seq().await);
        self.node.stop().await;
    }

    async fn token(&self, login: &Login) -> String {
        self.node.token(login).await.unwrap()
    }

    async fn secret_id(&self, place: usize) -> String {
        let shown = self.place.ask(&["credential", "show", "reports"]).await;
        text(&shown["secrets"][place], "id")
    }

    /// Runs a command that kills, of which everybody must know in time.
    async fn kill(&mut self, args: &[&str]) {
        let answer = self.place.ask(args).await;
        let acknowledged = Instant::now();
        self.stream.death().await;
        self.node.applied(answer["change_seq"].as_u64().unwrap()).await;
        let took = acknowledged.elapsed();
        assert!(took < PROMISED, "{args:?} was known after {took:?}");
    }

    /// Asks everybody who may judge a token: an API that listens to the stream, an API that
    /// introspects, and the command line.
    async fn watched(&self, token: &str, alive: bool) {
        let jwks = self.node.jwks().await;
        assert_eq!(self.stream.lets_in(token, &jwks, &self.audience), alive);
        let answer = self.node.introspect(&self.api, token).await;
        if alive {
            assert_eq!(answer["client_id"], *self.client.client_id, "{answer}");
            assert_eq!(answer["active"], true, "{answer}");
        } else {
            assert_eq!(answer.to_string(), r#"{"active":false}"#);
        }
        let verdict = text(&self.place.ask(&["token", "inspect", token]).await, "verdict");
        assert!(verdict.starts_with(if alive { "Alive for" } else { "Dead:" }), "{verdict}");
    }
}

/// A client that never was, with a secret of the right form.
fn stranger(login: &Login) -> Login {
    Login { client_id: format!("hpc_{}", "0".repeat(22)), secret: login.secret.clone() }
}
