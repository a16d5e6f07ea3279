package hallpass.verifier;

import static hallpass.verifier.UnrulyIssuer.DRIP;
import static hallpass.verifier.UnrulyIssuer.END;
import static hallpass.verifier.UnrulyIssuer.METADATA;
import static hallpass.verifier.UnrulyIssuer.STREAM;
import static hallpass.verifier.UnrulyIssuer.beat;
import static hallpass.verifier.UnrulyIssuer.death;
import static hallpass.verifier.UnrulyIssuer.entry;
import static hallpass.verifier.UnrulyIssuer.snapshotOf;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The reader against an issuer that misbehaves, over real connections. */
class FollowerTest {
    private static final String AUDIENCE = "https://api.example/books";
    private static final long FAR = 1L << 40;
    private static final Timing QUICK = quick(2_000);
    private static final String DEAD = entry("h", "reports", FAR);

    private ECKey key;
    private UnrulyIssuer issuer;
    private Verifier verifier;

    private static Timing quick(long requestMs) {
        Duration request = Duration.ofMillis(requestMs);
        return new Timing(request, request, Duration.ofMillis(300), Duration.ofMillis(10), Duration.ofMillis(50),
                Duration.ofSeconds(2), Duration.ofSeconds(10));
    }

    private static ECKey newKey(String kid) throws JOSEException {
        return new ECKeyGenerator(Curve.P_256).keyID(kid).generate();
    }

    @BeforeEach
    void listen() throws JOSEException, IOException {
        key = newKey("one");
        issuer = new UnrulyIssuer(key);
    }

    @AfterEach
    void close() {
        if (verifier != null) {
            verifier.close();
        }
        issuer.close();
    }

    private void start(UnaryOperator<Verifier.Builder> choose) {
        verifier = choose.apply(Verifier.builder(issuer.url(), AUDIENCE).timing(QUICK)).start();
    }

    private void start(List<List<String>> streams) {
        issuer.streams.addAll(streams);
        start(UnaryOperator.identity());
    }

    private String token(ECKey signer, String kid) throws JOSEException {
        long now = Clock.SYSTEM.unixS();
        String claims = "{\"iss\":\"" + issuer.url() + "\",\"aud\":\"" + AUDIENCE
                + "\",\"sub\":\"reports\",\"client_id\":\"reports\",\"jti\":\"t1\",\"scope\":\"books:read\",\"iat\":"
                + now + ",\"exp\":" + (now + 600) + ",\"gen\":1}";
        var header = new JWSHeader.Builder(JWSAlgorithm.ES256).type(new JOSEObjectType("at+jwt")).keyID(kid).build();
        var signed = new JWSObject(header, new Payload(claims));
        signed.sign(new ECDSASigner(signer));
        return signed.serialize();
    }

    private String verdict(String token, String... scopes) {
        try {
            verifier.check(List.of("Bearer " + token), scopes);
            return "ok";
        } catch (Rejection rejection) {
            return rejection.reason();
        }
    }

    private String verdict() throws JOSEException {
        return verdict(token(key, "one"));
    }

    private void until(String wanted) throws JOSEException {
        long limit = System.nanoTime() + 5_000_000_000L;
        while (!verdict().equals(wanted)) {
            assertTrue(System.nanoTime() < limit, () -> "still another verdict: " + verifier.status());
        }
    }

    /** Waits for an entry of the feed, and for the keys, which come by a way of their own. */
    private void applied(long seq) {
        assertTrue(verifier.applied(seq, Duration.ofSeconds(10)), () -> verifier.status().toString());
        ready();
    }

    private void ready() {
        assertTrue(verifier.ready(Duration.ofSeconds(5)), () -> verifier.status().toString());
    }

    private void lie(String path, int status, Map<String, String> headers, String body) {
        issuer.lies.put(path, new UnrulyIssuer.Lie(status, headers, body, body.length()));
    }

    @Test
    void aDeathInTheStreamIsHeardOnTheNextUse() throws JOSEException {
        start(List.of(List.of(beat(1), death(2, DEAD), beat(2))));
        applied(2);
        assertEquals("revoked", verdict());
    }

    @Test
    void theCacheKeepsClaimsAndNeverTheVerdict() throws JOSEException {
        start(List.of());
        ready();
        String token = token(key, "one");
        assertEquals("ok", verdict(token));
        assertEquals(1, verifier.status().cachedTokens());
        assertEquals("insufficient_scope", verdict(token, "books:write"));
        issuer.snapshot = snapshotOf(2, "{" + entry("t", "t1", FAR) + "}");
        applied(2);
        assertEquals("revoked", verdict(token));
    }

    @Test
    void brokenStreamsAreJoinedAgainWhereTheyWereLeft() throws JOSEException {
        start(List.of(
                List.of("event: revocation\ndata: {\"h\":\"trunc\n\n"),
                List.of("event: revocation\ndata: {\"seq\":2", END),
                List.of("data: " + "x".repeat(300_000)),
                List.of(beat(1), END),
                List.of(beat(1), beat(1, "\"soon\"")),
                List.of(death(2, DEAD), beat(2))));
        applied(2);
        assertEquals("revoked", verdict());
        assertTrue(issuer.count(STREAM) >= 6);
    }

