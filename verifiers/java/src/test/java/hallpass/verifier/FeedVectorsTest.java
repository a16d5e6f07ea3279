package hallpass.verifier;

import static hallpass.verifier.Vectors.bytes;
import static hallpass.verifier.Vectors.objects;
import static hallpass.verifier.Vectors.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import hallpass.verifier.Knowledge.Step;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The vectors of the revocation feed, and the table of its reader in docs/feed.md. */
class FeedVectorsTest {
    private static final Map<String, Object> FEED = Vectors.read("feed.json");
    private static final Map<String, Object> DEATH = Json.object(bytes("{\"k\":\"x\",\"until\":1099511627776}"));

    private final ManualClock clock = new ManualClock(1_000_000);
    private final Knowledge known = new Knowledge(
            new Knowledge.Choice(Revocations.IF_OFFERED, WhenStale.FAIL_CLOSED, Duration.ofSeconds(10)), clock);

    @BeforeEach
    void start() {
        known.offered("https://i.example/revocations");
        adopt(5, 1_000_000, "");
        known.connected();
    }

    private void adopt(long seq, long asOfS, String entries) {
        String snapshot = "{\"seq\":" + seq + ",\"as_of\":" + asOfS + ",\"entries\":[" + entries + "]}";
        known.adopt(bytes(snapshot), -1);
    }

    private Step beat(long seq, long asOfS) {
        return known.read(new SseReader.Event("heartbeat", seq, Map.of("as_of", BigDecimal.valueOf(asOfS))));
    }

    private Step death(long seq) {
        return known.read(new SseReader.Event("revocation", seq, DEATH));
    }

    private void sees(boolean blind, boolean stale) {
        assertEquals(List.of(blind, stale), List.of(known.isBlind(), known.isStale()));
    }

    private static long number(Map<?, ?> of, String name) {
        return ((BigDecimal) of.get(name)).longValue();
    }

    @Test
    void handles() {
        objects(FEED, "handles").forEach(one -> assertEquals(text(one, "handle"), Dead.handle(text(one, "of"))));
    }

    @Test
    @SuppressWarnings("unchecked")
    void everyVerdictAfterEveryStep() throws Dead.NotUnderstood {
        Dead dead = new Dead();
        int checks = 0;
        for (var step : objects(FEED, "steps")) {
            if (step.get("replace") instanceof Map<?, ?> replace) {
                dead = new Dead();
                for (Object entry : (List<Object>) replace.get("entries")) {
                    dead.apply(entry);
                }
            }
            if (step.containsKey("apply")) {
                dead.apply(step.get("apply"));
            }
            for (var check : objects(step, "checks")) {
                var token = (Map<String, Object>) check.get("token");
                Long generation = token.containsKey("gen") ? number(token, "gen") : null;
                var claims = new Claims(text(token, "kid"), "i", List.of("a"), "s", text(token, "client_id"),
                        text(token, "jti"), number(token, "iat"), Long.MAX_VALUE, 0, List.of(), generation,
                        text(token, "org"), Map.of());
                assertEquals(text(check, "verdict"), dead.verdict(claims, number(check, "now")), text(step, "say"));
                checks++;
            }
        }
        assertTrue(checks > 20);
    }

    @Test
    void whatIsNotUnderstoodIsNeverHalfApplied() {
        for (var one : objects(FEED, "not_understood")) {
            Dead dead = new Dead();
            assertThrows(Dead.NotUnderstood.class, () -> dead.apply(one.get("entry")), () -> one.toString());
            assertEquals(0, dead.size());
        }
    }

    @Test
    @SuppressWarnings("unchecked")
    void theStreamIsReadInPiecesOfAnySize() {
        var stream = (Map<String, Object>) FEED.get("stream");
        List<String> wanted = objects(stream, "events").stream()
                .map(one -> one.get("event") + " " + one.get("seq") + " "
                        + (one.containsKey("entry") ? one.get("entry")
                                : one.containsKey("as_of") ? Map.of("as_of", one.get("as_of")) : Map.of()))
                .toList();
        byte[] text = bytes(text(stream, "text"));
        for (int size = 1; size <= text.length; size++) {
            SseReader reader = new SseReader();
            List<String> got = new ArrayList<>();
            for (int at = 0; at < text.length; at += size) {
                byte[] piece = Arrays.copyOfRange(text, at, Math.min(text.length, at + size));
                reader.push(piece, piece.length,
                        event -> got.add(event.name() + " " + event.seq() + " " + event.members()));
            }
            assertEquals(wanted, got, "in pieces of " + size);
        }
    }

