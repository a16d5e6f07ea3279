//! An issuer, a file of rules, and a gateway that runs by it.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use hallpass_gateway::{Gateway, Options};
use reqwest::{Client, Method, Response};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};

use crate::issuer::{BOOKS, Issuer};

/// How long anything at all may take. Only a test that has failed gets there.
const LIMIT: Duration = Duration::from_secs(20);

pub(crate) async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(LIMIT, work).await {
        Ok(done) => done,
        Err(_) => panic!("{what}: not within {LIMIT:?}"),
    }
}

/// What most tests let through.
pub(crate) const RULES: &str = r#"
[[route]]
path = "/health"
anonymous = true
[[route]]
path = "/v1/books/**"
methods = ["GET"]
scopes = ["books:read"]
[[route]]
path = "/v1/books/**"
methods = ["POST", "PUT"]
scopes = ["books:read", "books:write"]
[[route]]
path = "/v1/loans"
audience = "https://api.example.com/loans"
"#;

/// A running gateway.
pub(crate) struct World {
    pub(crate) issuer: Issuer,
    pub(crate) gateway: Gateway,
    pub(crate) address: SocketAddr,
    pub(crate) metrics: SocketAddr,
    pub(crate) http: Client,
    pub(crate) file: PathBuf,
    serving: Option<JoinHandle<()>>,
    _dir: TempDir,
}

/// A short view of an answer.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Short {
    pub(crate) status: u16,
    pub(crate) error: String,
}

impl World {
    /// With rules and settings beside the issuer, the audience and the addresses.
    pub(crate) async fn start(settings: &str, rules: &str) -> Self {
        let issuer = Issuer::start().await;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("gateway.toml");
        let text = file_of(&issuer.url, settings, rules);
        std::fs::write(&file, text).unwrap();
        let mut options = Options::new(&file, "https://unused.example.com");
        options.look = Duration::from_millis(10);
        let gateway = within("a start", Gateway::start(options)).await.unwrap();
        let server = gateway.bind().await.unwrap();
        let (address, metrics) = (server.address().unwrap(), server.metrics_address().unwrap());
        let serving = Some(tokio::spawn(server.run()));
        let http = Client::builder().no_proxy().build().unwrap();
        Self { issuer, gateway, address, metrics, http, file, serving, _dir: dir }
    }

    /// Changes the rules in the file, as an editor does: whole, by a rename.
    pub(crate) fn write(&self, rules: &str) {
        let new = self.file.with_extension("new");
        std::fs::write(&new, file_of(&self.issuer.url, "", rules)).unwrap();
        std::fs::rename(&new, &self.file).unwrap();
    }

    /// Asks as nginx asks.
    pub(crate) async fn ask(&self, method: &str, target: &str, token: Option<&str>) -> Response {
        let mut request = self.http.get(format!("http://{}/nginx", self.address));
        request = request.header("x-original-method", method).header("x-original-uri", target);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        within("an answer", request.send()).await.unwrap()
    }

    /// The status that nginx gets.
    pub(crate) async fn status(&self, method: &str, target: &str, token: Option<&str>) -> u16 {
        self.ask(method, target, token).await.status().as_u16()
    }

    /// Calls through the gateway.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address))
    }

    /// Sends bytes as they are, and reads until the other end closes.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // The other end may close before it has read all.
        let _ = stream.write_all(bytes).await;
        let mut came = Vec::new();
        let _ = within("the end of an answer", stream.read_to_end(&mut came)).await;
        String::from_utf8_lossy(&came).into_owned()
    }

    /// A page of the operators' listener.
    pub(crate) async fn page(&self, path: &str) -> (u16, String) {
        let asked = self.http.get(format!("http://{}{path}", self.metrics)).send();
        let response = within("a page", asked).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Waits until the metrics have this line.
    pub(crate) async fn says(&self, line: &str) {
        let waiting = async { while !self.page("/metrics").await.1.lines().any(|l| l == line) {} };
        within(line, waiting).await;
    }

    /// Ends the gateway, and waits until it has.
    pub(crate) async fn end(&mut self) {
        self.gateway.close();
        within("the end", self.serving.take().unwrap()).await.unwrap();
        self.gateway.shutdown().await;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

pub(crate) fn file_of(issuer: &str, settings: &str, rules: &str) -> String {
    format!(
        "issuer = \"{issuer}\"\naudience = \"{BOOKS}\"\nlisten = \"127.0.0.1:0\"\n\
         metrics_listen = \"127.0.0.1:0\"\n{settings}\n{rules}"
    )
}

/// Status, and `error` of the body.
pub(crate) async fn short(response: Response) -> Short {
    let status = response.status().as_u16();
    let body: serde_json::Value = response.json().await.unwrap_or_default();
    Short { status, error: body["error"].as_str().unwrap_or_default().to_owned() }
}
