//! The books: a dozen to begin with, in memory.

use serde::Serialize;

/// 2024-01-01, the day on which the shelf was filled, in Unix seconds.
const FILLED_S: i64 = 1_704_067_200;

const TITLES: [&str; 12] = [
    "A Book of Bread",
    "Birds of the Coast",
    "Cathedrals and How They Stand",
    "Deserts",
    "Everyday Knots",
    "Fermentation",
    "Glaciers",
    "Harbours of the North",
    "Islands in Winter",
    "Keeping Bees",
    "Lighthouses",
    "Maps and Their Makers",
];

/// One book, as clients of this kind of API read it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Book {
    pub(crate) pk: u32,
    pub(crate) id: String,
    pub(crate) book_uuid: String,
    pub(crate) name: String,
    /// RFC 3339.
    pub(crate) created: String,
    /// Unix seconds.
    pub(crate) created_ts: i64,
    pub(crate) owner_email: String,
    pub(crate) is_public: bool,
    pub(crate) book_type: &'static str,
    pub(crate) xid: String,
}

impl Book {
    /// A book of this owner. Its other members follow from its number, so that they never vary.
    pub(crate) fn new(pk: u32, name: &str, is_public: bool, owner: &str) -> Self {
        let created_ts = FILLED_S + i64::from(pk) * 86_400;
        let created = jiff::Timestamp::from_second(created_ts).unwrap_or_default();
        Self {
            pk,
            id: format!("book-{pk}"),
            book_uuid: format!("00000000-0000-4000-8000-{pk:012}"),
            name: name.trim().to_owned(),
            created: created.to_string(),
            created_ts,
            owner_email: format!("{owner}@example.com"),
            is_public,
            book_type: "book",
            xid: format!("x{pk:08}"),
        }
    }
}

/// All books.
pub(crate) struct Shelf {
    pub(crate) books: Vec<Book>,
}

impl Default for Shelf {
    fn default() -> Self {
        let numbered = (1..).zip(TITLES);
        let books = numbered.map(|(pk, name)| Book::new(pk, name, pk % 2 == 1, "library"));
        Self { books: books.collect() }
    }
}

impl Shelf {
    /// The number of the next book.
    pub(crate) fn next_pk(&self) -> u32 {
        self.books.iter().map(|book| book.pk).max().unwrap_or(0) + 1
    }
}
