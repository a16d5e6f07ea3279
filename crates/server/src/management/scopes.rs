//! The scopes of Hallpass's own management API, and who may give which. A scope is power over
//! Hallpass itself, so nobody can give more of it than they have, nor take it by way of a secret.

use hallpass_core::{
    Credential, OrganizationId, Scopes,
    credential::Settings,
    permission::{Duty, Permission},
};

use super::{Caller, ManagementError};

/// Each permission's scope in the credential's own organization, and in every organization.
const OF_PERMISSIONS: [(Permission, &str, &str); 8] = [
    (Permission::ReadCredentials, "credentials:read", "credentials:read-all"),
    (Permission::WriteCredentials, "credentials:write", "credentials:write-all"),
    (Permission::ApproveCredentials, "credentials:approve", "credentials:approve-all"),
    (Permission::ReadMembers, "members:read", "members:read-all"),
    (Permission::ManageMembers, "members:write", "members:write-all"),
    (Permission::ManageOwners, "owners:write", "owners:write-all"),
    (Permission::ReadAudit, "audit:read", "audit:read-all"),
    (Permission::ManageSettings, "settings:write", "settings:write-all"),
];

/// Each duty's scope. Making operators has none: a program that could would be more than one.
const OF_DUTIES: [(Duty, &str); 7] = [
    (Duty::ReadOrganizations, "organizations:read"),
    (Duty::WriteOrganizations, "organizations:write"),
    (Duty::WriteApis, "apis:write"),
    (Duty::ReadKeys, "keys:read"),
    (Duty::WriteKeys, "keys:write"),
    (Duty::ReadNodes, "nodes:read"),
    (Duty::WriteSignOn, "sign-on:write"),
];

/// The scope that stands for a permission in the credential's own organization.
pub fn own(permission: Permission) -> &'static str {
    of(permission).1
}

/// The scope that stands for a permission in every organization.
pub fn everywhere(permission: Permission) -> &'static str {
    of(permission).2
}

fn of(permission: Permission) -> &'static (Permission, &'static str, &'static str) {
    let found = OF_PERMISSIONS.iter().find(|(one, ..)| *one == permission);
    // The table has every permission, which a test counts.
    found.unwrap_or(&OF_PERMISSIONS[0])
}

/// The scope that stands for a duty, if any does.
pub fn of_duty(duty: Duty) -> Option<&'static str> {
    OF_DUTIES.iter().find(|(one, _)| *one == duty).map(|(_, scope)| *scope)
}

/// The scope that a caller lacks who is told that they may not do this, as [`Permission::verb`]
/// says it.
pub fn lacking(verb: &str) -> Option<&'static str> {
    Permission::ALL.into_iter().find(|permission| permission.verb() == verb).map(own)
}

/// What a scope lets its holder do.
pub fn meaning(scope: &str) -> Option<String> {
    let own = |(permission, own, all): &(Permission, &str, &str)| {
        let verb = permission.verb();
        if *own == scope {
            return Some(format!("{verb} of its organization"));
        }
        (*all == scope).then(|| format!("{verb} of every organization"))
    };
    let duties = [
        "see every organization",
        "make, rename, suspend and resume organizations",
        "make and change APIs",
        "see signing keys",
        "rotate signing keys, and kill compromised ones",
        "see nodes, who follows the revocation feed, and what needs attention",
        "see and set where the people of every organization sign in",
    ];
    OF_PERMISSIONS.iter().find_map(own).or_else(|| {
        let place = OF_DUTIES.iter().position(|(_, one)| *one == scope)?;
        duties.get(place).map(|words| (*words).to_owned())
    })
}

/// Every scope of the management API.
pub fn all() -> Scopes {
    let of_permissions = OF_PERMISSIONS.iter().flat_map(|(_, own, all)| [*own, *all]);
    let scopes = of_permissions.chain(OF_DUTIES.iter().map(|(_, scope)| *scope));
    Scopes::from_words(scopes)
}

/// Those scopes of the management API that a caller may give to a credential of an organization:
/// what a form offers.
pub fn grantable(caller: &Caller, organization_id: &OrganizationId) -> Scopes {
    let all = all();
    Scopes::from_words(all.iter().filter(|scope| may_give(caller, organization_id, scope)))
}

