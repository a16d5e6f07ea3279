package hallpass.verifier;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * What the reader of the feed knows, and how fresh that is (docs/feed.md, "The reader" and
 * "Freshness"). It does no I/O: events and snapshots come in, verdicts go out. Written by one thread,
 * read by all.
 */
final class Knowledge {
    private static final System.Logger LOG = System.getLogger("hallpass.verifier");
    private static final double BLIND_S = 5;
    private static final long AHEAD_MOST_S = 300;
    private static final long SET_BACK_AFTER_S = 10;

    /** What the reader does next. */
    enum Step {
        /** Go on: the event brought nothing new. */
        NOTHING,
        /** Go on: the node is alive, but nothing became known. */
        ALIVE,
        /** Go on: something became known. */
        NEWS,
        /** Join the stream again. */
        GAP,
        /** Fetch the snapshot. */
        START_OVER
    }

    /** What the operator has chosen. */
    record Choice(Revocations revocations, WhenStale whenStale, Duration maxStaleness) {
        Choice {
            if (maxStaleness.compareTo(Duration.ofSeconds((long) BLIND_S)) < 0) {
                throw new IllegalArgumentException(
                        "maxStaleness: at least 5 s, since heartbeats come every 2 s");
            }
        }
    }

    private record Freshness(long asOfS, Duration movedAt) {}

    final Changes changes = new Changes();
    private final Choice choice;
    private final Clock clock;
    private volatile Dead dead = new Dead();
    private volatile String uri;
    private volatile boolean asked;
    private volatile long applied = -1;
    private volatile Freshness freshness = new Freshness(0, Duration.ZERO);
    private volatile int notUnderstood;
    private long appliedAtS;
    private boolean greeted;
    // The latest `as_of` of this connection, whether it was believed or not.
    private long newestS;

    Knowledge(Choice choice, Clock clock) {
        this.choice = choice;
        this.clock = clock;
    }

    /** What the metadata say, or null. A feed that was known is not given up. */
    void offered(String now) {
        if (now == null && uri != null) {
            LOG.log(System.Logger.Level.WARNING, "The issuer's metadata no longer name its revocation feed: kept");
            return;
        }
        if (now == null && !asked && choice.revocations() != Revocations.OFF) {
            LOG.log(System.Logger.Level.WARNING,
                    "The issuer offers no revocation feed: tokens live until they expire");
        }
        changes.make(() -> {
            uri = now;
            asked = true;
        });
    }

    /** Throws Rejection if the token is dead, or if that is not known freshly enough. */
    void judge(Claims claims, long nowS) {
        if (choice.revocations() == Revocations.OFF) {
            return;
        }
        if (uri == null) {
            if (choice.revocations() == Revocations.IF_OFFERED) {
                return;
            }
            throw new Rejection("unavailable", "the issuer offers no revocation feed");
        }
        String death = dead.verdict(claims, nowS);
        if (death != null) {
            throw new Rejection("revoked", death);
        }
        if (choice.whenStale() == WhenStale.FAIL_CLOSED && isStale()) {
            throw new Rejection("unavailable", "revocations are not known freshly enough");
        }
    }

    /** The larger of two ages, since clocks may be wrong. Infinite before the first snapshot. */
    double stalenessS() {
        Freshness last = freshness;
        if (last.asOfS() == 0) {
            return Double.POSITIVE_INFINITY;
        }
        double unmovedS = clock.monotonic().minus(last.movedAt()).toMillis() / 1000.0;
        return Math.max(clock.unixS() - last.asOfS(), unmovedS);
    }

    /** Whether a death could have been missed. */
    boolean isBlind() {
        return stalenessS() >= BLIND_S || notUnderstood > 0;
    }

    /** Whether that has lasted for longer than was chosen. */
    boolean isStale() {
        return stalenessS() > choice.maxStaleness().toMillis() / 1000.0;
    }

    /** Whether tokens can be judged. */
    boolean isReady() {
        if (choice.revocations() == Revocations.OFF) {
            return true;
        }
        if (uri == null) {
            return asked && choice.revocations() == Revocations.IF_OFFERED;
        }
        return choice.whenStale() == WhenStale.FAIL_OPEN || !isStale();
    }

    /** Whether the issuer is asked about deaths at all. */
    boolean isFollowed() {
        return uri != null && choice.revocations() != Revocations.OFF;
    }

    String uri() {
        return uri;
    }

