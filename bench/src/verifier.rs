//! What a check costs an API. Warm: a token that was seen before, against a feed of 100,000
//! entries; the cache is asked and the revocation set too, on every use. Cold: tokens that were
//! never seen, taking turns in small groups with bare signature checks of the same tokens by
//! aws-lc-rs, which no verifier can do without.

use std::{hint::black_box, time::Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hallpass_token::jose::Jwks;
use hallpass_verifier::{Revocations, Verifier};
use serde_json::Value;

use crate::{
    Plan, child,
    issuer::{Issuer, Shape},
    population,
    table::{Good, Row, median, number, with_unit},
};

/// Entries of the feed, none of which kills a token that is checked.
const DEAD: u32 = 100_000;

/// Tokens that are in use at the same time.
const HOT: usize = 1000;

/// Tokens that are checked in a row before the other side has its turn.
const GROUP: usize = 50;

/// The rows about the verifier.
pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>> {
    let shape = Shape { stored: 1, credentials: 1, dead: DEAD, unpinned: true, ..Shape::default() };
    let issuer = Issuer::node(plan, &shape)?;
    let groups = plan.either(20, 160);
    let tokens = issuer.tokens((0..HOT + groups * GROUP).map(|_| 0))?;
    let headers: Vec<_> = tokens.iter().map(|token| format!("Bearer {token}")).collect();
    let (hot, cold) = headers.split_at(HOT);
    let runtime = child::runtime()?;
    let verifier = runtime.block_on(start(&issuer, DEAD.into()))?;
    let entries = verifier.status().feed.entries;
    ensure!(entries == DEAD as usize, "the verifier knows {entries} of {DEAD} entries");
    let warm_ns = warm(&verifier, hot, plan.either(20, 200))?;
    let (ours, bare) = against_bare(&verifier, cold, &issuer.ready.jwks)?;
    let us = |times: &[f64]| with_unit(median(times.iter().copied()) / 1e3, "µs");
    let ratio = median(ours.iter().zip(&bare).map(|(ours, bare)| ours / bare));
    let note = format!("{HOT} tokens in turn, {} feed entries", number(DEAD.into()));
    Ok(vec![
        Row::at_most("check of a token seen before", warm_ns, 500.0, "ns").noting(&note),
        Row::ratio(
            "check of a new token; limit: its bare signature check",
            (us(&ours), us(&bare)),
            ratio,
            (Good::AtMost, 1.15),
        ),
    ])
}

/// Starts a verifier with default settings, and waits until it knows the feed up to `seq`.
pub(crate) async fn start(issuer: &Issuer, seq: u64) -> Result<Verifier> {
    let builder = Verifier::builder(&issuer.ready.issuer, population::AUDIENCE);
    let verifier = builder.revocations(Revocations::Required).start().await?;
    verifier.wait_ready().await;
    verifier.applied(seq).await;
    Ok(verifier)
}

/// Nanoseconds for a check: the median of `rounds` over all hot tokens.
fn warm(verifier: &Verifier, hot: &[String], rounds: usize) -> Result<f64> {
    let mut times = Vec::with_capacity(rounds);
    for round in 0..=rounds {
        let begun = Instant::now();
        for header in hot {
            black_box(verifier.check(Some(black_box(header.as_bytes())))?);
        }
        // The first round is cold.
        if round > 0 {
            times.push(begun.elapsed().as_nanos() as f64 / hot.len() as f64);
        }
    }
    Ok(median(times))
}

/// Nanoseconds for a check of a new token, and for a bare check of its signature, by group.
fn against_bare(verifier: &Verifier, cold: &[String], jwks: &Jwks) -> Result<(Vec<f64>, Vec<f64>)> {
    let key = public_key(jwks)?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for (number, group) in cold.chunks(GROUP).enumerate() {
        let split = group.iter().map(|header| signed(header)).collect::<Result<Vec<_>>>()?;
        let mut check_ours = || -> Result<()> {
            let begun = Instant::now();
            for header in group {
                black_box(verifier.check(Some(black_box(header.as_bytes())))?);
            }
            ours.push(begun.elapsed().as_nanos() as f64 / group.len() as f64);
            Ok(())
        };
        let mut check_bare = || -> Result<()> {
            let begun = Instant::now();
            for (message, signature) in &split {
                let verdict = key.verify_sig(black_box(message.as_bytes()), signature);
                verdict.map_err(|_| anyhow!("a signature does not verify"))?;
            }
            bare.push(begun.elapsed().as_nanos() as f64 / group.len() as f64);
            Ok(())
        };
        if number % 2 == 0 {
            check_ours()?;
            check_bare()?;
        } else {
            check_bare()?;
            check_ours()?;
        }
    }
    Ok((ours, bare))
}

/// What was signed, and the signature.
fn signed(header: &str) -> Result<(&str, Vec<u8>)> {
    let token = header.strip_prefix("Bearer ").unwrap_or(header);
    let (message, signature) = token.rsplit_once('.').context("a token without a dot")?;
    Ok((message, URL_SAFE_NO_PAD.decode(signature)?))
}

/// The issuer's one ES256 key, as aws-lc-rs has it.
fn public_key(jwks: &Jwks) -> Result<ParsedPublicKey> {
    let jwk = serde_json::to_value(jwks.keys.first().context("the issuer has no key")?)?;
    let mut point = vec![4];
    for coordinate in ["x", "y"] {
        let text = jwk.get(coordinate).and_then(Value::as_str);
        point.extend(URL_SAFE_NO_PAD.decode(text.context("not a key of P-256")?)?);
    }
    ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| anyhow!("not a key"))
}
