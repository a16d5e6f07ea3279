//! Deliveries: one notice on its way to one webhook, or to one member by mail. How often it is tried, and when it is given
//! up, is decided here; sending is the edge's.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    DeliveryId, OrganizationId, PersonId, Timestamp, WebhookId,
    notice::{Notice, date},
};

/// Between one try and the next: from seconds, for a receiver that restarts, to a day, for one
/// that nobody looks at before Monday.
const PAUSES_S: [u64; 11] =
    [5, 30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86_400, 86_400];

/// How often a delivery is tried before it is given up.
pub const TRIES_AT_MOST: usize = PAUSES_S.len() + 1;

/// What came of one try.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The mail server took it.
    Taken,
    /// The receiver answered with this status.
    Status(u16),
    /// It did not: why, in words, without anything that it sent.
    Trouble(String),
}

impl Answer {
    /// Whether the receiver took it.
    pub fn is_good(&self) -> bool {
        match self {
            Self::Taken => true,
            Self::Status(status) => (200..300).contains(status),
            Self::Trouble(_) => false,
        }
    }
}

/// One try.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Try {
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// What came of it.
    pub answer: Answer,
}

/// Where a delivery is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It will be tried, for the first time or again.
    Waiting,
    /// The receiver took it.
    Delivered,
    /// It was tried often enough, or there is nobody left to whom it could go.
    GivenUp,
}

impl State {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::GivenUp => "given up",
        }
    }
}

/// Where a delivery goes.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// To a webhook.
    Webhook(WebhookId),
    /// To a member, by mail.
    Mail(PersonId),
}

impl Target {
    /// Its id. A notice goes to each target once.
    pub fn id(&self) -> &str {
        match self {
            Self::Webhook(id) => id.as_str(),
            Self::Mail(id) => id.as_str(),
        }
    }
}

/// A notice on its way.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id: the same at every try, so that a receiver knows a repetition.
    pub id: DeliveryId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Where it goes.
    pub target: Target,
    /// What it tells, as `subject.verb`.
    pub what: String,
    /// The key of the notice.
    pub key: String,
    /// The message, as it is sent to a webhook and signed.
    pub body: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Where it is.
    pub state: State,
    /// When it is tried next, while it waits.
    pub due_at: Timestamp,
    /// What was tried, oldest first.
    #[serde(default)]
    pub tries: Vec<Try>,
}

impl Delivery {
    /// A delivery of a notice, to be tried at once.
    pub fn new(id: DeliveryId, notice: &Notice, target: Target, now: Timestamp) -> Self {
        let mut data = notice.data.clone();
        data["organization_id"] = json!(notice.organization_id);
        let body = json!({ "type": notice.what, "timestamp": date(notice.at), "data": data });
        Self {
            id,
            organization_id: notice.organization_id.clone(),
            target,
            what: notice.what.to_owned(),
            key: notice.key.clone(),
            body: body.to_string(),
            created_at: now,
            state: State::Waiting,
            due_at: now,
            tries: Vec::new(),
        }
    }

    /// The delivery after a try.
    #[must_use]
    pub fn tried(mut self, at: Timestamp, took: Duration, answer: Answer) -> Self {
        let is_good = answer.is_good();
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.tries.push(Try { at, took_ms, answer });
        if is_good {
            self.state = State::Delivered;
            return self;
        }
        match PAUSES_S.get(self.tries.len() - 1) {
            Some(pause_s) => self.due_at = at.plus_secs(*pause_s),
            None => self.state = State::GivenUp,
        }
        self
    }

    /// The delivery when there is nobody left to whom it could go.
    #[must_use]
    pub fn given_up(mut self) -> Self {
        self.state = State::GivenUp;
        self
    }

    /// The delivery when somebody asks to try it again, whatever came before.
    #[must_use]
    pub fn again(mut self, now: Timestamp) -> Self {
        self.state = State::Waiting;
        self.due_at = now;
        self.tries.clear();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice;

    const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);

    fn delivery() -> Delivery {
        let target = Target::Webhook(WebhookId::from_entropy([1; 16]));
        let notice = notice::test(OrganizationId::from_entropy([2; 16]), "ada", NOW);
        Delivery::new(DeliveryId::from_entropy([4; 16]), &notice, target, NOW)
    }

    fn answered(delivery: Delivery, answer: Answer) -> Delivery {
        let at = delivery.due_at;
        delivery.tried(at, Duration::from_millis(5), answer)
    }

    #[test]
    fn a_body_says_what_happened_when_and_to_whom() {
        let body: serde_json::Value = serde_json::from_str(&delivery().body).unwrap();
        assert_eq!(body["type"], "webhook.test");
        assert_eq!(body["timestamp"], "2025-11-24T16:00:00Z");
        assert_eq!(body["data"]["by"], "ada");
        assert!(body["data"]["organization_id"].as_str().unwrap().starts_with("org_"));
    }

    #[test]
    fn a_delivery_is_tried_for_days_and_then_given_up() {
        let mut delivery = delivery();
        let mut tries = 0;
        while delivery.state == State::Waiting {
            delivery = answered(delivery, Answer::Status(503));
            tries += 1;
        }
        assert_eq!((tries, delivery.state), (TRIES_AT_MOST, State::GivenUp));
        let days = delivery.tries.last().unwrap().at.millis_since(NOW) / 86_400_000;
        assert_eq!(days, 2);
        assert_eq!(delivery.again(NOW).state, State::Waiting);
    }

    #[test]
    fn only_success_ends_it() {
        for (answer, state) in [
            (Answer::Taken, State::Delivered),
            (Answer::Status(200), State::Delivered),
            (Answer::Status(204), State::Delivered),
            (Answer::Status(302), State::Waiting),
            (Answer::Status(410), State::Waiting),
            (Answer::Trouble("no answer within 10 s".to_owned()), State::Waiting),
        ] {
            assert_eq!(answered(delivery(), answer.clone()).state, state, "{answer:?}");
        }
    }
}
