//! A node on real sockets, and what is said to it byte by byte. Everything waits for an event of
//! the other side and gives up after a while; nothing may hang.

use std::{net::SocketAddr, ops::Deref, time::Duration};

use hallpass_server::{Server, housekeeping};
use http::{HeaderMap, StatusCode};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinHandle,
};
use tokio_util::task::TaskTracker;

use crate::{
    ask::{Answer, Ask},
    node::Node,
};

/// How long a test waits for something that must come. Reached only by failures.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for something that must come.
pub(crate) async fn within<T>(what: &str, coming: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, coming).await {
        Ok(came) => came,
        Err(_) => panic!("never: {what}"),
    }
}

/// A node that answers on sockets.
pub(crate) struct Listening {
    node: Node,
    pub(crate) public: SocketAddr,
    pub(crate) metrics: SocketAddr,
    pub(crate) running: JoinHandle<()>,
    chores: Option<TaskTracker>,
    client: reqwest::Client,
}

impl Deref for Listening {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.node
    }
}

impl Node {
    pub(crate) async fn listen(self) -> Listening {
        self.listen_as(|server| server).await
    }

    pub(crate) async fn listen_as(self, edit: impl FnOnce(Server) -> Server) -> Listening {
        let server = edit(Server::bind(self.app.clone()).await.unwrap());
        let (public, metrics) =
            (server.public_address().unwrap(), server.metrics_address().unwrap());
        let running = tokio::spawn(server.run());
        let client = client(|builder| builder);
        Listening { node: self, public, metrics, running, chores: None, client }
    }
}

/// An HTTP client that knows no proxy and follows nothing.
pub(crate) fn client(
    edit: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
) -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy().timeout(PATIENCE);
    edit(builder.redirect(reqwest::redirect::Policy::none())).build().unwrap()
}

impl Listening {
    pub(crate) fn keeping_house(mut self) -> Self {
        self.chores = Some(housekeeping::start(&self.node.app));
        self
    }

    /// Tells the node to close, and waits until everything of it has ended.
    pub(crate) async fn close(&mut self) {
        self.node.app.closing.cancel();
        within("the end of the server", &mut self.running).await.unwrap();
        if let Some(chores) = &self.chores {
            within("the end of housekeeping", chores.wait()).await;
        }
    }

    /// Asks over HTTP/1.1.
    pub(crate) async fn ask(&self, ask: Ask) -> Answer {
        self.ask_by(&self.client, ask).await
    }

    pub(crate) async fn ask_by(&self, client: &reqwest::Client, ask: Ask) -> Answer {
        let url = format!("http://{}{}", self.public, ask.path);
        ask_at(client, &url, ask).await
    }

    /// Asks as somebody at this address, as the proxy at 127.0.0.1 tells.
    pub(crate) async fn ask_from(&self, address: &str, ask: Ask) -> Answer {
        self.ask(ask.header("x-forwarded-for", address)).await
    }

    pub(crate) async fn dial(&self) -> Wire<TcpStream> {
        Wire::new(TcpStream::connect(self.public).await.unwrap())
    }

    /// From another address of this machine's own.
    pub(crate) async fn dial_from(&self, last_byte: u8) -> Wire<TcpStream> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, last_byte], 0))).unwrap();
        Wire::new(socket.connect(self.public).await.unwrap())
    }
}

pub(crate) async fn ask_at(client: &reqwest::Client, url: &str, ask: Ask) -> Answer {
    let request = client.request(ask.method.clone(), url).headers(ask.headers).body(ask.body);
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    assert_eq!(headers["x-request-id"].len(), 16);
    let body = response.bytes().await.unwrap();
    Answer::checked(&ask.method, status, headers, body)
}

/// One connection.
pub(crate) struct Wire<S> {
    pub(crate) stream: S,
    unread: Vec<u8>,
}

/// An answer as it came.
pub(crate) struct Raw {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, unread: Vec::new() }
    }

    /// Says something. That the other side has gone already is for the reader to find out.
    pub(crate) async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
        let _ = self.stream.flush().await;
    }

    async fn more(&mut self) -> bool {
        let mut chunk = [0; 4096];
        let read = within("an answer or the end", self.stream.read(&mut chunk)).await;
        // A reset is an end like any other.
        let read = read.unwrap_or(0);
        self.unread.extend_from_slice(&chunk[..read]);
        read > 0
    }

    /// Everything that comes until the other side hangs up.
    pub(crate) async fn rest(&mut self) -> String {
        while self.more().await {}
        String::from_utf8_lossy(&std::mem::take(&mut self.unread)).into_owned()
    }

    /// Reads on until `end` has come; `None` if the other side hung up before.
    pub(crate) async fn until(&mut self, end: &str) -> Option<String> {
        loop {
            let at = self.unread.windows(end.len()).position(|part| part == end.as_bytes());
            if let Some(at) = at {
                let came: Vec<u8> = self.unread.drain(..at + end.len()).collect();
                return Some(String::from_utf8(came).unwrap());
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// One answer with a Content-Length; `None` if the other side hung up.
    pub(crate) async fn answer(&mut self) -> Option<Raw> {
        let head = self.until("\r\n\r\n").await?;
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in lines.map(|line| line.split_once(": ").unwrap()) {
            let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, value.parse().unwrap());
        }
        let length = headers.get("content-length").map_or("0", |value| value.to_str().unwrap());
        let length: usize = length.parse().unwrap();
        while self.unread.len() < length {
            if !self.more().await {
                return None;
            }
        }
        let body = self.unread.drain(..length).collect();
        Some(Raw { status, headers, body })
    }
}

/// A request as it goes over the wire.
pub(crate) fn on_the_wire(ask: &Ask) -> Vec<u8> {
    let mut bytes = format!("{} {} HTTP/1.1\r\nHost: localhost\r\n", ask.method, ask.path);
    for (name, value) in &ask.headers {
        bytes.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    if !ask.body.is_empty() {
        bytes.push_str(&format!("Content-Length: {}\r\n", ask.body.len()));
    }
    bytes.push_str("\r\n");
    let mut bytes = bytes.into_bytes();
    bytes.extend_from_slice(&ask.body);
    bytes
}
