//! The load generator: connections that are kept open, each with one request at a time, written
//! from prepared bytes and read by Content-Length. It does as little as it can, so that it is not
//! what is measured; it says how busy it was, and gives up at the first answer that is no token.
//!
//! It never sleeps. A processor that has gone to sleep is woken by whoever answers, at the
//! answerer's cost: some two microseconds in a virtual machine, and more often the slower the
//! answers come. That would be the machine's share of a token, counted against one server more than
//! against the other.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime,
    task::JoinSet,
};

use crate::{child, machine, population};

/// Connections, each with one request at a time.
const CONNECTIONS: usize = 32;

/// Different requests that are prepared; more would only measure this process's own memory.
const REQUESTS_AT_MOST: u32 = 20_000;

/// One token in so many is kept, for its signature to be verified.
const SAMPLE_EVERY: u64 = 2000;

const WARM_UP: Duration = Duration::from_millis(300);

/// What the generator is told.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// The server.
    #[arg(long)]
    pub(crate) address: SocketAddr,
    /// The server's process.
    #[arg(long)]
    pub(crate) pid: u32,
    /// Credentials that the server has; requests are spread over them.
    #[arg(long)]
    pub(crate) credentials: u32,
    /// For how long, in milliseconds.
    #[arg(long)]
    pub(crate) millis: u64,
    /// How many tokens at least, whatever the time.
    #[arg(long, default_value_t = 0)]
    pub(crate) tokens: u64,
}

/// What the generator has seen.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Report {
    /// Tokens in the time measured.
    pub(crate) tokens: u64,
    /// Tokens in all, those before and after that time included.
    pub(crate) tokens_in_all: u64,
    /// How long was measured, in seconds.
    pub(crate) seconds: f64,
    /// Processor seconds of the server in that time.
    pub(crate) server_cpu_s: f64,
    /// Seconds of that time in which the generator had nothing to do.
    pub(crate) spare_s: f64,
    /// Bytes of the last answer, head and body.
    pub(crate) answer_len: usize,
    /// Some of the tokens.
    pub(crate) sample: Vec<String>,
}

impl Report {
    /// Tokens in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.tokens as f64 / self.seconds
    }

    /// Processor microseconds of the server for a token.
    pub(crate) fn cpu_us_per_token(&self) -> f64 {
        self.server_cpu_s * 1e6 / self.tokens as f64
    }

    /// The part of the time that the generator was busy for.
    pub(crate) fn own_share(&self) -> f64 {
        1.0 - self.spare_s / self.seconds
    }
}

#[derive(Default)]
struct Shared {
    requests: Vec<Vec<u8>>,
    tokens: AtomicU64,
    spare_ns: AtomicU64,
    answer_len: AtomicU64,
    enough: AtomicBool,
    sample: Mutex<Vec<String>>,
}

/// In a child: asks for tokens, reports and ends.
pub(crate) fn run(options: &Options) -> Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().event_interval(1).build()?;
    child::say(&runtime.block_on(measure(options))?)
}

