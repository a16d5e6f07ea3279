package hallpass.verifier;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Keeps the issuer's keys fresh: fetched ahead of need, again for an unknown {@code kid} at a bounded
 * rate. An issuer that is away, or publishes nothing usable, never takes away keys that are known.
 */
final class Keeper {
    private static final System.Logger LOG = System.getLogger("hallpass.verifier");
    private static final int METADATA_MOST_BYTES = 256 * 1024;
    private static final int JWKS_MOST_BYTES = 1024 * 1024;
    private static final int BUDGET = 3;
    private static final long DEFAULT_MAX_AGE_S = 600;
    private static final Duration RETRY_MOST_WITH_KEYS = Duration.ofMinutes(1);
    private static final Pattern MAX_AGE =
            Pattern.compile("(?:^|[, ])max-age=\"?([0-9]{1,12})", Pattern.CASE_INSENSITIVE);

    /** The keys by {@code kid}, and a number that changes with them. */
    record Published(Map<String, KeySet.Key> keys, long epoch) {}

    /** Metadata that are not usable; absent if there is nothing of the kind in this place. */
    private static final class BadMetadata extends IOException {
        private static final long serialVersionUID = 1L;
        final boolean absent;

        BadMetadata(String why, boolean absent) {
            super("metadata: " + why);
            this.absent = absent;
        }
    }

    final Changes changes = new Changes();
    private final String issuer;
    private final String[] documents;
    private final boolean allowPlainHttp;
    private final Fetch fetch;
    private final Timing timing;
    private final Clock clock;
    private final Consumer<String> onFeed;
    private String jwksUri;
    private byte[] document = new byte[0];
    private long attempts;
    private int left = BUDGET;
    private Duration refilledAt;
    private boolean wanted;
    volatile Published current = new Published(Map.of(), 0);
    volatile boolean cutOff;
    volatile String lastError;
    volatile long fetches;

    /** {@code onFeed} learns where the revocation feed is. */
    Keeper(String issuer, boolean allowPlainHttp, Fetch fetch, Timing timing, Clock clock, Consumer<String> onFeed) {
        URI uri = Fetch.checked(issuer, allowPlainHttp);
        if (uri.getRawQuery() != null) {
            throw new IllegalArgumentException("issuer: " + issuer + " has a query");
        }
        String host = uri.getScheme() + "://" + uri.getRawAuthority();
        String path = uri.getRawPath().replaceFirst("/+$", "");
        // RFC 8414 §3.1 puts the well-known part before the path; OpenID Connect Discovery §4 appends
        // it, and many issuers have only that.
        documents = new String[] {
            host + "/.well-known/oauth-authorization-server" + path,
            host + path + "/.well-known/openid-configuration"
        };
        this.issuer = issuer;
        this.allowPlainHttp = allowPlainHttp;
        this.fetch = fetch;
        this.timing = timing;
        this.clock = clock;
        this.onFeed = onFeed;
        this.refilledAt = clock.monotonic();
    }

    /**
     * Asks for fresh keys on behalf of an unknown {@code kid}, and waits a moment for them. False if
     * that was done often enough.
     */
    boolean refreshed() {
        long[] attempt = {0};
        changes.make(() -> attempt[0] = want());
        if (attempt[0] == 0) {
            return false;
        }
        changes.until(() -> attempts >= attempt[0], timing.unknownKeyWait().toMillis());
        return true;
    }

    private long want() {
        if (!wanted) {
            Duration now = clock.monotonic();
            while (left < BUDGET && now.minus(refilledAt).compareTo(timing.unknownKeyApart()) >= 0) {
                left++;
                refilledAt = refilledAt.plus(timing.unknownKeyApart());
            }
            if (left == BUDGET) {
                refilledAt = now;
            }
            if (left == 0) {
                return 0;
            }
            left--;
            wanted = true;
        }
        return attempts + 1;
    }

