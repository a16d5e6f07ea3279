//! Telling organizations, at their webhooks and by mail, what happens to their credentials. Tasks that
//! every node runs: one follows the audit log, two look for what comes by itself, and one sends. What they know lies in the store, so nothing is lost when a node dies,
//! and no two nodes send the same. Nothing that a person or a client waits for ever waits here.

mod follow;
mod post;
mod reach;
mod send;
mod watch;

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use hallpass_core::{
    DeliveryId, Image, Organization, OrganizationId,
    change::Key,
    delivery::{Delivery, Target},
    notice::Notice,
    permission::Permission,
};
use hallpass_store::StoreError;
use ipnet::IpNet;

pub use self::{
    follow::follow,
    reach::is_public,
    send::send,
    watch::{watch_addresses, watch_ends},
};
use crate::{app::App, entropy, mail};

/// What a node remembers of its notices between two looks; all of it only saves looks.
#[derive(Debug)]
pub struct Notices {
    poster: Option<post::Poster>,
    /// Up to which event has been told, as this node last saw it.
    told: AtomicU64,
    /// Whether the trouble with the store has been logged.
    in_trouble: Mutex<bool>,
}

impl Notices {
    /// Webhooks may be in these networks beside the public ones.
    pub(crate) fn new(networks: &[IpNet]) -> Self {
        let poster = post::Poster::new(networks.to_vec());
        if let Err(why) = &poster {
            tracing::error!(%why, "No HTTP client for webhooks: nothing is told");
        }
        Self { poster: poster.ok(), told: AtomicU64::new(0), in_trouble: Mutex::new(false) }
    }

    fn told(&self) -> u64 {
        self.told.load(Ordering::Relaxed)
    }

    fn has_told(&self, seq: u64) {
        self.told.fetch_max(seq, Ordering::Relaxed);
    }

    /// Logs that the store is away, once until it is back.
    fn note(&self, outcome: &Result<(), StoreError>) {
        let mut in_trouble =
            self.in_trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match outcome {
            Ok(()) => *in_trouble = false,
            Err(_) if *in_trouble => {}
            Err(why) => {
                *in_trouble = true;
                tracing::warn!(%why, "Notices wait until the database is back");
            }
        }
    }
}

/// The deliveries of a notice: one for every webhook of the organization that hears of its kind,
/// and one for every owner and admin if that kind is mailed.
async fn deliveries(app: &App, notice: &Notice) -> Result<Vec<Delivery>, StoreError> {
    let Some(organization) = organization(app, &notice.organization_id).await? else {
        return Ok(Vec::new());
    };
    let now = app.clock.now();
    let hears = organization.webhooks.iter().filter(|webhook| webhook.hears(notice.kind));
    let webhooks = hears.map(|webhook| Target::Webhook(webhook.id.clone()));
    let is_mailed = organization.mailed.contains(&notice.kind) && mail::is_set_up(&app.config);
    let managers = organization
        .members
        .iter()
        .filter(|member| is_mailed && member.role.may(Permission::ManageSettings));
    let members = managers.map(|member| Target::Mail(member.person_id.clone()));
    let id = || DeliveryId::from_entropy(entropy::bytes());
    let delivery = |target| Delivery::new(id(), notice, target, now);
    Ok(webhooks.chain(members).map(delivery).collect())
}

async fn organization(app: &App, id: &OrganizationId) -> Result<Option<Organization>, StoreError> {
    match app.store.image(&Key::Organization(id.clone())).await? {
        Some(Image::Organization(organization)) => Ok(Some(organization)),
        _ => Ok(None),
    }
}
