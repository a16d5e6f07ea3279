package hallpass.verifier;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Limits of patience with the issuer. How long a token or the feed is believed is never decided here.
 *
 * @param stall a stream that brings nothing new for this long is given up
 * @param unknownKeyApart between two fetches that unknown keys cause, once three have been used up
 */
public record Timing(
        Duration request,
        Duration snapshot,
        Duration stall,
        Duration retryFirst,
        Duration retryMost,
        Duration unknownKeyWait,
        Duration unknownKeyApart) {
    /** What suits a data centre and the open Internet. */
    public static final Timing DEFAULT = new Timing(
            Duration.ofSeconds(10),
            Duration.ofSeconds(60),
            Duration.ofSeconds(5),
            Duration.ofMillis(100),
            Duration.ofSeconds(5),
            Duration.ofSeconds(2),
            Duration.ofSeconds(10));

    /** How long to wait after so many failures in a row, in milliseconds. */
    long retryMs(int failures, Duration most) {
        long mostMs = Math.max(most.toMillis(), retryMost.toMillis());
        long stepMs = retryFirst.toMillis() << Math.min(Math.max(failures - 1, 0), 20);
        return jitteredMs(Math.min(stepMs, mostMs));
    }

    /** Between half of it and the whole, so that a thousand verifiers never ask in step. */
    static long jitteredMs(long wholeMs) {
        return wholeMs / 2 + ThreadLocalRandom.current().nextLong(wholeMs / 2 + 1);
    }
}
