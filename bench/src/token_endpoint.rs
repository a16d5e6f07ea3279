//! Tokens in a second, and processor time for one, of the real server and of the limit. Both are
//! children on one processor, the load generator is on another, and they take turns in short
//! rounds, so that whatever else the machine does meets all of them alike; the median of the
//! rounds' ratios counts. Every answer must carry a token, and a sample of the tokens must verify.

use std::time::Duration;

use anyhow::{Result, ensure};
use hallpass_token::{
    jose::KeySet,
    verify::{Policy, verify},
};
use tempfile::TempDir;

use crate::{
    Plan,
    child::Child,
    load::Report,
    node::{self, Ready},
    population,
    table::{Good, Row, median, number, with_unit},
};

/// Answers of the two servers may differ by this many bytes: in the digits of a port.
const ANSWERS_DIFFER_AT_MOST: usize = 8;

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
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shape {
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
    fn limit(plan: &Plan) -> Result<Self> {
        let cpus = plan.machine.two_cpus();
        let child = Child::start(cpus.map(|(server, _)| server), &["limit".to_owned()])?;
        Self::listening(child, 1, cpus.map(|(_, load)| load), None)
    }

    /// Starts a node.
    pub(crate) fn node(plan: &Plan, shape: Shape) -> Result<Self> {
        let cpus = plan.machine.two_cpus().filter(|_| !shape.unpinned);
        let folder = tempfile::tempdir()?;
        let mut args = vec!["node".to_owned(), format!("--folder={}", folder.path().display())];
        args.extend([
            format!("--stored={}", shape.stored),
            format!("--credentials={}", shape.credentials),
            format!("--dead={}", shape.dead),
        ]);
        if shape.no_housekeeping {
            args.push("--no-housekeeping".to_owned());
        }
        let child = Child::start(cpus.map(|(server, _)| server), &args)?;
        Self::listening(child, shape.credentials, cpus.map(|(_, load)| load), Some(folder))
    }

    fn listening(
        child: Child,
        credentials: u32,
        cpu_of_load: Option<usize>,
        folder: Option<TempDir>,
    ) -> Result<Self> {
        let ready = child.hear(Duration::from_secs(90))?;
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

/// The rows about the token endpoint.
pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>> {
    let many = plan.either(20_000, 1_000_000);
    let (rounds, millis) = plan.either((3, 1000), (5, 4000));
    let node = |credentials| Shape { stored: 1, credentials, ..Shape::default() };
    let servers =
        [Issuer::limit(plan)?, Issuer::node(plan, node(1))?, Issuer::node(plan, node(many))?];
    let mut reports: Vec<Vec<Report>> = vec![Vec::new(); servers.len()];
    for round in 0..rounds {
        for turn in 0..servers.len() {
            // Forth and back, so that nobody is always first.
            let which = if round % 2 == 0 { turn } else { servers.len() - 1 - turn };
            reports[which].push(servers[which].load(millis, 0)?);
        }
    }
    let [limit, one, million] = &reports[..] else { unreachable!("there are three servers") };
    let (ours, limits) = (one[0].answer_len, limit[0].answer_len);
    ensure!(
        ours.abs_diff(limits) <= ANSWERS_DIFFER_AT_MOST,
        "the answers are not alike: {ours} and {limits} bytes"
    );
    let all = reports.iter().flatten();
    let load = all.map(Report::own_share).fold(0.0, f64::max);
    let busy = format!("load generator at most {:.0} % busy", load * 100.0);
    let many = number(f64::from(many));
    let against_one = format!("tokens/s, {many} credentials against 1");
    Ok(vec![
        rate("tokens/s, 1 credential; limit: a bare hyper server".to_owned(), (one, limit), 0.85)
            .noting(&busy),
        rate(format!("tokens/s, {many} credentials"), (million, limit), 0.85),
        rate(against_one, (million, one), 0.95),
        cpu("processor time of a token, 1 credential".to_owned(), (one, limit)),
        cpu(format!("processor time of a token, {many} credentials"), (million, limit)),
    ])
}

type Sides<'r> = (&'r [Report], &'r [Report]);

fn rate(what: String, sides: Sides<'_>, target: f64) -> Row {
    let text =
        |reports: &[Report]| format!("{} /s", number(median(reports.iter().map(Report::rate))));
    let texts = (text(sides.0), text(sides.1));
    Row::ratio(what, texts, ratio(sides, Report::rate), (Good::AtLeast, target))
}

fn cpu(what: String, sides: Sides<'_>) -> Row {
    let text =
        |reports: &[Report]| with_unit(median(reports.iter().map(Report::cpu_us_per_token)), "µs");
    let texts = (text(sides.0), text(sides.1));
    Row::ratio(what, texts, ratio(sides, Report::cpu_us_per_token), (Good::AtMost, 1.2))
}

/// The median of the rounds' ratios: each compares neighbours in time.
fn ratio((a, b): Sides<'_>, of: fn(&Report) -> f64) -> f64 {
    median(a.iter().zip(b).map(|(a, b)| of(a) / of(b)))
}
