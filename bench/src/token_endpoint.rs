//! Tokens in a second, and processor time for one, of the real server and of the limit. Both are
//! children on one processor, the load generator is on another, and they take turns in short
//! rounds, so that whatever else the machine does meets all of them alike; the median of many
//! rounds' ratios counts. Every answer must carry a token, and a sample of the tokens must verify.

use anyhow::{Result, ensure};

use crate::{
    Plan,
    issuer::{Issuer, Shape},
    load::Report,
    table::{Good, Row, median, number, with_unit},
};

/// Answers of the two servers may differ by this many bytes: in the digits of a port.
const ANSWERS_DIFFER_AT_MOST: usize = 8;

/// The rows about the token endpoint.
pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>> {
    let many = plan.either(20_000, 1_000_000);
    let (rounds, millis) = plan.either((3, 1000), (21, 1000));
    let node = |credentials| Shape { stored: 1, credentials, ..Shape::default() };
    let servers =
        [Issuer::limit(plan)?, Issuer::node(plan, &node(1))?, Issuer::node(plan, &node(many))?];
    let reports = in_turns(&servers, rounds, millis)?;
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

/// Loads servers in turn, each for so many milliseconds in every round.
pub(crate) fn in_turns(servers: &[Issuer], rounds: usize, millis: u64) -> Result<Vec<Vec<Report>>> {
    let mut reports: Vec<Vec<Report>> = vec![Vec::new(); servers.len()];
    for round in 0..rounds {
        for turn in 0..servers.len() {
            // Forth and back, so that nobody is always first.
            let which = if round % 2 == 0 { turn } else { servers.len() - 1 - turn };
            reports[which].push(servers[which].load(millis, 0)?);
        }
    }
    Ok(reports)
}

pub(crate) type Sides<'r> = (&'r [Report], &'r [Report]);

/// Tokens in a second of the one side, against the other's.
pub(crate) fn rate(what: String, sides: Sides<'_>, target: f64) -> Row {
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
