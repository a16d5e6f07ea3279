//! How many tokens may still be alive: what was issued within their lifetime, whole hours of it.
//! Nobody keeps a list of tokens, so this is the most there can be, never a count.

use hallpass_core::{
    Api, Credential, Timestamp,
    credential::{SecretRecord, Status},
    usage::{Ending, Usage},
};

/// Hours of usage that are needed to know: the longest lifetime there is.
pub(crate) fn since_hour(apis: &[Api], now: Timestamp) -> u64 {
    let longest = apis.iter().map(|api| api.token_lifetime_s).max().unwrap_or(0);
    now.minus_secs(longest).as_secs() / 3600
}

/// Tokens of one secret, the one at this place, that may be alive.
pub(crate) fn of_secret(
    own: &Credential,
    place: usize,
    usage: &[Usage],
    apis: &[Api],
    now: Timestamp,
) -> u64 {
    let Some(secret) = own.secrets.get(place) else { return 0 };
    if own.is_dead(secret.generation) || has_ended(own, secret, now) {
        return 0;
    }
    let issued = usage
        .iter()
        .filter(|row| usize::from(row.slot.secret) == place && row.slot.ending == Ending::Issued);
    let alive = issued.filter(|row| {
        let lifetime_s = row
            .slot
            .api_id
            .as_ref()
            .and_then(|id| apis.iter().find(|api| api.id == *id))
            .map_or(0, |api| api.token_lifetime_s);
        // The last moment of its hour.
        (row.slot.hour + 1) * 3600 + lifetime_s > now.as_secs()
    });
    alive.map(|row| row.count).sum()
}

/// Tokens of all secrets that may be alive.
pub(crate) fn of_all(own: &Credential, usage: &[Usage], apis: &[Api], now: Timestamp) -> u64 {
    (0..own.secrets.len()).map(|place| of_secret(own, place, usage, apis, now)).sum()
}

/// Tokens end with the secret that minted them, and with their credential.
fn has_ended(own: &Credential, secret: &SecretRecord, now: Timestamp) -> bool {
    let expired = secret.retired_at.is_none() && secret.expires_at.is_some_and(|at| at <= now);
    expired || own.has_expired(now) || matches!(own.status, Status::Revoked { .. })
}

#[cfg(test)]
mod tests {
    use hallpass_core::{
        ApiId, ClientId, Installation, OrganizationId, SecretId,
        credential::{Grant, LiveTokens, NewSecret, Settings},
        secret::{Pepper, Secret},
        usage::Slot,
    };

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);

    fn new_secret(number: u8) -> NewSecret {
        let secret = Secret::from_entropy([number; 32]);
        NewSecret::new(SecretId::from_entropy([number; 16]), &secret, &Pepper::new([9; 32]))
    }

    fn world() -> (Credential, Vec<Api>) {
        let audience = "https://api.example.com".parse().unwrap();
        let api = Api::new(ApiId::from_entropy([1; 16]), "Books".parse().unwrap(), audience, NOW);
        let grant = Grant { api_id: api.id.clone(), scopes: api.scopes.clone() };
        let settings = Settings::new("Reports".parse().unwrap(), vec![grant]);
        let ids = (ClientId::from_entropy([1; 16]), OrganizationId::from_entropy([2; 16]));
        let own = Credential::pending(ids.0, ids.1, settings, &new_secret(1), (NOW, "x"));
        let own = own.activate(NOW).unwrap().add_secret(&new_secret(2), None, (NOW, "x")).unwrap();
        (own, vec![api])
    }

    fn used(own: &Credential, api: &Api, hours_ago: u64, ending: Ending) -> Usage {
        let last_at = NOW.minus_secs(hours_ago * 3600);
        let slot = Slot {
            client_id: own.client_id.clone(),
            secret: 0,
            api_id: Some(api.id.clone()),
            ending,
            hour: last_at.as_secs() / 3600,
        };
        Usage { slot, count: 5, last_at, last_address: None }
    }

    #[test]
    fn tokens_live_as_long_as_their_api_says_and_die_with_what_kills_them() {
        let (own, apis) = world();
        let installation = Installation { longest_lifetime_s: 86_400, vault: None };
        let usage: Vec<Usage> =
            [(0, Ending::Issued), (0, Ending::Refused), (24, Ending::Issued), (25, Ending::Issued)]
                .map(|(ago, ending)| used(&own, &apis[0], ago, ending))
                .to_vec();
        let id = own.secrets[0].id.clone();
        let retired = |live| own.clone().retire_secret(&id, live, &installation, NOW).unwrap();
        let mut ended = own.clone();
        ended.secrets[0].expires_at = Some(NOW);
        for (name, own, first, all) in [
            ("active", own.clone(), 10, 10),
            ("retired", retired(LiveTokens::Keep), 10, 10),
            ("retired with its tokens", retired(LiveTokens::Kill), 0, 0),
            ("paused", own.clone().pause(&installation, NOW).unwrap(), 0, 0),
            ("revoked", own.clone().revoke(&installation, NOW).unwrap(), 0, 0),
            ("ended", ended, 0, 0),
        ] {
            assert_eq!(of_secret(&own, 0, &usage, &apis, NOW), first, "{name}");
            assert_eq!(of_secret(&own, 1, &usage, &apis, NOW), 0, "{name}");
            assert_eq!(of_all(&own, &usage, &apis, NOW), all, "{name}");
        }
        assert_eq!(since_hour(&apis, NOW), NOW.as_secs() / 3600 - 24);
    }
}
