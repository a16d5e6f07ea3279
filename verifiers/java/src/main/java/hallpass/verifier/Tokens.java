package hallpass.verifier;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSObject;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.text.ParseException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Whether a token is good by its signature and claims alone (RFC 9068 §4): shape, header, signature,
 * then issuer, audience and dates. Revocation and scope come after it.
 */
final class Tokens {
    private static final int LONGEST = 8 * 1024;
    private static final int LONGEST_KID = 256;
    private static final long MOST_GENERATION = 4_294_967_295L;
    // The end of the year 9999: a later date is milliseconds taken for seconds.
    private static final BigDecimal LATEST_S = BigDecimal.valueOf(253_402_300_799L);

    private Tokens() {}

    /** The claims of a good token. Throws the first Rejection that applies. */
    static Claims verify(String token, Map<String, KeySet.Key> keys, Policy policy, long nowS) {
        Map<String, Object> header = header(token);
        String alg = (String) header.get("alg");
        if (!policy.algorithms().contains(alg)) {
            throw new Rejection("wrong_algorithm", "got " + alg);
        }
        String typ = (String) header.getOrDefault("typ", "");
        if (!policy.accepts(typ)) {
            throw new Rejection("wrong_type", "expected at+jwt, got " + typ);
        }
        String kid = (String) header.get("kid");
        if (kid == null) {
            throw new Rejection("malformed", "the header has no kid");
        }
        KeySet.Key key = keys.get(kid);
        if (key == null) {
            throw new Rejection("unknown_key", "no key has the kid " + kid);
        }
        if (!alg.equals(key.algorithm())) {
            throw new Rejection("wrong_algorithm", "the key is for " + key.algorithm());
        }
        JWSObject signed = parsed(token);
        checkSignature(signed, key);
        Claims claims = claims(kid, signed.getPayload().toBytes());
        policy.check(claims, nowS);
        return claims;
    }

    private static JWSObject parsed(String token) {
        try {
            return JWSObject.parse(token);
        } catch (ParseException e) {
            throw new Rejection("malformed", e.getMessage());
        }
    }

    private static void checkSignature(JWSObject signed, KeySet.Key key) {
        try {
            if (key.check().holds(signed)) {
                return;
            }
        } catch (JOSEException | GeneralSecurityException e) {
            throw new Rejection("bad_signature", String.valueOf(e.getMessage()));
        }
        throw new Rejection("bad_signature", "");
    }

    private static Map<String, Object> header(String token) {
        // Before anything else, so that no input makes us work more than this.
        if (token.length() > LONGEST) {
            throw new Rejection("malformed", "longer than 8 KiB");
        }
        String[] parts = token.split("\\.", -1);
        if (parts.length != 3 || parts[2].isEmpty()) {
            throw new Rejection("malformed", "not three parts with two dots, or not signed");
        }
        Map<String, Object> header;
        try {
            header = Json.object(KeySet.decode(parts[0]));
            KeySet.decode(parts[1]);
            KeySet.decode(parts[2]);
        } catch (IllegalArgumentException e) {
            throw new Rejection("malformed", String.valueOf(e.getMessage()));
        }
        // No extension is understood, so any `crit` names one that is not (RFC 7515 §4.1.11).
        if (header.containsKey("crit") || header.containsKey("b64") || header.containsKey("zip")
                || !header.containsKey("alg")) {
            throw new Rejection("malformed", "the header has crit, b64 or zip, or no alg");
        }
        for (String name : List.of("alg", "typ", "kid")) {
            if (header.containsKey(name) && !(header.get(name) instanceof String)) {
                throw new Rejection("malformed", name + " is not a string");
            }
        }
        String kid = (String) header.getOrDefault("kid", "");
        if (kid.getBytes(StandardCharsets.UTF_8).length > LONGEST_KID) {
            throw new Rejection("malformed", "kid is longer than 256 bytes");
        }
        if (!KeySet.ALGORITHMS.contains((String) header.get("alg"))) {
            throw new Rejection("wrong_algorithm", "got " + header.get("alg"));
        }
        return header;
    }

    private static Claims claims(String kid, byte[] payload) {
        Map<String, Object> read;
        try {
            read = Json.object(payload);
        } catch (IllegalArgumentException e) {
            throw new Rejection("bad_claim", "payload: " + e.getMessage());
        }
        Object scope = read.getOrDefault("scope", "");
        demand(scope instanceof String, "scope");
        long generation = Json.whole(read.get("gen"), MOST_GENERATION);
        demand(!read.containsKey("gen") || generation >= 0, "gen");
        Claims claims = new Claims(
                kid,
                text(read, "iss"),
                audience(read.get("aud")),
                text(read, "sub"),
                text(read, "client_id"),
                text(read, "jti"),
                date(read, "iat", RoundingMode.FLOOR),
                date(read, "exp", RoundingMode.FLOOR),
                read.containsKey("nbf") ? date(read, "nbf", RoundingMode.CEILING) : 0,
                Arrays.stream(((String) scope).split(" ")).filter(one -> !one.isEmpty()).toList(),
                read.containsKey("gen") ? generation : null,
                read.containsKey("org") ? text(read, "org") : null,
                read);
        if (read.containsKey("cnf")) {
            throw new Rejection("bound", "bound to a key by cnf, but came as a plain Bearer token");
        }
        return claims;
    }

    private static void demand(boolean good, String name) {
        if (!good) {
            throw new Rejection("bad_claim", name + " is missing or of the wrong type");
        }
    }

    private static String text(Map<String, Object> read, String name) {
        demand(read.get(name) instanceof String text && !text.isEmpty(), name);
        return (String) read.get(name);
    }

    private static long date(Map<String, Object> read, String name, RoundingMode rounding) {
        boolean good = read.get(name) instanceof BigDecimal seconds
                && seconds.signum() >= 0 && seconds.compareTo(LATEST_S) <= 0;
        demand(good, name);
        return ((BigDecimal) read.get(name)).setScale(0, rounding).longValue();
    }

    private static List<String> audience(Object aud) {
        List<?> all = aud instanceof List<?> several ? several : aud == null ? List.of() : List.of(aud);
        demand(!all.isEmpty() && all.stream().allMatch(String.class::isInstance), "aud");
        return all.stream().map(String.class::cast).toList();
    }
}
