//! An installation of nodes with everybody who uses it: load balancer, clients, programs and APIs.

use std::{
    fs,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use hallpass_store::throwaway::Cluster;
use reqwest::{Client, StatusCode};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    balancer::{Answer, Balancer},
    dice::Dice,
    ledger::{Ledger, State},
    load::{self, Pace, Shared},
    node::Node,
    plan::Plan,
    reckoning::{Database, Reckoning},
    record::Record,
    site::{Login, Site, free_address},
    watch::Watch,
    writer::{self, CREDENTIALS},
};

/// For anything to come true. Only what has broken takes as long.
pub(crate) const WITHIN: Duration = Duration::from_secs(90);

/// Credentials that nobody changes.
const STEADY: usize = 8;

/// Programs that change things.
const WRITERS: usize = 4;

/// APIs that check tokens.
const VERIFIERS: usize = 3;

/// Accounts whose logins are tried at every node at the end.
const TRIED: usize = 25;

const LOOK: Duration = Duration::from_millis(5);

/// The world of a scenario.
pub(crate) struct World {
    pub(crate) site: Site,
    pub(crate) nodes: Vec<Arc<Node>>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) watch: Arc<Watch>,
    pub(crate) dice: Dice,
    pub(crate) record: Arc<Record>,
    load: JoinSet<()>,
    http: Client,
    round: u64,
    begun: Instant,
}

/// How a world is to be.
pub(crate) struct Shape<'a> {
    /// What its folder is called.
    pub(crate) name: &'a str,
    /// The URL of its database; a file unless said.
    pub(crate) database: Option<String>,
    /// By which URLs nodes call it, if by others.
    pub(crate) node_databases: Vec<String>,
    pub(crate) nodes: usize,
    pub(crate) options: &'a [&'a str],
}

/// Writers at work.
pub(crate) struct Writers {
    tasks: JoinSet<()>,
    enough: Arc<AtomicBool>,
    before: usize,
}

