//! What must never happen, whatever the world does. Each rule says when it applies; what it needs
//! to know it takes from true time and from what was asked for, never from the code under test.

use std::time::Duration;

use hallpass_core::{
    Image,
    change::Key,
    credential::{SecretStatus, Status},
    grant::Refusal,
    organization::OrganizationStatus,
};
use hallpass_verifier::{Rejection, WhenStale};
use tokio::time::Instant;

use crate::{
    fate::{Fate, Token},
    node::Issued,
    setup::Client,
    world::World,
};

/// By when everybody who is connected has heard of a death.
const BOUND: Duration = Duration::from_secs(1);

/// From when on a verifier that has missed a death says that it is blind: 5 s, and what clocks and
/// rounding add.
const BLIND: Duration = Duration::from_millis(8100);

/// What clocks and rounding add to a staleness.
const ROUNDING: Duration = Duration::from_millis(3100);

/// How long after a storm a node may still wait for answers of before: two questions, four ways of
/// at most 2 s, and the next poll.
pub(crate) const SETTLED: Duration = Duration::from_secs(10);

impl World {
    /// A verifier has judged a token.
    pub(crate) fn judge(
        &self,
        checker: usize,
        token: &Token,
        verdict: &Result<(), Rejection>,
        is_end: bool,
    ) -> Result<(), String> {
        let now = Instant::now();
        let through = self.through(checker);
        match (token.fate(&self.database, &self.acknowledged), verdict) {
            (Fate::Dead(since), Ok(())) => self.accepted_dead(checker, since, through),
            (Fate::Live, Err(why)) => {
                // Keys are asked for on whatever line there is, and whoever does not wait hears of
                // a new one the next time. The end waits.
                let is_about_keys = matches!(why, Rejection::UnknownKey { .. })
                    || matches!(why, Rejection::Unavailable(why) if !why.starts_with("revocations"));
                let is_excused = is_about_keys && !is_end;
                match through {
                    // A token may be there before its verifier has heard that its credential is back.
                    Some(since) if now > since.max(token.at) + BOUND && !is_excused => {
                        Err(format!(
                            "verifier {checker} has been connected for {:?} and refused a live token: {why}",
                            now - since
                        ))
                    }
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn accepted_dead(
        &self,
        checker: usize,
        since: Instant,
        through: Option<Instant>,
    ) -> Result<(), String> {
        let now = Instant::now();
        let dead_for = now.saturating_duration_since(since);
        let machine = &self.checkers[checker];
        if let Some(through) = through
            && now > since.max(through) + BOUND
        {
            return Err(format!(
                "verifier {checker} is connected and accepted a token that was dead for {dead_for:?}"
            ));
        }
        let is_blind = machine.verifier().is_some_and(|verifier| verifier.status().feed.blind);
        if dead_for > BLIND && !is_blind {
            return Err(format!(
                "verifier {checker} accepted a token that was dead for {dead_for:?}, and does not \
                 know that it is blind"
            ));
        }
        let most = Duration::from_secs(machine.max_staleness_s) + ROUNDING;
        if machine.when_stale == WhenStale::FailClosed && dead_for > most {
            return Err(format!(
                "verifier {checker} fails closed after {} s and accepted a token that was dead for \
                 {dead_for:?}",
                machine.max_staleness_s
            ));
        }
        Ok(())
    }

    /// Since when a verifier has had a whole stream from a node that has had a good store.
    pub(crate) fn through(&self, checker: usize) -> Option<Instant> {
        let machine = &self.checkers[checker];
        let (node, since) = machine.sight.through()?;
        let line_since = machine.lines[node].good_since()?;
        let node_since = self.nodes[node].good_since()? + SETTLED;
        Some(since.max(line_since).max(node_since))
    }

    /// A node has answered a token request.
    pub(crate) fn answered(
        &self,
        node: usize,
        client: &Client,
        secret: usize,
        answer: &Result<Issued, Refusal>,
    ) -> Result<(), String> {
        let now = Instant::now();
        let machine = &self.nodes[node];
        let is_cut_off = matches!(answer, Err(Refusal::TemporarilyUnavailable { .. }));
        let (is_granted, must_grant) = (answer.is_ok(), self.grants(client, secret));
        if let (true, Some(cut)) = (is_granted, machine.line.cut_since()) {
            let most = Duration::from_secs(machine.max_staleness_s) + Duration::from_millis(100);
            if now > cut + most {
                return Err(format!(
                    "node {node} has been cut off for {:?} and issued a token",
                    now - cut
                ));
            }
        }
        let own = Key::Credential(client.client_id.clone());
        let last = self.database.last_about(&own);
        let ack = last.and_then(|(seq, _)| self.acknowledged.of(seq));
        let is_told_here = ack.is_some_and(|ack| {
            ack.node == node && machine.up_since().is_some_and(|since| since <= ack.at)
        });
        if is_granted && is_told_here && !self.is_active(client) {
            return Err(format!("node {node} acknowledged the end of a credential, and granted"));
        }
        let Some(good) = machine.good_since() else { return Ok(()) };
        let owner = Key::Organization(client.organization_id.clone());
        let owners = self.database.last_about(&owner);
        let changed = [last, owners].into_iter().flatten().map(|(_, at)| at).max();
        let settled = changed.map_or(good + SETTLED, |at| at.max(good + SETTLED)) + BOUND;
        if now <= settled {
            return Ok(());
        }
        if is_cut_off {
            return Err(format!("node {node} has a good store and says that it has none"));
        }
        if is_granted != must_grant {
            return Err(format!(
                "node {node}: granted is {is_granted}, and by the store it should be {must_grant}"
            ));
        }
        Ok(())
    }

    fn is_active(&self, client: &Client) -> bool {
        let image = self.database.image(&Key::Credential(client.client_id.clone()));
        matches!(image, Some(Image::Credential(credential)) if credential.status == Status::Active)
    }

    /// Whether the store says that this secret gets a token.
    fn grants(&self, client: &Client, secret: usize) -> bool {
        let owner = self.database.image(&Key::Organization(client.organization_id.clone()));
        let is_suspended = !matches!(owner, Some(Image::Organization(organization))
            if organization.status == OrganizationStatus::Active);
        let image = self.database.image(&Key::Credential(client.client_id.clone()));
        let Some(Image::Credential(credential)) = image else { return false };
        let now = self.clock.timestamp();
        let secret = credential.secret(&client.secrets[secret].0);
        let is_usable = secret.is_some_and(|record| record.status(now) == SecretStatus::Usable);
        !is_suspended && credential.status == Status::Active && is_usable
    }

    /// What a node shows of the change log must follow it, number by number.
    pub(crate) fn order(&mut self) -> Result<(), String> {
        for (place, node) in self.nodes.iter().enumerate() {
            let Some(live) = node.live() else {
                self.shown[place] = 0;
                continue;
            };
            let applied = live.applied();
            if applied < self.shown[place] {
                return Err(format!("node {place} went back to {applied}"));
            }
            self.shown[place] = applied;
            let (has, must) = (live.feed.seq(), self.database.feed_seq_at(applied));
            if has != must {
                return Err(format!(
                    "node {place} is at {applied} and its feed at {has}; it must be at {must}"
                ));
            }
        }
        for (place, checker) in self.checkers.iter().enumerate() {
            if let Some(disorder) = checker.sight.disorder() {
                return Err(format!("verifier {place}: {disorder}"));
            }
        }
        Ok(())
    }

    /// After everything has healed, everybody agrees.
    pub(crate) fn agree(&mut self) -> Result<(), String> {
        for (seq, change) in &*self.promised() {
            if self.database.written(*seq).is_none_or(|written| written.change != *change) {
                return Err(format!("change {seq} was acknowledged and is lost"));
            }
        }
        let end = self.database.last_seq();
        let deaths = self.database.feed_seq_at(end);
        for (place, node) in self.nodes.iter().enumerate() {
            let applied = node.live().map(|live| live.applied());
            if applied != Some(end) {
                return Err(format!("node {place} is at {applied:?} and the store at {end}"));
            }
        }
        for (place, checker) in self.checkers.iter().enumerate() {
            let feed = checker.verifier().map(|verifier| verifier.status().feed);
            let Some(feed) = feed else { return Err(format!("verifier {place} has not started")) };
            if feed.seq != Some(deaths) || feed.blind {
                return Err(format!("verifier {place} has not come back: {feed:?}, not {deaths}"));
            }
            if self.through(place).is_none_or(|since| Instant::now() <= since + BOUND) {
                return Err(format!("verifier {place} has no whole stream"));
            }
        }
        Ok(())
    }
}
