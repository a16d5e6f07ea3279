//! Who asks for an act, and with what power. Power comes from a session, a token or the machine
//! itself; never from anything that the request says about its sender.

use hallpass_core::{
    Organization, OrganizationId, Person, Scopes,
    audit::Actor,
    permission::{Duty, Permission, Role},
};

use super::scopes;

/// Why a caller may not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Denied {
    /// They have nothing to do with the organization, and must not learn that it exists.
    Foreign,
    /// They belong to it, but may not do this.
    Lacking(Permission),
    /// Only operators may.
    NoOperator,
}

/// What a caller may do.
#[derive(Clone, Debug)]
pub enum Power {
    /// Everything: whoever holds the machine, or an operator who has signed in.
    Operator,
    /// What their roles let them do.
    Member(Vec<(OrganizationId, Role)>),
    /// A credential of an organization, with a token for the management API.
    Program {
        /// Its organization.
        organization_id: OrganizationId,
        /// The token's scopes.
        scopes: Scopes,
    },
    /// Nothing but what anybody may.
    Nobody,
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// As the audit log names them.
    pub actor: Actor,
    /// What they may do.
    pub power: Power,
}

impl Caller {
    /// Somebody at the command line, who holds the machine.
    pub fn at_the_machine(actor: Actor) -> Self {
        Self { actor, power: Power::Operator }
    }

    /// A person who has signed in and belongs to these organizations.
    pub fn person(
        person: &Person,
        organizations: &[Organization],
        address: Option<std::net::IpAddr>,
    ) -> Self {
        let actor =
            Actor::Person { person_id: person.id.clone(), email: person.email.clone(), address };
        let role = |organization: &Organization| {
            organization.member(&person.id).map(|member| (organization.id.clone(), member.role))
        };
        let power = if person.is_operator {
            Power::Operator
        } else {
            Power::Member(organizations.iter().filter_map(role).collect())
        };
        Self { actor, power }
    }

    /// Whether the caller has a permission in an organization.
    pub fn must(
        &self,
        permission: Permission,
        organization: &OrganizationId,
    ) -> Result<(), Denied> {
        match &self.power {
            Power::Operator => Ok(()),
            Power::Member(roles) => {
                let role = roles.iter().find(|(id, _)| id == organization).map(|(_, role)| role);
                match role {
                    None => Err(Denied::Foreign),
                    Some(role) if role.may(permission) => Ok(()),
                    Some(_) => Err(Denied::Lacking(permission)),
                }
            }
            Power::Program { scopes, .. } if scopes.contains(scopes::everywhere(permission)) => {
                Ok(())
            }
            Power::Program { organization_id, .. } if organization_id != organization => {
                Err(Denied::Foreign)
            }
            Power::Program { scopes, .. } if scopes.contains(scopes::own(permission)) => Ok(()),
            Power::Program { .. } => Err(Denied::Lacking(permission)),
            Power::Nobody => Err(Denied::Foreign),
        }
    }

    /// Whether the caller has a permission in every organization.
    pub fn must_everywhere(&self, permission: Permission) -> Result<(), Denied> {
        let is_granted = self.has_scope(scopes::everywhere(permission));
        if is_granted || self.is_operator() { Ok(()) } else { Err(Denied::NoOperator) }
    }

    /// Whether the caller may do this, as a plain answer: for what a page shows.
    pub fn may(&self, permission: Permission, organization: &OrganizationId) -> bool {
        self.must(permission, organization).is_ok()
    }

    /// Whether the caller may do this to the installation: operators, and programs whose token
    /// has the scope for it.
    pub fn must_have(&self, duty: Duty) -> Result<(), Denied> {
        match (&self.power, scopes::of_duty(duty)) {
            (Power::Operator, _) => Ok(()),
            (Power::Program { scopes, .. }, Some(scope)) if scopes.contains(scope) => Ok(()),
            _ => Err(Denied::NoOperator),
        }
    }

    /// Whether the caller is a program whose token has this scope.
    pub(super) fn has_scope(&self, scope: &str) -> bool {
        matches!(&self.power, Power::Program { scopes, .. } if scopes.contains(scope))
    }

    /// Whether the caller has all power over the installation.
    pub fn must_be_operator(&self) -> Result<(), Denied> {
        match self.power {
            Power::Operator => Ok(()),
            _ => Err(Denied::NoOperator),
        }
    }

    /// Whether the caller has power over the installation, as a plain answer.
    pub fn is_operator(&self) -> bool {
        self.must_be_operator().is_ok()
    }
}
