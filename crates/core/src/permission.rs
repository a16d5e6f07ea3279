//! Who may do what within an organization: one table. Whoever acts asks it; nothing else knows
//! what a role means.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What a member is to an organization.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything; an organization always has one.
    Owner,
    /// Everything but making and unmaking owners.
    Admin,
    /// Makes and keeps credentials.
    Developer,
    /// Sees everything, changes nothing.
    Auditor,
}

/// Why a text is no role.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a role is one of owner, admin, developer, auditor")]
pub struct BadRole;

impl Role {
    /// Every role, the mightiest first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Admin, Self::Developer, Self::Auditor];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Developer => "developer",
            Self::Auditor => "auditor",
        }
    }

    /// What it may do, in words for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Owner => "may do everything, and names other owners",
            Self::Admin => "manages members, policy and all credentials",
            Self::Developer => "makes and keeps credentials",
            Self::Auditor => "sees everything, changes nothing",
        }
    }

    /// Whether this role has a permission.
    pub fn may(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Self::Owner => true,
            Self::Admin => permission != P::ManageOwners,
            Self::Developer => {
                matches!(permission, P::ReadCredentials | P::WriteCredentials | P::ReadMembers)
            }
            Self::Auditor => {
                matches!(permission, P::ReadCredentials | P::ReadMembers | P::ReadAudit)
            }
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Role {
    type Err = BadRole;

    fn from_str(text: &str) -> Result<Self, BadRole> {
        Self::ALL.into_iter().find(|role| role.word() == text).ok_or(BadRole)
    }
}

/// Something that may be done within an organization.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Permission {
    /// See credentials and their usage; never their secrets, which nobody can see.
    ReadCredentials,
    /// Make credentials and secrets, rotate, pause, revoke and delete them.
    WriteCredentials,
    /// Let a credential that awaits approval become active.
    ApproveCredentials,
    /// See members and invitations.
    ReadMembers,
    /// Invite, change roles, remove; owners only with [`Permission::ManageOwners`].
    ManageMembers,
    /// Make and unmake owners.
    ManageOwners,
    /// See the audit log.
    ReadAudit,
    /// Change policy, webhooks, notices and single sign-on.
    ManageSettings,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 8] = [
        Self::ReadCredentials,
        Self::WriteCredentials,
        Self::ApproveCredentials,
        Self::ReadMembers,
        Self::ManageMembers,
        Self::ManageOwners,
        Self::ReadAudit,
        Self::ManageSettings,
    ];

    /// What it lets one do, to end the sentence "you may not …".
    pub fn verb(self) -> &'static str {
        match self {
            Self::ReadCredentials => "see credentials",
            Self::WriteCredentials => "change credentials",
            Self::ApproveCredentials => "approve credentials",
            Self::ReadMembers => "see members",
            Self::ManageMembers => "manage members",
            Self::ManageOwners => "make or unmake owners",
            Self::ReadAudit => "see the audit log",
            Self::ManageSettings => "change the organization's settings",
        }
    }
}

/// Something that may be done to the whole installation. Operators may do all of it; no role
/// within an organization has any.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Duty {
    /// See every organization.
    ReadOrganizations,
    /// Make, rename, suspend and resume organizations.
    WriteOrganizations,
    /// Make and change APIs.
    WriteApis,
    /// See the signing keys' public halves and dates.
    ReadKeys,
    /// Rotate signing keys, and kill compromised ones.
    WriteKeys,
    /// See nodes, who follows the feed, and what needs attention.
    ReadNodes,
    /// See and set where the people of an organization sign in.
    WriteSignOn,
    /// Make somebody an operator, or no longer one.
    ManageOperators,
}

impl Duty {
    /// Every duty.
    pub const ALL: [Self; 8] = [
        Self::ReadOrganizations,
        Self::WriteOrganizations,
        Self::WriteApis,
        Self::ReadKeys,
        Self::WriteKeys,
        Self::ReadNodes,
        Self::WriteSignOn,
        Self::ManageOperators,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_may_what_the_table_says() {
        use Permission as P;
        for (permission, who) in [
            (P::ReadCredentials, "owner admin developer auditor"),
            (P::WriteCredentials, "owner admin developer"),
            (P::ApproveCredentials, "owner admin"),
            (P::ReadMembers, "owner admin developer auditor"),
            (P::ManageMembers, "owner admin"),
            (P::ManageOwners, "owner"),
            (P::ReadAudit, "owner admin auditor"),
            (P::ManageSettings, "owner admin"),
        ] {
            let may: Vec<_> = Role::ALL
                .iter()
                .filter(|role| role.may(permission))
                .map(|role| role.word())
                .collect();
            assert_eq!(may.join(" "), who, "{permission:?}");
        }
        assert_eq!(Permission::ALL.len(), 8);
    }

    #[test]
    fn a_role_is_its_word() {
        for role in Role::ALL {
            assert_eq!(role.word().parse(), Ok(role));
        }
        for text in ["", "Owner", "root"] {
            assert_eq!(text.parse::<Role>(), Err(BadRole), "{text}");
        }
    }
}
