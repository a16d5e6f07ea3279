//! What the trace of a request shows of the database: one span for each time that it was waited for.
//! Values never appear, since statements do not hold them.

use tracing::{Instrument, Span, field::Empty, info_span};

/// Which database.
#[derive(Clone, Copy, Debug)]
pub(crate) enum System {
    Sqlite,
    Postgres,
}

/// Asks a database, in a span of its own if it is asked for the sake of a request: what a node looks
/// for by itself, fifty times a second, would bury the rest. `what` is only called for the span.
pub(crate) async fn traced<T, E, W: AsRef<str>>(
    system: System,
    what: impl FnOnce() -> W,
    run: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let span = if Span::current().is_none() { Span::none() } else { span(system, what().as_ref()) };
    let answer = run.instrument(span.clone()).await;
    if answer.is_err() {
        span.record("otel.status_code", "ERROR");
    }
    answer
}

fn span(system: System, what: &str) -> Span {
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
