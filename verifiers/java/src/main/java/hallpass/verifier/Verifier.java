package hallpass.verifier;

import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;

/**
 * Checks access tokens in front of an API (RFC 9068, RFC 6750), and hears within a second when one has
 * died. A request costs no network call. Make one when the program starts.
 */
public final class Verifier implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("hallpass.verifier");
    private static final List<String> SILENT = List.of("no_token", "other_scheme");

    private final Policy policy;
    private final String realm;
    private final Clock clock;
    private final int cacheAtMost;
    private final Knowledge knowledge;
    private final Keeper keeper;
    private final Follower follower;
    private final List<Fetch> fetches;
    private final List<Thread> threads;
    private final Map<String, Cached> cache = new ConcurrentHashMap<>();
    private final Map<String, LongAdder> counted = new ConcurrentHashMap<>();
    private volatile boolean closed;

    private record Cached(long epoch, Claims claims) {}

    private Verifier(Builder chosen) {
        policy = new Policy(chosen.issuer, chosen.audiences, chosen.algorithms, chosen.acceptJwtType,
                chosen.leeway.toSeconds());
        realm = chosen.realm == null ? chosen.audiences.get(0) : chosen.realm;
        clock = chosen.clock;
        cacheAtMost = chosen.cacheAtMost;
        knowledge = new Knowledge(
                new Knowledge.Choice(chosen.revocations, chosen.whenStale, chosen.maxStaleness), clock);
        // Checked before anything runs.
        Fetch.checked(chosen.issuer, chosen.allowPlainHttp);
        fetches = List.of(new Fetch(chosen.httpClient), new Fetch(chosen.httpClient));
        keeper = new Keeper(chosen.issuer, chosen.allowPlainHttp, fetches.get(0), chosen.timing, clock,
                knowledge::offered);
        follower = new Follower(knowledge, fetches.get(1), chosen.timing);
        threads = List.of(
                thread("hallpass-keys", () -> keeper.run(() -> closed)),
                thread("hallpass-feed", () -> follower.run(() -> closed)));
        threads.get(0).start();
        if (chosen.revocations != Revocations.OFF) {
            threads.get(1).start();
        }
    }

    private static Thread thread(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        return thread;
    }

    /** Begins a verifier for tokens of {@code issuer} (its URL, to the letter) for the API {@code audience}. */
    public static Builder builder(String issuer, String... audience) {
        return new Builder(issuer, List.of(audience));
    }

    /** Ends the threads. What is known goes on serving, and grows stale. */
    @Override
    public void close() {
        closed = true;
        keeper.changes.make(() -> {});
        knowledge.changes.make(() -> {});
        fetches.forEach(Fetch::close);
    }

    /**
     * Checks the values of the {@code Authorization} header, of which there must be one, and that the
     * token has these scopes. For an unknown {@code kid} it waits a moment for fresh keys. Throws
     * {@link Rejection}.
     */
    public Caller check(List<String> authorization, String... scopes) {
        List<String> wanted = List.of(scopes);
        try {
            return once(authorization, scopes);
        } catch (Rejection rejection) {
            if (!rejection.reason().equals("unknown_key") || !keeper.refreshed()) {
                throw noted(rejection, wanted);
            }
        }
        try {
            return once(authorization, scopes);
        } catch (Rejection rejection) {
            throw noted(rejection, wanted);
        }
    }

    private Caller once(List<String> authorization, String... scopes) {
        Caller caller = new Caller(alive(Bearer.parse(authorization)), realm).require(scopes);
        count("ok");
        return caller;
    }

    private Claims alive(String token) {
        long nowS = clock.unixS();
        Keeper.Published current = keeper.current;
        Cached cached = cache.get(token);
        Claims claims;
        if (cached != null && cached.epoch() == current.epoch()) {
            claims = cached.claims();
            policy.check(claims, nowS);
        } else {
            claims = verified(token, current, nowS);
            keep(token, new Cached(current.epoch(), claims));
        }
        // Never cached: this is asked on every use.
        knowledge.judge(claims, nowS);
        return claims;
    }

    private Claims verified(String token, Keeper.Published current, long nowS) {
        try {
            return Tokens.verify(token, current.keys(), policy, nowS);
        } catch (Rejection rejection) {
            if (current.keys().isEmpty() && rejection.reason().equals("unknown_key")) {
                throw new Rejection("unavailable", "the issuer's keys are not known yet");
            }
            throw rejection;
        }
    }

    private void keep(String token, Cached entry) {
        var oldest = cache.keySet().iterator();
        while (cache.size() >= cacheAtMost && oldest.hasNext()) {
            // Whichever the map gives first: as good as any.
            oldest.next();
            oldest.remove();
        }
        cache.put(token, entry);
    }

    private Rejection noted(Rejection rejection, List<String> scopes) {
        Rejection told = rejection;
        if (rejection.reason().equals("unknown_key") && keeper.cutOff) {
            // The key may be a new one, and it is our trouble that we cannot ask.
            told = new Rejection("unavailable", "the kid is unknown, and the issuer cannot be asked");
        }
        count(told.reason());
        if (!SILENT.contains(told.reason())) {
            LOG.log(System.Logger.Level.INFO, "Refused a token: {0}", told.getMessage());
        }
        return told.at(realm, scopes);
    }

    private void count(String what) {
        counted.computeIfAbsent(what, none -> new LongAdder()).increment();
    }

    /** Whether tokens can be verified within that time. */
    public boolean ready(Duration within) {
        long limit = System.nanoTime() + within.toNanos();
        boolean known = keeper.changes.until(() -> !keeper.current.keys().isEmpty(), within.toMillis());
        long leftMs = Math.max(0, (limit - System.nanoTime()) / 1_000_000);
        return known && knowledge.changes.until(knowledge::isReady, leftMs);
    }

    /** Whether this entry of the feed is applied within that time. */
    public boolean applied(long seq, Duration within) {
        return knowledge.changes.until(() -> knowledge.applied() >= seq, within.toMillis());
    }

    /** How it is doing. */
    public Status status() {
        boolean followed = knowledge.isFollowed();
        Map<String, Long> refused = counted.entrySet().stream()
                .filter(one -> !one.getKey().equals("ok"))
                .collect(Collectors.toMap(Map.Entry::getKey, one -> one.getValue().sum(), Long::sum, TreeMap::new));
        LongAdder accepted = counted.getOrDefault("ok", new LongAdder());
        Status.Feed feed = new Status.Feed(
                knowledge.isOffered(), knowledge.applied(), knowledge.asOfS(), knowledge.stalenessS(),
                followed && knowledge.isBlind(), followed && knowledge.isStale(), knowledge.size(),
                knowledge.notUnderstood(), follower.snapshots, follower.streams, follower.gaps,
                follower.unreadable);
        return new Status(
                !keeper.current.keys().isEmpty() && knowledge.isReady(), keeper.current.keys().keySet(),
                keeper.fetches, keeper.lastError, feed, follower.lastError, accepted.sum(), refused, cache.size());
    }

    /** What can be chosen: docs/reference/verifiers.md. */
    public static final class Builder {
        private final String issuer;
        private final List<String> audiences;
        private Duration maxStaleness = Duration.ofHours(1);
        private WhenStale whenStale = WhenStale.FAIL_CLOSED;
        private Revocations revocations = Revocations.IF_OFFERED;
        private Duration leeway = Duration.ofSeconds(30);
        private List<String> algorithms = KeySet.ALGORITHMS;
        private boolean acceptJwtType;
        private String realm;
        private int cacheAtMost = 10_000;
        private boolean allowPlainHttp;
        private HttpClient httpClient;
        private Timing timing = Timing.DEFAULT;
        private Clock clock = Clock.SYSTEM;

        private Builder(String issuer, List<String> audiences) {
            this.issuer = issuer;
            this.audiences = audiences;
        }

        /** How long to go on after the last sign of the feed: one hour unless set. */
        public Builder maxStaleness(Duration maxStaleness) {
            this.maxStaleness = maxStaleness;
            return this;
        }

        /** What happens after that. */
        public Builder whenStale(WhenStale whenStale) {
            this.whenStale = whenStale;
            return this;
        }

        /** Whether the issuer must have a feed. */
        public Builder revocations(Revocations revocations) {
            this.revocations = revocations;
            return this;
        }

        /** Forgives clocks that are apart: 30 s unless set, 300 s at most. */
        public Builder leeway(Duration leeway) {
            this.leeway = leeway;
            return this;
        }

        /** Accepts these only; ES256, RS256 and EdDSA unless set. */
        public Builder algorithms(List<String> algorithms) {
            this.algorithms = List.copyOf(algorithms);
            return this;
        }

        /** Also accepts {@code typ: JWT}, for issuers that write it into access tokens. */
        public Builder acceptJwtType(boolean acceptJwtType) {
            this.acceptJwtType = acceptJwtType;
            return this;
        }

        /** The realm of challenges; the first audience unless set. */
        public Builder realm(String realm) {
            this.realm = realm;
            return this;
        }

        /** Keeps the verified claims of at most so many tokens; 10,000 unless set. */
        public Builder cacheAtMost(int cacheAtMost) {
            this.cacheAtMost = cacheAtMost;
            return this;
        }

        /** Fetches keys over plain HTTP too, in networks that protect by other means. */
        public Builder allowPlainHttp(boolean allowPlainHttp) {
            this.allowPlainHttp = allowPlainHttp;
            return this;
        }

        /** Asks the issuer by this client, for private CAs and proxies. It must not follow redirects. */
        public Builder httpClient(HttpClient httpClient) {
            this.httpClient = httpClient;
            return this;
        }

        /** Limits of patience with the network. */
        public Builder timing(Timing timing) {
            this.timing = timing;
            return this;
        }

        /** Tells the time; for tests. */
        public Builder clock(Clock clock) {
            this.clock = clock;
            return this;
        }

        /**
         * Starts to fetch keys and to follow the feed. An issuer that is away is no error: then the
         * answer is 503 until it is back. Throws IllegalArgumentException for what would be no
         * protection.
         */
        public Verifier start() {
            return new Verifier(this);
        }
    }
}
