//! The world: what there is, what a seed lets happen to it, and the healing at the end.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hallpass_core::{Change, Mutation, OrganizationId, vault::MasterKey};
use hallpass_verifier::Rejection;
use tokio::time::{Instant, sleep};

use crate::{
    checker::Checker,
    clock::{Clock, SKEW_MOST_MS},
    database::Database,
    fate::{Acknowledged, Fate, Token},
    fault::Fault,
    line::{Line, Weather},
    node::Node,
    oracle::SETTLED,
    rng::Rng,
    setup::{Client, Workshop, actor},
    store::NodeStore,
    trace::Trace,
};

/// What happens in one run.
const STEPS: u32 = 100;

/// How long after everything has settled a verifier may take to come back: a request that hangs
/// (10 s), a pause (5 s), a stream with two heartbeats (4 s), the bound.
const BACK: Duration = Duration::from_secs(22);

/// Everything.
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) trace: Arc<Trace>,
    pub(crate) database: Arc<Database>,
    pub(crate) acknowledged: Arc<Acknowledged>,
    pub(crate) nodes: Vec<Arc<Node>>,
    pub(crate) checkers: Vec<Checker>,
    /// The highest number that each node has shown since it started.
    pub(crate) shown: Vec<u64>,
    /// Every change that was acknowledged.
    pub(crate) promised: Arc<Mutex<Vec<(u64, Change)>>>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) clients: Vec<Client>,
    pub(crate) organizations: Vec<OrganizationId>,
    pub(crate) workshop: Workshop,
    pub(crate) rng: Rng,
}

impl World {
    /// The world of a seed, before anything has happened.
    pub(crate) fn new(seed: u64, fault: Option<Fault>) -> Self {
        let mut rng = Rng::new(seed);
        let begun = Instant::now();
        let clock = Clock::new(begun, SKEW_MOST_MS);
        let database = Arc::new(Database::default());
        let master = rng.bytes();
        let mut workshop = Workshop::new(&mut rng);
        let (mut clients, mut organizations) = (Vec::new(), Vec::new());
        let now = clock.timestamp();
        let mut first = workshop.first(&MasterKey::from_entropy(master), now, &mut rng);
        for _ in 0..2 {
            let organization = workshop.organization(now, &mut rng);
            organizations.push(organization.id.clone());
            first.push(Mutation::AddOrganization(organization));
            for _ in 0..2 {
                let owner = &organizations[organizations.len() - 1];
                let (add, client) = workshop.credential(owner, now, &mut rng);
                first.push(add);
                clients.push(client);
            }
        }
        for mutation in first {
            let made = database.commit(&mutation, &actor(), now, false);
            made.expect("the world can be made");
        }
        let nodes: Vec<_> = (0..1 + rng.below(3))
            .map(|_| {
                let line = Arc::new(Line::new(rng.fork()));
                let clock = Clock::new(begun, rng.below(2 * SKEW_MOST_MS + 1));
                let store = NodeStore::new(database.clone(), line.clone(), fault);
                let max_staleness_s = [10, 30, 3600][rng.place(3)];
                let master = MasterKey::from_entropy(master);
                Arc::new(Node::new(clock, line, Arc::new(store), master, max_staleness_s))
            })
            .collect();
        let checkers: Vec<_> = (0..1 + rng.below(3))
            .map(|_| {
                let clock = Clock::new(begun, rng.below(2 * SKEW_MOST_MS + 1));
                Checker::new(clock, &nodes, &mut rng, fault)
            })
            .collect();
        Self {
            clock,
            trace: Arc::new(Trace::new(begun)),
            database,
            acknowledged: Arc::default(),
            shown: vec![0; nodes.len()],
            nodes,
            checkers,
            promised: Arc::default(),
            tokens: Vec::new(),
            clients,
            organizations,
            workshop,
            rng,
        }
    }

    pub(crate) fn promised(&self) -> MutexGuard<'_, Vec<(u64, Change)>> {
        self.promised.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets everything happen, then heals it.
    pub(crate) async fn run(&mut self) -> Result<(), String> {
        self.nodes.iter().for_each(Node::start);
        sleep(Duration::from_secs(1)).await;
        for at in 0..self.checkers.len() {
            self.checkers[at].start(&mut self.rng);
        }
        sleep(Duration::from_secs(8)).await;
        // Some worlds are quiet, so that the bound of a second is tested often enough.
        let is_rough = !self.rng.once_in(3);
        for _ in 0..STEPS {
            self.step(is_rough).await?;
            self.order()?;
            let pause = match self.rng.below(40) {
                0 => self.rng.ms(1000, 12_000),
                1..=5 => self.rng.ms(200, 1500),
                _ => self.rng.ms(1, 200),
            };
            sleep(pause).await;
            self.order()?;
        }
        self.heal().await
    }

    async fn step(&mut self, is_rough: bool) -> Result<(), String> {
        match self.rng.below(if is_rough { 24 } else { 18 }) {
            0..=4 => self.write(),
            5..=9 => self.request().await?,
            10..=17 => self.check()?,
            18..=19 => self.cut_or_mend(),
            20..=21 => self.change_weather(),
            22 => self.stop_or_start(),
            _ => {
                let keep = self.rng.below(20);
                self.trace.say(format_args!("the change log keeps {keep}"));
                self.database.prune(keep);
            }
        }
        Ok(())
    }

