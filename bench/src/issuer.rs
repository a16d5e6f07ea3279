//! Servers that issue tokens, as children: the limit, a node, and the released binary. Each is
//! loaded in the same way, and whatever it hands out must verify.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::Command,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use hallpass_core::vault::MasterKey;
use hallpass_store::{SqliteStore, Store, sqlite};
use hallpass_token::{
    jose::KeySet,
    verify::{Policy, verify},
};
use tempfile::TempDir;

use crate::{
    Plan,
    child::{self, Child},
    load::{self, Report},
    node::{self, Ready},
    population,
};

/// For any server to listen; a million credentials take their time.
const LISTENS_WITHIN: Duration = Duration::from_secs(90);

/// A server that issues tokens, as a child.
#[derive(Debug)]
pub(crate) struct Issuer {
    pub(crate) child: Child,
    pub(crate) ready: Ready,
    credentials: u32,
    cpu_of_load: Option<usize>,
    /// Removed when the child has ended.
    _folder: Option<TempDir>,
}

/// How a node is to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    /// Its PostgreSQL database; without, it has a SQLite database of its own.
    pub(crate) postgres: Option<String>,
    /// Whether another node has filled the database.
    pub(crate) joins: bool,
    /// Credentials in the store.
    pub(crate) stored: u32,
    /// Credentials in the directory.
    pub(crate) credentials: u32,
    /// Entries in the feed.
    pub(crate) dead: u32,
    /// Whether it does only what requests make it do.
    pub(crate) no_housekeeping: bool,
    /// Whether it may use every processor.
    pub(crate) unpinned: bool,
}

impl Issuer {
    /// Starts the limit.
    pub(crate) fn limit(plan: &Plan) -> Result<Self> {
        let cpus = plan.machine.two_cpus();
        let child = Child::start(cpus.map(|(server, _)| server), &["limit".to_owned()])?;
        Self::listening(child, 1, cpus.map(|(_, load)| load), None)
    }

    /// Starts a node.
    pub(crate) fn node(plan: &Plan, shape: &Shape) -> Result<Self> {
        let cpus = plan.machine.two_cpus().filter(|_| !shape.unpinned);
        let folder = tempfile::tempdir()?;
        let mut args = vec![
            "node".to_owned(),
            format!("--stored={}", shape.stored),
            format!("--credentials={}", shape.credentials),
            format!("--dead={}", shape.dead),
        ];
        args.push(match &shape.postgres {
            Some(url) => format!("--postgres={url}"),
            None => format!("--folder={}", folder.path().display()),
        });
        let flags = [(shape.joins, "--joins"), (shape.no_housekeeping, "--no-housekeeping")];
        args.extend(flags.iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag.to_string()));
        let child = Child::start(cpus.map(|(server, _)| server), &args)?;
        Self::listening(child, shape.credentials, cpus.map(|(_, load)| load), Some(folder))
    }

    fn listening(
        child: Child,
        credentials: u32,
        cpu_of_load: Option<usize>,
        folder: Option<TempDir>,
    ) -> Result<Self> {
        let ready = child.hear(LISTENS_WITHIN)?;
        Ok(Self { child, ready, credentials, cpu_of_load, _folder: folder })
    }

    /// Loads it for so many milliseconds and at least so many tokens.
    pub(crate) fn load(&self, millis: u64, tokens: u64) -> Result<Report> {
        let address = self.ready.address;
        let args = [
            "load".to_owned(),
            format!("--address={address}"),
            format!("--pid={}", self.child.pid()),
            format!("--credentials={}", self.credentials),
            format!("--millis={millis}"),
            format!("--tokens={tokens}"),
        ];
        let load = Child::start(self.cpu_of_load, &args)?;
        let report: Report = load.hear(Duration::from_millis(millis) + Duration::from_secs(30))?;
        self.check(&report)?;
        Ok(report)
    }

    /// One token for each of these credentials.
    pub(crate) fn tokens(&self, of: impl IntoIterator<Item = u32>) -> Result<Vec<String>> {
        let host = self.ready.address.to_string();
        let mut stream = TcpStream::connect(self.ready.address)?;
        let ask = |number| -> Result<String> {
            let body = exchange(&mut stream, &population::request(number, &host))?;
            let token = load::token(&body).context("an answer without a token")?;
            Ok(String::from_utf8(token.to_vec())?)
        };
        of.into_iter().map(ask).collect()
    }

    fn check(&self, report: &Report) -> Result<()> {
        let keys = KeySet::from_keys(self.ready.jwks.keys.iter().cloned())?;
        let policy = Policy::new(&*self.ready.issuer, [population::AUDIENCE])?;
        ensure!(!report.sample.is_empty(), "no token was kept as a sample");
        for token in &report.sample {
            verify(token, &keys, &policy, node::now().as_secs())?;
        }
        Ok(())
    }
}

