//! The one description of what is copied. Each table is written after those that it refers to, and
//! the counter row last. What is deliberately left out is said here, too.

use super::Kind::{Flag, Number, Text};

/// What the values of a column are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Flag,
}

/// A table, and its columns, of which the first `key` are its primary key.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// How many of the columns are its key.
    pub key: usize,
    /// Its columns.
    pub columns: &'static [(&'static str, Kind)],
    /// Whether its one row is made by the migrations already.
    pub is_one_row: bool,
}

const fn table(name: &'static str, key: usize, columns: &'static [(&'static str, Kind)]) -> Table {
    Table { name, key, columns, is_one_row: false }
}

/// Everything that is copied.
pub(crate) static TABLES: [Table; 20] = [
    table(
        "organizations",
        1,
        &[("id", Text), ("name", Text), ("status", Text), ("document", Text)],
    ),
    table("apis", 1, &[("id", Text), ("comparable_audience", Text), ("document", Text)]),
    table("rings", 1, &[("algorithm", Text), ("document", Text)]),
    table(
        "credentials",
        1,
        &[
            ("client_id", Text),
            ("organization_id", Text),
            ("status", Text),
            ("folded_name", Text),
            ("created_at", Number),
            ("next_expiry_at", Number),
            ("document", Text),
            ("folded_tags", Text),
        ],
    ),
    table("secret_digests", 2, &[("digest", Text), ("client_id", Text)]),
    table(
        "people",
        1,
        &[
            ("id", Text),
            ("folded_email", Text),
            ("is_operator", Flag),
            ("link_digest", Text),
            ("document", Text),
        ],
    ),
    table("person_names", 2, &[("kind", Text), ("name", Text), ("person_id", Text)]),
    table(
        "sessions",
        1,
        &[
            ("id", Text),
            ("person_id", Text),
            ("ends_at", Number),
            ("seen_at", Number),
            ("document", Text),
        ],
    ),
    table("members", 2, &[("person_id", Text), ("organization_id", Text)]),
    table("invitations", 1, &[("digest", Text), ("organization_id", Text)]),
    // PostgreSQL has a column `token` beside: by it a writer knows its own transaction again, so
    // it means nothing to anybody else.
    table("changes", 1, &[("seq", Number), ("at", Number), ("document", Text)]),
    table(
        "feed",
        1,
        &[("identity", Text), ("feed_seq", Number), ("until_s", Number), ("document", Text)],
    ),
    table(
        "audit",
        1,
        &[
            ("seq", Number),
            ("at", Number),
            ("actor", Text),
            ("action", Text),
            ("subject", Text),
            ("organization_id", Text),
            ("detail", Text),
            ("hash", Text),
            ("actor_id", Text),
        ],
    ),
    table(
        "usage",
        5,
        &[
            ("client_id", Text),
            ("hour", Number),
            ("secret", Number),
            ("api_id", Text),
            ("ending", Text),
            ("count", Number),
            ("last_at", Number),
            ("last_address", Text),
        ],
    ),
    table(
        "last_used",
        2,
        &[("client_id", Text), ("secret", Number), ("last_at", Number), ("last_address", Text)],
    ),
    table(
        "sightings",
        3,
        &[
            ("client_id", Text),
            ("address", Text),
            ("library", Text),
            ("count", Number),
            ("first_at", Number),
            ("last_at", Number),
        ],
    ),
    table(
        "receipts",
        2,
        &[
            ("owner", Text),
            ("key", Text),
            ("request", Text),
            ("begun_at", Number),
            ("answer", Text),
        ],
    ),
    table(
        "deliveries",
        1,
        &[
            ("number", Number),
            ("id", Text),
            ("organization_id", Text),
            ("target", Text),
            ("notice_key", Text),
            ("created_at", Number),
            ("due_at", Number),
            ("document", Text),
        ],
    ),
    // SQLite keeps `number`, that of the last delivery, in a table of its own.
    Table {
        is_one_row: true,
        ..table("told", 1, &[("id", Number), ("seq", Number), ("number", Number)])
    },
    Table {
        is_one_row: true,
        ..table(
            "installation",
            1,
            &[
                ("id", Number),
                ("seq", Number),
                ("feed_seq", Number),
                ("audit_hash", Text),
                ("longest_lifetime_s", Number),
                ("vault", Text),
            ],
        )
    },
];

/// Tables that are not copied: which migrations a database has is its own affair, and the nodes
/// over a copy are others.
#[cfg(test)]
pub(crate) const LEFT_OUT: [&str; 2] = ["migrations", "nodes"];

impl Table {
    /// The names of its columns, with commas between.
    pub(crate) fn names(&self) -> String {
        list(self.columns, |name| name.to_owned())
    }

    /// The key's columns, each as `name` puts it.
    pub(crate) fn ordered(&self, name: impl Fn(&str, Kind) -> String) -> String {
        let key = self.columns[..self.key].iter();
        key.map(|(column, kind)| name(column, *kind)).collect::<Vec<_>>().join(", ")
    }

    /// What follows an INSERT where there is a row already.
    pub(crate) fn replacing(&self) -> String {
        if !self.is_one_row {
            return String::new();
        }
        let rest = &self.columns[self.key..];
        let all = list(rest, |name| format!("{name} = excluded.{name}"));
        format!(" ON CONFLICT (id) DO UPDATE SET {all}")
    }
}

fn list(columns: &[(&str, Kind)], each: impl Fn(&str) -> String) -> String {
    columns.iter().map(|(name, _)| each(name)).collect::<Vec<_>>().join(", ")
}