/// Whether a caller may give a scope: those that reach beyond an organization are for operators
/// to give, the others for whoever has the permission.
fn may_give(caller: &Caller, organization_id: &OrganizationId, scope: &str) -> bool {
    if caller.is_operator() {
        return true;
    }
    let permission = OF_PERMISSIONS.iter().find(|(_, own, _)| *own == scope);
    permission.is_some_and(|(permission, ..)| caller.may(*permission, organization_id))
}

/// Whether a caller may do all that a scope allows.
fn has(caller: &Caller, organization_id: &OrganizationId, scope: &str) -> bool {
    may_give(caller, organization_id, scope) || caller.has_scope(scope)
}

/// The power over Hallpass that a credential's settings give.
fn power(settings: &Settings) -> impl Iterator<Item = &str> {
    let own = settings.grants.iter().filter(|grant| grant.api_id.is_management());
    own.flat_map(|grant| grant.scopes.iter())
}

/// Refuses settings that give a credential power over Hallpass which their maker does not have.
/// What it had `before` stays.
pub(super) fn check_given(
    caller: &Caller,
    organization_id: &OrganizationId,
    settings: &Settings,
    before: Option<&Settings>,
) -> Result<(), ManagementError> {
    let had = |scope: &str| before.is_some_and(|before| power(before).any(|one| one == scope));
    let mut given = power(settings).filter(|scope| !had(scope));
    match given.find(|scope| !may_give(caller, organization_id, scope)) {
        None => Ok(()),
        Some(scope) => Err(ManagementError::invalid(
            "scopes",
            format!("{scope} is power over Hallpass that you do not have, so you cannot give it"),
        )),
    }
}

/// Refuses a new secret of a credential that has more power over Hallpass than the caller: whoever
/// gets its secret gets its power.
pub(super) fn check_taken(caller: &Caller, credential: &Credential) -> Result<(), ManagementError> {
    let organization_id = &credential.organization_id;
    if power(&credential.settings).all(|scope| has(caller, organization_id, scope)) {
        return Ok(());
    }
    Err(ManagementError::Forbidden(
        "get a secret of a credential that has more power over Hallpass than you",
    ))
}

#[cfg(test)]
mod tests {
    use hallpass_core::{audit::Actor, permission::Role};

    use super::*;
    use crate::management::Power;

    fn organization_id() -> OrganizationId {
        OrganizationId::from_entropy([1; 16])
    }

    fn caller(power: Power) -> Caller {
        Caller { actor: Actor::Server, power }
    }

    #[test]
    fn every_permission_has_its_scopes_and_every_scope_its_meaning() {
        for permission in Permission::ALL {
            assert_eq!(of(permission).0, permission);
            assert_eq!(lacking(permission.verb()), Some(own(permission)));
            assert_eq!(everywhere(permission), format!("{}-all", own(permission)));
        }
        let without: Vec<_> = Duty::ALL.into_iter().filter(|d| of_duty(*d).is_none()).collect();
        assert_eq!(without, [Duty::ManageOperators]);
        assert_eq!(all().iter().count(), 23);
        for scope in all().iter() {
            assert!(meaning(scope).is_some(), "{scope}");
        }
        assert_eq!(meaning("books:read"), None);
    }

    #[test]
    fn nobody_can_give_more_than_they_have() {
        let member = |role| caller(Power::Member(vec![(organization_id(), role)]));
        let program = |scopes: &str| {
            let scopes = scopes.parse().unwrap();
            caller(Power::Program { organization_id: organization_id(), scopes })
        };
        for (caller, wanted) in [
            (member(Role::Auditor), "audit:read credentials:read members:read"),
            (member(Role::Developer), "credentials:read credentials:write members:read"),
            (program("credentials:write"), "credentials:write"),
            // In its own organization it has the power; beyond, only operators give any.
            (program("credentials:write-all keys:write"), "credentials:write"),
            (caller(Power::Nobody), ""),
        ] {
            let got = grantable(&caller, &organization_id());
            assert_eq!(got.as_str(), wanted, "{:?}", caller.power);
        }
        assert_eq!(grantable(&caller(Power::Operator), &organization_id()), all());
        let owner = grantable(&member(Role::Owner), &organization_id());
        assert_eq!(owner.iter().count(), 8);
        let elsewhere = OrganizationId::from_entropy([2; 16]);
        assert!(grantable(&member(Role::Owner), &elsewhere).is_empty());
    }
}
