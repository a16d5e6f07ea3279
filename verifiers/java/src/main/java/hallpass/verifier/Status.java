package hallpass.verifier;

import java.util.Map;
import java.util.Set;

/** How a verifier is doing, for a health page or for metrics. */
public record Status(
        boolean ready,
        Set<String> keys,
        long keyFetches,
        String lastKeyError,
        Feed feed,
        String lastFeedError,
        long accepted,
        Map<String, Long> refused,
        int cachedTokens) {
    /**
     * How the reader of the feed is doing.
     *
     * @param offered null before the issuer was asked
     * @param seq -1 before the first snapshot
     * @param stalenessS infinite before the first snapshot
     */
    public record Feed(
            Boolean offered,
            long seq,
            long asOfS,
            double stalenessS,
            boolean blind,
            boolean stale,
            int entries,
            int notUnderstood,
            long snapshots,
            long streams,
            long gaps,
            long unreadable) {}
}
