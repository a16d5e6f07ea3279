//! The rules of freshness, in tables.
