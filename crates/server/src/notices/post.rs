//! Calling a webhook: signed, within ten seconds, and only where [`super::reach`] allows. The
//! answer's status is all that is read of it, and a redirect is not followed: it could lead
//! anywhere.

use std::{error::Error, net::IpAddr, time::Duration};

use hallpass_core::{
    delivery::{Answer, Delivery},
    webhook::WebhookUrl,
};
use http::header;
use ipnet::IpNet;
use reqwest::{Client, Url, redirect};

use super::reach::{NotPublic, Reach};

/// For one try, from the name's address to the head of the answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The one HTTP client for webhooks.
#[derive(Debug)]
pub(super) struct Poster {
    client: Client,
    reach: Reach,
}

/// What goes with a message.
pub(super) struct Signed {
    /// When it was signed, in Unix seconds.
    pub(super) timestamp_s: u64,
    /// The signature, as its header says it.
    pub(super) signature: String,
}

impl Poster {
    pub(super) fn new(networks: Vec<IpNet>) -> reqwest::Result<Self> {
        let reach = Reach::new(networks);
        let client = Client::builder()
            .user_agent(concat!("Hallpass/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(reach.clone())
            .redirect(redirect::Policy::none())
            // A proxy would resolve names by itself, and reach what must not be reached.
            .no_proxy()
            .timeout(TIMEOUT)
            .connect_timeout(TIMEOUT / 2)
            .pool_max_idle_per_host(0)
            .build()?;
        Ok(Self { client, reach })
    }

    /// One try.
    pub(super) async fn post(
        &self,
        url: &WebhookUrl,
        delivery: &Delivery,
        signed: Signed,
    ) -> Answer {
        let trouble = |why: &str| Answer::Trouble(why.to_owned());
        let Ok(url) = Url::parse(url.as_str()) else { return trouble("the URL cannot be read") };
        // Names are checked where they are resolved; an address in the URL never gets there.
        let host = url.host_str().unwrap_or_default();
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>();
        if literal.is_ok_and(|address| !self.reach.allows(address)) {
            return trouble(&NotPublic.to_string());
        }
        let request = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", delivery.id.as_str())
            .header("webhook-timestamp", signed.timestamp_s.to_string())
            .header("webhook-signature", signed.signature)
            .body(delivery.body.clone());
        match request.send().await {
            Ok(answer) => Answer::Status(answer.status().as_u16()),
            Err(why) => trouble(&in_words(&why)),
        }
    }
}

/// Why there is no answer, in words for the organization: nothing of the provider's network.
fn in_words(why: &reqwest::Error) -> String {
    let mut source: Option<&(dyn Error + 'static)> = Some(why);
    while let Some(error) = source {
        if let Some(refused) = error.downcast_ref::<NotPublic>() {
            return refused.to_string();
        }
        source = error.source();
    }
    let words = if why.is_timeout() {
        "no answer within 10 seconds"
    } else if why.is_connect() {
        "no connection: the name, the port or the certificate is not right, or nobody listens"
    } else {
        "the connection broke before the answer came"
    };
    words.to_owned()
}
