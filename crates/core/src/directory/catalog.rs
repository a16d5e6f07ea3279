//! The APIs of the installation. There are few and they change rarely, so every change makes a
//! new catalog and readers keep the one that they have.

use std::{collections::HashMap, sync::Arc};

use crate::{Api, ApiId, api};

/// All APIs, by slot and by audience. A slot is never reused, so entries may hold its number.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    slots: HashMap<ApiId, u32>,
    apis: Vec<Option<Arc<Api>>>,
    by_audience: HashMap<String, u32>,
}

impl Catalog {
    /// The API in a slot.
    pub fn api(&self, slot: u32) -> Option<&Arc<Api>> {
        self.apis.get(slot as usize)?.as_ref()
    }

    /// The slot of the API with this audience; a trailing slash makes no difference.
    pub fn by_audience(&self, audience: &str) -> Option<u32> {
        self.by_audience.get(api::comparable(audience)).copied()
    }

    /// Every API.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Api>> {
        self.apis.iter().flatten()
    }

    pub(super) fn slot(&self, id: &ApiId) -> Option<u32> {
        self.slots.get(id).copied()
    }

    pub(super) fn with_slot(mut self, id: &ApiId) -> Self {
        if !self.slots.contains_key(id) {
            self.slots.insert(id.clone(), self.apis.len() as u32);
            self.apis.push(None);
        }
        self
    }

    pub(super) fn with(self, api: Api) -> Self {
        let mut catalog = self.with_slot(&api.id);
        let slot = catalog.slots[&api.id];
        catalog.by_audience.retain(|_, other| *other != slot);
        catalog.by_audience.insert(api.audience.comparable().to_owned(), slot);
        catalog.apis[slot as usize] = Some(Arc::new(api));
        catalog
    }
}
