package hallpass.verifier;

import hallpass.verifier.Knowledge.Step;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpHeaders;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * Follows the feed: joins the stream, and fetches the snapshot when the stream cannot go on. What an
 * event means is decided in {@link Knowledge}.
 */
final class Follower {
    private static final System.Logger LOG = System.getLogger("hallpass.verifier");
    private static final int SNAPSHOT_MOST_BYTES = 128 * 1024 * 1024;
    // After so many attempts that brought nothing new the snapshot is fetched as well: a proxy may be
    // holding the stream back.
    private static final int FRUITLESS = 2;
    // A stream that has lived for so long was a good one.
    private static final Duration STEADY = Duration.ofSeconds(1);
    // A whole snapshot is asked for again this often, while an entry is not understood.
    private static final Duration NOT_UNDERSTOOD_AGAIN = Duration.ofMinutes(1);
    private static final Duration PRUNE_EVERY = Duration.ofMinutes(5);

    private final Knowledge knowledge;
    private final Fetch fetch;
    private final Timing timing;
    private String etag;
    private long etagSeq;
    private boolean snapshotDue = true;
    private int failures;
    private int fruitless;
    private long gapAfter = -1;
    private boolean progress;
    private long wholeAt;
    volatile String lastError;
    volatile long snapshots;
    volatile long streams;
    volatile long gaps;
    volatile long unreadable;

    Follower(Knowledge knowledge, Fetch fetch, Timing timing) {
        this.knowledge = knowledge;
        this.fetch = fetch;
        this.timing = timing;
    }

    /** Until it is told to stop. */
    void run(BooleanSupplier isOver) {
        long prunedAt = System.nanoTime();
        while (!isOver.getAsBoolean()) {
            String uri = knowledge.uri();
            if (uri == null) {
                knowledge.changes.until(() -> isOver.getAsBoolean() || knowledge.uri() != null, 60_000);
                continue;
            }
            turn(uri, isOver);
            if (isPast(prunedAt, PRUNE_EVERY)) {
                knowledge.prune();
                prunedAt = System.nanoTime();
            }
            knowledge.changes.until(isOver, timing.retryMs(failures, Duration.ZERO));
        }
    }

    private void turn(String uri, BooleanSupplier isOver) {
        progress = false;
        Step step = null;
        long began = 0;
        try {
            snapshot(uri);
            began = System.nanoTime();
            step = stream(uri);
        } catch (IOException | RuntimeException e) {
            // Whatever it is, a reader that has ended would be blind for ever.
            if (e instanceof SseReader.Unreadable) {
                unreadable++;
            }
            String why = String.valueOf(e.getMessage());
            if (!why.equals(lastError) && !isOver.getAsBoolean()) {
                LOG.log(System.Logger.Level.WARNING, "The revocation feed is interrupted: {0}", why);
            }
            lastError = why;
        }
        failures = began != 0 && isPast(began, STEADY) ? 1 : failures + 1;
        fruitless = progress ? 0 : fruitless + 1;
        if (step == Step.GAP) {
            gaps++;
            snapshotDue |= gapAfter == knowledge.applied() || !progress;
            gapAfter = knowledge.applied();
        } else {
            snapshotDue |= step == Step.START_OVER || fruitless >= FRUITLESS;
        }
    }

    private void snapshot(String uri) throws IOException {
        if (knowledge.applied() >= 0 && !snapshotDue) {
            return;
        }
        Map<String, String> headers = new HashMap<>(Map.of("Accept", "application/json"));
        boolean conditional = etag != null && etagSeq == knowledge.applied();
        if (conditional) {
            headers.put("If-None-Match", etag);
        }
        fetch.get(uri, timing.request(), headers, (answer, deadline) -> {
            long confirmedS = confirmed(answer.headers());
            if (answer.statusCode() == 304 && conditional && confirmedS >= 0) {
                progress |= knowledge.fresh(confirmedS);
                return null;
            }
            if (answer.statusCode() != 200) {
                throw new Fetch.StatusException("the snapshot: ", answer.statusCode());
            }
            deadline.putOff(timing.snapshot());
            knowledge.adopt(Fetch.whole(answer.body(), SNAPSHOT_MOST_BYTES), confirmedS);
            snapshots++;
            wholeAt = System.nanoTime();
            etag = answer.headers().firstValue("etag").orElse(null);
            etagSeq = knowledge.applied();
            return null;
        });
        snapshotDue = false;
    }

    private Step stream(String uri) throws IOException {
        knowledge.connected();
        String url = uri + "/stream?after=" + knowledge.applied();
        return fetch.get(url, timing.request(), Map.of("Accept", "text/event-stream"), (answer, deadline) -> {
            if (answer.statusCode() != 200) {
                throw new Fetch.StatusException("the stream: ", answer.statusCode());
            }
            String kind = answer.headers().firstValue("content-type").orElse("").split(";")[0].trim();
            if (!kind.equalsIgnoreCase("text/event-stream")) {
                throw new IOException("the stream is not text/event-stream");
            }
            streams++;
            deadline.putOff(timing.stall());
            return events(answer.body(), deadline);
        });
    }

    private Step events(InputStream body, Fetch.Deadline deadline) throws IOException {
        SseReader reader = new SseReader();
        byte[] piece = new byte[16 * 1024];
        Step[] end = new Step[1];
        for (int n = body.read(piece); n >= 0; n = body.read(piece)) {
            reader.push(piece, n, event -> {
                if (end[0] != null) {
                    return;
                }
                Step step = knowledge.read(event);
                if (step == Step.GAP || step == Step.START_OVER) {
                    end[0] = step;
                    return;
                }
                // Only news count: whoever sends but comments may be cut off himself.
                if (step != Step.NOTHING) {
                    deadline.putOff(timing.stall());
                }
                if (step == Step.NEWS) {
                    progress = true;
                    lastError = null;
                }
            });
            if (end[0] != null) {
                return end[0];
            }
            if (knowledge.notUnderstood() > 0 && isPast(wholeAt, NOT_UNDERSTOOD_AGAIN)) {
                return Step.START_OVER;
            }
        }
        throw new IOException("the stream has ended");
    }

    private static boolean isPast(long since, Duration by) {
        return System.nanoTime() - since >= by.toNanos();
    }

    private static long confirmed(HttpHeaders headers) {
        String told = headers.firstValue("hallpass-as-of").orElse("");
        return told.matches("[0-9]{1,18}") ? Long.parseLong(told) : -1;
    }
}
