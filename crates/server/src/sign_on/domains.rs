//! Which organization a domain's people belong to: kept true by the change log, since strangers
//! ask at the door.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use hallpass_core::{Email, Organization, OrganizationId};

/// Domains of single sign-on.
#[derive(Debug, Default)]
pub(crate) struct SignOnDomains(RwLock<HashMap<String, OrganizationId>>);

impl SignOnDomains {
    /// An organization as it is now.
    pub(crate) fn hear_of(&self, organization: &Organization) {
        let is_known = |map: &HashMap<String, OrganizationId>| {
            map.values().any(|known| *known == organization.id)
        };
        // Most organizations have none, and most changes are about others.
        if organization.sign_on.is_none()
            && !is_known(&self.0.read().unwrap_or_else(PoisonError::into_inner))
        {
            return;
        }
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        map.retain(|_, known| *known != organization.id);
        let domains = organization.sign_on.iter().flat_map(|sign_on| &sign_on.domains);
        for domain in domains {
            // Whoever named a domain first has it; nobody can take it from them by a race.
            map.entry(domain.as_str().to_owned()).or_insert_with(|| organization.id.clone());
        }
    }

    /// Where the people of this address's domain sign in.
    pub(crate) fn of(&self, email: &Email) -> Option<OrganizationId> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&email.domain()).cloned()
    }

    /// Whether anybody signs in elsewhere.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}
