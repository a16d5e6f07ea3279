//! Acts on passkeys: people add, rename and remove their own, and sign in with them.

use hallpass_core::{
    Person,
    passkey::{Assertion, NoPasskey, PasskeyState, Registered, Site},
    person::{Passkey, PersonStep},
    text::Name,
};
use hallpass_store::{PersonBy, Store, StoreError};

use super::{Act, ManagementError, people, sessions::must_be};

/// Adds a passkey that was just made.
pub async fn add(
    act: &Act<'_>,
    person: &Person,
    name: Name,
    made: Registered,
) -> Result<Person, ManagementError> {
    let state = serde_json::to_value(&made.state)
        .map_err(|why| ManagementError::invalid("passkey", why))?;
    let passkey = Passkey { id: made.id, name, state, created_at: act.now, last_used_at: None };
    take(act, person, PersonStep::AddPasskey(Box::new(passkey))).await
}

/// Calls a passkey otherwise.
pub async fn rename(
    act: &Act<'_>,
    person: &Person,
    id: &str,
    name: Name,
) -> Result<Person, ManagementError> {
    take(act, person, PersonStep::RenamePasskey { id: id.to_owned(), name }).await
}

/// Removes a passkey. Every session ends, as any may have begun with it.
pub async fn remove(act: &Act<'_>, person: &Person, id: &str) -> Result<Person, ManagementError> {
    take(act, person, PersonStep::RemovePasskey { id: id.to_owned() }).await
}

/// A passkey that has proved its owner, before that is noted.
#[derive(Clone, Debug)]
pub struct Proved {
    /// Whose it is.
    pub person: Person,
    id: String,
    state: PasskeyState,
}

/// Whose passkey an answer proves, if anybody's. `Err` in the answer is for the log: whoever asks
/// learns only that it did not work.
pub async fn proved_by(
    store: &dyn Store,
    answer: &Assertion,
    challenge: &[u8],
    site: Site<'_>,
) -> Result<Result<Proved, NoPasskey>, StoreError> {
    const UNKNOWN: NoPasskey = NoPasskey::Other("installation");
    let found = store.find_person(&PersonBy::Passkey(answer.id.clone())).await?;
    let Some(person) = found else { return Ok(Err(UNKNOWN)) };
    // The authenticator says whose it is, unless it was told; then it must be right.
    if answer.user().is_some_and(|user| user != person.id.as_str()) {
        return Ok(Err(NoPasskey::Other("person")));
    }
    let known = person.passkey(&answer.id).map(|own| serde_json::from_value(own.state.clone()));
    let Some(Ok(known)) = known else { return Ok(Err(UNKNOWN)) };
    let checked = answer.check(&known, challenge, site);
    Ok(checked.map(|state| Proved { person, id: answer.id.clone(), state }))
}

/// Notes that a passkey was used: its counter has moved.
pub async fn used(act: &Act<'_>, proved: &Proved) -> Result<Person, ManagementError> {
    let state = serde_json::to_value(&proved.state)
        .map_err(|why| ManagementError::invalid("passkey", why))?;
    let step = PersonStep::UsePasskey { id: proved.id.clone(), state };
    take(act, &proved.person, step).await
}

async fn take(act: &Act<'_>, person: &Person, step: PersonStep) -> Result<Person, ManagementError> {
    must_be(act, person)?;
    people::change(act, person, step).await
}
