//! The query of `GET /v1/books`: `limit, offset, order_by, order, name, search`.

use std::{cmp::Ordering, fmt::Write};

use serde_json::{Value, json};

use crate::shelf::{Book, Shelf};

const LIMIT_AT_MOST: usize = 100;

/// What to list, in which order.
#[derive(Default)]
pub(crate) struct Selection {
    /// Books on a page; without it all come, without a page's envelope.
    pub(crate) limit: Option<usize>,
    /// Books to skip.
    pub(crate) offset: usize,
    order_by: Option<String>,
    descending: bool,
    name: Option<String>,
    search: Option<String>,
}

impl Selection {
    /// Reads the query; the error says what is wrong and what is right.
    pub(crate) fn parse(pairs: &[(String, String)]) -> Result<Self, String> {
        let mut selection = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "limit" => match value.parse() {
                    Ok(limit) if (1..=LIMIT_AT_MOST).contains(&limit) => {
                        selection.limit = Some(limit);
                    }
                    _ => return Err(format!("limit must be a number from 1 to {LIMIT_AT_MOST}")),
                },
                "offset" => {
                    selection.offset =
                        value.parse().map_err(|_| "offset must be a number from 0 on")?;
                }
                "order_by" if ["pk", "name", "created"].contains(&value.as_str()) => {
                    selection.order_by = Some(value.clone());
                }
                "order_by" => return Err("order_by must be pk, name or created".to_owned()),
                "order" => match value.as_str() {
                    "asc" => selection.descending = false,
                    "desc" => selection.descending = true,
                    _ => return Err("order must be asc or desc".to_owned()),
                },
                "name" => selection.name = Some(value.clone()),
                "search" => selection.search = Some(value.to_lowercase()),
                _ => {
                    let known = "limit, offset, order_by, order, name and search";
                    return Err(format!("unknown parameter; there are {known}"));
                }
            }
        }
        Ok(selection)
    }

    /// The books that are meant, in order.
    pub(crate) fn select<'s>(&self, shelf: &'s Shelf) -> Vec<&'s Book> {
        let is_meant = |book: &&Book| {
            self.name.as_ref().is_none_or(|name| book.name == *name)
                && self.search.as_ref().is_none_or(|part| book.name.to_lowercase().contains(part))
        };
        let mut found: Vec<&Book> = shelf.books.iter().filter(is_meant).collect();
        found.sort_by(|a, b| {
            let order = self.compare(a, b);
            if self.descending { order.reverse() } else { order }
        });
        found
    }

    fn compare(&self, a: &Book, b: &Book) -> Ordering {
        match self.order_by.as_deref() {
            Some("name") => a.name.cmp(&b.name),
            Some("created") => a.created_ts.cmp(&b.created_ts),
            _ => a.pk.cmp(&b.pk),
        }
    }

    /// Links to this page, the next one and the one before, as far as there are any.
    pub(crate) fn links(&self, limit: usize, total: usize) -> Value {
        let next = (self.offset + limit < total).then(|| self.link(limit, self.offset + limit));
        let before = self.offset.saturating_sub(limit);
        let prev = (self.offset > 0).then(|| self.link(limit, before));
        json!({ "self": self.link(limit, self.offset), "next": next, "prev": prev })
    }

    fn link(&self, limit: usize, offset: usize) -> String {
        let mut link = format!("/v1/books?limit={limit}&offset={offset}");
        let texts = [("order_by", &self.order_by), ("name", &self.name), ("search", &self.search)];
        for (name, value) in texts {
            if let Some(value) = value {
                let _ = write!(link, "&{name}={}", percent_encoded(value));
            }
        }
        if self.descending {
            link.push_str("&order=desc");
        }
        link
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}
