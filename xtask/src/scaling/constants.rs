//! Every number that the model of scaling is made of, and where it comes from. A number stands
//! here and nowhere else.

/// Processor time of a token, in seconds: requests spread over 20,000 of a million credentials.
pub(super) const TOKEN_CPU_S: f64 = 24.1e-6;
/// Memory of a credential in a node's directory, in bytes.
pub(super) const CREDENTIAL_BYTES: f64 = 188.0;
/// Memory of a node with 1,000 credentials that does nothing, in bytes.
pub(super) const NODE_BYTES: f64 = 34.0e6;
/// Memory of an open stream of the feed, in bytes.
pub(super) const STREAM_BYTES: f64 = 24_000.0;
/// Processor time of a heartbeat to one verifier, in seconds.
pub(super) const HEARTBEAT_CPU_S: f64 = 9.7e-6;
/// Processor time of a death told to one verifier, in seconds.
pub(super) const DEATH_CPU_S: f64 = 6.6e-6;
/// A heartbeat on the stream, in bytes.
pub(super) const HEARTBEAT_BYTES: f64 = 59.0;
/// A death on the stream, in bytes.
pub(super) const DEATH_BYTES: f64 = 97.0;
/// An entry of the snapshot, in bytes.
pub(super) const ENTRY_BYTES: f64 = 52.0;

/// Around each event: Ethernet 14, IP 20, TCP 32, a record of TLS 1.3 22.
pub(super) const PACKET_BYTES: f64 = 88.0;
/// Between two heartbeats (`heartbeat_ms`), in seconds.
pub(super) const HEARTBEAT_S: f64 = 2.0;
/// Looks of a node at the change log, in a second (`tail_poll_ms`).
pub(super) const POLLS_PER_S: f64 = 50.0;
/// For how long an entry stays in the feed, in seconds: a token's 24 hours, the 6 hours that a
/// node may be blind, 5 minutes for clocks.
pub(super) const ENTRY_LIFE_S: f64 = 108_300.0;
/// Rows that a credential's use makes at each write of counts: usage, last use, where from.
pub(super) const ROWS_PER_USE: f64 = 3.0;
/// Credentials that a node counts between two writes; what is over is not counted.
pub(super) const COUNTED_AT_MOST: f64 = 1_048_576.0;

/// Deaths of a credential or one of its secrets in a year.
pub(super) const DEATHS_PER_YEAR: f64 = 1.0;
/// Cores of a node.
pub(super) const CORES: f64 = 8.0;
/// How much of them may be busy when one node is away.
pub(super) const BUSY: f64 = 0.5;
/// US dollars for a core, for a month.
pub(super) const CORE_MONTH_USD: f64 = 25.0;
/// US dollars for 10⁹ bytes that leave the cloud.
pub(super) const EGRESS_GB_USD: f64 = 0.08;
/// Seconds of a month of 30 days.
pub(super) const MONTH_S: f64 = 2_592_000.0;
/// Seconds of a year.
pub(super) const YEAR_S: f64 = 31_536_000.0;

/// Where a constant comes from.
const MEASURED: &str = "measured by `cargo xtask bench`";
const MEASURED_FEED: &str = "measured by `bench/feed.py`";
const DEFAULT: &str = "a default or limit of the server";
const ARITHMETIC: &str = "arithmetic";
const ASSUMED: &str = "assumed";

/// The table of them: name, value, origin.
pub(super) fn table() -> Vec<[String; 3]> {
    let micros = |seconds: f64| format!("{:.1} µs", seconds * 1e6);
    let bytes = |bytes: f64| format!("{bytes} bytes");
    [
        ("processor time of a token", micros(TOKEN_CPU_S), MEASURED),
        ("memory of a credential", bytes(CREDENTIAL_BYTES), MEASURED),
        ("memory of an idle node", format!("{} MB", NODE_BYTES / 1e6), MEASURED),
        ("memory of an open stream", bytes(STREAM_BYTES), MEASURED_FEED),
        ("processor time of a heartbeat to one verifier", micros(HEARTBEAT_CPU_S), MEASURED_FEED),
        ("processor time of a death told to one verifier", micros(DEATH_CPU_S), MEASURED_FEED),
        ("a heartbeat on the stream", bytes(HEARTBEAT_BYTES), MEASURED_FEED),
        ("a death on the stream", bytes(DEATH_BYTES), MEASURED_FEED),
        ("an entry of the snapshot", bytes(ENTRY_BYTES), MEASURED_FEED),
        ("packet and TLS record around an event", bytes(PACKET_BYTES), ARITHMETIC),
        ("between two heartbeats", format!("{HEARTBEAT_S} s"), DEFAULT),
        ("looks of a node at the change log", format!("{POLLS_PER_S} /s"), DEFAULT),
        ("an entry stays in the feed", format!("{ENTRY_LIFE_S} s"), DEFAULT),
        ("rows for each credential in a write of counts", ROWS_PER_USE.to_string(), DEFAULT),
        (
            "credentials counted by a node between two writes, at most",
            COUNTED_AT_MOST.to_string(),
            DEFAULT,
        ),
        ("deaths of a credential or its secrets", format!("{DEATHS_PER_YEAR} a year"), ASSUMED),
        ("cores of a node", CORES.to_string(), ASSUMED),
        ("of them busy, with one node away", format!("{:.0} %", BUSY * 100.0), ASSUMED),
        ("a core for a month", format!("{CORE_MONTH_USD} $"), ASSUMED),
        ("a gigabyte that leaves the cloud", format!("{EGRESS_GB_USD} $"), ASSUMED),
    ]
    .map(|(name, value, origin)| [name.to_owned(), value, origin.to_owned()])
    .to_vec()
}
