//! Acts on sessions: beginning one for a person who has proved who they are, and ending them. How
//! they proved it is checked before, by whoever calls.

use std::net::IpAddr;

use hallpass_core::{
    Mutation, Person, Session, Timestamp,
    audit::Actor,
    opaque::{Opaque, OpaqueDigest},
    person::PersonStep,
    session::Means,
    text::Note,
};
use hallpass_store::SeenSession;

use super::{Act, ManagementError};
use crate::entropy;

/// How somebody came in.
#[derive(Clone, Debug)]
pub struct Entrance {
    /// How they proved who they are.
    pub means: Means,
    /// When, if that is known: a provider may remember them from days ago, and not say so.
    pub proved_at: Option<Timestamp>,
    /// When their request arrived: before anything was read that lets them in.
    pub arrived_at: Timestamp,
    /// From where, if known.
    pub address: Option<IpAddr>,
    /// What the browser says it is.
    pub browser: Note,
    /// How long they stay signed in, in seconds.
    pub lasts_s: u64,
}

/// A session that was just begun, with the text for its cookie: handed out once, then dropped.
#[derive(Debug)]
pub struct Begun {
    /// The session.
    pub session: Session,
    /// What the cookie holds.
    pub text: Opaque,
}

/// Begins a session under a name that nobody could have known before.
pub async fn begin(
    act: &Act<'_>,
    person: &Person,
    entrance: Entrance,
) -> Result<Begun, ManagementError> {
    must_be(act, person)?;
    let text = Opaque::from_entropy(entropy::bytes());
    // What the proof was checked against may be out of date by now. A session that is dated before
    // the check is one of those that a new password ends. Whoever ends all sessions themselves, and
    // then begins theirs, has the date of that.
    let now = entrance.arrived_at.max(person.sessions_from);
    let session = Session {
        id: text.digest(),
        person_id: person.id.clone(),
        means: entrance.means,
        begun_at: now,
        ends_at: now.plus_secs(entrance.lasts_s),
        confirmed_at: entrance.proved_at.unwrap_or_default().min(now),
        address: entrance.address,
        browser: entrance.browser,
    };
    act.commit(&Mutation::BeginSession(Box::new(session.clone()))).await?;
    Ok(Begun { session, text })
}

/// Notes that the person has proved again who they are.
pub async fn confirm(
    act: &Act<'_>,
    person: &Person,
    id: &OpaqueDigest,
) -> Result<(), ManagementError> {
    must_be(act, person)?;
    own(act, person, id).await?;
    act.commit(&Mutation::ConfirmSession(id.clone())).await.map(drop)
}

/// The sessions of the person that are not over, the latest first.
pub async fn list(
    act: &Act<'_>,
    person: &Person,
    idle_s: u64,
) -> Result<Vec<SeenSession>, ManagementError> {
    must_be(act, person)?;
    let mut sessions = act.store.sessions(&person.id).await?;
    sessions.retain(|seen| {
        act.now < seen.session.ends_at
            && act.now.millis_since(seen.seen_at) < idle_s * 1000
            && seen.session.begun_at >= person.sessions_from
    });
    Ok(sessions)
}

/// Ends one session of the person's own.
pub async fn end(act: &Act<'_>, person: &Person, id: &OpaqueDigest) -> Result<(), ManagementError> {
    must_be(act, person)?;
    own(act, person, id).await?;
    act.commit(&Mutation::EndSession(id.clone())).await.map(drop)
}

/// Ends every session of the person's own.
pub async fn end_all(act: &Act<'_>, person: &Person) -> Result<(), ManagementError> {
    must_be(act, person)?;
    act.commit(&Mutation::ChangePerson(person.id.clone(), PersonStep::EndSessions)).await.map(drop)
}

async fn own(act: &Act<'_>, person: &Person, id: &OpaqueDigest) -> Result<(), ManagementError> {
    match act.store.session(id).await? {
        Some(seen) if seen.session.person_id == person.id => Ok(()),
        _ => Err(ManagementError::NotFound("session")),
    }
}

/// Nobody acts for somebody else here, whatever their power.
pub(super) fn must_be(act: &Act<'_>, person: &Person) -> Result<(), ManagementError> {
    match &act.caller.actor {
        Actor::Person { person_id, .. } if *person_id == person.id => Ok(()),
        _ => Err(ManagementError::NotFound("person")),
    }
}
