//! What mutations do to people and sessions, and what the audit log hears of them.

use serde_json::json;

use super::{Conflict, Mutation, apply::Outcome};
use crate::{
    Person, Session, Timestamp,
    audit::Deed,
    change::{Effect, Image, Key},
};

impl Mutation {
    pub(super) fn on_person(
        &self,
        current: Option<Person>,
        now: Timestamp,
    ) -> Result<Outcome, Conflict> {
        match (self, current) {
            (Self::AddPerson(_), Some(_)) => Err(Conflict::AlreadyExists("the person")),
            (Self::AddPerson(new), None) => {
                let detail = json!({ "email": new.email, "operator": new.is_operator });
                Ok(Outcome::put(Image::Person(new.clone()), None, "person.add", detail))
            }
            (Self::ChangePerson(_, step), Some(person)) => {
                let image = Image::Person(Box::new(person.after(step, now)?));
                Ok(Outcome::put(image, None, step.action(), step.detail()))
            }
            _ => Err(Conflict::NotFound("person")),
        }
    }

    pub(super) fn on_session(
        &self,
        current: Option<Session>,
        now: Timestamp,
    ) -> Result<Outcome, Conflict> {
        match (self, current) {
            (Self::BeginSession(_), Some(_)) => Err(Conflict::AlreadyExists("the session")),
            (Self::BeginSession(new), None) => {
                let detail = json!({ "means": new.means, "browser": new.browser });
                Ok(Outcome::put(Image::Session(new.clone()), None, "session.begin", detail))
            }
            (Self::ConfirmSession(_), Some(session)) => {
                let image = Image::Session(Box::new(Session { confirmed_at: now, ..session }));
                Ok(Outcome::put(image, None, "session.confirm", json!({})))
            }
            (Self::EndSession(_), Some(session)) => Ok(Outcome {
                effect: Effect::Removed(Key::Session(session.id.clone())),
                death: None,
                deed: deed_of_session(&session, "session.end", json!({})),
            }),
            _ => Err(Conflict::NotFound("session")),
        }
    }
}

/// Sessions are found under the person whose they are.
pub(super) fn deed_of_session(
    session: &Session,
    action: &'static str,
    detail: serde_json::Value,
) -> Deed {
    Deed { action, subject: session.person_id.to_string(), organization_id: None, detail }
}
