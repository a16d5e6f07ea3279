//! A running server, and what clients and APIs see of it. Its real address is read from its log,
//! so that any number of servers run side by side.

use std::net::SocketAddr;

use hallpass_server::clock::{Clock, SystemClock};
use hallpass_token::{
    jose::KeySet,
    rejection::Rejection,
    verify::{self, Policy, Verified},
};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

use crate::{
    place::{ISSUER, Login, Place},
    process::{Ended, Process, within_limit},
};

/// A running server.
pub(crate) struct Node {
    process: Process,
    pub(crate) address: SocketAddr,
    metrics: SocketAddr,
    http: reqwest::Client,
}

/// An answer that is not 200.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) error: String,
    pub(crate) description: String,
}

/// What every server of these tests is started with.
pub(crate) const SERVE: [&str; 7] =
    ["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--log-format", "json"];

impl Node {
    /// Starts the server and waits until it answers.
    pub(crate) async fn start(place: &Place, options: &[&str]) -> Self {
        // A flag may be given once only.
        let log_format = options.contains(&"--log-format");
        let serve = if log_format { &SERVE[..SERVE.len() - 2] } else { &SERVE[..] };
        let args = [serve, options].concat();
        let mut process = Process::start(place.command(&args), "");
        let line = match process.says("Hallpass answers").await {
            Ok(line) => line,
            Err(why) => panic!("{why}: {:?}", process.ended().await),
        };
        let at = |name: &str| address(&line, name).unwrap_or_else(|| panic!("no {name}: {line}"));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { address: at("listen"), metrics: at("metrics"), process, http }
    }

    pub(crate) fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Another way of calling, from now on.
    pub(crate) fn with_client(mut self, http: reqwest::Client) -> Self {
        self.http = http;
        self
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn stop(self) -> Ended {
        self.process.terminate();
        let ended = self.process.ended().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended
    }

    /// Ends it where it stands.
    pub(crate) async fn kill(mut self) -> Ended {
        self.process.kill();
        self.process.ended().await
    }

    /// A request to this server.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address))
    }

    async fn send(request: RequestBuilder) -> Result<Value, Refused> {
        let response = within_limit("an answer", request.send()).await.unwrap();
        let status = response.status();
        let text = within_limit("an answer's body", response.text()).await.unwrap();
        let body: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"));
        if status == StatusCode::OK {
            return Ok(body);
        }
        let member = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        Err(Refused { status, error: member("error"), description: member("error_description") })
    }

    /// Posts a form as a client that logs in by the header.
    pub(crate) async fn post(
        &self,
        path: &str,
        login: &Login,
        form: &[(&str, &str)],
    ) -> Result<Value, Refused> {
        let request = self.request(Method::POST, path);
        Self::send(request.basic_auth(&login.client_id, Some(&login.secret)).form(form)).await
    }

    /// Gets something public.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Refused> {
        Self::send(self.request(Method::GET, path)).await
    }

    /// Asks for a token (RFC 6749 §4.4).
    pub(crate) async fn token(&self, login: &Login) -> Result<String, Refused> {
        let form = [("grant_type", "client_credentials")];
        let answer = self.post("/oauth/token", login, &form).await?;
        Ok(answer["access_token"].as_str().unwrap().to_owned())
    }

    /// Why there is no token, in words.
    pub(crate) async fn no_token(&self, login: &Login) -> String {
        let refused = self.token(login).await.expect_err("a token was issued");
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{refused:?}");
        assert_eq!(refused.error, "invalid_client", "{refused:?}");
        refused.description
    }

    /// Asks whether a token is alive, as an API's own credential (RFC 7662).
    pub(crate) async fn introspect(&self, api: &Login, token: &str) -> Value {
        self.post("/oauth/introspect", api, &[("token", token)]).await.unwrap()
    }

    /// The JWKS.
    pub(crate) async fn jwks(&self) -> Jwks {
        Jwks(self.get("/.well-known/jwks.json").await.unwrap())
    }

    /// Waits until it has applied change `seq`.
    pub(crate) async fn applied(&self, seq: u64) {
        let waiting = async {
            while self.get("/readyz").await.unwrap()["change_seq"].as_u64().unwrap() < seq {}
        };
        within_limit("applying a change", waiting).await;
    }

    /// Waits until it has applied everything that is written by now.
    pub(crate) async fn caught_up(&self, place: &Place) {
        self.applied(place.last_seq().await).await;
    }

    /// All of `/metrics`.
    pub(crate) async fn metrics_page(&self) -> String {
        let url = format!("http://{}/metrics", self.metrics);
        let response = within_limit("metrics", self.http.get(url).send()).await.unwrap();
        response.text().await.unwrap()
    }

    /// A number of `/metrics`.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let text = self.metrics_page().await;
        let value = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        value.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
    }
}

/// An address in a line of the log, for machines (`"listen":"…"`) or for people (`listen=…`).
pub(crate) fn address(line: &str, name: &str) -> Option<SocketAddr> {
    let value = match serde_json::from_str::<Value>(line) {
        Ok(event) => event[name].as_str()?.to_owned(),
        Err(_) => line.split(&format!(" {name}=")).nth(1)?.split(' ').next()?.to_owned(),
    };
    value.parse().ok()
}

/// The public keys at one moment.
pub(crate) struct Jwks(Value);

impl Jwks {
    /// The kids, in order.
    pub(crate) fn kids(&self) -> Vec<&str> {
        self.0["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect()
    }

    /// Verifies a token as an API of this audience does, but for revocation.
    pub(crate) fn verify(&self, token: &str, audience: &str) -> Result<Verified, Rejection> {
        let keys = KeySet::from_jwks(self.0.to_string().as_bytes()).unwrap();
        let policy = Policy::new(ISSUER, [audience]).unwrap().with_jwt_type(true);
        verify::verify(token, &keys, &policy, SystemClock.now().as_secs())
    }
}