impl World {
    /// Sets up and starts everything but the writers.
    pub(crate) async fn start(plan: &Plan, shape: Shape<'_>, mut dice: Dice) -> Result<Self> {
        let front = free_address()?;
        let issuer = format!("http://{front}");
        let folder = plan.folder.join(shape.name);
        let site = Site::new(&plan.hallpass, &folder, issuer.clone(), shape.database)?;
        let own = format!("{issuer}/api/v1=credentials:read,credentials:write,keys:read");
        let program = site.credential("the program", &own)?;
        let steady = (0..STEADY)
            .map(|number| site.credential(&format!("steady {number}"), crate::site::BOOKS));
        let steady = steady.collect::<Result<Vec<Login>>>()?;
        let mut nodes = Vec::new();
        for number in 0..shape.nodes {
            let own = shape.node_databases.get(number).map(|url| site.at(url));
            let site = own.unwrap_or_else(|| site.clone());
            nodes.push(Arc::new(Node::new(number, site, shape.options)?));
        }
        for node in &nodes {
            node.spawn()?;
        }
        for node in &nodes {
            node.answers().await?;
        }
        let record = Arc::new(Record::new());
        let balancer = Balancer::start(&nodes)?;
        balancer.listen(front).await?;
        let shared = Arc::new(Shared {
            pace: Pace::default(),
            balancer,
            record: record.clone(),
            ledger: Ledger::default(),
            program,
            steady,
            fresh: Mutex::default(),
            dead: Mutex::default(),
            tokens: AtomicU64::new(0),
            acknowledged: Mutex::default(),
            killed_keys: Mutex::default(),
            is_over: AtomicBool::new(false),
        });
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(45)).build()?;
        let watch = Watch::start(&issuer, VERIFIERS).await?;
        let mut load = load::clients(&shared, &mut dice);
        let mut looks = watch.look_on(&shared);
        load.spawn(async move { while looks.join_next().await.is_some() {} });
        let begun = Instant::now();
        Ok(Self { site, nodes, shared, watch, dice, record, load, http, round: 0, begun })
    }

    /// Lets writers begin.
    pub(crate) fn write(&mut self) -> Writers {
        self.round += 1;
        let before = self.shared.changes();
        let (tasks, enough) = writer::start(&self.shared, WRITERS, self.round, &mut self.dice);
        Writers { tasks, enough, before }
    }

    /// Waits until so many changes were acknowledged since the writers began.
    pub(crate) async fn acknowledges(&self, writers: &Writers, count: usize) -> Result<()> {
        let enough = || self.shared.changes() >= writers.before + count;
        self.until("changes to be acknowledged", enough).await
    }

    /// Waits until something is true.
    pub(crate) async fn until(&self, what: &str, is_true: impl Fn() -> bool) -> Result<()> {
        let begun = Instant::now();
        while !is_true() {
            ensure!(begun.elapsed() < WITHIN, "waited in vain for {what}");
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Waits until a change that is asked for from now on has been acknowledged, and says how long
    /// that took from `since` on.
    pub(crate) async fn next_change(&self, since: Instant) -> Result<Duration> {
        let first = || {
            let all = self.shared.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
            let later = all.iter().rev().take_while(|(_, at)| *at >= since);
            later.filter(|(asked, _)| *asked >= since).map(|(_, at)| *at).min()
        };
        self.until("the next change", || first().is_some()).await?;
        Ok(first().context("a change")?.duration_since(since))
    }

    /// Waits until every node is ready and takes changes.
    pub(crate) async fn recovers(&self) -> Result<()> {
        for node in &self.nodes {
            node.answers().await?;
            self.takes_changes(node).await?;
        }
        Ok(())
    }

    /// Makes a pending credential at this node and discards it, until that is done.
    async fn takes_changes(&self, node: &Node) -> Result<()> {
        let base = format!("http://{}{CREDENTIALS}", node.address);
        let begun = Instant::now();
        loop {
            if let Some(token) = self.shared.token_if_any(&self.shared.program).await {
                let body = json!({ "name": "a probe", "pending": true });
                let made = self.http.post(&base).bearer_auth(&token).json(&body);
                if let Ok(answer) = Answer::to(made).await
                    && answer.status == StatusCode::CREATED
                {
                    let id = answer.body["credential"]["client_id"].as_str().unwrap_or_default();
                    let discard = self.http.post(format!("{base}/{id}/discard"));
                    let _ = Answer::to(discard.bearer_auth(&token)).await;
                    return Ok(());
                }
            }
            ensure!(begun.elapsed() < WITHIN, "{} takes no changes", node.name);
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Lets writers finish what they are at.
    pub(crate) async fn rest(&self, writers: Writers) -> Result<()> {
        let Writers { mut tasks, enough, .. } = writers;
        enough.store(true, Ordering::Relaxed);
        while let Some(ended) = tasks.join_next().await {
            ended.context("a writer panicked")?;
        }
        Ok(())
    }

    /// Compares the database with the ledger.
    pub(crate) async fn reckon(&self, database: &Database) -> Result<Reckoning> {
        database.reckon(&self.shared.ledger.accounts()).await
    }

    /// The end: what the nodes know is what was acknowledged, the dead are refused by everybody,
    /// and nothing happened that no fault excuses.
    pub(crate) async fn close(mut self, database: &Database) -> Result<Vec<String>> {
        let reckoning = self.reckon(database).await?;
        let mut broken = reckoning.broken.clone();
        broken.extend(self.watch.all_dead_are_refused(&self.shared).await);
        broken.extend(self.logins(reckoning.changes).await?);
        self.shared.is_over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.load.join_next().await {
            ended.context("a client or a verifier panicked")?;
        }
        for node in &self.nodes {
            node.stop().await?;
        }
        let (text, examples) = self.record.sum();
        let tokens = self.shared.tokens.load(Ordering::Relaxed);
        let seconds = self.begun.elapsed().as_secs_f64();
        let changes = self.shared.changes();
        let lines = vec![
            format!(
                "{seconds:.0} s: {tokens} tokens ({:.0}/s), {changes} changes acknowledged",
                tokens as f64 / seconds
            ),
            self.watch.sum(),
            format!("reckoning: {reckoning}"),
            format!("faults: {text}"),
        ];
        broken.extend(examples);
        if broken.is_empty() {
            return Ok(lines);
        }
        bail!("{}\n  broken:\n  {}", lines.join("\n"), broken.join("\n  "))
    }

    /// Tries logins of the ledger at every node that has heard of all changes.
    async fn logins(&self, last: u64) -> Result<Vec<String>> {
        let accounts = self.shared.ledger.accounts();
        let known = accounts.iter().rev().filter_map(|account| {
            let lives = match account.state()? {
                State::There(look) => look.status == "active",
                State::Absent => false,
            };
            Some((account.login.clone()?, lives, &account.name))
        });
        let known: Vec<_> = known.take(TRIED).collect();
        let mut broken = Vec::new();
        for node in &self.nodes {
            self.heard_of(node, last).await?;
            for (login, lives, name) in &known {
                let request = self.http.post(format!("http://{}/oauth/token", node.address));
                let request = request.basic_auth(&login.client_id, Some(&login.secret));
                let answer =
                    Answer::to(request.form(&[("grant_type", "client_credentials")])).await?;
                if (answer.status == StatusCode::OK) != *lives {
                    let Answer { status, body, .. } = answer;
                    let state = if *lives { "lives" } else { "is dead" };
                    broken.push(format!("{}: {name} {state}: {status} {body}", node.name));
                }
            }
        }
        Ok(broken)
    }

    async fn heard_of(&self, node: &Node, seq: u64) -> Result<()> {
        let begun = Instant::now();
        let url = format!("http://{}/readyz", node.address);
        while Answer::to(self.http.get(&url)).await?.body["change_seq"].as_u64() < Some(seq) {
            ensure!(begun.elapsed() < WITHIN, "{} does not hear of change {seq}", node.name);
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}

/// The server's log beside those of the nodes, for whoever looks for what broke.
pub(crate) fn keep_log(folder: &Path, name: &str, cluster: &Cluster) {
    // Without it there are the others.
    let _ = fs::create_dir_all(folder);
    let _ = fs::write(folder.join(name), cluster.log());
}