    /// Somebody asks some node for a token.
    async fn request(&mut self) -> Result<(), String> {
        let at = self.rng.place(self.nodes.len());
        let place = self.rng.place(self.clients.len());
        let client = &self.clients[place];
        let nr = self.rng.place(client.secrets.len());
        let (secret_id, clear) = &client.secrets[nr];
        let node = &self.nodes[at];
        let login = (client.client_id.as_str(), clear.as_str());
        let jti = self.rng.bytes();
        let Some(answer) = node.issue(login, jti).await else { return Ok(()) };
        let said = match &answer {
            Ok(_) => format!("token t{}", self.tokens.len()),
            Err(why) => why.code().to_owned(),
        };
        self.trace.say(format_args!("node {at}: s{nr} of c{place} asks: {said}"));
        self.answered(at, client, nr, &answer)?;
        if let Ok(issued) = answer {
            self.tokens.push(Token {
                token: issued.token,
                client_id: client.client_id.clone(),
                secret_id: secret_id.clone(),
                organization_id: client.organization_id.clone(),
                kid: issued.kid,
                jti: issued.jti,
                exp_s: issued.grant.expires_s,
                at: Instant::now(),
                iat_s: issued.grant.issued_s,
                node: at,
                seen: node.live().map_or(0, |live| live.applied()),
                acknowledged: self.acknowledged.len(),
            });
        }
        Ok(())
    }

    /// Somebody shows some tokens to some verifier.
    fn check(&mut self) -> Result<(), String> {
        let checker = self.rng.place(self.checkers.len());
        for _ in 0..3.min(self.tokens.len()) {
            // New ones more often than old ones.
            let back = self.rng.place(self.tokens.len());
            let back = self.rng.place(back + 1);
            let token = self.tokens.len() - 1 - back;
            self.present(checker, token)?;
        }
        Ok(())
    }

    fn present(&self, checker: usize, place: usize) -> Result<(), String> {
        let Some(verifier) = self.checkers[checker].verifier() else { return Ok(()) };
        let verdict = verifier.verify_token(&self.tokens[place].token).map(drop);
        self.look(checker, place, &verdict, false)
    }

    /// The same, with a moment for a key that is not known yet.
    async fn present_at_the_end(&self, checker: usize, place: usize) -> Result<(), String> {
        let Some(verifier) = self.checkers[checker].verifier() else { return Ok(()) };
        let header = format!("Bearer {}", self.tokens[place].token);
        let verdict = verifier.check_async(Some(header.as_bytes())).await.map(drop);
        self.look(checker, place, &verdict, true)
    }

    fn look(
        &self,
        checker: usize,
        place: usize,
        verdict: &Result<(), Rejection>,
        is_end: bool,
    ) -> Result<(), String> {
        let said = match verdict {
            Ok(()) => "good",
            Err(why) => why.reason(),
        };
        self.trace.say(format_args!("verifier {checker}: t{place} is {said}"));
        let judged = self.judge(checker, &self.tokens[place], verdict, is_end);
        judged.map_err(|wrong| format!("{wrong} (t{place})"))
    }

    fn any_line(&mut self) -> (String, Arc<Line>) {
        let node = self.rng.place(self.nodes.len());
        if self.rng.once_in(2) {
            return (format!("node {node} and store"), self.nodes[node].line.clone());
        }
        let checker = self.rng.place(self.checkers.len());
        let line = self.checkers[checker].lines[node].clone();
        (format!("verifier {checker} and node {node}"), line)
    }

    fn cut_or_mend(&mut self) {
        let (name, line) = self.any_line();
        if line.is_up() {
            self.trace.say(format_args!("cut: {name}"));
            line.cut();
        } else {
            self.trace.say(format_args!("mended: {name}"));
            line.mend();
        }
    }

    fn change_weather(&mut self) {
        let (name, line) = self.any_line();
        let weather = if self.rng.once_in(2) { Weather::Storm } else { Weather::Calm };
        self.trace.say(format_args!("{weather:?}: {name}"));
        line.set_weather(weather);
    }

    fn stop_or_start(&mut self) {
        if self.rng.once_in(2) {
            let checker = self.rng.place(self.checkers.len());
            self.trace.say(format_args!("verifier {checker} starts anew"));
            self.checkers[checker].start(&mut self.rng);
            return;
        }
        let at = self.rng.place(self.nodes.len());
        let node = &self.nodes[at];
        if !node.is_started() {
            self.trace.say(format_args!("node {at} starts"));
            node.start();
        } else if self.rng.once_in(3) {
            self.trace.say(format_args!("node {at} shuts down"));
            node.stop();
        } else {
            self.trace.say(format_args!("node {at} crashes"));
            node.crash();
        }
    }

    /// Mends everything, waits, and looks whether everybody agrees.
    async fn heal(&mut self) -> Result<(), String> {
        self.trace.say("everything heals");
        let own = self.nodes.iter().map(|node| &node.line);
        let lines = own.chain(self.checkers.iter().flat_map(|checker| &checker.lines));
        for line in lines {
            line.set_weather(Weather::Calm);
            line.mend();
        }
        self.nodes.iter().for_each(Node::start);
        sleep(SETTLED + BACK).await;
        self.order()?;
        self.agree()?;
        for node in 0..self.nodes.len() {
            for client in &self.clients {
                for (nr, (_, clear)) in client.secrets.iter().enumerate() {
                    let login = (client.client_id.as_str(), clear.as_str());
                    let jti = self.rng.bytes();
                    if let Some(answer) = self.nodes[node].issue(login, jti).await {
                        self.answered(node, client, nr, &answer)?;
                    }
                }
            }
        }
        for checker in 0..self.checkers.len() {
            for place in 0..self.tokens.len() {
                self.present_at_the_end(checker, place).await?;
            }
        }
        let dead = |token: &&Token| {
            matches!(token.fate(&self.database, &self.acknowledged), Fate::Dead(_))
        };
        let dead = self.tokens.iter().filter(dead).count();
        self.trace.say(format_args!("{} tokens, {dead} of them dead", self.tokens.len()));
        Ok(())
    }
}
