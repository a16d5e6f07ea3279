//! Acts on webhooks: where an organization hears of its credentials. Owners and admins see and
//! change them; a webhook's secret is shown when it is made, and never again.

use std::collections::BTreeSet;

use hallpass_core::{
    DeliveryId, Image, Mutation, Organization, OrganizationId, WebhookId,
    change::Version,
    delivery::{Delivery, Target},
    notice::{self, Kind},
    organization::OrganizationStep,
    permission::Permission,
    webhook::{SigningSecret, Webhook, WebhookUrl},
};

use super::{Act, ManagementError, organizations};
use crate::entropy;

/// How a webhook is to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// Where.
    pub url: WebhookUrl,
    /// Of what it hears.
    pub kinds: BTreeSet<Kind>,
    /// Whether it hears nothing for the time being.
    pub is_paused: bool,
}

/// A webhook, and in which state it was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The webhook.
    pub webhook: Webhook,
    /// The version of the organization, in whose row it is.
    pub version: Version,
}

/// A webhook with a new secret: shown once, then dropped.
#[derive(Debug)]
pub struct Made {
    /// The webhook.
    pub webhook: Webhook,
    /// The version of the organization that has it now.
    pub version: Version,
    /// Its secret in the clear.
    pub secret: SigningSecret,
}

/// The webhooks of an organization.
pub async fn list(act: &Act<'_>, id: &OrganizationId) -> Result<Vec<Webhook>, ManagementError> {
    Ok(act.organization(id, Permission::ManageSettings).await?.webhooks)
}

/// One webhook.
pub async fn find(
    act: &Act<'_>,
    id: &OrganizationId,
    webhook_id: &WebhookId,
) -> Result<Found, ManagementError> {
    found(act.organization(id, Permission::ManageSettings).await?, webhook_id)
}

/// Makes a webhook.
pub async fn add(
    act: &Act<'_>,
    id: &OrganizationId,
    wanted: Wanted,
) -> Result<Made, ManagementError> {
    act.organization(id, Permission::ManageSettings).await?;
    let webhook_id = WebhookId::from_entropy(entropy::bytes());
    let secret = SigningSecret::from_entropy(entropy::bytes());
    let webhook = Webhook {
        secret: act.vault.seal_webhook(&webhook_id, secret.bytes(), entropy::bytes())?,
        id: webhook_id,
        url: wanted.url,
        kinds: chosen(wanted.kinds)?,
        created_at: act.now,
        created_by: act.caller.actor.to_string(),
        is_paused: wanted.is_paused,
    };
    let Found { webhook, version } = put(act, id, webhook).await?;
    Ok(Made { webhook, version, secret })
}

/// Changes a webhook; its secret stays.
pub async fn update(
    act: &Act<'_>,
    id: &OrganizationId,
    webhook_id: &WebhookId,
    wanted: Wanted,
) -> Result<Found, ManagementError> {
    let mut webhook = find(act, id, webhook_id).await?.webhook;
    webhook.url = wanted.url;
    webhook.kinds = chosen(wanted.kinds)?;
    webhook.is_paused = wanted.is_paused;
    put(act, id, webhook).await
}

/// Gives a webhook another secret. The old one signs nothing any more.
pub async fn rotate_secret(
    act: &Act<'_>,
    id: &OrganizationId,
    webhook_id: &WebhookId,
) -> Result<Made, ManagementError> {
    let mut webhook = find(act, id, webhook_id).await?.webhook;
    let secret = SigningSecret::from_entropy(entropy::bytes());
    webhook.secret = act.vault.seal_webhook(webhook_id, secret.bytes(), entropy::bytes())?;
    let Found { webhook, version } = put(act, id, webhook).await?;
    Ok(Made { webhook, version, secret })
}

/// Removes a webhook. What is on its way to it is given up.
pub async fn remove(
    act: &Act<'_>,
    id: &OrganizationId,
    webhook_id: &WebhookId,
) -> Result<(), ManagementError> {
    find(act, id, webhook_id).await?;
    let step = OrganizationStep::RemoveWebhook(webhook_id.clone());
    act.commit(&Mutation::ChangeOrganization(id.clone(), step)).await?;
    Ok(())
}

/// Sends a test.
pub async fn test(
    act: &Act<'_>,
    id: &OrganizationId,
    webhook_id: &WebhookId,
) -> Result<Delivery, ManagementError> {
    let webhook = find(act, id, webhook_id).await?.webhook;
    let notice = notice::test(id.clone(), &act.caller.actor.to_string(), act.now);
    let delivery_id = DeliveryId::from_entropy(entropy::bytes());
    let delivery = Delivery::new(delivery_id, &notice, Target::Webhook(webhook.id), act.now);
    act.store.tell_apart(std::slice::from_ref(&delivery)).await?;
    Ok(delivery)
}

/// What was sent lately, the newest first; after `before` in this order.
pub async fn deliveries(
    act: &Act<'_>,
    id: &OrganizationId,
    before: Option<&DeliveryId>,
    limit: usize,
) -> Result<Vec<Delivery>, ManagementError> {
    act.organization(id, Permission::ManageSettings).await?;
    Ok(act.store.deliveries(id, before, limit).await?)
}

/// One delivery.
pub async fn delivery(
    act: &Act<'_>,
    id: &OrganizationId,
    delivery_id: &DeliveryId,
) -> Result<Delivery, ManagementError> {
    act.organization(id, Permission::ManageSettings).await?;
    let found = act.store.delivery(delivery_id).await?;
    let own = found.filter(|delivery| delivery.organization_id == *id);
    own.ok_or(ManagementError::NotFound("delivery"))
}

/// Sends a delivery again, whatever came of it before.
pub async fn send_again(
    act: &Act<'_>,
    id: &OrganizationId,
    delivery_id: &DeliveryId,
) -> Result<Delivery, ManagementError> {
    let delivery = delivery(act, id, delivery_id).await?.again(act.now);
    act.store.put_delivery(&delivery).await?;
    Ok(delivery)
}

fn chosen(kinds: BTreeSet<Kind>) -> Result<BTreeSet<Kind>, ManagementError> {
    if kinds.is_empty() {
        return Err(ManagementError::invalid("kinds", "choose at least one kind of notice"));
    }
    Ok(kinds)
}

/// Writes a webhook, and finds it in what the organization is then.
async fn put(
    act: &Act<'_>,
    id: &OrganizationId,
    webhook: Webhook,
) -> Result<Found, ManagementError> {
    let webhook_id = webhook.id.clone();
    let step = OrganizationStep::PutWebhook(Box::new(webhook));
    let change = act.commit(&Mutation::ChangeOrganization(id.clone(), step)).await?;
    found(organizations::left_by(change)?, &webhook_id)
}

fn found(organization: Organization, id: &WebhookId) -> Result<Found, ManagementError> {
    let webhook = organization.webhook(id).cloned();
    let webhook = webhook.ok_or(ManagementError::NotFound("webhook"))?;
    Ok(Found { webhook, version: Image::Organization(organization).version() })
}
