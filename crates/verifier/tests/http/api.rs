//! A small API behind the verifier's layer, and what its callers see of it.

use axum::{
    Router,
    routing::{get, post},
};
use hallpass_verifier::{Caller, Denied, Verifier};
use http::header;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::trouble::within;

/// A running API.
pub(crate) struct Api {
    http: reqwest::Client,
    url: String,
    serving: JoinHandle<()>,
}

/// What a caller gets.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) challenge: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) cache_control: Option<String>,
    pub(crate) body: String,
}

impl Answer {
    /// The status, and the `error` of the body if it is a refusal.
    pub(crate) fn short(&self) -> (u16, String) {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        (self.status, body["error"].as_str().unwrap_or_default().to_owned())
    }
}

impl Api {
    pub(crate) async fn start(verifier: &Verifier) -> Self {
        let layer = verifier.layer();
        let app = Router::new()
            .route("/books", get(who).layer(layer.clone()))
            .route("/books", post(who).layer(layer.clone().scope("books:write")))
            .route("/both", get(who).layer(layer.clone().scope("books:read").scope("books:write")))
            .route("/fine", get(fine).layer(layer.clone()))
            .route("/open", get(anyone).layer(layer.clone().or_anonymous()))
            .route("/mistake", get(who).layer(layer.or_anonymous()))
            .route("/unguarded", get(who));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { http, url, serving }
    }

    /// Sends a request with these `Authorization` headers.
    pub(crate) async fn ask(&self, call: &str, headers: &[&[u8]]) -> Answer {
        let (method, path) = call.split_once(' ').unwrap();
        let mut request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.url));
        for header in headers {
            request = request.header(header::AUTHORIZATION, *header);
        }
        let response = within("the API's answer", request.send()).await.unwrap();
        let text = |name: &str| {
            response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
        };
        Answer {
            status: response.status().as_u16(),
            challenge: text("www-authenticate"),
            retry_after: text("retry-after"),
            cache_control: text("cache-control"),
            body: within("the answer's body", response.text()).await.unwrap(),
        }
    }

    /// Calls with a token.
    pub(crate) async fn with(&self, call: &str, token: &str) -> Answer {
        self.ask(call, &[format!("Bearer {token}").as_bytes()]).await
    }

    /// The status of a plain call with a token.
    pub(crate) async fn status(&self, token: &str) -> u16 {
        self.with("GET /books", token).await.status
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn who(caller: Caller) -> String {
    let scopes: Vec<_> = caller.scopes().collect();
    let organization = caller.organization().unwrap_or("-");
    format!("{} {organization} {} {}", caller.client_id(), scopes.join("+"), caller.token_id())
}

async fn anyone(caller: Option<Caller>) -> String {
    caller.map_or("anonymous".to_owned(), |caller| caller.client_id().to_owned())
}

async fn fine(caller: Caller) -> Result<&'static str, Denied> {
    caller.require_scope("books:archive")?;
    Ok("archived")
}
