//! Acts on people: operators, the first of whom nobody names, and the links that let a person in
//! who cannot sign in otherwise.

use hallpass_core::{
    Email, Image, Mutation, Person, PersonId,
    change::{Change, Effect},
    opaque::Opaque,
    person::{LINK_S, Link, PasswordDigest, PersonStep},
    text::Name,
};
use hallpass_store::PersonBy;

use super::{Act, ManagementError};
use crate::entropy;

/// A person, and a link that lets them in once.
#[derive(Debug)]
pub struct LetIn {
    /// Who.
    pub person: Person,
    /// What the link holds: handed out once, then dropped. `None` if they can sign in already.
    pub link: Option<Opaque>,
}

/// Somebody who has no account yet.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// Their address.
    pub email: Email,
    /// What they are called.
    pub name: Name,
    /// What they will sign in with.
    pub password: PasswordDigest,
}

impl Newcomer {
    /// The account that they get.
    pub(super) fn person(self, id: PersonId, act: &Act<'_>) -> Person {
        let mut person = Person::new(id, self.email, self.name, act.now);
        person.password = Some(self.password);
        person
    }
}

/// Whether the installation waits for its first operator, and the text is that of its link.
pub async fn awaits_first_operator(act: &Act<'_>, text: &Opaque) -> Result<bool, ManagementError> {
    let is_the_link = text.digest() == act.vault.set_up_text().digest();
    Ok(is_the_link && act.store.operators().await?.is_empty())
}

/// Makes the first operator. Of several who follow the link at once, one becomes it: their id
/// follows from the vault, so the second is refused by the store.
pub async fn become_first_operator(
    act: &Act<'_>,
    text: &Opaque,
    newcomer: Newcomer,
) -> Result<Person, ManagementError> {
    if !awaits_first_operator(act, text).await? {
        return Err(ManagementError::NotFound("set-up link"));
    }
    let mut person = newcomer.person(act.vault.first_operator_id(), act);
    person.is_operator = true;
    act.commit(&Mutation::AddPerson(Box::new(person.clone()))).await?;
    Ok(person)
}

/// Everyone with power over the installation.
pub async fn operators(act: &Act<'_>) -> Result<Vec<Person>, ManagementError> {
    act.must_be_operator()?;
    Ok(act.store.operators().await?)
}

/// Gives a person power over the installation. They get a link, also if they have an account: that
/// an account has their address does not prove that it is theirs.
pub async fn add_operator(
    act: &Act<'_>,
    email: Email,
    name: Option<Name>,
) -> Result<LetIn, ManagementError> {
    act.must_be_operator()?;
    let Some(person) = by_email(act, &email).await? else {
        let link = Opaque::from_entropy(entropy::bytes());
        // Until they say how they are called.
        let name = name.map_or_else(|| email.local().parse(), Ok);
        let name = name.map_err(|why| ManagementError::invalid("name", why))?;
        let id = PersonId::from_entropy(entropy::bytes());
        let mut person = Person::new(id, email, name, act.now);
        person.is_operator = true;
        person.link = Some(link_of(act, &link));
        act.commit(&Mutation::AddPerson(Box::new(person.clone()))).await?;
        return Ok(LetIn { person, link: Some(link) });
    };
    let person = if person.is_operator {
        person
    } else {
        change(act, &person, PersonStep::SetOperator(true)).await?
    };
    if can_sign_in(&person) { Ok(LetIn { person, link: None }) } else { let_in(act, &person).await }
}

/// Takes power over the installation from a person, who stays a member where they are one.
pub async fn remove_operator(act: &Act<'_>, email: &Email) -> Result<Person, ManagementError> {
    act.must_be_operator()?;
    let operators = act.store.operators().await?;
    let found = operators.iter().find(|person| person.email == *email);
    let person = found.ok_or(ManagementError::NotFound("operator"))?;
    if operators.len() == 1 {
        let why = "this is the last operator: add another first";
        return Err(ManagementError::invalid("email", why));
    }
    change(act, person, PersonStep::SetOperator(false)).await
}

/// A link for a person who has lost every other way in. Whoever has it is that person, so only
/// operators make one.
pub async fn link(act: &Act<'_>, email: &Email) -> Result<LetIn, ManagementError> {
    act.must_be_operator()?;
    let person = by_email(act, email).await?.ok_or(ManagementError::NotFound("person"))?;
    let_in(act, &person).await
}

/// The person whom a link lets in now.
pub async fn let_in_by(act: &Act<'_>, text: &Opaque) -> Result<Person, ManagementError> {
    let found = act.store.find_person(&PersonBy::Link(text.digest())).await?;
    let person = found.filter(|person| person.is_let_in_by(&text.digest(), act.now));
    person.ok_or(ManagementError::Conflict(hallpass_core::Conflict::UsedUp("link")))
}

/// Uses a link up. Whoever does it first is let in.
pub async fn use_link(act: &Act<'_>, text: &Opaque) -> Result<Person, ManagementError> {
    let person = let_in_by(act, text).await?;
    change(act, &person, PersonStep::UseLink(text.digest())).await
}

/// The person of an address.
pub(super) async fn by_email(
    act: &Act<'_>,
    email: &Email,
) -> Result<Option<Person>, ManagementError> {
    Ok(act.store.find_person(&PersonBy::FoldedEmail(email.folded())).await?)
}

/// Whether the person can prove who they are by something that is not used up.
pub fn can_sign_in(person: &Person) -> bool {
    person.password.is_some() || !person.passkeys.is_empty() || !person.subjects.is_empty()
}

async fn let_in(act: &Act<'_>, person: &Person) -> Result<LetIn, ManagementError> {
    let link = Opaque::from_entropy(entropy::bytes());
    let person = change(act, person, PersonStep::SetLink(link_of(act, &link))).await?;
    Ok(LetIn { person, link: Some(link) })
}

fn link_of(act: &Act<'_>, text: &Opaque) -> Link {
    Link { digest: text.digest(), expires_at: act.now.plus_secs(LINK_S) }
}

/// Takes a step of a person's, and returns what they are then.
pub(super) async fn change(
    act: &Act<'_>,
    person: &Person,
    step: PersonStep,
) -> Result<Person, ManagementError> {
    left_by(act.commit(&Mutation::ChangePerson(person.id.clone(), step)).await?)
}

fn left_by(change: Change) -> Result<Person, ManagementError> {
    match change.effect {
        Effect::Put(Image::Person(person)) => Ok(*person),
        _ => Err(ManagementError::NotFound("person")),
    }
}
