//! Acts on webhooks: where an organization hears of its credentials. Owners and admins see and
//! change them; a webhook's secret is shown when it is made, and never again.

use std::collections::BTreeSet;

use hallpass_core::{
    DeliveryId, Mutation, OrganizationId, WebhookId,
    delivery::{Delivery, Target},
    notice::{self, Kind},
    organization::OrganizationStep,
    permission::Permission,
    webhook::{SigningSecret, Webhook, WebhookUrl},
};

use super::{Act, ManagementError};
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

/// A webhook with a new secret: shown once, then dropped.
#[derive(Debug)]
pub struct Made {
    /// The webhook.
    pub webhook: Webhook,
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
) -> Result<Webhook, ManagementError> {
    let organization = act.organization(id, Permission::ManageSettings).await?;
    organization.webhook(webhook_id).cloned().ok_or(ManagementError::NotFound("webhook"))
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
    put(act, id, webhook.clone()).await?;
    Ok(Made { webhook, secret })
}

/// Changes a webhook; its secret stays.
pub async fn update(
    act: &Act<'_>,
    id: &OrganizationId,
    webhook_id: &WebhookId,
    wanted: Wanted,
) -> Result<Webhook, ManagementError> {
    let mut webhook = find(act, id, webhook_id).await?;
    webhook.url = wanted.url;
    webhook.kinds = chosen(wanted.kinds)?;
    webhook.is_paused = wanted.is_paused;
    put(act, id, webhook.clone()).await?;
    Ok(webhook)
}

/// Gives a webhook another secret. The old one signs nothing any more.
pub async fn rotate_secret(
    act: &Act<'_>,
    id: &OrganizationId,
    webhook_id: &WebhookId,
) -> Result<Made, ManagementError> {
    let mut webhook = find(act, id, webhook_id).await?;
    let secret = SigningSecret::from_entropy(entropy::bytes());
    webhook.secret = act.vault.seal_webhook(webhook_id, secret.bytes(), entropy::bytes())?;
    put(act, id, webhook.clone()).await?;
    Ok(Made { webhook, secret })
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
    let webhook = find(act, id, webhook_id).await?;
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

/// Sends a delivery again, whatever came of it before.
pub async fn send_again(
    act: &Act<'_>,
    id: &OrganizationId,
    delivery_id: &DeliveryId,
) -> Result<Delivery, ManagementError> {
    act.organization(id, Permission::ManageSettings).await?;
    let found = act.store.delivery(delivery_id).await?;
    let own = found.filter(|delivery| delivery.organization_id == *id);
    let delivery = own.ok_or(ManagementError::NotFound("delivery"))?.again(act.now);
    act.store.put_delivery(&delivery).await?;
    Ok(delivery)
}

fn chosen(kinds: BTreeSet<Kind>) -> Result<BTreeSet<Kind>, ManagementError> {
    if kinds.is_empty() {
        return Err(ManagementError::invalid("kinds", "choose at least one kind of notice"));
    }
    Ok(kinds)
}

async fn put(act: &Act<'_>, id: &OrganizationId, webhook: Webhook) -> Result<(), ManagementError> {
    let step = OrganizationStep::PutWebhook(Box::new(webhook));
    act.commit(&Mutation::ChangeOrganization(id.clone(), step)).await?;
    Ok(())
}
