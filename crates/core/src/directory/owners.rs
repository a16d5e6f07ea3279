//! Organizations, as far as the token decision looks at them: whether they are suspended. That is
//! kept apart from their credentials, so that one switch stops them all; and only the exceptions
//! are kept in what a token request reads, since there are few and they stay in the processor's
//! cache, where a row for each of a hundred thousand organizations would not.

use crate::{Organization, OrganizationId, organization::OrganizationStatus};

#[derive(Default)]
pub(super) struct Owners {
    /// Asked only by the writer.
    known: papaya::HashSet<OrganizationId>,
    suspended: papaya::HashSet<OrganizationId>,
}

impl Owners {
    /// Takes over the state of an organization.
    pub(super) fn put(&self, organization: &Organization) {
        let id = &organization.id;
        if organization.status == OrganizationStatus::Suspended {
            self.suspended.pin().insert(id.clone());
        } else {
            self.suspended.pin().remove(id);
        }
        self.known.pin().insert(id.clone());
    }

    /// A credential names it: until it is heard of itself, it counts as suspended.
    pub(super) fn hear_of(&self, id: &OrganizationId) {
        // Mostly it is known, and loading asks for every credential.
        if !self.known.pin().contains(id) {
            self.known.pin().insert(id.clone());
            self.suspended.pin().insert(id.clone());
        }
    }

    pub(super) fn is_suspended(&self, id: &OrganizationId) -> bool {
        self.suspended.pin().contains(id)
    }
}
