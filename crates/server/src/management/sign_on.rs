//! Acts on single sign-on. Operators say where an organization's people sign in, and for which
//! domains its provider may speak; and here is decided who a vouched-for person is.

use std::net::IpAddr;

use hallpass_core::{
    Change, Conflict, Email, Image, Mutation, Organization, OrganizationId, Person, PersonId,
    change::Key,
    organization::{Domain, Invitation, OrganizationStep, ProviderIssuer, SignOn},
    permission::{Duty, Role},
    person::{PersonStep, Subject},
};
use hallpass_store::PersonBy;
use zeroize::Zeroizing;

use super::{Act, Caller, ManagementError, members, organizations, people};
use crate::{
    entropy,
    sign_on::{self, Vouched},
};

/// What an operator says of a provider.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The provider's issuer.
    pub issuer: ProviderIssuer,
    /// Who we are to it.
    pub client_id: String,
    /// The secret that goes with that.
    pub client_secret: Zeroizing<String>,
    /// The domains whose people sign in there.
    pub domains: Vec<Domain>,
    /// What they become at first.
    pub default_role: Role,
}

/// The organization whose people's way in the caller may change.
pub async fn of(act: &Act<'_>, id: &OrganizationId) -> Result<Organization, ManagementError> {
    act.must_have(Duty::WriteSignOn)?;
    match act.store.image(&Key::Organization(id.clone())).await? {
        Some(Image::Organization(organization)) => Ok(organization),
        _ => Err(ManagementError::NotFound("organization")),
    }
}

/// Lets the people of an organization sign in at its own provider.
pub async fn set(
    act: &Act<'_>,
    id: &OrganizationId,
    wanted: Wanted,
) -> Result<Organization, ManagementError> {
    act.must_have(Duty::WriteSignOn)?;
    for other in act.store.organizations().await? {
        let theirs = other.sign_on.iter().flat_map(|sign_on| &sign_on.domains);
        if let Some(taken) = theirs.into_iter().find(|one| wanted.domains.contains(one))
            && other.id != *id
        {
            let why = format!("{} belongs to {}", taken.as_str(), other.name);
            return Err(ManagementError::invalid("domains", why));
        }
    }
    let name = sign_on::secret_name(id);
    let sealed = act.vault.seal_key(&name, wanted.client_secret.as_bytes(), entropy::bytes());
    let sign_on = SignOn {
        issuer: wanted.issuer,
        client_id: wanted.client_id,
        client_secret: sealed.map_err(|why| ManagementError::invalid("client_secret", why))?,
        domains: wanted.domains,
        default_role: wanted.default_role,
    };
    sign_on.validate().map_err(|why| ManagementError::invalid("sign_on", why))?;
    let step = OrganizationStep::SetSignOn(Some(Box::new(sign_on)));
    organizations::left_by(change(act, id, step).await?)
}

/// Lets them sign in here alone. Who they are to the provider is kept.
pub async fn remove(act: &Act<'_>, id: &OrganizationId) -> Result<Change, ManagementError> {
    act.must_have(Duty::WriteSignOn)?;
    change(act, id, OrganizationStep::SetSignOn(None)).await
}

/// Why somebody whom a provider vouches for is not let in. Said to them: they have proved who they
/// are to their own organization.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotAdmitted {
    /// The provider may not speak for the address, or gave none.
    #[error("your provider did not confirm an e-mail address of your organization's")]
    Address,
    /// They were a member, or are one elsewhere only.
    #[error("you are not a member of this organization: ask an owner or admin to invite you")]
    NoMember,
    /// Power over the installation is not a customer's to lend.
    #[error("operators sign in with a password or a passkey")]
    Operator,
}

