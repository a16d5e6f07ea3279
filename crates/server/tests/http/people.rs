//! People for tests: members with a role, operators, and their sessions.

use hallpass_core::{
    Image, Mutation, Organization, OrganizationId, Person, PersonId, Session, change::Effect,
    opaque::Opaque, organization::OrganizationStep, permission::Role, person::PersonStep,
    session::Means,
};
use hallpass_server::{clock::Clock, management::Caller, passwords::Passwords};

use crate::node::{Node, entropy, operator, organization_id};

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Where nobody of the usual organization belongs.
pub(crate) fn other_organization_id() -> OrganizationId {
    OrganizationId::from_entropy(entropy("other"))
}

pub(crate) fn person_id(name: &str) -> PersonId {
    PersonId::from_entropy(entropy(name))
}

/// Whoever holds the machine.
pub(crate) fn at_the_machine() -> Caller {
    Caller::at_the_machine(operator())
}

/// A person who acts on their own account.
pub(crate) fn caller(person: &Person) -> Caller {
    Caller::person(person, &[], None)
}

impl Node {
    /// Somebody who belongs nowhere: `ada` with the address `ada@example.com`.
    pub(crate) async fn person(&self, name: &str) -> Person {
        let email = format!("{name}@example.com").parse().unwrap();
        let person = Person::new(person_id(name), email, name.parse().unwrap(), self.clock.now());
        self.commit(Mutation::AddPerson(Box::new(person.clone()))).await;
        person
    }

    /// The same, who signs in with [`PASSWORD`].
    pub(crate) async fn person_with_password(&self, name: &str) -> Person {
        let person = self.person(name).await;
        let digest = Passwords::new(1).digest(PASSWORD.to_owned().into()).await.unwrap();
        self.take(&person, PersonStep::SetPassword(digest)).await
    }

    /// A member of the usual organization.
    pub(crate) async fn member(&self, name: &str, role: Role) -> Person {
        let person = self.person(name).await;
        self.join(&organization_id(), &person, role).await;
        person
    }

    /// A member of another organization, which is made with its first one.
    pub(crate) async fn member_elsewhere(&self, name: &str, role: Role) -> Person {
        let id = other_organization_id();
        if self.app.store.organizations().await.unwrap().iter().all(|known| known.id != id) {
            let other = Organization::new(id.clone(), "Other".parse().unwrap(), self.clock.now());
            self.commit(Mutation::AddOrganization(other)).await;
        }
        let person = self.person(name).await;
        self.join(&id, &person, role).await;
        person
    }

    /// Somebody with power over the installation.
    pub(crate) async fn operator(&self, name: &str) -> Person {
        let person = self.person(name).await;
        self.take(&person, PersonStep::SetOperator(true)).await
    }

    /// Something happens to a person, whom it may sign out.
    pub(crate) async fn take(&self, person: &Person, step: PersonStep) -> Person {
        let change = self.commit(Mutation::ChangePerson(person.id.clone(), step)).await;
        self.clock.advance_secs(1);
        match change.effect {
            Effect::Put(Image::Person(person)) => *person,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn join(&self, id: &OrganizationId, person: &Person, role: Role) {
        let step = OrganizationStep::AddMember(person.id.clone(), role);
        self.commit(Mutation::ChangeOrganization(id.clone(), step)).await;
    }

    /// Signs a person in, just now: the value of their `Cookie` header.
    pub(crate) async fn signed_in(&self, person: &Person) -> String {
        let text = Opaque::from_entropy(hallpass_server::entropy::bytes());
        let now = self.clock.now();
        let session = Session {
            id: text.digest(),
            person_id: person.id.clone(),
            means: Means::Password,
            begun_at: now,
            ends_at: now.plus_secs(self.app.config.session_s),
            confirmed_at: now,
            address: None,
            browser: "Test".parse().unwrap(),
        };
        self.commit(Mutation::BeginSession(Box::new(session))).await;
        let name = if self.app.config.is_https() { "__Host-hallpass" } else { "hallpass" };
        format!("{name}={}", text.expose())
    }
}
