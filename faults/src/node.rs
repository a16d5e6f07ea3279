//! One node: a real process of the real binary, at the same address however often it is started.
//! Only processes that were started here are ever ended from here.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::site::{Site, free_address};

/// For a node to answer after its start, and to be gone after its end.
const WITHIN: Duration = Duration::from_secs(60);

const LOOK: Duration = Duration::from_millis(5);

/// Whoever would be limited here is a client of this program.
const LIMITS: [&str; 6] = [
    "--failed-logins-per-minute",
    "1000000",
    "--management-calls-per-minute",
    "1000000",
    "--log-format",
    "json",
];

/// A node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    metrics: SocketAddr,
    site: Site,
    options: Mutex<Vec<String>>,
    log: PathBuf,
    process: Mutex<Option<Child>>,
    http: reqwest::Client,
}

impl Node {
    /// A node that does not run yet.
    pub(crate) fn new(number: usize, site: Site, options: &[&str]) -> Result<Self> {
        let name = format!("node-{number}");
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(1)).build()?;
        Ok(Self {
            log: site.path(&format!("{name}.log")),
            name,
            address: free_address()?,
            metrics: free_address()?,
            site,
            options: Mutex::new(options.iter().map(|&option| option.to_owned()).collect()),
            process: Mutex::default(),
            http,
        })
    }

    /// From its next start on it has these options.
    pub(crate) fn set_options(&self, options: &[&str]) {
        *self.options.lock().unwrap_or_else(PoisonError::into_inner) =
            options.iter().map(|&option| option.to_owned()).collect();
    }

    /// Starts it, and waits until it is ready.
    pub(crate) async fn start(&self) -> Result<()> {
        self.spawn()?;
        self.answers().await
    }

    /// Starts it.
    pub(crate) fn spawn(&self) -> Result<()> {
        let options = self.options.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (listen, metrics) = (self.address.to_string(), self.metrics.to_string());
        let own = ["serve", "--listen", &listen, "--metrics-listen", &metrics];
        let named = ["--node-name", &*self.name];
        let mut command = self.site.command(&[&own[..], &named, &LIMITS].concat());
        let log = File::options().create(true).append(true).open(&self.log)?;
        command.args(&options).stdout(Stdio::from(log.try_clone()?)).stderr(log);
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(process.is_none(), "{} runs already", self.name);
        *process = Some(command.spawn().context("hallpass runs")?);
        Ok(())
    }

    /// Waits until it takes requests.
    pub(crate) async fn answers(&self) -> Result<()> {
        let begun = Instant::now();
        while !self.is_ready().await {
            if let Some(status) = self.has_ended()? {
                bail!("{} ended by itself: {status}", self.name);
            }
            ensure!(begun.elapsed() < WITHIN, "{} is not ready", self.name);
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// As a load balancer asks.
    pub(crate) async fn is_ready(&self) -> bool {
        let answer = self.http.get(format!("http://{}/readyz", self.address)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// How it ended, if it did and nobody here wanted it.
    pub(crate) fn has_ended(&self) -> Result<Option<ExitStatus>> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(match process.as_mut() {
            Some(process) => process.try_wait()?,
            None => None,
        })
    }

    /// Ends it where it stands (SIGKILL).
    pub(crate) fn kill(&self) -> Result<()> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let mut process = process.take().with_context(|| format!("{} does not run", self.name))?;
        let status = process.try_wait()?;
        ensure!(status.is_none(), "{} had ended by itself: {status:?}", self.name);
        process.kill()?;
        process.wait()?;
        Ok(())
    }

    /// Asks it to end (SIGTERM), and waits until it has.
    pub(crate) async fn stop(&self) -> Result<()> {
        self.signal("TERM")?;
        let begun = Instant::now();
        loop {
            if let Some(status) = self.has_ended()? {
                self.process.lock().unwrap_or_else(PoisonError::into_inner).take();
                ensure!(status.success(), "{} ended badly: {status}", self.name);
                return Ok(());
            }
            ensure!(begun.elapsed() < WITHIN, "{} does not end", self.name);
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Stops its processor time (SIGSTOP), or gives it back (SIGCONT).
    pub(crate) fn signal(&self, name: &str) -> Result<()> {
        let id = self.id().with_context(|| format!("{} does not run", self.name))?;
        let status = Command::new("kill").args(["-s", name, &id.to_string()]).status()?;
        ensure!(status.success(), "no signal {name} for {}", self.name);
        Ok(())
    }

    /// Its process, while it runs.
    pub(crate) fn id(&self) -> Option<u32> {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        process.as_ref().map(Child::id)
    }

    /// Its memory that is in RAM, in bytes; `None` while it does not run.
    pub(crate) fn resident_bytes(&self) -> Option<u64> {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.id()?)).ok()?;
        let kib = rollup.lines().find_map(|line| line.strip_prefix("Rss:")?.strip_suffix("kB"))?;
        Some(kib.trim().parse::<u64>().ok()? * 1024)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut process) =
            self.process.get_mut().unwrap_or_else(PoisonError::into_inner).take()
        {
            // It may have ended by itself.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
