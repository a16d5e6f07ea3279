//! `hallpass webhook`: where organizations hear of their credentials.

use anyhow::bail;
use clap::Subcommand;
use hallpass_core::{
    DeliveryId, WebhookId,
    delivery::{Answer, Delivery},
    notice::{BadKind, Kind},
    webhook::{Webhook, WebhookUrl},
};
use hallpass_server::management::webhooks::{self, Made, Wanted};
use serde_json::{Value, json};

use crate::{
    config::Config,
    installation::Installation,
    output::{Output, table},
    when,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a webhook; prints the secret that its messages are signed with, once
    Add {
        /// Id or name of the organization
        organization: String,
        /// Where: an https URL
        url: WebhookUrl,
        /// Of what it hears; may be repeated [default: everything]
        #[arg(long = "kind", value_parser = kind)]
        kinds: Vec<Kind>,
    },
    /// List webhooks
    List {
        /// Id or name of the organization
        organization: String,
    },
    /// Change a webhook; its secret stays
    Update {
        /// Id or name of the organization
        organization: String,
        /// The webhook's id
        webhook: WebhookId,
        /// Where: an https URL
        #[arg(long)]
        url: Option<WebhookUrl>,
        /// Of what it hears; may be repeated. Replaces all
        #[arg(long = "kind", value_parser = kind)]
        kinds: Vec<Kind>,
        /// Call it no more, for the time being
        #[arg(long, conflicts_with = "resume")]
        pause: bool,
        /// Call it again
        #[arg(long)]
        resume: bool,
    },
    /// Give a webhook another secret, and print it, once
    RotateSecret {
        /// Id or name of the organization
        organization: String,
        /// The webhook's id
        webhook: WebhookId,
    },
    /// Send a test
    Test {
        /// Id or name of the organization
        organization: String,
        /// The webhook's id
        webhook: WebhookId,
    },
    /// Remove a webhook
    Remove {
        /// Id or name of the organization
        organization: String,
        /// The webhook's id
        webhook: WebhookId,
    },
    /// List what was sent lately, newest first
    Deliveries {
        /// Id or name of the organization
        organization: String,
        /// Only those before this one: the delivery's id
        #[arg(long)]
        before: Option<DeliveryId>,
        /// At most so many
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Send a delivery again
    SendAgain {
        /// Id or name of the organization
        organization: String,
        /// The delivery's id
        delivery: DeliveryId,
    },
}

fn kind(text: &str) -> Result<Kind, BadKind> {
    text.parse()
}

pub(super) async fn run(command: Command, config: &Config, output: Output) -> anyhow::Result<()> {
    let installation = Installation::open(config).await?;
    let act = installation.act();
    match command {
        Command::Add { organization, url, kinds } => {
            let own = installation.organization(&organization).await?;
            let kinds = if kinds.is_empty() { Kind::ALL.into() } else { kinds };
            let kinds = kinds.into_iter().collect();
            let made =
                webhooks::add(&act, &own.id, Wanted { url, kinds, is_paused: false }).await?;
            print_secret(&made, output);
        }
        Command::List { organization } => {
            let own = installation.organization(&organization).await?;
            let all = webhooks::list(&act, &own.id).await?;
            print_all(&all, output);
        }
        Command::Update { organization, webhook, url, kinds, pause, resume } => {
            let own = installation.organization(&organization).await?;
            let now = webhooks::find(&act, &own.id, &webhook).await?.webhook;
            let wanted = Wanted {
                url: url.unwrap_or(now.url),
                kinds: if kinds.is_empty() { now.kinds } else { kinds.into_iter().collect() },
                is_paused: (now.is_paused || pause) && !resume,
            };
            let changed = webhooks::update(&act, &own.id, &webhook, wanted).await?;
            output.print(&view(&changed.webhook), || format!("Changed webhook {webhook}."));
        }
        Command::RotateSecret { organization, webhook } => {
            let own = installation.organization(&organization).await?;
            print_secret(&webhooks::rotate_secret(&act, &own.id, &webhook).await?, output);
        }
        Command::Test { organization, webhook } => {
            let own = installation.organization(&organization).await?;
            let delivery = webhooks::test(&act, &own.id, &webhook).await?;
            on_its_way(&delivery, output);
        }
        Command::Remove { organization, webhook } => {
            let own = installation.organization(&organization).await?;
            webhooks::remove(&act, &own.id, &webhook).await?;
            output.print(&json!({ "id": webhook }), || format!("Removed webhook {webhook}."));
        }
        Command::Deliveries { organization, before, limit } => {
            let own = installation.organization(&organization).await?;
            let all = webhooks::deliveries(&act, &own.id, before.as_ref(), limit).await?;
            print_deliveries(&all, output);
        }
        Command::SendAgain { organization, delivery } => {
            let own = installation.organization(&organization).await?;
            on_its_way(&webhooks::send_again(&act, &own.id, &delivery).await?, output);
        }
    }
    Ok(())
}

/// Without the secret, sealed or not.
fn view(webhook: &Webhook) -> Value {
    json!({
        "id": webhook.id,
        "url": webhook.url,
        "kinds": webhook.kinds,
        "is_paused": webhook.is_paused,
        "created_at": when::utc(webhook.created_at),
        "created_by": webhook.created_by,
    })
}

fn print_secret(made: &Made, output: Output) {
    let mut value = view(&made.webhook);
    let secret = made.secret.expose();
    value["secret"] = json!(*secret);
    output.print(&value, || {
        format!(
            "Messages of webhook {} to {} are signed with this secret. It is shown only here:\n\n    \
             {}\n",
            made.webhook.id, made.webhook.url, *secret
        )
    });
}

fn print_all(all: &[Webhook], output: Output) {
    let views: Vec<_> = all.iter().map(view).collect();
    output.print(&views, || {
        let row = |webhook: &Webhook| {
            let kinds: Vec<_> = webhook.kinds.iter().map(|kind| kind.word()).collect();
            let status = if webhook.is_paused { "paused" } else { "active" };
            vec![
                webhook.id.to_string(),
                status.to_owned(),
                webhook.url.to_string(),
                kinds.join(" "),
            ]
        };
        let rows: Vec<_> = all.iter().map(row).collect();
        table(&["id", "status", "url", "hears of"], &rows)
    });
}

fn print_deliveries(all: &[Delivery], output: Output) {
    output.print(&all, || {
        let row = |delivery: &Delivery| {
            let last = delivery.tries.last().map(|one| match &one.answer {
                Answer::Taken => "taken".to_owned(),
                Answer::Status(status) => status.to_string(),
                Answer::Trouble(why) => why.clone(),
            });
            vec![
                delivery.id.to_string(),
                when::utc(delivery.created_at),
                delivery.what.clone(),
                delivery.target.id().to_owned(),
                delivery.state.word().to_owned(),
                last.unwrap_or_default(),
            ]
        };
        let rows: Vec<_> = all.iter().map(row).collect();
        table(&["id", "when", "what", "to", "status", "last answer"], &rows)
    });
}

fn on_its_way(delivery: &Delivery, output: Output) {
    output.print(&json!({ "id": delivery.id }), || {
        format!("{} is on its way as soon as a server runs.", delivery.id)
    });
}

/// Kinds of notices, as options name them.
pub(super) fn kinds(words: &[String]) -> anyhow::Result<std::collections::BTreeSet<Kind>> {
    if words == ["none"] {
        return Ok([].into());
    }
    let read = words.iter().map(|word| word.parse().map_err(|why: BadKind| (word, why)));
    match read.collect::<Result<_, _>>() {
        Ok(kinds) => Ok(kinds),
        Err((word, why)) => bail!("{word:?}: {why}, or none"),
    }
}