    /** Whether the issuer has a feed; null before it was asked. */
    Boolean isOffered() {
        return asked ? uri != null : null;
    }

    /** The number of the last entry that is applied, or -1. */
    long applied() {
        return applied;
    }

    long asOfS() {
        return freshness.asOfS();
    }

    int notUnderstood() {
        return notUnderstood;
    }

    int size() {
        return dead.size();
    }

    void prune() {
        dead.prune(clock.unixS());
    }

    /** A stream begins; its first heartbeat may be ahead of what was missed. */
    void connected() {
        greeted = false;
        newestS = 0;
    }

    /** Takes over an event of the stream. */
    Step read(SseReader.Event event) {
        return switch (event.name()) {
            case "reset" -> Step.START_OVER;
            case "revocation" -> revocation(event);
            default -> heartbeat(event);
        };
    }

    private Step revocation(SseReader.Event event) {
        if (event.seq() <= applied) {
            return Step.NOTHING;
        }
        if (event.seq() > applied + 1) {
            return Step.GAP;
        }
        changes.make(() -> {
            notUnderstood += applyTo(dead, event.members()) ? 0 : 1;
            appliedAtS = clock.unixS();
            applied = event.seq();
        });
        return Step.NEWS;
    }

    private Step heartbeat(SseReader.Event event) {
        boolean wasGreeted = greeted;
        greeted = true;
        if (event.seq() < applied) {
            return Step.START_OVER;
        }
        if (event.seq() > applied) {
            return wasGreeted ? Step.GAP : Step.NOTHING;
        }
        long asOfS = event.asOfS();
        boolean later = asOfS > newestS;
        newestS = Math.max(asOfS, newestS);
        if (fresh(asOfS)) {
            return Step.NEWS;
        }
        return later ? Step.ALIVE : Step.NOTHING;
    }

    /** Nothing is missing up to this time. Whether that is news. */
    boolean fresh(long asOfS) {
        return notUnderstood == 0 && move(asOfS);
    }

    /**
     * Takes over a snapshot; {@code confirmedS} is its {@code hallpass-as-of}, or -1. Throws
     * IllegalArgumentException for one that is none, or that must not be taken over.
     */
    void adopt(byte[] document, long confirmedS) {
        Map<String, Object> read = Json.object(document);
        long seq = Json.whole(read.get("seq"), Long.MAX_VALUE);
        long told = Json.whole(read.get("as_of"), Long.MAX_VALUE);
        if (seq < 0 || told < 0 || !(read.get("entries") instanceof List<?> entries)) {
            throw new IllegalArgumentException("not a revocation snapshot");
        }
        long asOfS = confirmedS < 0 ? told : confirmedS;
        if (seq < applied) {
            long knownUntilS = Math.max(appliedAtS, freshness.asOfS());
            if (asOfS <= knownUntilS + SET_BACK_AFTER_S || isAhead(asOfS)) {
                throw new IllegalArgumentException(
                        "the snapshot is of " + seq + ", older than the " + applied + " that is applied");
            }
            LOG.log(System.Logger.Level.WARNING, "The issuer's feed was set back from " + applied + " to " + seq);
        }
        Dead made = new Dead();
        int bad = 0;
        for (Object entry : entries) {
            bad += applyTo(made, entry) ? 0 : 1;
        }
        int missed = bad;
        changes.make(() -> {
            dead = made;
            notUnderstood = missed;
            appliedAtS = clock.unixS();
            applied = seq;
        });
        if (bad == 0 || freshness.asOfS() == 0) {
            move(asOfS);
        }
    }

    private static boolean applyTo(Dead dead, Object entry) {
        try {
            dead.apply(entry);
            return true;
        } catch (Dead.NotUnderstood e) {
            LOG.log(System.Logger.Level.ERROR,
                    "The feed has an entry that this version cannot read: {0}", e.getMessage());
            return false;
        }
    }

    private boolean move(long asOfS) {
        if (isAhead(asOfS)) {
            LOG.log(System.Logger.Level.WARNING, "The feed is from the future, as of " + asOfS + ": not believed");
            return false;
        }
        if (asOfS <= freshness.asOfS()) {
            return false;
        }
        changes.make(() -> freshness = new Freshness(asOfS, clock.monotonic()));
        return true;
    }

    private boolean isAhead(long asOfS) {
        return asOfS > clock.unixS() + AHEAD_MOST_S;
    }
}
