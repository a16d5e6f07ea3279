//! Whether anybody still needs a secret: what its traffic tells. By this a rotation is guided: add
//! the second secret, watch the traffic move over, retire the first when it has gone quiet.

use hallpass_core::{
    Api, Credential, Timestamp,
    credential::{SecretRecord, SecretStatus},
    usage::{Ending, Usage},
};
use hallpass_store::{LastUsed, StoreError};

use super::{Act, live_tokens};

/// What the traffic of a secret tells about whether anybody needs it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Traffic {
    /// Nobody has ever used it.
    Never,
    /// Some program asks with it.
    InUse,
    /// Every program that used it would have come back by now: it can be retired.
    Quiet,
}

impl Traffic {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::InUse => "in_use",
            Self::Quiet => "quiet",
        }
    }
}

/// A secret and its traffic.
#[derive(Clone, Debug)]
pub struct Share {
    /// What is known of the secret.
    pub secret: SecretRecord,
    /// Whether it opens anything.
    pub is_usable: bool,
    /// Its last use.
    pub last_used: Option<LastUsed>,
    /// What that tells.
    pub traffic: Traffic,
    /// Tokens that may be alive, at most.
    pub live_tokens: u64,
    /// Tokens that it got in this hour.
    pub last_hour: u64,
    /// Tokens that it got in the last 24 hours.
    pub last_day: u64,
}

impl Share {
    /// Whether nobody would miss it.
    pub fn is_safe_to_retire(&self) -> bool {
        self.is_usable && self.traffic == Traffic::Quiet
    }
}

/// How the traffic of a credential has moved from secret to secret.
#[derive(Clone, Debug)]
pub struct Moving {
    /// For how long a secret must be silent until nobody needs it, in seconds.
    pub quiet_after_s: u64,
    /// Every secret, the newest first.
    pub shares: Vec<Share>,
}

impl Moving {
    /// Looks at a credential that the caller may see.
    pub async fn of(act: &Act<'_>, own: &Credential) -> Result<Self, StoreError> {
        let apis = act.store.apis().await?;
        let now = act.now;
        let since = live_tokens::since_hour(&apis, now).min(hour(now).saturating_sub(23));
        let usage = act.store.usage(&own.client_id, since).await?;
        let used = act.store.last_used(&own.client_id).await?;
        let quiet_after_s = quiet_after_s(own, &apis);
        let share = |(place, secret): (usize, &SecretRecord)| {
            let last_used = used.iter().find(|used| usize::from(used.secret) == place).cloned();
            Share {
                secret: secret.clone(),
                is_usable: secret.status(now) == SecretStatus::Usable,
                traffic: traffic(last_used.as_ref(), quiet_after_s, now),
                last_used,
                live_tokens: live_tokens::of_secret(own, place, &usage, &apis, now),
                last_hour: issued(&usage, place, hour(now)),
                last_day: issued(&usage, place, hour(now).saturating_sub(23)),
            }
        };
        Ok(Self {
            quiet_after_s,
            shares: own.secrets.iter().enumerate().map(share).rev().collect(),
        })
    }

    /// Those that open something, the newest first.
    pub fn usable(&self) -> impl Iterator<Item = &Share> {
        self.shares.iter().filter(|share| share.is_usable)
    }

    /// How much of the last 24 hours' traffic uses the newest secret, of 100; `None` without any.
    pub fn moved(&self) -> Option<u64> {
        let all: u64 = self.usable().map(|share| share.last_day).sum();
        let newest = self.usable().next().map_or(0, |share| share.last_day);
        (all > 0).then(|| newest * 100 / all)
    }

    /// Whether the newest secret works and all others have gone quiet: they can be retired.
    pub fn is_done(&self) -> bool {
        let mut usable = self.usable();
        let newest_works = usable.next().is_some_and(|share| share.traffic == Traffic::InUse);
        let mut others = usable.peekable();
        newest_works
            && others.peek().is_some()
            && others.all(|share| share.traffic != Traffic::InUse)
    }
}

fn hour(at: Timestamp) -> u64 {
    at.as_secs() / 3600
}

/// A program comes back when its token has ended, so not before the longest life of its tokens is
/// over.
fn quiet_after_s(own: &Credential, apis: &[Api]) -> u64 {
    let granted = own.settings.grants.iter();
    let granted = granted.filter_map(|grant| apis.iter().find(|api| api.id == grant.api_id));
    granted.map(|api| api.token_lifetime_s).max().unwrap_or(86_400)
}

fn traffic(used: Option<&LastUsed>, quiet_after_s: u64, now: Timestamp) -> Traffic {
    match used {
        None => Traffic::Never,
        Some(used) if now.millis_since(used.last_at) <= quiet_after_s * 1000 => Traffic::InUse,
        Some(_) => Traffic::Quiet,
    }
}

/// Tokens that the secret at this place got since an hour.
fn issued(usage: &[Usage], place: usize, since_hour: u64) -> u64 {
    let own = usage.iter().filter(|row| {
        usize::from(row.slot.secret) == place
            && row.slot.ending == Ending::Issued
            && row.slot.hour >= since_hour
    });
    own.map(|row| row.count).sum()
}
