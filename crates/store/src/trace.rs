//! What the trace of a request shows of the database: one span for each time that it was waited for.
//! Values never appear, since statements do not hold them.

use tracing::{Span, field::Empty, info_span};

/// Which database.
#[derive(Clone, Copy, Debug)]
pub(crate) enum System {
    Sqlite,
    Postgres,
}

/// The span of something that is asked of a database, if it is asked for the sake of a request: what
/// a node looks for by itself, fifty times a second, would bury the rest.
pub(crate) fn span(system: System, what: &str) -> Span {
    if Span::current().is_none() {
        return Span::none();
    }
    let system = match system {
        System::Sqlite => "sqlite",
        System::Postgres => "postgresql",
    };
    info_span!(
        "database",
        otel.name = what.split_whitespace().next().unwrap_or_default(),
        otel.kind = "client",
        db.system.name = system,
        db.query.text = what,
        otel.status_code = Empty,
    )
}

/// Takes down how it ended.
pub(crate) fn ended<T, E>(span: &Span, result: &Result<T, E>) {
    if result.is_err() {
        span.record("otel.status_code", "ERROR");
    }
}
