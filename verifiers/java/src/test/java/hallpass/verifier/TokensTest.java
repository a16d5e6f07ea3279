package hallpass.verifier;

import static hallpass.verifier.Vectors.bytes;
import static hallpass.verifier.Vectors.objects;
import static hallpass.verifier.Vectors.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** The table of tokens. */
class TokensTest {
    private static final Map<String, Object> TABLE = Vectors.read("tokens.json");

    private static String verdict(Runnable of) {
        try {
            of.run();
            return "ok";
        } catch (Rejection rejection) {
            return rejection.reason();
        }
    }

    @Test
    void everyTokenOfTheTableGetsItsVerdict() {
        var keys = KeySet.parse(bytes(Vectors.json(TABLE.get("jwks"))));
        assertEquals(3, keys.size());
        var policy = new Policy(text(TABLE, "issuer"), List.of(text(TABLE, "audience")), KeySet.ALGORITHMS, false, 30);
        var tokens = objects(TABLE, "tokens");
        assertTrue(tokens.size() > 100);
        for (var one : tokens) {
            long now = ((BigDecimal) one.get("now")).longValue();
            String got = verdict(() -> Tokens.verify(text(one, "token"), keys, policy, now));
            assertEquals(text(one, "verdict"), got, text(one, "say"));
        }
    }

    @Test
    void everyHeaderOfTheTableIsReadSo() {
        for (var one : objects(TABLE, "headers")) {
            String value = text(one, "value");
            List<String> values = value == null ? List.of() : List.of(value);
            assertEquals(text(one, "verdict"), verdict(() -> Bearer.parse(values)), value);
            if (text(one, "token") != null) {
                assertEquals(text(one, "token"), Bearer.parse(values));
            }
        }
        assertEquals("invalid_request", verdict(() -> Bearer.parse(List.of("Bearer a", "Bearer b"))));
    }

    @Test
    void callersAreToldWhatTheTableSays() {
        var told = objects(TABLE, "rejections");
        assertEquals(Rejection.DESCRIPTIONS.size(), told.size());
        for (var one : told) {
            var rejection = new Rejection(text(one, "reason"), "").at("bo\"oks\r\n", List.of("a"));
            String error = text(one, "error");
            assertEquals(error, rejection.error());
            assertEquals(text(one, "description"), rejection.description());
            if (rejection.status() == 503) {
                assertEquals("5", rejection.headers().get("Retry-After"));
                continue;
            }
            int status = error == null ? 401 : switch (error) {
                case "invalid_request" -> 400;
                case "insufficient_scope" -> 403;
                default -> 401;
            };
            assertEquals(status, rejection.status());
            String code = error == null ? ""
                    : "error=\"" + error + "\", error_description=\"" + rejection.description() + "\", ";
            assertEquals("Bearer realm=\"books\", " + code + "scope=\"a\"",
                    rejection.headers().get("WWW-Authenticate"));
        }
    }

    @Test
    void choicesThatAreNoProtectionAreRefused() {
        List<UnaryOperator<Verifier.Builder>> wrongs = List.of(
                one -> one.algorithms(List.of()),
                one -> one.algorithms(List.of("HS256")),
                one -> one.leeway(Duration.ofSeconds(301)),
                one -> one.maxStaleness(Duration.ofSeconds(4)));
        for (var wrong : wrongs) {
            var builder = wrong.apply(Verifier.builder("https://i.example", "a"));
            assertThrows(IllegalArgumentException.class, builder::start);
        }
        for (String issuer : List.of("", "http://i.example", "ftp://i.example", "https://u@i.example",
                "https://i.example/?a", "https://i.example/#a", "issuer")) {
            assertThrows(IllegalArgumentException.class, Verifier.builder(issuer, "a")::start, issuer);
        }
        assertThrows(IllegalArgumentException.class, Verifier.builder("https://i.example", "/")::start);
        assertThrows(IllegalArgumentException.class, Verifier.builder("https://i.example")::start);
    }

    @Test
    void jsonIsReadStrictly() {
        for (String text : List.of("{\"a\":1,\"a\":1}", "{\"a\":1,\"\\u0061\":2}", "{\"b\":[{\"a\":1,\"a\":2}]}",
                "{\"a\":NaN}", "{\"a\":01}", "{\"a\":1}x", "{\"a\" 1}", "{\"a\":1,}", "{\"a\":[1,]}", "{\"a\":\"\n\"}",
                "\ufeff{}", "[]", "null", "", "{\"a\":" + "[".repeat(1_000_000))) {
            assertThrows(IllegalArgumentException.class, () -> Json.object(bytes(text)),
                    text.substring(0, Math.min(text.length(), 30)));
        }
        assertThrows(IllegalArgumentException.class,
                () -> Json.object(new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}'}));
        assertEquals(Map.of("a", List.of("\"\\\u00e9", true), "b", Map.of()),
                Json.object(bytes(" {\"a\" : [\"\\\"\\\\\\u00e9\", true], \"b\":{} } ")));
    }

    @Test
    void onlyUsableKeySetsAreTakenOver() {
        for (String text : List.of("<html>", "{}", "{\"keys\":[]}", "{\"keys\":{}}",
                "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"x\",\"k\":\"AA\"}]}",
                "{\"keys\":[{\"kty\":[\"EC\"],\"crv\":{}},null,1]}")) {
            assertThrows(IllegalArgumentException.class, () -> KeySet.parse(bytes(text)), text);
        }
    }
}