    @Test
    void whatCannotBeReadEndsTheStream() {
        for (String text : List.of("event: heartbeat\ndata: {\n\n", "event: reset\ndata: {}\n\n",
                "event: reset\ndata: {\"seq\":1,\"seq\":1}\n\n", "event: heartbeat\ndata: {\"seq\":1}\n\n",
                "data: " + "x".repeat(300_000))) {
            assertThrows(SseReader.Unreadable.class,
                    () -> new SseReader().push(bytes(text), text.length(), event -> {}));
        }
    }

    @Test
    void eventsMoveItAsTheTableSays() {
        assertEquals(Step.NOTHING, death(5));
        assertEquals(Step.GAP, death(7));
        assertEquals(Step.NEWS, death(6));
        assertEquals(Step.NOTHING, death(6));
        assertEquals(6, known.applied());
        assertEquals(Step.NOTHING, beat(8, 1_000_002), "the first may be forgiven");
        assertEquals(Step.GAP, beat(8, 1_000_003));
        assertEquals(Step.NEWS, beat(6, 1_000_003));
        assertEquals(Step.NOTHING, beat(6, 1_000_003));
        assertEquals(Step.START_OVER, beat(4, 1_000_009));
        assertEquals(1_000_003, known.asOfS());
        assertEquals(Step.START_OVER, known.read(new SseReader.Event("reset", 6, Map.of())));
    }

    @Test
    void blindFromTheFifthSecondAndStaleAfterTheChosenOne() {
        clock.advance(4);
        sees(false, false);
        clock.advance(1);
        sees(true, false);
        clock.advance(5);
        sees(true, false);
        clock.advance(1);
        sees(true, true);
        beat(5, 1_000_011);
        sees(false, false);
    }

    @Test
    void neitherClockAloneIsBelieved() {
        clock.jump(-1_000);
        clock.advance(11);
        sees(true, true); // The wall clock was set back.
        beat(5, 999_011);
        sees(true, true); // An earlier as_of is no news.
        clock.jump(1_000);
        beat(5, 1_000_011);
        sees(false, false);
        clock.jump(20);
        sees(true, true); // The wall clock was set forward.
    }

    @Test
    void theFutureBuysNoFreshness() {
        assertEquals(Step.ALIVE, beat(5, 1_000_301));
        assertEquals(1_000_000, known.asOfS());
        assertEquals(Step.NEWS, beat(5, 1_000_300));
    }

    @Test
    void whatIsNotUnderstoodIsSteppedOverAndBlinds() {
        var unknown = Json.object(bytes("{\"new\":\"kind\",\"until\":1}"));
        assertEquals(Step.NEWS, known.read(new SseReader.Event("revocation", 6, unknown)));
        assertEquals(Step.ALIVE, beat(6, 1_000_001));
        assertEquals(6, known.applied());
        sees(true, false);
        adopt(6, 1_000_001, Vectors.json(unknown) + ",null," + Vectors.json(DEATH));
        sees(true, false);
        assertEquals(1, known.size(), "the others are taken over");
        adopt(6, 1_000_001, "");
        sees(false, false);
    }

    @Test
    void aNodeThatIsBehindIsNotBelievedButARestoredOneIs() {
        clock.advance(10);
        for (long asOfS : new long[] {1_000_005, 1_000_010, 1_000_400}) {
            assertThrows(IllegalArgumentException.class, () -> adopt(4, asOfS, ""));
        }
        adopt(4, 1_000_011, "");
        assertEquals(4, known.applied());
    }

    @Test
    void theHeaderCountsMoreThanAnOldBody() {
        known.adopt(bytes("{\"seq\":5,\"as_of\":999000,\"entries\":[]}"), 1_000_003);
        assertEquals(1_000_003, known.asOfS());
    }
}
