package interop;

import static interop.Peer.expect;
import static interop.Peer.expectEqual;
import static interop.Peer.notSupported;

import interop.Peer.Case;
import interop.World.Api;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** The cases of libraries that verify tokens. It must never decide whether a token is good. */
final class Verifying {
    /** How often a verifier asks for a token during the rotation: all of them are the load. */
    private static final Duration EVERY = Duration.ofMillis(200);
    private static final Duration ROTATED_WITHIN = Duration.ofMinutes(2);
    /** Verified after the new keys sign. */
    private static final int AFTERWARDS = 5;

    @FunctionalInterface
    interface Verify {
        /** Verifies a token for an audience, and gives its claims: numbers as seconds. */
        Map<String, Object> verify(World world, String token, String audience, String algorithm)
                throws Exception;
    }

    private final Verify verify;
    private final Predicate<Throwable> refusal;
    private List<String> algorithms = List.of("ES256", "RS256", "EdDSA");
    private String ignoresTyp;

    /** `refusal` knows the library's own errors. */
    Verifying(Verify verify, Predicate<Throwable> refusal) {
        this.verify = verify;
        this.refusal = refusal;
    }

    Verifying algorithms(String... known) {
        algorithms = List.of(known);
        return this;
    }

    /** Why it does not look at the type. */
    Verifying ignoresTyp(String why) {
        ignoresTyp = why;
        return this;
    }

    Map<String, Case> table() {
        Map<String, Case> cases = new HashMap<>();
        for (String algorithm : List.of("ES256", "RS256", "EdDSA")) {
            cases.put("verify-" + algorithm.toLowerCase(), signed(algorithm));
        }
        cases.put("claims", this::allClaims);
        cases.put("other-audience", refused(token -> token, world -> world.otherApi.audience()));
        cases.put("changed-token", refused(Verifying::withChangedSignature, world -> world.api.audience()));
        cases.put("other-key", refused(Verifying::withOtherKid, world -> world.api.audience()));
        cases.put("expired", this::expired);
        cases.put("wrong-type", ignoresTyp == null ? this::wrongType : notSupported(ignoresTyp));
        cases.put("rotation", this::rotation);
        return cases;
    }

    private Case signed(String algorithm) {
        if (!algorithms.contains(algorithm)) {
            return notSupported("it does not know " + algorithm);
        }
        return world -> {
            Api api = world.apiOf(algorithm);
            String token = world.plainToken(api.audience());
            Map<String, Object> claims = verify.verify(world, token, api.audience(), algorithm);
            expectEqual("typ", World.header(token).get("typ"), "at+jwt");
            expectEqual("alg", World.header(token).get("alg"), algorithm);
            expectEqual("iss", claims.get("iss").toString(), world.issuer);
        };
    }

    private void allClaims(World world) throws Exception {
        String token = world.plainToken(world.api.audience());
        Map<String, Object> claims = verify.verify(world, token, world.api.audience(), "ES256");
        String id = world.login("several").id();
        expectEqual("sub", claims.get("sub"), id);
        expectEqual("client_id", claims.get("client_id"), id);
        expectEqual("scope", claims.get("scope"), String.join(" ", world.api.scopes()));
        expect(claims.get("jti") instanceof String, "jti is " + claims.get("jti"));
        long lives = ((Number) claims.get("exp")).longValue() - ((Number) claims.get("iat")).longValue();
        expectEqual("exp - iat", lives, 86_400L);
    }

    private void expectRefusal(World world, String token, String audience) throws Exception {
        try {
            verify.verify(world, token, audience, "ES256");
        } catch (Exception error) {
            if (!refusal.test(error)) {
                throw error;
            }
            return;
        }
        throw new AssertionError("the token was taken for good");
    }

    private Case refused(UnaryOperator<String> change, Function<World, String> audience) {
        return world -> {
            String token = change.apply(world.plainToken(world.api.audience()));
            expectRefusal(world, token, audience.apply(world));
        };
    }

    private void expired(World world) throws Exception {
        String audience = world.shortApi.audience();
        // That it is a good one but for its age, a fresh one shows.
        verify.verify(world, world.plainToken(audience), audience, "ES256");
        expectRefusal(world, world.expiredToken, audience);
    }

    private void wrongType(World world) throws Exception {
        String audience = world.legacyApi.audience();
        expectRefusal(world, world.plainToken(audience), audience);
    }

    private Map<String, String> look(World world) throws Exception {
        Map<String, String> tokens = new HashMap<>();
        for (String algorithm : algorithms) {
            String audience = world.apiOf(algorithm).audience();
            String token = world.plainToken(audience);
            verify.verify(world, token, audience, algorithm);
            tokens.put(algorithm, token);
        }
        return tokens;
    }

    /** Verifies while the keys change, from before the first new one to after the last old one. */
    private void rotation(World world) throws Exception {
        Map<String, String> first = look(world);
        Files.createFile(Path.of(world.readyFile));
        long until = System.nanoTime() + ROTATED_WITHIN.toNanos();
        while (!Files.exists(Path.of(world.rotatedFile))) {
            expect(System.nanoTime() < until, "the keys were not rotated in time");
            look(world);
            Thread.sleep(EVERY.toMillis());
        }
        Map<String, String> last = first;
        for (int round = 0; round < AFTERWARDS; round++) {
            last = look(world);
        }
        for (String algorithm : algorithms) {
            String old = first.get(algorithm);
            Object kid = World.header(old).get("kid");
            expect(!kid.equals(World.header(last.get(algorithm)).get("kid")),
                    algorithm + ": still the same key");
            verify.verify(world, old, world.apiOf(algorithm).audience(), algorithm);
        }
    }

    /** One character changed in the middle of the signature: the last one may hold unused bits. */
    private static String withChangedSignature(String token) {
        int at = token.lastIndexOf('.') + 40;
        char other = token.charAt(at) == 'A' ? 'B' : 'A';
        return token.substring(0, at) + other + token.substring(at + 1);
    }

    private static String withOtherKid(String token) {
        Map<String, Object> header = new HashMap<>(World.header(token));
        header.put("kid", "unheard-of");
        String part = Base64.getUrlEncoder().withoutPadding()
                .encodeToString(World.json(header).getBytes(StandardCharsets.UTF_8));
        return part + token.substring(token.indexOf('.'));
    }
}