/// The person whom a provider vouches for. The first time they are found by their address, or
/// made; from then on by the provider's own name for them.
pub async fn admit(
    act: &Act<'_>,
    organization: &Organization,
    vouched: &Vouched,
    address: Option<IpAddr>,
) -> Result<Result<Person, NotAdmitted>, ManagementError> {
    let Some(sign_on) = &organization.sign_on else {
        return Err(ManagementError::NotFound("single sign-on"));
    };
    let issuer = sign_on.issuer.as_str().to_owned();
    let subject = Subject { issuer, sub: vouched.sub.clone() };
    let known = act.store.find_person(&PersonBy::Subject(subject.clone())).await?;
    let person = match known {
        Some(person) if person.is_operator => return Ok(Err(NotAdmitted::Operator)),
        Some(person) if organization.member(&person.id).is_some() => return Ok(Ok(person)),
        Some(person) => Some(person),
        None => None,
    };
    let email = vouched.email.as_deref().and_then(|text| text.parse::<Email>().ok());
    let email = email.filter(|email| !vouched.email_is_unverified && sign_on.vouches_for(email));
    let (person, email) = match (person, email) {
        (Some(_), None) => return Ok(Err(NotAdmitted::NoMember)),
        (None, None) => return Ok(Err(NotAdmitted::Address)),
        (Some(person), Some(email)) => (person, email),
        (None, Some(email)) => match people::by_email(act, &email).await? {
            Some(person) => (person, email),
            None => (make(act, email.clone(), vouched).await?, email),
        },
    };
    if person.is_operator {
        return Ok(Err(NotAdmitted::Operator));
    }
    let invitation = invitation_to(act, organization, &email).await?;
    if organization.left.contains(&person.id) && invitation.is_none() {
        return Ok(Err(NotAdmitted::NoMember));
    }
    // From here on the person acts, as far as the audit log is concerned.
    let themselves = Caller::person(&person, &[], address);
    let act = Act { caller: &themselves, ..*act };
    let person = link(&act, organization, person, subject).await?;
    let person_id = person.id.clone();
    let step = match invitation {
        Some(Invitation { digest, .. }) => OrganizationStep::Accept { digest, person_id },
        None => OrganizationStep::AddMember(person_id, sign_on.default_role),
    };
    match change(&act, &organization.id, step).await {
        Ok(_) | Err(ManagementError::Conflict(Conflict::AlreadyMember)) => Ok(Ok(person)),
        Err(ManagementError::Conflict(Conflict::HasLeft)) => Ok(Err(NotAdmitted::NoMember)),
        Err(why) => Err(why),
    }
}

/// Whether the organization asks for whoever has this address, as the provider says they do: then
/// they need no link, and whoever has left comes back.
async fn invitation_to(
    act: &Act<'_>,
    organization: &Organization,
    email: &Email,
) -> Result<Option<Invitation>, ManagementError> {
    let Some(found) = organization.invitations.iter().find(|out| out.email == *email) else {
        return Ok(None);
    };
    Ok(members::stands(act, organization, found).await?.then(|| found.clone()))
}

/// The person, known to the provider from now on. Whoever is no member yet may have been given
/// this address by somebody else, who invited them and followed the link in their stead: then
/// nothing of theirs opens the account that the provider vouches for.
async fn link(
    act: &Act<'_>,
    organization: &Organization,
    person: Person,
    subject: Subject,
) -> Result<Person, ManagementError> {
    if person.subjects.contains(&subject) {
        return Ok(person);
    }
    let is_member = organization.member(&person.id).is_some();
    let person = if is_member || !people::can_sign_in(&person) {
        person
    } else {
        people::change(act, &person, PersonStep::StartOver).await?
    };
    people::change(act, &person, PersonStep::AddSubject(subject)).await
}

async fn make(act: &Act<'_>, email: Email, vouched: &Vouched) -> Result<Person, ManagementError> {
    let said = vouched.name.as_deref().and_then(|name| name.parse().ok());
    let name = said.map_or_else(|| email.local().parse(), Ok);
    let name = name.map_err(|why| ManagementError::invalid("name", why))?;
    let person = Person::new(PersonId::from_entropy(entropy::bytes()), email, name, act.now);
    act.commit(&Mutation::AddPerson(Box::new(person.clone()))).await?;
    Ok(person)
}

async fn change(
    act: &Act<'_>,
    id: &OrganizationId,
    step: OrganizationStep,
) -> Result<Change, ManagementError> {
    act.commit(&Mutation::ChangeOrganization(id.clone(), step)).await
}