async fn measure(options: &Options) -> Result<Report> {
    let different = options.credentials.min(REQUESTS_AT_MOST);
    let step = options.credentials / different.max(1);
    let host = options.address.to_string();
    let requests = (0..different).map(|n| population::request(n * step, &host)).collect();
    let shared = Arc::new(Shared { requests, ..Shared::default() });
    let mut connections = JoinSet::new();
    for number in 0..CONNECTIONS {
        let stream = TcpStream::connect(options.address).await?;
        stream.set_nodelay(true)?;
        connections.spawn(keep_asking(stream, shared.clone(), number));
    }
    tokio::spawn(stay_awake(shared.clone()));
    let watch = async {
        tokio::time::sleep(WARM_UP).await;
        let begin = Moment::now(options, &shared)?;
        tokio::time::sleep(Duration::from_millis(options.millis)).await;
        while shared.tokens.load(Ordering::Relaxed) < options.tokens {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        anyhow::Ok((begin, Moment::now(options, &shared)?))
    };
    let (begin, end) = tokio::select! {
        moments = watch => moments?,
        Some(failed) = connections.join_next() => {
            failed??;
            bail!("a connection ended too early");
        }
    };
    shared.enough.store(true, Ordering::Relaxed);
    while let Some(ended) = connections.join_next().await {
        ended??;
    }
    let sample = std::mem::take(&mut *shared.sample.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Report {
        tokens: end.tokens - begin.tokens,
        tokens_in_all: shared.tokens.load(Ordering::Relaxed),
        seconds: end.at.duration_since(begin.at).as_secs_f64(),
        server_cpu_s: end.server_cpu_s - begin.server_cpu_s,
        spare_s: (end.spare_ns - begin.spare_ns) as f64 / 1e9,
        answer_len: shared.answer_len.load(Ordering::Relaxed) as usize,
        sample,
    })
}

struct Moment {
    at: Instant,
    tokens: u64,
    server_cpu_s: f64,
    spare_ns: u64,
}

impl Moment {
    fn now(options: &Options, shared: &Shared) -> Result<Self> {
        Ok(Self {
            server_cpu_s: machine::cpu_s(options.pid)?,
            spare_ns: shared.spare_ns.load(Ordering::Relaxed),
            tokens: shared.tokens.load(Ordering::Relaxed),
            at: Instant::now(),
        })
    }
}

/// Looks for answers again and again, and counts the time of those looks that find none.
async fn stay_awake(shared: Arc<Shared>) {
    let mut last = (shared.tokens.load(Ordering::Relaxed), Instant::now());
    loop {
        tokio::task::yield_now().await;
        let now = (shared.tokens.load(Ordering::Relaxed), Instant::now());
        if now.0 == last.0 {
            let spare = now.1.duration_since(last.1).as_nanos() as u64;
            shared.spare_ns.fetch_add(spare, Ordering::Relaxed);
        }
        last = now;
    }
}

async fn keep_asking(mut stream: TcpStream, shared: Arc<Shared>, number: usize) -> Result<()> {
    let mut buffer = Vec::with_capacity(4096);
    // Each connection begins elsewhere, so that all requests are used.
    let mut next = shared.requests.len() * number / CONNECTIONS;
    while !shared.enough.load(Ordering::Relaxed) {
        stream.write_all(&shared.requests[next]).await?;
        next = (next + 1) % shared.requests.len();
        let body = read_answer(&mut stream, &mut buffer).await?;
        let token = token(&buffer[body..]).with_context(|| {
            format!("not an answer with a token: {}", String::from_utf8_lossy(&buffer))
        })?;
        let count = shared.tokens.fetch_add(1, Ordering::Relaxed);
        if count.is_multiple_of(SAMPLE_EVERY) {
            shared.answer_len.store(buffer.len() as u64, Ordering::Relaxed);
            let mut sample = shared.sample.lock().unwrap_or_else(PoisonError::into_inner);
            sample.push(String::from_utf8_lossy(token).into_owned());
        }
    }
    Ok(())
}

/// Reads one answer into `buffer`, and returns where its body begins.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<usize> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        if let Some((body, end)) = frame(buffer)?
            && buffer.len() >= end
        {
            return Ok(body);
        }
    }
}

/// Where the body begins and ends, once the head is there.
pub(crate) fn frame(answer: &[u8]) -> Result<Option<(usize, usize)>> {
    let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    if !answer.starts_with(b"HTTP/1.1 200 ") {
        bail!("the server refused: {}", String::from_utf8_lossy(answer));
    }
    let mut lines = answer[..head].split(|byte| *byte == b'\n');
    let length = lines.find_map(|line| {
        let (name, value) = line.split_at_checked("content-length:".len())?;
        name.eq_ignore_ascii_case(b"content-length:").then(|| value.trim_ascii())
    });
    let length = length.and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok());
    let body = head + 4;
    Ok(Some((body, body + length.context("the answer has no Content-Length")?)))
}

/// The token of a body.
pub(crate) fn token(body: &[u8]) -> Option<&[u8]> {
    let rest = body.strip_prefix(br#"{"access_token":""#)?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    (end > 200).then_some(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_end_where_their_length_says() {
        for (answer, wanted) in [
            ("HTTP/1.1 200 OK\r\nContent-Le", Some(None)),
            ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", Some(Some((38, 43)))),
            ("HTTP/1.1 200 OK\r\nA: b\r\nContent-Length:2\r\nC: d\r\n\r\n{}", Some(Some((49, 51)))),
            ("HTTP/1.1 200 OK\r\n\r\n", None),
            ("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", None),
        ] {
            assert_eq!(frame(answer.as_bytes()).ok(), wanted, "{answer}");
        }
    }
}
