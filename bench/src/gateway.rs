//! nginx that asks the gateway about each request, and the same nginx with a server in the
//! gateway's place that says 204 to everything: whatever asking costs, nobody can do it for less.
//! Both serve the same small file. They take turns, and share the processors with the load.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::{
    Plan,
    child::{self, Child},
    issuer::{Issuer, Shape},
    load, machine,
    node::free_address,
    population,
    table::{Good, Row, median, number},
};

const SPEED: &str = "requests behind nginx that asks the gateway; limit: asks a constant 204";
const CPU: &str = "processor time of the gateway for a request";

/// Tokens that are in use at the same time.
const HOT: usize = 200;

const CONNECTIONS: usize = 32;

const WARM_UP: Duration = Duration::from_millis(200);

/// For a server to listen, and for the gateway to know the keys.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// Any nginx, around what it serves.
const AROUND: &str = "
daemon off;
master_process off;
error_log stderr crit;
pid FOLDER/NAME.pid;
events { worker_connections 1024; }
http {
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path FOLDER/body;
    proxy_temp_path FOLDER/proxy;
    fastcgi_temp_path FOLDER/fastcgi;
    uwsgi_temp_path FOLDER/uwsgi;
    scgi_temp_path FOLDER/scgi;
SERVES
}
";

/// One nginx; `ASKED` says 204 or not, and `LISTEN` serves what may pass.
const FRONT: &str = "
    upstream asked { server ASKED; keepalive 64; keepalive_requests 1000000000; }
    server {
        listen LISTEN;
        location / {
            auth_request /asked;
            root FOLDER/files;
        }
        location = /asked {
            internal;
            proxy_pass http://asked/nginx;
            proxy_http_version 1.1;
            proxy_pass_request_body off;
            proxy_pass_request_headers off;
            proxy_set_header Connection \"\";
            proxy_set_header Host $host;
            proxy_set_header Authorization $http_authorization;
            proxy_set_header X-Original-Method $request_method;
            proxy_set_header X-Original-URI $request_uri;
            proxy_set_header X-Original-Host $host;
        }
    }
";

/// What answers 204 to everything.
const CONSTANT: &str = "server { listen LISTEN; return 204; }";

/// The rows about the gateway.
pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>> {
    let absent = |why: &str| [SPEED, CPU].map(|what| Row::not_measured(what, why)).into();
    let Some(hallpass) = &plan.hallpass else { return Ok(absent("no --hallpass given")) };
    let nginx = Command::new("nginx").arg("-v").stderr(Stdio::null()).status();
    if !nginx.is_ok_and(|status| status.success()) {
        return Ok(absent("there is no nginx"));
    }
    let shape = Shape { stored: 1, credentials: 1, unpinned: true, ..Shape::default() };
    let issuer = Issuer::node(plan, &shape)?;
    let requests = issuer.tokens((0..HOT).map(|_| 0))?;
    let folder = tempfile::tempdir()?;
    let files = folder.path().join("files/v1");
    fs::create_dir_all(&files)?;
    fs::write(files.join("books"), "[]")?;

    let (gateway, asked) = start_gateway(hallpass, &issuer, folder.path())?;
    let (_constant, constant) = start_nginx("constant", CONSTANT, asked, folder.path())?;
    let (_ours, ours_at) = start_nginx("ours", FRONT, asked, folder.path())?;
    let (_bare, bare_at) = start_nginx("bare", FRONT, constant, folder.path())?;

    let runtime = child::runtime()?;
    let (rounds, millis) = plan.either((2, 200), (8, 1000));
    let load = |at| runtime.block_on(flood(at, &requests, Duration::from_millis(millis)));
    let (mut ours, mut bare, mut cpu_us) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let before = machine::cpu_s(gateway.pid())?;
        let flooded = load(ours_at)?;
        let spent_s = machine::cpu_s(gateway.pid())? - before;
        cpu_us.push(spent_s * 1e6 / flooded.in_all as f64);
        ours.push(flooded.rate);
        bare.push(load(bare_at)?.rate);
    }
    let ratio = median(ours.iter().zip(&bare).map(|(ours, bare)| ours / bare));
    let per_s = |rates: &[f64]| format!("{}/s", number(median(rates.iter().copied())));
    Ok(vec![
        Row::ratio(SPEED, (per_s(&ours), per_s(&bare)), ratio, (Good::AtLeast, 0.85)),
        Row::at_most(CPU, median(cpu_us), 15.0, "µs").noting(&format!("{HOT} tokens in turn")),
    ])
}