    @Test
    void numbersThatComeTwiceOrOutOfOrder() throws JOSEException {
        // Under old numbers the dead come back to life: that must count for nothing.
        start(List.of(List.of(beat(1), death(2, entry("t", "t0", FAR)), death(3, DEAD),
                death(3, entry("h", "reports", 1)), death(2, entry("h", "reports", 1)), beat(3))));
        applied(3);
        assertEquals("revoked", verdict());
        assertEquals(2, verifier.status().feed().entries());
    }

    @Test
    void aGapIsFilledByJoiningAgainOrByTheSnapshot() throws JOSEException {
        start(List.of(List.of(beat(1), death(4, DEAD)), List.of(beat(1), death(4, DEAD))));
        assertTrue(issuer.untilAsked(STREAM, 2));
        issuer.snapshot = snapshotOf(4, "{" + DEAD + "}");
        applied(4);
        assertEquals("revoked", verdict());
        assertTrue(verifier.status().feed().gaps() >= 1);
    }

    @Test
    void resetFetchesTheSnapshot() {
        start(List.of(List.of(beat(1), "event: reset\ndata: {\"seq\":9}\n\n")));
        assertTrue(issuer.untilAsked("/revocations", 2));
    }

    @Test
    void endlessStreamsWithoutNewsAreLeft() {
        start(List.of(List.of(beat(1), DRIP + ": still here\n\n"),
                List.of(beat(1), DRIP + beat(1, 1_000_000_000)), List.of(beat(1), DRIP + "x")));
        assertTrue(issuer.untilAsked(STREAM, 4));
    }

    @Test
    void anAnswerThatNeverEndsIsLeft() throws JOSEException {
        issuer.lies.put("/revocations", new UnrulyIssuer.Lie(200, Map.of(), "{", 100));
        start(builder -> builder.timing(quick(300)));
        assertTrue(issuer.untilAsked("/revocations", 3));
        assertEquals("unavailable", verdict());
    }

    @Test
    void snapshotsThatAreNoneAreNotTakenOver() throws JOSEException {
        start(List.of());
        ready();
        String good = issuer.snapshot;
        for (String wrong : List.of("<html>", "{\"seq\":7", "{\"seq\":7,\"as_of\":1}", "[".repeat(100_000))) {
            issuer.snapshot = wrong;
            int before = issuer.count("/revocations");
            issuer.streams.addAll(List.of(List.of(END), List.of(END)));
            assertTrue(issuer.untilAsked("/revocations", before + 2));
            assertEquals("ok", verdict());
            issuer.snapshot = good;
        }
    }

    @Test
    void aNewKeyIsFetchedAtOnceButNotForEveryStranger() throws JOSEException {
        start(List.of());
        ready();
        ECKey two = newKey("two");
        issuer.publish(key, two);
        long before = verifier.status().keyFetches();
        assertEquals("ok", verdict(token(two, "two")));
        assertEquals(before + 1, verifier.status().keyFetches());
        for (int number = 0; number < 20; number++) {
            assertEquals("unknown_key", verdict(token(two, "k" + number)));
        }
        assertTrue(verifier.status().keyFetches() <= before + 4);
    }

    @Test
    void metadataThatNameAnotherIssuerAreNeverBelieved() throws JOSEException {
        lie(METADATA, 200, Map.of(), issuer.metadata("https://evil.example", true));
        start(List.of());
        assertTrue(issuer.untilAsked(METADATA, 3));
        assertEquals("unavailable", verdict());
        assertEquals(0, issuer.count("/jwks"));
        issuer.lies.clear();
        until("ok");
    }

    @Test
    void redirectsAreNotFollowed() {
        lie(METADATA, 302, Map.of("Location", issuer.url() + "/elsewhere"), "");
        start(List.of());
        assertTrue(issuer.untilAsked(METADATA, 2));
        assertEquals(0, issuer.count("/elsewhere"));
    }

    @Test
    void withoutAFeedTokensLiveUnlessOneIsRequired() throws JOSEException {
        lie(METADATA, 200, Map.of(), issuer.metadata(issuer.url(), false));
        start(List.of());
        until("ok");
        verifier.close();
        start(builder -> builder.revocations(Revocations.REQUIRED));
        until("unavailable");
    }

    @Test
    void brokenTokensAreRefusedAlsoWithoutKeys() throws JOSEException {
        lie("/jwks", 503, Map.of(), "");
        start(List.of());
        assertEquals("wrong_algorithm", verdict("eyJhbGciOiJub25lIn0.e30.AA"));
        assertEquals("malformed", verdict("abc"));
        assertEquals("unavailable", verdict());
    }
}
