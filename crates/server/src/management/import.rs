//! Taking over credentials that another server has made. Each is taken over whole, in one write, or
//! not at all; a run that was cut off is run again, and skips what is there.

pub mod elements;

use std::collections::{BTreeMap, HashSet};

use futures_util::future::join_all;
use hallpass_core::{
    ClientId, Conflict, Credential, Mutation, Organization, SecretId,
    change::Key,
    credential::NewSecret,
    import::{FoundSecret, Mapping, Plan, Skip, Source},
};
use serde::Serialize;
use tokio::sync::mpsc;

use self::elements::Element;
use super::{Act, ManagementError};
use crate::entropy;

/// How many are written at once: databases take them together.
const AT_ONCE: usize = 64;

/// Skipped clients that are told one by one; of the others the reasons are counted.
const TOLD_AT_MOST: usize = 1000;

/// A secret in the clear that has fewer characters may be guessed.
const STRONG_FROM: usize = 20;

/// What is to be taken over, and as what.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// Where it comes from.
    pub source: Source,
    /// Whose it will be.
    pub organization: &'a Organization,
    /// What its audiences and scopes are here.
    pub mapping: &'a Mapping,
    /// Whether only to say what would happen.
    pub dry_run: bool,
}

/// What a run has done, or would do.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Clients in the file.
    pub read: u64,
    /// Those that were taken over, or would be.
    pub imported: u64,
    /// Of those, how their secrets came: `clear`, or the kind of their digests.
    pub secrets: BTreeMap<&'static str, u64>,
    /// Of those, the secrets in the clear that are short enough to be guessed.
    pub short_secrets: u64,
    /// Those that were not, by the word for the reason.
    pub skipped: BTreeMap<&'static str, u64>,
    /// The first of them, one by one.
    pub skipped_clients: Vec<Skipped>,
    /// Credentials that were taken over, or would be.
    #[serde(skip)]
    seen: HashSet<ClientId>,
}

/// A client that was not taken over.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Skipped {
    /// The line of the file in which it begins.
    pub line: u64,
    /// Its id, as far as it can be read.
    pub client_id: Option<ClientId>,
    /// The word for the reason.
    pub reason: &'static str,
    /// The reason.
    pub says: String,
}

/// Takes over what comes, and says what became of it.
///
/// # Errors
/// The caller is no operator, or the database cannot be asked; what was taken over until then stays.
pub async fn run(
    act: &Act<'_>,
    wanted: &Wanted<'_>,
    mut elements: mpsc::Receiver<Element>,
) -> Result<Report, ManagementError> {
    act.must_be_operator()?;
    let mut report = Report::default();
    let mut batch = Vec::with_capacity(AT_ONCE);
    while elements.recv_many(&mut batch, AT_ONCE).await > 0 {
        let mut plans = Vec::with_capacity(AT_ONCE);
        for element in batch.drain(..) {
            report.read += 1;
            let client_id = element.client.as_ref().and_then(|own| wanted.source.id_of(own));
            match plan(act, wanted, &element, &mut report.seen) {
                Ok(plan) => plans.push((element.line, plan)),
                Err(skip) => report.skip(element.line, client_id, &skip),
            }
        }
        let written = plans.into_iter().map(async |(line, plan)| {
            let (id, kind, short) = (plan.client_id.clone(), kind(&plan), is_short(&plan));
            (line, id, kind, short, take_over(act, wanted, plan).await)
        });
        for (line, id, kind, short, taken) in join_all(written).await {
            if taken? {
                report.imported += 1;
                *report.secrets.entry(kind).or_default() += 1;
                report.short_secrets += u64::from(short);
            } else {
                report.skip(line, Some(id), &Skip::AlreadyThere);
            }
        }
    }
    report.skipped_clients.sort_by_key(|skipped| skipped.line);
    Ok(report)
}

impl Report {
    fn skip(&mut self, line: u64, client_id: Option<ClientId>, skip: &Skip) {
        *self.skipped.entry(skip.code()).or_default() += 1;
        if self.skipped_clients.len() < TOLD_AT_MOST {
            let (reason, says) = (skip.code(), skip.to_string());
            self.skipped_clients.push(Skipped { line, client_id, reason, says });
        }
    }

    /// How many were not taken over.
    pub fn skipped_in_all(&self) -> u64 {
        self.skipped.values().sum()
    }
}

fn plan(
    act: &Act<'_>,
    wanted: &Wanted<'_>,
    element: &Element,
    seen: &mut HashSet<ClientId>,
) -> Result<Plan, Skip> {
    let found = wanted.source.read(element.client.as_ref().ok_or(Skip::NotAnObject)?)?;
    let plan = wanted.mapping.plan(found, &wanted.organization.policy, act.now)?;
    if !seen.insert(plan.client_id.clone()) {
        return Err(Skip::AlreadyThere);
    }
    Ok(plan)
}

fn kind(plan: &Plan) -> &'static str {
    match &plan.secret {
        FoundSecret::Clear(_) => "clear",
        FoundSecret::Digested(digest) => digest.kind(),
    }
}

fn is_short(plan: &Plan) -> bool {
    matches!(&plan.secret, FoundSecret::Clear(secret) if secret.expose().len() < STRONG_FROM)
}

/// Writes one credential. `false` if one of this id is there.
async fn take_over(
    act: &Act<'_>,
    wanted: &Wanted<'_>,
    plan: Plan,
) -> Result<bool, ManagementError> {
    let key = Key::Credential(plan.client_id.clone());
    if act.store.image(&key).await?.is_some() {
        return Ok(false);
    }
    if wanted.dry_run {
        return Ok(true);
    }
    let id = SecretId::from_entropy(entropy::bytes());
    let mut new = match plan.secret {
        FoundSecret::Clear(secret) => NewSecret::new(id, &secret, act.pepper),
        FoundSecret::Digested(digest) => NewSecret::imported(id, digest),
    };
    new.expires_at = plan.secret_expires_at;
    let by = act.caller.actor.to_string();
    let made = (plan.created_at, by.as_str());
    let owner = wanted.organization.id.clone();
    let own = Credential::imported(plan.client_id, owner, plan.settings, &new, made);
    match act.commit(&Mutation::ImportCredential(Box::new(own), wanted.source)).await {
        Ok(_) => Ok(true),
        Err(ManagementError::Conflict(Conflict::AlreadyExists(_))) => Ok(false),
        Err(why) => Err(why),
    }
}