/// A data directory of the released binary, with credentials in its database.
#[derive(Debug)]
pub(crate) struct Installation {
    folder: TempDir,
    credentials: u32,
}

impl Installation {
    /// Has `hallpass init` make one, and adds credentials as another writer would.
    pub(crate) fn new(hallpass: &Path, credentials: u32) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut init = Command::new(hallpass);
        let made = init.arg("init").arg("--data-dir").arg(folder.path()).output()?;
        let why = String::from_utf8_lossy(&made.stderr);
        ensure!(made.status.success(), "`hallpass init` failed: {why}");
        let key = fs::read_to_string(folder.path().join("master.key"))?;
        let master = MasterKey::from_text(&key)?;
        let path = folder.path().join("hallpass.db");
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open_existing(&path, sqlite::Options::default())?);
        child::runtime()?.block_on(node::add_credentials(&store, &master, credentials))?;
        Ok(Self { folder, credentials })
    }

    /// Starts `hallpass serve` with default settings on it, and returns how long it took until
    /// it had given out its first token.
    pub(crate) fn serve(&self, plan: &Plan, hallpass: &Path) -> Result<(Issuer, Duration)> {
        let (address, metrics) = (node::free_address()?, node::free_address()?);
        let issuer = format!("http://{address}");
        let args = [
            "serve".to_owned(),
            format!("--data-dir={}", self.folder.path().display()),
            format!("--listen={address}"),
            format!("--metrics-listen={metrics}"),
            format!("--issuer={issuer}"),
            "--log-level=warn".to_owned(),
        ];
        let begun = Instant::now();
        let child = Child::start_program(hallpass.to_owned(), None, &args)?;
        let mut stream = connect(address)?;
        exchange(&mut stream, &population::request(0, &address.to_string()))?;
        let took = begun.elapsed();
        let request = format!("GET /.well-known/jwks.json HTTP/1.1\r\nHost: {address}\r\n\r\n");
        let jwks = serde_json::from_slice(&exchange(&mut stream, request.as_bytes())?)?;
        let ready = Ready { address, issuer, jwks };
        let credentials = self.credentials;
        let cpu_of_load = plan.machine.two_cpus().map(|(_, load)| load);
        Ok((Issuer { child, ready, credentials, cpu_of_load, _folder: None }, took))
    }
}

/// Connects as soon as somebody listens.
fn connect(address: SocketAddr) -> Result<TcpStream> {
    let begun = Instant::now();
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => return Ok(stream),
            Err(why) if begun.elapsed() > Duration::from_secs(10) => {
                return Err(why).context("`hallpass serve` does not listen");
            }
            Err(_) => thread::sleep(Duration::from_micros(500)),
        }
    }
}

/// Sends a request and returns the body of the answer.
fn exchange(stream: &mut TcpStream, request: &[u8]) -> Result<Vec<u8>> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(request)?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let len = stream.read(&mut buffer)?;
        if len == 0 {
            bail!("the server closed the connection");
        }
        answer.extend_from_slice(&buffer[..len]);
        if let Some((body, end)) = load::frame(&answer)?
            && answer.len() >= end
        {
            return Ok(answer[body..end].to_vec());
        }
    }
}
