//! What a restarted server and the files say after processes were killed, held against what had
//! been acknowledged.

use std::collections::{BTreeMap, HashMap};

use hallpass_core::{
    Change, ClientId, Credential, Image,
    change::{Effect, Key},
    credential::{SecretStatus, Status},
};
use hallpass_server::clock::{Clock, SystemClock};
use hallpass_store::{Feed, SqliteStore, Store, sqlite::Options};
use hallpass_token::feed::{Entry, Snapshot};

use super::Ledger;
use crate::{
    node::Node,
    place::{Login, Place},
};

/// More changes than any round makes.
const ALL: usize = 1_000_000;

/// The logs as they are on disk.
pub(super) struct Aftermath {
    store: SqliteStore,
    log: Vec<Change>,
    feed: Feed,
    events: u64,
}

impl Aftermath {
    pub(super) async fn of(place: &Place) -> Self {
        let path = place.data().join("hallpass.db");
        let store = SqliteStore::open_existing(&path, Options::default()).unwrap();
        // The store itself refuses a log with a gap.
        let log = store.changes_after(0, ALL).await.unwrap();
        let feed = store.feed().await.unwrap();
        Self { store, log, feed, events: place.whole_audit_log().await }
    }

    pub(super) async fn check(&self, ledger: &Ledger, node: &Node, api: &Login) {
        self.numbers_have_no_gap();
        self.everything_acknowledged_is_there(ledger);
        self.rows_are_as_the_log_says().await;
        node.applied(self.log.len() as u64).await;
        self.the_server_knows_every_death(node).await;
        self.the_server_issues_and_refuses(ledger, node).await;
        for token in &ledger.alive {
            assert_eq!(node.introspect(api, token).await["active"], true);
        }
        for token in &ledger.revoked {
            assert_eq!(node.introspect(api, token).await["active"], false);
        }
    }

    fn numbers_have_no_gap(&self) {
        assert!(self.log.iter().map(|change| change.seq).eq(1..=self.log.len() as u64));
        // One event for each change, the last included.
        assert_eq!(self.events, self.log.len() as u64);
        let deaths = self.log.iter().filter_map(|change| change.death.as_ref());
        assert!(deaths.map(|death| death.feed_seq).eq(1..=self.feed.feed_seq));
    }

    fn everything_acknowledged_is_there(&self, ledger: &Ledger) {
        for acknowledged in &ledger.by_writers {
            let at = usize::try_from(acknowledged.change.seq).unwrap() - 1;
            assert_eq!(self.log.get(at), Some(&acknowledged.change));
        }
    }

    /// The last state of each credential in the log; `None` when it was deleted.
    fn credentials(&self) -> HashMap<&ClientId, Option<&Credential>> {
        let states = self.log.iter().filter_map(|change| match &change.effect {
            Effect::Put(Image::Credential(own)) => Some((&own.client_id, Some(&**own))),
            Effect::Removed(Key::Credential(id)) => Some((id, None)),
            _ => None,
        });
        states.collect()
    }

    async fn rows_are_as_the_log_says(&self) {
        for (id, state) in self.credentials() {
            let row = self.store.image(&Key::Credential(id.clone())).await.unwrap();
            assert_eq!(row, state.map(|own| Image::Credential(Box::new(own.clone()))), "{id}");
        }
    }

    async fn the_server_knows_every_death(&self, node: &Node) {
        let deaths = self.log.iter().filter_map(|change| change.death.as_ref());
        let last: BTreeMap<String, &Entry> =
            deaths.map(|death| (death.entry.key(), &death.entry)).collect();
        let answer = node.get("/revocations").await.unwrap().to_string();
        let read = Snapshot::from_json(answer.as_bytes()).unwrap();
        assert_eq!(read.not_understood, []);
        assert_eq!(read.snapshot.seq, self.feed.feed_seq);
        let known: BTreeMap<String, &Entry> =
            read.snapshot.entries.iter().map(|entry| (entry.key(), entry)).collect();
        assert_eq!(known, last);
    }

    async fn the_server_issues_and_refuses(&self, ledger: &Ledger, node: &Node) {
        let (credentials, now) = (self.credentials(), SystemClock.now());
        for login in &ledger.by_commands {
            node.token(login).await.unwrap();
        }
        for acknowledged in &ledger.by_writers {
            let Some((secret_id, secret)) = &acknowledged.secret else { continue };
            let id = &acknowledged.client_id;
            let login = Login { client_id: id.to_string(), secret: secret.clone() };
            let own = credentials[id];
            let usable = own.is_some_and(|own| {
                let of_this = own.secret(secret_id).map(|secret| secret.status(now));
                own.status == Status::Active && of_this == Some(SecretStatus::Usable)
            });
            let answer = node.token(&login).await;
            assert_eq!(answer.is_ok(), usable, "{id}: {answer:?}, {own:?}");
        }
    }
}