    /** Until it is told to stop. */
    void run(BooleanSupplier isOver) {
        int failures = 0;
        boolean asksMetadata = true;
        while (!isOver.getAsBoolean()) {
            long pauseMs;
            try {
                long maxAgeS = refresh(asksMetadata);
                pauseMs = Timing.jitteredMs(1000 * Math.min(Math.max(maxAgeS / 2, 30), 3600));
                failures = 0;
                lastError = null;
            } catch (IOException | RuntimeException e) {
                // A keeper that has ended would never find another key.
                failures++;
                note(String.valueOf(e.getMessage()), isOver);
                pauseMs = timing.retryMs(failures, current.keys().isEmpty() ? Duration.ZERO : RETRY_MOST_WITH_KEYS);
            }
            cutOff = failures > 0;
            changes.make(() -> {
                attempts++;
                wanted = false;
            });
            boolean byKid = changes.until(() -> wanted || isOver.getAsBoolean(), pauseMs);
            // An unknown `kid` is for the keys to answer, and for nobody else to be asked.
            asksMetadata = !byKid || failures > 0;
        }
    }

    private void note(String why, BooleanSupplier isOver) {
        if (!why.equals(lastError) && !isOver.getAsBoolean()) {
            LOG.log(System.Logger.Level.WARNING, "Cannot fetch the issuer''s keys: {0}", why);
        }
        lastError = why;
    }

    private long refresh(boolean asksMetadata) throws IOException {
        IOException trouble = null;
        if (asksMetadata || jwksUri == null) {
            try {
                askMetadata();
            } catch (IOException e) {
                // The keys may still be where they were.
                if (jwksUri == null) {
                    throw e;
                }
                trouble = e;
            }
        }
        fetches++;
        Fetch.Document got = fetch.document(jwksUri, timing.request(), JWKS_MOST_BYTES);
        if (!Arrays.equals(got.bytes(), document)) {
            Map<String, KeySet.Key> keys = KeySet.parse(got.bytes());
            LOG.log(System.Logger.Level.INFO, "Took over the issuer''s keys: {0}", keys.keySet());
            document = got.bytes();
            changes.make(() -> current = new Published(keys, current.epoch() + 1));
        }
        if (trouble != null) {
            throw trouble;
        }
        Matcher maxAge = MAX_AGE.matcher(got.headers().firstValue("cache-control").orElse(""));
        return maxAge.find() ? Long.parseLong(maxAge.group(1)) : DEFAULT_MAX_AGE_S;
    }

    private void askMetadata() throws IOException {
        Map<String, Object> metadata;
        try {
            metadata = read(documents[0]);
        } catch (BadMetadata first) {
            if (!first.absent) {
                throw first;
            }
            try {
                metadata = read(documents[1]);
            } catch (BadMetadata second) {
                throw second.absent ? first : second;
            }
        }
        jwksUri = (String) metadata.get("jwks_uri");
        onFeed.accept((String) metadata.get("revocation_feed_uri"));
    }

    private Map<String, Object> read(String url) throws BadMetadata {
        Map<String, Object> metadata;
        try {
            metadata = Json.object(fetch.document(url, timing.request(), METADATA_MOST_BYTES).bytes());
        } catch (Fetch.StatusException e) {
            throw new BadMetadata(e.getMessage(), e.status < 500);
        } catch (IOException e) {
            throw new BadMetadata(e.getMessage(), false);
        } catch (IllegalArgumentException e) {
            throw new BadMetadata(e.getMessage(), true);
        }
        // RFC 8414 §3.3: the same to the letter.
        if (!issuer.equals(metadata.get("issuer"))) {
            String named = String.valueOf(metadata.get("issuer"));
            throw new BadMetadata("they name the issuer " + named.substring(0, Math.min(named.length(), 128)), false);
        }
        try {
            Fetch.checked(String.valueOf(metadata.get("jwks_uri")), allowPlainHttp);
            // The stream is found by appending to it.
            if (metadata.containsKey("revocation_feed_uri")
                    && Fetch.checked(String.valueOf(metadata.get("revocation_feed_uri")), allowPlainHttp)
                            .getRawQuery() != null) {
                throw new IllegalArgumentException("revocation_feed_uri has a query");
            }
        } catch (IllegalArgumentException e) {
            throw new BadMetadata(e.getMessage(), false);
        }
        return metadata;
    }
}