/// Starts the gateway, and waits until it can check tokens.
fn start_gateway(hallpass: &Path, issuer: &Issuer, folder: &Path) -> Result<(Child, SocketAddr)> {
    let (listen, health, file) = (free_address()?, free_address()?, folder.join("gateway.toml"));
    let rules = format!(
        "issuer = \"{}\"\naudience = \"{}\"\n[[route]]\npath = \"/v1/**\"\nmethods = [\"GET\"]\n\
         scopes = [\"books:read\"]\n",
        issuer.ready.issuer,
        population::AUDIENCE
    );
    fs::write(&file, rules)?;
    let args = [
        "gateway".to_owned(),
        format!("--rules={}", file.display()),
        format!("--gateway-listen={listen}"),
        format!("--gateway-metrics-listen={health}"),
        "--log-level=warn".to_owned(),
    ];
    let child = Child::start_program(hallpass.to_owned(), None, &args)?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {health}\r\n\r\n");
    wait(health, request.as_bytes()).context("the gateway is not ready")?;
    Ok((child, listen))
}

/// Starts an nginx that serves this, and waits until it listens.
fn start_nginx(
    name: &str,
    serves: &str,
    asked: SocketAddr,
    folder: &Path,
) -> Result<(Child, SocketAddr)> {
    let (listen, file) = (free_address()?, folder.join(format!("{name}.conf")));
    let config = AROUND
        .replace("SERVES", serves)
        // Each has a process id file of its own.
        .replace("NAME", name)
        .replace("FOLDER", &folder.display().to_string())
        .replace("ASKED", &asked.to_string())
        .replace("LISTEN", &listen.to_string());
    fs::write(&file, config)?;
    let args = ["-e", "stderr", "-c", &file.display().to_string()].map(str::to_owned);
    let child = Child::start_program("nginx".into(), None, &args)?;
    wait(listen, b"").with_context(|| format!("nginx ({name}) does not listen"))?;
    Ok((child, listen))
}

/// Waits until somebody listens, and answers 200 if there is something to ask.
fn wait(at: SocketAddr, request: &[u8]) -> Result<()> {
    use std::io::{Read, Write};
    let begun = Instant::now();
    loop {
        if let Ok(mut stream) = std::net::TcpStream::connect(at) {
            stream.set_read_timeout(Some(READY_WITHIN))?;
            let mut answer = [0; 13];
            if request.is_empty() {
                return Ok(());
            }
            stream.write_all(request)?;
            if stream.read_exact(&mut answer).is_ok() && &answer == b"HTTP/1.1 200 " {
                return Ok(());
            }
        }
        ensure!(begun.elapsed() < READY_WITHIN, "nobody answers at {at}");
        thread::sleep(Duration::from_millis(5));
    }
}

struct Flooded {
    /// Answers in a second.
    rate: f64,
    /// Answers, those of the warm-up included.
    in_all: u64,
}

/// Asks over kept connections, each with one request at a time, and gives up at the first answer
/// that is not 200.
async fn flood(at: SocketAddr, tokens: &[String], time: Duration) -> Result<Flooded> {
    let request = |token| {
        format!("GET /v1/books HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n")
    };
    let requests: Arc<Vec<String>> = Arc::new(tokens.iter().map(request).collect());
    let count = Arc::new(AtomicU64::new(0));
    let mut connections = JoinSet::new();
    for number in 0..CONNECTIONS {
        let (requests, count) = (requests.clone(), count.clone());
        connections.spawn(async move {
            let mut stream = TcpStream::connect(at).await?;
            stream.set_nodelay(true)?;
            let mut answer = Vec::with_capacity(1024);
            for request in requests.iter().cycle().skip(number) {
                stream.write_all(request.as_bytes()).await?;
                answer.clear();
                while load::frame(&answer)?.is_none_or(|(_, end)| answer.len() < end) {
                    ensure!(stream.read_buf(&mut answer).await? > 0, "the connection was closed");
                }
                count.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
    }
    let measured = async {
        tokio::time::sleep(WARM_UP).await;
        let (begun, before) = (Instant::now(), count.load(Ordering::Relaxed));
        tokio::time::sleep(time).await;
        (count.load(Ordering::Relaxed) - before) as f64 / begun.elapsed().as_secs_f64()
    };
    let rate = tokio::select! {
        rate = measured => rate,
        Some(ended) = connections.join_next() => {
            ended??;
            bail!("a connection ended too early");
        }
    };
    connections.shutdown().await;
    Ok(Flooded { rate, in_all: count.load(Ordering::Relaxed) })
}
