//! From a load to what carries it. Arithmetic on the constants, and nothing else.

use super::constants::{
    BUSY, CORE_MONTH_USD, CORES, COUNTED_AT_MOST, CREDENTIAL_BYTES, DEATH_BYTES, DEATH_CPU_S,
    DEATHS_PER_YEAR, EGRESS_GB_USD, ENTRY_BYTES, ENTRY_LIFE_S, HEARTBEAT_BYTES, HEARTBEAT_CPU_S,
    HEARTBEAT_S, MONTH_S, NODE_BYTES, PACKET_BYTES, POLLS_PER_S, ROWS_PER_USE, STREAM_BYTES,
    TOKEN_CPU_S, YEAR_S,
};

/// What an installation has to carry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Load {
    pub(super) credentials: f64,
    pub(super) tokens_per_s: f64,
    pub(super) verifiers: f64,
}

impl Load {
    /// Deaths that the feed carries, in a second.
    pub(super) fn deaths_per_s(&self) -> f64 {
        self.credentials * DEATHS_PER_YEAR / YEAR_S
    }

    /// Cores that are busy with tokens.
    pub(super) fn token_cores(&self) -> f64 {
        self.tokens_per_s * TOKEN_CPU_S
    }

    /// Cores that are busy with the feed.
    pub(super) fn feed_cores(&self) -> f64 {
        let each = HEARTBEAT_CPU_S / HEARTBEAT_S + self.deaths_per_s() * DEATH_CPU_S;
        self.verifiers * each
    }

    /// Nodes that carry it with one of them away.
    pub(super) fn nodes_needed(&self) -> f64 {
        ((self.token_cores() + self.feed_cores()) / (CORES * BUSY)).ceil().max(1.0)
    }

    /// Nodes, with the one that may be away.
    pub(super) fn nodes(&self) -> f64 {
        self.nodes_needed() + 1.0
    }

    /// Memory of a node while one is away, in bytes.
    pub(super) fn node_bytes(&self) -> f64 {
        let streams = self.verifiers / self.nodes_needed();
        NODE_BYTES + self.credentials * CREDENTIAL_BYTES + streams * STREAM_BYTES
    }

    /// Looks at the change log by all nodes, in a second.
    pub(super) fn polls_per_s(&self) -> f64 {
        self.nodes() * POLLS_PER_S
    }

    /// Different credentials that one node sees between two writes of counts, if every one of them
    /// is as busy as the others.
    pub(super) fn seen_by_a_node(&self, flush_s: f64) -> f64 {
        let requests = self.tokens_per_s / self.nodes() * flush_s;
        self.credentials * -(-requests / self.credentials).exp_m1()
    }

    /// Rows that all nodes write for counts, in a second.
    pub(super) fn rows_per_s(&self, flush_s: f64) -> f64 {
        let counted = self.seen_by_a_node(flush_s).min(COUNTED_AT_MOST);
        self.nodes() * counted * ROWS_PER_USE / flush_s
    }

    /// Live entries of the feed.
    pub(super) fn entries(&self) -> f64 {
        self.deaths_per_s() * ENTRY_LIFE_S
    }

    /// The snapshot, in bytes, uncompressed.
    pub(super) fn snapshot_bytes(&self) -> f64 {
        self.entries() * ENTRY_BYTES
    }

    /// What all streams carry, in bytes a second.
    pub(super) fn feed_bytes_per_s(&self) -> f64 {
        let heartbeat = (HEARTBEAT_BYTES + PACKET_BYTES) / HEARTBEAT_S;
        let deaths = self.deaths_per_s() * (DEATH_BYTES + PACKET_BYTES);
        self.verifiers * (heartbeat + deaths)
    }

    /// Cores and what the feed sends out, in US dollars a month. Without the database.
    pub(super) fn usd_per_month(&self) -> f64 {
        let egress = self.feed_bytes_per_s() * MONTH_S / 1e9 * EGRESS_GB_USD;
        self.nodes() * CORES * CORE_MONTH_USD + egress
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: Load = Load { credentials: 1e8, tokens_per_s: 1e6, verifiers: 1e5 };

    fn near(got: f64, wanted: f64) {
        assert!((got / wanted - 1.0).abs() < 0.01, "{got} is not {wanted}");
    }

    #[test]
    fn the_largest_load_as_one_would_work_it_out_by_hand() {
        near(LARGE.token_cores(), 24.1);
        near(LARGE.deaths_per_s(), 3.171);
        near(LARGE.feed_cores(), 0.485 + 2.09);
        assert!((LARGE.nodes() - 8.0).abs() < 0.1, "{}", LARGE.nodes());
        near(LARGE.node_bytes(), 34.0e6 + 18.8e9 + 343e6);
        near(LARGE.entries(), 343_000.0);
        near(LARGE.feed_bytes_per_s(), 7.35e6 + 58.7e6);
    }

    #[test]
    fn a_credential_is_counted_once_however_often_it_is_used() {
        let busy = Load { credentials: 1000.0, tokens_per_s: 1e4, verifiers: 0.0 };
        near(busy.seen_by_a_node(10.0), 1000.0);
        near(busy.rows_per_s(10.0), 2.0 * 1000.0 * 3.0 / 10.0);
        let quiet = Load { credentials: 1e8, tokens_per_s: 20.0, verifiers: 0.0 };
        near(quiet.rows_per_s(10.0), 20.0 * 3.0);
        assert!(LARGE.seen_by_a_node(3600.0) > COUNTED_AT_MOST);
        near(LARGE.rows_per_s(3600.0), 8.0 * COUNTED_AT_MOST * 3.0 / 3600.0);
    }

    #[test]
    fn there_is_always_a_node_to_spare() {
        let small = Load { credentials: 1.0, tokens_per_s: 0.001, verifiers: 1.0 };
        assert!((small.nodes() - 2.0).abs() < 0.1);
    }
}
