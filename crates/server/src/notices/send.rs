//! Sends deliveries: one try at a time, and bounded in time. Whatever comes of it is written down,
//! and if this node dies meanwhile, another takes the delivery up again.

use futures_util::{StreamExt, stream};
use hallpass_core::{
    Organization, PersonId,
    delivery::{Answer, Delivery, Target},
    notice,
    permission::Permission,
    webhook::SigningSecret,
};
use hallpass_store::StoreError;
use tokio::time::Instant;
use tracing::{Instrument, debug, info_span, warn};

use super::post::{Poster, Signed};
use crate::{app::App, mail};

/// How long a taken delivery belongs to this node, in seconds; longer than any try.
const TAKEN_S: u64 = 60;

/// Deliveries that are taken at once, and sent side by side.
const AT_ONCE: usize = 16;

/// Sends what is due.
pub async fn send(app: App) {
    let outcome = tokio::select! {
        // What is on its way then is taken up again by whoever runs next.
        () = app.closing.cancelled() => Ok(()),
        outcome = send_due(&app) => outcome,
    };
    app.notices.note(&outcome);
}

async fn send_due(app: &App) -> Result<(), StoreError> {
    let Some(poster) = &app.notices.poster else { return Ok(()) };
    loop {
        let now = app.clock.now();
        let due = app.store.take_due(now, now.plus_secs(TAKEN_S), AT_ONCE).await?;
        if due.is_empty() {
            return Ok(());
        }
        let sent = stream::iter(due).map(|delivery| try_once(app, poster, delivery));
        let tried: Vec<_> = sent.buffer_unordered(AT_ONCE).collect().await;
        let mut outcome = Ok(());
        for delivery in tried {
            // What was sent is written down even if another cannot be, or it would be sent twice.
            let written = match delivery {
                Ok(delivery) => app.store.put_delivery(&delivery).await,
                Err(why) => Err(why),
            };
            outcome = outcome.and(written);
        }
        outcome?;
    }
}

async fn try_once(app: &App, poster: &Poster, delivery: Delivery) -> Result<Delivery, StoreError> {
    let Some(organization) = super::organization(app, &delivery.organization_id).await? else {
        return Ok(delivery.given_up());
    };
    let (at, begun) = (app.clock.now(), Instant::now());
    let word = match delivery.target {
        Target::Webhook(_) => "webhook",
        Target::Mail(_) => "mail",
    };
    let id = delivery.id.as_str();
    let span = info_span!("delivery", otel.name = word, otel.kind = "producer", delivery.id = id);
    let answer = async {
        Ok::<_, StoreError>(match &delivery.target {
            Target::Webhook(_) => post(app, poster, &organization, &delivery).await,
            Target::Mail(person) => mail_to(app, &organization, person, &delivery).await?,
        })
    };
    let answer = answer.instrument(span).await?;
    let Some(answer) = answer else { return Ok(delivery.given_up()) };
    debug!(delivery.id = %delivery.id, ?answer, "Tried a delivery");
    app.metrics.delivered(answer.is_good());
    Ok(delivery.tried(at, begun.elapsed(), answer))
}

/// Calls a webhook; `None` if there is none any more.
async fn post(
    app: &App,
    poster: &Poster,
    organization: &Organization,
    delivery: &Delivery,
) -> Option<Answer> {
    let Target::Webhook(id) = &delivery.target else { return None };
    let webhook = organization.webhook(id).filter(|webhook| !webhook.is_paused)?;
    let secret = match app.live.keys.vault().open_webhook(id, &webhook.secret) {
        Ok(secret) => SigningSecret::from_bytes(secret),
        Err(why) => {
            warn!(%why, webhook.id = %id, "Cannot open the secret of a webhook");
            return None;
        }
    };
    let timestamp_s = app.clock.now().as_secs();
    let signature = secret.sign(delivery.id.as_str(), timestamp_s, &delivery.body);
    Some(poster.post(&webhook.url, delivery, Signed { timestamp_s, signature }).await)
}

/// Mails a member; `None` if they are none any more, or not one who is to hear of it.
async fn mail_to(
    app: &App,
    organization: &Organization,
    id: &PersonId,
    delivery: &Delivery,
) -> Result<Option<Answer>, StoreError> {
    let member = organization.member(id);
    if !member.is_some_and(|member| member.role.may(Permission::ManageSettings)) {
        return Ok(None);
    }
    let people = app.store.people(std::slice::from_ref(id)).await?;
    let Some(person) = people.first() else { return Ok(None) };
    let body: serde_json::Value = serde_json::from_str(&delivery.body).unwrap_or_default();
    let said = notice::said(&delivery.what, &body["data"]);
    let sent = mail::tell(&app.config, organization, &person.email, &said).await;
    Ok(Some(match sent {
        Ok(()) => Answer::Taken,
        Err(why) => {
            warn!(%why, "A notice was not mailed");
            // What a mail server says is for its operator, not for its customers.
            Answer::Trouble("the mail server did not take it".to_owned())
        }
    }))
}
